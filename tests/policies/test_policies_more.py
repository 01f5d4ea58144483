"""SLRU, CLIMB, PERFECT_LFU and MIN: each against a model of its definition, and by hand."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.models.cache import (
    BeladyMinCache,
    ClimbCache,
    LruCache,
    PerfectLfuCache,
    SegmentedLruCache,
    policies,
)
from icarus.planning.validation import SectionChecker
from icarus.registry import CACHE_POLICY
from icarus.util import Tree

ITEMS = [0, None, "", 1, "a", (), ("a", 1), 2.5]
items = st.sampled_from(ITEMS)
operations = st.lists(
    st.tuples(
        st.sampled_from(["get", "get", "get", "put", "put", "put", "remove", "clear"]), items
    ),
    max_size=80,
)


def apply(cache: Any, operation: str, k: Any) -> Any:
    return cache.clear() if operation == "clear" else getattr(cache, operation)(k)


class NaiveSlru:
    """Lists, the highest segment first, the most recently used item first in each."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.lines: list[list[Any]] = [[] for _ in sizes]

    def get(self, k: Any) -> bool:
        for i, line in enumerate(self.lines):
            if k in line:
                line.remove(k)
                self.lines[max(i - 1, 0)].insert(0, k)
                if len(self.lines[i - 1]) > self.sizes[i - 1] and i > 0:
                    line.insert(0, self.lines[i - 1].pop())
                return True
        return False

    def put(self, k: Any) -> Any:
        if self.get(k):
            return None
        self.lines[-1].insert(0, k)
        return self.lines[-1].pop() if len(self.lines[-1]) > self.sizes[-1] else None

    def remove(self, k: Any) -> bool:
        for line in self.lines:
            if k in line:
                line.remove(k)
                return True
        return False

    def clear(self) -> None:
        self.lines = [[] for _ in self.sizes]


@settings(deadline=None, max_examples=100)
@given(
    sizes=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    # Few items and long runs of hits, or else higher segments never fill.
    operations=st.lists(
        st.tuples(st.sampled_from([*["get"] * 6, *["put"] * 3, "remove"]), st.integers(0, 4)),
        min_size=30,
        max_size=80,
    ),
)
def test_slru_does_what_its_definition_says(sizes, operations):
    sizes = [*sizes, 1] if sum(sizes) < len(sizes) else sizes
    total = max(sum(sizes), len(sizes))
    sizes[0] += total - sum(sizes)
    cache = SegmentedLruCache(total, len(sizes), [size / total for size in sizes])
    assert cache._segment_maxlen == sizes
    model = NaiveSlru(sizes)
    for operation, k in operations:
        assert apply(cache, operation, k) == apply(model, operation, k)
        assert cache.dump(serialized=False) == model.lines
        assert cache.dump() == [held for line in model.lines for held in line]
        assert [cache.position(held) for held in cache.dump()] == list(range(len(cache)))
        assert [cache.has(held) for held in range(5)] == [held in cache.dump() for held in range(5)]
    cache.clear()
    assert cache.dump(serialized=False) == [[] for _ in sizes]


def test_slru_demotes_by_one_segment_only():
    cache = SegmentedLruCache(3, 3)
    for k in ("a", "b"):
        for _ in range(3):
            cache.put(k)
    assert cache.dump(serialized=False) == [["b"], ["a"], []]


def test_slru_tells_items_that_mean_nothing_from_no_item():
    cache = SegmentedLruCache(2)
    assert [cache.put(k) for k in (0, None, "", 1)] == [None, 0, None, ""]
    assert SegmentedLruCache(2, 2, [1, 0]).put(0) == 0, "declined: new items have no place"


