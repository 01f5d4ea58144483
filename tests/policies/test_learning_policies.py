"""W_TINYLFU and LIRS in contents and in bytes, call by call against their slow twins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins.sized_builders import SCORE_TWINS

from icarus.compiler.jit import generic_entry_point
from icarus.policies.room import Room
from icarus.policies.units import victims_of
from icarus.registry import CACHE_POLICY

N_CONTENTS = 16
CAPACITIES = st.integers(1, 60)
METHODS = ("get", "put", "remove")

PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "LIRS": [{}, {"hot": 0.6, "nonresident": 0.5}],
    "W_TINYLFU": [
        {"contents": 12},
        {"contents": 5, "window": 0.3, "protected": 0.5, "sketch": "exact"},
        {"contents": 3, "window": 0.2, "adaptive": True},
        {"contents": 2, "window": 0.4, "protected": 0.6, "sketch": "exact", "adaptive": True},
        {"contents": 514, "window": 0.4, "protected": 0.6, "adaptive": True},
    ],
}
CASES = [
    pytest.param(policy, parameters, id=f"{policy}-{parameters}")
    for policy, variants in PARAMETERS.items()
    for parameters in variants
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
    of_a_request = draw(st.sampled_from(["get put", "get put get put remove", "get get put put"]))
    popularity = 1 / np.arange(1, N_CONTENTS + 1) ** draw(st.sampled_from([0.0, 0.9]))
    most = draw(st.sampled_from([1, 6, 20]))
    sizes = rng.integers(1, most + 1, N_CONTENTS)
    changes = draw(st.booleans())
    made = []
    for _ in range(draw(st.integers(1, 250))):
        content = int(rng.choice(N_CONTENTS, p=popularity / popularity.sum()))
        if changes and rng.random() < 0.1:
            sizes[content] = rng.integers(1, most + 1)
        for method in of_a_request.split():
            made.append(Call(method, content, int(sizes[content])))
            if rng.random() < 0.1:
                break
    return made


def seeded(policy: str, parameters: dict[str, Any]) -> dict[str, Any]:
    seed = {"seed": np.random.default_rng(7)} if policy == "W_TINYLFU" else {}
    return {**parameters, **seed}


def new_twin(policy: str, parameters: dict[str, Any], capacity: int) -> Any:
    return SCORE_TWINS[policy](capacity, **seeded(policy, parameters))


def asked_of_twin(twin: Any, call: Call, size: int) -> Answer:
    value = getattr(twin, call.method)(call.content, *([size] if call.method == "put" else []))
    return Answer(value, twin.used, twin.dump())


def asked_of_object(cache: Any, call: Call, size: int) -> Answer:
    if cache.requested is not None:
        cache.set_size(size)
    value = getattr(cache, call.method)(call.content)
    return Answer(
        cache.victims(value) if call.method == "put" else value, cache.used(), cache.dump()
    )


def asked_of_state(state: Any, cache: int, call: Call, size: int) -> Answer:
    state.set_size(size)
    value = getattr(state, call.method)(cache, call.content)
    if call.method == "put":
        value = [int(one) for one in victims_of(state.measure(), value)]
        value = [one for one in value if one >= 0]
    return Answer(value, state.used(cache), [int(one) for one in state.dump(cache)])


@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_policies_do_what_their_twins_do(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]

    @settings(max_examples=8, deadline=None)
    @given(calls=calls(), capacity=CAPACITIES)
    def compare(calls, capacity):
        twin = new_twin(policy, parameters, capacity)
        cache = component(capacity, **seeded(policy, parameters))
        if unit == "bytes":
            cache = cache.in_bytes()
        for call in calls:
            size = call.size if unit == "bytes" else 1
            expected = asked_of_twin(twin, call, size)
            assert asked_of_object(cache, call, size) == expected, call
            assert [cache.has(k) for k in range(N_CONTENTS)] == [
                twin.has(k) for k in range(N_CONTENTS)
            ]
            assert len(cache) == len(twin.sizes)

    compare()


@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_items_of_another_size_take_as_much_as_with_their_twins(policy, parameters):
    component: Any = CACHE_POLICY[policy]

    @settings(max_examples=8, deadline=None)
    @given(calls=calls(), capacity=CAPACITIES)
    def compare(calls, capacity):
        twin = new_twin(policy, parameters, capacity)
        cache = component(capacity, **seeded(policy, parameters)).in_bytes()
        for call in calls:
            assert asked_of_object(cache, call, call.size) == asked_of_twin(twin, call, call.size)
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

    @settings(max_examples=5, deadline=None)
    @given(calls=calls(), capacities=st.lists(CAPACITIES, min_size=3, max_size=3))
    def compare(calls, capacities):
        shared = seeded(policy, parameters)
        twins = [SCORE_TWINS[policy](capacity, **shared) for capacity in capacities]
        room = Room(capacities, range(N_CONTENTS), unit == "bytes")
        given_to_all = component.settled((), seeded(policy, parameters))
        state = component.definition.new(room, **given_to_all)
        for place, call in enumerate(calls):
            if place % 5 == 0:
                state = state.reserve(5)
            cache = (call.content + place) % 3
            size = call.size if unit == "bytes" else 1
            expected = asked_of_twin(twins[cache], call, size)
            assert asked_of_state(state, cache, call, size) == expected, call

    compare()


def _apply(state, kinds, contents, sizes, answers, victims, n_victims):
    noted = 0
    for i in range(len(kinds)):
        content = contents[i]
        state.set_size(sizes[i])
        if kinds[i] == 0:
            answers[i] = state.get(0, content)
        elif kinds[i] == 1:
            evicted = state.put(0, content)
            measure = state.measure()
            for place in range(measure.n_gone(evicted)):
                victims[noted] = measure.gone(place, evicted)
                noted += 1
        else:
            answers[i] = state.remove(0, content)
        n_victims[i] = noted


@pytest.mark.exhaustive
@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_compiled_policies_do_what_their_twins_do(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    compiled = generic_entry_point(_apply)

    @settings(max_examples=200, deadline=None)
    @given(calls=calls(), capacity=CAPACITIES)
    def compare(calls, capacity):
        twin = new_twin(policy, parameters, capacity)
        given_to_all = component.settled((), seeded(policy, parameters))
        room = Room([capacity], range(N_CONTENTS), unit == "bytes")
        state = component.definition.new(room, **given_to_all).reserve(len(calls))
        kinds = np.array([METHODS.index(call.method) for call in calls])
        contents = np.array([call.content for call in calls])
        sizes = np.array([call.size if unit == "bytes" else 1 for call in calls])
        answers, n_victims = np.zeros(len(calls), bool), np.zeros(len(calls), np.int64)
        victims = np.zeros(len(calls) * N_CONTENTS, np.int64)
        compiled(state, kinds, contents, sizes, answers, victims, n_victims)
        noted = 0
        for place, call in enumerate(calls):
            expected = asked_of_twin(twin, call, int(sizes[place]))
            left = victims[noted : n_victims[place]].tolist()
            noted = int(n_victims[place])
            found = left if call.method == "put" else bool(answers[place])
            assert found == expected.value, call
        assert [int(one) for one in state.dump(0)] == expected.dump

    compare()
