"""Policies request by request against libcachesim, an independent simulator, on real traces."""

from __future__ import annotations

import heapq
import lzma
import math
from pathlib import Path
from typing import Any

import pytest

from icarus.models.cache import BeladyMinCache, Cache, FifoCache, LruCache, SegmentedLruCache
from icarus.policies.room import NOTHING
from icarus.policies.segmented_lru import END, ROOM, SegmentedLruCaches
from icarus.registry import CACHE_POLICY
from icarus.traces import TraceReader

libcachesim = pytest.importorskip(
    "libcachesim", reason="compares with libcachesim, which is not installed"
)

TRACES = ("cloudPhysicsIO.txt", "web12.txt.xz")
CAPACITIES = (100, 1000)
N_REQUESTS = 40_000
NEVER = 2**63 - 1
"""What libcachesim takes for the next request of an item that is not requested again."""


@pytest.fixture(scope="module", params=TRACES)
def trace(request: Any, shared_data: Path) -> list[int]:
    path = shared_data / "traces" / request.param
    content = path.read_bytes()
    text = lzma.decompress(content) if path.suffix == ".xz" else content
    return [int(name) for name in text.split()[:N_REQUESTS]]


def hits_here(cache: Cache, trace: list[int]) -> list[bool]:
    """Look every request up and put what is missed."""
    hits = []
    for k in trace:
        hits.append(cache.get(k))
        if not hits[-1]:
            cache.put(k)
    return hits


def hits_there(cache: Any, trace: list[int]) -> list[bool]:
    """Do the same in libcachesim, where ``get`` inserts; all contents have size 1."""
    one = libcachesim.Request()
    one.obj_size = 1
    hits = []
    for k, following in zip(trace, next_requests(trace), strict=True):
        one.obj_id = k
        one.next_access_vtime = NEVER if following == math.inf else following
        hits.append(cache.get(one))
    return hits


def next_requests(trace: list[int]) -> list[float]:
    """Return for each request the place of the next one for the same item."""
    seen: dict[int, int] = {}
    following = [math.inf] * len(trace)
    for place in range(len(trace) - 1, -1, -1):
        following[place] = seen.get(trace[place], math.inf)
        seen[trace[place]] = place
    return following


@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize(
    ("ours", "theirs"), [(LruCache, "LRU"), (FifoCache, "FIFO")], ids=["LRU", "FIFO"]
)
def test_lru_and_fifo_agree_on_every_request(trace, capacity, ours, theirs):
    there = hits_there(getattr(libcachesim, theirs)(capacity), trace)
    assert hits_here(ours(capacity), trace) == there
    assert sum(there) > 1000


class FillingSlruCaches(SegmentedLruCaches):
    def put(self, cache, content):
        if self.get(cache, content):
            return NOTHING
        lines, links = self.lines, self.lines.links
        highest = lines.end(cache)
        for end in reversed(range(highest, highest + self.segments)):
            if links[(end << 2) + ROOM] > 0:
                slot = lines.take_free(cache)
                links[(end << 2) + ROOM] -= 1
                lines.insert(cache, content, slot, end)
                links[(slot << 2) + END] = end
                return NOTHING
        return super().put(cache, content)


class FillingSlru(SegmentedLruCache, definition=FillingSlruCaches):
    """SLRU whose new items enter the lowest segment that has room, and the lowest if none has.

    libcachesim does so. Icarus has them enter the lowest segment always, as published, so that
    higher segments hold nothing that was not hit. That is the only difference.
    """


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_slru_differs_only_while_segments_fill(trace, capacity):
    there = hits_there(libcachesim.SLRU(capacity), trace)  # four equal segments
    assert hits_here(FillingSlru(capacity, 4), trace) == there
    here = hits_here(SegmentedLruCache(capacity, 4), trace)
    # What entered higher segments unused is out before long: less than 1 request in 100 differs.
    differing = sum(a != b for a, b in zip(here, there, strict=True))
    assert 0 < differing < 0.01 * len(trace)


