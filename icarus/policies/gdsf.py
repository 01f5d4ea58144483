"""GDSF: evict what was requested least for its size and for how long ago it was."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.ranks import Ranks, make_ranks, next_event
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.policies.victims import evict_victim
from icarus.registry import register_cache_policy

__all__ = ["GdsfCache", "GdsfCaches"]


@on_queues
class GdsfCaches(NamedTuple):
    """GDSF caches: one queue to a cache, whose order says nothing, and a rank for each content."""

    queues: Queues
    ranks: Ranks
    """Priorities; of equal ones, that of the earlier last request comes first."""
    counts: SlotValues
    """Requests of the content in a slot since it entered."""
    inflation: np.ndarray
    """float64, (n_caches,): the priority of the last victim, 0 at first."""
    events: np.ndarray
    """int64, (n_caches,): insertions and hits so far."""

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(
            make_queues(room),
            make_ranks(room, np.float64),
            make_slot_values(room),
            room.zeros(room.n_caches, np.float64),
            room.zeros(room.n_caches),
        )

    def get(self, cache, content):
        """Return whether a content is cached, and count the hit."""
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        count = self.counts.of(slot) + 1
        self.counts.set(slot, count)
        self.ranks.put_off(slot, self._priority(cache, slot, count), next_event(self.events, cache))
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that left, maybe the content itself."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            slot = queues.insert(cache, 0, content)
            self.counts.set(slot, 1)
            self.ranks.add(
                cache, slot, self._priority(cache, slot, 1), next_event(self.events, cache)
            )
            while queues.overflows(cache):
                evicted = evict_victim(self, cache)
        return evicted

    def _priority(self, cache, slot, count):
        return self.inflation[cache] + count * 1e6 / self.queues.size_of(slot)

    def victim(self, cache):
        """Return the slot of the lowest priority."""
        return self.ranks.least(cache)

    def evict_slot(self, cache, slot):
        """Evict the content in a slot, whose priority is that of the cache from now on."""
        self.inflation[cache] = self.ranks.key[slot]
        self.ranks.remove(cache, slot)
        return self.queues.evict(cache, slot)

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        self.ranks.remove(cache, slot)
        self.queues.drop(cache, slot)
        return True

    def dump(self, cache: int) -> list[Any]:
        """Return all contents of a cache, that of the lowest priority last."""
        return [self.queues.item(slot) for slot in self.ranks.order(cache)]

    def clear(self, cache: int) -> None:
        """Have a cache be as new."""
        self.queues.clear(cache)
        self.ranks.clear(cache)
        self.inflation[cache] = 0.0
        self.events[cache] = 0

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        n_slots = queues.n_slots()
        return self._replace(
            queues=queues,
            ranks=self.ranks.reserve(n_slots, n_requests),
            counts=self.counts.reserve(n_slots),
        )


@register_cache_policy("GDSF")
class GdsfCache(DefinedCache, definition=GdsfCaches):
    """Evict the item of the lowest priority: few requests for its size, the last one long ago.

    At each request of an item its priority becomes ``L + count * 10**6 / size``, where `count` is
    its requests since it was inserted and L the priority of the last victim, 0 at first. An item is
    inserted before there is room for it, and may itself be what has to leave. Of equal priorities
    that whose item was requested longer ago goes. Where items are counted, each has size 1.

    Parameters
    ----------
    maxlen : int
        How many items fit.

    References
    ----------
    L. Cherkasova, "Improving WWW proxies performance with Greedy-Dual-Size-Frequency caching
    policy", Technical Report HPL-98-69R1, Hewlett-Packard Laboratories, 1998.

    Notes
    -----
    libCacheSim 0.3.5 misses the same requests, on traces of up to two million requests.
    """
