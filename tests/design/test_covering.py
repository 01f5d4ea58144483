"""Covering designs: every combination of the values of any some axes that there can be."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus import design as d
from icarus.design import covering
from icarus.errors import DesignError

RULES = ["x0 != x1", "x1 < x2 or x0 == 0", "x2 + x3 != 2", "x3 == x4", "x0 + x1 + x2 > 1"]


def combinations(points: Any, paths: list[str], strength: int) -> set[Any]:
    return {
        tuple((path, point.getval(path.split("."))) for path in chosen)
        for point in points
        for chosen in itertools.combinations(paths, strength)
    }


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 4), min_size=5, max_size=5),
    st.integers(1, 3),
    st.lists(st.sampled_from(RULES), unique=True, max_size=3),
)
def test_every_combination_that_a_point_can_have_occurs(
    sizes: list[int], strength: int, rules: list[str]
) -> None:
    axes = {f"a.x{i}": list(range(n)) for i, n in enumerate(sizes)}
    options: Any = {"where": {rule: rule for rule in rules}}
    whole = d.product({}, axes, **options)
    design = d.cover({}, axes, strength=strength, **options)
    points = list(design)
    assert not any(point.excluded for point in points)
    assert all(point in whole for point in points)
    wanted = combinations(whole.admitted(), list(axes), strength)
    assert combinations(points, list(axes), strength) == wanted
    assert [point.number for point in points] == list(range(1, len(points) + 1))
    assert list(d.cover({}, axes, strength=strength, **options)) == points


def test_what_covertable_leaves_out_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "_MOST_ASKED", 300)
    axes = {f"a.x{i}": list(range(3)) for i in range(5)}
    options: Any = {"where": {rule: rule for rule in RULES[:3]}}
    wanted = combinations(d.product({}, axes, **options).admitted(), list(axes), 2)
    design = d.cover({}, axes, **options)
    assert combinations(design, list(axes), 2) == wanted
    assert len(design) < len(d.product({}, axes, **options).admitted())


def test_few_points_cover_many() -> None:
    axes = {f"a.x{i}": list(range(4)) for i in range(8)}
    pairs = d.cover({}, axes)
    # 16 are the least for any two axes alone; nested loops would have 65,536.
    assert 16 <= len(pairs) <= 40
    triples = d.cover({}, dict(itertools.islice(axes.items(), 5)), strength=3)
    assert 64 <= len(triples) <= 160


def test_zipped_and_sampled_axes_are_covered_too() -> None:
    design = d.cover(
        {"workload": {"n": 3}},
        {"a.x": d.uniform(0, 1, 3), "a.y": ["u", "v"]},
        d.zip({"b.x": [1, 2, 3], "b.y": [4, 5, 6]}),
        derive={"a.z": "n * y_b".replace("y_b", "b_y")},
        where={"not all": "not (a_y == 'u' and b_y == 6)"},
        seed=5,
    )
    assert 8 <= len(design) <= 12
    assert all(point["a"]["z"] == 3 * point["b"]["y"] for point in design)
    assert (
        design.axes[0].values == d.product({}, {"a.x": d.uniform(0, 1, 3)}, seed=5).axes[0].values
    )


def test_what_cannot_be_covered_is_refused() -> None:
    axes = {"a.x": [1, 2], "a.y": [1, 2]}
    for strength in (0, 3, 1.5):
        with pytest.raises(DesignError, match="strength: should be from 1 to 2 for 2 axes, found"):
            d.cover({}, axes, strength=strength)
    with pytest.raises(
        DesignError, match=r"strength: 1,000,000 combinations to cover; the most are"
    ):
        d.cover({}, {"a.x": d.range(1, 1000), "a.y": d.range(1, 1000)})
    with pytest.raises(DesignError, match=r"axes.a.x: a list without values"):
        d.cover({}, {"a.x": []})
    assert len(d.cover({}, axes, where={"never": "x > 2"})) == 0


def test_constraints_that_are_too_entangled_are_refused() -> None:
    """Whether some points exist is as hard as any puzzle; it is given up in bounded time."""
    axes = {f"a.x{i}": list(range(8)) for i in range(9)}
    pigeons = {f"{i} {j}": f"x{i} != x{j}" for i, j in itertools.combinations(range(9), 2)}
    with pytest.raises(DesignError, match="takes too long to find out which combinations"):
        d.cover({}, axes, strength=1, where=pigeons)
    queens = {
        f"{i} {j}": f"x{i} != x{j} and abs(x{i} - x{j}) != {j - i}"
        for i, j in itertools.combinations(range(6), 2)
    }
    board = {f"a.x{i}": list(range(6)) for i in range(6)}
    design = d.cover({}, board, strength=2, where=queens)
    assert math.prod([6] * 6) < 100_000
    assert len(d.product({}, board, where=queens).admitted()) == len(design) == 4
