"""Twin of CACHEUS: a scan-resistant LRU and a churn-resistant LFU, weighed by what they regret."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_lecar import Ghosts
from twins.sized_scores import LowestKeys

__all__ = ["SizedCacheus"]


class _Past(NamedTuple):
    """What is remembered of an evicted item."""

    count: int
    new: bool


class SizedCacheus(ScoredTwin):
    """Evict what SR-LRU or what CR-LFU would, at random by weights with a learned rate.

    Parameters
    ----------
    capacity : int
    seed : numpy.random.Generator
    contents : int, optional
        Requests between changes of the learning rate: the capacity by default, and where
        that is in bytes what the caller expects to fit.

    Notes
    -----
    SR-LRU has two queues, S for what was asked again and R for what was not. R's limit is
    ``max(1, int(0.01 * capacity + 0.5))`` units at first, S's the rest. A newcomer that is not
    remembered enters S while it fits there and R is empty and nothing was ever evicted, else the
    front of R, where it is *new*. One that is remembered enters S. A hit in S moves to its front,
    one in R to S's front, no longer new. While S is over its limit its back goes to R's front, and
    is *demoted*. SR-LRU's victim is R's back, or that of S if R is empty.

    CR-LFU's victim has the lowest count, of equal ones the one asked last. A count is 1 at
    entering, or one more than what is remembered, and grows with each hit.

    A hit of a demoted item, which ends its being so, raises S's limit by ``size * max(1, int(new /
    demoted + 0.5))``, a miss of a new item in SR-LRU's ghosts raises R's limit by ``size * max(1,
    int(demoted / new + 0.5))``, each to capacity - 1 at most (the other limit is the rest of the
    capacity, R's at least 1), with the numbers of demoted cached items and of new items in those
    ghosts before the event, at least 1 in a denominator. At a miss the size is that which was
    remembered.

    Each expert has ghosts of ``capacity // 2`` units, FIFO. Equal victims are evicted without being
    remembered and without a draw; else SR-LRU's goes if ``generator.random() < w``. A miss of an
    item in an expert's ghosts takes it out and multiplies its weight by ``exp(-rate)``; then both
    weights are divided by their sum, and kept within 0.01 and 0.99.

    The rate is ``0.001 + 0.999 * generator.random()`` at first: the first draw of all. After each
    `contents` requests, before the next is looked up, with h the change of the hit ratio against
    the ones before and d the last change of the rate: if d is not 0, the rate changes by
    ``abs(rate * d)``, up if ``h / d > 0``, else down, within 0.001 and 1, and failures are 0. If d
    is 0 and h is not positive, failures grow by one, and at 10 of them they are 0 and the rate is
    drawn anew as at first. The first period only gives the hit ratio.

    References
    ----------
    L. V. Rodriguez et al., "Learning Cache Replacement with CACHEUS", FAST 2021.
    """

    def __init__(
        self,
        capacity: int,
        seed: np.random.Generator,
        contents: int | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__(capacity, **parameters)
        self._generator = seed
        self._rate = _LearningRate(contents or capacity, seed)
        self._r_limit = max(1, int(0.01 * capacity + 0.5))
        # From back to front.
        self._s: OrderedDict[Item, None] = OrderedDict()
        self._r: OrderedDict[Item, None] = OrderedDict()
        self._s_used = 0
        self._new: set[Item] = set()
        self._demoted: set[Item] = set()
        self._counts = LowestKeys()
        self._events = 0
        self._evicted_any = False
        self.weights = [0.5, 0.5]
        self._ghosts = [Ghosts(capacity // 2), Ghosts(capacity // 2)]
        self._sizes_in_ghosts: dict[Item, int] = {}
        self._new_in_ghosts = 0
        self._remembered: tuple[Item, _Past] | None = None

    def dump(self) -> list[Item]:
        """Return S and then R, each from the front."""
        return list(reversed(self._s)) + list(reversed(self._r))

    def _seen(self, k: Item) -> None:
        self._rate.see(k in self.sizes)

    def _missed(self, k: Item) -> None:
        self._remembered = None
        for expert, ghosts in enumerate(self._ghosts):
            if k not in ghosts:
                continue
            past: _Past = ghosts.take(k)
            if expert == 0 and past.new:
                step = max(1, int(len(self._demoted) / max(1, self._new_in_ghosts) + 0.5))
                self._new_in_ghosts -= 1
                self._limit_r(self._r_limit + step * self._sizes_in_ghosts[k])
            self._remembered = (k, past)
            self.weights[expert] *= math.exp(-self._rate.value)
            total = sum(self.weights)
            self.weights = [min(0.99, max(0.01, w / total)) for w in self.weights]

    def _limit_r(self, limit: int) -> None:
        self._r_limit = max(1, min(self.capacity - 1, limit))

    def _hit(self, k: Item) -> None:
        self._set_count(k, self._counts.keys[k][0] + 1)
        if k in self._s:
            self._s.move_to_end(k)
            return
        if k in self._demoted:
            step = max(1, int(self._new_in_ghosts / max(1, len(self._demoted)) + 0.5))
            self._demoted.remove(k)
            self._limit_r(self._r_limit - step * self.sizes[k])
        self._new.discard(k)
        del self._r[k]
        self._enter_s(k)

    def _enter(self, k: Item) -> None:
        past = None
        if self._remembered and self._remembered[0] == k:
            past = self._remembered[1]
        self._remembered = None
        self._set_count(k, past.count + 1 if past else 1)
        fits = self._s_used + self.sizes[k] <= self.capacity - self._r_limit
        if past or (fits and not self._r and not self._evicted_any):
            self._enter_s(k)
        else:
            self._r[k] = None
            self._new.add(k)

    def _enter_s(self, k: Item) -> None:
        self._s[k] = None
        self._s_used += self.sizes[k]
        self._demote()

    def _demote(self) -> None:
        while self._s_used > self.capacity - self._r_limit:
            k, _ = self._s.popitem(last=False)
            self._s_used -= self.sizes[k]
            self._r[k] = None
            self._demoted.add(k)

    def _set_count(self, k: Item, count: int) -> None:
        self._events += 1
        self._counts.set(k, (count, -self._events))

    def _evict(self) -> Item:
        self._evicted_any = True
        victims = [next(iter(self._r or self._s)), self._counts.lowest()]
        if victims[0] == victims[1]:
            self._forget(victims[0])
            return victims[0]
        expert = 0 if self._generator.random() < self.weights[0] else 1
        k = victims[expert]
        past = _Past(self._counts.keys[k][0], k in self._new)
        self._sizes_in_ghosts[k] = self.sizes[k]
        if expert == 0:
            self._new_in_ghosts += past.new
        for forgotten in self._ghosts[expert].add(k, self.sizes[k], past):
            if expert == 0:
                self._new_in_ghosts -= forgotten.new
        self._forget(k)
        return k

    def _forget(self, k: Item) -> None:
        if k in self._s:
            del self._s[k]
            self._s_used -= self.sizes[k]
        else:
            del self._r[k]
        self._new.discard(k)
        self._demoted.discard(k)
        self._counts.discard(k)

    def _resized(self, k: Item, change: int) -> None:
        if k in self._s:
            self._s_used += change
            self._demote()


class _LearningRate:
    """The rate at which weights change, which follows the hit ratio."""

    def __init__(self, period: int, generator: np.random.Generator) -> None:
        self._period = period
        self._generator = generator
        self.value = self._drawn()
        self._before = self.value
        self._hits = self._requests = 0
        self._ratio: float | None = None
        self._failures = 0

    def _drawn(self) -> float:
        return 0.001 + 0.999 * self._generator.random()

    def see(self, hit: bool) -> None:
        """Change the rate if a period is over, then count a request."""
        if self._requests == self._period:
            ratio = self._hits / self._requests
            if self._ratio is not None:
                self._change(ratio - self._ratio)
            self._ratio = ratio
            self._hits = self._requests = 0
        self._requests += 1
        self._hits += hit

    def _change(self, gain: float) -> None:
        last = self.value - self._before
        self._before = self.value
        if last != 0:
            step = abs(self.value * last)
            up = gain / last > 0
            self.value = min(1.0, max(0.001, self.value + (step if up else -step)))
            self._failures = 0
        elif gain <= 0:
            self._failures += 1
            if self._failures == 10:
                self._failures = 0
                self.value = self._drawn()
