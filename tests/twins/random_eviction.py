"""The twin of random eviction."""

from __future__ import annotations

from typing import Any

from icarus.core.randomness import generator
from icarus.policies.cache import Cache, Item
from icarus.types import Seed

__all__ = ["RandEvictionCache"]


class RandEvictionCache(Cache):
    """Evict an item chosen uniformly at random; hits change nothing.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    seed : int, SeedSequence, Generator or None, optional
        Where the choices come from. The caches of one network share a Generator.

    Notes
    -----
    Items lie in places, numbered from 0 in the order in which they were filled. The item in
    place ``int(random() * maxlen)`` is evicted, and the new one takes its place; there is one
    draw per eviction. Where an item is removed, the one in the last place moves into its place.
    """

    def __init__(self, maxlen: int, seed: Seed = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._rng = generator(seed)
        self._slots: list[Item] = []
        self._slot_of: dict[Item, int] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self._slot_of

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached."""
        return k in self._slot_of

    def put(self, k: Item) -> Item | None:
        """Insert `k` if absent; return the item evicted for it, or None."""
        if k in self._slot_of:
            return None
        if len(self._slots) < self._maxlen:
            self._slot_of[k] = len(self._slots)
            self._slots.append(k)
            return None
        slot = int(self._rng.random() * self._maxlen)
        evicted = self._slots[slot]
        del self._slot_of[evicted]
        self._slots[slot] = k
        self._slot_of[k] = slot
        return evicted

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        slot = self._slot_of.pop(k, None)
        if slot is None:
            return False
        last = self._slots.pop()
        if slot < len(self._slots):
            self._slots[slot] = last
            self._slot_of[last] = slot
        return True

    def dump(self) -> list[Item]:
        """Return all items; their order means nothing."""
        return list(self._slots)

    def clear(self) -> None:
        """Remove everything."""
        self._slots.clear()
        self._slot_of.clear()