def test_slru_uses_only_the_lowest_segment_for_what_is_not_hit_again(trace):
    # In a cache so large that higher segments never fill by hits, the same difference decides
    # how much of the cache is used at all.
    capacity = 8000
    there = hits_there(libcachesim.SLRU(capacity), trace)
    assert hits_here(FillingSlru(capacity, 4), trace) == there
    cache = SegmentedLruCache(capacity, 4)
    here = hits_here(cache, trace)
    assert sum(here) < sum(there)
    assert len(cache) < capacity


def hits_where_misses_are_always_inserted(trace: list[int], capacity: int) -> list[bool]:
    """Replay Belady's rule for demand paging: every missed item is inserted."""
    next_use: dict[int, float] = {}
    heap: list[tuple[float, int]] = []
    hits = []
    for k, following in zip(trace, next_requests(trace), strict=True):
        hits.append(k in next_use)
        if k not in next_use and len(next_use) == capacity:
            while True:
                use, victim = heapq.heappop(heap)
                if next_use.get(victim) == -use:
                    del next_use[victim]
                    break
        next_use[k] = following
        heapq.heappush(heap, (-following, k))
    return hits


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_min_differs_only_where_not_inserting_is_better(trace, capacity):
    # libcachesim's Belady inserts every missed item. Icarus leaves one out that is needed last,
    # as a cache may, so it is at least as good; and no better than with one more place, in
    # which such items could wait.
    there = hits_there(libcachesim.Belady(capacity), trace)
    assert hits_where_misses_are_always_inserted(trace, capacity) == there
    here = hits_here(BeladyMinCache(capacity, trace), trace)
    with_one_more = hits_there(libcachesim.Belady(capacity + 1), trace)
    assert sum(there) <= sum(here) <= sum(with_one_more)
    assert sum(a != b for a, b in zip(here, there, strict=True)) < 0.01 * len(trace)


SIZED = {
    "FIFO": "FIFO",
    "LRU": "LRU",
    "CLOCK": "Clock",
    "SIEVE": "Sieve",
    "S3_FIFO": "S3FIFO",
    "CLOCK2Q_PLUS": "Clock2QPlus",
    "TWO_Q": "TwoQ",
    "ARC": "ARC",
    "S4LRU": "SLRU",
    "LFU": "LFU",
    "GDSF": "GDSF",
}
"""Policies that follow libcachesim's to the request, and what these are called there."""


@pytest.fixture(scope="module")
def sized_trace(shared_data: Path) -> list[tuple[int, int]]:
    """Ids and sizes of requests to a CDN, some of which come back with another size."""
    reader = TraceReader(
        shared_data / "traces" / "cdn_request.trace.xz",
        time_column=0,
        content_column=1,
        size_column=2,
    )
    requests: list[tuple[int, int]] = []
    for block in reader.blocks():
        requests += zip(block.ids, block.size.tolist(), strict=True)
    number: dict[Any, int] = {}
    return [(number.setdefault(k, len(number)), size) for k, size in requests[:N_REQUESTS]]


@pytest.mark.parametrize("unit", ["contents", "bytes"])
@pytest.mark.parametrize("policy", sorted(SIZED))
def test_sized_policies_agree_on_every_request(sized_trace, policy, unit):
    capacity = 2000 if unit == "contents" else 16 * 2**20
    cache: Any = CACHE_POLICY[policy](capacity)
    if unit == "bytes":
        cache = cache.in_bytes()
    there = getattr(libcachesim, SIZED[policy])(capacity)
    asked = libcachesim.Request()
    n_hits = 0
    for place, (k, size) in enumerate(sized_trace):
        asked.obj_id = k
        asked.obj_size = size if unit == "bytes" else 1
        hit = there.get(asked)
        n_hits += hit
        assert cache.get(k) is hit, place
        if not hit:
            cache.put(k, size if unit == "bytes" else None)
    assert n_hits > 1000
