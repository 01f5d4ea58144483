"""What twins of policies that rank, learn or look ahead share: one cache, counted in units.

A unit is a content, each then of size 1, or a byte. A request is ``get(k)``, and after a miss
``put(k, size)``. What counts requests counts them in ``get``. Nothing of Icarus is used here.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

__all__ = ["ScoredTwin"]

Item = Hashable


class ScoredTwin:
    """A cache of `capacity` units; subclasses say what is evicted.

    Parameters
    ----------
    capacity : int
        Units, at least 1.

    Attributes
    ----------
    sizes : dict
        Stored size of each cached item.
    used : int
        Units stored, at most `capacity` between calls.
    requests : int
        Calls of ``get`` so far.

    Notes
    -----
    Subclasses define ``_enter`` (take in an item whose size is in ``sizes``), ``_evict`` (choose
    the victim and take it out), ``_forget`` (take out an item that is removed) and, as they need,
    ``_seen`` (a request, before it is looked up), ``_hit``, ``_missed`` and ``_refuses``. With
    ``store_first`` the newcomer is stored before there is room, and may be a victim.
    """

    store_first = False

    def __init__(self, capacity: int, **parameters: Any) -> None:
        if parameters:
            raise TypeError(f"{type(self).__name__} takes no parameter {sorted(parameters)[0]!r}")
        self.capacity = capacity
        self.sizes: dict[Item, int] = {}
        self.used = 0
        self.requests = 0

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self.sizes

    def get(self, k: Item) -> bool:
        """Look `k` up, by the policy's rule for hits; return whether it was cached."""
        self.requests += 1
        self._seen(k)
        if k not in self.sizes:
            self._missed(k)
            return False
        self._hit(k)
        return True

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` if it is not cached; return what is evicted for it, in order.

        An item that is refused or larger than the capacity changes nothing.
        """
        if k in self.sizes or size > self.capacity or self._refuses(k, size):
            return []
        evicted = [] if self.store_first else self._evict_down_to(self.capacity - size)
        self.sizes[k] = size
        self.used += size
        self._enter(k)
        if self.store_first:
            evicted += self._evict_down_to(self.capacity)
        return evicted

    def remove(self, k: Item) -> bool:
        """Take `k` out, leaving nothing of it; return whether it was cached."""
        if k not in self.sizes:
            return False
        self._forget(k)
        self.used -= self.sizes.pop(k)
        return True

    def resize_item(self, k: Item, size: int) -> list[Item]:
        """Give a cached item another size; return what is evicted until all fits."""
        change = size - self.sizes[k]
        self.sizes[k] = size
        self.used += change
        self._resized(k, change)
        return self._evict_down_to(self.capacity)

    def dump(self) -> list[Item]:
        """Return all cached items, the next to be evicted last."""
        raise NotImplementedError

    def _evict_down_to(self, limit: int) -> list[Item]:
        evicted = []
        while self.used > limit:
            victim = self._evict()
            self.used -= self.sizes.pop(victim)
            evicted.append(victim)
        return evicted

    def _seen(self, k: Item) -> None:
        pass

    def _missed(self, k: Item) -> None:
        pass

    def _hit(self, k: Item) -> None:
        pass

    def _refuses(self, k: Item, size: int) -> bool:
        return False

    def _resized(self, k: Item, change: int) -> None:
        pass

    def _enter(self, k: Item) -> None:
        raise NotImplementedError

    def _evict(self) -> Item:
        raise NotImplementedError

    def _forget(self, k: Item) -> None:
        raise NotImplementedError
