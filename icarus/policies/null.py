"""NULL: caches that hold nothing."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.room import NOTHING, Room
from icarus.policies.units import Whole
from icarus.registry import register_cache_policy

__all__ = ["NullCache", "NullCaches"]


class NullCaches(NamedTuple):
    """Caches that hold nothing need to know nothing."""

    nothing: int

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return caches."""
        return cls(0)

    def get(self, cache, content):
        """Return False: nothing is ever cached."""
        return False

    def put(self, cache, content):
        """Insert nothing, evict nothing."""
        return NOTHING

    has = remove = get  # type: ignore[misc]

    def measure(self):
        """Return what counts: nothing that is ever cached has a size."""
        return Whole(0)

    def dump(self, cache: int) -> list[Any]:
        """Return an empty list."""
        return []

    def clear(self, cache: int) -> None:
        """Do nothing."""

    def take_over(self, cache: int, other: Any) -> None:
        """Do nothing."""


@register_cache_policy("NULL")
class NullCache(DefinedCache, definition=NullCaches):
    """Cache that holds nothing, whatever its size.

    Parameters
    ----------
    maxlen : int, optional
        Accepted as every policy's, and ignored: the capacity is 0.
    """

    def __init__(self, maxlen: int = 0, *args: Any, **kwargs: Any) -> None:
        super().__init__(1)
        self._maxlen = 0
