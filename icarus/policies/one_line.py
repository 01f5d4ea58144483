"""What policies have in common whose state has the field ``lines`` (Lines)."""

from __future__ import annotations

from typing import Any

__all__ = [
    "dump_line",
    "has_in_line",
    "line_places",
    "line_position",
    "line_size",
]


def has_in_line(self, cache, content):
    """Return whether a content is cached, changing nothing."""
    return self.lines.find(cache, content) >= 0


def line_places(self):
    """Return what tells where contents are looked up."""
    return self.lines.slots


def dump_line(self: Any, cache: int) -> list[Any]:
    """Return the contents of the first line of a cache, first to last."""
    contents: list[Any] = self.lines.contents(self.lines.end(cache))
    return contents


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
