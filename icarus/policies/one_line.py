"""What policies have in common whose state has the field ``lines``, one line or more to a cache.

Where LRU and FIFO are used as Python objects, that is a ``NamedLine`` instead of ``Lines``; where
contents have sizes, it is ``Queues``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from icarus.policies.lines import Lines, make_lines
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.units import Whole

__all__ = [
    "NamedLine",
    "carry_on_lines",
    "clear_line",
    "dump_line",
    "has_in_line",
    "line_differs",
    "line_measure",
    "line_places",
    "line_position",
    "line_size",
    "line_used",
    "lines_grow",
    "make_one_line",
    "next_victim_in_line",
    "remove_from_line",
    "reserve_lines",
    "take_over_line",
    "update_in_line",
]


class NamedLine(NamedTuple):
    """One line to a cache, of any hashable items: what ``Lines`` does to it, by dicts.

    These are written in C. With links in lists, LRU took twice as long in the interpreter.
    """

    items: list[OrderedDict[Any, None]]
    """By cache: the items, the first of the line last."""
    maxlens: Sequence[int]

    def measure(self) -> Whole:
        """Return what counts in the caches: contents."""
        return Whole(0)

    def used(self, cache: int) -> int:
        """Return 0: bytes do not count."""
        return 0

    def differs(self, cache: int, content: Any) -> bool:
        """Return False: sizes are not known."""
        return False

    def has(self, cache: int, content: Any) -> bool:
        """Return whether a content is in the line of a cache."""
        return content in self.items[cache]

    def renew(self, cache: int, content: Any) -> bool:
        """Return whether a content is there, which moves it to the front."""
        items = self.items[cache]
        if content not in items:
            return False
        items.move_to_end(content)
        return True

    def renew_or_insert(self, cache: int, content: Any) -> Any:
        """Have a content in front of the line; return the last, if it was evicted for it."""
        items = self.items[cache]
        if content in items:
            items.move_to_end(content)
            return NOTHING
        evicted = items.popitem(last=False)[0] if len(items) >= self.maxlens[cache] else NOTHING
        items[content] = None
        return evicted

    def insert_if_absent(self, cache: int, content: Any) -> Any:
        """Put a content in front of the line unless it is there; return what was evicted."""
        items = self.items[cache]
        if content in items:
            return NOTHING
        evicted = items.popitem(last=False)[0] if len(items) >= self.maxlens[cache] else NOTHING
        items[content] = None
        return evicted

    def next_victim(self, cache: int, content: Any) -> Any:
        """Return the last content of the line of a full cache; NOTHING of another one."""
        items = self.items[cache]
        return next(iter(items)) if len(items) >= self.maxlens[cache] else NOTHING

    def remove(self, cache: int, content: Any) -> bool:
        """Remove a content from a cache; return whether it was there."""
        items = self.items[cache]
        if content not in items:
            return False
        del items[content]
        return True

    def clear(self, cache: int) -> None:
        """Have nothing in the line of a cache."""
        self.items[cache].clear()

    def take_over(self, cache: int, other: NamedLine) -> None:
        """Have the line of a new cache be that of another one, as far as it has room."""
        kept = other.dump(cache)[: self.maxlens[cache]]
        self.items[cache].update(dict.fromkeys(reversed(kept)))

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of the line of a cache, first to last."""
        return list(reversed(self.items[cache]))

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return len(self.items[cache])


def make_one_line(room: Room) -> Lines | NamedLine | Queues:
    """Return one empty line for each cache of a network.

    Parameters
    ----------
    room : Room
        How large the caches are, and what contents there are.
    """
    if room.in_bytes:
        return make_queues(room)
    if room.numbered:
        return make_lines(room)
    return NamedLine([OrderedDict() for _ in room.maxlens], room.maxlens)


def has_in_line(self, cache, content):
    """Return whether a content is cached, changing nothing."""
    return self.lines.has(cache, content)


def remove_from_line(self, cache, content):
    """Remove a content; return whether it was cached."""
    return self.lines.remove(cache, content)


def line_places(self):
    """Return what tells where contents are looked up."""
    return self.lines.slots


def dump_line(self: Any, cache: int) -> list[Any]:
    """Return the contents of the first line of a cache, first to last."""
    contents: list[Any] = self.lines.dump(cache)
    return contents


def clear_line(self: Any, cache: int) -> None:
    """Remove everything from the only line of a cache."""
    self.lines.clear(cache)


def take_over_line(self: Any, cache: int, other: Any) -> None:
    """Have a new cache hold the first of what it held in another state, in the same order."""
    self.lines.take_over(cache, other.lines)


def line_measure(self):
    """Return what counts in the caches."""
    return self.lines.measure()


def carry_on_lines(self: Any, other: Any) -> Any:
    """Return the same state; where contents have sizes, with all that another one has."""
    lines = self.lines
    return self._replace(lines=lines.carry_on(other.lines)) if isinstance(lines, Queues) else self


def reserve_lines(self: Any, n_requests: int) -> Any:
    """Return the same state with room for what further requests enter."""
    lines = self.lines
    return self._replace(lines=lines.reserve(n_requests)) if isinstance(lines, Queues) else self


def lines_grow(self: Any) -> bool:
    """Return whether room has to be made for what requests enter."""
    return isinstance(self.lines, Queues)


def line_used(self, cache):
    """Return how many bytes a cache holds, where these count."""
    return self.lines.used(cache)


def line_differs(self, cache, content):
    """Return whether a cache holds a content in another size than the requested one."""
    return self.lines.differs(cache, content)


def update_in_line(self: Any, cache: Any, content: Any) -> Any:
    """Have a content take as much as the request says; return the last that left for it."""
    return self.lines.update(cache, content)


def next_victim_in_line(self, cache, content):
    """Return what would leave for the requested content; NOTHING if there is room."""
    return self.lines.next_victim(cache, content)


def line_size(self: Any, cache: int) -> int:
    """Return how many contents a cache of named items has."""
    size: int = self.lines.size(cache)
    return size


def line_position(self: Any, k: Any) -> int:
    """Return the place of `k` in ``dump()``, counted from 0.

    Raises
    ------
    ValueError
        If `k` is not cached.
    """
    if not self.has(k):
        raise ValueError(f"{k!r} is not cached")
    position: int = self.dump().index(k)
    return position
