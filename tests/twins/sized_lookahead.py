"""Twins of policies that know the requests to come: BELADY, MIN and BELADY_SIZE."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_scores import DenseItems

__all__ = ["SizedBelady", "SizedBeladySize", "SizedMin"]

NEVER = math.inf


def next_requests(trace: Sequence[Item]) -> list[float]:
    """Return for each request the number, from 1, of the next one of the same item, or NEVER."""
    coming: dict[Item, float] = {}
    following: list[float] = []
    for number in range(len(trace), 0, -1):
        k = trace[number - 1]
        following.append(coming.get(k, NEVER))
        coming[k] = number
    return following[::-1]


class _LookAhead(ScoredTwin):
    """Knows after the t-th call of ``get`` when the item of request t is asked next."""

    def __init__(self, capacity: int, trace: Sequence[Item], **parameters: Any) -> None:
        super().__init__(capacity, **parameters)
        self._following = next_requests(trace)
        self._next: dict[Item, float] = {}

    def _asked_next(self) -> float:
        return self._following[self.requests - 1]


class SizedBelady(_LookAhead):
    """Evict the item asked again last, the newcomer never; of those never asked the lowest id.

    Parameters
    ----------
    capacity : int
    trace : sequence
        All requests in order; call t of ``get`` is to be of its t-th item.
    """

    def __init__(self, capacity: int, trace: Sequence[Item], **parameters: Any) -> None:
        super().__init__(capacity, trace, **parameters)
        self._heap: list[tuple[float, Any]] = []

    def dump(self) -> list[Item]:
        """Return the items, that asked next first."""
        return sorted(self._next, key=lambda k: (-self._next[k], k), reverse=True)

    def _hit(self, k: Item) -> None:
        self._enter(k)

    def _enter(self, k: Item) -> None:
        self._next[k] = self._asked_next()
        heapq.heappush(self._heap, (-self._next[k], k))

    def _evict(self) -> Item:
        while True:
            negated, k = heapq.heappop(self._heap)
            if self._next.get(k) == -negated:
                del self._next[k]
                return k

    def _forget(self, k: Item) -> None:
        del self._next[k]


class SizedMin(SizedBelady):
    """Belady's policy with bypass: the newcomer is stored first and may be the victim."""

    store_first = True


class SizedBeladySize(_LookAhead):
    """Evict the largest ``log(size) + log(next - t)`` of `samples` items drawn with replacement.

    Parameters
    ----------
    capacity : int
    trace : sequence
    seed : numpy.random.Generator
    samples : int
        Draws for each victim, also where fewer items are cached; the first of the largest goes.
    exact : bool
        Compare all cached items instead, in the order of their places, and draw nothing.

    Notes
    -----
    An item never asked again leaves at its last hit, and is not stored at a miss: nothing is
    evicted for it then. t is the number of the request that needs room.
    """

    def __init__(
        self,
        capacity: int,
        trace: Sequence[Item],
        seed: np.random.Generator | None = None,
        samples: int = 128,
        exact: bool = False,
        **parameters: Any,
    ) -> None:
        super().__init__(capacity, trace, **parameters)
        self._generator = seed
        self._samples = samples
        self._exact = exact
        self._cached = DenseItems()

    def dump(self) -> list[Item]:
        """Return the items, from the smallest to the largest cost now."""
        return sorted(self._cached.items, key=self._cost)

    def _hit(self, k: Item) -> None:
        self._next[k] = self._asked_next()
        if self._next[k] == NEVER:
            self.remove(k)

    def _refuses(self, k: Item, size: int) -> bool:
        return self._asked_next() == NEVER

    def _enter(self, k: Item) -> None:
        self._next[k] = self._asked_next()
        self._cached.add(k)

    def _evict(self) -> Item:
        candidates = self._cached.items if self._exact else self._drawn()
        victim = max(candidates, key=self._cost)
        self._forget(victim)
        return victim

    def _drawn(self) -> list[Item]:
        assert self._generator is not None
        return [self._cached.draw(self._generator) for _ in range(self._samples)]

    def _forget(self, k: Item) -> None:
        self._cached.remove(k)
        del self._next[k]

    def _cost(self, k: Item) -> float:
        # An item whose next request is past, as nobody looked it up then, is asked now.
        return math.log(self.sizes[k]) + math.log(max(1, self._next[k] - self.requests))
