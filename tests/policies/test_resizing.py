"""Caches of another size keep what they hold as far as it fits, and all forms go on alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies.choosing import with_wrappings

from icarus.core.kinds import is_built_in
from icarus.execution.compiled.compiled_engine import state_of
from icarus.execution.network.model import _cache_builder
from icarus.policies import Cache, FifoCache, LruCache, RandEvictionCache, slots
from icarus.policies.cache import definition_of
from icarus.policies.resizing import can_resize, resized, with_sizes
from icarus.policies.wrapped import clock_of
from icarus.registry import CACHE_POLICY

N_CONTENTS, N_CACHES = 12, 3
TRACE = np.random.default_rng(5).integers(N_CONTENTS, size=300).tolist()
METHODS = ("get", "put", "has", "remove")
SYSTEMS = {"PATH", "TREE", "ARRAY"}

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "SLRU": [{"segments": 2}, {"segments": 2, "alloc": [0.8, 0.2]}],
    "S3_FIFO": [{"small": 0.5}, {"variant": "paper"}],
    "QD_LP_FIFO": [{"small": 0.5}],
    "CLOCK2Q_PLUS": [{"small": 0.5}],
    "S4LRU": [{"segments": 2}],
    **{name: [{"trace": TRACE}] for name in ("MIN", "BELADY", "BELADY_SIZE")},
    "LRU_K": [{}, {"retain": 3}],
    "LHD": [{"period": 20}],
    "CACHEUS": [{"contents": 5}],
    "SHARD": [{"nodes": 2}, {"nodes": 2, "policy": "RAND"}, {"nodes": 2, "policy": "PERFECT_LFU"}],
}
POLICIES = [
    pytest.param(policy, given, id="-".join([policy, *map(str, given.values())])[:30])
    for policy, one in CACHE_POLICY.items()
    if is_built_in(one) and policy not in SYSTEMS
    for given in VARIANTS.get(policy, [{}])
]
OF_SEVERAL_QUEUES = {"S3_FIFO", "QD_LP_FIFO", "CLOCK2Q_PLUS", "TWO_Q", "ARC", "S4LRU"} | {
    *("LIRS", "W_TINYLFU")
}
OF_DRAWS = {"HYPERBOLIC", "LHD", "LECAR", "CACHEUS", "BELADY_SIZE"}

WRAPPINGS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "p": {"insert": {"p": 0.5}},
    "k": {"insert": {"k": 2}},
    "k-memory": {"insert": {"k": 2, "memory": 4}},
    "ttl": {"ttl": 9.0},
    "p-ttl": {"insert": {"p": 0.7}, "ttl": 6.0},
}

calls_of_caches = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 1, 1, 2, 3]),
        st.integers(0, N_CACHES - 1),
        st.integers(0, N_CONTENTS - 1),
    ),
    max_size=80,
)
sizes_of_caches = st.lists(st.integers(2, 8), min_size=N_CACHES, max_size=N_CACHES)


@pytest.fixture(params=["dense", "hashed"])
def either_slots(request, monkeypatch):
    if request.param == "hashed":
        monkeypatch.setattr(slots, "DENSE_LIMIT", -1)


class Network:
    """Caches of one policy: their state over numbers, and the same as Python objects."""

    def __init__(self, section: dict[str, Any], sizes: list[int]) -> None:
        self.now = [0.0]
        self.time = 0.0
        self.policy: Any = definition_of(CACHE_POLICY[section["name"]])
        seed = np.random.SeedSequence(1)
        # As two engines have them: each form draws from a Generator of its own.
        self.new_inside = _cache_builder(section, seed, clock_of([0.0]))
        self.new_object = _cache_builder(section, seed, clock_of(self.now))
        self.objects = [self.new_object(size) for size in sizes]
        self.state = self.empty(sizes)

    def empty(self, sizes: list[int]) -> Any:
        inside = [self.new_inside(size) for size in sizes]
        return state_of(inside, self.policy, range(N_CONTENTS))

    def resize(self, sizes: list[int]) -> None:
        self.state = with_sizes(self.state, self.empty(sizes), N_CACHES)
        self.objects = [
            resized(cache, size, self.new_object)
            for cache, size in zip(self.objects, sizes, strict=True)
        ]

    def do(self, calls: list[tuple[int, int, int]]) -> list[int]:
        if hasattr(self.state, "reserve"):
            self.state = self.state.reserve(len(calls))
        answers = []
        for kind, cache, content in calls:
            self.time += 0.5
            self.state.set_time(self.time)
            answers.append(int(getattr(self.state, METHODS[kind])(cache, content)))
        return answers

    def do_as_objects(self, calls: list[tuple[int, int, int]]) -> list[int]:
        answers = []
        for kind, cache, content in calls:
            self.now[0] += 0.5
            answer = getattr(self.objects[cache], METHODS[kind])(content)
            answers.append(-1 if answer is None else int(answer))
        return answers

    def dumps(self) -> list[list[int]]:
        return [[int(one) for one in self.state.dump(cache)] for cache in range(N_CACHES)]

    def dumps_of_objects(self) -> list[list[int]]:
        return [cache.dump() for cache in self.objects]


@pytest.mark.parametrize(("policy", "parameters", "wrapping"), with_wrappings(POLICIES, WRAPPINGS))
def test_both_forms_hold_and_do_the_same(policy, parameters, wrapping, either_slots):
    @settings(max_examples=8, deadline=None)
    @given(parts=st.lists(st.tuples(calls_of_caches, sizes_of_caches), min_size=1, max_size=4))
    def compare(parts):
        section = {"name": policy, **parameters, **WRAPPINGS[wrapping]}
        network = Network(section, [3, 4, 6])
        for calls, sizes in parts:
            assert network.do(calls) == network.do_as_objects(calls)
            before = network.dumps()
            network.resize(sizes)
            assert network.dumps() == network.dumps_of_objects()
            for cache, size, held in zip(network.objects, sizes, before, strict=True):
                assert cache.maxlen == (0 if policy == "NULL" else size)
                assert len(cache) <= size
                assert set(cache.dump()) <= set(held)
        # What is not seen in a dump shows in what is done next.
        assert network.do(parts[0][0]) == network.do_as_objects(parts[0][0])
        assert network.dumps() == network.dumps_of_objects()

    compare()


@pytest.mark.parametrize(("policy", "parameters", "wrapping"), with_wrappings(POLICIES, WRAPPINGS))
def test_caches_of_the_same_size_go_on_as_if_nothing_had_been(
    policy, parameters, wrapping, either_slots
):
    @settings(max_examples=8, deadline=None)
    @given(calls=calls_of_caches, more=calls_of_caches)
    def compare(calls, more):
        section = {"name": policy, **parameters, **WRAPPINGS[wrapping]}
        network, untouched = Network(section, [3, 4, 6]), Network(section, [3, 4, 6])
        assert network.do(calls) == untouched.do(calls)
        network.state = with_sizes(network.state, network.empty([3, 4, 6]), N_CACHES)
        assert network.dumps() == untouched.dumps()
        assert network.do(more) == untouched.do(more)
        assert network.dumps() == untouched.dumps()

    compare()


@pytest.mark.parametrize(("policy", "parameters"), POLICIES)
@settings(max_examples=12, deadline=None)
@given(calls=calls_of_caches, size=st.integers(2, 9))
def test_the_least_valuable_leave(policy, parameters, calls, size):
    cache = _cache_builder({"name": policy, **parameters}, 1, clock_of([0.0]))(5)
    for kind, _, content in calls:
        getattr(cache, METHODS[kind])(content)
    before = cache.dump()
    after = resized(cache, size).dump()
    if policy in {"RAND", "SHARD", "SLRU", *OF_SEVERAL_QUEUES, *OF_DRAWS, "CLOCK", "SIEVE"}:
        # Which are least valuable is a draw, or each shard's, segment's or queue's own affair.
        assert set(after) <= set(before)
        if size >= 9 and policy != "SHARD":
            assert len(after) == len(before)
    else:
        assert after == before[:size]


def test_a_smaller_random_cache_draws_what_leaves():
    rng = np.random.default_rng(3)
    cache: Any = RandEvictionCache(6, seed=rng)
    for item in "abcdef":
        cache.put(item)
    by_hand: Any = RandEvictionCache(4, seed=np.random.default_rng(3))
    for item in "abcdef":
        by_hand.put(item)
    smaller = resized(cache, 4)
    assert smaller.dump() == by_hand.dump()
    assert smaller.parameters["seed"] is rng
    assert rng.random() == by_hand.parameters["seed"].random()


def test_counts_of_all_requests_go_on():
    cache: Any = CACHE_POLICY["PERFECT_LFU"](2)
    for item in "aaabbc":
        cache.get(item)
    for item in "ab":
        cache.put(item)
    cache = resized(cache, 1)
    assert cache.dump() == ["a"]
    cache.get("b")
    cache.get("b")
    assert cache.put("b") == "a"


def test_what_is_out_of_date_leaves_first():
    now = [0.0]
    build = _cache_builder({"name": "LRU", "ttl": 10.0}, 1, clock_of(now))
    cache = build(3)
    for time, item in ((0.0, "a"), (5.0, "b"), (6.0, "c")):
        now[0] = time
        cache.put(item)
    cache.get("a")
    now[0] = 11.0
    smaller = resized(cache, 2, build)
    assert smaller.dump() == ["c", "b"]
    now[0] = 15.0
    assert smaller.dump() == ["c"]


def test_times_of_their_own_go_on():
    now = [0.0]
    law = {"dist": "UNIFORM", "low": 10.0, "high": 20.0}
    build = _cache_builder({"name": "LRU", "ttl": law}, 1, clock_of(now))
    whole, cache = build(30), build(30)
    for item in range(30):
        whole.put(item)
        cache.put(item)
    now[0] = 15.0
    valid = whole.dump()
    assert 5 < len(valid) < 25
    smaller = resized(cache, len(valid) - 2, build)
    assert smaller.dump() == valid[:-2], "what is out of date left first"
    larger = resized(smaller, 40, build)
    for time in np.arange(15.0, 20.5, 0.25):
        now[0] = float(time)
        assert larger.dump() == [item for item in whole.dump() if item in valid[:-2]]
    larger.put(99)
    larger.clear()
    assert larger.dump() == []


def test_no_rule_is_asked_and_its_memory_goes_on():
    build = _cache_builder({"name": "LRU", "insert": {"k": 2}}, 1, clock_of([0.0]))
    cache = build(2)
    for item in "aabbc":
        cache.put(item)
    larger = resized(cache, 3, build)
    assert larger.dump() == ["b", "a"]
    larger.put("c")
    assert larger.dump() == ["c", "b", "a"]


def test_a_cache_that_has_the_size_is_returned_itself():
    cache = LruCache(3)
    assert resized(cache, 3) is cache


def test_subclasses_are_built_as_they_were():
    class Own(RandEvictionCache):
        pass

    rng = np.random.default_rng(3)
    cache: Any = Own(3, seed=rng)
    for item in "abc":
        cache.put(item)
    other = resized(cache, 2)
    assert type(other) is Own
    assert other.parameters["seed"] is rng
    assert len(other) == 2


class Stack(Cache):
    """A user's class: the last in is the first out."""

    def __init__(self, maxlen):
        super().__init__(maxlen)
        self.items = []

    def __len__(self):
        return len(self.items)

    def has(self, k):
        return k in self.items

    get = has

    def put(self, k):
        evicted = self.items.pop() if len(self.items) == self.maxlen else None
        self.items.append(k)
        return evicted

    def dump(self):
        return list(self.items)


def test_a_users_class_is_known_by_its_size():
    cache = Stack(3)
    for item in "abc":
        cache.put(item)
    larger = resized(cache, 4)
    assert type(larger) is Stack
    assert larger.dump() == ["c", "b", "a"]
    assert resized(LruCache(2), 3, FifoCache).dump() == []


def test_a_cache_of_another_class_takes_what_is_put():
    cache = LruCache(3)
    for item in "abc":
        cache.put(item)
    assert resized(cache, 2, FifoCache).dump() == ["c", "b"]


def test_too_small_is_refused():
    with pytest.raises(ValueError, match="maxlen must be positive"):
        resized(LruCache(3), 0)
    with pytest.raises(ValueError, match="segments must not exceed"):
        resized(CACHE_POLICY["SLRU"](3), 1)


def test_all_that_is_built_in_can_be_resized():
    for policy, one in CACHE_POLICY.items():
        if is_built_in(one) and policy not in SYSTEMS:
            assert can_resize(definition_of(one)), policy
    shard = definition_of(CACHE_POLICY["SHARD"])
    assert can_resize(shard, {"policy": "SHARD", "policy_attr": {"policy": "RAND"}})
    assert not can_resize(shard, {"policy": "ARRAY"})
