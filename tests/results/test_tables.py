from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from icarus.errors import PlotError, ResultsError
from icarus.results import ResultSet
from icarus.results.tables import results_table


def results_of(*rows):
    results = ResultSet()
    for params, metrics in rows:
        results.add(params, metrics)
    return results


def cells_of(table):
    """The cells of a table by row, and the headers in front."""
    columns = [list(column.cells) for column in table.columns]
    headers = [str(column.header).replace("\n", ".") for column in table.columns]
    return [headers, *([str(cell) for cell in row] for row in zip(*columns, strict=True))]


def latency(strategy, value, **more):
    return {"strategy": {"name": strategy}, **more}, {"LATENCY": {"MEAN": value}}


def test_replications_are_taken_together():
    # 1, 2, 3: mean 2, standard deviation 1, Student's t for 2 degrees of freedom 4.303;
    # half-width 4.303 / sqrt(3) = 2.484.
    results = results_of(
        latency("LCE", 1.0), latency("LCD", 7), latency("LCE", 2.0), latency("LCE", 3)
    )
    assert cells_of(results_table(results)) == [
        ["strategy", "n", "LATENCY.MEAN"],
        ["LCE", "3", "2.0 ± 2.5"],
        ["LCD", "1", "7"],
    ]


def test_a_column_for_each_parameter_that_varies():
    rows = [
        latency(strategy, 1.0, workload={"alpha": alpha, "name": "STATIONARY"}, desc=f"{i}")
        for i, (strategy, alpha) in enumerate(
            [("LCE", 0.6), ("LCE", 0.8), ("LCD", 0.6), ("LCD", 0.8)]
        )
    ]
    assert cells_of(results_table(results_of(*rows))) == [
        ["strategy", "alpha", "n", "LATENCY.MEAN"],
        ["LCE", "0.6", "1", "1"],
        ["LCE", "0.8", "1", "1"],
        ["LCD", "0.6", "1", "1"],
        ["LCD", "0.8", "1", "1"],
    ]


def test_one_experiment_has_no_parameter_columns():
    table = results_table(results_of(latency("LCE", 71.23456)))
    assert cells_of(table) == [["n", "LATENCY.MEAN"], ["1", "71.235"]]


def test_values_that_are_missing_or_no_number_are_dashes_and_not_counted_in():
    results = results_of(
        latency("LCE", math.nan),
        latency("LCE", 4.0),
        latency("LCD", math.nan),
        ({}, {"LATENCY": {}}),
    )
    cells = cells_of(results_table(results))
    assert cells[1][-1] == "4"
    assert [row[-1] for row in cells[2:]] == ["-", "-"]


def test_distributions_and_per_node_values_are_left_out():
    results = results_of(
        (
            {"strategy": {"name": "LCE"}},
            {"LATENCY": {"MEAN": 1.0, "CDF": ([1.0, 2.0], [0.5, 1.0])}, "LINK_LOAD": {(0, 1): 0.5}},
        )
    )
    assert cells_of(results_table(results))[0] == ["n", "LATENCY.MEAN"]


def test_metrics_can_be_chosen():
    row = {"strategy": {"name": "LCE"}}, {"LATENCY": {"MEAN": 1, "MAX": 2}, "HITS": {"MEAN": 3}}
    results = results_of(row)
    for asked, headers in [
        (["LATENCY"], ["LATENCY.MEAN", "LATENCY.MAX"]),
        (["latency.max"], ["LATENCY.MAX"]),
        (["HITS", "LATENCY.MEAN"], ["HITS.MEAN", "LATENCY.MEAN"]),
        ([], ["LATENCY.MEAN", "LATENCY.MAX", "HITS.MEAN"]),
    ]:
        assert cells_of(results_table(results, asked))[0] == ["n", *headers]
    with pytest.raises(PlotError, match=r"'LATENCY'|LATENCY\.MEAN"):
        results_table(results, ["LATENC"])


def test_nothing_to_show_is_said():
    results = ResultSet()
    with pytest.raises(ResultsError, match=r"no results to show$"):
        results_table(results)
    results.add_failure({}, {})
    with pytest.raises(ResultsError, match="1 simulations failed"):
        results_table(results)
    with pytest.raises(PlotError, match="no metric"):
        results_table(results_of(({"a": 1}, {})))


def test_it_prints():
    console = Console(file=io.StringIO(), width=100)
    console.print(results_table(results_of(latency("LCE", 1.0), latency("LCE", 3.0))))
    assert "2 ± 13" in console.file.getvalue()
