"""Twins of the policies that rank their items by use: both LFU policies and Belady's MIN.

The least item is found with a heap from which outdated ranks are dropped when they surface.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from icarus.policies.cache import Cache, Item

__all__ = ["BeladyMinCache", "InCacheLfuCache", "PerfectLfuCache"]

Rank = tuple[float, int]


def requests_of(trace: Iterable[Item] | str | Path) -> Iterable[Item]:
    """Return the requests of a trace, which may be a file."""
    if not isinstance(trace, str | Path):
        return trace
    from icarus.traces.trace_file import TraceReader

    return chain.from_iterable(block.ids for block in TraceReader(trace).blocks())


class _RankedCache(Cache):
    """Cached items by rank; the item of least rank is the next to be evicted.

    The second number of a rank tells all items apart, so that items are never compared.
    """

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._rank_of: dict[Item, Rank] = {}
        self._heap: list[tuple[float, int, Item]] = []

    def __len__(self) -> int:
        return len(self._rank_of)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self._rank_of

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        return self._rank_of.pop(k, None) is not None

    def dump(self) -> list[Item]:
        """Return all items, the one to be evicted next last."""
        return sorted(self._rank_of, key=self._rank_of.__getitem__, reverse=True)

    def clear(self) -> None:
        """Remove everything."""
        self._rank_of.clear()
        self._heap.clear()

    def _rank(self, k: Item, rank: Rank) -> None:
        """Enter `k`, or give it another rank."""
        # The item's old entry stays in the heap, to be recognised as outdated when it
        # surfaces; rebuilding now and then keeps the heap within a small multiple of the cache.
        self._rank_of[k] = rank
        if len(self._heap) > 4 * self._maxlen + 64:
            self._heap = [(*held, item) for item, held in self._rank_of.items()]
            heapq.heapify(self._heap)
        else:
            heapq.heappush(self._heap, (*rank, k))

    def _least(self) -> Item:
        while True:
            use, number, k = self._heap[0]
            if self._rank_of.get(k) == (use, number):
                return k
            heapq.heappop(self._heap)

    def _pop_least(self) -> Item:
        k = self._least()
        heapq.heappop(self._heap)
        del self._rank_of[k]
        return k


class InCacheLfuCache(_RankedCache):
    """Evict the least frequently used item, counting hits only while an item is cached.

    A new item counts 1 and competes at once: where all others were hit, it is itself what
    ``put`` returns. Among equals the one inserted first is evicted. Counts are forgotten when
    an item leaves.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._inserted = 0

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, and count the hit."""
        rank = self._rank_of.get(k)
        if rank is None:
            return False
        self._rank(k, (rank[0] + 1, rank[1]))
        return True

    def put(self, k: Item) -> Item | None:
        """Insert `k` if absent; return the item evicted, which may be `k` itself, or None."""
        if k in self._rank_of:
            return None
        self._inserted += 1
        self._rank(k, (1, self._inserted))
        return self._pop_least() if len(self._rank_of) > self._maxlen else None


class PerfectLfuCache(_RankedCache):
    """Evict the least frequently requested item, counting requests for cached and other items.

    Each look-up counts as a request. An insertion counts as one only if no look-up of the item
    has missed since it was last put, so that a miss and the insertion that follows are one
    request. Counts outlive eviction and ``remove``; ``clear`` forgets them. A new item competes
    at once and may itself be what ``put`` returns. Among equals the one whose first request
    was earliest is evicted.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        # How often each item ever seen was requested, and its number in order of first requests.
        self._requests_of: dict[Item, Rank] = {}
        self._counted_misses: set[Item] = set()

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, and count the request."""
        rank = self._count(k)
        if k in self._rank_of:
            self._rank(k, rank)
            return True
        self._counted_misses.add(k)
        return False

    def put(self, k: Item) -> Item | None:
        """Insert `k` if absent; return the item evicted, which may be `k` itself, or None."""
        if k in self._rank_of:
            return None
        if k in self._counted_misses:
            self._counted_misses.remove(k)
            rank = self._requests_of[k]
        else:
            rank = self._count(k)
        self._rank(k, rank)
        return self._pop_least() if len(self._rank_of) > self._maxlen else None

    def clear(self) -> None:
        """Remove everything and forget all counts."""
        super().clear()
        self._requests_of.clear()
        self._counted_misses.clear()

    def _count(self, k: Item) -> Rank:
        known = self._requests_of.get(k)
        rank = (1, len(self._requests_of)) if known is None else (known[0] + 1, known[1])
        self._requests_of[k] = rank
        return rank


class BeladyMinCache(_RankedCache):
    """Evict the item that the trace asks for latest, the optimum (Belady).

    Look each request of the trace up before putting its item: ``get`` moves on to the item's
    next occurrence. Into a full cache an item is only put if it is needed sooner than the
    cached item that is needed last, which it then replaces; among items never needed again
    the one inserted first goes. Otherwise nothing changes and ``put`` returns None. Items
    that are not in the trace, or no longer, are never needed again.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    trace : iterable of hashable, or str or Path
        All requests that this cache will see, in order; or the file that has them, which is read
        as the workload TRACE_DRIVEN does. In settings a file or a list: every cache of the
        network reads it from its start.

    References
    ----------
    L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
    Systems Journal 5(2), 1966, doi 10.1147/sj.52.0078.
    """

    def __init__(self, maxlen: int, trace: Iterable[Item] | str | Path, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._inserted = 0
        self.trace = list(trace) if isinstance(trace, Iterator) else trace

    @cached_property
    def _uses_of(self) -> dict[Item, deque[int]]:
        """Where in the trace each item is still to be requested."""
        # Not before somebody asks: the compiled engine works on numbers instead.
        uses_of: dict[Item, deque[int]] = {}
        for use, k in enumerate(requests_of(self.trace)):
            uses_of.setdefault(k, deque()).append(use)
        return uses_of

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, and move on to its next occurrence in the trace."""
        uses = self._uses_of.get(k)
        if uses:
            uses.popleft()
        rank = self._rank_of.get(k)
        if rank is None:
            return False
        self._rank(k, (-self._next_use(k), rank[1]))
        return True

    def put(self, k: Item) -> Item | None:
        """Insert `k` if there is room, or if it is needed sooner than another item.

        Returns
        -------
        item or None
            The item evicted for `k`; None also where `k` is not inserted.
        """
        if k in self._rank_of:
            return None
        next_use = self._next_use(k)
        evicted = None
        if len(self._rank_of) >= self._maxlen:
            if -next_use <= self._rank_of[self._least()][0]:
                return None
            evicted = self._pop_least()
        self._inserted += 1
        self._rank(k, (-next_use, self._inserted))
        return evicted

    def dump(self) -> list[Item]:
        """Return all items by their next request, soonest first; the next to be evicted last.

        Items that are never needed again come last, the one inserted first at the very end.
        """
        return super().dump()

    def _next_use(self, k: Item) -> float:
        uses = self._uses_of.get(k)
        return uses[0] if uses else math.inf
