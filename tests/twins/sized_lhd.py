"""Twin of LHD: evict what promises the fewest hits for the room and the time that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_scores import DenseItems

__all__ = ["SizedLhd"]

AGES = 20000
CLASSES = 16


class _Class:
    """Hits and evictions by age of the items of one class, and the hit density that follows."""

    def __init__(self, number: int) -> None:
        self.hits = [0.0] * AGES
        self.evictions = [0.0] * AGES
        self.density = [(number + 1) / (age + 1) for age in range(AGES)]

    def recompute(self) -> None:
        """Take hits still to come over lifetime still to come, from the highest age down."""
        hits = self.hits[-1]
        events = hits + self.evictions[-1]
        lifetime = events
        for age in range(AGES - 2, -1, -1):
            hits += self.hits[age]
            events += self.hits[age] + self.evictions[age]
            lifetime += events
            self.density[age] = hits / lifetime if events > 1e-5 else 0.0

    def rebin(self, change: int) -> None:
        """Follow ages that are shifted by `change` bits more, or fewer if it is negative."""
        for name in ("hits", "evictions"):
            old = getattr(self, name)
            new = [0.0] * AGES
            for age, events in enumerate(old):
                if change >= 0:
                    new[age >> change] += events
                else:
                    for part in range(1 << -change):
                        place = min((age << -change) + part, AGES - 1)
                        new[place] += events / (1 << -change)
            setattr(self, name, new)


class SizedLhd(ScoredTwin):
    """Least hit density.

    Parameters
    ----------
    capacity : int
    seed : numpy.random.Generator
    samples : int
        Draws for each victim, with replacement; 8 before the 50th recomputation, or `samples` if
        that is less.
    recent : int
        Places for items admitted with a low density, which are compared too.
    period : int
        Requests after which densities are recomputed.

    Notes
    -----
    The age of an item is ``min((t - last) >> shift, 19999)``, where t counts requests, `last` is t
    at its last one, and the shift 10 at first. Its class is that of the sum s of the ages of
    its last two hits (0 and 20000 at entering, the older one being 20000): 15 if s is 0, else the
    number of times that s can be doubled until it is at least 20000, at most 15. Its rank is the
    density of class and age over its size, 1.0 more for an explorer.

    Victim: the lowest rank of the draws (``DenseItems.draw``) in their order, then of the recent
    places 0, 1, ... whose item is cached; the first of equals. The average rank a of victims,
    0.0 at first, becomes ``0.9 * a + 0.1 * rank``. The victim's age counts as an eviction in its
    class.

    Hit: the age counts as a hit in the class before it, then is the last hit age. After each hit
    and after each newcomer's storing there is one draw ``int(generator.random() * 32) == 0``: with
    it, and while the explorers' budget (``0.01 * capacity`` units) is positive and fewer than
    50 recomputations are past, the item is an explorer, its size taken from the budget; else it is
    none. A size goes back to the budget when the explorer is hit, evicted or removed. A newcomer
    without such a draw whose rank is below the average takes the next recent place, in turn.

    After each `period` requests, at the end of the request: counts are multiplied by 0.9. The
    average number of cached items, ``0.9 * before + cached`` over ``0.9 * before + 1``, is updated;
    at the 6th and the 26th recomputation the shift becomes the least from 1 up with
    ``2**shift >= items / (0.01 * 20000)``, counts follow, and the average counts 8 times from
    then on. Then densities are recomputed (0.0 where nothing happened at this age or above). A
    request ends with its hit, or with the put after a miss, or else with the next request.

    References
    ----------
    N. Beckmann, H. Chen, A. Cidon, "LHD: Improving Cache Hit Rate by Maximizing Hit Density", NSDI
    2018.
    """

    def __init__(
        self,
        capacity: int,
        seed: np.random.Generator,
        samples: int = 32,
        recent: int = 8,
        period: int = 2**20,
        **parameters: Any,
    ) -> None:
        super().__init__(capacity, **parameters)
        self._generator = seed
        self._samples = samples
        self._recent: list[Item | None] = [None] * recent
        self._admitted = 0
        self._period = period
        self._due = period
        self._recomputed = 0
        self._shift = 10
        self._budget = 0.01 * capacity
        self._average_victim = 0.0
        self._items_sum = self._items_weight = 0.0
        self._classes = [_Class(number) for number in range(CLASSES)]
        self._cached = DenseItems()
        self._last: dict[Item, int] = {}
        self._hit_ages: dict[Item, tuple[int, int]] = {}
        self._explorers: dict[Item, int] = {}

    def dump(self) -> list[Item]:
        """Return the items, from the highest to the lowest rank now."""
        return sorted(self._cached.items, key=self._rank, reverse=True)

    def get(self, k: Item) -> bool:
        """Look `k` up; densities are recomputed when the period is over."""
        if self.requests == self._due:
            self._recompute()
        hit = super().get(k)
        if hit and self.requests == self._due:
            self._recompute()
        return hit

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` if it is not cached; densities are recomputed when the period is over."""
        evicted = super().put(k, size)
        if self.requests == self._due:
            self._recompute()
        return evicted

    def _hit(self, k: Item) -> None:
        age = self._age(k)
        self._class_of(k).hits[age] += 1
        self._hit_ages[k] = (age, self._hit_ages[k][0])
        self._give_back(k)
        self._last[k] = self.requests
        self._explore(k)

    def _enter(self, k: Item) -> None:
        self._cached.add(k)
        self._hit_ages[k] = (0, AGES)
        self._last[k] = self.requests
        drawn = self._explore(k)
        if not drawn and self._recent and self._rank(k) < self._average_victim:
            self._recent[self._admitted % len(self._recent)] = k
            self._admitted += 1

    def _evict(self) -> Item:
        samples = self._samples if self._recomputed >= 50 else min(8, self._samples)
        candidates = [self._cached.draw(self._generator) for _ in range(samples)]
        candidates += [k for k in self._recent if k is not None and k in self._last]
        victim = min(candidates, key=self._rank)
        self._average_victim = 0.9 * self._average_victim + 0.1 * self._rank(victim)
        self._class_of(victim).evictions[self._age(victim)] += 1
        self._forget(victim)
        return victim

    def _forget(self, k: Item) -> None:
        self._give_back(k)
        self._cached.remove(k)
        del self._last[k], self._hit_ages[k]

    def _explore(self, k: Item) -> bool:
        drawn = int(self._generator.random() * 32) == 0
        if drawn and self._budget > 0 and self._recomputed < 50:
            self._explorers[k] = self.sizes[k]
            self._budget -= self.sizes[k]
        return drawn

    def _give_back(self, k: Item) -> None:
        self._budget += self._explorers.pop(k, 0)

    def _age(self, k: Item) -> int:
        return min((self.requests - self._last[k]) >> self._shift, AGES - 1)

    def _class_of(self, k: Item) -> _Class:
        total = sum(self._hit_ages[k])
        number = 0
        while total < AGES and number < CLASSES - 1:
            total *= 2
            number += 1
        return self._classes[number]

    def _rank(self, k: Item) -> float:
        rank = self._class_of(k).density[self._age(k)] / self.sizes[k]
        return rank + 1.0 if k in self._explorers else rank

    def _recompute(self) -> None:
        self._due += self._period
        for each in self._classes:
            each.hits = [0.9 * n for n in each.hits]
            each.evictions = [0.9 * n for n in each.evictions]
        self._items_sum = 0.9 * self._items_sum + len(self.sizes)
        self._items_weight = 0.9 * self._items_weight + 1.0
        if self._recomputed in (5, 25):
            self._adapt_shift(self._items_sum / self._items_weight)
        for each in self._classes:
            each.recompute()
        self._recomputed += 1

    def _adapt_shift(self, items: float) -> None:
        shift = 1
        while 2**shift < items / (0.01 * AGES):
            shift += 1
        for each in self._classes:
            each.rebin(shift - self._shift)
        self._shift = shift
        self._items_sum *= 8
        self._items_weight *= 8
