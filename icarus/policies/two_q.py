"""TWO_Q: newcomers wait in a FIFO queue; what comes back after it goes to an LRU queue."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, on_queues, take_over_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.small_and_main import forget_ghost, is_ghost, limits_of
from icarus.registry import register_cache_policy
from icarus.types import Fraction

__all__ = ["TwoQCache", "TwoQCaches"]

AM, A1IN, A1OUT = 0, 1, 2
"""Numbers of the queues: main, of newcomers, and of what these were that left."""


@on_queues
class TwoQCaches(NamedTuple):
    """2Q caches."""

    queues: Queues
    in_limit: Any
    """int64, (n_caches,)"""
    out_limit: Any
    """int64, (n_caches,)"""

    @classmethod
    def new(cls, room: Room, in_: Fraction = 0.25, out: Fraction = 0.5) -> Self:
        """Return empty caches."""
        queues = make_queues(room, 2, 1, several=True)
        return cls(queues, limits_of(room, in_), limits_of(room, out))

    def get(self, cache, content):
        """Return whether a content is cached, which renews it in the main queue."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        queue = queues.queue_of(slot)
        if queue == AM:
            queues.renew_slot(cache, slot)
        return queue != A1OUT

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if not queues.is_new(cache, content):
            return evicted
        was_ghost = forget_ghost(queues, cache, content)
        limit = self.in_limit[cache]
        if not queues.admits(cache, limit):
            return evicted
        evicted = make_room(self, cache)
        if was_ghost:
            while self._main_lacks(cache):
                evicted = queues.evict(cache, queues.back(cache, AM))
        queues.insert(cache, AM if was_ghost else A1IN, content)
        return evicted

    def _main_lacks(self, cache):
        """Return whether something has to leave the main queue for the requested content."""
        queues = self.queues
        limit = queues.capacity(cache) - self.in_limit[cache]
        return queues.held_in(cache, AM) + queues.requested() > limit and not queues.is_empty(
            cache, AM
        )

    def victim(self, cache):
        """Return the oldest slot of newcomers if these have more than their share, else of Am."""
        queues = self.queues
        if queues.held_in(cache, A1IN) <= self.in_limit[cache] and not queues.is_empty(cache, AM):
            return queues.back(cache, AM)
        return queues.back(cache, A1IN)

    def next_victim(self, cache, content):
        """Return what would leave first for a content, which may be one that is remembered."""
        queues = self.queues
        if queues.requested() > self.in_limit[cache]:
            return NOTHING
        if queues.lacks_room(cache):
            return queues.item(self.victim(cache))
        if is_ghost(queues, cache, content) and self._main_lacks(cache):
            return queues.item(queues.back(cache, AM))
        return NOTHING

    def evict_slot(self, cache, slot):
        """Evict the content in a slot, and remember a newcomer; return it."""
        queues = self.queues
        if queues.queue_of(slot) == AM:
            return queues.evict(cache, slot)
        return queues.evict_to_bounded(cache, A1OUT, slot, self.out_limit[cache])

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        queues = self.queues.carry_on(other.queues)
        return self._replace(queues=queues)

    def take_over(self, cache: int, other: Self) -> None:
        """Evict and forget what does not fit into a cache that was carried on."""
        take_over_queues(self, cache, other)
        self.queues.bound(cache, A1OUT, self.out_limit[cache])


TwoQCaches.divides_caches = True  # type: ignore[attr-defined]


@register_cache_policy("TWO_Q")
class TwoQCache(DefinedCache, definition=TwoQCaches):
    """Evict, of new items in a FIFO queue or of others in an LRU queue, the oldest.

    What is evicted of the new ones (A1in) is remembered (A1out), and enters the other queue (Am) if
    it comes back. A1in gives way first if it has more than its share.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    in : float, optional
        The share of `maxlen`, cut to a whole number, of A1in; in Python `in_`. The cache takes
        no item that is larger, thus none at all if that is 0.
    out : float, optional
        How much is remembered in A1out, as a share of `maxlen`.

    Notes
    -----
    This is the full version of the paper, with the misses of libCacheSim 0.3.5 and, where all
    sizes are 1, of the simulator of Caffeine.

    References
    ----------
    T. Johnson, D. Shasha, "2Q: a low overhead high performance buffer management replacement
    algorithm", VLDB 1994. https://www.vldb.org/conf/1994/P439.PDF
    """
