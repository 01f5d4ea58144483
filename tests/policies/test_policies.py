"""Cache policies: what all share, and each against a model of its definition.

The laws that all of them obey are in tests/testing.
"""

from __future__ import annotations

import inspect
import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from icarus.models.cache import (
    Cache,
    FifoCache,
    InCacheLfuCache,
    LruCache,
    NullCache,
    RandEvictionCache,
)
from icarus.registry import CACHE_POLICY

SYSTEMS = {"PATH", "TREE", "ARRAY"}
"""Systems of several caches, which are built from caches and have laws of their own."""

POLICIES = sorted(
    name
    for name, policy in CACHE_POLICY.items()
    if policy.__module__.startswith("icarus.") and name not in SYSTEMS
)
ITEMS = [0, None, "", 1, "a", (), ("a", 1), 2.5, frozenset()]
items = st.sampled_from(ITEMS)


REQUIRED: dict[str, Any] = {
    **dict.fromkeys(("MIN", "BELADY", "BELADY_SIZE"), lambda capacity: {"trace": ITEMS * 20}),
    **dict.fromkeys(("S3_FIFO", "QD_LP_FIFO", "CLOCK2Q_PLUS"), lambda capacity: {"small": 1.0}),
    "TWO_Q": lambda capacity: {"in": 1.0},
    "S4LRU": lambda capacity: {"segments": 1},
    "K_LRU": lambda capacity: {"k": 1},
    "SHARD": lambda capacity: {"nodes": 1},
    "SLRU": lambda capacity: {"segments": max(1, min(2, int(capacity)))},
}
"""Parameters that a policy needs, or that suit a cache of the given capacity."""


def build(name: str, capacity: float, **kwargs: Any) -> Any:
    own = REQUIRED[name](capacity) if name in REQUIRED else {}
    return CACHE_POLICY[name](capacity, **own, **kwargs)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_does_operations_by_name(name):
    cache = build(name, 2)
    holds = name != "NULL"
    assert cache.do("GET", 0) is False
    assert cache.do("PUT", 0) is False
    assert cache.do("GET", 0) is holds
    assert cache.do("UPDATE", 0) is False
    assert cache.do("DELETE", 0) is holds
    assert cache.do("GET", 0) is False
    with pytest.raises(KeyError):
        cache.do("POST", 0)
    with pytest.raises(KeyError):
        cache.do("get", 0)


def test_an_operation_that_evicts_a_false_item_returns_it():
    cache = LruCache(1)
    evicted = [cache.do("PUT", k) for k in (0, "", 0)]
    assert evicted == [False, 0, ""]
    assert [type(item) for item in evicted] == [bool, int, str]


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_swallows_unknown_keywords_and_documents_its_methods(name):
    policy = CACHE_POLICY[name]
    assert build(name, 3, nonsense=1).maxlen == build(name, 3).maxlen
    assert policy.name == name
    assert issubclass(policy, Cache)
    for method in ("get", "put", "dump", "clear", "has", "remove"):
        assert inspect.getdoc(getattr(policy, method))


@pytest.mark.parametrize("name", sorted(set(POLICIES) - {"NULL"}))
def test_every_capacity_is_a_positive_whole_number(name):
    assert build(name, 2.9).maxlen == 2
    assert type(build(name, 2.9).maxlen) is int
    for bad in (0, -1, 0.9):
        with pytest.raises(ValueError, match="positive"):
            build(name, bad)
    with pytest.raises(AttributeError):
        build(name, 2).maxlen = 5


def test_the_base_class_holds_nothing():
    cache = Cache(3)
    assert cache.maxlen == 3
    calls = (cache.dump, cache.clear, cache.__len__)
    for call in calls:
        with pytest.raises(NotImplementedError):
            call()
    for call in (cache.get, cache.put, cache.has, cache.remove):
        with pytest.raises(NotImplementedError):
            call(1)


class NaiveLru:
    """A list, the most recently used item first."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.held: list[Any] = []

    def get(self, k: Any) -> bool:
        if k not in self.held:
            return False
        self.held.remove(k)
        self.held.insert(0, k)
        return True

    def put(self, k: Any) -> Any:
        if self.get(k):
            return None
        self.held.insert(0, k)
        return self.held.pop() if len(self.held) > self.capacity else None

    def remove(self, k: Any) -> bool:
        if k not in self.held:
            return False
        self.held.remove(k)
        return True

    def clear(self) -> None:
        self.held.clear()

    def dump(self) -> list[Any]:
        return list(self.held)


class NaiveFifo(NaiveLru):
    """A list, the item inserted last first."""

    def get(self, k: Any) -> bool:
        return k in self.held


class NaiveLfu(NaiveLru):
    """A list of items in order of insertion, and how often each was used since."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.uses: dict[Any, int] = {}

    def get(self, k: Any) -> bool:
        if k in self.held:
            self.uses[k] += 1
        return k in self.held

    def put(self, k: Any) -> Any:
        if k in self.held:
            return None
        self.held.append(k)
        self.uses[k] = 1
        if len(self.held) <= self.capacity:
            return None
        # min() takes the first of equals, which is the one inserted first.
        victim = min(self.held, key=self.uses.__getitem__)
        self.held.remove(victim)
        return victim

    def dump(self) -> list[Any]:
        newest_first = self.held[::-1]
        return sorted(newest_first, key=lambda k: -self.uses[k])


