"""What is counted of each cache while requests are measured: for the collector CACHE_USE."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.around import around_caches, grows_inside
from icarus.policies.room import NOTHING, Room

__all__ = ["CacheCounts", "CountedCaches", "counts_in", "new_span", "note_measured"]

LOOKUPS, HITS, INSERTIONS, EVICTIONS, WRITTEN, SIZE_CHANGES, REFUSED, CONTENTS = range(8)
"""Columns of the counts. All but the last are of measured requests."""

MEASURED, BEGUN, FIRST, LAST = range(4)
"""Of a span: whether the present request is measured, whether one was, and their times."""


class CacheCounts(NamedTuple):
    """What was counted of one cache."""

    lookups: int
    hits: int
    insertions: int
    evictions: int
    written: int
    """Bytes that were put there; contents where no sizes are known."""
    size_changes: int
    """Hits of contents that have another size in the cache than in the request."""
    too_large: int
    """Contents that were not kept as they are larger than the cache, or than a part of it."""
    contents: int
    """What is in the cache at the end."""
    mean_contents: float
    """Mean over the time from the first to the last measured request."""
    bytes: int
    """What is in the cache at the end, where bytes count; else 0."""
    mean_bytes: float


@around_caches
class CountedCaches(NamedTuple):
    """Caches of a policy of which it is counted what is done to them."""

    caches: Any
    counts: np.ndarray
    """int64, (8 * n_caches,), row by row."""
    area: np.ndarray
    """float64, (3 * n_caches,), row by row: contents and bytes, each times the seconds that it was
    there, and until when that is settled."""
    now: np.ndarray
    """float64, (1,): the time."""
    requested: np.ndarray
    """int64, (1,): bytes of the requested content; 1 if there are no sizes."""
    span: np.ndarray
    """float64, (4,)"""

    @classmethod
    def new(cls, room: Room, caches: Any, now: Any, requested: Any, span: Any) -> Self:
        """Return what goes around the state of empty caches.

        Parameters
        ----------
        room : Room
            That of the caches.
        caches : NamedTuple
            Their state.
        now, requested, span : list or None
            Where others write them; None where the state is told of them.
        """
        return cls(
            caches,
            room.zeros(8 * room.n_caches),
            room.zeros(3 * room.n_caches, np.float64),
            room.zeros(1, np.float64) if now is None else now,
            room.array(np.ones(1, dtype=np.int64)) if requested is None else requested,
            room.array(np.array(new_span())) if span is None else span,
        )

    def set_time(self, time):
        """Take note of the time."""
        self.now[0] = time
        self.caches.set_time(time)

    def set_size(self, size):
        """Take note of the size of the requested content."""
        self.requested[0] = size
        self.caches.set_size(size)

    def set_measured(self, measured):
        """Take note of whether the present request is measured."""
        note_measured(self.span, self.now[0], measured)

    def get(self, cache, content):
        """Look a content up."""
        caches, counts, row = self.caches, self.counts, cache << 3
        counted = np.int64(self.span[MEASURED])
        changed = counted > 0 and caches.differs(cache, content)
        self._settle(cache)
        measure = caches.measure()
        # A look-up evicts where a content is larger than it was.
        measure.begin()
        found = caches.get(cache, content)
        gone = measure.n_gone(NOTHING)
        counts[row + LOOKUPS] += counted
        counts[row + EVICTIONS] += counted * gone
        counts[row + CONTENTS] -= gone
        if found:
            counts[row + HITS] += counted
            if changed:
                counts[row + SIZE_CHANGES] += 1
        return found

    def put(self, cache, content):
        """Insert a content; return the last that was evicted for it."""
        caches, counts, row = self.caches, self.counts, cache << 3
        counted = np.int64(self.span[MEASURED])
        self._settle(cache)
        measure = caches.measure()
        before = caches.has(cache, content)
        refused = measure.n_refused(cache)
        measure.begin()
        evicted = caches.put(cache, content)
        stored = not before and caches.has(cache, content)
        gone = measure.n_gone(evicted)
        # A policy may evict the newcomer itself, which did not take anybody's place then.
        if gone > 0 and not before and not stored and measure.gone(gone - 1, evicted) == content:
            gone -= 1
        counts[row + EVICTIONS] += counted * gone
        counts[row + REFUSED] += counted * (measure.n_refused(cache) - refused)
        counts[row + CONTENTS] -= gone
        if stored:
            counts[row + CONTENTS] += 1
            counts[row + INSERTIONS] += counted
            counts[row + WRITTEN] += counted * self.requested[0]
        return evicted

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        self._settle(cache)
        removed = self.caches.remove(cache, content)
        if removed:
            self.counts[(cache << 3) + CONTENTS] -= 1
        return removed

    def _settle(self, cache):
        """Add what was in a cache up to now, times the seconds since that was done last."""
        if self.span[BEGUN] > 0:
            area, row = self.area, 3 * cache
            seconds = self.now[0] - max(area[row + 2], self.span[FIRST])
            area[row] += self.counts[(cache << 3) + CONTENTS] * seconds
            area[row + 1] += self.caches.used(cache) * seconds
            area[row + 2] = self.now[0]

    def counts_of(self, cache: int) -> CacheCounts:
        """Return what was counted of a cache so far."""
        row = 8 * cache
        counts = [int(count) for count in self.counts[row : row + 8]]
        contents, used = counts[CONTENTS], int(self.caches.used(cache))
        _, _, first, last = (float(one) for one in self.span)
        areas = [float(one) for one in self.area[3 * cache : 3 * cache + 3]]
        left = max(last - max(areas[2], first), 0.0)
        means = [
            (area + held * left) / (last - first) if last > first else float(held)
            for area, held in zip(areas, (contents, used), strict=False)
        ]
        named = dict(zip(CacheCounts._fields, counts, strict=False))
        return CacheCounts(**named, mean_contents=means[0], bytes=used, mean_bytes=means[1])

    def clear(self, cache: int) -> None:
        """Remove everything from a cache; what was counted stays."""
        self._settle(cache)
        self.caches.clear(cache)
        self.counts[(cache << 3) + CONTENTS] = 0

    def carry_on(self, other: Self) -> Self:
        """Return the same state with the counts of another one."""
        return other._replace(caches=self.caches.carry_on(other.caches))

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, as far as it has room."""
        self._settle(cache)
        self.caches.take_over(cache, other.caches)
        self.counts[(cache << 3) + CONTENTS] = self.caches.size(cache)

    (grows,) = (grows_inside,)  # type: ignore[misc]


def note_measured(span, time, measured):
    """Have a span know whether the request at a time is measured."""
    span[MEASURED] = 1.0 if measured else 0.0
    if measured:
        if span[BEGUN] == 0:
            span[BEGUN] = 1.0
            span[FIRST] = time
        span[LAST] = time


def new_span() -> list[float]:
    """Return a span before the first request."""
    return [0.0] * 4


def counts_in(state: Any, cache: int) -> CacheCounts:
    """Return what was counted of a cache, given the state with all that is around it.

    Parameters
    ----------
    state : NamedTuple
        There is a ``CountedCaches`` in it.
    cache : int
    """
    while not isinstance(state, CountedCaches):
        state = state.caches
    return state.counts_of(cache)
