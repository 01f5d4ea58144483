"""SIEVE: a FIFO queue in which a hand skips, once, what was hit."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import Room
from icarus.registry import register_cache_policy

__all__ = ["SieveCache", "SieveCaches"]


@on_queues
class SieveCaches(NamedTuple):
    """SIEVE caches: one queue to a cache, the latest content in front; values say what was hit."""

    queues: Queues
    hand: np.ndarray
    """int64, (n_caches,): the slot from which the next victim is looked for, or -1: the back."""

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_queues(room), room.array(np.full(room.n_caches, -1)))

    def get(self, cache, content):
        """Return whether a content is cached, and note the hit."""
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        self.queues.set_value(slot, 1)
        return True

    def victim(self, cache):
        """Move the hand, towards the front, to the first slot that was not hit since; return it."""
        queues = self.queues
        slot = self.hand[cache]
        if slot < 0:
            slot = queues.back(cache, 0)
        while queues.value(slot) > 0:
            queues.set_value(slot, 0)
            slot = queues.before(slot)
            if queues.is_end(slot):
                slot = queues.back(cache, 0)
        self.hand[cache] = slot
        return slot

    def evict_slot(self, cache, slot):
        """Evict the content that the hand stands at; return it."""
        self._pass(cache, slot)
        return self.queues.evict(cache, slot)

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        if self.hand[cache] == slot:
            self._pass(cache, slot)
        self.queues.drop(cache, slot)
        return True

    def _pass(self, cache, slot):
        """Have the hand stand before a slot that leaves."""
        before = self.queues.before(slot)
        self.hand[cache] = -1 if self.queues.is_end(before) else before

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        self.queues.clear(cache)
        self.hand[cache] = -1


@register_cache_policy("SIEVE")
class SieveCache(DefinedCache, definition=SieveCaches):
    """Evict, of what was not hit since the hand last passed, the next one that it comes to.

    Items stand in the order of their insertion. The hand moves from the oldest to the latest, and
    on from the oldest again; it spares what was hit once, and stays where it evicted.

    Parameters
    ----------
    maxlen : int
        How many items fit.

    References
    ----------
    Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is simpler than LRU: an efficient
    turn-key eviction algorithm for web caches", NSDI 2024.
    """
