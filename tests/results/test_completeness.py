from __future__ import annotations

import pytest

from icarus.errors import PlotError
from icarus.results import ResultSet, completeness, read_results_pickle, write_results_pickle
from icarus.results.merging import merge, once
from icarus.results.resultset import UNFINISHED


def campaign(n_done, n_failed=0, n_vetoed=0, first=0):
    results = ResultSet()
    for i in range(first, first + n_done):
        results.add({"workload": {"n": i}}, {"LATENCY": {"MEAN": 1.0 + i}}, {"job": f"j{i}"})
    for i in range(n_failed):
        results.add_failure({"workload": {"n": -1 - i}}, {"job": f"f{i}", "status": "FAILED"})
    for i in range(n_vetoed):
        results.add_failure({"workload": {"n": 0}}, {"job": f"v{i}", "status": "VETOED"})
    return results


def test_what_failed_was_planned_and_what_was_excluded_was_not():
    told = completeness(campaign(37, 17, 5))
    assert (told.done, told.planned, told.is_complete) == (37, 54, False)
    assert told.text == "37 of 54 simulations"
    assert told.warning == "incomplete: 37 of 54 simulations gave results"


def test_all_of_them():
    told = completeness(campaign(3, 0, 2))
    assert (told.text, told.warning, told.is_complete) == ("3 simulations", "", True)
    assert completeness(campaign(1)).text == "1 simulation"


def test_a_copy_makes_a_campaign_no_more_complete():
    both = campaign(2, 1) + campaign(2, 1)
    assert completeness(both).text == "2 of 3 simulations"
    twice = campaign(2)
    for (params, tree), facts in zip(twice.dump(), twice.metadata, strict=True):
        twice.add(params, tree, facts)
    assert completeness(twice).text == "2 simulations"


def test_what_one_file_lacks_another_may_have():
    lacking = campaign(2)
    lacking.attr[UNFINISHED] = ["j2", "j3"]
    assert completeness(lacking).text == "2 of 4 simulations"
    more = merge([("a", lacking), ("b", campaign(1, first=2))]).results
    assert more.attr == {UNFINISHED: ["j3"]}
    assert completeness(more).text == "3 of 4 simulations"
    assert merge([("a", more), ("b", campaign(1, first=3))]).results.attr == {}


def test_jobs_that_have_not_ended_stay_in_a_file(tmp_path):
    lacking = campaign(1)
    lacking.attr[UNFINISHED] = ["j1"]
    write_results_pickle(lacking, tmp_path / "part.pickle")
    assert completeness(read_results_pickle(tmp_path / "part.pickle")).planned == 2


def test_only_some_experiments():
    results = campaign(3, 1)
    assert completeness(results, ["n=-1", "n=2"]).text == "1 of 2 simulations"
    assert completeness(results, {"n": 2}).is_complete
    with pytest.raises(PlotError, match="unknown parameter 'm'"):
        completeness(results, ["m=1"])
    assert len(results.filter({"workload": {"n": -1}}).failures) == 1


def test_a_set_without_copies_is_not_copied():
    results = campaign(3)
    assert once(results) is results
