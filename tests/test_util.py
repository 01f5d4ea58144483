from __future__ import annotations

import copy
import logging
import math
import pickle
from collections import defaultdict
from fractions import Fraction
from types import MappingProxyType

import fnss
import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import icarus.util
from icarus.errors import IcarusError, SettingsError, TraceError, nearest, suggestion
from icarus.util import (
    AnyValue,
    SequenceNumber,
    Settings,
    Tree,
    apportionment,
    config_logging,
    inheritdoc,
    iround,
    multicast_tree,
    overlay_betweenness_centrality,
    path_links,
    step_cdf,
    timestr,
)

keys = st.text(max_size=3) | st.integers(-3, 3) | st.tuples(st.integers(0, 2), st.text(max_size=1))
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=3)
)
nested = st.recursive(
    leaves, lambda inner: st.dictionaries(keys, inner, max_size=4), max_leaves=12
).filter(lambda value: isinstance(value, dict))


def pairs_of(data, above=()):
    """The paths and leaves of nested dicts, worked out without a Tree."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from pairs_of(value, (*above, key))
        else:
            yield (*above, key), value


def all_trees(tree):
    return type(tree) is Tree and all(
        all_trees(value) for value in tree.values() if isinstance(value, dict)
    )


class TestTree:
    def test_branches_grow_when_they_are_named(self):
        tree = Tree()
        tree["workload"]["alpha"] = 0.8
        assert tree == {"workload": {"alpha": 0.8}}
        plain = {"workload": {"alpha": 0.8}}
        assert plain == tree
        assert type(tree["nothing"]) is Tree
        assert "nothing" in tree

    @pytest.mark.parametrize(
        "data",
        [
            {"a": {"b": 1}},
            [("a", {"b": 1})],
            (pair for pair in [("a", {"b": 1})]),
            defaultdict(dict, a={"b": 1}),
            {"a": defaultdict(int, b=1)},
            MappingProxyType({"a": {"b": 1}}),
            Tree(a=Tree(b=1)),
        ],
        ids=lambda data: type(data).__name__,
    )
    def test_anything_that_makes_a_dict_makes_a_tree(self, data):
        tree = Tree(data)
        assert all_trees(tree)
        assert list(tree) == [(("a", "b"), 1)]

    @pytest.mark.parametrize("data", [5, [1], "abc", object()])
    def test_what_makes_no_dict_is_a_type_error(self, data):
        with pytest.raises(TypeError):
            Tree(data)

    def test_keywords_are_added_to_the_data(self):
        assert Tree({"a": 1, "b": 1}, b={"c": 2}) == {"a": 1, "b": {"c": 2}}

    def test_the_data_stay_as_they_were(self):
        data = {"a": {"b": 1}}
        Tree(data)["a"]["b"] = 2
        assert data == {"a": {"b": 1}}
        assert type(data["a"]) is dict

    def test_sub_trees_of_a_tree_are_shared(self):
        tree = Tree(a=Tree(b=1))
        Tree(tree)["a"]["b"] = 2
        assert tree["a"]["b"] == 2

    def test_dicts_inside_lists_are_left_alone(self):
        assert type(Tree(a=[{"b": 1}])["a"][0]) is dict

    def test_iteration_gives_paths_and_leaves_but_dict_methods_are_those_of_a_dict(self):
        tree = Tree({"a": {"b": 1, "c": {}}, "d": 2})
        assert list(tree) == [(("a", "b"), 1), (("d",), 2)]
        assert list(tree.keys()) == ["a", "d"]
        assert len(tree) == 2
        assert "a" in tree
        assert ("a", "b") not in tree
        assert dict(tree) == {"a": {"b": 1, "c": {}}, "d": 2}
        assert dict(**tree) == dict(tree)

    def test_get_and_pop_and_in_create_nothing(self):
        tree = Tree()
        assert tree.get("a") is None
        assert "a" not in tree
        assert tree.pop("a", 3) == 3
        with pytest.raises(KeyError):
            tree.pop("a")
        assert tree.empty

    def test_setdefault_converts_and_keeps(self):
        tree = Tree()
        assert type(tree.setdefault("a", {"b": 1})) is Tree
        assert tree.setdefault("a", 5) == {"b": 1}

    def test_update_replaces_whole_branches(self):
        tree = Tree({"a": {"b": 1, "c": 2}, "d": 3})
        tree.update({"a": {"b": 9}})
        assert tree == {"a": {"b": 9}, "d": 3}
        assert all_trees(tree)
        with pytest.raises(TypeError):
            tree.update(a=1)

    def test_getval_creates_nothing_and_knows_no_empty_branch(self):
        tree = Tree({"a": {"b": 1}, "e": {}})
        before = tree.dict()
        assert tree.getval(["a", "b"]) == 1
        assert tree.getval(("a",)) == {"b": 1}
        assert tree.getval(iter("ab")) == 1
        for path in (["x"], ["x", "y"], ["a", "x"], ["a", "b", "c"], ["e"], ["e", "x"]):
            assert tree.getval(path) is None
        assert tree.dict() == before

    def test_setval_makes_branches_and_replaces_leaves_in_the_way(self):
        tree = Tree({"a": 1})
        tree.setval(["a", "b", "c"], {"d": 2})
        tree.setval(("e",), 3)
        assert tree == {"a": {"b": {"c": {"d": 2}}}, "e": 3}
        assert all_trees(tree)

    def test_dict_makes_keys_strings_at_every_level(self):
        tree = Tree({1: {(2, 3): "x"}})
        assert tree.dict() == {1: {(2, 3): "x"}}
        assert tree.dict(str_keys=True) == {"1": {"(2, 3)": "x"}}
        assert type(tree.dict()) is type(tree.dict()[1]) is dict

    def test_match_wants_every_leaf_of_the_condition(self):
        tree = Tree({"strategy": {"name": "LCE"}, "workload": {"alpha": 0.8}})
        assert tree.match({})
        assert tree.match({"strategy": {}})
        assert tree.match({"strategy": {"name": "LCE"}})
        assert tree.match(tree)
        assert not tree.match({"strategy": {"name": "LCE"}, "workload": {"alpha": 0.9}})
        assert not tree.match({"strategy": {"name": "LCE", "p": 1}})
        assert not tree.match({"strategy": {"name": {"deep": 1}}})
        assert not Tree({"strategy": {"name": "LCE"}}).match(tree)

    def test_any_value_wins_on_either_side_of_a_match(self):
        assert Tree(a={"b": AnyValue()}).match({"a": {"b": 5}})
        assert Tree(a={"b": 5}).match({"a": {"b": AnyValue()}})
        assert Tree(a=np.arange(3)).match({"a": AnyValue()})
        assert Tree(a=AnyValue()).match({"a": np.arange(3)})

    def test_arrays_match_as_wholes(self):
        tree = Tree(a=np.array([1, 2]))
        assert tree.match({"a": np.array([1, 2])})
        assert not tree.match({"a": np.array([1, 3])})
        assert not tree.match({"a": np.array([1, 2, 3])})

    def test_copies(self):
        tree = Tree({"a": {"b": [1]}})
        for shallow in (copy.copy(tree), tree.copy()):
            assert type(shallow) is Tree
            assert shallow == tree
            shallow["x"] = 1
            assert "x" not in tree
        deep = copy.deepcopy(tree)
        deep["a"]["b"].append(2)
        assert all_trees(deep)
        assert tree == {"a": {"b": [1]}}

    @hypothesis.settings(deadline=None)
    @given(nested)
    def test_paths_are_those_of_the_nested_dicts(self, data):
        tree = Tree(data)
        assert all_trees(tree)
        assert tree.dict() == data
        assert list(tree) == list(pairs_of(data))
        assert tree.paths() == dict(pairs_of(data))
        assert all(tree.getval(path) == leaf for path, leaf in tree)

    @hypothesis.settings(deadline=None)
    @given(nested)
    def test_setval_at_all_paths_rebuilds_a_tree(self, data):
        rebuilt = Tree()
        for path, leaf in Tree(data):
            rebuilt.setval(path, leaf)
        assert rebuilt.paths() == Tree(data).paths()
        assert rebuilt.match(data)
        assert Tree(data).match(rebuilt)

    @hypothesis.settings(deadline=None)
    @given(nested)
    def test_round_trips(self, data):
        tree = Tree(data)
        assert eval(str(tree), {"Tree": Tree}) == tree
        again = [copy.deepcopy(tree)] + [
            pickle.loads(pickle.dumps(tree, protocol))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ]
        for other in again:
            assert all_trees(other)
            assert other == tree
            assert list(other.items()) == list(tree.items())

    @hypothesis.settings(deadline=None)
    @given(nested, st.lists(keys, min_size=1, max_size=3))
    def test_what_setval_sets_getval_gets(self, data, path):
        tree = Tree(data)
        tree.setval(path, "value")
        assert tree.getval(path) == "value"


class TestSettings:
    def test_items_and_attributes_are_the_same(self):
        settings = Settings()
        settings.A = 1
        settings["B"] = 2
        settings.set("C", 3)
        assert (settings["A"], settings.B, settings.get("C"), len(settings)) == (1, 2, 3, 3)
        assert settings.names() == ["A", "B", "C"]
        assert "A" in settings
        assert "D" not in settings

    def test_a_missing_setting_is_a_value_error_with_the_nearest_name(self):
        settings = Settings()
        settings.N_REPLICATIONS = 3
        for ask in (
            lambda: settings["N_REPLICATION"],
            lambda: settings.N_REPLICATION,
            lambda: settings.get("N_REPLICATION"),
        ):
            with pytest.raises(ValueError, match="'N_REPLICATIONS'"):
                ask()
        assert not hasattr(settings, "N_REPLICATION")
        assert getattr(settings, "X", 5) == 5

    def test_deletion(self):
        settings = Settings()
        settings.A = 1
        del settings["A"]
        assert "A" not in settings
        with pytest.raises(KeyError):
            del settings["A"]

    def test_frozen_settings_refuse_every_change(self):
        settings = Settings()
        settings.A = 1
        assert not settings.frozen
        settings.freeze()
        assert settings.frozen
        assert len(settings) == 1
        for change in (
            lambda: settings.set("A", 2),
            lambda: setattr(settings, "A", 2),
            lambda: settings.__setitem__("B", 2),
            lambda: settings.__delitem__("A"),
            lambda: settings.read_from("no_such_file.py"),
        ):
            with pytest.raises(ValueError, match="frozen"):
                change()
        assert settings.A == 1

    @pytest.mark.parametrize("frozen", [False, True])
    def test_copies_are_alike(self, frozen):
        settings = Settings()
        settings.A = {"x": [1]}
        if frozen:
            settings.freeze()
        again = [pickle.loads(pickle.dumps(settings, protocol)) for protocol in range(6)]
        for other in [copy.deepcopy(settings), *again]:
            assert type(other) is Settings
            assert other.A == {"x": [1]}
            assert other.A is not settings.A
            assert other.frozen is frozen
            assert len(other) == 1

    def test_reading_accumulates_and_sees_what_is_there(self, tmp_path):
        (tmp_path / "first.py").write_text("A = 1\nlower = 2\n")
        (tmp_path / "second.py").write_text("B = A + 1\n")
        settings = Settings()
        settings.read_from(str(tmp_path / "first.py"))
        assert settings.names() == ["A"]
        settings.read_from(str(tmp_path / "second.py"), freeze=True)
        assert (settings.A, settings.B, settings.frozen) == (1, 2, True)

    def test_a_missing_file_is_file_not_found(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            Settings().read_from(str(tmp_path / "absent.py"))


class TestAnyValue:
    @pytest.mark.parametrize("other", [None, 0, "x", [1], Tree(), AnyValue()])
    def test_equals_everything(self, other):
        assert AnyValue() == other
        assert other == AnyValue()
        assert (AnyValue() != other) is False
        assert (other != AnyValue()) is False

    def test_has_no_hash_and_can_be_pickled(self):
        with pytest.raises(TypeError):
            hash(AnyValue())
        assert type(pickle.loads(pickle.dumps(AnyValue()))) is AnyValue


def test_sequence_numbers():
    sequence = SequenceNumber()
    assert sequence.current() == 0
    assert [sequence.assign() for _ in range(3)] == [1, 2, 3]
    assert sequence.current() == 3
    assert SequenceNumber(5).current() == 4
    assert SequenceNumber(0).assign() == 0


@pytest.mark.parametrize(
    ("seconds", "with_seconds", "text"),
    [
        (90, True, "1m 30s"),
        (3604, True, "1h 0m 4s"),
        (3600, True, "1h"),
        (0, True, "0s"),
        (0.4, True, "0s"),
        (59.6, True, "1m"),
        (86400 + 1, True, "1d 0h 0m 1s"),
        (21, False, "0m"),
        (0, False, "0m"),
        (119, False, "1m"),  # cut, not rounded
        (59.6, False, "1m"),  # but to whole seconds first
        (86400 + 59, False, "1d"),
    ],
)
def test_timestr(seconds, with_seconds, text):
    assert timestr(seconds, with_seconds) == text


@hypothesis.settings(deadline=None)
@given(st.integers(0, 364 * 86400), st.booleans())
def test_timestr_says_the_duration(seconds, with_seconds):
    factors = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    parts = timestr(seconds, with_seconds).split(" ")
    said = sum(int(part[:-1]) * factors[part[-1]] for part in parts)
    assert said == (seconds if with_seconds else seconds - seconds % 60)
    units = "".join(part[-1] for part in parts)
    assert units in "dhms"
    if len(parts) > 1:
        assert not parts[0].startswith("0")
        assert not parts[-1].startswith("0")


@pytest.mark.parametrize(("x", "nearest_int"), [(0.5, 0), (1.5, 2), (2.5, 2), (-1.5, -2), (2, 2)])
def test_iround_takes_halves_to_the_even_number(x, nearest_int):
    for number in (x, np.float64(x)):
        assert iround(number) == nearest_int
        assert type(iround(number)) is int


def test_step_cdf_draws_a_staircase():
    x, y = step_cdf([1, 2, 3], [0.2, 0.5, 1])
    assert x.tolist() == [1, 1, 2, 2, 3, 3]
    assert y.tolist() == [0, 0.2, 0.2, 0.5, 0.5, 1]
    assert [len(part) for part in step_cdf([], [])] == [0, 0]
    with pytest.raises(ValueError, match="3 and 2"):
        step_cdf([1, 2, 3], [0.5, 1])


def test_path_links():
    assert path_links([1, 2, 3]) == [(1, 2), (2, 3)]
    assert path_links([1]) == path_links([]) == []


def test_a_multicast_tree_has_each_link_once():
    paths = {0: {0: [0], 2: [0, 1, 2], 3: [0, 1, 3]}}
    assert multicast_tree(paths, 0, [2, 3]) == {(0, 1), (1, 2), (1, 3)}
    assert multicast_tree(paths, 0, [0]) == set()
    assert multicast_tree(paths, 0, iter([0, 3])) == {(0, 1), (1, 3)}


class TestOverlayBetweenness:
    @pytest.fixture
    def line(self):
        """Receivers 0 and 4 at the ends, the source on 3: 0 - 1 - 2 - 3 - 4."""
        topology = fnss.line_topology(5)
        for node, stack in zip(
            range(5), ["receiver", "router", "router", "source", "receiver"], strict=True
        ):
            fnss.add_stack(topology, node, stack)
        return topology

    def test_counts_paths_between_receivers_and_sources(self, line):
        assert dict(overlay_betweenness_centrality(line)) == {1: 0.5, 2: 0.5}
        assert dict(overlay_betweenness_centrality(line, normalized=False)) == {1: 1, 2: 1}

    def test_ends_count_on_request(self, line):
        counts = overlay_betweenness_centrality(line, normalized=False, endpoints=True)
        assert dict(counts) == {0: 1, 1: 1, 2: 1, 3: 2, 4: 1}

    def test_nodes_off_all_paths_count_as_zero(self, line):
        assert overlay_betweenness_centrality(line)[4] == 0

    def test_the_two_sets_can_be_given(self, line):
        counts = overlay_betweenness_centrality(line, origins=[0], destinations=[2, 4])
        assert dict(counts) == {1: 1.0, 2: 0.5, 3: 0.5}


class TestApportionment:
    @pytest.mark.parametrize(
        ("n", "fracs", "shares"),
        [
            (10, [0.53, 0.47], [5, 5]),
            (99, [0.2, 0.7, 0.1], [20, 69, 10]),
            (10, [0.3, 0.7], [3, 7]),
            (3, [0.5, 0.5], [2, 1]),  # ties to the lower index
            (0, [0.5, 0.5], [0, 0]),
            (7, [1.0], [7]),
            (2, [1 / 3, 1 / 3, 1 / 3], [1, 1, 0]),
            (10, np.array([0.53, 0.47]), [5, 5]),
        ],
    )
    def test_worked_examples(self, n, fracs, shares):
        assert apportionment(n, fracs) == shares

    def test_no_shares_at_all_are_refused(self):
        with pytest.raises(ValueError, match="share"):
            apportionment(5, [])

    @hypothesis.settings(deadline=None)
    @given(st.integers(0, 10**7), st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
    def test_shares_sum_to_n_and_are_within_one_of_exact(self, n, weights):
        total = sum(weights) or 1
        if sum(weights) == 0:
            weights[0] = 1
        fracs = [weight / total for weight in weights]
        shares = apportionment(n, fracs)
        assert sum(shares) == n
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - Fraction(n * weight, total)) < 1 + Fraction(1, 10**6)
            assert share >= 0


def test_inheritdoc_copies_the_docstring_and_returns_the_same_function():
    class Base:
        def method(self):
            """What the method does."""

    def method(self):
        pass

    assert inheritdoc(Base)(method) is method
    assert method.__doc__ == "What the method does."

    def other(self):
        pass

    with pytest.raises(AttributeError):
        inheritdoc(Base)(other)


class TestConfigLogging:
    @pytest.fixture(autouse=True)
    def restored_root(self):
        root = logging.getLogger()
        before = root.level, root.handlers[:]
        yield
        root.setLevel(before[0])
        root.handlers[:] = before[1]

    def test_the_level_is_case_insensitive(self):
        for name in ("warning", "WARNING", "Warning"):
            logging.getLogger().setLevel(logging.NOTSET)
            config_logging(name)
            assert logging.getLogger().level == logging.WARNING

    @pytest.mark.parametrize("level", ["LOUD", 10, None])
    def test_other_levels_are_attribute_errors(self, level):
        with pytest.raises(AttributeError):
            config_logging(level)

    def test_records_have_the_form_of_icarus_0_8(self):
        record = logging.LogRecord("runner", logging.INFO, "", 0, "message", None, None)
        record.created, record.msecs = 0, 0
        formatter = logging.Formatter(icarus.util.LOG_FORMAT, icarus.util.LOG_DATE_FORMAT)
        formatter.converter = lambda seconds: (1970, 1, 1, 0, 0, 0, 3, 1, 0)
        assert formatter.format(record) == "[00:00:00 1970-01-01|INFO|runner] message"


def test_the_star_import_works():
    names = {}
    exec("from icarus.util import *", names)
    assert set(icarus.util.__all__) <= set(names)


class TestErrors:
    def test_all_are_icarus_errors_that_can_be_pickled(self):
        settings = pickle.loads(pickle.dumps(SettingsError(["one", "two"])))
        assert settings.problems == ["one", "two"]
        assert str(settings) == "one\ntwo"
        trace = pickle.loads(pickle.dumps(TraceError("a.trace", "no number", line=3)))
        assert (trace.path, trace.line, str(trace)) == ("a.trace", 3, "a.trace:3: no number")
        assert str(TraceError("a.trace", "empty")) == "a.trace: empty"
        assert isinstance(settings, IcarusError)
        assert isinstance(trace, (IcarusError, ValueError))

    def test_the_nearest_name_ignores_case_and_prefers_swapped_letters(self):
        assert nearest("lru", ["LRU", "FIFO"]) == "LRU"
        assert nearest("alhpa", ["alpha", "beta"]) == "alpha"
        assert nearest("LDC", ["LCE", "LCD"]) == "LCD"
        assert nearest("xyz", ["alpha", "beta"]) is None
        assert nearest("1", [1, 2]) == "1"

    def test_a_suggestion_names_the_nearest_or_what_there_is(self):
        assert suggestion("LRUU", ["LRU", "FIFO"]) == "did you mean 'LRU'?"
        assert suggestion("x", ["B", "A"]) == "known: A, B"
        assert suggestion("x", []) == "none is known"
        assert suggestion("x", map(str, range(10, 30))).endswith("20, 21 and 8 more")


def test_timestr_refuses_what_is_no_duration():
    with pytest.raises((ValueError, OverflowError)):
        timestr(math.nan)
