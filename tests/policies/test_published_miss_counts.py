"""Policies against published miss counts of a real trace whose contents have sizes in bytes.

The counts are those of libCacheSim for capacities in bytes. Our caches count items, so that only
the order in which a policy evicts is compared: here bytes are counted beside it, and items evicted
in that order until there is room. SLRU divides its places among segments, which has no such
counterpart in bytes; it is compared item by item in ``test_against_libcachesim``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from icarus.models.cache import BeladyMinCache, Cache, FifoCache, LruCache
from icarus.tools import TraceReader

CAPACITIES = (128, 256, 384, 512, 640, 768, 896, 1024)
"""Capacities, in MiB."""

MISSES = {
    "LRU": (93374, 89783, 83572, 81722, 72494, 72104, 71972, 71704),
    "FIFO": (93403, 89386, 84387, 84025, 72498, 72228, 72182, 72140),
    "Belady": (79256, 70724, 65481, 61594, 59645, 57599, 50873, 48974),
}
"""Misses among 113,872 requests, by policy and capacity."""

ENOUGH = 50_000
"""Places for all 48,974 contents, so that bytes alone decide what is evicted."""

Request = tuple[str, int]


def counts(policy: str) -> list[tuple[int, int]]:
    return list(zip(CAPACITIES, MISSES[policy], strict=True))


@pytest.fixture(scope="module")
def trace(shared_data: Any) -> list[Request]:
    reader = TraceReader(shared_data / "traces" / "cloudPhysicsIO.oracleGeneral.bin")
    return [
        pair
        for block in reader.blocks()
        for pair in zip(block.ids, block.size.tolist(), strict=True)
    ]


def last_of(cache: Any) -> Any:
    return next(iter(cache._state.lines.items[0]))


def least_of(cache: Any) -> Any:
    state = cache._state
    return state.records.content(state.row_in[state.heaps.entries[1]])


def misses(cache: Cache, next_victim: Callable[[], Any], trace: list[Request], mib: int) -> int:
    room = mib * 2**20
    size_of: dict[Any, int] = {}
    missed = 0
    for k, size in trace:
        if cache.get(k):
            continue
        missed += 1
        while room < size:
            victim = next_victim()
            assert cache.remove(victim)
            room += size_of.pop(victim)
        assert cache.put(k) is None
        size_of[k] = size
        room -= size
    return missed


@pytest.mark.parametrize(("mib", "published"), counts("LRU"))
def test_lru(trace, mib, published):
    cache = LruCache(ENOUGH)
    assert misses(cache, lambda: last_of(cache), trace, mib) == published


@pytest.mark.parametrize(("mib", "published"), counts("FIFO"))
def test_fifo(trace, mib, published):
    cache = FifoCache(ENOUGH)
    assert misses(cache, lambda: last_of(cache), trace, mib) == published


@pytest.mark.parametrize(("mib", "published"), counts("Belady"))
def test_min(trace, mib, published):
    # With bytes counted beside it MIN never declines an item, as libCacheSim's Belady does not.
    cache = BeladyMinCache(ENOUGH, [k for k, _ in trace])
    assert misses(cache, lambda: least_of(cache), trace, mib) == published
