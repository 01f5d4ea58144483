"""Twins of the policies that rank contents by their past requests: LFU, LFUDA, LRU_K; with sizes.

The least rank is found with a heap, from which outdated ranks are dropped when they surface.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from typing import Any

from twins.sized import Item, SizedTwin

__all__ = ["SizedLfu", "SizedLfuda", "SizedLruK"]

Rank = tuple[int, ...]


class _Ranked(SizedTwin):
    """Evict the item of least rank; no two ranks are ever equal."""

    def __init__(self, capacity: int, **parameters: Any) -> None:
        super().__init__(capacity, **parameters)
        self._rank_of: dict[Item, Rank] = {}
        self._heap: list[tuple[Rank, Item]] = []
        self._now = 0

    def dump(self) -> list[Item]:
        return sorted(self._rank_of, key=self._rank_of.__getitem__, reverse=True)

    def _tick(self) -> int:
        """Return a number larger than all before."""
        self._now += 1
        return self._now

    def _rank(self, k: Item, *rank: int) -> None:
        self._rank_of[k] = rank
        heapq.heappush(self._heap, (rank, k))

    def _evict(self) -> list[Item]:
        rank, k = heapq.heappop(self._heap)
        if self._rank_of.get(k) != rank:
            return []
        self._going(k)
        self._leave(k)
        self._drop(k)
        return [k]

    def _going(self, k: Item) -> None:
        """Note that `k` is being evicted, with its rank still known."""

    def _leave(self, k: Item) -> None:
        del self._rank_of[k]


class SizedLfu(_Ranked):
    """Evict what was requested least since it entered; among equals what got there first."""

    def _hit(self, k: Item) -> None:
        self._rank(k, self._rank_of[k][0] + 1, self._tick())

    def _enter(self, k: Item) -> None:
        self._rank(k, 1, self._tick())


class SizedLfuda(_Ranked):
    """LFU with ageing: the last victim's rank is added to the count at each request.

    The rank is set at requests and not before the next one of the content; among equals what has
    had it longest goes.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._count: dict[Item, int] = {}
        self._age = 0

    def _hit(self, k: Item) -> None:
        self._count[k] += 1
        self._rank(k, self._age + self._count[k], self._tick())

    def _enter(self, k: Item) -> None:
        self._count[k] = 1
        self._rank(k, self._age + 1, self._tick())

    def _going(self, k: Item) -> None:
        self._age = self._rank_of[k][0]

    def _leave(self, k: Item) -> None:
        super()._leave(k)
        del self._count[k]


class SizedLruK(_Ranked):
    """Evict what has fewer than `k` requests, in order of entering; then by the k-th last one.

    Requests are counted since the content entered, unless the histories of the last `retain`
    contents that were evicted are kept, oldest dropped first: a content that comes back takes its
    history with it.
    """

    def __init__(self, capacity: int, k: int = 2, retain: int = 0) -> None:
        super().__init__(capacity)
        self._k = k
        self._retain = retain
        self._times: dict[Item, deque[int]] = {}  # of the last k requests, oldest first
        self._entered: dict[Item, int] = {}
        self._histories: OrderedDict[Item, deque[int]] = OrderedDict()  # oldest first

    def _hit(self, k: Item) -> None:
        self._requested(k, self._tick())

    def _insert(self, k: Item, size: int) -> list[Item]:
        if size > self.capacity:
            return []
        # Taken before room is made, which may drop it.
        history = self._histories.pop(k, None)
        evicted = self._make_room(size)
        self._store(k, size)
        self._times[k] = deque(maxlen=self._k) if history is None else history
        self._entered[k] = self._tick()
        self._requested(k, self._entered[k])
        return evicted

    def _requested(self, k: Item, now: int) -> None:
        self._times[k].append(now)
        if len(self._times[k]) < self._k:
            self._rank(k, 0, self._entered[k])
        else:
            self._rank(k, 1, self._times[k][0])

    def _going(self, k: Item) -> None:
        if self._retain == 0:
            return
        if len(self._histories) == self._retain:
            self._histories.popitem(last=False)
        self._histories[k] = self._times[k]

    def _leave(self, k: Item) -> None:
        super()._leave(k)
        del self._times[k], self._entered[k]

    def _forget(self, k: Item) -> None:
        self._histories.pop(k, None)
