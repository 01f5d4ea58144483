"""Twin of LECAR: two experts, whose weights are learned from what each evicted in vain."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_scores import LowestKeys

__all__ = ["Ghosts", "SizedLecar"]


class Ghosts:
    """Evicted items, of `limit` units at most, the first to come the first to go."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sizes: OrderedDict[Item, int] = OrderedDict()
        self._facts: dict[Item, Any] = {}
        self._used = 0

    def __contains__(self, k: Item) -> bool:
        return k in self._sizes

    def add(self, k: Item, size: int, facts: Any) -> list[Any]:
        """Remember `k` and something about it; return that of those forgotten for it."""
        self._sizes[k] = size
        self._facts[k] = facts
        self._used += size
        forgotten = []
        while self._used > self._limit:
            forgotten.append(self.take(next(iter(self._sizes))))
        return forgotten

    def take(self, k: Item) -> Any:
        """Forget `k`; return what was remembered about it."""
        self._used -= self._sizes.pop(k)
        return self._facts.pop(k)


class SizedLecar(ScoredTwin):
    """Evict what LRU or what LFU would, at random by the weights of these two experts.

    Parameters
    ----------
    capacity : int
    seed : numpy.random.Generator

    Notes
    -----
    LFU's victim has the lowest count (1 at entering, one more at each hit), of equal ones that
    which reached it first. Where both experts name the same item it is evicted and not remembered,
    and nothing is drawn. Else LRU's victim goes if ``int(generator.random() * 100) / 100 < w_lru``:
    one draw; and the expert whose victim went remembers it with the number of the request, in
    ghosts of ``capacity // 2`` units, FIFO.

    A miss of an item in an expert's ghosts, tau requests after that eviction, takes it out of there
    and multiplies the expert's weight by ``exp(-0.45 * 0.005 ** (tau / capacity))``; then both are
    divided by their sum. They start as 0.5.

    References
    ----------
    G. Vietri et al., "Driving Cache Replacement with ML-based LeCaR", HotStorage 2018.
    """

    LEARNING_RATE = 0.45
    DISCOUNT = 0.005

    def __init__(self, capacity: int, seed: np.random.Generator, **parameters: Any) -> None:
        super().__init__(capacity, **parameters)
        self._generator = seed
        self._recency: OrderedDict[Item, None] = OrderedDict()
        self._counts = LowestKeys()
        self._events = 0
        self.weights = {"LRU": 0.5, "LFU": 0.5}
        self._ghosts = {expert: Ghosts(capacity // 2) for expert in self.weights}

    def dump(self) -> list[Item]:
        """Return the items from the most to the least recently used."""
        return list(reversed(self._recency))

    def _missed(self, k: Item) -> None:
        for expert, ghosts in self._ghosts.items():
            if k in ghosts:
                waited = self.requests - ghosts.take(k)
                reward = self.DISCOUNT ** (waited / self.capacity)
                self.weights[expert] *= math.exp(-self.LEARNING_RATE * reward)
                total = self.weights["LRU"] + self.weights["LFU"]
                self.weights = {name: w / total for name, w in self.weights.items()}

    def _hit(self, k: Item) -> None:
        self._recency.move_to_end(k)
        self._set_count(k, self._counts.keys[k][0] + 1)

    def _enter(self, k: Item) -> None:
        self._recency[k] = None
        self._set_count(k, 1)

    def _set_count(self, k: Item, count: int) -> None:
        self._events += 1
        self._counts.set(k, (count, self._events))

    def _evict(self) -> Item:
        victims = {"LRU": next(iter(self._recency)), "LFU": self._counts.lowest()}
        if victims["LRU"] == victims["LFU"]:
            self._forget(victims["LRU"])
            return victims["LRU"]
        drawn = int(self._generator.random() * 100) / 100
        expert = "LRU" if drawn < self.weights["LRU"] else "LFU"
        victim = victims[expert]
        self._ghosts[expert].add(victim, self.sizes[victim], self.requests)
        self._forget(victim)
        return victim

    def _forget(self, k: Item) -> None:
        del self._recency[k]
        self._counts.discard(k)
