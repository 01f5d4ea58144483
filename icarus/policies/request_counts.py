"""How often contents were asked for of late: exact counts, and a count-min sketch of them.

Both fade: after so many requests all counts are halved. Each cache has counts of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import Room

__all__ = [
    "CountMinSketch",
    "ExactCounts",
    "beats",
    "expected_contents",
    "lower_half",
    "make_counts",
    "upper_half",
]

LARGEST = 15
"""A counter of the sketch takes four bits."""

ROWS = 4

BYTES_OF_A_CONTENT = 8192
"""For caches that count bytes: how many contents are expected to fit, if nobody says so."""

LENIENT_FROM, LENIENT_ONE_IN = 6, 128
"""Of those that lose by their counts in the sketch, which are let in all the same."""


class ExactCounts(NamedTuple):
    """A count for each content that was asked for; those that reach 0 are forgotten."""

    queues: Queues
    """One for each cache, of what is counted; values are the counts."""
    events: np.ndarray
    """int64, (n_caches,): requests, halved with the counts."""
    period: np.ndarray
    """int64, (n_caches,): events at which counts are halved."""

    def increment(self, cache, content):
        """Count a request."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            slot = queues.insert(cache, 0, content)
        queues.set_value(slot, queues.value(slot) + 1)
        events = self.events[cache] + 1
        if events >= self.period[cache]:
            self._halve(cache)
            events >>= 1
        self.events[cache] = events

    def _halve(self, cache):
        queues = self.queues
        slot = queues.front(cache, 0)
        while not queues.is_end(slot):
            behind = queues.behind(slot)
            count = queues.value(slot) >> 1
            queues.set_value(slot, count)
            if count == 0:
                queues.drop(cache, slot)
            slot = behind

    def frequency(self, cache, content):
        """Return the count of a content."""
        slot = self.queues.find(cache, content)
        return 0 if slot < 0 else np.int64(self.queues.value(slot))

    def is_lenient(self):
        """Return False: nobody is let in who loses."""
        return False

    def clear(self, cache: int) -> None:
        """Have nothing be counted of a cache."""
        self.queues.clear(cache)
        self.events[cache] = 0

    def reserve(self, n_requests: int) -> Self:
        """Return the same counts with room for those of further requests."""
        return self._replace(queues=self.queues.reserve(n_requests))


class CountMinSketch(NamedTuple):
    """Four rows of counters; the least of the four of a content is its count, or above it.

    With ``h`` the stable hash of the name of a content, its counter in row `r` has the number
    ``h % 2**32 + r * (h // 2**32 | 1)``, modulo the length of the row.
    """

    counters: np.ndarray
    """int8: those of each cache row by row."""
    first: np.ndarray
    """int64, (n_caches,): the first counter of each cache."""
    width: np.ndarray
    """int64, (n_caches,): counters of a row, a power of two."""
    events: np.ndarray
    """int64, (n_caches,): requests that raised a counter, halved with the counters."""
    hashes: Any

    def increment(self, cache, content):
        """Count a request."""
        width = self.width[cache]
        place, row, step = self._begin(cache, content)
        raised = False
        for _ in range(ROWS):
            at = row + (place & (width - 1))
            count = self.counters[at]
            if count < LARGEST:
                self.counters[at] = count + 1
                raised = True
            place += step
            row += width
        if raised:
            events = self.events[cache] + 1
            # Four counters to a content that is expected, ten requests of each.
            if events >= 10 * (width >> 2):
                self._halve(cache)
                events >>= 1
            self.events[cache] = events

    def _begin(self, cache, content):
        name = self.hashes.of(content, 0)
        return lower_half(name), self.first[cache], upper_half(name) | 1

    def _halve(self, cache):
        first = self.first[cache]
        for place in range(first, first + ROWS * self.width[cache]):
            self.counters[place] >>= 1

    def frequency(self, cache, content):
        """Return the least counter of a content."""
        width = self.width[cache]
        place, row, step = self._begin(cache, content)
        least = LARGEST
        for _ in range(ROWS):
            least = min(least, np.int64(self.counters[row + (place & (width - 1))]))  # type: ignore[assignment]
            place += step
            row += width
        return least

    def is_lenient(self):
        """Return True: nobody who knows the hash is to keep contents out for good."""
        return True

    def clear(self, cache: int) -> None:
        """Have nothing be counted of a cache."""
        first = int(self.first[cache])
        for place in range(first, first + ROWS * int(self.width[cache])):
            self.counters[place] = 0
        self.events[cache] = 0


def lower_half(name):
    """Return the lower 32 bits of a hash."""
    return int(name) & 0xFFFF_FFFF


def _lower_half_compiled(name):
    return np.int64(np.uint64(name) & np.uint64(0xFFFF_FFFF))


def upper_half(name):
    """Return the upper 32 bits of a hash of 64."""
    return int(name) >> 32


def _upper_half_compiled(name):
    return np.int64(np.uint64(name) >> np.uint64(32))


lower_half.compiled_form = _lower_half_compiled  # type: ignore[attr-defined]
upper_half.compiled_form = _upper_half_compiled  # type: ignore[attr-defined]


def beats(counts, cache, candidate, victim, rng):
    """Return whether a content is to stay rather than another, as it was asked for more often.

    With a sketch, one that was not, but is counted at least `LENIENT_FROM` times, stays if a draw
    says so; there is no other draw.
    """
    asked = counts.frequency(cache, candidate)
    if asked > counts.frequency(cache, victim):
        return True
    if not counts.is_lenient() or asked < LENIENT_FROM:
        return False
    return int(rng.random() * LENIENT_ONE_IN) == 0


def expected_contents(room: Room, contents: int | None) -> list[int]:
    """Return how many contents are expected to fit into each cache.

    Parameters
    ----------
    room : Room
    contents : int or None
        What settings say; by default the capacity, or one for each `BYTES_OF_A_CONTENT` of it.
    """
    if contents is not None:
        return [int(contents)] * room.n_caches
    unit = BYTES_OF_A_CONTENT if room.in_bytes else 1
    return [max(int(maxlen) // unit, 1) for maxlen in room.maxlens]


def make_counts(room: Room, sketch: str, contents: Sequence[int]) -> ExactCounts | CountMinSketch:
    """Return counts of no requests yet.

    Parameters
    ----------
    room : Room
        Of the caches, each of which has counts of its own.
    sketch : {"count_min", "exact"}
    contents : sequence of int, shape (n_caches,)
        How many contents are expected to fit into each cache.

    Raises
    ------
    ValueError
        If there is no such sketch.
    """
    expected = np.asarray(contents, dtype=np.int64)
    events = room.zeros(room.n_caches)
    if sketch == "exact":
        queues = make_queues(replace(room, in_bytes=False))
        return ExactCounts(queues, events, room.array(10 * expected))
    if sketch != "count_min":
        raise ValueError(f"sketch must be 'count_min' or 'exact', got {sketch!r}")
    width = np.array([4 << (int(n) - 1).bit_length() for n in expected], dtype=np.int64)
    first = np.concatenate(([0], np.cumsum(ROWS * width)))
    counters = room.zeros(int(first[-1]), np.int8)
    return CountMinSketch(counters, room.array(first[:-1]), room.array(width), events, room.hashes)