def test_slru_by_hand():
    cache = SegmentedLruCache(4)
    assert [cache.put(k) for k in (1, 2, 3)] == [None, None, 1], "half of the cache is unused"
    assert cache.get(2)
    assert cache.get(3)
    assert cache.dump(serialized=False) == [[3, 2], []]
    cache.put(4)
    cache.put(5)
    assert cache.put(4) is None
    assert cache.dump(serialized=False) == [[4, 3], [2, 5]], "4 goes up, so 2 comes down"
    assert cache.position(2) == 2
    assert cache.put(6) == 5
    assert cache.get(3)
    assert cache.dump(serialized=False) == [[3, 4], [6, 2]], "a hit in the top segment demotes none"
    assert cache.remove(4)
    assert len(cache) == 3
    with pytest.raises(ValueError, match="4 is not cached"):
        cache.position(4)


@given(operations=operations, capacity=st.integers(1, 4))
def test_slru_of_one_segment_is_lru(operations, capacity):
    cache, lru = SegmentedLruCache(capacity, 1), LruCache(capacity)
    for operation, k in operations:
        assert apply(cache, operation, k) == apply(lru, operation, k)
        assert cache.dump() == lru.dump()


def test_slru_divides_its_places_by_largest_remainders():
    assert SegmentedLruCache(9, 3)._segment_maxlen == [3, 3, 3]
    assert SegmentedLruCache(10, 3)._segment_maxlen == [4, 3, 3]
    assert SegmentedLruCache(10, 2, [0.75, 0.25])._segment_maxlen == [8, 2]
    assert SegmentedLruCache(100, np.int64(2), [0.7995, 0.2])._segment_maxlen == [80, 20]
    assert SegmentedLruCache(10_000, 2, (0.5, 0.501))._segment_maxlen == [4995, 5005]
    assert SegmentedLruCache(3, 1, None, "ignored", nonsense=1)._segment_maxlen == [3]


@pytest.mark.parametrize("segments", [0, -1, 5, 1.0, 2.5, "2", None, True])
def test_slru_refuses_a_senseless_number_of_segments(segments):
    with pytest.raises(ValueError, match="segments must"):
        SegmentedLruCache(4, segments)


@pytest.mark.parametrize("alloc", [[1], [0.5, 0.3, 0.2], [0.5, 0.4], [1.5, -0.5], [math.nan, 0.5]])
def test_slru_refuses_a_senseless_allocation(alloc):
    with pytest.raises(ValueError, match="alloc must"):
        SegmentedLruCache(10, 2, alloc)


class NaiveClimb:
    """A list, the top first."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.held: list[Any] = []

    def get(self, k: Any) -> bool:
        if k not in self.held:
            return False
        place = self.held.index(k)
        self.held.insert(max(place - 1, 0), self.held.pop(place))
        return True

    def put(self, k: Any) -> Any:
        if self.get(k):
            return None
        evicted = self.held.pop() if len(self.held) == self.capacity else None
        self.held.append(k)
        return evicted

    def remove(self, k: Any) -> bool:
        if k not in self.held:
            return False
        self.held.remove(k)
        return True

    def clear(self) -> None:
        self.held.clear()


@settings(deadline=None, max_examples=100)
@given(capacity=st.integers(1, 5), operations=operations)
def test_climb_does_what_its_definition_says(capacity, operations):
    cache, model = ClimbCache(capacity), NaiveClimb(capacity)
    for operation, k in operations:
        assert apply(cache, operation, k) == apply(model, operation, k)
        assert cache.dump() == model.held
        assert [cache.position(held) for held in model.held] == list(range(len(cache)))
        assert [cache.has(held) for held in ITEMS] == [held in model.held for held in ITEMS]


def test_climb_by_hand():
    cache = ClimbCache(3)
    assert [cache.put(k) for k in (0, 1, 2)] == [None] * 3
    assert cache.dump() == [0, 1, 2], "new items enter at the bottom"
    assert cache.get(2)
    assert cache.put(2) is None
    assert cache.dump() == [2, 0, 1]
    assert cache.put(3) == 1
    assert cache.get(3)
    assert cache.put(4) == 0
    assert cache.dump() == [2, 3, 4]
    with pytest.raises(ValueError, match="0 is not cached"):
        cache.position(0)


class NaivePerfectLfu:
    """The requests of all items, in a list; a miss and the next insertion of it are one."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.clear()

    def clear(self) -> None:
        self.held: list[Any] = []
        self.requests: list[Any] = []
        self.missed: list[Any] = []

    def get(self, k: Any) -> bool:
        self.requests.append(k)
        if k not in self.held:
            self.missed.append(k)
        return k in self.held

    def put(self, k: Any) -> Any:
        if k in self.held:
            return None
        if k not in self.missed:
            self.requests.append(k)
        self.missed = [other for other in self.missed if other != k]
        self.held.append(k)
        return self.held.pop(self.held.index(self.dump()[-1])) if self.is_over() else None

    def is_over(self) -> bool:
        return len(self.held) > self.capacity

    def remove(self, k: Any) -> bool:
        if k not in self.held:
            return False
        self.held.remove(k)
        return True

    def dump(self) -> list[Any]:
        def rank(k: Any) -> tuple[int, int]:
            return self.requests.count(k), self.requests.index(k)

        return sorted(self.held, key=rank, reverse=True)


