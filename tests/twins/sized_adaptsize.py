"""Twin of ADAPTSIZE: admission by size, with a parameter that a model of the cache is asked for."""

from __future__ import annotations

import math

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_admission import AdmissionRule

__all__ = ["AdaptSizeRule"]


class AdaptSizeRule(AdmissionRule):
    """Admit if ``generator.random() < exp(-size / c)``, retuning c every `period` requests.

    Parameters
    ----------
    capacity : int
        Units of the cache.
    seed : numpy.random.Generator
        One draw at each miss.
    period : int

    Notes
    -----
    c is 2**15 at first. A request counts for its item, with the stored size at a hit and the size
    given at a miss. When a request comes after `period` others since the last time that this was
    considered, and these and those before have asked for more than three times the capacity in
    units since the last retuning, c is retuned first: with n_i the requests of item i since the
    last retuning, its rate becomes ``r_i = 0.3 * r_i + 0.7 * n_i``; items below 0.1 are dropped.
    Items are in the order of their first request since they were dropped, and sums go in this
    order.

    For ``c = 2**x`` the hit ratio is modelled as ``sum(r_i * p_i) / sum(r_i)`` with ``p_i = o /
    (1 + o)``, ``o = exp(-size / c) * (e - 1)``, where e is the Pade approximant of degrees 4 and 3
    of ``exp(r_i * T)``, which may be negative. T is ``capacity / sum(r_i * size *
    exp(-size / c))`` and is then multiplied 20 times by ``capacity / sum(size * p_i)``; it ends
    early above 1e70. It is 0.0 where a sum is. The scan takes x = 2, 6, 10, ... up to
    log2(capacity); around the first best b, golden-section search narrows ``[max(b - 4, 0), min(b +
    4, log2(capacity))]`` until it is at most 0.01 wide, in 15 steps at most. x is the better of
    the two inner points at the end, the left one if they are equal.

    References
    ----------
    D. Berger, R. Sitaraman, M. Harchol-Balter, "AdaptSize: Orchestrating the Hot Object Memory
    Cache in a Content Delivery Network", NSDI 2017.
    """

    def __init__(self, capacity: int, seed: np.random.Generator, period: int = 30000) -> None:
        self._capacity = capacity
        self._generator = seed
        self._period = period
        self._waited = 0
        self._units = 0
        self._sizes: dict[Item, int] = {}
        self._asked: dict[Item, int] = {}
        self._rates: dict[Item, float] = {}
        self.c = float(2**15)

    def asked(self, k: Item) -> None:
        """Retune c if it is time."""
        if self._waited == self._period:
            self._waited = 0
            if self._units > 3 * self._capacity:
                self._units = 0
                self._retune()
        self._waited += 1

    def hit(self, k: Item, size: int) -> None:
        """Count the request."""
        self._count(k, size)

    def admits(self, k: Item, size: int, cache: ScoredTwin) -> bool:
        """Count the request and draw."""
        self._count(k, size)
        return self._generator.random() < math.exp(-size / self.c)

    def _count(self, k: Item, size: int) -> None:
        self._units += size
        self._sizes[k] = size
        self._rates.setdefault(k, 0.0)
        self._asked[k] = self._asked.get(k, 0) + 1

    def _retune(self) -> None:
        rates = {k: 0.3 * rate + 0.7 * self._asked.get(k, 0) for k, rate in self._rates.items()}
        self._rates = {k: rate for k, rate in rates.items() if rate >= 0.1}
        self._sizes = {k: self._sizes[k] for k in self._rates}
        self._asked = {}
        largest = math.log2(self._capacity)
        grid = [float(x) for x in range(2, int(largest) + 1, 4)] or [largest]
        best = max(grid, key=self._hit_ratio)
        self.c = 2.0 ** self._golden_section(max(best - 4, 0.0), min(best + 4, largest))

    def _golden_section(self, low: float, high: float) -> float:
        share = (math.sqrt(5) - 1) / 2
        left, right = high - share * (high - low), low + share * (high - low)
        at_left, at_right = self._hit_ratio(left), self._hit_ratio(right)
        for _ in range(15):
            if high - low <= 0.01:
                break
            if at_left >= at_right:
                high, right, at_right = right, left, at_left
                left = high - share * (high - low)
                at_left = self._hit_ratio(left)
            else:
                low, left, at_left = left, right, at_right
                right = low + share * (high - low)
                at_right = self._hit_ratio(right)
        return left if at_left >= at_right else right

    def _hit_ratio(self, x: float) -> float:
        c = 2.0**x
        items = [
            (rate, self._sizes[k], math.exp(-self._sizes[k] / c)) for k, rate in self._rates.items()
        ]
        units = sum(rate * size * admitted for rate, size, admitted in items)
        if units <= 0:
            return 0.0
        time = self._capacity / units
        for _ in range(20):
            held = sum(size * _share(rate, admitted, time) for rate, size, admitted in items)
            if held <= 0 or time > 1e70:
                break
            time *= self._capacity / held
        hits = sum(rate * _share(rate, admitted, time) for rate, _, admitted in items)
        return hits / sum(self._rates.values())


def _share(rate: float, admitted: float, time: float) -> float:
    x = min(rate * time, 1e30)
    grown = admitted * (x * (840.0 + x * (60.0 + x * (20.0 + x))))
    both = 840.0 + x * (-360.0 + x * (60.0 - x * 4.0)) + grown
    return grown / both if both else 0.0
