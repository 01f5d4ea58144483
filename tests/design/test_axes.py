"""Axes: the values they have, and how they say what is wrong."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus import design as d
from icarus.errors import DesignError


def values(axis: Any, path: str = "workload.alpha", seed: int = 1) -> list[Any]:
    design = d.product({}, {path: axis}, seed=seed)
    return [point.getval(path.split(".")) for point in design]


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (d.range(0, 5, 2), [0, 2, 4]),
        (d.range(0, 6, 2), [0, 2, 4, 6]),
        (d.range(5, 0, -2), [5, 3, 1]),
        (d.range(3, 3), [3]),
        (d.range(0, 1, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (d.range(0.1, 0.35, 0.1), [0.1, 0.2, 0.3]),
        (d.range(1e-3, 3e-3, 1e-3), [0.001, 0.002, 0.003]),
        (d.linspace(0.6, 1.2, 4), [0.6, 0.8, 1.0, 1.2]),
        (d.linspace(1, 0, 3), [1.0, 0.5, 0.0]),
        (d.linspace(2, 2, 1), [2.0]),
        (d.linspace(0, 10, 4, round=1), [0, 3, 7, 10]),
        (d.linspace(0.4, 9.6, 3, round=1), [1, 5, 9]),
        (d.linspace(0, 1, 4, round=0.25), [0.0, 0.25, 0.75, 1.0]),
        (d.logspace(0.001, 10, 5), [0.001, 0.01, 0.1, 1.0, 10.0]),
        (d.logspace(100, 1, 3), [100.0, 10.0, 1.0]),
        (d.logspace(1, 10, 10, round=1), [1, 2, 3, 4, 5, 6, 8, 10]),
        (d.choice(["a", "b"]), ["a", "b"]),
        (("a", 1, None, 0.5, True), ["a", 1, None, 0.5, True]),
        (np.array([1, 2]), [1, 2]),
        ([np.float64(0.5), np.int32(3), np.str_("a")], [0.5, 3, "a"]),
    ],
)
def test_values_are_as_one_would_write_them(axis: Any, expected: list[Any]) -> None:
    found = values(axis)
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


@given(st.decimals(-100, 100, places=2), st.decimals("0.01", 10, places=2), st.integers(0, 50))
def test_ranges_reach_the_end_and_never_overshoot(start: Any, step: Any, steps: int) -> None:
    start, step = float(start), float(step)
    for stop in (start + steps * step, round(start + steps * step, 2)):
        found = values(d.range(start, round(stop, 2), step))
        assert len(found) == steps + 1
        assert found[-1] == round(stop, 2)
        assert found == [round(start + k * step, 2) for k in range(steps + 1)]


SAMPLED = {
    "uniform": lambda n: d.uniform(2, 8, n),
    "loguniform": lambda n: d.loguniform(2, 8, n),
    "normal": lambda n: d.normal(5, 1, n, lo=2, hi=8),
    "rounded uniform": lambda n: d.uniform(0, 1e6, n, round=1),
    "rounded loguniform": lambda n: d.loguniform(1, 1e9, n, round=1),
    "rounded normal": lambda n: d.normal(0, 1, n, round=0.0001),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_draws_depend_on_seed_and_name_and_on_nothing_else(name: str) -> None:
    axis = SAMPLED[name]
    drawn = values(axis(10))
    assert values(axis(10)) == drawn
    assert len(set(drawn)) == 10
    # The first are the same however many are wanted.
    assert values(axis(20))[:10] == drawn
    assert values(axis(10), seed=2) != drawn
    assert values(axis(10), path="workload.beta") != drawn
    beside = d.product(
        {}, {"a.b": d.uniform(0, 1, 3), "workload.alpha": axis(10), "c.d": SAMPLED["normal"](2)}
    )
    assert [beside[2 * k]["workload"]["alpha"] for k in range(10)] == drawn
    assert all(type(one) in (int, float) for one in drawn)


def test_drawn_values_are_distributed_as_they_should_be() -> None:
    uniform = values(d.uniform(2, 8, 2000))
    assert all(2 <= one <= 8 for one in uniform)
    assert statistics.mean(uniform) == pytest.approx(5, abs=0.15)
    logarithms = [math.log10(one) for one in values(d.loguniform(0.01, 100, 2000))]
    assert all(-2 <= one <= 2 for one in logarithms)
    assert statistics.mean(logarithms) == pytest.approx(0, abs=0.1)
    assert statistics.stdev(logarithms) == pytest.approx(4 / math.sqrt(12), abs=0.05)
    normal = values(d.normal(5, 2, 2000))
    assert statistics.mean(normal) == pytest.approx(5, abs=0.2)
    assert statistics.stdev(normal) == pytest.approx(2, abs=0.15)


def test_rounded_uniform_values_have_equal_chances() -> None:
    # Of 4 values 3 are drawn: each is left out as often as the others.
    left_out = [
        ({0, 1, 2, 3} - set(values(d.uniform(0, 3.4, 3, round=1), seed=seed))).pop()
        for seed in range(400)
    ]
    assert all(70 < left_out.count(one) < 130 for one in range(4))
    assert sorted(values(d.uniform(0.5, 4.4, 4, round=1))) == [1, 2, 3, 4]
    assert all(type(one) is int for one in values(d.normal(100, 20, 10, round=1)))


def test_a_latin_hypercube_has_one_point_in_each_slice_of_each_axis() -> None:
    cube = d.lhs(
        {"a.x": (0, 10), "b.y": (1, 10_000), "b.n": (0, 50)}, 50, log="b.y", round={"b.n": 1}
    )
    design = d.product({}, cube, {"c.z": [1, 2]})
    assert len(design) == 100
    points = list(design[::2])
    assert sorted(int(point["a"]["x"] * 5) for point in points) == list(range(50))
    assert sorted(int(math.log10(point["b"]["y"]) * 12.5) for point in points) == list(range(50))
    assert all(type(point["b"]["n"]) is int and 0 <= point["b"]["n"] <= 50 for point in points)
    again = d.product(
        {}, d.lhs(dict(reversed(cube.bounds.items())), 50, log=["b.y"], round={"b.n": 1})
    )
    assert list(again) == [{key: point[key] for key in ("a", "b")} for point in points]
    assert list(d.product({}, cube, seed=2)) != list(again)


WRONG = [
    ({"a.b": 0.8}, "axes.a.b: should be a list of values or an axis, found 0.8"),
    ({"a.b": "LCE"}, "axes.a.b: should be a list of values or an axis, found 'LCE'"),
    ({"a.b": {"x": 1}}, "axes.a.b: should be a list of values or an axis, found {'x': 1}"),
    ({"a.b": []}, "axes.a.b: a list without values"),
    ({"a.b": [0.8, 1, 0.8]}, "axes.a.b: 0.8 is in it twice"),
    ({"a.b": [1, 1.0]}, "axes.a.b: 1 is in it twice"),
    ({"a.b": [{"x": 1}, {"x": 1.0}]}, "axes.a.b: Tree({'x': 1}) is in it twice"),
    ({"a.b": np.zeros((2, 2))}, "axes.a.b: should be a list of values, found an array of 2 dim"),
    ({"a.b": d.range(0, 5, 0)}, "axes.a.b: range: step should not be 0"),
    ({"a.b": d.range(0, 5, -1)}, "axes.a.b: range: no step of -1 leads from 0 to 5"),
    ({"a.b": d.range("a", 5)}, "axes.a.b: range: start should be a number, found 'a'"),
    ({"a.b": d.range(0, math.inf)}, "axes.a.b: range: stop should be a number, found inf"),
    ({"a.b": d.linspace(0, 1, 0)}, "axes.a.b: linspace: n should be a whole number from 1 up"),
    ({"a.b": d.linspace(0, 1, 2.5)}, "axes.a.b: linspace: n should be a whole number from 1 up"),
    ({"a.b": d.linspace(0, 1, 1)}, "axes.a.b: linspace: 1 value cannot be both 0 and 1"),
    (
        {"a.b": d.logspace(0, 1, 3)},
        "axes.a.b: logspace: lo and hi should be above 0, found 0 and 1",
    ),
    ({"a.b": d.logspace(1, 2, 10**6)}, "axes.a.b: logspace: n should be at most 100,000"),
    ({"a.b": d.uniform(1, 0, 3)}, "axes.a.b: uniform: lo should be below hi, found 1 and 0"),
    ({"a.b": d.uniform(1, 2, 3, round=0)}, "axes.a.b: uniform: round should be a number above 0"),
    (
        {"a.b": d.uniform(1, 4, 3, round=5)},
        "axes.a.b: uniform: round: there is no multiple of 5 from 1",
    ),
    ({"a.b": d.uniform(0, 2, 4, round=1)}, "axes.a.b: uniform: 3 different values, 4 asked for"),
    ({"a.b": d.loguniform(0, 2, 4)}, "axes.a.b: loguniform: lo should be above 0, found 0"),
    ({"a.b": d.normal(0, 0, 4)}, "axes.a.b: normal: sd should be above 0, found 0"),
    ({"a.b": d.normal(0, True, 4)}, "axes.a.b: normal: sd should be a number, found True"),
    ({"a.b": d.normal(0, 1, 2, lo=50)}, "axes.a.b: normal: 0 different values, 2 asked for"),
    ({"a.b": d.lhs({"x": (0, 1)}, 3)}, "axes.a.b: lhs has paths of its own; give it beside"),
    (d.lhs({"a.b": (1, 0)}, 3), "axes.a.b: lhs: lo should be below hi, found 1 and 0"),
    (d.lhs({"a.b": 3}, 3), "axes.a.b: lhs: should be (lo, hi), found 3"),
    (d.lhs({"a.b": (0, 1)}, 3, log="a.b"), "axes.a.b: lhs: lo should be above 0, found 0"),
    (d.lhs({"a.b": (0, 1)}, 3, log="a.c"), "axes: lhs: log: a.c is none of its axes"),
    (d.lhs({}, 3), "axes: lhs: should be a mapping of paths to (lo, hi), found {}"),
    ({"a..b": [1]}, "axes: should be a path such as 'workload.alpha', found 'a..b'"),
    ({3: [1]}, "axes: should be a path such as 'workload.alpha', found 3"),
    ([1, 2], "axes: should be a mapping of paths to values, found [1, 2]"),
    (d.zip({}), "axes: should be a mapping of paths to values, found {}"),
    (
        d.zip({"a.b": [1, 2], "a.c": [1]}),
        "zipped axes need as many values each: a.b has 2, a.c has 1",
    ),
]


@pytest.mark.parametrize(("factor", "problem"), WRONG, ids=[text for _, text in WRONG])
def test_what_is_wrong_is_said_with_its_place(factor: Any, problem: str) -> None:
    with pytest.raises(DesignError) as refused:
        d.product({}, factor)
    assert len(refused.value.problems) == 1
    assert problem in refused.value.problems[0]


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(DesignError) as refused:
        d.product(
            {"topology": "GEANT"},
            {"a.b": d.range(0, 5, 0), "topology.name": ["WIDE"]},
            {"a.c": 3, "a.d": [1]},
            {"a.d": [2]},
            derive={"a.d": "2", "x.y": "10 * alhpa", "a.": "1"},
            where={"small": "n_content < 3", "odd": 7, "hostile": "9**9**9**9 > d.__class__"},
            seed=-1,
        )
    assert refused.value.problems == [
        "seed: should be a whole number from 0 up, found -1",
        "axes.a.b: range: step should not be 0",
        "axes.a.c: should be a list of values or an axis, found 3",
        "axes.a.d: it is given twice",
        "axes.topology.name: topology is 'GEANT' in base, and no section",
        "derive.a.d: it is an axis, which cannot be derived",
        "derive.x.y: unknown name 'alhpa'; known: d, name, topology, y",
        "derive.a.: should be a path such as 'workload.alpha', found 'a.'",
        "where.small: unknown name 'n_content'; known: d, name, topology, y",
        "where.odd: should be an expression or a function, found 7",
        "where.hostile: attributes cannot be used in expressions",
    ]