class NaiveNull(NaiveLru):
    """Nothing."""

    def put(self, k: Any) -> Any:
        return None


MODELS = {"LRU": NaiveLru, "FIFO": NaiveFifo, "IN_CACHE_LFU": NaiveLfu, "NULL": NaiveNull}
operations = st.lists(
    st.tuples(st.sampled_from(["get", "get", "put", "put", "put", "remove", "clear"]), items),
    max_size=80,
)


@pytest.mark.parametrize("name", MODELS)
@settings(deadline=None, max_examples=80)
@given(capacity=st.integers(1, 5), operations=operations)
def test_a_policy_does_what_its_definition_says(name, capacity, operations):
    cache, model = build(name, capacity), MODELS[name](capacity)
    for operation, k in operations:
        arguments = () if operation == "clear" else (k,)
        expected = getattr(model, operation)(*arguments)
        assert getattr(cache, operation)(*arguments) == expected
        assert cache.dump() == model.dump()


def test_lru_by_hand():
    cache = LruCache(3)
    assert [cache.put(k) for k in (0, 1, 2)] == [None, None, None]
    assert cache.dump() == [2, 1, 0]
    assert cache.get(0)
    assert cache.dump() == [0, 2, 1]
    assert cache.put(2) is None
    assert cache.dump() == [2, 0, 1]
    assert cache.has(1)
    assert cache.put(3) == 1
    assert cache.put(4) == 0, "an evicted 0 must be told from nothing"
    assert cache.dump() == [4, 3, 2]


def test_fifo_by_hand():
    cache = FifoCache(2)
    cache.put("a")
    cache.put("b")
    assert cache.get("a")
    assert cache.put("a") is None
    assert cache.dump() == ["b", "a"]
    assert cache.put("c") == "a"


@pytest.mark.parametrize("policy", [LruCache, FifoCache])
def test_position_is_the_place_in_the_dump(policy):
    cache = policy(4)
    for k in (0, None, "", 7):
        cache.put(k)
    assert [cache.position(k) for k in cache.dump()] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="'absent'"):
        cache.position("absent")


def test_lru_takes_one_positional_argument_only():
    with pytest.raises(TypeError):
        LruCache(3, 4)


def test_a_new_item_competes_in_lfu():
    cache = InCacheLfuCache(2)
    cache.put("a")
    cache.put("b")
    assert cache.put("c") == "a", "all count 1: the one inserted first goes"
    assert cache.get("b")
    assert cache.get("c")
    assert cache.put("d") == "d", "all others were hit: the new item itself goes"
    assert cache.dump() == ["c", "b"]


def test_lfu_forgets_the_count_of_what_is_removed():
    cache = InCacheLfuCache(2)
    cache.put("a")
    for _ in range(5):
        cache.get("a")
    cache.remove("a")
    cache.put("a")
    cache.put("b")
    cache.get("b")
    assert cache.put("c") == "a"


def test_lfu_does_not_count_puts_and_misses():
    cache = InCacheLfuCache(2)
    cache.get("a")
    cache.put("a")
    cache.put("b")
    cache.put("a")
    assert cache.put("c") == "a"


def test_lfu_orders_items_that_cannot_be_compared():
    cache = InCacheLfuCache(2)
    for k in ("a", 1, None, (), 2.5, "a"):
        cache.put(k)
    assert cache.dump() == ["a", 2.5]


def test_lfu_stays_small_however_many_hits_it_has():
    cache = InCacheLfuCache(4)
    for k in range(4):
        cache.put(k)
    sizes = []
    for _ in range(10):
        for i in range(2000):
            cache.get(i % 4)
        sizes.append(len(pickle.dumps(cache)))
    assert max(sizes) < 4000


def test_rand_evicts_each_item_equally_often():
    cache = RandEvictionCache(5, seed=1)
    for k in range(5):
        cache.put(k)
    # Removing moves items between slots; choices must stay uniform all the same.
    cache.remove(1)
    cache.put(1)
    places: Counter[int] = Counter()
    for k in range(5, 5005):
        held = sorted(cache.dump())
        places[held.index(cache.put(k))] += 1
    # The newest is evicted as often as any other: one in five.
    assert chisquare([places[i] for i in range(5)]).pvalue > 0.001


def test_rand_repeats_itself_with_the_same_seed():
    def evicted(seed):
        cache = RandEvictionCache(3, seed=seed)
        return [cache.put(k) for k in range(60)]

    assert evicted(7) == evicted(7) == evicted(np.random.default_rng(7))
    assert evicted(7) != evicted(8)
    assert evicted(None) != evicted(None)


def test_rand_hits_change_nothing():
    plain, hit = (RandEvictionCache(3, seed=2) for _ in range(2))
    for k in range(40):
        assert plain.put(k) == hit.put(k)
        for _ in range(3):
            hit.get(k)
            hit.put(k)
        assert plain.dump() == hit.dump()


def test_null_has_no_capacity_whatever_is_asked_for():
    assert NullCache().maxlen == NullCache(10).maxlen == NullCache(0).maxlen == 0
    assert len(NullCache(10)) == 0
