"""Policies that count contents or bytes, call by call against their slow twins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import SIZED_TWINS
from twins.sized import SizedTwin

from icarus.compiler.jit import generic_entry_point
from icarus.policies.cache import can_count_bytes
from icarus.policies.room import Room
from icarus.policies.units import Whole, victims_of
from icarus.registry import CACHE_POLICY

N_CONTENTS = 16

PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "ARC": [{}, {"integer_step": True}],
    "CLOCK": [{}, {"bits": 2}, {"bits": 3, "initial": 2}],
    "CLOCK2Q_PLUS": [{"small": 0.3}, {"small": 0.5, "ghost": 0.3}],
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
}
"""What to try of each policy beside its defaults alone."""

OF_ONE_REQUEST = {"K_LRU"}
"""Policies whose twins are told the size when a content is looked up, too."""

CASES = [
    pytest.param(policy, parameters, id=f"{policy}-{parameters}")
    for policy in sorted(SIZED_TWINS)
    # The twin of RAND numbers places in another way, and its draws mean others.
    if policy != "RAND" and can_count_bytes(CACHE_POLICY[policy])
    for parameters in PARAMETERS.get(policy, [{}])
]


class Call(NamedTuple):
    """One call of a cache."""

    method: str
    content: int
    size: int


class Answer(NamedTuple):
    """All that can be seen of a cache after a call."""

    value: Any
    """What it returned; of ``put`` the victims, in order."""
    used: int
    dump: list[int]


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Return calls that fill a cache; some contents come back with other sizes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    methods = draw(st.sampled_from(["get put", "get put get put remove", "get get put put remove"]))
    popularity = 1 / np.arange(1, N_CONTENTS + 1) ** draw(st.sampled_from([0.0, 0.9]))
    most = draw(st.sampled_from([1, 6, 20]))
    sizes = rng.integers(1, most + 1, N_CONTENTS)
    changes = draw(st.booleans())
    made = []
    for _ in range(draw(st.integers(1, 250))):
        content = int(rng.choice(N_CONTENTS, p=popularity / popularity.sum()))
        if changes and rng.random() < 0.1:
            sizes[content] = rng.integers(1, most + 1)
        for method in methods.split() if rng.random() < 0.7 else [rng.choice(methods.split())]:
            made.append(Call(str(method), content, int(sizes[content])))
            if method == "remove" or rng.random() < 0.2:
                break
    return made


CAPACITIES = st.integers(1, 60)


def given_to(policy: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with a Generator of their own, where the policy draws."""
    seeded = "seed" in CACHE_POLICY[policy].settled((), parameters)  # type: ignore[attr-defined]
    return {**parameters, "seed": np.random.default_rng(7)} if seeded else parameters


def asked_of_twin(twin: SizedTwin, policy: str, call: Call, size: int) -> Answer:
    method, k, _ = call
    if method == "get" and policy in OF_ONE_REQUEST:
        value: Any = twin.get(k, size)  # type: ignore[call-arg]
    else:
        value = getattr(twin, method)(k, *([size] if method == "put" else []))
    return Answer(value, twin.used, twin.dump())


def asked_of_object(cache: Any, call: Call, size: int, in_bytes: bool) -> Answer:
    method, k, _ = call
    if in_bytes:
        cache.set_size(size)
    value = getattr(cache, method)(k)
    if method == "put":
        value = cache.victims(value)
    return Answer(value, cache.used(), cache.dump())


def asked_of_state(state: Any, cache: int, call: Call, size: int) -> Answer:
    state.set_size(size)
    value = getattr(state, call.method)(cache, call.content)
    if call.method == "put":
        value = [int(one) for one in victims_of(state.measure(), value)]
        value = [one for one in value if one >= 0]
    dump = [int(one) for one in state.dump(cache)]
    # Where only contents count, nobody adds up what they take.
    used = len(dump) if isinstance(state.measure(), Whole) else state.used(cache)
    return Answer(value, used, dump)


@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_policies_do_what_their_twins_do(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"

    @settings(max_examples=12, deadline=None)
    @given(calls=calls(), capacity=CAPACITIES)
    def compare(calls, capacity):
        twin = SIZED_TWINS[policy](capacity, **given_to(policy, parameters))
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


@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_caches_that_share_a_state_do_so_too(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"

    @settings(max_examples=6, deadline=None)
    @given(calls=calls(), capacities=st.lists(CAPACITIES, min_size=3, max_size=3))
    def compare(calls, capacities):
        shared = given_to(policy, parameters)
        twins = [SIZED_TWINS[policy](capacity, **shared) for capacity in capacities]
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
        twin = SIZED_TWINS[policy](capacity, **given_to(policy, parameters))
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
