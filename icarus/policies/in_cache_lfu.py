"""IN_CACHE_LFU: evict the least frequently used content, counting while it is cached."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.lines import NEXT, PREVIOUS, Lines, make_lines
from icarus.policies.one_line import has_in_line, line_places, line_size
from icarus.policies.room import NOTHING, Room, taken, write
from icarus.registry import register_cache_policy

__all__ = ["InCacheLfuCache", "InCacheLfuCaches"]

COUNT, NUMBER = 0, 1
"""Columns of the uses."""


class InCacheLfuCaches(NamedTuple):
    """In-cache LFU caches.

    A new content counts 1, and so loses against all that were hit: only contents without a hit
    are ever evicted, the oldest first. These stand in a line; the others need no order.
    """

    lines: Lines
    """One line to a cache: contents without a hit, the latest first."""
    uses: np.ndarray
    """int64, (2 * n_slots,), row by row: how often a content was used, and its number."""
    inserted: np.ndarray
    """int64, (n_caches,): contents inserted so far, by which they are numbered."""

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        lines = make_lines(room)
        return cls(lines, room.zeros(2 * len(lines.slots.item)), room.zeros(room.n_caches))

    def get(self, cache, content):
        """Return whether a content is cached, and count the hit."""
        slot = self.lines.find(cache, content)
        if slot < 0:
            return False
        use = (slot << 1) + COUNT
        count = self.uses[use]
        if count == 1:
            self.lines.unlink(slot)
        self.uses[use] = count + 1
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return what was evicted, maybe the content itself."""
        lines = self.lines
        if lines.find(cache, content) >= 0:
            return NOTHING
        self.inserted[cache] += 1
        end = lines.end(cache)
        slot = lines.take_free(cache)
        evicted = NOTHING
        if slot < 0:
            if lines.before(end) == end:
                return content
            slot = lines.evict_last(cache, end)
            evicted = lines.item(slot)
        lines.insert(cache, content, slot, end)
        self.uses[(slot << 1) + COUNT] = 1
        self.uses[(slot << 1) + NUMBER] = self.inserted[cache]
        return evicted

    def next_victim(self, cache, content):
        """Return the last without a hit of a full cache; NOTHING of another, or if all had one."""
        lines = self.lines
        if lines.before(lines.end(cache)) == lines.end(cache):
            return NOTHING
        return lines.next_victim(cache, content)

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        lines = self.lines
        slot = lines.find(cache, content)
        if slot < 0:
            return False
        lines.slots.leave(cache, content)
        if self.uses[(slot << 1) + COUNT] == 1:
            lines.unlink(slot)
        lines.set_free(cache, slot)
        return True

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        self.lines.clear(cache)
        self.inserted[cache] = 0

    has, places, size = has_in_line, line_places, line_size  # type: ignore[misc]

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold the most used of what it held in another state, counts and all."""
        lines, links, shift = self.lines, self.lines.links, self.lines.shift
        end, room = int(lines.end(cache)), lines.slots.base[cache + 1] - lines.slots.base[cache] - 1
        slots = np.array(other._ranked(cache)[:room], dtype=np.int64)
        first = lines.fill(cache, end, taken(other.lines.slots.item, slots))
        uses = np.array(
            [taken(other.uses, 2 * slots + column) for column in (COUNT, NUMBER)], dtype=np.int64
        )
        write(self.uses, slice(2 * first, 2 * (first + len(slots))), uses.T.ravel())
        # Those with a hit come first, and stand in no line.
        hit = int(np.count_nonzero(uses[COUNT] > 1))
        front = first + hit if hit < len(slots) else end
        links[(end << shift) + NEXT] = front
        links[(front << shift) + PREVIOUS] = end
        self.inserted[cache] = other.inserted[cache]

    def dump(self, cache: int) -> list[Any]:
        """Return all contents, the one to be evicted next last."""
        return [self.lines.item(slot) for slot in self._ranked(cache)]

    def _ranked(self, cache: int) -> list[int]:
        """Return the slots of all contents of a cache, the one to be evicted next last."""
        lines = self.lines
        held = set(range(int(lines.end(cache)) + 1, int(lines.slots.base[cache + 1])))
        without = int(lines.free[cache])
        while without >= 0:
            held.remove(without)
            without = int(lines.behind(without))
        uses = self.uses
        return sorted(held, key=lambda slot: (uses[2 * slot], uses[2 * slot + 1]), reverse=True)


@register_cache_policy("IN_CACHE_LFU")
class InCacheLfuCache(DefinedCache, definition=InCacheLfuCaches):
    """Evict the least frequently used item, counting hits only while an item is cached.

    A new item counts 1 and competes at once: where all others were hit, it is itself what
    ``put`` returns. Among equals the one inserted first is evicted. Counts are forgotten when
    an item leaves.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """
