"""Lines: doubly linked lists of slots, one or more to a cache.

Each line has a slot of its own, its end, which is linked to the first and the last slot of the
line, and to itself if the line is empty. The first slot is the one evicted last. Slots without
a content are chained through ``NEXT``, from the one that ``free`` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from icarus.policies.room import NOTHING, Room, taken, write
from icarus.policies.slots import make_slots
from icarus.policies.units import Whole

__all__ = ["NEXT", "PREVIOUS", "Lines", "make_lines"]

PREVIOUS, NEXT = 0, 1
"""Columns of the links."""


class Lines(NamedTuple):
    """The lines of all caches."""

    slots: Any
    """What ``make_slots`` returns."""
    links: np.ndarray
    """int32, (n_slots << shift,), row by row: the slots before and behind, and what a policy
    adds. One array, as a row is most often in one line of the processor's cache."""
    free: np.ndarray
    """int32, (n_caches,): a slot without a content, or -1."""
    shift: int
    """Binary logarithm of the number of columns."""

    def measure(self):
        """Return what counts in the caches: contents."""
        return Whole(0)

    def used(self, cache):
        """Return 0: bytes do not count."""
        return 0

    def differs(self, cache, content):
        """Return False: sizes are not known."""
        return False

    def find(self, cache, content):
        """Return the slot of a content in a cache, or -1."""
        return self.slots.find(cache, content)

    def has(self, cache, content):
        """Return whether a content is in a line of a cache."""
        return self.slots.find(cache, content) >= 0

    def item(self, slot):
        """Return the content in a slot."""
        return self.slots.item[slot]

    def end(self, cache):
        """Return the end of the first line of a cache; those of its others follow."""
        return self.slots.base[cache]

    def before(self, slot):
        """Return the slot before another one; before an end stands the last of the line."""
        return self.links[(slot << self.shift) + PREVIOUS]

    def behind(self, slot):
        """Return the slot behind another one; behind an end stands the first of the line."""
        return self.links[(slot << self.shift) + NEXT]

    def link_first(self, end, slot):
        """Put a slot, which is in no line, in front of the line that `end` belongs to."""
        links, shift = self.links, self.shift
        first = links[(end << shift) + NEXT]
        links[(slot << shift) + PREVIOUS] = end
        links[(slot << shift) + NEXT] = first
        links[(first << shift) + PREVIOUS] = slot
        links[(end << shift) + NEXT] = slot

    def unlink(self, slot):
        """Take a slot out of its line."""
        links, shift = self.links, self.shift
        before = links[(slot << shift) + PREVIOUS]
        behind = links[(slot << shift) + NEXT]
        links[(before << shift) + NEXT] = behind
        links[(behind << shift) + PREVIOUS] = before

    def move_first(self, end, slot):
        """Move a slot to the front of a line."""
        self.unlink(slot)
        self.link_first(end, slot)

    def renew(self, cache, content):
        """Return whether a content is cached, which moves it to the front of the first line."""
        slot = self.find(cache, content)
        if slot < 0:
            return False
        self.move_first(self.end(cache), slot)
        return True

    def take_free(self, cache):
        """Return a slot of a cache that has no content, or -1 if the cache is full."""
        slot = self.free[cache]
        if slot >= 0:
            self.free[cache] = self.links[(slot << self.shift) + NEXT]
        return slot

    def next_victim(self, cache, content):
        """Return the last content of the first line of a full cache; NOTHING of another one."""
        victim = NOTHING
        if self.free[cache] < 0:
            victim = self.slots.item[self.before(self.end(cache))]
        return victim

    def set_free(self, cache, slot):
        """Have a slot, which is in no line any more, taken by the next content."""
        self.links[(slot << self.shift) + NEXT] = self.free[cache]
        self.free[cache] = slot

    def evict(self, cache, slot):
        """Take a slot out of its line, its content being no longer found; the slot keeps it."""
        self.slots.leave(cache, self.slots.item[slot])
        self.unlink(slot)

    def evict_last(self, cache, end):
        """Take the last slot out of a line and have its content no longer found; return it."""
        slots, links, shift = self.slots, self.links, self.shift
        slot = links[(end << shift) + PREVIOUS]
        slots.leave(cache, slots.item[slot])
        # The one to be evicted next is most likely the one that is last now.
        following = links[(slot << shift) + PREVIOUS]
        links[(following << shift) + NEXT] = end
        links[(end << shift) + PREVIOUS] = following
        if following != end:
            slots.expect(cache, slots.item[following])
        return slot

    def insert(self, cache, content, slot, end):
        """Put a content, which is not cached, into a slot in no line, and that in front of one."""
        self.slots.enter(cache, content, slot)
        self.link_first(end, slot)

    def insert_first(self, cache, content):
        """Put a content in front of the first line; return the last, if it was evicted for it."""
        end = self.end(cache)
        slot = self.take_free(cache)
        evicted = NOTHING
        if slot < 0:
            slot = self.evict_last(cache, end)
            evicted = self.item(slot)
        self.insert(cache, content, slot, end)
        return evicted

    def renew_or_insert(self, cache, content):
        """Have a content in front of the first line; return the last, if evicted for it."""
        return NOTHING if self.renew(cache, content) else self.insert_first(cache, content)

    def insert_if_absent(self, cache, content):
        """Put a content in front of the first line unless it is cached; return what was evicted."""
        return NOTHING if self.has(cache, content) else self.insert_first(cache, content)

    def remove(self, cache, content):
        """Remove a content from a cache; return whether it was there."""
        slot = self.find(cache, content)
        if slot < 0:
            return False
        self.evict(cache, slot)
        self.set_free(cache, slot)
        return True

    def clear(self, cache: int, lines: int = 1) -> None:
        """Have nothing in the lines of a cache, whose number is given; all else is as new, too."""
        self.slots.clear(cache)
        first, stop = int(self.slots.base[cache]), int(self.slots.base[cache + 1])
        rows = _empty_rows(np.array([first, stop]), lines, self.shift)
        write(self.links, slice(first << self.shift, stop << self.shift), rows)
        self.free[cache] = first + lines

    def order(self, cache: int, lines: int = 1) -> list[list[int]]:
        """Return the slots of each of the first lines of a cache, first to last."""
        first, stop = int(self.slots.base[cache]), int(self.slots.base[cache + 1])
        # All links as a list: to read one by one out of an array takes ten times as long.
        column = self.links[(first << self.shift) + NEXT : stop << self.shift : 1 << self.shift]
        behind = column if isinstance(column, list) else column.tolist()
        slots: list[list[int]] = []
        for end in range(first, first + lines):
            slots.append([])
            slot = behind[end - first]
            while slot != end:
                slots[-1].append(slot)
                slot = behind[slot - first]
        return slots

    def fill(self, cache: int, end: int, contents: Sequence[Any]) -> int:
        """Put contents, first to last, into an empty line of a cache.

        Nothing has ever been removed from that cache, which has room for them. They come into
        successive slots, the first of which is returned.
        """
        first, n, shift = int(self.free[cache]), len(contents), self.shift
        if n == 0:
            return first
        self.slots.enter_all(cache, contents, first)
        ring = np.concatenate([[end], np.arange(first, first + n), [end]])
        rows = slice(first << shift, (first + n) << shift, 1 << shift)
        write(self.links, slice(rows.start + PREVIOUS, rows.stop, rows.step), ring[:-2])
        write(self.links, slice(rows.start + NEXT, rows.stop, rows.step), ring[2:])
        self.links[(end << shift) + NEXT] = first
        self.links[(end << shift) + PREVIOUS] = first + n - 1
        full = first + n == self.slots.base[cache + 1]
        self.free[cache] = -1 if full else first + n
        return first

    def take_over(self, cache: int, other: Lines) -> None:
        """Have the line of a new cache be that of another one, as far as it has room."""
        end, room = int(self.end(cache)), self.slots.base[cache + 1] - self.slots.base[cache] - 1
        self.fill(cache, end, other.dump(cache)[:room])

    def contents(self, end: int) -> list[Any]:
        """Return the contents of a line, first to last."""
        contents = []
        slot = self.behind(end)
        while slot != end:
            contents.append(self.slots.item[slot])
            slot = self.behind(slot)
        return contents

    def by_line(self, cache: int, lines: int) -> list[list[Any]]:
        """Return the contents of each of the first lines of a cache, first to last."""
        return [taken(self.slots.item, slots) for slots in self.order(cache, lines)]

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of the first line of a cache, first to last."""
        return self.by_line(cache, 1)[0]

    def size(self, cache: int) -> int:
        """Return how many contents a cache of named items has."""
        size: int = self.slots.size(cache)
        return size


def make_lines(room: Room, lines: int = 1, shift: int = 1) -> Lines:
    """Return empty lines; the ends are the first slots of each cache.

    Parameters
    ----------
    room : Room
        How large the caches are, and what contents there are.
    lines : int, optional
        Lines of each cache.
    shift : int, optional
        Binary logarithm of the columns of ``links``; those behind the first two are 0.
    """
    slots = make_slots(room, extra=lines)
    base = np.array(slots.base, dtype=np.int64)
    free = (base[:-1] + lines).astype(np.int32)
    links: Any = room.array(_empty_rows(base, lines, shift))
    return Lines(slots, links, room.array(free), shift)


def _empty_rows(base: np.ndarray, lines: int, shift: int) -> np.ndarray:
    """Return the links of successive caches, whose slots begin at `base`, of empty lines."""
    first, stop = base[:-1] - base[0], base[1:] - base[0]
    links = np.zeros((base[-1] - base[0], 1 << shift), dtype=np.int32)
    links[:, PREVIOUS] = -1
    links[:, NEXT] = np.arange(base[0] + 1, base[-1] + 1)
    links[stop - 1, NEXT] = -1
    for line in range(lines):
        links[first + line, PREVIOUS] = links[first + line, NEXT] = base[:-1] + line
    return links.ravel()
