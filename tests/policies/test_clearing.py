"""A cache that is cleared is as new, in every form, and those beside it are as they were."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple, Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies.choosing import with_wrappings

from icarus.core.signatures import accepts_seed
from icarus.execution.compiled.compiled_engine import state_of
from icarus.execution.network.model import _cache_builder
from icarus.policies import NOTHING, Room, define_policy, slots
from icarus.policies.cache import definition_of
from icarus.policies.wrapped import clock_of
from icarus.registry import CACHE_POLICY

N_CONTENTS, N_CACHES = 12, 3
SIZES = [2, 3, 6]
TRACE = np.random.default_rng(5).integers(N_CONTENTS, size=300)
METHODS = ("get", "put", "has", "remove")

POLICIES: dict[str, dict[str, Any]] = {
    "LRU": {},
    "FIFO": {},
    "RAND": {},
    "CLIMB": {},
    "NULL": {},
    "IN_CACHE_LFU": {},
    "PERFECT_LFU": {},
    "SLRU": {"segments": 2},
    "LIRS": {"hot": 0.6},
    "MIN": {"trace": TRACE.tolist()},
    "GDSF": {},
    "LFUDA": {},
    "LRU_K": {"retain": 2},
    "HYPERBOLIC": {"samples": 3},
    "LECAR": {},
    "CACHEUS": {"contents": 4},
    "SHARD": {"nodes": 2, "policy": "PERFECT_LFU"},
    "W_TINYLFU": {"window": 0.3, "adaptive": True, "contents": 2},
    "SIEVE": {},
    "CLOCK": {},
    "S3_FIFO": {"small": 0.5},
    "CLOCK2Q_PLUS": {"small": 0.5},
    "QD_LP_FIFO": {"small": 0.5},
    "TWO_Q": {"in": 0.5},
    "ARC": {},
    "S4LRU": {"segments": 2},
    "K_LRU": {},
    "LRU_PROB": {},
}
DRAWING = ("RAND", "LRU_PROB")

WRAPPINGS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "p": {"insert": {"p": 0.5}},
    "k": {"insert": {"k": 2}},
    "k-memory": {"insert": {"k": 2, "memory": 4}},
    "ttl": {"ttl": 6.0},
    "k-ttl": {"insert": {"k": 2, "memory": 5}, "ttl": 9.0},
}

operations = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 1, 1, 2, 3]),
        st.integers(0, N_CACHES - 1),
        st.integers(0, N_CONTENTS - 1),
    ),
    max_size=80,
)


@pytest.fixture(params=["dense", "hashed"])
def either_slots(request, monkeypatch):
    if request.param == "hashed":
        monkeypatch.setattr(slots, "DENSE_LIMIT", -1)


class Network:
    """Caches of one policy: their state over numbers, and the same as Python objects."""

    def __init__(self, policy: str, wrapping: dict[str, Any]) -> None:
        self.now = [0.0]
        section = {"name": policy, **POLICIES[policy], **wrapping}
        self.policy: Any = definition_of(CACHE_POLICY[policy])
        seeded = [
            _cache_builder(section, np.random.SeedSequence(1), clock_of(now))
            for now in ([0.0], self.now)
        ]
        inside, self.objects = ([build(size) for size in SIZES] for build in seeded)
        self.state = state_of(inside, self.policy, range(N_CONTENTS))
        if hasattr(self.state, "reserve"):
            self.state = self.state.reserve(500)
        self.time = 0.0

    def do(self, calls: list[tuple[int, int, int]]) -> list[Any]:
        """Make calls of the state; return its answers."""
        answers = []
        for kind, cache, content in calls:
            self.time += 0.5
            self.state.set_time(self.time)
            answers.append(int(getattr(self.state, METHODS[kind])(cache, content)))
        return answers

    def do_as_objects(self, calls: list[tuple[int, int, int]]) -> list[Any]:
        """Make calls of the Python objects; return their answers, as the state gives them."""
        answers = []
        for kind, cache, content in calls:
            self.now[0] += 0.5
            answer = getattr(self.objects[cache], METHODS[kind])(content)
            answers.append(-1 if answer is None else int(answer))
        return answers

    def dumps(self) -> list[list[int]]:
        return [[int(one) for one in self.state.dump(cache)] for cache in range(N_CACHES)]


@pytest.mark.parametrize(("policy", "wrapping"), with_wrappings(POLICIES, WRAPPINGS))
def test_both_forms_go_on_alike(policy, wrapping, either_slots):
    @settings(max_examples=8, deadline=None)
    @given(parts=st.lists(st.tuples(operations, st.integers(0, N_CACHES - 1)), max_size=4))
    def compare(parts):
        network = Network(policy, WRAPPINGS[wrapping])
        for calls, cleared in parts:
            assert network.do(calls) == network.do_as_objects(calls)
            before = network.dumps()
            network.state.clear(cleared)
            network.objects[cleared].clear()
            after = network.dumps()
            assert after == [*before[:cleared], [], *before[cleared + 1 :]]
            assert after == [cache.dump() for cache in network.objects]
            assert len(network.objects[cleared]) == 0

    compare()


@pytest.mark.parametrize(
    ("policy", "wrapping"),
    with_wrappings([policy for policy in POLICIES if policy != "MIN"], WRAPPINGS),
)
def test_a_cleared_cache_is_as_new(policy, wrapping, either_slots):
    @settings(max_examples=12, deadline=None)
    @given(calls=operations, more=operations, cleared=st.integers(0, N_CACHES - 1))
    def compare(calls, more, cleared):
        used, new = (Network(policy, WRAPPINGS[wrapping]) for _ in range(2))
        used.do(calls)
        used.state.clear(cleared)
        go_on_where(new, used)
        own = [call for call in more if call[1] == cleared]
        assert used.do(own) == new.do(own)
        assert used.dumps()[cleared] == new.dumps()[cleared]

    compare()


def go_on_where(new: Network, used: Network) -> None:
    """Have one network draw what another one will, at the same time."""
    new.time = used.time
    new.state.set_time(used.time)
    for one, other in zip(generators_of(new.state), generators_of(used.state), strict=True):
        one.bit_generator.state = other.bit_generator.state


def generators_of(state: Any) -> list[np.random.Generator]:
    if isinstance(state, np.random.Generator):
        return [state]
    inside = state if isinstance(state, tuple) else ()
    return [found for one in inside for found in generators_of(one)]


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy != "MIN"])
@settings(max_examples=20, deadline=None)
@given(calls=operations, more=operations)
def test_a_state_of_names_is_cleared_too(policy, calls, more):
    component: Any = CACHE_POLICY[policy]
    given = {
        **POLICIES[policy],
        **({"seed": np.random.default_rng(2)} if policy in DRAWING else {}),
    }
    used, new = component(4, **given), component(4, **copy.deepcopy(given))
    done = [getattr(used, METHODS[kind])(str(content)) for kind, _, content in calls]
    assert len(done) == len(calls)
    used._state.clear(0)
    assert (len(used), used.dump()) == (0, [])
    if accepts_seed(component) and policy in DRAWING:
        new.parameters["seed"].bit_generator.state = given["seed"].bit_generator.state
    for kind, _, content in more:
        item = str(content)
        assert getattr(used, METHODS[kind])(item) == getattr(new, METHODS[kind])(item)
    assert used.dump() == new.dump()


def test_min_is_as_far_in_its_trace_as_before(either_slots):
    cleared, emptied = Network("MIN", {}), Network("MIN", {})
    calls = [(kind, cache, int(one)) for one in TRACE for cache in range(3) for kind in (0, 1)]
    cleared.do(calls[:300])
    emptied.do(calls[:300])
    cleared.state.clear(2)
    for content in emptied.dumps()[2]:
        emptied.state.remove(2, content)
    assert cleared.do(calls[300:]) == emptied.do(calls[300:])
    assert cleared.dumps() == emptied.dumps()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), n_caches=st.integers(1, 6))
def test_a_table_without_one_cache_finds_all_of_the_others(seed, n_caches):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 60, size=n_caches)
    base = np.concatenate([[0], sizes.cumsum()])
    table = slots.numbered_slots(200, base, -1)
    held: list[dict[int, int]] = [{} for _ in sizes]
    for cache, size in enumerate(sizes):
        for place, content in enumerate(rng.choice(200, size=size, replace=False).tolist()):
            table.enter(cache, content, base[cache] + place)
            held[cache][content] = base[cache] + place
        for content in rng.choice([*held[cache]], size=size // 4, replace=False).tolist():
            table.leave(cache, content)
            del held[cache][content]
    for cache in rng.permutation(n_caches).tolist():
        table.clear(cache)
        held[cache].clear()
        for other, one in enumerate(held):
            found = {content: table.find(other, content) for content in range(200)}
            assert {content: slot for content, slot in found.items() if slot >= 0} == one
    assert not table.entries.any()
    assert (table.item == -1).all()


@pytest.mark.parametrize("cleared", [[0, 1], [1]])
def test_records_do_not_pile_up(cleared, either_slots):
    policy: Any = CACHE_POLICY["PERFECT_LFU"]
    state = state_of([policy(3) for _ in range(2)], definition_of(policy), range(50))
    for _ in range(20):
        for content in range(50):
            state = state.reserve(1)
            for cache in range(2):
                state.get(cache, content)
                state.put(cache, content)
        for cache in cleared:
            state.clear(cache)
    assert len(state.records.rows) // 2 <= 3 * 2 * 50
    assert state.records.used[0] <= 2 * (2 * 50)
    kept = [cache for cache in range(2) if cache not in cleared]
    assert [state.dump(cache) for cache in range(2)] == [
        # Of equal counts the latest first request is the one that stays.
        [49, 48, 47] if cache in kept else []
        for cache in range(2)
    ]


def test_a_users_definition_without_a_way_of_its_own_removes_what_it_has():
    class SetCaches(NamedTuple):
        """Caches that keep what they have."""

        held: Any
        maxlens: Any

        @classmethod
        def new(cls, room: Room) -> Self:
            return cls([set() for _ in room.maxlens], room.maxlens)

        def get(self, cache, content):
            return content in self.held[cache]

        has = get  # type: ignore[misc]

        def put(self, cache, content):
            if len(self.held[cache]) < self.maxlens[cache]:
                self.held[cache].add(content)
            return NOTHING

        def remove(self, cache, content):
            found = content in self.held[cache]
            self.held[cache].discard(content)
            return found

        def dump(self, cache):
            return sorted(self.held[cache])

    try:
        definition: Any = define_policy("SET_OF_A_USER")(SetCaches)
        state = definition.new(Room([2, 2], range(5)))
        for cache in range(2):
            for content in range(3):
                state.put(cache, content)
        state.clear(1)
        assert [state.dump(cache) for cache in range(2)] == [[0, 1], []]
    finally:
        del CACHE_POLICY["SET_OF_A_USER"]
