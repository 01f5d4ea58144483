"""How fast CACHEUS learns: a rate that follows whether the last change of it brought more hits."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.policies.room import Room

__all__ = ["LearningRates", "make_learning_rates"]

LEAST, MOST = 0.001, 1.0

PATIENCE = 10
"""Periods without more hits after which a rate that did not change is drawn anew."""

UNKNOWN = -1.0
"""A rate that was not drawn yet, and a hit ratio before the first period is over."""


class LearningRates(NamedTuple):
    """The rates of all caches."""

    rate: np.ndarray
    """float64, (n_caches,)"""
    rate_before: np.ndarray
    """float64, (n_caches,): that before the last change, which may be none."""
    hit_ratio: np.ndarray
    """float64, (n_caches,): of the last period."""
    requests: np.ndarray
    """int64, (n_caches,): of the present period."""
    hits: np.ndarray
    """int64, (n_caches,)"""
    failures: np.ndarray
    """int64, (n_caches,): periods without more hits, since the rate last changed."""
    period: np.ndarray
    """int64, (n_caches,): requests after which a rate is changed."""

    def provide(self, cache, rng):
        """Have a rate be drawn if there was none; caches do so one by one when they are used."""
        if self.rate[cache] == UNKNOWN:
            self.rate[cache] = self.rate_before[cache] = self._drawn(rng)

    def _drawn(self, rng):
        return LEAST + (MOST - LEAST) * rng.random()

    def see(self, cache, hit, rng):
        """Change the rate of a cache if a period is over, then count a request."""
        requests = self.requests[cache]
        if requests >= self.period[cache]:
            hit_ratio = self.hits[cache] / requests
            if self.hit_ratio[cache] != UNKNOWN:
                self._change(cache, hit_ratio - self.hit_ratio[cache], rng)
            self.hit_ratio[cache] = hit_ratio
            self.hits[cache] = 0
            requests = 0
        self.requests[cache] = requests + 1
        if hit:
            self.hits[cache] += 1

    def _change(self, cache, gain, rng):
        rate = self.rate[cache]
        last = rate - self.rate_before[cache]
        self.rate_before[cache] = rate
        if last != 0:
            step = abs(rate * last)
            if gain / last <= 0:
                step = -step
            self.rate[cache] = min(MOST, max(LEAST, rate + step))
            self.failures[cache] = 0
        elif gain <= 0:
            self.failures[cache] += 1
            if self.failures[cache] == PATIENCE:
                self.failures[cache] = 0
                self.rate[cache] = self._drawn(rng)

    def clear(self, cache: int) -> None:
        """Have a cache be as new."""
        self.rate[cache] = self.rate_before[cache] = self.hit_ratio[cache] = UNKNOWN
        self.requests[cache] = self.hits[cache] = self.failures[cache] = 0


def make_learning_rates(room: Room, period: int | None) -> LearningRates:
    """Return rates that are not drawn yet.

    Parameters
    ----------
    room : Room
    period : int or None
        Requests after which they change; by default as many as the capacity.
    """
    n_caches = room.n_caches
    unknown = np.full(n_caches, UNKNOWN)
    periods: Any = np.asarray(room.maxlens, dtype=np.int64)
    if period is not None:
        periods = np.full(n_caches, period)
    return LearningRates(
        rate=room.array(unknown.copy()),
        rate_before=room.array(unknown.copy()),
        hit_ratio=room.array(unknown.copy()),
        requests=room.zeros(n_caches),
        hits=room.zeros(n_caches),
        failures=room.zeros(n_caches),
        period=room.array(periods),
    )
