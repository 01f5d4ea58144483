"""Statistics over replications as CSV and JSON, for other programs."""

from __future__ import annotations

import csv
import io
import json
import math

from hypothesis import given
from hypothesis import strategies as st

from icarus.results import ResultSet
from icarus.results.summaries import STATISTICS, csv_of, json_of, statistics_of, summarise

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def results_of(*rows):
    results = ResultSet()
    for params, metrics in rows:
        results.add(params, metrics)
    return results


def table_of(results, *metrics):
    return list(csv.DictReader(io.StringIO(csv_of(summarise(results, metrics)))))


def test_a_line_for_each_metric_of_each_experiment():
    rows = [
        ({"strategy": {"name": name}}, {"A": {"MEAN": value, "MAX": 3 * value}})
        for name, value in (("LCE", 1.0), ("LCD", 5), ("LCE", 2.0), ("LCE", 3.0))
    ]
    lines = table_of(results_of(*rows))
    assert [(line["strategy.name"], line["metric"], line["n"]) for line in lines] == [
        ("LCE", "A.MEAN", "3"),
        ("LCE", "A.MAX", "3"),
        ("LCD", "A.MEAN", "1"),
        ("LCD", "A.MAX", "1"),
    ]
    # Mean 2, standard deviation 1, 4.3027 of Student's t by the root of 3.
    assert [lines[0][name] for name in ("mean", "sd", "min", "median", "max")] == [
        "2.0", "1.0", "1.0", "2.0", "3.0",
    ]  # fmt: skip
    assert math.isclose(float(lines[0]["half_width"]), 2.484138, rel_tol=1e-6)
    assert [lines[2][name] for name in ("mean", "sd", "half_width")] == ["5.0", "", ""]
    assert [line["metric"] for line in table_of(results_of(*rows), "A.MAX")] == ["A.MAX"] * 2


def test_values_are_what_they_were_and_absent_ones_are_nothing():
    rows = [
        ({"a": {"text": 'one, "two"\nthree', "number": 0.1}}, {"X": {"Y": 1}}),
        ({"a": {"text": "plain", "number": 10**20}}, {"X": {"Y": math.nan}}),
        ({"a": {"text": "plain"}}, {"X": {"Y": "text"}, "Z": {"Y": 1}}),
    ]
    results = results_of(*rows)
    lines = [line for line in table_of(results) if line["metric"] == "X.Y"]
    assert [(line["a.text"], line["a.number"], line["n"]) for line in lines] == [
        ('one, "two" three', "0.1", "1"), ("plain", str(10**20), "0"), ("plain", "", "0"),
    ]  # fmt: skip
    told = json.loads(json_of(summarise(results)))
    assert [one["parameters"].get("a.number") for one in told] == [0.1, 10**20, None]
    assert [one["n"] for one in told] == [1, 1, 1]
    assert told[1]["metrics"]["X.Y"] == {**dict.fromkeys(STATISTICS), "n": 0}


@given(st.lists(numbers, min_size=1, max_size=9))
def test_statistics_lie_where_they_can(values):
    told = statistics_of(values)
    assert told["n"] == len(values)
    slack = 1e-9 * (1 + max(map(abs, values)))
    for name in ("mean", "median"):
        assert told["min"] - slack <= told[name] <= told["max"] + slack
    if len(values) > 1:
        assert 0 <= told["sd"] <= (told["max"] - told["min"]) + slack
        assert (told["half_width"] <= slack) is (told["sd"] <= slack)
