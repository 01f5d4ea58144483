"""CACHEUS: evict what a scan-resistant LRU or what a churn-resistant LFU would."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.learning_rate import LearningRates, make_learning_rates
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.ranks import Ranks, make_ranks, next_event
from icarus.policies.room import NOTHING, Room
from icarus.policies.victims import evict_chosen, next_victim_learning, no_choices
from icarus.registry import register_cache_policy
from icarus.types import PositiveInt, Seed

__all__ = ["CacheusCache", "CacheusCaches"]

AGAIN, ONCE, GONE_BY_LRU, GONE_BY_LFU = 0, 1, 2, 3
"""Queues: contents that were asked again, and others; and what the experts evicted."""

NEW, DEMOTED = 1, 2
"""Values of slots: of contents that came once; and of those that stood among the others."""


@on_queues
class CacheusCaches(NamedTuple):
    """CACHEUS caches."""

    queues: Queues
    ranks: Ranks
    """Requests of cached contents; of equal counts that which was reached last."""
    rates: LearningRates
    limit: np.ndarray
    """int64, (n_caches,): units that the contents asked once may take; the others take the rest."""
    n_demoted: np.ndarray
    """int64, (n_caches,): cached contents that are demoted."""
    n_new: np.ndarray
    """int64, (n_caches,): new contents among those that LRU evicted."""
    events: np.ndarray
    """int64, (n_caches,): insertions and hits so far."""
    evicted_any: np.ndarray
    """int64, (n_caches,): 1 from the first eviction on."""
    weight_of_lru: np.ndarray
    """float64, (n_caches,)"""
    weight_of_lfu: np.ndarray
    """float64, (n_caches,)"""
    chosen: np.ndarray
    rng: Any
    """The Generator that all caches share."""

    @classmethod
    def new(cls, room: Room, contents: PositiveInt | None = None, seed: Seed = None) -> Self:
        """Return empty caches."""
        n_caches = room.n_caches
        limits = [_first_limit(maxlen) for maxlen in room.maxlens]
        return cls(
            make_queues(room, holding=2, ghosts=2),
            make_ranks(room),
            make_learning_rates(room, contents),
            room.array(np.array(limits, dtype=np.int64)),
            room.zeros(n_caches),
            room.zeros(n_caches),
            room.zeros(n_caches),
            room.zeros(n_caches),
            room.array(np.full(n_caches, 0.5)),
            room.array(np.full(n_caches, 0.5)),
            no_choices(room),
            seed,
        )

    def get(self, cache, content):
        """Return whether a content is cached, and count the request."""
        queues, ranks = self.queues, self.ranks
        slot = queues.find(cache, content)
        hit = slot >= 0 and queues.holds(slot)
        self.rates.provide(cache, self.rng)
        self.rates.see(cache, hit, self.rng)
        if not hit:
            return False
        ranks.put_off(slot, ranks.key[slot] + 1, -next_event(self.events, cache))
        if queues.queue_of(slot) == AGAIN:
            queues.renew_slot(cache, slot)
            return True
        if queues.value(slot) == DEMOTED:
            n_demoted = self.n_demoted[cache]
            step = max(1, int(self.n_new[cache] / max(1, n_demoted) + 0.5))
            self.n_demoted[cache] = n_demoted - 1
            self._set_limit(cache, self.limit[cache] - step * queues.size_of(slot))
        queues.set_value(slot, 0)
        queues.move(cache, AGAIN, slot)
        self._demote(cache)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        queues.units.begin()
        evicted = NOTHING
        slot = queues.find(cache, content)
        count = 0
        if slot >= 0:
            if queues.holds(slot):
                return evicted
            count = int(self.ranks.key[slot])
            weights = self._learned(cache, slot)
            self.weight_of_lru[cache], self.weight_of_lfu[cache] = weights
            self._widen(cache, slot)
            self._forget(cache, slot)
        self.rates.provide(cache, self.rng)
        if queues.admits(cache, queues.capacity(cache)):
            evicted = make_room(self, cache)
            self._enter(cache, content, count)
        return evicted

    def _enter(self, cache, content, count):
        """Store a content that was requested so often before it was evicted."""
        queues = self.queues
        among_others = self._limit_of_others(cache)
        fits = queues.held_in(cache, AGAIN) + queues.requested() <= among_others
        first = fits and queues.is_empty(cache, ONCE) and self.evicted_any[cache] == 0
        if count > 0 or first:
            slot = queues.insert(cache, AGAIN, content)
            self.ranks.add(cache, slot, count + 1, -next_event(self.events, cache))
            self._demote(cache)
        else:
            slot = queues.insert(cache, ONCE, content)
            queues.set_value(slot, NEW)
            self.ranks.add(cache, slot, 1, -next_event(self.events, cache))

    def _limit_of_others(self, cache):
        return self.queues.capacity(cache) - self.limit[cache]

    def _set_limit(self, cache, limit):
        self.limit[cache] = max(1, min(self.queues.capacity(cache) - 1, limit))

    def _demote(self, cache):
        """Have no more among what was asked again than may be there."""
        queues, limit = self.queues, self._limit_of_others(cache)
        while queues.held_in(cache, AGAIN) > limit:
            slot = queues.back(cache, AGAIN)
            queues.move(cache, ONCE, slot)
            queues.set_value(slot, DEMOTED)
            self.n_demoted[cache] += 1

    def _learned(self, cache, slot):
        """Return both weights once one expert weighs less, who evicted what comes again."""
        of_lru, of_lfu = self.weight_of_lru[cache], self.weight_of_lfu[cache]
        factor = math.exp(-self.rates.rate[cache])
        if self.queues.queue_of(slot) == GONE_BY_LRU:
            of_lru *= factor
        else:
            of_lfu *= factor
        both = of_lru + of_lfu
        return min(0.99, max(0.01, of_lru / both)), min(0.99, max(0.01, of_lfu / both))

    def _widen(self, cache, slot):
        """Have contents asked once take more, if what comes again was evicted as one of them."""
        queues = self.queues
        if queues.queue_of(slot) == GONE_BY_LRU and queues.value(slot) == NEW:
            step = max(1, int(self.n_demoted[cache] / max(1, self.n_new[cache]) + 0.5))
            self._set_limit(cache, self.limit[cache] + step * queues.size_of(slot))

    def _forget(self, cache, slot):
        """Have something no longer remembered."""
        if self.queues.queue_of(slot) == GONE_BY_LRU and self.queues.value(slot) == NEW:
            self.n_new[cache] -= 1
        self.queues.drop(cache, slot)

    def choose(self, cache):
        """Return the slot that one of the experts would evict, drawn by their weights."""
        return self._drawn(cache, self.weight_of_lru[cache])

    def _drawn(self, cache, weight_of_lru):
        by_lru, by_lfu = self._by_lru(cache), self.ranks.least(cache)
        if by_lru != by_lfu and self.rng.random() < weight_of_lru:
            return by_lru
        return by_lfu

    def _by_lru(self, cache):
        queues = self.queues
        return int(queues.back(cache, AGAIN if queues.is_empty(cache, ONCE) else ONCE))

    def choose_for(self, cache, slot):
        """Return the same for a content that the experts would learn from."""
        weight = self.weight_of_lru[cache]
        if slot >= 0:
            weight, _ = self._learned(cache, slot)
        # As before an insertion, the rate of a new cache is drawn first.
        self.rates.provide(cache, self.rng)
        return self._drawn(cache, weight)

    (next_victim,) = (next_victim_learning,)  # type: ignore[misc]

    def evict_slot(self, cache, slot):
        """Evict what one of the experts named, and remember it unless both did; return it."""
        queues = self.queues
        self.evicted_any[cache] = 1
        by_lru, by_lfu = self._by_lru(cache), self.ranks.least(cache)
        if by_lru == by_lfu:
            self._take_out(cache, slot)
            return queues.evict(cache, slot)
        ghosts = GONE_BY_LRU if slot == by_lru else GONE_BY_LFU
        if ghosts == GONE_BY_LRU and queues.value(slot) == NEW:
            self.n_new[cache] += 1
        self._take_out(cache, slot)
        evicted = queues.evict_to(cache, ghosts, slot)
        self._bound(cache, ghosts)
        return evicted

    def _take_out(self, cache, slot):
        """Have a content of a cache count no more among those that are there."""
        self.ranks.remove(cache, slot)
        if self.queues.value(slot) == DEMOTED:
            self.n_demoted[cache] -= 1
            self.queues.set_value(slot, 0)

    def _bound(self, cache, ghosts):
        """Forget what an expert evicted longest ago, beyond half of the capacity."""
        queues, limit = self.queues, self.queues.capacity(cache) // 2
        while queues.held_in(cache, ghosts) > limit:
            self._forget(cache, queues.back(cache, ghosts))

    def update(self, cache, content):
        """Have a content take as much as the request says; return the last that left for it."""
        queues = self.queues
        evicted = NOTHING
        queues.units.begin()
        queues.update_size(cache, queues.find(cache, content))
        self._demote(cache)
        while queues.overflows(cache):
            evicted = evict_chosen(self, cache)
        return evicted

    def remove(self, cache, content):
        """Remove a content, and forget that it was evicted; return whether it was cached."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        held = queues.holds(slot)
        if held:
            self._take_out(cache, slot)
            queues.drop(cache, slot)
        else:
            self._forget(cache, slot)
        return held

    def clear(self, cache: int) -> None:
        """Have a cache be as new; draws go on where they are."""
        self.queues.clear(cache)
        self.ranks.clear(cache)
        self.rates.clear(cache)
        self.limit[cache] = _first_limit(int(self.queues.capacity(cache)))
        for counts in (self.n_demoted, self.n_new, self.events, self.evicted_any):
            counts[cache] = 0
        self.weight_of_lru[cache] = self.weight_of_lfu[cache] = 0.5

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        rates = other.rates._replace(period=self.rates.period)
        return other._replace(queues=self.queues.carry_on(other.queues), rates=rates)

    def take_over(self, cache: int, other: Self) -> None:
        """Evict and forget what does not fit into a cache, which was carried on, any more."""
        queues = self.queues
        queues.units.begin()
        self._set_limit(cache, self.limit[cache])
        self._demote(cache)
        while queues.overflows(cache):
            evict_chosen(self, cache)
        for ghosts in (GONE_BY_LRU, GONE_BY_LFU):
            self._bound(cache, ghosts)

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        return self._replace(queues=queues, ranks=self.ranks.reserve(queues.n_slots(), n_requests))


