"""What twins of policies for contents with sizes share: one cache, its contents and its room.

A twin is a plain class, written from the rules of its policy alone and as slow as clarity wants.
One request at one cache is ``get(k)`` and, where that missed, ``put(k, size)``. All rules count in
*units*: capacity and sizes in bytes, or contents of which each has size 1.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

__all__ = ["SizedTwin"]

Item = Hashable


class SizedTwin:
    """A cache of `capacity` units, of which a policy decides what leaves it.

    A policy defines `_hit`, `_enter`, `_evict`, `_leave` and `dump`; one that refuses contents or
    remembers what it evicted defines `_insert` and `_forget` too.

    Parameters
    ----------
    capacity : int
        How many units fit, at least 1.
    **parameters
        Those of the policy, under the names that settings have for them. Policies that draw have
        ``seed``, a `numpy.random.Generator`.

    Attributes
    ----------
    capacity : int
        How many units fit.
    sizes : dict
        From cached item to its stored size in units.
    used : int
        Units stored, never more than `capacity` between calls.
    """

    def __init__(self, capacity: int, **parameters: Any) -> None:
        if parameters:
            raise TypeError(f"{type(self).__name__} has no parameters {sorted(parameters)}")
        self.capacity = capacity
        self.sizes: dict[Item, int] = {}
        self.used = 0

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self.sizes

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, to which the hit rule of the policy applies."""
        if k not in self.sizes:
            return False
        self._hit(k)
        return True

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` if it is absent and the policy takes it.

        Returns
        -------
        list
            The items evicted for it, in order; `k` among them if it was stored and evicted at once.
            Empty where `k` is cached already or refused, which changes nothing else.
        """
        if k in self.sizes:
            self._put_cached(k)
            return []
        return self._insert(k, size)

    def remove(self, k: Item) -> bool:
        """Forget all about `k`; return whether it was cached."""
        cached = k in self.sizes
        if cached:
            self._leave(k)
            self._drop(k)
        self._forget(k)
        return cached

    def resize_item(self, k: Item, size: int) -> list[Item]:
        """Have the cached item `k` take `size` units, then evict until all fit.

        Returns
        -------
        list
            The items evicted, in order; `k` may be one of them.

        Raises
        ------
        KeyError
            If `k` is not cached.
        """
        self.used += size - self.sizes[k]
        self.sizes[k] = size
        self._resized(k)
        return self._make_room(0)

    def dump(self) -> list[Item]:
        """Return all cached items, next to be evicted last, as far as the policy has an order."""
        raise NotImplementedError

    # What policies define. None of these touches `sizes` or `used`, save by `_store` and `_drop`.

    def _hit(self, k: Item) -> None:
        """Do what the policy does when the cached item `k` is requested."""
        raise NotImplementedError

    def _enter(self, k: Item) -> None:
        """Note that `k` has been stored."""
        raise NotImplementedError

    def _evict(self) -> list[Item]:
        """Take one step towards more room; return what was evicted, which may be nothing."""
        raise NotImplementedError

    def _leave(self, k: Item) -> None:
        """Note that the cached item `k` is being removed."""
        raise NotImplementedError

    def _forget(self, k: Item) -> None:
        """Drop what is remembered of `k` beyond its time in the cache."""

    def _put_cached(self, k: Item) -> None:
        """Do what the policy does when `k`, which is cached, is put again."""

    def _resized(self, k: Item) -> None:
        """Note that the cached item `k` has another size now."""

    def _insert(self, k: Item, size: int) -> list[Item]:
        """Store the absent item `k` if the policy takes it; return what was evicted for it."""
        if size > self.capacity:
            return []
        evicted = self._make_room(size)
        self._store(k, size)
        self._enter(k)
        return evicted

    # What policies use.

    def _make_room(self, size: int) -> list[Item]:
        """Evict until `size` units are free; return what was evicted, in order."""
        evicted: list[Item] = []
        while self.used + size > self.capacity:
            evicted += self._evict()
        return evicted

    def _store(self, k: Item, size: int) -> None:
        """Count `k` as cached."""
        self.sizes[k] = size
        self.used += size

    def _drop(self, k: Item) -> None:
        """Count `k` as no longer cached."""
        self.used -= self.sizes.pop(k)
