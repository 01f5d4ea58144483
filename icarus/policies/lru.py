"""LRU: evict the least recently used content."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.one_line import (
    carry_on_lines,
    clear_line,
    dump_line,
    has_in_line,
    line_differs,
    line_measure,
    line_places,
    line_position,
    line_size,
    line_used,
    lines_grow,
    make_one_line,
    next_victim_in_line,
    remove_from_line,
    reserve_lines,
    take_over_line,
    update_in_line,
)
from icarus.policies.room import Room
from icarus.registry import register_cache_policy

__all__ = ["LruCache", "LruCaches"]


class LruCaches(NamedTuple):
    """LRU caches: one line to a cache, the most recently used content first."""

    lines: Any

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_one_line(room))

    def get(self, cache, content):
        """Return whether a content is cached, which makes it the most recently used one."""
        return self.lines.renew(cache, content)

    def put(self, cache, content):
        """Make a content the most recently used one; return what was evicted for it."""
        return self.lines.renew_or_insert(cache, content)

    has, remove, dump = has_in_line, remove_from_line, dump_line  # type: ignore[misc]
    places, size = line_places, line_size  # type: ignore[misc]
    clear, take_over = clear_line, take_over_line  # type: ignore[misc]
    measure, used, carry_on = line_measure, line_used, carry_on_lines  # type: ignore[misc]
    grows, reserve = lines_grow, reserve_lines  # type: ignore[misc]
    differs, update = line_differs, update_in_line  # type: ignore[misc]
    (next_victim,) = (next_victim_in_line,)  # type: ignore[misc]


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