@settings(deadline=None, max_examples=100)
@given(capacity=st.integers(1, 4), operations=operations)
def test_perfect_lfu_does_what_its_definition_says(capacity, operations):
    cache, model = PerfectLfuCache(capacity), NaivePerfectLfu(capacity)
    for operation, k in operations:
        assert apply(cache, operation, k) == apply(model, operation, k)
        assert cache.dump() == model.dump()


def test_perfect_lfu_counts_a_miss_and_its_insertion_once():
    looked_up, put_only = PerfectLfuCache(2), PerfectLfuCache(2)
    for k in ("a", "a", "b"):
        looked_up.get(k)
        looked_up.put(k)
        put_only.put(k)
        put_only.put(k)
    # Requests so far: 2 of a and 1 of b where they were looked up, 1 of each where not.
    assert looked_up.dump() == ["a", "b"]
    assert put_only.dump() == ["b", "a"]
    looked_up.get("c")
    assert looked_up.put("c") == "b", "one request each: b's was earlier"
    # One look-up excuses one insertion: the second of c is a request of its own.
    looked_up.remove("c")
    looked_up.put("c")
    looked_up.get("c")
    assert looked_up.dump() == ["c", "a"]


def test_perfect_lfu_remembers_what_was_evicted_and_removed_until_it_is_cleared():
    cache = PerfectLfuCache(1)
    for _ in range(3):
        cache.get("a")
    cache.put("a")
    assert cache.put("b") == "b", "a new item may be refused"
    cache.remove("a")
    assert cache.put("b") is None
    assert cache.put("a") == "b", "its four requests were not forgotten"
    cache.clear()
    cache.put("b")
    assert cache.put("a") == "b"
    assert cache.dump() == ["a"]


def replay(cache: Any, trace: list[Any]) -> list[bool]:
    """Look each request up and put what was missed; return which were hits."""
    hits = []
    for k in trace:
        hits.append(cache.get(k))
        if not hits[-1]:
            cache.put(k)
    return hits


def best_hits(trace: tuple[int, ...], capacity: int) -> int:
    """Try every choice of what to keep."""

    @functools.cache
    def best(start: int, held: frozenset[int]) -> int:
        if start == len(trace):
            return 0
        k = trace[start]
        if k in held:
            return 1 + best(start + 1, held)
        if len(held) < capacity:
            return best(start + 1, held | {k})
        choices = [held, *(held - {victim} | {k} for victim in held)]
        return max(best(start + 1, choice) for choice in choices)

    return best(0, frozenset())


@settings(deadline=None, max_examples=80)
@given(
    trace=st.lists(st.integers(0, 5), max_size=12).map(tuple),
    capacity=st.integers(1, 3),
)
def test_min_has_as_many_hits_as_any_choice_could(trace, capacity):
    assert sum(replay(BeladyMinCache(capacity, trace), list(trace))) == best_hits(trace, capacity)


