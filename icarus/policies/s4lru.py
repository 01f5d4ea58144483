"""S4LRU: LRU segments of equal limits, from which the lowest that is not empty evicts."""

from __future__ import annotations

from typing import NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, next_victim_of_queues, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.victims import evict_victim
from icarus.registry import register_cache_policy
from icarus.types import PositiveInt

__all__ = ["S4LruCache", "S4LruCaches"]


@on_queues
class S4LruCaches(NamedTuple):
    """S4LRU caches: a queue to each segment, the highest first."""

    queues: Queues
    segments: int

    @classmethod
    def new(cls, room: Room, segments: PositiveInt = 4) -> Self:
        """Return empty caches."""
        return cls(make_queues(room, int(segments), several=True), int(segments))

    def get(self, cache, content):
        """Return whether a content is cached, which moves it to the next higher segment."""
        queues = self.queues
        queues.units.begin()
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        queue = queues.queue_of(slot)
        if queue == 0:
            queues.renew_slot(cache, slot)
        else:
            queues.move(cache, queue - 1, slot)
            self._lower(cache, queue - 1)
        return True

    def _lower(self, cache, queue):
        """Have what a segment has too much fall into the one below, and so on down."""
        queues = self.queues
        limit = self._limit(cache)
        last = self.segments - 1
        while queues.held_in(cache, queue) > limit:
            while queues.held_in(cache, queue) > limit:
                slot = queues.back(cache, queue)
                if queue < last:
                    queues.move(cache, queue + 1, slot)
                else:
                    queues.evict(cache, slot)
            if queue < last:
                queue += 1

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        limit = self._limit(cache)
        if queues.is_new(cache, content) and queues.admits(cache, limit):
            evicted = make_room(self, cache)
            size = queues.requested()
            queue = self.segments - 1
            while queue >= 0 and queues.held_in(cache, queue) + size > limit:
                queue -= 1
            queues.insert(cache, queue if queue >= 0 else self.segments - 1, content)
        return evicted

    def victim(self, cache):
        """Return the slot of the least recently used content of the lowest segment that has one."""
        queue = self.segments - 1
        while self.queues.is_empty(cache, queue):
            queue -= 1
        return self.queues.back(cache, queue)

    def next_victim(self, cache, content):
        """Return what would leave first for a content; NOTHING if there is room, or never is."""
        if self.queues.requested() > self._limit(cache):
            return NOTHING
        return next_victim_of_queues(self, cache, content)

    def _limit(self, cache):
        """Return how much is meant for each segment; a remainder is not given out."""
        return self.queues.capacity(cache) // self.segments

    def take_over(self, cache: int, other: Self) -> None:
        """Have what a cache has, which was carried on, fall or leave as far as it does not fit."""
        self.queues.units.begin()
        if self.queues.capacity(cache) < other.queues.capacity(cache):
            for queue in range(self.segments):
                self._lower(cache, queue)
        while self.queues.overflows(cache):
            evict_victim(self, cache)


S4LruCaches.divides_caches = True  # type: ignore[attr-defined]


@register_cache_policy("S4LRU")
class S4LruCache(DefinedCache, definition=S4LruCaches):
    """Evict the least recently used item of the lowest segment; hits lift items by a segment.

    A new item enters the lowest segment that has space for it. One that is hit goes to the front of
    the next higher segment; while that has more than its limit, its last item goes to the front of
    the segment below, and so on; what the lowest has too much then is evicted: with sizes, or with
    a remainder, a hit may evict.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    segments : int, optional
        How many segments there are. The limit of each is ``maxlen // segments``, and a remainder is
        given to none. The cache takes no item that is larger, thus none at all if there are more
        segments than places.

    Notes
    -----
    It has the misses of libCacheSim 0.3.5, with four segments as S4LRU, with five as SLRU. SLRU
    here gives each segment its share to the last place, and inserts into the lowest only.

    References
    ----------
    Q. Huang, K. Birman, R. van Renesse, W. Lloyd, S. Kumar, H. C. Li, "An analysis of Facebook
    photo caching", SOSP 2013. https://doi.org/10.1145/2517349.2522722
    """
