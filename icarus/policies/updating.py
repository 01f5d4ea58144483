"""Contents that have another size when they are requested again: caches that take note of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from icarus.policies.around import around_caches, grows_inside

__all__ = ["UpdatingCaches"]


@around_caches
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

    (grows,) = (grows_inside,)  # type: ignore[misc]
