"""Items that are valid for a limited time."""

from __future__ import annotations

import copy
import heapq
import math
from collections.abc import Callable
from typing import Any

from icarus.policies.cache import Cache, Item
from icarus.policies.layers import CacheWrapper, empty_cache

__all__ = ["ExtendOnlyTtlCache", "TtlCache"]


class TtlCache(CacheWrapper):
    """Cache whose items are valid until a time given when they are put.

    An item is valid while the time is before its expiry. Items out of date are removed when
    they are looked up, and all of them before an insertion into a full cache and before a
    dump; ``len`` may count some that are still there.

    Parameters
    ----------
    cache : Cache
        The cache inside; it must be empty.
    f_time : callable
        Takes nothing and returns the time now, in the unit of `ttl` and `expires`. It is
        shared by copies of the cache.

    Attributes
    ----------
    expiry : dict
        From item to the time when it expires, infinity if never.
    f_time : callable
        As given.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not a Cache, or not empty, or `f_time` cannot be called.
    """

    dumps_pairs = True

    def __init__(self, cache: Cache, f_time: Callable[[], float]) -> None:
        super().__init__(empty_cache(cache))
        if not callable(f_time):
            raise TypeError(f"f_time must be a function that returns the time, found {f_time!r}")
        self.f_time = f_time
        self.expiry: dict[Item, float] = {}
        # The number tells entries apart, so that items are never compared.
        self._heap: list[tuple[float, int, Item]] = []
        self._pushed = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> TtlCache:
        # A copied clock would stand still.
        memo[id(self.f_time)] = self.f_time
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return new

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached and valid, changing nothing."""
        return self._cache.has(k) and not self._out_of_date(self._expiry_of(k), self.f_time())

    def get(self, k: Item) -> Any:
        """Look `k` up; what is out of date is removed and missed, though the policy takes note."""
        found = self._cache.get(k)
        if self._cache.has(k) and self._expiry_of(k) <= self.f_time():
            self._drop(k)
            return None if self._values_inside else False
        return found

    def put(self, k: Item, *args: Any, **kwargs: Any) -> Any:
        """Insert `k`, or set its expiry if it is cached.

        Parameters
        ----------
        k : hashable
            The item; its value comes next if there is a ``KeyValueCache`` inside.
        ttl : float, optional
            How long the item is valid.
        expires : float, optional
            Until when it is valid, instead of `ttl`. By default for ever.

        Returns
        -------
        item or None
            What was evicted. Nothing happens if `k` would be out of date at once.

        Raises
        ------
        ValueError
            If both `ttl` and `expires` are given.
        """
        value, times = (args[:1], args[1:]) if self._values_inside else ((), args)
        named = {name: kwargs.pop(name) for name in ("ttl", "expires") if name in kwargs}
        now = self.f_time()
        expires = _expires_at(now, *times, **named)
        if expires <= now:
            return None
        if len(self._cache) >= self.maxlen:
            self._purge(now)
        renewed = self._cache.has(k)
        returned, left = self._put_inside(k, *value, **kwargs)
        for item in left:
            self.expiry.pop(item, None)
        if self._cache.has(k):
            self._set_expiry(k, self._renewed(self._expiry_of(k), expires) if renewed else expires)
        return returned

    def remove(self, k: Item) -> Any:
        """Remove `k`; return whether it was cached and valid, or its value if it has one."""
        valid = self.has(k)
        removed = self._drop(k)
        return removed if valid else (None if self._values_inside else False)

    def dump(self) -> list[Any]:
        """Remove what is out of date; return the rest with its expiry, next to be evicted last."""
        self.purge()
        return [(k, self._expiry_of(k)) for k in self._keys()]

    def clear(self) -> None:
        """Remove everything."""
        self._cache.clear()
        self.expiry.clear()
        self._heap.clear()

    def purge(self) -> None:
        """Remove all items that are out of date."""
        self._purge(self.f_time())

    def _purge(self, now: float) -> None:
        while self._heap and self._out_of_date(self._heap[0][0], now):
            expires, _, k = heapq.heappop(self._heap)
            # What has another expiry by now has another entry too.
            if self.expiry.get(k) == expires:
                self._drop(k)

    def _out_of_date(self, expires: float, now: float) -> bool:
        return expires <= now

    def _renewed(self, before: float, expires: float) -> float:
        """Return the expiry of an item put again."""
        return expires

    def _expiry_of(self, k: Item) -> float:
        return self.expiry.get(k, math.inf)

    def _drop(self, k: Item) -> Any:
        self.expiry.pop(k, None)
        return self._cache.remove(k)

    def _set_expiry(self, k: Item, expires: float) -> None:
        self.expiry[k] = expires
        if expires == math.inf:
            return
        self._pushed += 1
        heapq.heappush(self._heap, (expires, self._pushed, k))
        if len(self._heap) > 4 * self.maxlen + 64:
            self._rebuild()

    def _rebuild(self) -> None:
        """Leave out outdated entries, and items that the cache inside dropped by itself."""
        for k in [k for k in self.expiry if not self._cache.has(k)]:
            del self.expiry[k]
        entries = {}
        for entry in self._heap:
            if self.expiry.get(entry[2]) == entry[0]:
                entries[entry[2]] = entry
        self._heap = list(entries.values())
        heapq.heapify(self._heap)


class ExtendOnlyTtlCache(TtlCache):
    """The rules of Icarus 0.8: an expiry is only ever extended.

    Putting an item again with an earlier expiry leaves it as it was. At the very time of its
    expiry ``has`` and ``dump`` still know an item that ``get`` misses.
    """

    def _out_of_date(self, expires: float, now: float) -> bool:
        return expires < now

    def _renewed(self, before: float, expires: float) -> float:
        return max(before, expires)


def _expires_at(now: float, ttl: float | None = None, expires: float | None = None) -> float:
    if ttl is not None and expires is not None:
        raise ValueError(f"give ttl or expires, not both; found {ttl!r} and {expires!r}")
    if ttl is not None:
        return now + ttl
    return math.inf if expires is None else expires
