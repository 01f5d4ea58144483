from __future__ import annotations

import copy
import json
import pickle

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.results import ResultSet
from icarus.util import AnyValue, Tree


def result_set(*names, attr=None):
    results = ResultSet(attr)
    for i, name in enumerate(names):
        results.add({"strategy": {"name": name}}, {"LATENCY": {"MEAN": float(i)}}, {"seed": i})
    return results


def names_in(results):
    return [params["strategy"]["name"] for params, _ in results]


class TestContent:
    def test_pairs_of_trees_in_the_order_of_adding(self):
        results = result_set("LCE", "LCD")
        assert len(results) == 2
        assert names_in(results) == ["LCE", "LCD"]
        for pair in (*results, results[0], results[-1], *results.dump()):
            assert type(pair) is tuple
            assert [type(tree) for tree in pair] == [Tree, Tree]
        assert results[1][1].getval(["LATENCY", "MEAN"]) == 1.0
        assert results.dump() == list(results)
        for i in (2, -3):
            with pytest.raises(IndexError):
                results[i]

    def test_metadata_and_failures_stand_beside_the_results(self):
        results = result_set("LCE", "LCD")
        results.add({"a": 1}, {})
        results.add_failure({"strategy": {"name": "EDGE"}}, {"status": "FAILED"})
        assert results.metadata == [{"seed": 0}, {"seed": 1}, {}]
        assert len(results) == 3
        assert results.failures == [({"strategy": {"name": "EDGE"}}, {"status": "FAILED"})]
        assert type(results.failures[0][0]) is Tree

    def test_attributes(self):
        attr = {"a": 1}
        results = ResultSet(attr)
        results.attr["b"] = 2
        assert attr == {"a": 1}
        assert ResultSet().attr == {}

    def test_the_list_given_out_is_a_copy(self):
        results = result_set("LCE")
        results.dump().clear()
        results.metadata.clear()
        assert (len(results), len(results.metadata)) == (1, 1)


class TestAddition:
    def test_concatenates_and_leaves_its_operands_alone(self):
        first, second = result_set("A", "B"), result_set("C")
        first.add_failure({"x": 1}, {})
        second.add_failure({"x": 2}, {})
        both = first + second
        assert names_in(both) == ["A", "B", "C"]
        assert [meta["seed"] for meta in both.metadata] == [0, 1, 0]
        assert [params["x"] for params, _ in both.failures] == [1, 2]
        both.add({"strategy": {"name": "D"}}, {})
        both.add_failure({}, {})
        assert (names_in(first), names_in(second)) == (["A", "B"], ["C"])
        assert (len(first.failures), len(second.failures)) == (1, 1)
        assert (len(first.metadata), len(second.metadata)) == (2, 1)

    def test_sum_works_with_a_start(self):
        sets = [result_set("A"), result_set("B"), result_set("C")]
        assert names_in(sum(sets, start=ResultSet())) == ["A", "B", "C"]

    def test_attributes_must_be_equal(self):
        same = result_set("A", attr={"a": 1}) + result_set("B", attr={"a": 1})
        assert same.attr == {"a": 1}
        with pytest.raises(ValueError, match="attributes"):
            result_set("A", attr={"a": 1}) + result_set("B")

    def test_with_itself_it_is_the_same(self):
        results = result_set("A")
        assert names_in(results + results) == ["A"]


class TestFilter:
    def test_keeps_what_matches_with_its_metadata_in_order(self):
        results = result_set("LCE", "LCD", "LCE", attr={"a": 1})
        filtered = results.filter({"strategy": {"name": "LCE"}})
        assert names_in(filtered) == ["LCE", "LCE"]
        assert [meta["seed"] for meta in filtered.metadata] == [0, 2]
        assert filtered.attr == {}
        assert len(results) == 3

    def test_takes_trees_and_any_value(self):
        results = result_set("LCE")
        results.add({"strategy": {"name": AnyValue()}}, {})
        assert len(results.filter(Tree(strategy={"name": "LCE"}))) == 2
        assert len(results.filter(Tree(strategy={"name": "LCD"}))) == 1
        assert len(results.filter({})) == 2
        assert len(results.filter({"topology": {"name": "GEANT"}})) == 0

    def test_leaves_the_condition_alone(self):
        condition = Tree(strategy={"name": "LCE"})
        result_set("LCE").filter(condition)
        assert condition == {"strategy": {"name": "LCE"}}


