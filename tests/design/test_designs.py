"""Designs: what points they have, in what order, and how parts of them relate to the whole."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus import design as d
from icarus.core.hashing import digest
from icarus.errors import DesignError, SettingsError
from icarus.planning.identity import experiment_id
from icarus.util import Tree

BASE = {
    "topology": {"name": "GEANT"},
    "workload": {"name": "STATIONARY", "n_contents": 1000, "rates": [1, 2]},
    "desc": "a test",
}
PATHS = ["workload.alpha", "workload.n_contents", "strategy.name", "strategy.p", "cache.policy.k"]
SECTIONS = [{"name": "LCE"}, {"name": "PROB_CACHE", "t_tw": 20}, {"name": "LCE", "p": 0.5}]


def ids(design: Any) -> list[str]:
    return [experiment_id(point) for point in design]


def loops(base: Any, factors: list[Any]) -> list[Any]:
    """The trees of a product, as loops and deep copies make them."""
    rows = []
    for factor in factors:
        if isinstance(factor, d.Zip):
            columns = [[(path, v) for v in values] for path, values in factor.axes.items()]
            rows.append(list(zip(*columns, strict=True)))
        else:
            rows += [[((path, v),) for v in values] for path, values in factor.items()]
    trees = []
    for combination in itertools.product(*rows):
        tree = Tree(copy.deepcopy(base))
        # Sections before what is in them.
        for path, value in sorted(itertools.chain(*combination), key=lambda one: one[0].count(".")):
            tree.setval(path.split("."), copy.deepcopy(value))
        trees.append(tree)
    return trees


@st.composite
def factors(draw: Any) -> list[Any]:
    paths = draw(st.lists(st.sampled_from([*PATHS, "strategy"]), unique=True, max_size=5))
    made: list[Any] = []
    while paths:
        taken = paths[: draw(st.integers(1, 3))]
        paths = paths[len(taken) :]
        scalars = st.lists(st.integers(0, 9) | st.sampled_from("abc"), min_size=1, max_size=3)
        axes = {
            path: SECTIONS[: draw(st.integers(1, 3))]
            if path == "strategy"
            else draw(scalars.filter(lambda values: len(set(values)) == len(values)))
            for path in taken
        }
        if draw(st.booleans()):
            shortest = min(map(len, axes.values()))
            axes = {path: values[:shortest] for path, values in axes.items()}
            made.append(d.zip(axes))
        else:
            made.append(axes)
    return made


# Law 1 of designs.


@given(factors())
def test_point_i_is_that_of_the_i_th_round_of_nested_loops(given: list[Any]) -> None:
    design, expected = d.product(BASE, *given), loops(BASE, given)
    assert len(design) == design.size == len(expected)
    assert list(design) == expected
    assert [design[i] for i in range(-len(expected), 0)] == expected
    assert [point.number for point in design] == list(range(1, len(expected) + 1))


@given(factors())
def test_index_finds_the_first_point_with_a_tree(given: list[Any]) -> None:
    design = d.product(BASE, *given)
    first: dict[str, int] = {}
    for i, point in enumerate(design):
        first.setdefault(digest(point), i)
        assert design.index(point.dict()) == first[digest(point)]
        assert point in design
        point["workload"]["other"] = 1
        assert point not in design
    assert len(first) == len(design) or "strategy" in str(given)


@given(factors(), st.data())
def test_parts_have_the_points_of_the_whole_with_their_numbers(given: list[Any], data: Any) -> None:
    design = d.product(BASE, *given, where={"odd": "_i % 3 != 1"})
    bound = st.none() | st.integers(-40, 40)
    taken = slice(
        data.draw(bound), data.draw(bound), data.draw(st.sampled_from([None, 1, 2, -1, -3]))
    )
    part, expected = design[taken], list(design)[taken]
    assert list(part) == expected
    assert [point.number for point in part] == [point.number for point in expected]
    assert [part.index(point) for point in expected] == list(map(expected.index, expected))
    assert list(part[1:][::2]) == expected[1:][::2]
    n = data.draw(st.integers(1, 7))
    shards = [design.shard(k, n) for k in range(1, n + 1)]
    assert sorted(point.number for shard in shards for point in shard) == list(
        range(1, len(design) + 1)
    )
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    admitted = [point for point in design if point.excluded is None]
    assert list(design.admitted()) == admitted
    assert [point.number for point in admitted] == [
        i for i in range(1, len(design) + 1) if i % 3 != 1
    ]
    assert list(part.admitted()) == [point for point in expected if point.excluded is None]


@settings(max_examples=12)
@given(st.permutations(range(5)))
def test_other_axes_and_their_order_change_no_tree(order: list[int]) -> None:
    axes = {
        "workload": [{"name": "STATIONARY"}, {"name": "GLOBETRAFF"}],
        "workload.alpha": d.uniform(0.6, 1.2, 3),
        "strategy.p": d.normal(0, 1, 2),
        "cache.policy.k": d.range(0, 0.3, 0.1),
        "strategy.name": ["LCE", "LCD"],
    }
    derive = {"workload.warm": "10 * k"}
    expected = ids(d.product(BASE, axes, derive=derive))
    names = [list(axes)[place] for place in order]
    found = ids(d.product(BASE, {name: axes[name] for name in names}, derive=derive))
    assert set(found) == set(expected)
    assert len(set(found)) == 2 * 3 * 2 * 4 * 2
    nested = d.product(
        {},
        d.product(BASE, *[{name: axes[name]} for name in names[:2]]),
        *[{name: axes[name]} for name in names[2:]],
        derive=derive,
    )
    assert ids(nested) == found


# Scenarios of sibling systems.


def test_a_matrix_of_a_list_a_range_and_draws() -> None:
    """Scenario D-A: ranges do not overshoot, the same seed gives the same cases."""

    def matrix(seed: int, **options: Any) -> Any:
        return d.product(
            BASE,
            {
                "strategy.name": d.choice(["LCE", "LCD", "EDGE"]),
                "cache.size": d.range(0, 5, 2),
                "workload.alpha": d.uniform(0, 10, 4, round=1),
            },
            seed=seed,
            **options,
        )

    design = matrix(1)
    assert len(set(ids(design))) == len(design) == 36
    assert max(point["cache"]["size"] for point in design) == 4
    assert ids(matrix(1)) == ids(design)
    assert set(ids(matrix(2))) != set(ids(design))
    limited = matrix(
        1, where={"few": "not (strategy_name == 'LCE' and size > 2)"} | {"i": "_i != 36"}
    )
    excluded = {i: point.excluded for i, point in enumerate(limited) if point.excluded}
    assert excluded == {**dict.fromkeys(range(8, 12), "few"), 35: "i"}
    assert ids(limited) == ids(design)
    with pytest.raises(DesignError, match=r"where.few: unknown name 'siez'; did you mean 'size'\?"):
        matrix(1, where={"few": "siez > 2"})


def test_seven_axes_have_972_experiments_and_constraints_exclude_exactly_theirs() -> None:
    """Scenario C-A: 3^5 x 2^2 as nested loops have them."""
    axes: dict[str, Any] = {f"a.x{i}": [0, 1, 2] for i in range(5)}
    axes |= {"b.y": ["u", "v"], "b.z": [False, True]}
    where = {"equal": "x0 != x4", "sum": "x0 + x1 + x2 < 6", "u": "not (y == 'u' and z)"}
    design = d.product(BASE, axes, where=where)
    assert design.size == 972
    assert len(set(ids(design))) == 972
    assert list(design) == loops(BASE, [axes])
    reasons: list[str | None] = []
    for *x, y, z in itertools.product(*axes.values()):
        broken = [x[0] == x[4], sum(x[:3]) >= 6, y == "u" and z]
        reasons.append(next((name for name, no in zip(where, broken, strict=True) if no), None))
    assert [point.excluded for point in design] == reasons
    counts = design.counts()
    assert counts.exact
    assert counts.points == counts.admitted + sum(one.first for one in counts.excluded.values())
    assert {name: one.first for name, one in counts.excluded.items()} == {
        name: reasons.count(name) for name in where
    }
    assert {name: one.all for name, one in counts.excluded.items()} == {
        "equal": 324,
        "sum": 36,
        "u": 243,
    }
    assert design[:].counts() == counts
    assert len(design.admitted()) == reasons.count(None)


# Constraints.

RULES = [
    "x0 < x1",
    "x1 + x2 != 3",
    "x3 == 0 or x0 == 1",
    "y",
    "x4 in (1, 2)",
    "x5 > 0",
    "0 < 1",
    "x2 == x5",
]


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from(RULES), unique=True),
    st.lists(st.integers(1, 3), min_size=6, max_size=6),
)
def test_admitted_points_are_counted_and_indexed_as_if_listed(
    rules: list[str], sizes: list[int]
) -> None:
    axes: dict[str, Any] = {f"a.x{i}": list(range(n)) for i, n in enumerate(sizes)}
    design = d.product({}, axes, derive={"b.y": "x4 != x0"}, where={rule: rule for rule in rules})
    points = list(design)
    admitted = [point for point in points if point.excluded is None]
    counts = design.counts()
    assert (counts.points, counts.admitted, counts.exact) == (len(points), len(admitted), True)
    broken = [design.broken(i) for i in range(len(points))]
    for rule in rules:
        assert counts.excluded[rule].first == sum(one[:1] == (rule,) for one in broken)
        assert counts.excluded[rule].all == sum(rule in one for one in broken)
    part = design.admitted()
    assert list(part) == admitted
    assert [part.index(point) for point in admitted] == list(range(len(admitted)))
    for point in points:
        assert (point in part) == (point.excluded is None)
    if admitted:
        n = (len(admitted) + 1) // 2
        sample = design.sample(n, seed=3)
        assert len({point.number for point in sample}) == len(sample) == n
        assert all(point.excluded is None for point in sample)
        assert list(sample) == list(design.sample(n, seed=3))
    with pytest.raises(DesignError, match=f"{len(admitted) + 1} points asked for"):
        design.sample(len(admitted) + 1)


def test_samples_are_drawn_evenly() -> None:
    design = d.product(
        {}, {"a.x": list(range(6)), "a.y": [0, 1]}, where={"even": "(x + y) % 2 == 0"}
    )
    drawn = [point["a"]["x"] for seed in range(500) for point in design.sample(2, seed)]
    assert all(120 < drawn.count(x) < 215 for x in range(6))


def test_constraints_on_more_combinations_than_can_be_listed_are_estimated() -> None:
    axes = {f"a.x{i}": d.range(1, 100) for i in range(5)}
    where = {"thirds": "(x0 + x1 + x2) % 3 == 0", "half": "x4 > 50"}
    design = d.product({}, axes, where=where)
    counts = design.counts()
    assert counts.drawn == 10_000
    assert counts.admitted == pytest.approx(10**10 / 6, rel=0.1)
    assert counts.excluded["thirds"].first == pytest.approx(10**10 * 2 / 3, rel=0.05)
    # What can be tabulated is exact all the same.
    assert counts.excluded["half"].all == 10**10 / 2
    assert "about" in "\n".join(design.describe())
    sample = design.sample(50)
    assert len({point.number for point in sample}) == 50
    assert not any(point.excluded for point in sample)
    with pytest.raises(DesignError, match="take a sample"):
        design.admitted()
    rare = d.product({}, axes, where={"rare": "x0 * x1 * x2 * x3 * x4 == 1"})
    with pytest.raises(DesignError, match="sample: 1 points asked for, 0 admitted ones found"):
        rare[10:6_000].sample(1)


def test_a_constraint_may_rest_on_one_before_it() -> None:
    axes = {"a.x": [0, 1, 2], "a.y": [1, 3]}
    where = {"some": "x > 0", "enough": "y / x > 1"}
    design = d.product({}, axes, where=where)
    assert [point.excluded for point in design] == ["some", "some", "enough", None, "enough", None]
    assert design.counts().excluded["enough"] == d.Excluded(first=2, all=2)
    assert [design.broken(i) for i in (0, 2)] == [("some",), ("enough",)]
    with pytest.raises(DesignError, match=r"where.enough: division by zero, at point 1$"):
        d.product({}, axes, where=dict(reversed(where.items())))


def test_functions_take_parameters_by_name_or_the_whole_tree() -> None:
    seen: list[Any] = []

    def near(alpha: float, n_contents: int, missing: int = 7) -> bool:
        seen.append((alpha, n_contents, missing))
        return alpha < 1

    def whole(experiment: Tree) -> bool:
        experiment["workload"]["alpha"] = "changed"
        return bool(experiment["strategy"]["double"] < 3)

    design = d.product(
        BASE,
        {"workload.alpha": [0.5, 1.5], "strategy.name": ["LCE", "LCD", "EDGE"]},
        where={"near": near, "whole": whole},
        derive={
            "strategy.double": lambda alpha: np.float64(2 * alpha),
            "strategy.options": lambda experiment: {"all": [experiment["strategy"]["double"]]},
        },
    )
    points = list(design)
    assert [point.excluded for point in points] == [None] * 3 + ["near"] * 3
    assert points[0]["strategy"] == {"name": "LCE", "double": 1.0, "options": {"all": [1.0]}}
    assert type(points[0]["strategy"]["double"]) is float
    assert points[0]["workload"]["alpha"] == 0.5
    # What does not depend on other axes is computed once.
    assert seen == [(0.5, 1000, 7), (1.5, 1000, 7)]
    assert design.counts().excluded["whole"].all == 3


def test_functions_get_values_of_their_own() -> None:
    def longer(rates: list[int], alpha: int) -> int:
        rates.append(alpha)
        return len(rates)

    design = d.product(BASE, {"workload.alpha": [1, 2]}, derive={"workload.n": longer})
    assert [point["workload"]["n"] for point in design] == [3, 3]
    assert [point["workload"]["rates"] for point in design] == [[1, 2], [1, 2]]


def test_what_functions_raise_is_a_problem_with_its_place() -> None:
    def broken(alpha: float) -> bool:
        raise RuntimeError("no\nidea")

    with pytest.raises(DesignError) as refused:
        d.product(
            BASE,
            {"workload.alpha": [1, 2]},
            where={"a": broken},
        )
    assert "where.a: raised RuntimeError: no idea at " in refused.value.problems[0]
    assert refused.value.problems[0].endswith(", at point 1")
    with pytest.raises(DesignError) as refused:
        d.product(
            BASE,
            {"workload.alpha": [1, 2]},
            derive={"workload.x": "1 / (2 - alpha)", "workload.y": "x + t"},
            where={"b": lambda *names: True, "c": lambda alpah: True, "d": lambda x, /: True},
        )
    assert refused.value.problems == [
        "derive.workload.y: unknown name 't'; known: alpha, desc, n_contents, rates, "
        "topology_name, workload_name, x, y",
        "where.b: parameter *names: functions take parameters by name, or one called 'experiment'",
        "where.c: unknown name 'alpah'; did you mean 'alpha'?",
        "where.d: parameter x: functions take parameters by name, or one called 'experiment'",
    ]
    with pytest.raises(DesignError, match=r"derive.workload.x: division by zero, at point 2"):
        d.product(BASE, {"workload.alpha": [1, 2]}, derive={"workload.x": "1 / (2 - alpha)"})


def test_constraints_say_true_or_false() -> None:
    for rule in ("strategy_name", "None", lambda: "too small", lambda: None):
        with pytest.raises(DesignError, match=r"where.a: should give True or False, found "):
            d.product(BASE, {"strategy.name": ["LCE"]}, where={"a": rule})
    design = d.product(BASE, {"a.x": [0, 1]}, where={"a": "x", "b": lambda x: np.bool_(True)})
    assert [point.excluded for point in design] == ["a", None]


def test_names_that_several_parameters_have_are_written_longer() -> None:
    with pytest.raises(DesignError) as refused:
        d.product(
            BASE, {"strategy.name": ["LCE"]}, where={"a": "name == 'LCE'", "b": "strategy == 1"}
        )
    assert refused.value.problems[0] == (
        "where.a: 'name' is strategy.name and topology.name and workload.name; "
        "write strategy_name or topology_name or workload_name"
    )
    assert (
        "where.b: unknown name 'strategy'; did you mean 'strategy_name'?" in refused.value.problems
    )
    design = d.product(
        BASE,
        {"strategy.name": ["LCE", "LCD"], "cache.policy.k": [1, 2]},
        where={"a": "strategy_name == 'LCE' or policy_k == cache_policy_k == cache_k == 1"},
    )
    assert [point.excluded for point in design] == [None, None, None, "a"]


def test_a_path_that_is_written_in_full_is_meant() -> None:
    base = {"cache": {"size": 1}, "x": {"cache": {"size": 2}}}
    design = d.product(base, where={"a": "cache_size == 1 and x_cache_size == 2"})
    assert design[0].excluded is None
    with pytest.raises(DesignError, match=r"'size' is cache.size and x.cache.size; write x_cache_"):
        d.product(base, where={"a": "size == 1"})


def test_sections_are_values_and_bring_their_parameters() -> None:
    design = d.product(
        {"strategy": {"name": "EDGE", "q": 1}},
        {"strategy": SECTIONS, "strategy.p": [0.1, 0.2]},
        where={"prob": "strategy.name != 'PROB_CACHE'".replace(".", "_") + " or t_tw * p > 3"},
    )
    assert design[0].dict() == {"strategy": {"name": "LCE", "p": 0.1}}
    assert [point.excluded for point in design] == [None, None, "prob", None, None, None]
    with pytest.raises(DesignError, match=r"where.a: t_tw has no value here, at point 1"):
        d.product({}, {"strategy": SECTIONS}, where={"a": "t_tw > 3"})
    with pytest.raises(DesignError, match=r"axes.strategy.name.x: strategy.name is 'EDGE' in base"):
        d.product({"strategy": {"name": "EDGE"}}, {"strategy.name.x": [1]})


def test_paths_do_not_lead_through_values() -> None:
    with pytest.raises(DesignError) as refused:
        d.product(
            {"desc": "x", "a": {"deep": {"list": [1]}}},
            {"strategy": SECTIONS, "strategy.name.x": [1], "a.b": [1, 2], "a.b.c": [1]},
            derive={"desc.x": "1", "a.b.d.e": "1", "strategy.q.r": "1", "a.deep.x": "1"},
        )
    assert refused.value.problems == [
        "axes.strategy.name.x: strategy.name is an axis whose values are no sections",
        "axes.a.b.c: a.b is an axis whose values are no sections",
        "derive.desc.x: desc is 'x' in base, and no section",
        "derive.a.b.d.e: a.b is an axis whose values are no sections",
    ]
    endless: dict[str, Any] = {"a": {}}
    endless["a"]["all"] = endless
    with pytest.raises(DesignError, match=r"base.a.all: it contains itself"):
        d.product(endless)
    with pytest.raises(DesignError, match=r"axes.x.y: it contains itself"):
        d.product({}, {"x.y": [endless]})
    assert d.product({"a": "X"}, {"a": SECTIONS[:1], "a.p": [1]})[0]["a"] == {"name": "LCE", "p": 1}


def test_lists_keep_what_is_in_them() -> None:
    design = d.product(
        {"a": {"list": [{"x": np.int64(1)}]}}, {"b.c": [[{"y": (1, np.float64(2))}]]}
    )
    assert design[0].dict() == {"a": {"list": [{"x": 1}]}, "b": {"c": [{"y": (1, 2.0)}]}}
    assert type(design[0]["a"]["list"][0]) is type(design[0]["b"]["c"][0]) is dict
    assert type(design[0]["a"]["list"][0]["x"]) is int


def test_derived_parameters_are_computed_in_order() -> None:
    design = d.product(
        BASE,
        {"workload.alpha": [1, 2]},
        derive={
            "workload.n_contents": "n_contents * alpha",
            "workload.half": "n_contents // 2",
            "cache": lambda half: {"kind": "LRU"},
            "cache.size": "half * 1.0",
        },
        where={"large": "size < 1000"},
    )
    assert [point["cache"]["size"] for point in design] == [500, 1000]
    assert [point.excluded for point in design] == [None, "large"]
    assert [design.index(point) for point in design] == [0, 1]
    with pytest.raises(DesignError, match=r"derive.workload.a: b has no value here"):
        d.product(BASE, derive={"workload.a": "b", "workload.b": "1"})
    with pytest.raises(
        DesignError, match=r"derive.workload: the axis workload.alpha is inside of it"
    ):
        d.product(BASE, {"workload.alpha": [1]}, derive={"workload": "1"})


# Points.


def test_points_share_nothing_that_can_be_changed() -> None:
    base = Tree(copy.deepcopy(BASE))
    section = {"name": "X", "weights": [1, 2]}
    design = d.product(
        base,
        {"strategy": [section, {"name": "Y"}], "cache.levels": [[1], [2]]},
        derive={"cache.options": lambda: {"list": []}},
    )
    before = copy.deepcopy([point.dict() for point in design])
    # Neither by what it was made of...
    base["workload"]["rates"].append(3)
    section["weights"].append(3)
    # ... nor by its points.
    for point in design:
        point["workload"]["rates"].append(4)
        point["strategy"]["weights"] = 1
        point["strategy"]["name"] += "!"
        point["cache"]["levels"].append(9)
        point["cache"]["options"]["list"].append(1)
        point["topology"].clear()
    assert [point.dict() for point in design] == before


def test_points_are_trees_that_can_be_copied_and_sent() -> None:
    design = d.product(BASE, {"workload.alpha": [1, 2]}, where={"a": "alpha < 2"})
    for point in (design[1], pickle.loads(pickle.dumps(design))[1], design[1:][0]):
        for other in (
            point,
            copy.deepcopy(point),
            copy.copy(point),
            pickle.loads(pickle.dumps(point)),
        ):
            assert type(other) is d.Point
            assert (other.number, other.excluded) == (2, "a")
            assert other == Tree(BASE) | {"workload": {**BASE["workload"], "alpha": 2}}
            assert type(other["workload"]) is Tree
            assert other["new"]["branch"] == {}
            del other["new"]
    assert type(Tree(design[0])) is Tree
    assert next(iter(design[0])) == (("topology", "name"), "GEANT")
    assert list(design[0].keys()) == [*BASE]


# Combining.


def test_concat_keeps_equal_points_and_union_does_not() -> None:
    one = d.product(BASE, {"workload.alpha": [1, 2, 3]}, where={"small": "alpha < 3"})
    two = d.product(BASE, {"workload.alpha": [3, 4, 2]}, where={"small": "alpha < 4"})
    both = d.concat(one, two)
    assert [point["workload"]["alpha"] for point in both] == [1, 2, 3, 3, 4, 2]
    assert [point.number for point in both] == [1, 2, 3, 4, 5, 6]
    assert [point.excluded for point in both] == [None, None, "small", None, "small", None]
    assert [both.index(point) for point in both] == [0, 1, 2, 2, 4, 1]
    assert [both[::-1].index(point) for point in both[::-1]] == [0, 1, 2, 2, 0, 5]
    assert both.counts() == d.Counts(6, 4, {"small": d.Excluded(2, 2)})
    assert [one.name for one in both.constraints] == ["small"]
    # Of equal points the one that is admitted stays.
    joined = d.union(one, two)
    assert [point["workload"]["alpha"] for point in joined] == [1, 2, 3, 4]
    assert [point.number for point in joined] == [1, 2, 3, 4]
    assert [point.excluded for point in joined] == [None, None, None, "small"]
    assert [joined.index(point) for point in joined] == [0, 1, 2, 3]
    with pytest.raises(DesignError) as refused:
        d.union(one, [1], {"a": 1})
    assert refused.value.problems == [
        "union[1]: should be a design, found [1]",
        "union[2]: should be a design, found {'a': 1}",
    ]
    with pytest.raises(DesignError, match="concat: should be given at least one design"):
        d.concat()
    with pytest.raises(DesignError, match="concat takes any number"):
        d.union(d.product({}, {"a.x": d.range(1, 10**9)}))


INNER = {
    "product": lambda: d.product(
        {"workload": {"n": 10}},
        {"workload.alpha": [1, 2], "cache.size": [5, 6, 7]},
        derive={"workload.n_warmup": "10 * n"},
        where={"inner": "alpha * size != 12"},
    ),
    "numbered": lambda: d.product(
        {"workload": {"n": 10}},
        {"workload.alpha": [1, 2], "cache.size": [5, 6, 7]},
        derive={"workload.number": "_i"},
        where={"inner": "_i % 3 != 1"},
    ),
    "whole": lambda: d.product(
        {},
        {"workload.alpha": [1, 2], "cache.size": [5, 6, 7]},
        where={
            "inner": lambda experiment: len(experiment) == 2 and experiment["cache"]["size"] > 5
        },
    ),
    "slice": lambda: INNER["product"]()[1:5],
    "admitted": lambda: INNER["product"]().admitted(),
    "concat": lambda: d.concat(INNER["product"](), d.product({"cache": {"kind": "A"}}, {"x": [1]})),
    "union": lambda: d.union(INNER["product"](), INNER["product"]()),
    "cover": lambda: d.cover({"cache": {"kind": "A"}}, {"workload.alpha": [1, 2], "x.y": [1, 2]}),
    "product of products": lambda: d.product({}, INNER["numbered"](), {"x.y": [1, 2]}),
}


@pytest.mark.parametrize("name", INNER)
def test_designs_are_factors_of_products(name: str) -> None:
    inner = INNER[name]()
    outer = d.product(
        BASE,
        {"topology.name": ["A", "B"]},
        inner,
        {"topology.k": [1, 2, 3]},
        derive={"workload.total": "k + 1"},
        where={"outer": "k != 2 or topology_name == 'A'"},
    )
    expected = []
    for a, point, k in itertools.product("AB", inner, (1, 2, 3)):
        tree = Tree(copy.deepcopy(BASE))
        for path, value in point:
            tree.setval(path, value)
        tree["topology"].update({"name": a, "k": k})
        tree["workload"]["total"] = k + 1
        excluded = point.excluded or ("outer" if k == 2 and a == "B" else None)
        expected.append((tree, excluded))
    assert [(point, point.excluded) for point in outer] == expected
    assert [outer.index(tree) for tree, _ in expected] == list(range(len(outer)))
    admitted = [tree for tree, excluded in expected if excluded is None]
    assert outer.counts().admitted == len(admitted)
    assert list(outer.admitted()) == admitted
    check_sections(outer)


def test_constraints_read_what_points_have() -> None:
    some = d.concat(d.product({}, {"workload.alpha": [1]}), d.product({}, {"x.y": [1]}))
    design = d.product({"workload": {"alpha": 9}}, some, where={"a": "alpha < 5"})
    assert [(p["workload"]["alpha"], p.excluded) for p in design] == [(1, None), (9, "a")]
    with pytest.raises(DesignError, match=r"where.q: q has no value here, at point 1"):
        d.product({"strategy": {"q": 1}}, {"strategy": SECTIONS}, where={"q": "q == 1"})
    deep = d.zip({"s": [{"t": {"u": 1}}, {"t": {"u": 2}}], "s.t": [{"u": 5}, {"u": 6}]})
    design = d.product({}, deep, where={"five": "u == 5"})
    assert [(p["s"]["t"]["u"], p.excluded) for p in design] == [(5, None), (6, "five")]


def test_a_design_that_is_a_factor_keeps_what_it_rests_on() -> None:
    inner = d.concat(INNER["product"](), INNER["product"]())
    with pytest.raises(DesignError) as refused:
        d.product(
            {}, inner, {"workload.n": [1, 2], "workload.alpha": [1]}, where={"inner": "1 < 2"}
        )
    assert refused.value.problems == [
        "axes.workload.alpha: it is given twice",
        "axes.workload.n: a design that is a factor reads it in its own constraints or derived "
        "parameters",
        "where.inner: a design that is a factor has a constraint of this name",
    ]
    with pytest.raises(DesignError, match=r"where.inner: 2 designs that are factors have it"):
        d.product(
            {}, INNER["product"](), d.concat(d.product({}, {"q.r": [1]}, where={"inner": "r"}))
        )
    # A product as a factor is taken in with its rules, which see what the whole writes.
    outer = d.product({}, INNER["product"](), {"workload.n": [1, 2]})
    assert {(p["workload"]["n"], p["workload"]["n_warmup"]) for p in outer} == {(1, 10), (2, 20)}


# Sections.


def check_sections(design: Any) -> None:
    points = list(design)
    for name, values in design.sections().items():
        found = [point.get(name) for point in points]
        assert values is not None
        assert len(values) == len({digest(value) for value in found})
        for value, first, admitted in values:
            places = [i for i, one in enumerate(found) if one == value]
            assert first == places[0]
            assert admitted == next((i for i in places if not points[i].excluded), None)
    names = list(design.sections())
    for pair in itertools.pairwise(names):
        combinations = {digest([point.get(name) for name in pair]) for point in points}
        occurrences = design.occurrences(*pair)
        assert {
            digest([points[one.first].get(n) for n in pair]) for one in occurrences
        } == combinations
        for one in occurrences:
            assert one.admitted is None or not points[one.admitted].excluded
        by_key: dict[Any, str] = {}
        for i, point in enumerate(points):
            content = digest([point.get(name) for name in pair])
            assert by_key.setdefault(design.section_key(i, *pair), content) == content


@settings(max_examples=30)
@given(factors(), st.sampled_from([None, "_i % 3 != 1", "strategy_name != 'LCE'", "alpha != 3"]))
def test_sections_are_told_with_the_first_points_that_have_them(
    given: list[Any], rule: str | None
) -> None:
    base = {"strategy": {"name": "X"}, "workload": {"alpha": 1}}
    where = None if rule is None else {"rule": rule}
    design = d.product(base, *given, where=where, derive={"workload.b": "alpha * 2"})
    check_sections(design)
    check_sections(design[1::2])
    never = d.product({"workload": {"alpha": 7}}, where={"no": "1 > 2"})
    check_sections(d.concat(never, design[2:], design))


def test_sections_with_too_many_values_are_not_told() -> None:
    design = d.product(BASE, {"a.x": d.range(1, 1000), "a.y": d.range(1, 1000), "b.z": [1, 2]})
    sections = design.sections()
    assert sections["a"] is None
    assert [value.value["z"] for value in sections["b"]] == [1, 2]
    assert design[5:].sections()["b"] is None


# What is said of a design.


def test_a_design_describes_itself() -> None:
    design = d.product(
        BASE,
        {"strategy.name": ["LCE", "LCD"], "workload.alpha": d.range(1, 9)},
        d.zip({"topology.name": ["A", "B"], "workload.rate": [1.0, 2.0]}),
        d.lhs({"a.x": (0, 1), "a.y": (0, 1)}, 4, round=0.5),
        where={"small": "alpha < 9", "either": lambda alpha, rate: alpha * rate < 18},
    )
    assert design.axes[1] == d.AxisInfo(
        "workload.alpha", ("workload.alpha",), 9, "range", "1, 2, 3, 4, 5, ..., 9"
    )
    assert design.axes[2].paths == ("topology.name", "workload.rate")
    assert design.constraints == (
        d.Constraint("small", "alpha < 9"),
        d.Constraint("either", "<lambda>"),
    )
    text = "\n".join(design.describe())
    assert "points:        144" in text
    assert "admitted:      128" in text
    assert "  strategy.name                 2 (choice): LCE, LCD\n" in text
    assert "  topology.name, workload.rate  2 (zip): A, B; 1, 2\n" in text
    assert "  small: 16" in text
    assert "  either: 0 (8 in all)" in text
    assert repr(design).startswith("<Design of 144 points: strategy.name (2), workload.alpha (9), ")


def test_parts_that_do_not_exist_are_refused() -> None:
    design = d.product(BASE, {"workload.alpha": [1, 2]})
    assert len(design[5:]) == 0
    assert design[5:].counts() == d.Counts(0, 0)
    assert design[5:].sections()["workload"] == []
    assert d.product({}, design[5:], {"a.b": [1]}).counts() == d.Counts(0, 0)
    with pytest.raises(IndexError, match="no point 2 in a design of 2"):
        design[2]
    for n, seed in ((-1, 1), (1.5, 1), (1, -1)):
        with pytest.raises(DesignError, match=r"sample: (n|seed) should be a whole number from 0"):
            design.sample(n, seed)
    assert len(design.sample(0)) == 0
    for k, n in ((0, 2), (3, 2), (1, 0)):
        with pytest.raises(DesignError, match=f"shard: should be one of 1/N to N/N, found {k}/{n}"):
            design.shard(k, n)
    with pytest.raises(ValueError, match="no such point"):
        design.index({"workload": {"alpha": 3}})
    with pytest.raises(ValueError, match="no such point"):
        design.index(design[1], 0, 1)
    with pytest.raises(SettingsError, match="base: should be a tree of sections, found 3"):
        d.product(3)


def test_derived_parameters_are_told():
    def more(p):
        return p + 1

    inner = d.product({"w": {"name": "A"}}, {"w.alpha": [1, 2]}, derive={"w.n": "2 * alpha"})
    outer = d.product({"s": 1}, {"p": [1, 2]}, inner, derive={"q": more})
    both = [("w.n", "2 * alpha"), ("q", "more")]
    for design in (outer, d.concat(inner, outer), outer.shard(1, 2)):
        assert [(one.path, one.text) for one in design.derived] == both
        lines = design.describe()
        place = lines.index("derived:")
        assert lines[place + 1 : place + 3] == ["  w.n = 2 * alpha", "  q = more"]
    assert d.product({}, {"p": [1]}).derived == ()
