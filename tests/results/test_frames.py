"""Results as tables of pandas."""

from __future__ import annotations

import math
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.errors import PlotError, ResultsError
from icarus.results import ResultSet
from icarus.theory.distributions import means_confidence_interval

HITS = "CACHE_HIT_RATIO.PER_NODE_CACHE_HIT_RATIO"


def facts(replication=0, seed=1, job=None):
    return {"job": job, "replication": replication, "seed": {"entropy": seed}}


def params(strategy="LCE", alpha=0.8, **more):
    return {
        "strategy": {"name": strategy},
        "workload": {"name": "STATIONARY", "alpha": alpha},
    } | more


def campaign(value=lambda strategy, alpha, replication: 1.0, replications=3):
    """Two strategies, two exponents, and replications with the same requests."""
    results = ResultSet()
    for strategy in ("LCE", "LCD"):
        for alpha in (0.6, 0.8):
            for i in range(replications):
                told = {"LATENCY": {"MEAN": value(strategy, alpha, i)}, "HITS": {"ALL": i}}
                results.add(params(strategy, alpha), told, facts(i, job=f"{strategy}{alpha}{i}"))
    return results


def test_a_row_for_each_simulation_and_metric():
    frame = campaign(replications=1).to_frame()
    assert list(frame.columns) == [
        *("strategy", "workload", "alpha", "seed", "replication", "job", "metric", "value"),
    ]
    assert [tuple(row) for row in frame[["strategy", "alpha", "metric", "value"]].to_numpy()][
        :3
    ] == [
        ("LCE", 0.6, "LATENCY.MEAN", 1.0),
        ("LCE", 0.6, "HITS.ALL", 0.0),
        ("LCE", 0.8, "LATENCY.MEAN", 1.0),
    ]
    assert frame.dtypes.astype(str)[["alpha", "seed", "replication", "value"]].to_list() == [
        *("float64", "int64", "int64", "float64"),
    ]


def test_a_column_for_each_metric_with_the_type_of_its_numbers():
    frame = campaign().to_frame(wide=True)
    assert len(frame) == 12
    assert list(frame.columns[-2:]) == ["LATENCY.MEAN", "HITS.ALL"]
    assert frame["HITS.ALL"].dtype == np.int64
    chosen = campaign().to_frame(wide=True, metrics="HITS", where=["alpha=0.6", "strategy=LCD"])
    assert chosen["HITS.ALL"].to_list() == [0, 1, 2]


def test_names_that_two_sections_have_are_whole():
    results = ResultSet()
    results.add(
        {"a": {"size": 1, "seed": 5, "n": 2}, "b": {"size": 2}, "LATENCY.MEAN": 3, "metric": 1},
        {"LATENCY": {"MEAN": 1.0}},
    )
    frame = results.to_frame(wide=True)
    assert list(frame.columns[:6]) == [
        "a.size",
        "a.seed",
        "a.n",
        "b.size",
        "LATENCY.MEAN_",
        "metric_",
    ]
    assert frame.columns.is_unique


def test_types_of_parameters():
    results = ResultSet()
    for size, flag, delay, n in [(100, True, 1, 7), ("10 GiB", None, 0.5, None)]:
        results.add({"x": {"size": size, "flag": flag, "delay": delay, "n": n}}, {"A": {"B": 1}})
    frame = results.to_frame(wide=True)
    assert frame["size"].to_list() == ["100", "10 GiB"]
    assert [str(frame[name].dtype) for name in ("flag", "delay", "x.n")] == [
        *("boolean", "float64", "Int64"),
    ]
    assert frame["seed"].isna().all()
    assert frame["job"].isna().all()


def test_what_is_no_number_is_missing():
    results = ResultSet()
    for value in (1.5, math.nan, math.inf, 10**400, "text", None, True):
        results.add(params(alpha=str(value)[:9]), {"A": {"B": value}})
    told = results.to_frame(wide=True)["A.B"].to_list()
    assert [told[0], told[2]] == [1.5, math.inf]
    assert all(math.isnan(one) for one in (told[1], *told[3:]))


def test_a_simulation_that_is_there_twice_counts_once(caplog):
    once = campaign(lambda strategy, alpha, i: float(i))
    twice = campaign(lambda strategy, alpha, i: float(i))
    for (given_, told), about in zip(once.dump(), once.metadata, strict=True):
        twice.add(given_, told, about)
    assert twice.to_frame().equals(once.to_frame())
    assert twice.summary().equals(once.summary())
    assert "12 results are there already" in caplog.text


