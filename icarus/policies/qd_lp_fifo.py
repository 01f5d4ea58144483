"""QD_LP_FIFO: a small FIFO queue keeps what is asked for once from a CLOCK of two bits."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.small_and_main import (
    GHOST,
    MAIN,
    SMALL,
    carry_on_small,
    forget_ghost,
    is_ghost,
    limits_of,
    make_small_and_main,
    take_over_small,
)
from icarus.registry import register_cache_policy
from icarus.types import Fraction

__all__ = ["QdLpFifoCache", "QdLpFifoCaches"]

MOST = 3
"""How far a counter of two bits goes."""


@on_queues
class QdLpFifoCaches(NamedTuple):
    """QD_LP_FIFO caches; values are the counters."""

    queues: Queues
    small_limit: Any
    """int64, (n_caches,)"""
    ghost_limit: Any
    """int64, (n_caches,)"""

    @classmethod
    def new(cls, room: Room, small: Fraction = 0.1, ghost: Fraction = 0.9) -> Self:
        """Return empty caches."""
        return cls(make_small_and_main(room), limits_of(room, small), limits_of(room, ghost))

    def get(self, cache, content):
        """Return whether a content is cached, which counts the hit."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0 or not queues.holds(slot):
            return False
        count = queues.value(slot)
        if count < MOST:
            queues.set_value(slot, count + 1)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if not queues.is_new(cache, content):
            return evicted
        was_ghost = forget_ghost(queues, cache, content)
        limit = self.small_limit[cache]
        if not queues.admits(cache, limit):
            return evicted
        evicted = make_room(self, cache)
        if was_ghost:
            while self._main_lacks(cache, queues.requested()):
                evicted = self._evict_from_main(cache)
            queues.insert(cache, MAIN, content)
        elif queues.requested() < limit:
            queues.insert(cache, SMALL, content)
        else:
            queues.units.refused[cache] += 1
        return evicted

    def victim(self, cache):
        """Return the back of the small queue if it was not hit, else who makes room for it."""
        queues = self.queues
        while not queues.is_empty(cache, SMALL):
            slot = queues.back(cache, SMALL)
            if queues.value(slot) == 0:
                return slot
            if self._main_lacks(cache, queues.size_of(slot)):
                break
            self._promote(cache, slot)
        return queues.spend(cache, MAIN)

    def next_victim(self, cache, content):
        """Return what would leave first for a content, which may be one that is remembered."""
        queues, size = self.queues, self.queues.requested()
        if size > self.small_limit[cache]:
            return NOTHING
        if queues.lacks_room(cache):
            return queues.item(self.victim(cache))
        if is_ghost(queues, cache, content) and self._main_lacks(cache, size):
            return queues.item(queues.spend(cache, MAIN))
        return NOTHING

    def evict_slot(self, cache, slot):
        """Evict a content, or as many as make room in the main queue for one of the small one."""
        queues = self.queues
        if queues.queue_of(slot) == SMALL:
            return queues.evict_to_bounded(cache, GHOST, slot, self.ghost_limit[cache])
        evicted = queues.evict(cache, slot)
        if not queues.is_empty(cache, SMALL):
            slot = queues.back(cache, SMALL)
            while self._main_lacks(cache, queues.size_of(slot)):
                evicted = self._evict_from_main(cache)
            self._promote(cache, slot)
        return evicted

    def _promote(self, cache, slot):
        """Move a slot from the small queue to the main one."""
        self.queues.set_value(slot, 0)
        self.queues.move(cache, MAIN, slot)

    def _main_lacks(self, cache, size):
        """Return whether something has to leave the main queue for something of a size."""
        queues = self.queues
        limit = queues.capacity(cache) - self.small_limit[cache]
        return queues.held_in(cache, MAIN) + size > limit and not queues.is_empty(cache, MAIN)

    def _evict_from_main(self, cache):
        """Evict the first content from the back on whose counter is 0; the others lose 1."""
        return self.queues.evict(cache, self.queues.spend(cache, MAIN))

    carry_on, take_over = carry_on_small, take_over_small  # type: ignore[misc]


QdLpFifoCaches.divides_caches = True  # type: ignore[attr-defined]


@register_cache_policy("QD_LP_FIFO")
class QdLpFifoCache(DefinedCache, definition=QdLpFifoCaches):
    """Evict, of a small FIFO queue of new items, what was not hit; the others go to a CLOCK.

    What is evicted of the small queue is remembered, and enters the main one, a CLOCK with counters
    of two bits, if it comes back. The small queue may use the room that the main one does not.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    small : float, optional
        The share of `maxlen`, cut to a whole number, that the main queue leaves to the small one.
        The cache takes no item that is larger, and one of just that size only if it is remembered:
        no item at all enters a cache of so few that this is less than 2.
    ghost : float, optional
        How much is remembered, as a share of `maxlen`.

    Notes
    -----
    It has the misses of libCacheSim 0.3.5.

    References
    ----------
    J. Yang, Z. Qiu, Y. Zhang, Y. Yue, K. V. Rashmi, "FIFO can be better than LRU: the power of lazy
    promotion and quick demotion", HotOS 2023. https://doi.org/10.1145/3593856.3595887
    """
