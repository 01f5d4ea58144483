"""Which experiments and replications of two campaigns are compared, and what is left out."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from icarus.errors import IcarusError, PlotError, ResultsError
from icarus.results import ResultSet, compare
from icarus.results.comparing import Change, Method, Verdict

NOISE = [0.03, -0.11, 0.08, 0.01, -0.02]


def campaign(*experiments, seed=1, effect=0.0, noise=NOISE, metrics=("MEAN",)):
    """Results of experiments, `{section.name: value}` each, with a replication for each noise."""
    results = ResultSet()
    for number, experiment in enumerate(experiments):
        params = {}
        for name, value in experiment.items():
            section, _, key = name.partition(".")
            params.setdefault(section, {})[key] = value
        for replication, off in enumerate(noise):
            value = 10.0 + number + off + effect * (1 + off)
            results.add(
                params, {"LATENCY": dict.fromkeys(metrics, value)}, facts(replication, seed)
            )
    return results


def facts(replication, seed=1):
    return {"replication": replication, "seed": {"entropy": seed, "streams": {}}}


def sweep(strategies, caches, **more):
    return [
        {"strategy.name": strategy, "cache.size": size, **more}
        for strategy in strategies
        for size in caches
    ]


def experiments_of(compared):
    return [row.experiment for row in compared.rows]


# Which experiments belong together.


def test_experiments_are_matched_by_their_parameters_in_any_order():
    a, b = sweep(["LCE", "LCD"], [10, 20]), sweep(["LCD", "LCE"], [20, 10])
    compared = compare(campaign(*a), campaign(*b))
    assert compared.changes == []
    means = {(row.experiment["strategy.name"], row.experiment["cache.size"]): row.difference
             for row in compared.rows}  # fmt: skip
    # In `campaign` an experiment's place is part of its result.
    assert {key: round(value) for key, value in means.items()} == {
        ("LCE", 10): 3, ("LCE", 20): 1, ("LCD", 10): -1, ("LCD", 20): -3,
    }  # fmt: skip


def test_free_text_and_engine_are_no_parameters():
    a, b = campaign({"cache.size": 1}), campaign({"cache.size": 1})
    for results, text in ((a, "first"), (b, "second")):
        for params, _ in results:
            params["desc"], params["engine"] = text, {"first": "python"}.get(text, "compiled")
    assert compare(a, b).changes == []


@pytest.mark.parametrize(
    ("a", "b", "change"),
    [
        # One value in each campaign.
        (sweep(["LCE", "LCD"], [10]), sweep(["LCE", "LCD"], [11]), ("cache.size", [10], [11])),
        (sweep(["LCE"], [10, 20]), sweep(["LCD"], [10, 20]), ("strategy.name", ["LCE"], ["LCD"])),
        # A parameter that one campaign alone has.
        (sweep(["LCE"], [1, 2]), sweep(["LCE"], [1, 2], **{"w.x": 3}), ("w.x", [None], [3])),
        # One factor throughout; 0.1 x 1.05 is not quite 0.105.
        (
            sweep(["LCE", "LCD"], [0.1, 0.2, 0.4]),
            sweep(["LCE", "LCD"], [0.105, 0.21, 0.42]),
            ("cache.size", [0.1, 0.2, 0.4], [0.105, 0.21, 0.42]),
        ),
        # The same of campaigns of which one lacks some, on either side.
        (
            sweep(["LCE"], [0.1, 0.25, 0.4]),
            sweep(["LCE"], [0.2625, 0.105]),
            ("cache.size", [0.1, 0.25], [0.105, 0.2625]),
        ),
        (
            sweep(["LCE"], [0.25, 0.4]),
            sweep(["LCE"], [0.105, 0.2625, 0.42]),
            ("cache.size", [0.25, 0.4], [0.2625, 0.42]),
        ),
        # One amount throughout.
        (
            sweep(["LCE"], [1, 2, 4]),
            sweep(["LCE"], [8, 9, 11]),
            ("cache.size", [1, 2, 4], [8, 9, 11]),
        ),
        (sweep(["LCE"], [-1, 0]), sweep(["LCE"], [1, 2]), ("cache.size", [-1, 0], [1, 2])),
        # A parameter that only some experiments have.
        (
            [{"strategy.name": "LCE"}, {"strategy.name": "RAND", "strategy.p": 0.2}],
            [{"strategy.name": "LCE"}, {"strategy.name": "RAND", "strategy.p": 0.3}],
            ("strategy.p", [0.2], [0.3]),
        ),
    ],
)  # fmt: skip
def test_what_differs_throughout_matches_no_experiments_and_is_named(a, b, change):
    compared = compare(campaign(*a), campaign(*b))
    assert compared.changes == [Change(*change)]
    assert len(compared.rows) == min(len(a), len(b))
    assert (len(compared.only_a), len(compared.only_b)) == (
        len(a) - len(compared.rows),
        len(b) - len(compared.rows),
    )


def test_values_that_both_have_are_matched_as_they_are():
    # Twice the size throughout, too, but 20 is in both.
    compared = compare(campaign(*sweep(["LCE"], [10, 20])), campaign(*sweep(["LCE"], [20, 40])))
    assert compared.changes == []
    assert experiments_of(compared) == [{"cache.size": 20}]
    assert compared.only_a == [{"cache.size": 10}]
    assert compared.only_b == [{"cache.size": 40}]
    assert compared.notes == [
        "only A has 1 experiment: size = 10",
        "only B has 1 experiment: size = 40",
    ]


def test_values_that_text_rounds_are_told_apart():
    a = campaign({"w.rates": [0.12345678, 1.0]}, {"w.rates": [0.12345679, 1.0]})
    compared = compare(a, a)
    assert len(compared.rows) == 2
    assert compared.verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        (
            sweep(["LCE"], [1, 2]),
            sweep(["LCE"], [3, 7]),
            "nothing to compare: no experiment of A has its like in B: cache.size is 1, 2 in A "
            "and 3, 7 in B; choose experiments with --where-a and --where-b, or leave a parameter "
            "out with --ignore",
        ),
        # It may be 10 times as much or 20 times.
        (sweep(["LCE"], [1]), sweep(["LCE"], [10, 20]), "cache.size is 1 in A and 10, 20 in B"),
        (
            sweep(["LCE"], [0.2, 0.4]),
            sweep(["LCE"], [0.105, 0.21, 0.42]),
            "cache.size is 0.2, 0.4 in A and 0.105, 0.21, 0.42 in B",
        ),
        (sweep(["LCE"], [0, 1]), sweep(["LCE"], [2, 5]), "cache.size is 0, 1 in A and 2, 5 in B"),
        (
            [{"a.x": 1, "a.y": 2}, {"a.x": 2, "a.y": 1}],
            [{"a.x": 1, "a.y": 1}, {"a.x": 2, "a.y": 2}],
            "each parameter has values that both have, but no experiment has them together",
        ),
    ],
)
def test_experiments_that_have_no_like_are_an_error(a, b, problem):
    with pytest.raises(ResultsError) as error:
        compare(campaign(*a), campaign(*b))
    assert problem in str(error.value)


def test_parameters_can_be_ignored_where_that_is_not_ambiguous():
    a, b = sweep(["LCE", "LCD"], [1]), sweep(["LCE", "LCD"], [1])
    for place, experiment in enumerate(b):
        experiment["w.rate"] = place
    apart = "no experiment of A has its like in B: w.rate"
    with pytest.raises(ResultsError, match=apart):
        compare(campaign(*a), campaign(*b))
    assert len(compare(campaign(*a), campaign(*b), ignore="rate").rows) == 2
    with pytest.raises(ResultsError) as error:
        compare(campaign(*a), campaign(*b), ignore=["rate", "strategy"])
    assert error.value.problems == [
        "A: with strategy.name ignored, experiments with LCE and LCD cannot be told apart; choose "
        "one with --where-a strategy.name=LCE, or do not ignore it",
        "B: with w.rate ignored, experiments with 0 and 1 cannot be told apart; choose "
        "one with --where-b w.rate=0, or do not ignore it",
    ]


def test_conditions_choose_experiments_of_both_or_of_one():
    results = campaign(*sweep(["LCE", "LCD"], [10, 20]))
    assert experiments_of(compare(results, results, where="strategy=LCD")) == [
        {"cache.size": 10},
        {"cache.size": 20},
    ]
    compared = compare(results, results, where="cache.size=10", where_a={"strategy": "LCE"},
                       where_b=["strategy=LCD"])  # fmt: skip
    assert compared.changes == [Change("strategy.name", ["LCE"], ["LCD"])]
    assert len(compared.rows) == 1


# Which replications belong together.


def test_replications_of_one_seed_are_paired_by_number():
    a = campaign({"cache.size": 1})
    b = ResultSet()
    for (params, tree), about in reversed(list(zip(a, a.metadata, strict=True))):
        b.add(params, tree, about)
    (row,) = compare(a, b).rows
    assert (row.test, row.n_a, row.n_b) == (Method.PAIRED, 5, 5)
    assert row.interval == (0, 0)


def test_only_replications_that_both_have_are_compared():
    a, b = campaign({"cache.size": 1}), campaign({"cache.size": 1}, noise=NOISE[:3])
    compared = compare(a, b)
    assert compared.rows[0].n_a == compared.rows[0].n_b == 3
    assert compared.rows[0].difference == 0
    assert compared.notes == [
        "2 replications of A are left out, as the other campaign has none of their number"
    ]


@pytest.mark.parametrize("seed", [2, None])
def test_other_seeds_and_unknown_ones_are_not_paired(seed):
    a, b = campaign({"cache.size": 1}), campaign({"cache.size": 1}, seed=seed, noise=NOISE[:4])
    (row,) = compare(a, b).rows
    assert (row.test, row.n_a, row.n_b) == (Method.WELCH, 5, 4)


def test_a_job_that_is_recorded_twice_counts_once():
    a = campaign({"cache.size": 1})
    twice = ResultSet()
    for _ in range(2):
        for (params, tree), about in zip(a, a.metadata, strict=True):
            twice.add(params, tree, about)
    compared = compare(twice, a)
    assert compared.rows[0].n_a == 5
    assert compared.jobs_a == (5, 5)
    assert compared.notes == [
        "A: 5 results are there already and left out, as one simulation counts once"
    ]


def test_results_of_icarus_08_count_once_too():
    a = ResultSet()
    for value in (1.0, 2.0, 2.0, 3.0):
        a.add({"cache": {"size": 1}}, {"LATENCY": {"MEAN": value}})
    (row,) = compare(a, a).rows
    assert (row.test, row.n_a, row.mean_a, row.verdict) == (Method.WELCH, 3, 2.0, Verdict.SAME)


def test_a_replication_that_differs_from_itself_is_an_error():
    a = campaign({"cache.size": 1})
    params, _ = a[0]
    a.add(params, {"LATENCY": {"MEAN": 99.0}}, facts(0))
    with pytest.raises(ResultsError, match=r"A: replication \(SEED, number\) \(1, 0\) of one"):
        compare(a, campaign({"cache.size": 1}))


def test_two_records_of_a_replication_may_have_different_metrics():
    a = campaign({"cache.size": 1})
    for (params, _), about in list(zip(a, a.metadata, strict=True)):
        a.add(params, {"HITS": {"MEAN": about["replication"]}}, about)
    assert {(row.metric, row.n_a) for row in compare(a, a).rows} == {
        ("LATENCY.MEAN", 5),
        ("HITS.MEAN", 5),
    }


def test_incomplete_campaigns_are_named():
    a = campaign({"cache.size": 1})
    for replication, status in ((5, "FAILED"), (6, "INTERRUPTED"), (7, "VETOED")):
        a.add_failure({"cache": {"size": 1}}, {**facts(replication), "status": status})
    compared = compare(a, campaign({"cache.size": 1}))
    assert compared.jobs_a == (5, 7)
    assert compared.notes == ["A: 5 of 7 jobs gave results"]


# Metrics.


def test_all_single_numbers_that_both_have_are_compared():
    a = campaign({"cache.size": 1}, metrics=["MEAN", "MAX"])
    b = campaign({"cache.size": 1}, metrics=["MEAN", "P99"])
    for _, tree in b:
        tree["LATENCY"]["CDF"] = ([1.0, 2.0], [0.5, 1.0])
    compared = compare(a, b)
    assert [row.metric for row in compared.rows] == ["LATENCY.MEAN"]
    assert compared.notes == [
        "only A has the metrics LATENCY.MAX",
        "only B has the metrics LATENCY.P99",
    ]
    assert [row.metric for row in compare(a, a, metrics="latency.max").rows] == ["LATENCY.MAX"]
    with pytest.raises(PlotError, match=r"did you mean 'LATENCY\.MAX'"):
        compare(a, a, metrics=["LATENCY.MAXX"])
    with pytest.raises(ResultsError, match=r"only A has the metrics LATENCY\.MAX"):
        compare(a, b, metrics=["LATENCY.MAX"])
    with pytest.raises(ResultsError, match="single numbers"):
        compare(b, b, metrics=["LATENCY.CDF"])


def test_values_that_are_no_number_and_their_partners_do_not_count():
    a, b = campaign({"cache.size": 1}), campaign({"cache.size": 1})
    a[0][1]["LATENCY"]["MEAN"] = math.nan
    b[1][1]["LATENCY"]["MEAN"] = None
    (row,) = compare(a, b).rows
    assert (row.n_a, row.n_b) == (3, 3)
    assert row.mean_a == pytest.approx(10 + np.mean(NOISE[2:]))


def test_a_metric_that_an_experiment_of_one_side_lacks():
    a, b = (campaign(*sweep(["LCE", "LCD"], [1])) for _ in range(2))
    for params, tree in b:
        if params["strategy"]["name"] == "LCD":
            tree["LATENCY"]["MEAN"] = math.nan
    rows = compare(a, b).rows
    assert [row.verdict for row in rows] == [Verdict.SAME, Verdict.CANNOT_SAY]
    assert [row.test for row in rows] == [Method.PAIRED, Method.NONE]
    # Where neither side has it, there is nothing to compare.
    assert len(compare(b, b).rows) == 1


# What is said.


def test_effect_interval_and_threshold():
    a, b = campaign({"cache.size": 1}), campaign({"cache.size": 2}, effect=-0.5)
    compared = compare(a, b)
    (row,) = compared.rows
    assert compared.verdict is row.verdict is Verdict.DIFFER
    assert row.difference == pytest.approx(-0.5 * (1 + np.mean(NOISE)))
    assert row.relative == pytest.approx(row.difference / row.mean_a)
    low, high = row.interval
    assert low < row.difference < high < 0
    assert row.relative_interval == pytest.approx((low / row.mean_a, high / row.mean_a))
    assert compare(a, b, threshold=0.04).verdict is Verdict.DIFFER
    assert compare(a, b, threshold=0.06).verdict is Verdict.SAME
    assert compare(a, b, alpha=row.p / 2).verdict is Verdict.SAME
    wide = compare(a, b, alpha=0.001).rows[0]
    assert wide.half_width > row.half_width


def test_no_share_of_nothing():
    a, b = campaign({"cache.size": 1}), campaign({"cache.size": 1}, effect=1.0)
    for _, tree in a:
        tree["LATENCY"]["MEAN"] = 0.0
    compared = compare(a, b, threshold=0.5)
    (row,) = compared.rows
    assert math.isnan(row.relative)
    assert all(map(math.isnan, row.relative_interval))
    assert row.verdict is Verdict.DIFFER
    told = json.loads(compared.json())["rows"][0]
    assert (told["relative"], told["relative_interval"]) == (None, [None, None])
    assert json.loads(compare(a, a).json())["rows"][0]["relative"] == 0.0


def test_one_replication_is_the_same_if_it_is_equal_and_else_says_nothing():
    a = campaign({"cache.size": 1}, noise=[0.0])
    (equal,) = compare(a, a).rows
    assert (equal.test, equal.verdict) == (Method.EXACT, Verdict.SAME)
    for seed in (1, 2):
        compared = compare(a, campaign({"cache.size": 1}, noise=[0.1], seed=seed))
        (row,) = compared.rows
        assert (row.test, row.verdict) == (Method.NONE, Verdict.CANNOT_SAY)
        assert compared.verdict is Verdict.CANNOT_SAY
        assert row.difference == pytest.approx(0.1)
        assert math.isnan(row.p)
        assert math.isnan(row.half_width)


def test_json_has_everything():
    a = campaign(*sweep(["LCE", "LCD"], [10]))
    told = json.loads(compare(a, campaign(*sweep(["LCE"], [11]), effect=1.0)).json())
    assert told.keys() == {
        "verdict", "changes", "only_a", "only_b", "jobs_a", "jobs_b", "seeds_a", "seeds_b",
        "notes", "alpha", "threshold", "rows",
    }  # fmt: skip
    assert told["verdict"] == "differ"
    assert told["only_a"] == [{"strategy.name": "LCD"}]
    (row,) = told["rows"]
    assert row.keys() == {
        "experiment", "number", "metric", "test", "n_a", "n_b", "mean_a", "mean_b", "difference",
        "half_width", "interval", "relative", "relative_interval", "p", "p_holm", "verdict",
    }  # fmt: skip
    assert row["experiment"] == {"strategy.name": "LCE"}
    assert row["test"] == "paired t"
    assert row["interval"] == [
        row["difference"] - row["half_width"], row["difference"] + row["half_width"],
    ]  # fmt: skip


def test_nothing_to_compare():
    there = campaign({"cache.size": 1})
    empty = ResultSet()
    with pytest.raises(IcarusError) as error:
        compare(empty, empty)
    assert error.value.problems == [f"{x}: there are no results to compare" for x in "AB"]
    empty.add_failure({"cache": {"size": 2}}, {"status": "FAILED"})
    with pytest.raises(ResultsError, match="B: there are no results to compare; 1 simulations"):
        compare(there, empty)
    there.add_failure({"cache": {"size": 2}}, {"status": "FAILED"})
    with pytest.raises(ResultsError, match="A: none of the simulations that were asked for gave"):
        compare(there, campaign({"cache.size": 2}), where="cache.size=2")
    a, b = campaign(*sweep(["LCE"], [1, 2])), campaign(*sweep(["LCE"], [2, 3]))
    for params, tree in (*a, *b):
        if params["cache"]["size"] == 2:
            tree["LATENCY"]["MEAN"] = math.nan
    with pytest.raises(ResultsError, match="no experiment has a number for any of the metrics"):
        compare(a, b)


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"alpha": 1}, {"threshold": -1},
                                   {"threshold": math.nan}])  # fmt: skip
def test_options_out_of_range(wrong):
    there = campaign({"cache.size": 1})
    with pytest.raises(ValueError, match=next(iter(wrong))):
        compare(there, there, **wrong)
