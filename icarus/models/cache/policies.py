"""Eviction policies, as classes: the readable reference that every other form must match.

Items are any hashable values, 0 and None among them, so an eviction is reported as "not
None". Where a policy has an order, ``dump`` gives it with the item to be evicted next last.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import numpy as np

from icarus.registry import register_cache_policy
from icarus.types import Seed

__all__ = [
    "Cache",
    "FifoCache",
    "InCacheLfuCache",
    "LruCache",
    "NullCache",
    "RandEvictionCache",
]

Item = Hashable


class Cache:
    """Base class of cache policies.

    Parameters
    ----------
    maxlen : int
        How many items fit; a float is truncated.

    Raises
    ------
    ValueError
        If `maxlen` is not positive.
    """

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        self._maxlen = int(maxlen)
        if self._maxlen <= 0:
            raise ValueError(f"maxlen must be positive, got {maxlen}")

    @property
    def maxlen(self) -> int:
        """How many items fit."""
        return self._maxlen

    def __len__(self) -> int:
        raise NotImplementedError

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        raise NotImplementedError

    def get(self, k: Item) -> bool:
        """Look `k` up: return whether it is cached, and let the policy take note."""
        raise NotImplementedError

    def put(self, k: Item) -> Item | None:
        """Insert `k`; return the item evicted for it, or None."""
        raise NotImplementedError

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        raise NotImplementedError

    def dump(self) -> list[Item]:
        """Return all items, the one to be evicted next last."""
        raise NotImplementedError

    def clear(self) -> None:
        """Remove everything."""
        raise NotImplementedError

    def do(self, op: str, k: Item, *args: Any, **kwargs: Any) -> Any:
        """Apply the operation called GET, PUT, UPDATE or DELETE to `k`.

        Returns
        -------
        object
            What the operation returns, False instead of None.

        Raises
        ------
        KeyError
            If there is no such operation.
        """
        operation = {"GET": self.get, "PUT": self.put, "UPDATE": self.put, "DELETE": self.remove}
        result = operation[op](k, *args, **kwargs)
        return False if result is None else result


@register_cache_policy("NULL")
class NullCache(Cache):
    """Cache that holds nothing, whatever its size.

    Parameters
    ----------
    maxlen : int, optional
        Accepted as every policy's, and ignored: the capacity is 0.
    """

    def __init__(self, maxlen: int = 0, *args: Any, **kwargs: Any) -> None:
        self._maxlen = 0

    def __len__(self) -> int:
        return 0

    def has(self, k: Item) -> bool:
        """Return False: nothing is ever cached."""
        return False

    def get(self, k: Item) -> bool:
        """Return False: nothing is ever cached."""
        return False

    def put(self, k: Item) -> Item | None:
        """Return None: nothing is inserted, nothing evicted."""
        return None

    def remove(self, k: Item) -> bool:
        """Return False: nothing is ever cached."""
        return False

    def dump(self) -> list[Item]:
        """Return an empty list."""
        return []

    def clear(self) -> None:
        """Do nothing."""


class _OrderedCache(Cache):
    """Items in a line, the one to be evicted next first."""

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._line: OrderedDict[Item, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._line)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self._line

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        if k not in self._line:
            return False
        del self._line[k]
        return True

    def position(self, k: Item) -> int:
        """Return the place of `k` in ``dump()``, counted from 0.

        Raises
        ------
        ValueError
            If `k` is not cached.
        """
        if k not in self._line:
            raise ValueError(f"{k!r} is not cached")
        return self.dump().index(k)

    def dump(self) -> list[Item]:
        """Return all items, the one to be evicted next last."""
        return list(reversed(self._line))

    def clear(self) -> None:
        """Remove everything."""
        self._line.clear()

    def _append(self, k: Item) -> Item | None:
        evicted = None
        if len(self._line) >= self._maxlen:
            evicted = self._line.popitem(last=False)[0]
        self._line[k] = None
        return evicted


@register_cache_policy("LRU")
class LruCache(_OrderedCache):
    """Evict the least recently used item.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def __init__(self, maxlen: int, **kwargs: Any) -> None:
        super().__init__(maxlen)

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, which makes it the most recently used item."""
        if k not in self._line:
            return False
        self._line.move_to_end(k)
        return True

    def put(self, k: Item) -> Item | None:
        """Make `k` the most recently used item; return the item evicted for it, or None."""
        if k in self._line:
            self._line.move_to_end(k)
            return None
        return self._append(k)


@register_cache_policy("FIFO")
class FifoCache(_OrderedCache):
    """Evict the item that was inserted first; hits change nothing.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached."""
        return k in self._line

    def put(self, k: Item) -> Item | None:
        """Insert `k` if absent; return the item evicted for it, or None."""
        return None if k in self._line else self._append(k)


@register_cache_policy("RAND")
class RandEvictionCache(Cache):
    """Evict an item chosen uniformly at random; hits change nothing.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    seed : int, SeedSequence, Generator or None, optional
        Where the choices come from. The caches of one network share a Generator.
    """

    def __init__(self, maxlen: int, seed: Seed = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._rng = np.random.default_rng(seed)
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
        slot = int(self._rng.integers(self._maxlen))
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


@register_cache_policy("IN_CACHE_LFU")
class InCacheLfuCache(Cache):
    """Evict the least frequently used item, counting hits only while an item is cached.

    A new item counts 1 and competes at once: where all others were hit, it is itself what
    ``put`` returns. Among equals the one inserted first is evicted.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._rank_of: dict[Item, tuple[int, int]] = {}  # (count, insertion number)
        self._heap: list[tuple[int, int, Item]] = []
        self._inserted = 0

    def __len__(self) -> int:
        return len(self._rank_of)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self._rank_of

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, and count the hit."""
        rank = self._rank_of.get(k)
        if rank is None:
            return False
        self._push(k, (rank[0] + 1, rank[1]))
        return True

    def put(self, k: Item) -> Item | None:
        """Insert `k` if absent; return the item evicted, which may be `k` itself, or None."""
        if k in self._rank_of:
            return None
        self._inserted += 1
        self._push(k, (1, self._inserted))
        return self._pop_least() if len(self._rank_of) > self._maxlen else None

    def remove(self, k: Item) -> bool:
        """Remove `k` and forget its count; return whether it was cached."""
        return self._rank_of.pop(k, None) is not None

    def dump(self) -> list[Item]:
        """Return all items, the least frequently used last."""
        return sorted(self._rank_of, key=self._rank_of.__getitem__, reverse=True)

    def clear(self) -> None:
        """Remove everything and forget all counts."""
        self._rank_of.clear()
        self._heap.clear()

    def _push(self, k: Item, rank: tuple[int, int]) -> None:
        # A hit leaves the item's old entry in the heap, to be recognised as stale when it
        # surfaces; rebuilding now and then keeps the heap within a small multiple of the cache.
        self._rank_of[k] = rank
        if len(self._heap) > 4 * self._maxlen + 64:
            self._heap = [(*held, item) for item, held in self._rank_of.items()]
            heapq.heapify(self._heap)
        else:
            heapq.heappush(self._heap, (*rank, k))

    def _pop_least(self) -> Item:
        while True:
            count, inserted, k = heapq.heappop(self._heap)
            if self._rank_of.get(k) == (count, inserted):
                del self._rank_of[k]
                return k
