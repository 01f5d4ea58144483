"""The exact curve of LRU: against caches that are simulated one by one, and published counts."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.curves import LruDistances, SharedTrace, decode_trace, replay
from icarus.curves.asking import parse_policies
from icarus.curves.decoded import DecodedTrace

requests = st.lists(st.integers(0, 30), min_size=1, max_size=300)


def lru_misses(contents: list[int], sizes: list[int], capacity: int) -> tuple[int, int]:
    """Replay a cache of bytes in which a content has the size of its latest request."""
    held: OrderedDict[int, int] = OrderedDict()
    missed = missed_bytes = 0
    for content, size in zip(contents, sizes, strict=True):
        if content not in held:
            missed += 1
            missed_bytes += size
        held[content] = size
        held.move_to_end(content)
        while sum(held.values()) > capacity:
            held.popitem(last=False)
    return missed, missed_bytes


@settings(deadline=None)
@given(contents=requests, repeat=st.integers(1, 20))
def test_every_size_is_that_of_a_cache_that_is_simulated(contents: list[int], repeat: int) -> None:
    contents *= repeat  # positions run out, and are closed up
    distances = LruDistances()
    distances.add(np.array(contents))
    sizes = range(1, 33)
    ones = [1] * len(contents)
    assert distances.misses(sizes).tolist() == [lru_misses(contents, ones, c)[0] for c in sizes]
    assert distances.n_contents == len(set(contents))


@settings(deadline=None)
@given(contents=requests, data=st.data())
def test_in_bytes_it_is_lru_where_every_content_fits(
    contents: list[int], data: st.DataObject
) -> None:
    size_of = data.draw(st.lists(st.integers(1, 50), min_size=31, max_size=31))
    sizes = [size_of[content] for content in contents]
    edges = sorted({50, 60, 75, 128, 200, 333, 500, 1000, 2000})
    distances = LruDistances(edges)
    distances.add(np.array(contents), np.array(sizes))
    found = list(zip(distances.misses(edges), distances.missed_bytes(edges), strict=True))
    assert found == [lru_misses(contents, sizes, edge) for edge in edges]


def test_requests_in_parts_and_new_contents_late_count_as_all_at_once() -> None:
    rng = np.random.default_rng(3)
    # Tables grow twice on the way.
    contents = np.concatenate([rng.integers(0, 500, 9000), rng.zipf(1.3, 30_000) % 9000])
    sizes = rng.integers(1, 2000, 9000)[contents]
    edges = np.array([5000, 50_000, 500_000, 5_000_000])
    for one, other, wanted in (
        (LruDistances(), LruDistances(), np.arange(1, 9000)),
        (LruDistances(edges), LruDistances(edges), edges),
    ):
        one.add(contents, sizes)
        for start in range(0, len(contents), 777):
            other.add(contents[start : start + 777], sizes[start : start + 777])
        assert one.misses(wanted).tolist() == other.misses(wanted).tolist()
        assert one.missed_bytes(wanted).tolist() == other.missed_bytes(wanted).tolist()
        assert one.n_contents == other.n_contents == len(np.unique(contents))


def test_it_is_the_policy_at_many_sizes() -> None:
    rng = np.random.default_rng(1)
    contents = np.unique(rng.zipf(1.2, 20_000) % 3000, return_inverse=True)[1].astype(np.int32)
    trace = DecodedTrace(contents, int(contents.max()) + 1, rng.integers(1, 99, len(contents)))
    distances = LruDistances()
    distances.add(trace.contents, trace.sizes)
    [lru] = parse_policies("LRU")
    for size in (1, 2, 7, 63, 64, 65, 500, 2000, 3000):
        missed = replay(SharedTrace(trace), lru, size)
        assert missed.requests == distances.misses([size])[0]
        assert missed.n_bytes == distances.missed_bytes([size])[0]


def test_dropped_contents_were_never_requested() -> None:
    rng = np.random.default_rng(2)
    contents = rng.integers(0, 100, 4000)
    for edges in (None, [300, 900, 5000]):
        with_drop, without = LruDistances(edges), LruDistances(edges)
        sizes = contents + 1
        with_drop.add(contents[:2000], sizes[:2000])
        with_drop.drop(np.arange(50))
        kept = contents[:2000] >= 50
        without.add(contents[:2000][kept], sizes[:2000][kept])
        for one in (with_drop, without):
            one.count_anew(edges)
            one.add(contents[2000:], sizes[2000:])
        wanted = edges or range(1, 101)
        assert with_drop.misses(wanted).tolist() == without.misses(wanted).tolist()
        assert with_drop.n_contents == without.n_contents == 100


def test_memory_follows_contents_and_not_requests() -> None:
    distances = LruDistances()
    block = np.random.default_rng(0).integers(0, 1000, 2**18)
    distances.add(block)
    before = [len(array) for array in vars(distances).values() if isinstance(array, np.ndarray)]
    for _ in range(20):
        distances.add(block)
    after = [len(array) for array in vars(distances).values() if isinstance(array, np.ndarray)]
    assert after == before
    assert max(after) < 4096
    assert distances.n_requests == 21 * 2**18


def test_bad_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="need the sizes"):
        LruDistances([10]).add(np.array([1]))
    with pytest.raises(ValueError, match="1 requests have 2 sizes"):
        LruDistances().add(np.array([1]), np.array([1, 2]))
    with pytest.raises(ValueError, match="from 0, found -1"):
        LruDistances().add(np.array([1, -1]))
    in_bytes = LruDistances([10, 20])
    in_bytes.add(np.array([1, 1]), np.array([5, 5]))
    with pytest.raises(ValueError, match="15 bytes is not among"):
        in_bytes.misses([15])


def test_counts_of_real_traces(shared_data: Path) -> None:
    folder = shared_data / "traces"
    trace = decode_trace(folder / "scarab_recs.txt.xz")
    distances = LruDistances()
    distances.add(trace.contents)
    sizes = [int(trace.n_contents * share) for share in (0.01, 0.05, 0.2)]
    assert distances.misses(sizes).tolist() == [813012, 601347, 379592]
    cdn = decode_trace(
        folder / "cdn_request.trace.xz", delimiter=" ", content_column=1, size_column=2
    )
    edges = [4 << 20, 16 << 20, 64 << 20]
    in_bytes = LruDistances(edges)
    in_bytes.add(cdn.contents, cdn.sizes)
    # Of a cache in which a content that is asked for with another size gets that.
    assert in_bytes.misses(edges).tolist() == [49416, 45423, 40383]
    assert in_bytes.missed_bytes(edges).tolist() == [344471301, 322764508, 296868352]
