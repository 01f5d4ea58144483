"""FIFO: evict the content that was inserted first."""

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

__all__ = ["FifoCache", "FifoCaches"]


class FifoCaches(NamedTuple):
    """FIFO caches: one line to a cache, the latest content first."""

    recency: Any

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_recency(room))

    def put(self, cache, content):
        """Insert a content if it is absent; return what was evicted for it."""
        recency = self.recency
        return NOTHING if recency.has(cache, content) else recency.insert(cache, content)

    get, has, remove, dump = has_recent, has_recent, remove_recent, dump_recent  # type: ignore[misc]
    places, size = recent_places, size_recent  # type: ignore[misc]


@register_cache_policy("FIFO")
class FifoCache(DefinedCache, definition=FifoCaches):
    """Evict the item that was inserted first; hits change nothing.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    position = line_position
