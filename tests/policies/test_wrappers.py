"""Wrappers of caches: each by hand, and all around each other against a model."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.models.cache import (
    Cache,
    FifoCache,
    InCacheLfuCache,
    KeyValueCache,
    KHitInsertionCache,
    LruCache,
    NullCache,
    RandEvictionCache,
    RandomInsertionCache,
    SegmentedLruCache,
    TtlCache,
    insert_after_k_hits_cache,
    keyval_cache,
    rand_insert_cache,
    ttl_cache,
)


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now = 0

    def time(self) -> float:
        return self.now


def wrap(kind: str, cache: Any, clock: Clock) -> Any:
    wrappers = {
        "k hits": lambda: insert_after_k_hits_cache(cache, 2, memory=2),
        "random": lambda: rand_insert_cache(cache, 0.5, seed=3),
        "values": lambda: keyval_cache(cache),
        "ttl 0.8": lambda: ttl_cache(cache, clock.time),
        "ttl": lambda: TtlCache(cache, clock.time),
    }
    return wrappers[kind]()


KINDS = ["k hits", "random", "values", "ttl 0.8", "ttl"]
NOTHING = object()


class Model:
    """An LRU list, and for each wrapper around it, the outermost first, what it remembers."""

    def __init__(self, kinds: tuple[str, ...], capacity: int, clock: Clock) -> None:
        self.kinds, self.capacity, self.clock = kinds, capacity, clock
        self.held: list[Any] = []
        self.memory: list[dict[Any, Any]] = [{} for _ in kinds]
        self.coins = [np.random.default_rng(3) for _ in kinds]
        self.pays = [i for i, kind in enumerate(kinds) if kind == "values"]

    def expired(self, layer: int, k: Any) -> bool:
        expiry = self.memory[layer][k]
        late = expiry < self.clock.now
        return late or (self.kinds[layer] == "ttl" and expiry == self.clock.now)

    def has(self, k: Any, inside: int = -1) -> bool:
        timed = [i for i, kind in enumerate(self.kinds) if kind.startswith("ttl") and i > inside]
        return k in self.held and not any(self.expired(i, k) for i in timed)

    def get(self, k: Any) -> Any:
        if k in self.held:
            self.held.insert(0, self.held.pop(self.held.index(k)))
            for i, kind in enumerate(self.kinds):
                if kind.startswith("ttl") and self.memory[i][k] <= self.clock.now:
                    self.held.remove(k)
                    break
        if self.pays:
            return self.memory[self.pays[0]][k] if k in self.held else None
        return k in self.held

    def put(self, k: Any, value: Any, ttl: float | None, layer: int = 0) -> Any:
        """Return the evicted item, or NOTHING."""
        if layer == len(self.kinds):
            if k in self.held:
                self.held.remove(k)
            self.held.insert(0, k)
            return self.held.pop() if len(self.held) > self.capacity else NOTHING
        kind, memory = self.kinds[layer], self.memory[layer]
        if kind == "k hits":
            memory[k] = memory.get(k, 0) + 1
            if memory[k] < 2:
                if len(memory) > 2:
                    del memory[next(iter(memory))]
                return NOTHING
            del memory[k]
        if kind == "random" and not self.coins[layer].random() < 0.5:
            return NOTHING
        if kind.startswith("ttl"):
            if ttl is not None and ttl <= 0:
                return NOTHING
            if len(self.held) == self.capacity:
                self.held = [held for held in self.held if not self.expired(layer, held)]
            before = memory[k] if self.has(k, layer) else -math.inf
            evicted = self.put(k, value, None, layer + 1)
            expiry = math.inf if ttl is None else self.clock.now + ttl
            memory[k] = max(before, expiry) if kind == "ttl 0.8" else expiry
            return evicted
        evicted = self.put(k, value, ttl, layer + 1)
        if kind == "values" and self.has(k, layer):
            memory[k] = value
        return evicted

    def remove(self, k: Any) -> Any:
        had = self.has(k)
        if k in self.held:
            self.held.remove(k)
        return (self.memory[self.pays[0]][k] if had else None) if self.pays else had


items = st.sampled_from([0, None, "", ("a", 1), 1])
steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "get", "remove", "has"]),
        items,
        st.sampled_from([None, 0, False, "v"]),  # a value
        st.sampled_from([None, -1, 0, 1, 2, 5]),  # a ttl
        st.sampled_from([0, 0, 1]),  # time that passes before
    ),
    max_size=40,
)


@pytest.mark.parametrize("outer", KINDS)
@pytest.mark.parametrize("inner", KINDS)
@settings(deadline=None, max_examples=40)
@given(capacity=st.integers(1, 3), steps=steps)
def test_any_two_wrappers_go_around_each_other(outer, inner, capacity, steps):
    clock = Clock()
    cache = wrap(outer, wrap(inner, LruCache(capacity), clock), clock)
    model = Model((outer, inner), capacity, clock)
    timed = any(kind.startswith("ttl") for kind in (outer, inner))
    for operation, k, value, ttl, passed in steps:
        clock.now += passed
        if operation == "put":
            arguments = (value,) if model.pays else ()
            returned = cache.put(k, *arguments, **({"ttl": ttl} if timed else {}))
            values = copy.deepcopy(model.memory[model.pays[0]]) if model.pays else {}
            evicted = model.put(k, value, ttl if timed else None)
            if evicted is NOTHING:
                assert returned is None
            else:
                assert returned == ((evicted, values[evicted]) if model.pays else evicted)
        else:
            assert getattr(cache, operation)(k) == getattr(model, operation)(k)
        known = [k for k in (0, None, "", ("a", 1), 1) if cache.has(k)]
        assert known == [k for k in (0, None, "", ("a", 1), 1) if model.has(k)]
        assert len(cache) == len(model.held) <= cache.maxlen == capacity
    valid = [k for k in model.held if model.has(k)]
    dumped = cache.dump()
    assert [pair[0] for pair in dumped] == valid if timed or model.pays else dumped == valid
    if model.pays:
        assert [cache.value(k) for k in valid] == [model.memory[model.pays[0]][k] for k in valid]
    cache.clear()
    assert cache.dump() == []
    assert len(cache) == 0


@pytest.mark.parametrize("outer", KINDS)
@pytest.mark.parametrize("inner", KINDS)
def test_a_stack_can_be_copied_and_pickled_and_its_copy_is_its_own(outer, inner):
    clock = Clock()
    stack = wrap(outer, wrap(inner, LruCache(2), clock), clock)
    twins = [copy.deepcopy(stack)]
    if not {"ttl", "ttl 0.8"} & {outer, inner}:
        twins.append(pickle.loads(pickle.dumps(stack)))
    for twin in twins:
        for _ in range(64):
            twin.put(1, *(["v"] if "values" in (outer, inner) else []))
        assert twin.has(1)
        assert not stack.has(1)
        assert twin.position(1) == 0, "what the policy alone can do passes through"


def test_a_copied_cache_keeps_the_time_of_its_clock():
    clock = Clock()
    cache = keyval_cache(ttl_cache(LruCache(2), clock.time))
    cache.put("a", "v", ttl=5)
    twin = copy.deepcopy(cache)
    clock.now = 6
    assert cache.get("a") is None
    assert twin.get("a") is None


@pytest.mark.parametrize("kind", KINDS)
def test_methods_keep_their_names_and_say_what_they_do(kind):
    cache = wrap(kind, FifoCache(3), Clock())
    assert isinstance(cache, Cache)
    for name in ("get", "put", "dump", "clear", "has", "remove"):
        method = getattr(cache, name)
        assert method.__name__ == name
        assert method.__doc__


@pytest.mark.parametrize("kind", KINDS[1:])
def test_the_wrapped_cache_stays_as_it_is(kind):
    plain = FifoCache(3)
    wrapped = wrap(kind, plain, Clock())
    for _ in range(30):
        wrapped.put(1, *(["v"] if kind == "values" else []))
    assert wrapped.has(1)
    assert plain.has(1) is (kind == "ttl"), "the classes wrap the cache itself, functions a copy"


@pytest.mark.parametrize("kind", KINDS[1:])
def test_only_caches_are_wrapped(kind):
    with pytest.raises(TypeError, match="cache must be a Cache, found list"):
        wrap(kind, [], Clock())


@pytest.mark.parametrize("kind", KINDS[2:])
def test_what_is_held_already_would_have_no_value_and_no_expiry(kind):
    full = FifoCache(3)
    full.put(1)
    with pytest.raises(ValueError, match="must be empty, it holds 1"):
        wrap(kind, full, Clock())


# Insertion after k hits


def test_an_item_is_inserted_when_it_is_put_for_the_kth_time():
    cache = insert_after_k_hits_cache(LruCache(1), k=3)
    assert [cache.put("a") for _ in range(2)] == [None, None]
    assert not cache.has("a")
    assert len(cache._metacache_hits) == 1
    assert cache.put("a") is None
    assert cache.has("a")
    assert len(cache._metacache_hits) == 0
    assert [cache.put("b") for _ in range(3)] == [None, None, "a"]
    assert not hasattr(cache, "_metacache_queue")


def test_a_forced_insertion_forgets_the_count():
    cache = insert_after_k_hits_cache(LruCache(1), k=2)
    cache.put("a")
    assert cache.put("a", force_insert=True) is None
    assert cache.has("a")
    assert cache.put("b", True) == "a"
    cache.put("a")
    assert not cache.has("a"), "its count started anew"


def test_the_memory_forgets_the_oldest_first():
    cache = insert_after_k_hits_cache(LruCache(5), k=3, memory=2)
    for k in ("a", "b", "a", "c"):
        cache.put(k)
    assert len(cache._metacache_queue) == len(cache._metacache_hits) == 2
    cache.put("a")
    assert not cache.has("a"), "seen first, it was forgotten for c, whatever it was put since"


def test_removing_and_clearing_leave_counts_alone():
    cache = insert_after_k_hits_cache(LruCache(5), k=2)
    cache.put("a")
    cache.remove("a")
    cache.clear()
    cache.put("a")
    assert cache.has("a")


def test_a_cache_is_changed_in_place_with_what_it_holds():
    plain = LruCache(2)
    plain.put("held")
    holder = [plain]
    assert insert_after_k_hits_cache(plain, 2) is plain
    holder[0].put("new")
    assert plain.dump() == ["held"]
    holder[0].put("new")
    assert plain.dump() == ["new", "held"]
    assert type(plain) is KHitInsertionCache
    assert plain.do("PUT", "other") is False
    assert plain.name == "LRU"


def test_a_class_around_a_cache_leaves_it_alone():
    plain = LruCache(2)
    assert KHitInsertionCache(plain, 2) is not plain
    assert type(plain) is LruCache
    assert insert_after_k_hits_cache(plain, 1) is plain
    assert type(plain) is LruCache


def test_senseless_counts_are_refused():
    for k in (0, -1):
        with pytest.raises(ValueError, match="k must be at least 1"):
            insert_after_k_hits_cache(LruCache(2), k)
    with pytest.raises(ValueError, match="memory must be at least 1"):
        insert_after_k_hits_cache(LruCache(2), 2, memory=0)


def test_a_cache_that_cannot_be_changed_says_so():
    class Slotted(LruCache):
        __slots__ = ("extra",)

    cache = Slotted(2)
    with pytest.raises(TypeError, match=r"use KHitInsertionCache\(cache, k, memory\)"):
        insert_after_k_hits_cache(cache)
    assert cache.put(1) is None
    assert cache.has(1)


# Random insertion


def test_random_insertion_inserts_with_its_probability():
    cache = rand_insert_cache(FifoCache(4000), 0.25, seed=1)
    for k in range(4000):
        cache.put(k)
    assert 1000 - 110 < len(cache) < 1000 + 110, "four standard deviations, 27 each"


def test_random_insertion_repeats_itself_with_the_same_seed():
    def kept(seed: Any) -> list[Any]:
        cache = rand_insert_cache(FifoCache(100), 0.5, seed=seed)
        for k in range(100):
            cache.put(k)
        return cache.dump()

    assert kept(1) == kept(1) == kept(np.random.default_rng(1))
    assert kept(1) != kept(2)
    assert kept(None) != kept(None)


def test_random_insertion_may_be_certain_or_impossible():
    assert rand_insert_cache(FifoCache(1), 1).put("a") is None
    always, never = rand_insert_cache(FifoCache(1), 1), rand_insert_cache(FifoCache(1), 0)
    assert [always.put(k) for k in (0, 1, 2)] == [None, 0, 1]
    assert [never.put(k) for k in (0, 1, 2)] == [None] * 3
    assert never.dump() == []
    for p in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="p must be a probability"):
            RandomInsertionCache(FifoCache(1), p)


# Values


def test_values_by_hand():
    cache = keyval_cache(LruCache(2))
    assert cache.put("a", 1) is None
    assert cache.put("b", None) is None
    assert cache.get("a") == 1
    assert cache.put("a", 0) is None
    assert cache.get("a") == 0, "values may be falsy"
    assert cache.value("b") is None
    assert cache.has("b")
    assert cache.dump() == [("a", 0), ("b", None)]
    assert cache.put("c", 3) == ("b", None)
    assert cache.remove("c") == 3
    assert cache.remove("c") is None
    assert cache.get("c") is None
    assert cache.value("c") is None
    cache.clear()
    assert cache.dump() == []


def test_the_value_of_a_refused_item_is_not_kept():
    cache = keyval_cache(InCacheLfuCache(1))
    cache.put("a", 1)
    cache.get("a")
    assert cache.put("b", 2) == ("b", 2)
    assert cache.value("b") is None
    nothing = KeyValueCache(NullCache())
    assert nothing.put("a", 1) is None
    assert nothing.get("a") is None


def test_the_item_none_is_evicted_with_its_value():
    cache = keyval_cache(FifoCache(1))
    cache.put(None, "v")
    assert cache.put("a", 1) == (None, "v")
    assert cache.put(None, "w") == ("a", 1)
    assert cache.dump() == [(None, "w")]


def test_values_of_expired_items_do_not_pile_up():
    clock = Clock()
    cache = keyval_cache(ttl_cache(LruCache(2), clock.time))
    for clock.now in range(2000):
        cache.put(clock.now, "v", ttl=1)
    assert len(cache._values) < 100
    assert len(cache.expiry) <= 3


# Time to live


@pytest.mark.parametrize("kind", ["ttl", "ttl 0.8"])
def test_expiry_by_hand(kind):
    clock = Clock()
    cache = wrap(kind, FifoCache(3), clock)
    cache.put("a", ttl=2)
    cache.put("b", expires=5)
    cache.put("c")
    assert cache.expiry == {"a": 2, "b": 5, "c": math.inf}
    assert cache.dump() == [("c", math.inf), ("b", 5), ("a", 2)]
    clock.now = 1
    assert cache.has("a")
    assert cache.get("a")
    clock.now = 3
    assert not cache.has("a")
    assert len(cache) == 3, "it is out of date, and still there"
    assert cache.put("d", 10) is None, "what is out of date makes room first"
    assert len(cache) == 3
    assert cache.put("e") == "b", "evicted, for it was valid"
    assert "b" not in cache.expiry
    assert cache.remove("e") is True
    assert cache.remove("e") is False
    clock.now = 13
    assert cache.get("d") is False
    assert len(cache) == 1
    cache.put("f", ttl=1)
    clock.now = 20
    cache.purge()
    assert cache.dump() == [("c", math.inf)]


@pytest.mark.parametrize("kind", ["ttl", "ttl 0.8"])
def test_what_would_expire_at_once_is_not_inserted(kind):
    clock = Clock()
    clock.now = 7
    cache = wrap(kind, FifoCache(1), clock)
    for limit in ({"ttl": 0}, {"ttl": -1}, {"expires": 7}, {"expires": 3}):
        assert cache.put("a", **limit) is None
        assert len(cache) == 0
    with pytest.raises(ValueError, match="ttl or expires, not both"):
        cache.put("a", ttl=1, expires=9)


def test_in_icarus_08_an_expiry_is_only_ever_extended():
    cache = ttl_cache(FifoCache(2), Clock().time)
    for ttl, expiry in ((5, 5), (3, 5), (8, 8), (None, math.inf), (9, math.inf)):
        cache.put("a", ttl=ttl)
        assert cache.expiry["a"] == expiry


def test_an_expiry_can_be_brought_forward():
    clock = Clock()
    cache = TtlCache(FifoCache(2), clock.time)
    for ttl in (5, None, 3):
        cache.put("a", ttl=ttl)
    assert cache.expiry["a"] == 3
    clock.now = 4
    cache.purge()
    assert len(cache) == 0


def test_the_very_time_of_expiry():
    clock = Clock()
    old, new = ttl_cache(FifoCache(2), clock.time), TtlCache(FifoCache(2), clock.time)
    for cache in (old, new):
        cache.put("a", ttl=3)
    clock.now = 3
    assert (old.has("a"), new.has("a")) == (True, False)
    assert (old.dump(), new.dump()) == ([("a", 3)], [])
    assert (old.get("a"), new.get("a")) == (False, False)
    assert (old.has("a"), len(old)) == (False, 0)


def test_a_refused_item_has_no_expiry():
    cache = ttl_cache(InCacheLfuCache(1), Clock().time)
    cache.put("a")
    cache.get("a")
    assert cache.put("b", ttl=5) == "b"
    assert cache.expiry == {"a": math.inf}


def test_expiry_stays_small_however_often_it_is_extended():
    clock = Clock()
    cache = ttl_cache(SegmentedLruCache(4), clock.time)
    for clock.now in range(5000):
        cache.put(clock.now % 2, ttl=10)
    assert len(cache._heap) < 100
    assert len(cache.expiry) == 2


def test_a_clock_must_tell_the_time():
    with pytest.raises(TypeError, match="f_time must be a function"):
        ttl_cache(FifoCache(2), 5)


def test_arguments_pass_through_three_wrappers():
    clock = Clock()
    cache = rand_insert_cache(keyval_cache(ttl_cache(RandEvictionCache(2), clock.time)), 1)
    cache.put("a", "v", ttl=3)
    assert cache.get("a") == "v"
    assert cache.dump() == [("a", "v")]
    assert cache.expiry == {"a": 3}
    outer_ttl = ttl_cache(keyval_cache(insert_after_k_hits_cache(LruCache(2))), clock.time)
    outer_ttl.put("a", "v", 3, force_insert=True)
    assert outer_ttl.get("a") == "v"
    assert outer_ttl.dump() == [("a", 3)]
    assert outer_ttl.value("a") == "v"
    clock.now = 4
    assert outer_ttl.get("a") is None
