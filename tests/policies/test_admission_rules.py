"""Rules of admission that settings choose by name, around LRU: call by call against their twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins.sized_builders import build_score_twin

from icarus.compiler.jit import generic_entry_point
from icarus.policies.admission import NAMED_RULES, AdmittedCaches, conformed_insert, new_rule
from icarus.policies.cache_objects import CacheObjects
from icarus.policies.lru import LruCache, LruCaches
from icarus.policies.room import Room
from icarus.policies.units import victims_of

N_CONTENTS = 14
DRAWING = ("SIZE_PROBABILITY", "ADAPTSIZE", "TINYLFU")

RULES: list[dict[str, Any]] = [
    {"name": "SIZE", "max": 5},
    {"name": "SIZE_PROBABILITY", "c": 0.2},
    {"name": "SECOND_HIT"},
    {"name": "SECOND_HIT", "memory": 3},
    {"name": "ADAPTSIZE", "period": 20},
    {"name": "TINYLFU", "contents": 3},
    {"name": "TINYLFU", "contents": 4, "sketch": "exact"},
]
CASES = [pytest.param(rule, id="-".join(map(str, rule.values()))) for rule in RULES]


@st.composite
def requests(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return contents that are looked up, and put if they are missing; and how much each takes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    popularity = 1 / np.arange(1, N_CONTENTS + 1) ** draw(st.sampled_from([0.0, 0.9]))
    n = draw(st.integers(1, 250))
    contents = rng.choice(N_CONTENTS, n, p=popularity / popularity.sum())
    return contents, rng.integers(1, draw(st.sampled_from([2, 8, 20])), N_CONTENTS)


def seeded(rule: dict[str, Any]) -> dict[str, Any]:
    seed = {"seed": np.random.default_rng(7)} if rule["name"] in DRAWING else {}
    return {**rule, **seed}


def misses_of_twin(
    rule: dict[str, Any], capacity: int, contents: np.ndarray, sizes: np.ndarray
) -> tuple[list[bool], list[Any], list[int]]:
    """Return what was missed, what was evicted, and what is there at last."""
    twin = build_score_twin("LRU", {"admission": rule}, capacity, [], np.random.default_rng(7))
    missed, evicted = [], []
    for k in contents.tolist():
        missed.append(not twin.get(k))
        if missed[-1]:
            evicted += twin.put(k, int(sizes[k]))
    return missed, evicted, [int(k) for k in twin.dump()]


def _replay(state, contents, sizes, missed, evicted, n_evicted):
    for i in range(len(contents)):
        content = contents[i]
        state.set_size(sizes[content])
        missed[i] = not state.get(0, content)
        if missed[i]:
            last = state.put(0, content)
            measure = state.measure()
            for place in range(measure.n_gone(last)):
                evicted[n_evicted[0]] = measure.gone(place, last)
                n_evicted[0] += 1


@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize("rule", CASES)
def test_objects_do_what_the_twin_does(rule, unit):
    @settings(max_examples=8, deadline=None)
    @given(requests=requests(), capacity=st.integers(1, 40))
    def compare(requests, capacity):
        contents, sizes = requests
        sizes = sizes if unit == "bytes" else np.ones_like(sizes)
        inside = LruCache(capacity)
        if unit == "bytes":
            inside = inside.in_bytes()
        state = AdmittedCaches(CacheObjects([inside]), new_rule(inside.room, seeded(rule)))
        missed, evicted = [], []
        for k in contents.tolist():
            state.set_size(int(sizes[k]))
            missed.append(not state.get(0, k))
            if missed[-1]:
                evicted += victims_of(state.measure(), state.put(0, k))
        expected = misses_of_twin(rule, capacity, contents, sizes)
        assert (missed, evicted, inside.dump()) == expected

    compare()


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize("rule", CASES)
def test_states_do_what_the_twin_does(rule, unit, compiled):
    replay = generic_entry_point(_replay) if compiled else _replay

    @settings(max_examples=200 if compiled else 15, deadline=None)
    @given(requests=requests(), capacity=st.integers(1, 40))
    def compare(requests, capacity):
        contents, sizes = requests
        sizes = sizes if unit == "bytes" else np.ones_like(sizes)
        room = Room([capacity], range(N_CONTENTS), unit == "bytes")
        state = AdmittedCaches(LruCaches.new(room), new_rule(room, seeded(rule)))
        state = state.reserve(len(contents))
        missed = np.zeros(len(contents), bool)
        evicted, n_evicted = np.zeros(20 * len(contents), np.int64), np.zeros(1, np.int64)
        replay(state, contents, sizes, missed, evicted, n_evicted)
        gone = [int(one) for one in evicted[: n_evicted[0]] if one >= 0]
        found = missed.tolist(), gone, [int(k) for k in state.dump(0)]
        assert found == misses_of_twin(rule, capacity, contents, sizes)

    compare()


@pytest.mark.parametrize("rule", CASES)
def test_a_cache_that_is_cleared_asks_its_rule_as_a_new_one_does(rule):
    room = Room([5, 5], range(N_CONTENTS), True)
    contents = np.random.default_rng(3).integers(N_CONTENTS, size=80)
    sizes = np.arange(1, N_CONTENTS + 1) // 3 + 1
    state = AdmittedCaches(LruCaches.new(room), new_rule(room, seeded(rule))).reserve(400)
    for k in contents.tolist():
        for cache in (0, 1):
            state.set_size(int(sizes[k]))
            if not state.get(cache, k):
                state.put(cache, k)
    state.clear(0)
    others = state.dump(1)
    if rule["name"] in DRAWING:
        rule = {**rule, "seed": state.rule.rng}
        # The draws of the cache that is cleared go on where they are.
        draws = np.random.default_rng()
        draws.bit_generator.state = state.rule.rng.bit_generator.state
        rule["seed"] = draws
    fresh = AdmittedCaches(LruCaches.new(room), new_rule(room, rule)).reserve(400)
    for k in contents.tolist():
        for one in (state, fresh):
            one.set_size(int(sizes[k]))
        found = state.get(0, k)
        assert found == fresh.get(0, k)
        if not found:
            assert state.put(0, k) == fresh.put(0, k)
        assert state.dump(0) == fresh.dump(0)
    assert state.dump(1) == others


@pytest.mark.parametrize(
    ("given_value", "problem"),
    [
        ({"name": "SIZES"}, ("name", "unknown rule 'SIZES'; did you mean 'SIZE'?")),
        ({"name": "SIZE"}, ("max", "is missing: SIZE needs it")),
        ({"name": "SIZE", "max": 0}, ("max", "should be greater than 0, found 0")),
        (
            {"name": "PROBABILITY", "p": 0.5, "k": 2},
            ("k", "unknown parameter of insertion by 'PROBABILITY'; known: p, seed"),
        ),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(given_value, problem):
    assert conformed_insert(given_value)[1] == [problem]


def test_rules_are_chosen_by_name_as_by_their_parameter():
    for by_name, by_parameter in (
        ({"name": "PROBABILITY", "p": 0.5}, {"p": 0.5}),
        ({"name": "SECOND_HIT", "memory": 7.0}, {"name": "SECOND_HIT", "memory": 7}),
    ):
        conformed, problems = conformed_insert(by_name)
        assert problems == []
        of_name = new_rule(Room([1], range(5)), conformed)
        assert type(of_name) is type(new_rule(Room([1], range(5)), by_parameter))
    assert {"PROBABILITY", *(rule["name"] for rule in RULES)} == set(NAMED_RULES)
