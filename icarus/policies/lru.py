"""LRU: evict the least recently used content."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.one_line import line_position
from icarus.policies.recency import (
    dump_recent,
    has_recent,
    make_recency,
    recent_places,
    remove_recent,
    size_recent,
)
from icarus.policies.room import NOTHING, Room
from icarus.registry import register_cache_policy

__all__ = ["LruCache", "LruCaches"]


class LruCaches(NamedTuple):
    """LRU caches: one line to a cache, the most recently used content first."""

    recency: Any

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_recency(room))

    def get(self, cache, content):
        """Return whether a content is cached, which makes it the most recently used one."""
        return self.recency.renew(cache, content)

    def put(self, cache, content):
        """Make a content the most recently used one; return what was evicted for it."""
        recency = self.recency
        return NOTHING if recency.renew(cache, content) else recency.insert(cache, content)

    has, remove, dump = has_recent, remove_recent, dump_recent  # type: ignore[misc]
    places, size = recent_places, size_recent  # type: ignore[misc]


@register_cache_policy("LRU")
class LruCache(DefinedCache, definition=LruCaches):
    """Evict the least recently used item.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def __init__(self, maxlen: int, **kwargs: Any) -> None:
        super().__init__(maxlen)

    position = line_position
