"""Walks are nested loops over the options of their stages."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus import stages as s
from icarus.design.walks import beginning_of, stages_of
from icarus.errors import DesignError


def one(state, option, ctx): ...


def other(state, option, ctx): ...


def last(state, ctx): ...


def begin(ctx): ...


@given(st.lists(st.integers(1, 4), max_size=5))
def test_walks_are_nested_loops(sizes):
    names = [f"stage {place}" for place in range(len(sizes))]
    options = [
        [f"{name}, {i}" for i in range(size)] for name, size in zip(names, sizes, strict=True)
    ]
    parts = [s.stage(one, given_, name=name) for name, given_ in zip(names, options, strict=True)]
    walks = s.walks(*parts, s.stage(last))
    expected = [dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*options)]
    assert len(walks) == len(expected)
    assert [dict(walk["walk"].items()) for walk in walks] == expected
    assert [walks[i] for i in range(len(walks))] == list(walks)
    assert walks[-1] == walks[len(walks) - 1]
    assert walks[1:3] == list(walks)[1:3]
    assert [walk.number for walk in walks] == list(range(1, len(walks) + 1))


def test_three_to_the_fifth_times_two_squared():
    stages = [s.stage(one, [0, 1, 2], name=f"three {i}") for i in range(5)]
    stages += [s.stage(other, "ab", name=f"two {i}") for i in range(2)]
    walks = s.walks(*stages)
    assert len(walks) == 972
    assert len({repr(walk["walk"]) for walk in walks}) == 972


def test_what_is_left_out_says_why():
    walks = s.walks(
        s.stage(one, [1, 2, 3]),
        where=lambda options: "too many" if options["one"] == 3 else options["one"] == 2,
    )
    assert [walk.excluded for walk in walks] == [None, "where", "too many"]


def test_a_walk_knows_its_stages():
    walks = s.walks(s.stage(one, [1]), s.stage(last), start=begin)
    assert stages_of(walks[0]) == [("one", one), ("last", last)]
    assert walks[0]["stages"]["start"] is begin
    beginning = beginning_of(walks[0], 1)
    assert stages_of(beginning) == [("one", one)]
    assert beginning["stages"]["start"] is begin


def test_walks_do_not_share_their_options():
    options = [[1, 2]]
    walks = s.walks(s.stage(one, options))
    walks[0]["walk"]["one"].append(3)
    assert walks[0]["walk"]["one"] == [1, 2]
    assert options == [[1, 2]]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: s.walks(), "there is no stage"),
        (lambda: s.walks(one), "should be stages, made by icarus.stages.stage"),
        (lambda: s.walks(s.stage(one), s.stage(one)), "'one' is the name of several stages"),
        (lambda: s.walks(s.stage(one, name="start")), "'start' stands for how walks begin"),
        (lambda: s.stage(one, []), "an empty list of options leaves no walk"),
        (lambda: s.stage(lambda state, ctx: None), "should be a function that a module defines"),
        (lambda: s.stage(7), "should be a function that a module defines by def"),
        (lambda: s.walks(s.stage(one), start=lambda ctx: 1), "start: should be a function that"),
    ],
)
def test_mistakes(make, problem):
    with pytest.raises(DesignError, match=problem):
        make()
