"""LRU_K: evict what was requested k times longest ago."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.once import MORE, ONCE, clear_once, dump_once, leave_ranks, reserve_once
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.ranks import Ranks, make_ranks, next_event
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.registry import register_cache_policy
from icarus.types import NonNegativeInt, PositiveInt

__all__ = ["LruKCache", "LruKCaches"]

GHOSTS, BACK_AGAIN = 2, 3
"""Queues: of what was evicted; and of the one of these that comes back while room is made."""


@on_queues
class LruKCaches(NamedTuple):
    """LRU_K caches: a queue of what has fewer than k requests, and ranks of the rest."""

    queues: Queues
    ranks: Ranks
    """Times of the k-th last request."""
    times: SlotValues
    """By slot * k: the last k requests, each in the place of its number modulo k."""
    counts: SlotValues
    """Requests of the content in a slot that are known."""
    events: np.ndarray
    """int64, (n_caches,): insertions and hits so far, which are the time."""
    n_ghosts: np.ndarray
    """int64, (n_caches,): contents in the queue of ghosts."""
    k: int
    retain: int

    @classmethod
    def new(cls, room: Room, k: PositiveInt = 2, retain: NonNegativeInt = 0) -> Self:
        """Return empty caches."""
        queues, ranks = make_queues(room, holding=2, ghosts=2), make_ranks(room)
        times, counts = make_slot_values(room), make_slot_values(room)
        events, n_ghosts = room.zeros(room.n_caches), room.zeros(room.n_caches)
        return cls(queues, ranks, times, counts, events, n_ghosts, k, retain)

    def get(self, cache, content):
        """Return whether a content is cached, and note the hit."""
        slot = self.queues.find(cache, content)
        if slot < 0 or not self.queues.holds(slot):
            return False
        self._note(cache, slot)
        if self.counts.of(slot) >= self.k:
            if self.queues.queue_of(slot) == ONCE:
                self._rank(cache, slot)
            else:
                time = self._kth_last(slot)
                self.ranks.put_off(slot, time, time)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if not queues.is_new(cache, content) or not queues.admits(cache, queues.capacity(cache)):
            return evicted
        slot = queues.find(cache, content)
        if slot >= 0:
            self.n_ghosts[cache] -= 1
            queues.move(cache, BACK_AGAIN, slot)
        evicted = make_room(self, cache)
        if slot >= 0:
            queues.store_again(cache, ONCE, slot)
        else:
            slot = queues.insert(cache, ONCE, content)
            self.counts.set(slot, 0)
        self._note(cache, slot)
        if self.counts.of(slot) >= self.k:
            self._rank(cache, slot)
        return evicted

    def _note(self, cache, slot):
        """Take note of a request."""
        time = next_event(self.events, cache)
        count = self.counts.of(slot)
        self.times.set(slot * self.k + count % self.k, time)
        self.counts.set(slot, count + 1)

    def _kth_last(self, slot):
        """Return the time of the k-th last request; the next one takes its place."""
        return self.times.of(slot * self.k + self.counts.of(slot) % self.k)

    def _rank(self, cache, slot):
        """Move a slot from the queue into the heap."""
        self.queues.move(cache, MORE, slot)
        time = self._kth_last(slot)
        self.ranks.add(cache, slot, time, time)

    def victim(self, cache):
        """Return the slot of what has fewer than k requests, else of what had k longest ago."""
        if not self.queues.is_empty(cache, ONCE):
            return int(self.queues.back(cache, ONCE))
        return self.ranks.least(cache)

    def evict_slot(self, cache, slot):
        """Evict the content in a slot, and remember it as far as that is wanted; return it."""
        queues = self.queues
        leave_ranks(self, cache, slot)
        if self.retain == 0:
            return queues.evict(cache, slot)
        if self.n_ghosts[cache] == self.retain:
            queues.drop(cache, queues.back(cache, GHOSTS))
        else:
            self.n_ghosts[cache] += 1
        return queues.evict_to(cache, GHOSTS, slot)

    def remove(self, cache, content):
        """Remove a content, and forget its history; return whether it was cached."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        held = queues.holds(slot)
        if not held:
            self.n_ghosts[cache] -= 1
        leave_ranks(self, cache, slot)
        queues.drop(cache, slot)
        return held

    def clear(self, cache: int) -> None:
        """Have a cache be as new."""
        clear_once(self, cache)
        self.n_ghosts[cache] = 0

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        state = reserve_once(self, n_requests)
        n_slots = state.queues.n_slots()
        times, counts = state.times.reserve(n_slots * self.k), state.counts.reserve(n_slots)
        grown: Self = state._replace(times=times, counts=counts)
        return grown

    (dump,) = (dump_once,)  # type: ignore[misc]


@register_cache_policy("LRU_K")
class LruKCache(DefinedCache, definition=LruKCaches):
    """Evict the item whose `k`-th last request is longest ago, and before it those with fewer.

    Items with fewer than `k` requests since they were inserted, which is one itself, leave in the
    order in which they were inserted, before all others.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    k : int, optional
        Requests that are looked back.
    retain : int, optional
        How many evicted items are remembered with their requests, the last ones; an item that comes
        back while it is goes on from these.

    References
    ----------
    E. J. O'Neil, P. E. O'Neil, G. Weikum, "The LRU-K page replacement algorithm for database disk
    buffering", SIGMOD 1993, doi 10.1145/170035.170081.

    Notes
    -----
    With ``retain=0`` libCacheSim 0.3.5 misses the same requests.
    """