class TestJson:
    def test_is_a_list_of_pairs_with_keys_made_strings(self):
        results = ResultSet()
        results.add(
            {1: {(2, 3): "x"}, "none": None, "yes": True, "list": [{4: 5}], "tuple": (1, 2)},
            {
                "LINK_LOAD": {"PER_LINK": {(0, 1): np.float64(0.5)}},
                "LATENCY": {"CDF": (np.array([1.0, 2.0]), np.array([0.5, 1.0]))},
                "numbers": [np.int64(5), np.bool_(True), np.nan, np.inf, np.float32("nan")],
                "odd": {"any": AnyValue(), "bytes": b"x", "set": {1}},
            },
        )
        assert json.loads(results.json()) == [
            [
                {
                    "1": {"(2, 3)": "x"},
                    "none": None,
                    "yes": True,
                    "list": [{"4": 5}],
                    "tuple": [1, 2],
                },
                {
                    "LINK_LOAD": {"PER_LINK": {"(0, 1)": 0.5}},
                    "LATENCY": {"CDF": [[1.0, 2.0], [0.5, 1.0]]},
                    "numbers": [5, True, None, None, None],
                    "odd": {"any": "AnyValue()", "bytes": "b'x'", "set": [1]},
                },
            ]
        ]

    def test_can_be_indented(self):
        results = result_set("LCE")
        assert "\n" not in results.json()
        assert results.json(indent=4).splitlines()[1] == "    ["
        assert json.loads(results.json(indent=4)) == json.loads(results.json())

    def test_of_nothing(self):
        assert json.loads(ResultSet().json()) == []

    @hypothesis.settings(deadline=None)
    @given(
        st.dictionaries(
            st.text() | st.integers(),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=10,
            ),
        )
    )
    def test_is_strict_json_whatever_the_values(self, values):
        results = ResultSet()
        results.add(values, values)

        def refuse(constant):
            raise AssertionError(constant)

        json.loads(results.json(), parse_constant=refuse)


class TestPrettyprint:
    def test_layout(self):
        results = ResultSet()
        results.add(
            {"strategy": {"p": 0.5, "name": "RAND"}, "desc": "text"},
            {"LATENCY": {"MEAN": 71.2, "MAX": 80}, "CACHE_HIT_RATIO": {"MEAN": 0.5}},
        )
        results.add({"strategy": {"name": "LCE"}}, {})
        assert results.prettyprint() == (
            "EXPERIMENT 1/2:\n"
            "  CONFIGURATION:\n"
            "   * strategy -> name: RAND, p: 0.5\n"
            "   * desc -> text\n"
            "  RESULTS:\n"
            "    LATENCY\n"
            "     * MEAN: 71.2\n"
            "     * MAX: 80\n"
            "    CACHE_HIT_RATIO\n"
            "     * MEAN: 0.5\n"
            "\n"
            "EXPERIMENT 2/2:\n"
            "  CONFIGURATION:\n"
            "   * strategy -> name: LCE\n"
            "  RESULTS:"
        )

    def test_changes_nothing_even_where_experiments_share_their_parameters(self):
        params = Tree(strategy={"name": "LCE"})
        results = ResultSet()
        results.add(params, {})
        results.add(params, {})
        first = results.prettyprint()
        assert results.prettyprint() == first
        assert first.count("name: LCE") == 2
        assert params == {"strategy": {"name": "LCE"}}

    def test_of_nothing(self):
        assert ResultSet().prettyprint() == ""


def test_copies():
    results = result_set("LCE", "LCD", attr={"a": 1})
    results.add_failure({"x": 1}, {"status": "LOST"})
    copies = [pickle.loads(pickle.dumps(results, protocol)) for protocol in range(6)]
    for other in [copy.deepcopy(results), *copies]:
        assert other.dump() == results.dump()
        assert other.metadata == results.metadata
        assert other.failures == results.failures
        assert other.attr == {"a": 1}
        other.add({}, {})
    assert len(results) == 2