def test_it_says_how_complete_it_is():
    results = campaign()
    results.add_failure(params("EDGE"), {"job": "e", "status": "FAILED"})
    assert results.to_frame().attrs["completeness"] == "12 of 13 simulations"
    assert results.summary().attrs["completeness"] == "12 of 13 simulations"
    assert results.to_frame(where={"strategy": "LCE"}).attrs["completeness"] == "6 simulations"


def test_unknown_names_have_the_nearest_one():
    results = campaign()
    for ask, wrong in [
        (lambda: results.to_frame(metrics="LATENCY.MAEN"), "did you mean 'LATENCY.MEAN'"),
        (lambda: results.to_frame(where=["alhpa=0.6"]), "did you mean 'alpha'"),
        (lambda: results.to_frame(table="node"), "did you mean 'nodes'"),
        (lambda: results.summary(by="stratgy"), "did you mean 'strategy'"),
        (lambda: results.paired("LATENCY", against="LCF"), "did you mean 'LC"),
    ]:
        with pytest.raises(PlotError, match=wrong):
            ask()
    for table in ("nodes", "links", "contents", "windows", "distributions"):
        with pytest.raises(ResultsError, match=f"no metrics for the table {table}"):
            results.to_frame(table=table)
    with pytest.raises(ResultsError, match="no results"):
        ResultSet().to_frame()


# What a simulation has many of


def test_nodes_without_hits_have_zero():
    results = ResultSet()
    for i, hits in enumerate([{1: 0.25}, {2: 0.5}, {}]):
        told = {"MEAN": 0.25, "PER_NODE_CACHE_HIT_RATIO": hits}
        results.add(params(), {"CACHE_HIT_RATIO": told}, facts(i))
    frame = results.to_frame(wide=True, table="nodes")
    found = frame[["replication", "node", HITS]].to_numpy().tolist()
    assert found == [[0, 1, 0.25], [0, 2, 0], [1, 1, 0], [1, 2, 0.5], [2, 1, 0], [2, 2, 0]]


def test_nodes_are_those_of_the_same_topology_and_the_caches_that_are_known():
    results = ResultSet()
    use = {"LOOKUPS": {1: 3, 9: 0}, "EVICTIONS": {1: 2, 9: 0}}
    for topology, hits, more in [
        ("A", {1: 0.5}, {"CACHE_USE": {"HITS": 1, "PER_NODE": use}}),
        ("B", {7: 0.5}, {}),
        ("A", {}, {}),
    ]:
        told = {"CACHE_HIT_RATIO": {"MEAN": 0.5, "PER_NODE_CACHE_HIT_RATIO": hits}, **more}
        results.add(params(topology={"name": topology}), told, facts())
    frame = results.to_frame(wide=True, table="nodes")
    columns = ["topology", "node", HITS, "CACHE_USE.PER_NODE.EVICTIONS"]
    assert frame[columns].fillna(-1).to_numpy().tolist() == [
        ["A", 1, 0.5, 2],
        ["A", 9, 0, 0],
        ["B", 7, 0.5, -1],
        ["A", 1, 0, -1],
    ]


def test_where_nothing_was_served_nothing_is_known():
    results = ResultSet()
    for i, (mean, hits) in enumerate([(0.5, {1: 0.5}), (math.nan, {})]):
        told = {"MEAN": mean, "PER_NODE_CACHE_HIT_RATIO": hits}
        results.add(params(), {"CACHE_HIT_RATIO": told}, facts(i))
    assert results.to_frame(table="nodes")["value"].fillna(-1).to_list() == [0.5, -1]


def test_links_and_contents():
    results = ResultSet()
    for i, loads in enumerate([{("a", "b"): 3.0}, {}]):
        told = {
            "LINK_LOAD": {"MEAN_INTERNAL": 3.0, "PER_LINK_INTERNAL": loads},
            "CACHE_HIT_RATIO": {"MEAN": 0.5, "PER_CONTENT": {i: 0.25}},
        }
        results.add(params(), told, facts(i))
    links = results.to_frame(table="links")[["source", "target", "value"]]
    assert links.to_numpy().tolist() == [["a", "b", 3.0], ["a", "b", 0.0]]
    # A content that nobody asked for has no hit ratio.
    contents = results.to_frame(table="contents")[["replication", "content", "value"]]
    assert contents.to_numpy().tolist() == [[0, 0, 0.25], [1, 1, 0.25]]


