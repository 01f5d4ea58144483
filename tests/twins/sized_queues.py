"""Twins of policies that are one queue: LRU, FIFO, MRU, CLOCK, SIEVE; and RAND; with sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from twins.byte_queue import ByteQueue
from twins.sized import Item, SizedTwin

__all__ = ["SizedClock", "SizedFifo", "SizedLru", "SizedMru", "SizedRand", "SizedSieve"]


class _OneQueue(SizedTwin):
    """Newcomers enter the front of a queue, and what leaves does so at its back."""

    def __init__(self, capacity: int, **parameters: Any) -> None:
        super().__init__(capacity, **parameters)
        self._queue = ByteQueue()

    def dump(self) -> list[Item]:
        return list(self._queue)

    def _hit(self, k: Item) -> None:
        pass

    def _enter(self, k: Item) -> None:
        self._queue.push_front(k, self.sizes[k])

    def _evict(self) -> list[Item]:
        return [self._evict_back()]

    def _evict_back(self) -> Item:
        k, _ = self._queue.pop_back()
        self._drop(k)
        return k

    def _leave(self, k: Item) -> None:
        self._queue.take(k)

    def _resized(self, k: Item) -> None:
        self._queue.resize(k, self.sizes[k])


class SizedFifo(_OneQueue):
    """Evict what entered first."""


class SizedLru(_OneQueue):
    """Evict the least recently used."""

    def _hit(self, k: Item) -> None:
        self._queue.move_to_front(k)

    def _put_cached(self, k: Item) -> None:
        self._queue.move_to_front(k)


class SizedMru(SizedLru):
    """Evict the most recently used, before storing."""

    def dump(self) -> list[Item]:
        return list(reversed(super().dump()))

    def _put_cached(self, k: Item) -> None:
        pass

    def _evict(self) -> list[Item]:
        k, _ = self._queue.pop_front()
        self._drop(k)
        return [k]


class SizedClock(_OneQueue):
    """A counter each, up to 2^bits - 1: what reaches the back with one left goes round again.

    Newcomers have `initial` in it.
    """

    def __init__(self, capacity: int, bits: int = 1, initial: int = 0) -> None:
        super().__init__(capacity)
        self._most = 2**bits - 1
        self._initial = initial
        self._counter: dict[Item, int] = {}

    def _hit(self, k: Item) -> None:
        self._counter[k] = min(self._counter[k] + 1, self._most)

    def _enter(self, k: Item) -> None:
        super()._enter(k)
        self._counter[k] = self._initial

    def scan(self) -> None:
        """Send round what has a counter left, until what is to leave stands at the back."""
        while self._counter[self._queue.back()] > 0:
            self._counter[self._queue.back()] -= 1
            self._queue.move_to_front(self._queue.back())

    def _evict(self) -> list[Item]:
        self.scan()
        k = self._evict_back()
        del self._counter[k]
        return [k]

    def _leave(self, k: Item) -> None:
        super()._leave(k)
        del self._counter[k]


class SizedSieve(SizedTwin):
    """A bit each, set by hits; a hand walks from back to front, clears bits and evicts without.

    The queue is a chain of neighbours, since the hand stays where it is. The hand is None until
    something is evicted, and where it would step past the front.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._newer: dict[Item, Item | None] = {}  # the neighbour towards the front
        self._older: dict[Item, Item | None] = {}  # the neighbour towards the back
        self._front: Item | None = None
        self._back: Item | None = None
        self._hand: Item | None = None
        self._bit: dict[Item, bool] = {}

    def dump(self) -> list[Item]:
        """Return all items from front to back, which is not the order in which they go."""
        items = []
        k = self._front
        while k is not None:
            items.append(k)
            k = self._older[k]
        return items

    def _hit(self, k: Item) -> None:
        self._bit[k] = True

    def _enter(self, k: Item) -> None:
        self._bit[k] = False
        self._older[k], self._newer[k] = self._front, None
        if self._front is None:
            self._back = k
        else:
            self._newer[self._front] = k
        self._front = k

    def scan(self) -> Item:
        """Walk to what is to leave; return it."""
        k = self._back if self._hand is None else self._hand
        while self._bit[k]:
            self._bit[k] = False
            k = self._newer[k]
            if k is None:
                k = self._back
        self._hand = k
        return k

    def _evict(self) -> list[Item]:
        k = self.scan()
        self._leave(k)
        self._drop(k)
        return [k]

    def _leave(self, k: Item) -> None:
        newer, older = self._newer.pop(k), self._older.pop(k)
        if newer is None:
            self._front = older
        else:
            self._older[newer] = older
        if older is None:
            self._back = newer
        else:
            self._newer[older] = newer
        if self._hand == k:
            self._hand = newer
        del self._bit[k]


class SizedRand(SizedTwin):
    """Evict one at random, all being equally likely."""

    def __init__(self, capacity: int, seed: np.random.Generator) -> None:
        super().__init__(capacity)
        self._generator = seed
        self._items: list[Item] = []
        self._place: dict[Item, int] = {}

    def dump(self) -> list[Item]:
        """Return all items, in no order."""
        return list(self._items)

    def _hit(self, k: Item) -> None:
        pass

    def _enter(self, k: Item) -> None:
        self._place[k] = len(self._items)
        self._items.append(k)

    def _evict(self) -> list[Item]:
        k = self._items[int(self._generator.random() * len(self._items))]
        self._leave(k)
        self._drop(k)
        return [k]

    def _leave(self, k: Item) -> None:
        last = self._items.pop()
        place = self._place.pop(k)
        if last != k:
            self._items[place] = last
            self._place[last] = place
