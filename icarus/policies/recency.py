"""One line of contents to each cache, as LRU and FIFO keep them: compiled, and in the interpreter.

Both forms have the same methods. Where contents are numbers the line is made of links between
slots; where they are any hashable items it is an ``OrderedDict``, which is written in C: with links
in lists, LRU took three times as long in the interpreter, and a simulation half as long again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from icarus.policies.lines import Lines, make_lines
from icarus.policies.room import NOTHING, Room
from icarus.policies.slots import Nowhere

__all__ = [
    "dump_recent",
    "has_recent",
    "make_recency",
    "recent_places",
    "remove_recent",
    "size_recent",
]


class LinkedRecency(NamedTuple):
    """The contents of each cache, the latest first; contents are numbers."""

    lines: Lines

    def has(self, cache, content):
        """Return whether a content is there."""
        return self.lines.slots.find(cache, content) >= 0

    def renew(self, cache, content):
        """Return whether a content is there, which makes it the latest."""
        lines = self.lines
        slot = lines.slots.find(cache, content)
        if slot < 0:
            return False
        lines.move_first(lines.slots.base[cache], slot)
        return True

    def insert(self, cache, content):
        """Have a content, which is not there, be the latest; return what was evicted for it."""
        return self.lines.insert_first(cache, content)

    def remove(self, cache, content):
        """Remove a content; return whether it was there."""
        return self.lines.remove(cache, content)

    def places(self):
        """Return what tells where contents are looked up."""
        return self.lines.slots

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of a cache, the latest first."""
        return self.lines.contents(self.lines.end(cache))

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return len(self.dump(cache))


class NamedRecency(NamedTuple):
    """The same for any hashable items, in the interpreter."""

    items: list[OrderedDict[Any, None]]
    """By cache: the items, the latest last."""
    maxlens: Sequence[int]

    def has(self, cache: int, content: Any) -> bool:
        """Return whether a content is there."""
        return content in self.items[cache]

    def renew(self, cache: int, content: Any) -> bool:
        """Return whether a content is there, which makes it the latest."""
        items = self.items[cache]
        if content not in items:
            return False
        items.move_to_end(content)
        return True

    def insert(self, cache: int, content: Any) -> Any:
        """Have a content, which is not there, be the latest; return what was evicted for it."""
        items = self.items[cache]
        evicted = items.popitem(last=False)[0] if len(items) >= self.maxlens[cache] else NOTHING
        items[content] = None
        return evicted

    def remove(self, cache: int, content: Any) -> bool:
        """Remove a content; return whether it was there."""
        items = self.items[cache]
        if content not in items:
            return False
        del items[content]
        return True

    def places(self) -> Any:
        """Return that nothing is fetched."""
        return Nowhere(0)

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of a cache, the latest first."""
        return list(reversed(self.items[cache]))

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return len(self.items[cache])


def make_recency(room: Room) -> Any:
    """Return empty lines for the caches of a network.

    Parameters
    ----------
    room : Room
        How large the caches are, and what contents there are.
    """
    if room.numbered:
        return LinkedRecency(make_lines(room))
    return NamedRecency([OrderedDict() for _ in room.maxlens], room.maxlens)


def has_recent(self, cache, content):
    """Return whether a content is cached, changing nothing."""
    return self.recency.has(cache, content)


def remove_recent(self, cache, content):
    """Remove a content; return whether it was cached."""
    return self.recency.remove(cache, content)


def recent_places(self):
    """Return what tells where contents are looked up."""
    return self.recency.places()


def dump_recent(self: Any, cache: int) -> list[Any]:
    """Return the contents of a cache, the latest first."""
    contents: list[Any] = self.recency.dump(cache)
    return contents


def size_recent(self: Any, cache: int) -> int:
    """Return how many contents a cache has."""
    size: int = self.recency.size(cache)
    return size
