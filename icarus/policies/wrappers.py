"""Wrappers: caches that change what another cache keeps, or what it keeps with its items.

The classes wrap the cache they are given; the functions, which Icarus 0.8 had, wrap a copy of
it, but for ``insert_after_k_hits_cache``. Wrappers go around each other in any order. A call
passes from the outermost inwards, each taking its own arguments from it: the value comes
second wherever a ``KeyValueCache`` is among them, all others are best given by name.

Networks have insertion and expiry from settings; see ``icarus.policies.wrapped``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from icarus.core.randomness import generator
from icarus.policies.admission import InsertAtKthPut, InsertAtRandom
from icarus.policies.cache import Cache, Item
from icarus.policies.layers import CacheWrapper, KeyValueCache
from icarus.policies.room import Room
from icarus.policies.ttl import ExtendOnlyTtlCache, TtlCache
from icarus.types import Fraction, PositiveInt, Seed

__all__ = [
    "CacheWrapper",
    "KHitInsertionCache",
    "KeyValueCache",
    "RandomInsertionCache",
    "TtlCache",
    "insert_after_k_hits_cache",
    "keyval_cache",
    "rand_insert_cache",
    "ttl_cache",
    "ttl_keyval_cache",
]


class KHitInsertionCache(CacheWrapper):
    """Cache that inserts an item only when it is put for the k-th time.

    Every ``put`` of an item counts, also while the item is cached. Counts are forgotten when
    the item is inserted, and by nothing else but a bounded `memory`: ``remove`` and ``clear``
    leave them alone.

    Parameters
    ----------
    cache : Cache
        The cache inside.
    k : int, optional
        How often an item is put until it is inserted, from 1.
    memory : int, optional
        How many items are counted at a time; the one whose first ``put`` was earliest is
        forgotten first. By default there is no limit.

    Raises
    ------
    TypeError
        If `cache` is not a Cache.
    ValueError
        If `k` or `memory` is below 1.

    References
    ----------
    B. M. Maggs, R. K. Sitaraman, "Algorithmic nuggets in content delivery", ACM SIGCOMM
    Computer Communication Review 45(3), 2015, doi 10.1145/2805789.2805800.
    """

    def __init__(self, cache: Cache, k: PositiveInt = 2, memory: PositiveInt | None = None) -> None:
        super().__init__(cache)
        self._rule = _rule_of_k_puts(k, memory)

    @property
    def _metacache_hits(self) -> dict[Item, int]:
        counts: dict[Item, int] = self._rule.puts.counts[0]
        return counts

    @property
    def _metacache_queue(self) -> list[Item]:
        if self._rule.puts.memory is None:
            raise AttributeError("_metacache_queue")
        return list(self._metacache_hits)

    def put(self, k: Item, *args: Any, force_insert: bool = False, **kwargs: Any) -> Any:
        """Count `k`, and put it in the cache inside if it was put often enough.

        Parameters
        ----------
        k : hashable
            The item.
        force_insert : bool, optional
            Insert now, and forget the count. It may be the second argument if there is no
            wrapper inside that takes more arguments.

        Returns
        -------
        item or None
            What was evicted.
        """
        if args and not self._pairs_inside:
            force_insert, *args = args  # type: ignore[assignment]
        if force_insert:
            self._rule.forget(0, k)
        elif not self._rule.admits(0, k):
            return None
        return self._cache.put(k, *args, **kwargs)


class RandomInsertionCache(CacheWrapper):
    """Cache that inserts an item with a certain probability each time it is put.

    Parameters
    ----------
    cache : Cache
        The cache inside.
    p : float
        The probability, from 0 to 1.
    seed : int, SeedSequence, Generator or None, optional
        Where choices come from; each ``put`` draws one number, also that of a cached item.

    Raises
    ------
    TypeError
        If `cache` is not a Cache.
    ValueError
        If `p` is not a probability.
    """

    def __init__(self, cache: Cache, p: Fraction, seed: Seed = None) -> None:
        super().__init__(cache)
        self._rule = InsertAtRandom.new(Room([1]), p, seed=generator(seed))

    def put(self, k: Item, *args: Any, **kwargs: Any) -> Any:
        """Put `k` in the cache inside with probability p; return what was evicted, or None."""
        if self._rule.admits(0, k):
            return self._cache.put(k, *args, **kwargs)
        return None


def insert_after_k_hits_cache(cache: Any, k: int = 2, memory: int | None = None) -> Any:
    """Make a cache insert an item only when it is put for the k-th time.

    Parameters
    ----------
    cache : Cache
        The cache to change. It is itself made a ``KHitInsertionCache``, and what it was moves
        inside: whoever holds it, holds the changed cache.
    k : int, optional
        How often an item is put until it is inserted; 1 leaves the cache as it is.
    memory : int, optional
        How many items are counted at a time; by default there is no limit.

    Returns
    -------
    Cache
        `cache` itself.

    Raises
    ------
    ValueError
        If `k` or `memory` is below 1.
    TypeError
        If the class of `cache` does not let its instances change, as with ``__slots__``.

    See Also
    --------
    KHitInsertionCache : the same around a cache that stays what it is.
    """
    rule = _rule_of_k_puts(k, memory)
    if k == 1:
        return cache
    inner = copy.copy(cache)
    try:
        cache.__class__ = KHitInsertionCache
    except TypeError:
        raise TypeError(
            f"a {type(cache).__qualname__} cannot be changed in place; use "
            "KHitInsertionCache(cache, k, memory) instead"
        ) from None
    cache.__dict__.clear()
    cache._wrap(inner)
    cache._rule = rule
    return cache


def rand_insert_cache(cache: Cache, p: float, seed: Seed = None) -> RandomInsertionCache:
    """Return a copy of a cache that inserts an item with probability `p` each time it is put.

    Parameters
    ----------
    cache : Cache
        The cache to copy, with what it holds.
    p : float
        The probability, from 0 to 1.
    seed : int, SeedSequence, Generator or None, optional
        Where choices come from.

    Raises
    ------
    TypeError
        If `cache` is not a Cache.
    ValueError
        If `p` is not a probability.
    """
    return RandomInsertionCache(copy.deepcopy(cache), p, seed)


def keyval_cache(cache: Cache) -> KeyValueCache:
    """Return a copy of a cache that keeps a value with each item.

    ``put(k, v)`` returns the pair that was evicted, ``get``, ``remove`` and ``value`` return
    values and None, ``dump`` pairs.

    Parameters
    ----------
    cache : Cache
        The cache to copy; it must be empty.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not a Cache, or not empty.
    """
    return KeyValueCache(copy.deepcopy(cache))


def ttl_cache(cache: Cache, f_time: Callable[[], float]) -> TtlCache:
    """Return a copy of a cache whose items are valid for a limited time, as in Icarus 0.8.

    Its ``put(k, ttl=None, expires=None)`` only ever extends the expiry of a cached item, and
    at the very time of its expiry ``has`` and ``dump`` still know an item that ``get`` misses.

    Parameters
    ----------
    cache : Cache
        The cache to copy; it must be empty.
    f_time : callable
        Takes nothing and returns the time now.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not a Cache, or not empty, or `f_time` cannot be called.

    See Also
    --------
    TtlCache : one rule for all operations, and an expiry that can also be brought forward.
    """
    return ExtendOnlyTtlCache(copy.deepcopy(cache), f_time)


def ttl_keyval_cache() -> None:
    """Do nothing, as in Icarus 0.8; ``keyval_cache(ttl_cache(cache, f_time))`` has both."""


def _rule_of_k_puts(k: int, memory: int | None) -> InsertAtKthPut:
    return InsertAtKthPut.new(Room([1]), k, memory)
