"""Policies that count contents or bytes, call by call against their slow twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies.calls_of_caches import (
    CAPACITIES,
    N_CONTENTS,
    asked_of_object,
    asked_of_state,
    asked_of_twin,
    calls,
    given_to,
)
from twins import SIZED_TWINS
from twins.sized_builders import SCORE_TWINS

from icarus.compiler.jit import generic_entry_point
from icarus.policies.cache import can_count_bytes
from icarus.policies.room import Room
from icarus.policies.units import victims_of
from icarus.registry import CACHE_POLICY

TWINS: dict[str, Any] = {
    **SIZED_TWINS,
    **{name: SCORE_TWINS[name] for name in ("LIRS", "W_TINYLFU")},
}

PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "ARC": [{}, {"integer_step": True}],
    "CLOCK": [{}, {"bits": 2}, {"bits": 3, "initial": 2}],
    "CLOCK2Q_PLUS": [{"small": 0.3}, {"small": 0.5, "ghost": 0.3}],
    "LIRS": [{}, {"hot": 0.6, "nonresident": 0.5}],
    "K_LRU": [{}, {"k": 1}, {"k": 3, "names": 12}],
    "QD_LP_FIFO": [{"small": 0.3}, {"small": 0.5, "ghost": 0.3}],
    "S3_FIFO": [
        {"small": 0.3},
        {"small": 0.2, "ghost": 0.5, "threshold": 1},
        {"small": 0.5, "threshold": 5},
        {"variant": "paper"},
        {"small": 0.4, "threshold": 1, "variant": "paper"},
    ],
    "S4LRU": [{}, {"segments": 1}, {"segments": 3}],
    "TWO_Q": [{}, {"in": 0.5, "out": 0.3}],
    "W_TINYLFU": [
        {"contents": 12},
        {"contents": 5, "window": 0.3, "protected": 0.5, "sketch": "exact"},
        {"contents": 3, "window": 0.2, "adaptive": True},
        {"contents": 2, "window": 0.4, "protected": 0.6, "sketch": "exact", "adaptive": True},
        {"contents": 514, "window": 0.4, "protected": 0.6, "adaptive": True},
    ],
}
"""What to try of each policy beside its defaults alone."""

CASES = [
    pytest.param(policy, parameters, id=f"{policy}-{parameters}")
    for policy in sorted(TWINS)
    # The twin of RAND numbers places in another way, and its draws mean others.
    if policy != "RAND" and can_count_bytes(CACHE_POLICY[policy])
    for parameters in PARAMETERS.get(policy, [{}])
]


@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_policies_do_what_their_twins_do(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"

    @settings(max_examples=12, deadline=None)
    @given(calls=calls(), capacity=CAPACITIES)
    def compare(calls, capacity):
        twin = TWINS[policy](capacity, **given_to(policy, parameters))
        cache = component(capacity, **given_to(policy, parameters))
        if in_bytes:
            cache = cache.in_bytes()
        for call in calls:
            size = call.size if in_bytes else 1
            expected = asked_of_twin(twin, policy, call, size)
            assert asked_of_object(cache, call, size, in_bytes) == expected, call
            for k in range(N_CONTENTS):
                assert cache.has(k) == twin.has(k)
            assert len(cache) == len(twin.sizes)

    compare()


@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_items_of_another_size_take_as_much_as_with_their_twins(policy, parameters):
    component: Any = CACHE_POLICY[policy]

    @settings(max_examples=8, deadline=None)
    @given(calls=calls(), capacity=CAPACITIES)
    def compare(calls, capacity):
        twin = TWINS[policy](capacity, **given_to(policy, parameters))
        cache = component(capacity, **given_to(policy, parameters)).in_bytes()
        for call in calls:
            expected = asked_of_twin(twin, policy, call, call.size)
            assert asked_of_object(cache, call, call.size, in_bytes=True) == expected, call
            if cache._state.differs(0, call.content):
                evicted = cache._state.update(0, call.content)
                assert victims_of(cache._state.measure(), evicted) == twin.resize_item(
                    call.content, call.size
                )
            assert cache.dump() == twin.dump()

    compare()


@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_caches_that_share_a_state_do_so_too(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"

    @settings(max_examples=6, deadline=None)
    @given(calls=calls(), capacities=st.lists(CAPACITIES, min_size=3, max_size=3))
    def compare(calls, capacities):
        shared = given_to(policy, parameters)
        twins = [TWINS[policy](capacity, **shared) for capacity in capacities]
        settled = component.settled((), given_to(policy, parameters))
        room = Room(capacities, range(N_CONTENTS), in_bytes)
        state = component.definition.new(room, **settled)
        for place, call in enumerate(calls):
            if place % 5 == 0:
                state = state.reserve(5)
            cache = (call.content + place) % 3
            size = call.size if in_bytes else 1
            expected = asked_of_twin(twins[cache], policy, call, size)
            assert asked_of_state(state, cache, call, size) == expected, call

    compare()


def _apply(state, kinds, contents, sizes, answers, victims, n_victims):
    n_noted = 0
    for i in range(len(kinds)):
        content = contents[i]
        state.set_size(sizes[i])
        if kinds[i] == 0:
            answers[i] = state.get(0, content)
        elif kinds[i] == 1:
            evicted = state.put(0, content)
            measure = state.measure()
            for place in range(measure.n_gone(evicted)):
                victims[n_noted] = measure.gone(place, evicted)
                n_noted += 1
        else:
            answers[i] = state.remove(0, content)
        n_victims[i] = n_noted


@pytest.mark.exhaustive
@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_compiled_policies_do_what_their_twins_do(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"
    compiled = generic_entry_point(_apply)

    @settings(max_examples=200, deadline=None)
    @given(calls=calls(), capacity=CAPACITIES)
    def compare(calls, capacity):
        twin = TWINS[policy](capacity, **given_to(policy, parameters))
        settled = component.settled((), given_to(policy, parameters))
        state = component.definition.new(Room([capacity], range(N_CONTENTS), in_bytes), **settled)
        state = state.reserve(len(calls))
        kinds = np.array([["get", "put", "remove"].index(call.method) for call in calls])
        contents = np.array([call.content for call in calls])
        sizes = np.array([call.size if in_bytes else 1 for call in calls])
        answers, n_victims = np.zeros(len(calls), bool), np.zeros(len(calls), np.int64)
        victims = np.zeros(len(calls) * N_CONTENTS, np.int64)
        compiled(state, kinds, contents, sizes, answers, victims, n_victims)
        noted = 0
        for place, call in enumerate(calls):
            expected = asked_of_twin(twin, policy, call, int(sizes[place]))
            found: Any = bool(answers[place])
            if call.method == "put":
                found = victims[noted : n_victims[place]].tolist()
            noted = int(n_victims[place])
            assert found == expected.value, call
        assert [int(one) for one in state.dump(0)] == expected.dump

    compare()
