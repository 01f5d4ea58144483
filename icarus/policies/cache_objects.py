"""Cache objects as a state: what stands in its place where a policy is a Python class only."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import refill
from icarus.policies.room import NOTHING
from icarus.policies.units import Whole

__all__ = ["CacheObjects"]


class CacheObjects(NamedTuple):
    """Caches that are Python objects, addressed as those of a definition are."""

    caches: list[Any]

    def get(self, cache: int, content: Any) -> bool:
        """Look a content up in a cache."""
        return bool(self.caches[cache].get(content))

    def put(self, cache: int, content: Any) -> Any:
        """Insert a content into a cache; return what was evicted for it."""
        evicted = self.caches[cache].put(content)
        return NOTHING if evicted is None else evicted

    def has(self, cache: int, content: Any) -> bool:
        """Return whether a content is cached, changing nothing."""
        return bool(self.caches[cache].has(content))

    def remove(self, cache: int, content: Any) -> bool:
        """Remove a content; return whether it was cached."""
        return bool(self.caches[cache].remove(content))

    def measure(self) -> Any:
        """Return what counts in the caches, of which there is one where sizes are known."""
        state = getattr(self.caches[0], "_state", None)
        return Whole(0) if state is None else state.measure()

    def set_size(self, size: int) -> None:
        """Take note of the size of the requested content."""
        self.measure().set_requested(size)

    def set_measured(self, measured: bool) -> None:
        """Do nothing: of single requests objects know the size only."""

    def used(self, cache: int) -> int:
        """Return how many bytes there are in a cache, where these count."""
        state = getattr(self.caches[cache], "_state", None)
        return 0 if state is None else int(state.used(0))

    def differs(self, cache: int, content: Any) -> bool:
        """Return whether a cache holds a content in another size than the requested one."""
        state = getattr(self.caches[cache], "_state", None)
        return state is not None and bool(state.differs(0, content))

    def update(self, cache: int, content: Any) -> Any:
        """Have a content take as much as the request says; return the last that left for it."""
        return self.caches[cache]._state.update(0, content)

    def next_victim(self, cache: int, content: Any) -> Any:
        """Return what would leave first for a content; NOTHING if there is room."""
        return self.caches[cache]._state.next_victim(0, content)

    def spare(self, cache: int, content: Any) -> None:
        """Have what was to leave next for a content stay, unless it has left."""
        self.caches[cache]._state.spare(0, content)

    def carry_on(self, other: Self) -> Self:
        """Return the same."""
        return self

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what that of another state does, as far as it has room."""
        refill(self.caches[cache], other.caches[cache])

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        self.caches[cache].clear()

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of a cache."""
        return list(self.caches[cache].dump())

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return len(self.caches[cache])
