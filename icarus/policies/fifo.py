"""FIFO: evict the content that was inserted first."""

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

__all__ = ["FifoCache", "FifoCaches"]


class FifoCaches(NamedTuple):
    """FIFO caches: one line to a cache, the latest content first."""

    lines: Any

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_one_line(room))

    def put(self, cache, content):
        """Insert a content if it is absent; return what was evicted for it."""
        return self.lines.insert_if_absent(cache, content)

    get, has, remove, dump = has_in_line, has_in_line, remove_from_line, dump_line  # type: ignore[misc]
    places, size = line_places, line_size  # type: ignore[misc]
    clear, take_over = clear_line, take_over_line  # type: ignore[misc]
    measure, used, carry_on = line_measure, line_used, carry_on_lines  # type: ignore[misc]
    grows, reserve = lines_grow, reserve_lines  # type: ignore[misc]
    differs, update = line_differs, update_in_line  # type: ignore[misc]
    (next_victim,) = (next_victim_in_line,)  # type: ignore[misc]


@register_cache_policy("FIFO")
class FifoCache(DefinedCache, definition=FifoCaches):
    """Evict the item that was inserted first; hits change nothing.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    position = line_position
