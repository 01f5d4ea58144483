"""LRU_PROB: LRU in which a hit renews a content with a probability only."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import Room
from icarus.registry import register_cache_policy
from icarus.types import Fraction, Seed

__all__ = ["LruProbCache", "LruProbCaches"]


@on_queues
class LruProbCaches(NamedTuple):
    """LRU caches, one queue to each, in which not all hits count."""

    queues: Queues
    p: float
    rng: Any
    """The Generator that all caches share."""

    @classmethod
    def new(cls, room: Room, p: Fraction = 0.5, seed: Seed = None) -> Self:
        """Return empty caches."""
        return cls(make_queues(room), float(p), seed)

    def get(self, cache, content):
        """Return whether a content is cached; it may become the most recently used one."""
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        if self.rng.random() < self.p:
            self.queues.renew_slot(cache, slot)
        return True

    def victim(self, cache):
        """Return the slot at the back."""
        return self.queues.back(cache, 0)


@register_cache_policy("LRU_PROB")
class LruProbCache(DefinedCache, definition=LruProbCaches):
    """Evict the least recently used item, as far as hits are taken note of.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    p : float, optional
        The probability that a hit makes an item the most recently used one; 1 is LRU, 0 FIFO.
    seed : int, SeedSequence, Generator or None, optional
        Where the choices come from. The caches of one network share a Generator.

    Notes
    -----
    There is one draw for each hit, also of the most recently used item.
    """