class NaiveMin:
    """Items in order of insertion, and what is still to be requested."""

    def __init__(self, capacity: int, trace: list[Any]) -> None:
        self.capacity = capacity
        # What was requested is replaced by an object that equals nothing.
        self.future = list(trace)
        self.held: list[Any] = []

    def next_use(self, k: Any) -> float:
        return self.future.index(k) if k in self.future else math.inf

    def get(self, k: Any) -> bool:
        if k in self.future:
            self.future[self.future.index(k)] = object()
        return k in self.held

    def put(self, k: Any) -> Any:
        if k in self.held:
            return None
        if len(self.held) < self.capacity:
            self.held.append(k)
            return None
        victim = max(self.held, key=self.next_use)  # the first of equals
        if self.next_use(k) >= self.next_use(victim):
            return None
        self.held.remove(victim)
        self.held.append(k)
        return victim

    def remove(self, k: Any) -> bool:
        if k not in self.held:
            return False
        self.held.remove(k)
        return True

    def clear(self) -> None:
        self.held.clear()

    def dump(self) -> list[Any]:
        later_first = self.held[::-1]
        return sorted(later_first, key=self.next_use)


@settings(deadline=None, max_examples=100)
@given(capacity=st.integers(1, 4), trace=st.lists(items, max_size=30), operations=operations)
def test_min_does_what_its_definition_says(capacity, trace, operations):
    cache, model = BeladyMinCache(capacity, trace), NaiveMin(capacity, trace)
    for operation, k in operations:
        assert apply(cache, operation, k) == apply(model, operation, k)
        assert cache.dump() == model.dump()
        assert [cache.has(held) for held in ITEMS] == [held in model.held for held in ITEMS]


def test_min_by_hand():
    trace = [1, 2, 3, 1, 2, 4, 1, 3]
    cache = BeladyMinCache(2, trace)
    assert replay(cache, trace[:2]) == [False, False]
    assert not cache.get(3)
    assert cache.put(3) is None
    assert cache.dump() == [1, 2], "3 is needed last, so it is not inserted"
    assert cache.get(1)
    assert cache.get(2)
    assert cache.dump() == [1, 2], "2 is never needed again"
    assert not cache.get(4)
    assert cache.put(3) == 2, "3 is needed again, 2 is not"


def test_min_keeps_its_size_when_an_item_is_put_again():
    cache = BeladyMinCache(2, ["a", "b", "a", "b"])
    cache.put("a")
    cache.put("b")
    assert cache.put("b") is None
    assert cache.put("a") is None
    assert sorted(cache.dump()) == ["a", "b"]


def test_min_takes_items_outside_the_trace_as_never_needed_again():
    cache = BeladyMinCache(2, ["a"])
    assert not cache.get("stranger")
    assert cache.put("stranger") is None
    assert cache.put("other") is None
    assert cache.dump() == ["other", "stranger"]
    assert cache.put("third") is None
    assert not cache.has("third"), "it is needed no sooner than those"
    assert cache.put("a") == "stranger", "the first inserted of those never needed again"


def problems(**section: Any) -> list[tuple[str, str]]:
    return SectionChecker().check("cache_policy", Tree(section)).problems


def test_settings_are_checked_before_anything_runs():
    assert problems(name="SLRU") == []
    assert problems(name="SLRU", segments=3, alloc=[0.5, 0.25, 0.25]) == []
    assert [place for place, _ in problems(name="SLRU", segments=2.5)] == ["segments"]
    assert [place for place, _ in problems(name="SLRU", alloc=[0.5, "x"])] == ["alloc"]
    assert "one share per segment, 3" in problems(name="SLRU", segments=3, alloc=[0.5, 0.5])[0][1]
    assert "sum to 1" in problems(name="SLRU", alloc=[0.5, 0.4])[0][1]
    assert problems(name="CLIMB") == problems(name="PERFECT_LFU") == []
    assert "missing" in problems(name="MIN")[0][1]
    assert problems(name="MIN", trace=[1, 2, "a"]) == []
    assert problems(name="MIN", trace=np.arange(3)) == []


def test_every_exported_name_is_there():
    for name in policies.__all__:
        assert getattr(policies, name) is not None
    assert policies.ttl_keyval_cache() is None
    for name in ("SLRU", "CLIMB", "PERFECT_LFU", "MIN"):
        assert CACHE_POLICY[name].name == name
