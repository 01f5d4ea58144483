"""MRU: evict the most recently used content."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import (
    carry_on_queues,
    clear_queues,
    has_in_queues,
    measure_queues,
    places_of_queues,
    remove_from_queues,
    reserve_queues,
    size_of_queues,
    take_over_queues,
    used_in_queues,
)
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.registry import register_cache_policy

__all__ = ["MruCache", "MruCaches"]


class MruCaches(NamedTuple):
    """MRU caches: one queue to a cache, the most recently used content in front."""

    queues: Queues

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_queues(room))

    def get(self, cache, content):
        """Return whether a content is cached, which makes it the most recently used one."""
        return self.queues.renew(cache, content)

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            while queues.lacks_room(cache):
                evicted = self.evict(cache)
            queues.insert(cache, 0, content)
        return evicted

    def evict(self, cache):
        """Evict the most recently used content."""
        return self.queues.evict(cache, self.queues.front(cache, 0))

    def dump(self, cache: int) -> list[Any]:
        """Return all contents of a cache, the most recently used one last."""
        return self.queues.dump(cache)[::-1]

    has, places, remove = has_in_queues, places_of_queues, remove_from_queues  # type: ignore[misc]
    measure, used, size = measure_queues, used_in_queues, size_of_queues  # type: ignore[misc]
    reserve, take_over = reserve_queues, take_over_queues  # type: ignore[misc]
    clear, carry_on = clear_queues, carry_on_queues  # type: ignore[misc]


@register_cache_policy("MRU")
class MruCache(DefinedCache, definition=MruCaches):
    """Evict the most recently used item, before the new one is inserted.

    Parameters
    ----------
    maxlen : int
        How many items fit.

    References
    ----------
    H.-T. Chou, D. J. DeWitt, "An evaluation of buffer management strategies for relational database
    systems", VLDB 1985.
    """
