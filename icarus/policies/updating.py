"""Contents that have another size when they are requested again: caches that take note of it."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.admission import reserved
from icarus.policies.cache import grows

__all__ = ["UpdatingCaches"]


class UpdatingCaches(NamedTuple):
    """Caches in which a content that is hit takes as much from then on as the request says.

    For what does not fit any more the policy evicts, which may be the content itself: the request
    was a hit all the same. Caffeine does so; libCacheSim keeps the size of the first request.
    """

    caches: Any

    def get(self, cache, content):
        """Look a content up, and have it take as much as it does now."""
        caches = self.caches
        caches.measure().begin()
        found = caches.get(cache, content)
        if found and caches.differs(cache, content):
            caches.update(cache, content)
        return found

    def put(self, cache, content):
        """Insert a content; return the last that was evicted for it."""
        return self.caches.put(cache, content)

    def has(self, cache, content):
        """Return whether a content is cached, changing nothing."""
        return self.caches.has(cache, content)

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        return self.caches.remove(cache, content)

    def set_time(self, time):
        """Take note of the time."""
        self.caches.set_time(time)

    def set_size(self, size):
        """Take note of the size of the requested content."""
        self.caches.set_size(size)

    def set_measured(self, measured):
        """Take note of whether the present request is measured."""
        self.caches.set_measured(measured)

    def measure(self):
        """Return what counts in the caches."""
        return self.caches.measure()

    def used(self, cache):
        """Return how many bytes a cache holds."""
        return self.caches.used(cache)

    def differs(self, cache, content):
        """Return whether a cache holds a content in another size than the requested one."""
        return self.caches.differs(cache, content)

    def next_victim(self, cache):
        """Return what would leave for the requested content; NOTHING if there is room."""
        return self.caches.next_victim(cache)

    def places(self):
        """Return what tells where contents are looked up."""
        return self.caches.places()

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        self.caches.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return the same state with what another one knows beyond its contents."""
        return self._replace(caches=self.caches.carry_on(other.caches))

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, as far as it has room."""
        self.caches.take_over(cache, other.caches)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents, the one to be evicted next last."""
        contents: list[Any] = self.caches.dump(cache)
        return contents

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        size: int = self.caches.size(cache)
        return size

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        return self._replace(caches=reserved(self.caches, n_requests))

    def grows(self) -> bool:
        """Return whether room has to be made for what requests enter."""
        return grows(self.caches)
