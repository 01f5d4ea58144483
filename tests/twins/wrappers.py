"""The twins of what settings put around caches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from icarus.core.hashing import salted_hash
from icarus.policies.cache import Cache, Item
from icarus.policies.layers import CacheWrapper
from icarus.policies.ttl import TtlCache

__all__ = ["times_by_law", "wrapped_twin"]


class _KthPut(CacheWrapper):
    def __init__(self, cache: Cache, k: int, memory: int | None = None) -> None:
        super().__init__(cache)
        self._k, self._most = k, memory
        self._puts: list[Item] = []
        self._first: list[Item] = []

    def put(self, k: Item, *args: Any, **kwargs: Any) -> Any:
        if k not in self._first:
            self._first.append(k)
        self._puts.append(k)
        if self._puts.count(k) == self._k:
            self._forget(k)
            return self._cache.put(k)
        if self._most is not None and len(self._first) > self._most:
            self._forget(self._first[0])
        return None

    def _forget(self, k: Item) -> None:
        self._first.remove(k)
        self._puts = [one for one in self._puts if one != k]


class _AtRandom(CacheWrapper):
    def __init__(self, cache: Cache, p: float, rng: np.random.Generator) -> None:
        super().__init__(cache)
        self._p, self._rng = p, rng

    def put(self, k: Item, *args: Any, **kwargs: Any) -> Any:
        return self._cache.put(k) if self._rng.random() < self._p else None


class _Expiring(CacheWrapper):
    """The wrapper for scripts, whose items each have an expiry of their own."""

    def __init__(
        self, cache: Cache, ttl: Callable[[Item], float], f_time: Callable[[], float], renew: bool
    ) -> None:
        super().__init__(TtlCache(cache, f_time))
        self._ttl = ttl
        self._renew = renew

    def get(self, k: Item) -> Any:
        found = self._cache.get(k)
        if found and self._renew:
            self._cache._set_expiry(k, self._cache.f_time() + self._ttl(k))
        return found

    def put(self, k: Item, *args: Any, **kwargs: Any) -> Any:
        return self._cache.put(k, ttl=self._ttl(k))

    def dump(self) -> list[Any]:
        # As of the policy inside: to remove what is out of date would move what RAND has.
        return [k for k in self._cache._cache.dump() if self.has(k)]


def times_by_law(law: Any, salt: int) -> Callable[[Item], float]:
    """Return what draws how long an item is valid from its hash.

    Parameters
    ----------
    law : scipy.stats.rv_frozen
    salt : int
    """
    return functools.cache(lambda k: float(law.ppf((salted_hash(k, salt) >> 11) / 2**53)))


def wrapped_twin(
    cache: Cache,
    wrapping: Mapping[str, Any],
    f_time: Callable[[], float],
    rng: np.random.Generator,
    times: Callable[[Item], float] | None = None,
) -> Cache:
    """Return a cache with what settings put around it.

    Parameters
    ----------
    cache : Cache
        The twin of a policy.
    wrapping : mapping
        ``insert`` and ``ttl``.
    f_time : callable
        Returns the time.
    rng : Generator
        Where insertion at random draws from.
    times : callable, optional
        From an item to how long it is valid, where that is no number in `wrapping`.
    """
    if "ttl" in wrapping:
        ttl = wrapping["ttl"]
        renew = isinstance(ttl, Mapping) and ttl.get("renew", False)
        cache = _Expiring(cache, times or (lambda _: ttl), f_time, renew)
    insert = wrapping.get("insert", {})
    if "p" in insert:
        return _AtRandom(cache, insert["p"], rng)
    return _KthPut(cache, **insert) if insert else cache
