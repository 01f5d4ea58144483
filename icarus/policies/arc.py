"""ARC: two LRU queues, of what was asked for once and more often, whose shares ghosts adapt."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues, take_over_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.registry import register_cache_policy

__all__ = ["ArcCache", "ArcCaches"]

T2, T1, B1, B2 = 0, 1, 2, 3
"""Numbers of the queues: asked for more often, once; and what left T1 and T2."""

NO_GHOST = 4
"""In place of one of these, of a content that is not remembered."""


@on_queues
class ArcCaches(NamedTuple):
    """ARC caches."""

    queues: Queues
    target: Any
    """float64, (n_caches,): how much T1 is meant to have."""
    integer_step: bool

    @classmethod
    def new(cls, room: Room, integer_step: bool = False) -> Self:
        """Return empty caches."""
        target = room.zeros(room.n_caches, np.float64)
        return cls(make_queues(room, 2, 2), target, bool(integer_step))

    def get(self, cache, content):
        """Return whether a content is cached, which moves it to the front of T2."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        queue = queues.queue_of(slot)
        if queue == T2:
            queues.renew_slot(cache, slot)
        elif queue == T1:
            queues.move(cache, T2, slot)
        return queue <= T1

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if not queues.is_new(cache, content):
            return evicted
        ghost, self.target[cache] = self._adapted(cache, content)
        if ghost != NO_GHOST:
            queues.drop(cache, queues.find(cache, content))
        if queues.admits(cache, queues.capacity(cache)):
            while queues.lacks_room(cache):
                evicted = self._make_room(cache, ghost, queues.requested())
            queues.insert(cache, T1 if ghost == NO_GHOST else T2, content)
        return evicted

    def evict(self, cache):
        """Evict one content, as if for one that takes nothing and is not remembered."""
        return self._make_room(cache, NO_GHOST, 0)

    def next_victim(self, cache, content):
        """Return what would leave first for a content, from which the target would learn."""
        queues = self.queues
        if not queues.lacks_room(cache):
            return NOTHING
        ghost, target = self._adapted(cache, content)
        if self._is_filled_by_t1(cache, ghost, queues.requested()):
            return queues.item(queues.back(cache, T1))
        return queues.item(self._victim(cache, ghost, target))

    def _adapted(self, cache, content):
        """Return the queue that an absent content is remembered in, and the target after that."""
        queues, target = self.queues, self.target[cache]
        slot = queues.find(cache, content)
        if slot < 0:
            return np.int64(NO_GHOST), target
        ghost = np.int64(queues.queue_of(slot))
        own = queues.held_in(cache, ghost)
        other = queues.held_in(cache, B1 + B2 - ghost)
        # Exact in both forms: all sizes are far below 2**53.
        step = np.float64(other // own) if self.integer_step else other / own
        step = max(step, 1.0)
        if ghost == B1:
            return ghost, min(target + step, np.float64(queues.capacity(cache)))
        return ghost, max(target - step, 0.0)

    def _make_room(self, cache, ghost, size):
        """Evict one content for one of a size, which was remembered in `ghost`; return it."""
        queues = self.queues
        capacity = queues.capacity(cache)
        if self._is_filled_by_t1(cache, ghost, size):
            return queues.evict(cache, queues.back(cache, T1))
        if ghost == NO_GHOST:
            once = queues.held_in(cache, T1) + queues.held_in(cache, B1)
            if once + size > capacity:
                queues.drop(cache, queues.back(cache, B1))
            elif not queues.is_empty(cache, B2):
                often = queues.held_in(cache, T2) + queues.held_in(cache, B2)
                if once + often >= 2 * capacity:
                    queues.drop(cache, queues.back(cache, B2))
        slot = self._victim(cache, ghost, self.target[cache])
        return queues.evict_to(cache, B1 if queues.queue_of(slot) == T1 else B2, slot)

    def _is_filled_by_t1(self, cache, ghost, size):
        """Return whether T1 alone leaves no room for something new of a size; nothing is in B1."""
        queues = self.queues
        if ghost != NO_GHOST or not queues.is_empty(cache, B1):
            return False
        return queues.held_in(cache, T1) + size > queues.capacity(cache)

    def _victim(self, cache, ghost, target):
        """Return the back of T1 or T2: of T1 if that has more than its share."""
        queues = self.queues
        held = queues.held_in(cache, T1)
        exceeds = held > target or (held == target and ghost == B2)
        if (exceeds and not queues.is_empty(cache, T1)) or queues.is_empty(cache, T2):
            return queues.back(cache, T1)
        return queues.back(cache, T2)

    def clear(self, cache: int) -> None:
        """Remove everything from a cache, and forget what was there before."""
        self.queues.clear(cache)
        self.target[cache] = 0.0

    def take_over(self, cache: int, other: Self) -> None:
        """Evict and forget what does not fit into a cache that was carried on."""
        queues = self.queues
        capacity = queues.capacity(cache)
        if capacity >= other.queues.capacity(cache):
            return
        take_over_queues(self, cache, other)
        self.target[cache] = min(self.target[cache], float(capacity))
        queues.bound(cache, B1, capacity - queues.held_in(cache, T1))
        queues.bound(cache, B2, 2 * capacity - queues.used(cache) - queues.held_in(cache, B1))


@register_cache_policy("ARC")
class ArcCache(DefinedCache, definition=ArcCaches):
    """Evict the least recently used item of those asked for once, or of those asked for more often.

    Which of both it is, is adapted: what is evicted is remembered, and the queue it was evicted of
    gets a larger share if it comes back.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    integer_step : bool, optional
        Whether the share changes by whole numbers, the quotient being cut.

    Notes
    -----
    It has the misses of libCacheSim 0.3.5 and, with `integer_step` and where all sizes are 1,
    those of the simulator of Caffeine.

    References
    ----------
    N. Megiddo, D. S. Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003.
    https://www.usenix.org/conference/fast-03/arc-self-tuning-low-overhead-replacement-cache
    """