def _first_limit(capacity: int) -> int:
    return max(1, int(0.01 * capacity + 0.5))


@register_cache_policy("CACHEUS")
class CacheusCache(DefinedCache, definition=CacheusCaches):
    """Evict what a scan-resistant LRU or what a churn-resistant LFU would, by learned weights.

    LRU has two queues, of items that were asked again and of others; it evicts from the latter. The
    limit between them, 1 % for the others at first, moves: in favour of the former when an
    item is hit that had to leave it, of the latter when one comes back that was evicted there
    after it came once. LFU evicts, of items with the fewest requests, the one that was asked last.
    Each expert remembers what it evicted, as much as half the cache holds; an item that comes back
    meanwhile has the expert weigh less, by a factor of ``exp(-rate)``, and goes on counting.
    Every so many requests the rate is changed on, if the last change of it brought more hits, or
    back; where it does not change and hits do not grow, it is drawn anew.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    contents : int, optional
        Requests between changes of the rate: by default `maxlen`. Where items have sizes, about how
        many fit.
    seed : int, SeedSequence, Generator or None, optional
        Where draws come from. The caches of one network share a Generator.

    References
    ----------
    L. V. Rodriguez, F. Yusuf, S. Lyons, E. Paz, R. Rangaswami, J. Liu, M. Zhao, G. Narasimhan,
    "Learning cache replacement with CACHEUS", USENIX FAST 2021.

    Notes
    -----
    libCacheSim 0.3.5 computes changes of the rate in integers, so that it hardly learns. On a trace
    of a CDN, of 67,000 requests, it misses 45714 of them with 2000 items, and 43453 with 16 MiB;
    this one 44022 and 43279, 3.7 % and 0.4 % fewer.
    """
