"""LECAR: evict what LRU or what LFU would, whichever was wrong less often of late."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, on_queues, take_over_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.ranks import Ranks, make_ranks, next_event
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.policies.victims import next_victim_learning, no_choices
from icarus.registry import register_cache_policy
from icarus.types import Seed

__all__ = ["LecarCache", "LecarCaches"]

CACHED, GONE_BY_LRU, GONE_BY_LFU = 0, 1, 2
"""Queues: contents by last request; and what the experts evicted."""

LEARNING_RATE = 0.45
DISCOUNT = 0.005
"""What is left of a regret after as many requests as fit contents, or units."""


@on_queues
class LecarCaches(NamedTuple):
    """LECAR caches."""

    queues: Queues
    ranks: Ranks
    """Requests of cached contents; of equal counts that which was reached first."""
    evicted_at: SlotValues
    """By slot of a ghost: the number of the request that evicted it."""
    events: np.ndarray
    """int64, (n_caches,): insertions and hits so far."""
    requests: np.ndarray
    """int64, (n_caches,): look-ups so far."""
    weight_of_lru: np.ndarray
    """float64, (n_caches,)"""
    weight_of_lfu: np.ndarray
    """float64, (n_caches,)"""
    chosen: np.ndarray
    rng: Any
    """The Generator that all caches share."""

    @classmethod
    def new(cls, room: Room, seed: Seed = None) -> Self:
        """Return empty caches."""
        return cls(
            make_queues(room, ghosts=2),
            make_ranks(room),
            make_slot_values(room),
            room.zeros(room.n_caches),
            room.zeros(room.n_caches),
            room.array(np.full(room.n_caches, 0.5)),
            room.array(np.full(room.n_caches, 0.5)),
            no_choices(room),
            seed,
        )

    def get(self, cache, content):
        """Return whether a content is cached, and count the request."""
        self.requests[cache] += 1
        queues, ranks = self.queues, self.ranks
        slot = queues.find(cache, content)
        if slot < 0 or not queues.holds(slot):
            return False
        queues.renew_slot(cache, slot)
        ranks.put_off(slot, ranks.key[slot] + 1, next_event(self.events, cache))
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        queues.units.begin()
        evicted = NOTHING
        slot = queues.find(cache, content)
        if slot >= 0:
            if queues.holds(slot):
                return evicted
            weights = self._learned(cache, queues.queue_of(slot), self.evicted_at.of(slot))
            self.weight_of_lru[cache], self.weight_of_lfu[cache] = weights
            queues.drop(cache, slot)
        if queues.admits(cache, queues.capacity(cache)):
            evicted = make_room(self, cache)
            slot = queues.insert(cache, CACHED, content)
            self.ranks.add(cache, slot, 1, next_event(self.events, cache))
        return evicted

    def _learned(self, cache, ghosts, evicted_at):
        """Return both weights once one expert weighs less, who evicted what is asked for again."""
        waited = (self.requests[cache] - evicted_at) / self.queues.capacity(cache)
        factor = math.exp(-LEARNING_RATE * DISCOUNT**waited)
        of_lru, of_lfu = self.weight_of_lru[cache], self.weight_of_lfu[cache]
        if ghosts == GONE_BY_LRU:
            of_lru *= factor
        else:
            of_lfu *= factor
        both = of_lru + of_lfu
        return of_lru / both, of_lfu / both

    def choose(self, cache):
        """Return the slot that one of the experts would evict, drawn by their weights."""
        return self._drawn(cache, self.weight_of_lru[cache])

    def _drawn(self, cache, weight_of_lru):
        by_lru, by_lfu = int(self.queues.back(cache, CACHED)), self.ranks.least(cache)
        if by_lru != by_lfu and int(self.rng.random() * 100) / 100 < weight_of_lru:
            return by_lru
        return by_lfu

    def choose_for(self, cache, slot):
        """Return the same for a content that the experts would learn from."""
        weight = self.weight_of_lru[cache]
        if slot >= 0:
            ghosts = self.queues.queue_of(slot)
            weight, _ = self._learned(cache, ghosts, self.evicted_at.of(slot))
        return self._drawn(cache, weight)

    (next_victim,) = (next_victim_learning,)  # type: ignore[misc]

    def evict_slot(self, cache, slot):
        """Evict what one of the experts named, and remember it unless both did; return it."""
        queues, ranks = self.queues, self.ranks
        by_lru, by_lfu = int(queues.back(cache, CACHED)), ranks.least(cache)
        ranks.remove(cache, slot)
        if by_lru == by_lfu:
            return queues.evict(cache, slot)
        ghosts = GONE_BY_LRU if slot == by_lru else GONE_BY_LFU
        self.evicted_at.set(slot, self.requests[cache])
        evicted = queues.evict_to(cache, ghosts, slot)
        queues.bound(cache, ghosts, queues.capacity(cache) // 2)
        return evicted

    def remove(self, cache, content):
        """Remove a content, and forget that it was evicted; return whether it was cached."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        held = queues.holds(slot)
        if held:
            self.ranks.remove(cache, slot)
        queues.drop(cache, slot)
        return held

    def clear(self, cache: int) -> None:
        """Have a cache be as new; draws go on where they are."""
        self.queues.clear(cache)
        self.ranks.clear(cache)
        self.events[cache] = self.requests[cache] = 0
        self.weight_of_lru[cache] = self.weight_of_lfu[cache] = 0.5

    def take_over(self, cache: int, other: Self) -> None:
        """Evict and forget what does not fit into a cache, which was carried on, any more."""
        take_over_queues(self, cache, other)
        for ghosts in (GONE_BY_LRU, GONE_BY_LFU):
            self.queues.bound(cache, ghosts, self.queues.capacity(cache) // 2)

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        n_slots = queues.n_slots()
        return self._replace(
            queues=queues,
            ranks=self.ranks.reserve(n_slots, n_requests),
            evicted_at=self.evicted_at.reserve(n_slots),
        )


@register_cache_policy("LECAR")
class LecarCache(DefinedCache, definition=LecarCaches):
    """Evict what LRU would or what LFU would, at random by weights that are learned.

    LFU counts the requests of an item since it was inserted; of equal counts that which was reached
    first goes. Where both experts name the same item, it leaves and is forgotten. Else that of LRU
    leaves if ``int(random() * 100) / 100`` is less than LRU's weight, 0.5 at first; the expert
    remembers what it evicted, as much as half the cache holds. An item that is put again
    while it is remembered, `t` requests later, multiplies the weight of the expert by
    ``exp(-0.45 * 0.005 ** (t / maxlen))``, and then both are divided by their sum.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    seed : int, SeedSequence, Generator or None, optional
        Where draws come from. The caches of one network share a Generator.

    References
    ----------
    G. Vietri, L. V. Rodriguez, W. A. Martinez, S. Lyons, J. Liu, R. Rangaswami, M. Zhao,
    G. Narasimhan, "Driving cache replacement with ML-based LeCaR", HotStorage 2018.

    Notes
    -----
    libCacheSim 0.3.5 has this policy; misses are the same on average.
    """
