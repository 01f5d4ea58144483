"""Twins of policies that evict the lowest score: GDSF and HYPERBOLIC; and of LRU_PROB."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import Any

import numpy as np

from twins.scored_twin import Item, ScoredTwin

__all__ = ["DenseItems", "LowestKeys", "SizedGdsf", "SizedHyperbolic", "SizedLruProb"]


class DenseItems:
    """Cached items in an array without holes, over whose places draws are made.

    A new item takes the place behind the last one. When an item leaves, the last one moves to its
    place.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._place: dict[Item, int] = {}

    def add(self, k: Item) -> None:
        """Append an item."""
        self._place[k] = len(self.items)
        self.items.append(k)

    def remove(self, k: Item) -> None:
        """Take an item out; the last one moves to its place."""
        place = self._place.pop(k)
        last = self.items.pop()
        if place < len(self.items):
            self.items[place] = last
            self._place[last] = place

    def draw(self, generator: np.random.Generator) -> Item:
        """Return the item at place ``int(generator.random() * n)`` of n."""
        return self.items[int(generator.random() * len(self.items))]


class LowestKeys:
    """Items with a key each, of which the lowest is asked for; keys differ."""

    def __init__(self) -> None:
        self.keys: dict[Item, Any] = {}
        # Entries whose key is no longer that of the item are passed over.
        self._heap: list[tuple[Any, Item]] = []

    def set(self, k: Item, key: Any) -> None:
        """Give an item its key, in place of an earlier one."""
        self.keys[k] = key
        heapq.heappush(self._heap, (key, k))

    def discard(self, k: Item) -> None:
        """Take an item out."""
        del self.keys[k]

    def lowest(self) -> Item:
        """Return the item of the lowest key, leaving it in."""
        while self.keys.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][1]


class SizedGdsf(ScoredTwin):
    """Greedy-Dual-Size-Frequency: evict the lowest ``L + count * 10**6 / size``.

    The newcomer is stored first and may be the victim. L is the priority of the last victim, 0.0 at
    start. The priority is computed at each request of the item as ``L + count * 1e6 / size``, in
    this order of operations, with the count from 1 at entering and the size as stored then;
    ``resize_item`` leaves the priority as it is until the next request. Among equal priorities
    the item whose last request is longer ago goes. ``remove`` does not change L.

    References
    ----------
    L. Cherkasova, "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching
    Policy", HPL-98-69R1, 1998.
    """

    store_first = True

    def __init__(self, capacity: int, **parameters: Any) -> None:
        super().__init__(capacity, **parameters)
        self._inflation = 0.0
        self._count: dict[Item, int] = {}
        self._priorities = LowestKeys()
        self._events = 0

    def dump(self) -> list[Item]:
        """Return the items, from the highest to the lowest priority."""
        keys = self._priorities.keys
        return sorted(keys, key=keys.__getitem__, reverse=True)

    def _enter(self, k: Item) -> None:
        self._count[k] = 0
        self._hit(k)

    def _hit(self, k: Item) -> None:
        self._events += 1
        self._count[k] += 1
        priority = self._inflation + self._count[k] * 1e6 / self.sizes[k]
        self._priorities.set(k, (priority, self._events))

    def _evict(self) -> Item:
        victim = self._priorities.lowest()
        self._inflation, _ = self._priorities.keys[victim]
        self._forget(victim)
        return victim

    def _forget(self, k: Item) -> None:
        del self._count[k]
        self._priorities.discard(k)


class SizedHyperbolic(ScoredTwin):
    """Evict the lowest ``count / (t - t_in)`` of `samples` items drawn with replacement.

    Parameters
    ----------
    capacity : int
    samples : int
        Draws for each victim, also where fewer items are cached.
    seed : numpy.random.Generator

    Notes
    -----
    t is the number of requests so far, t_in its value when the item entered, the count 1 then and
    one more at each hit. For each victim, `samples` times ``DenseItems.draw``; the first drawn of
    the lowest goes. An item evicted in the request that it entered in (``resize_item``) has an age
    of 1. Sizes play no part.

    References
    ----------
    A. Blankstein et al., "Hyperbolic Caching: Flexible Caching for Web Applications", ATC 2017.
    """

    def __init__(
        self, capacity: int, seed: np.random.Generator, samples: int = 64, **parameters: Any
    ) -> None:
        super().__init__(capacity, **parameters)
        self._generator = seed
        self._samples = samples
        self._cached = DenseItems()
        self._count: dict[Item, int] = {}
        self._entered: dict[Item, int] = {}

    def dump(self) -> list[Item]:
        """Return the items, from the highest to the lowest priority now."""
        return sorted(self._cached.items, key=self._priority, reverse=True)

    def _hit(self, k: Item) -> None:
        self._count[k] += 1

    def _enter(self, k: Item) -> None:
        self._cached.add(k)
        self._count[k] = 1
        self._entered[k] = self.requests

    def _evict(self) -> Item:
        drawn = [self._cached.draw(self._generator) for _ in range(self._samples)]
        victim = min(drawn, key=self._priority)
        self._forget(victim)
        return victim

    def _forget(self, k: Item) -> None:
        self._cached.remove(k)
        del self._count[k], self._entered[k]

    def _priority(self, k: Item) -> float:
        return self._count[k] / max(1, self.requests - self._entered[k])


class SizedLruProb(ScoredTwin):
    """LRU whose hits move the item to the front with probability `p` only; p=1 is LRU.

    Parameters
    ----------
    capacity : int
    p : float
    seed : numpy.random.Generator
        One draw at each hit, also of the front: it moves if ``generator.random() < p``.
    """

    def __init__(
        self, capacity: int, seed: np.random.Generator, p: float = 0.5, **parameters: Any
    ) -> None:
        super().__init__(capacity, **parameters)
        self._generator = seed
        self._p = p
        self._line: OrderedDict[Item, None] = OrderedDict()

    def dump(self) -> list[Item]:
        """Return the items from the front to the back."""
        return list(reversed(self._line))

    def _hit(self, k: Item) -> None:
        if self._generator.random() < self._p:
            self._line.move_to_end(k)

    def _enter(self, k: Item) -> None:
        self._line[k] = None

    def _evict(self) -> Item:
        return self._line.popitem(last=False)[0]

    def _forget(self, k: Item) -> None:
        del self._line[k]
