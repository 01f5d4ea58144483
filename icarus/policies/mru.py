"""MRU: evict the most recently used content."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import Room
from icarus.registry import register_cache_policy

__all__ = ["MruCache", "MruCaches"]


@on_queues
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

    def victim(self, cache):
        """Return the slot of the most recently used content."""
        return self.queues.front(cache, 0)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents of a cache, the most recently used one last."""
        return self.queues.dump(cache)[::-1]


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