def test_windows_and_distributions():
    results = ResultSet()
    told = {
        "TIMELINE": {
            "START": np.array([0.0, 60.0]),
            "END": np.array([60.0, 90.0]),
            "FIRST": np.array([0, 40]),
            "HIT_RATIO": np.array([0.5, math.nan]),
        },
        "LATENCY": {"MEAN": 1.0, "CDF": (np.array([1.0, 2.0]), np.array([0.25, 1.0]))},
    }
    results.add(params(), told, facts())
    frame = results.to_frame(table="windows")
    columns = ["window", "start", "end", "first", "metric", "value"]
    assert frame[columns].fillna(-1).to_numpy().tolist() == [
        [0, 0.0, 60.0, 0, "TIMELINE.HIT_RATIO", 0.5],
        [1, 60.0, 90.0, 40, "TIMELINE.HIT_RATIO", -1],
    ]
    frame = results.to_frame(table="distributions")
    assert frame[["metric", "value", "probability"]].to_numpy().tolist() == [
        ["LATENCY.CDF", 1.0, 0.25],
        ["LATENCY.CDF", 2.0, 1.0],
    ]


# Statistics


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True))
def test_summaries_are_means_with_their_intervals(values):
    results = ResultSet()
    for i, value in enumerate(values):
        results.add(params(), {"A": {"B": value}}, facts(i))
    (row,) = results.summary().itertuples()
    mean, half_width = means_confidence_interval(values)
    assert (row.metric, row.mean, row.half_width, row.n) == ("A.B", mean, half_width, len(values))


def test_one_replication_says_nothing_about_its_spread():
    frame = campaign(replications=1).summary(metrics=["LATENCY"])
    assert frame["half_width"].isna().all()
    assert list(frame.columns) == ["strategy", "alpha", "metric", "mean", "half_width", "n"]


def test_means_are_never_over_what_differs():
    results = campaign()
    with pytest.raises(PlotError, match=r"experiments that differ in workload\.alpha"):
        results.summary(by="strategy")
    frame = results.summary(by=["alpha", "strategy"], metrics="LATENCY", where=["alpha=0.6"])
    assert frame[["alpha", "strategy", "n"]].to_numpy().tolist() == [
        [0.6, "LCE", 3],
        [0.6, "LCD", 3],
    ]


def test_differences_are_of_the_same_requests():
    # Requests differ much, strategies by 5 and a little.
    def latency(strategy, alpha, i):
        return 1000.0 * i + (5 + (-1) ** i * 0.5 if strategy == "LCD" else 0)

    frame = campaign(latency).paired("LATENCY.MEAN")
    assert frame[["strategy", "alpha", "metric", "n"]].to_numpy().tolist() == [
        ["LCD", 0.6, "LATENCY.MEAN", 3],
        ["LCD", 0.8, "LATENCY.MEAN", 3],
    ]
    mean, half_width = means_confidence_interval([5.5, 4.5, 5.5])
    assert np.allclose(frame["difference"], mean)
    assert np.allclose(frame["half_width"], half_width)
    assert np.allclose(frame["relative"], mean / 1000)
    assert np.allclose(frame["mean"] - frame["against"], frame["difference"])
    by_alpha = campaign(latency).paired("LATENCY.MEAN", over="alpha", against=0.6)
    assert by_alpha["alpha"].to_list() == [0.8, 0.8]
    assert by_alpha["difference"].to_list() == [0.0, 0.0]


def test_pairs_need_the_same_requests():
    results = ResultSet()
    for strategy, seed in (("LCE", 1), ("LCD", 2)):
        for i in range(3):
            results.add(params(strategy), {"A": {"B": float(i)}}, facts(i, seed))
    with pytest.raises(ResultsError, match="no replications with the same requests"):
        results.paired("A.B")


def test_labelled_arrays():
    array = campaign(lambda strategy, alpha, i: alpha * 10 + i).to_xarray(metrics="LATENCY")
    assert array["LATENCY.MEAN"].dims == ("strategy", "alpha", "replication")
    assert array["LATENCY.MEAN"].sel(strategy="LCD", alpha=0.6, replication=2).item() == 8.0
    assert array.attrs["workload.name"] == "STATIONARY"
    missing = campaign().filter({"strategy": {"name": "LCE"}})
    missing.add(params("LCD", 0.6), {"LATENCY": {"MEAN": 9.0}}, facts(1))
    array = missing.to_xarray(metrics="LATENCY")["LATENCY.MEAN"]
    assert np.isnan(array.sel(strategy="LCD").to_numpy()).sum() == 5


def test_a_missing_extra_is_said_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ResultsError, match=r"pip install 'icarus-sim\[export\]'$"):
        campaign().to_xarray()


def test_tables_are_independent_of_the_results():
    results = campaign()
    frame = results.to_frame()
    frame["value"] = 0.0
    assert isinstance(frame, pd.DataFrame)
    assert results.to_frame()["value"].sum() > 0
