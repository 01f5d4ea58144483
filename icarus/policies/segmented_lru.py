"""Segmented LRU: contents move up one segment on each hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.lines import Lines, make_lines
from icarus.policies.one_line import (
    has_in_line,
    line_places,
    line_position,
    line_size,
)
from icarus.policies.room import NOTHING, Room, write
from icarus.registry import register_cache_policy
from icarus.types import Fraction, PositiveInt
from icarus.util import apportionment

__all__ = ["SegmentedLruCache", "SegmentedLruCaches"]

END, ROOM = 2, 3
# Further columns of the links: the end of the line that a slot is in, and, in the row of an
# end, how many contents fit into its line, and how many still do.


class SegmentedLruCaches(NamedTuple):
    """Segmented LRU caches: a line to each segment, the highest first."""

    lines: Lines
    segments: int

    @classmethod
    def new(
        cls, room: Room, segments: PositiveInt = 2, alloc: Sequence[Fraction] | None = None
    ) -> Self:
        """Return empty caches."""
        shares = _segment_shares(segments, alloc)
        lines = make_lines(room, lines=len(shares), shift=2)
        for cache, maxlen in enumerate(room.maxlens):
            for segment, size in enumerate(_segment_sizes(maxlen, shares)):
                row = (lines.end(cache) + segment) << 2
                lines.links[row + END] = lines.links[row + ROOM] = size
        return cls(lines, len(shares))

    def get(self, cache, content):
        """Return whether a content is cached, which promotes it to the next higher segment."""
        slot = self.lines.find(cache, content)
        if slot < 0:
            return False
        self._promote(self.lines.end(cache), slot)
        return True

    def put(self, cache, content):
        """Insert a content into the lowest segment, or promote it; return what was evicted."""
        lines = self.lines
        links = lines.links
        highest = lines.end(cache)
        slot = lines.find(cache, content)
        if slot >= 0:
            self._promote(highest, slot)
            return NOTHING
        lowest = highest + self.segments - 1
        evicted = NOTHING
        if links[(lowest << 2) + ROOM] > 0:
            slot = lines.take_free(cache)
            links[(lowest << 2) + ROOM] -= 1
        elif lines.before(lowest) == lowest:
            return content
        else:
            slot = lines.evict_last(cache, lowest)
            evicted = lines.item(slot)
        lines.insert(cache, content, slot, lowest)
        links[(slot << 2) + END] = lowest
        return evicted

    def next_victim(self, cache, content):
        """Return the last of the lowest segment; NOTHING if there is room, or never is."""
        lines = self.lines
        lowest = lines.end(cache) + self.segments - 1
        last, victim = lines.before(lowest), NOTHING
        if lines.links[(lowest << 2) + ROOM] == 0 and last != lowest:
            victim = lines.item(last)
        return victim

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        links = self.lines.links
        slot = self.lines.find(cache, content)
        if slot < 0:
            return False
        links[(links[(slot << 2) + END] << 2) + ROOM] += 1
        return self.lines.remove(cache, content)

    def _promote(self, highest, slot):
        """Move a slot to the line above its own, or to the front of the highest."""
        lines = self.lines
        links = lines.links
        end = links[(slot << 2) + END]
        lines.unlink(slot)
        if end == highest:
            lines.link_first(end, slot)
            return
        higher = end - 1
        lines.link_first(higher, slot)
        links[(slot << 2) + END] = higher
        if links[(higher << 2) + ROOM] > 0:
            links[(higher << 2) + ROOM] -= 1
            links[(end << 2) + ROOM] += 1
        else:
            # What falls out may be the content itself, where the higher segment has no place.
            demoted = lines.before(higher)
            lines.move_first(end, demoted)
            links[(demoted << 2) + END] = end

    has, places, size = has_in_line, line_places, line_size  # type: ignore[misc]

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        links, first = self.lines.links, self.lines.end(cache)
        rows = [end << 2 for end in range(first, first + self.segments)]
        sizes = [links[row + END] for row in rows]
        self.lines.clear(cache, self.segments)
        for row, size in zip(rows, sizes, strict=True):
            links[row + END] = links[row + ROOM] = size

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, each content in its segment.

        What a segment has no more room for goes to the front of the next lower one.
        """
        lines, links = self.lines, self.lines.links
        contents: list[Any] = []
        for segment, held in enumerate(other.by_segment(cache)):
            end = int(lines.end(cache)) + segment
            contents += held
            size = int(links[(end << 2) + END])
            kept, contents = contents[:size], contents[size:]
            first = lines.fill(cache, end, kept)
            rows = slice((first << 2) + END, (first + len(kept)) << 2, 4)
            write(links, rows, np.full(len(kept), end))
            links[(end << 2) + ROOM] = size - len(kept)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents, highest segment first, the most recently used first in each."""
        return [content for line in self.by_segment(cache) for content in line]

    def by_segment(self, cache: int) -> list[list[Any]]:
        """Return the contents of each segment of a cache."""
        return self.lines.by_line(cache, self.segments)


def _segment_shares(segments: object, alloc: Sequence[float] | None) -> list[float]:
    """Return the share of each segment, summing to 1; ValueError if they make no sense."""
    if isinstance(segments, bool) or not isinstance(segments, (int, np.integer)):
        raise ValueError(f"segments must be a whole number, found {segments!r}")
    if segments <= 0:
        raise ValueError(f"segments must be positive, got {segments}")
    if alloc is None:
        return [1 / int(segments)] * int(segments)
    if len(alloc) != segments:
        raise ValueError(f"alloc must have one share per segment, {segments}, found {alloc!r}")
    total = sum(alloc)
    # Written so that a share that is not a number is refused too.
    if not (min(alloc) >= 0 and abs(total - 1) <= 0.001):
        raise ValueError(f"alloc must be shares from 0 on that sum to 1, found {alloc!r}")
    return [float(share) / total for share in alloc]


def _check_slru(parameters: Mapping[str, Any]) -> list[str]:
    try:
        _segment_shares(parameters.get("segments", 2), parameters.get("alloc"))
    except ValueError as error:
        return [str(error)]
    return []


def _segment_sizes(maxlen: int, shares: Sequence[float]) -> list[int]:
    if len(shares) > maxlen:
        raise ValueError(
            f"segments must not exceed the size of the cache, {maxlen}, got {len(shares)}"
        )
    return apportionment(maxlen, shares)


@register_cache_policy("SLRU", check=_check_slru)
class SegmentedLruCache(DefinedCache, definition=SegmentedLruCaches):
    """Segmented LRU: items move up one segment on each hit; new ones enter the lowest.

    Each segment is an LRU line. An item that is hit goes to the head of the next higher
    segment; where that overflows, its last item goes to the head of the segment that the
    hit one left. The last item of the lowest segment is evicted when that segment
    overflows, even where higher ones have room.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    segments : int, optional
        Number of segments, from 1 (plain LRU) to `maxlen`.
    alloc : sequence of float, shape (segments,), optional
        Share of `maxlen` that each segment gets, the highest first; they sum to 1. By default
        equal shares. Sizes are rounded by largest remainders. A segment that gets no place
        holds nothing; if that is the lowest, the cache declines every item.

    Raises
    ------
    ValueError
        If `segments` or `alloc` is not as described.

    References
    ----------
    R. Karedla, J. S. Love, B. G. Wherry, "Caching strategies to improve disk system
    performance", IEEE Computer 27(3), 1994, doi 10.1109/2.268884.
    """

    position = line_position

    def _begin(self) -> None:
        self._segment_maxlen = _segment_sizes(self._maxlen, _segment_shares(**self.parameters))

    def dump(self, serialized: bool = True) -> list[Any]:
        """Return all items, highest segment first, the most recently used first in each.

        Parameters
        ----------
        serialized : bool, optional
            Return one list; otherwise a list of the items of each segment.
        """
        state: SegmentedLruCaches = self._state
        return state.dump(0) if serialized else state.by_segment(0)
