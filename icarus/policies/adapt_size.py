"""ADAPTSIZE: admission by size, tuned by a model of the hit ratio that each tuning would have."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.policies.units import make_units
from icarus.types import PositiveInt, Seed

__all__ = ["AdaptSize"]

FIRST = float(2**15)

KEPT = 0.3
"""Share of its old rate in the new rate of a content; the rest are requests since then."""

FORGOTTEN = 0.1
"""Rate below which a content is forgotten."""

SHARE = (math.sqrt(5) - 1) / 2
"""Of the interval that a step of golden-section search leaves."""

GRID, STEPS, ROUNDS = 4, 15, 20
"""Between exponents of the scan; of the search; in which the characteristic time is found."""


class AdaptSize(NamedTuple):
    """A content that takes z is admitted with probability exp(-z / c), if it is not cached.

    Every `period` requests of a cache, c is tuned if more than three times its capacity was asked
    for since the last time. Rates of contents are moving averages of their requests in between.
    For any c, the time for which contents stay is that for which what is there, by the model,
    fills the cache, and so the model says the hit ratio. Exponents of two for c are tried coarsely,
    and those around the best by golden-section search.

    References
    ----------
    D. Berger, R. Sitaraman, M. Harchol-Balter, "AdaptSize: orchestrating the hot object memory
    cache in a content delivery network", NSDI 2017.
    """

    units: Any
    """Ones or Bytes"""
    queues: Queues
    """One to a cache, of contents in the order of their first requests; values are requests since
    the last tuning."""
    rates: SlotValues
    """float64"""
    sizes: SlotValues
    """int64: how much each content took when it was last asked for."""
    admitted: SlotValues
    """float64: with what probability, for the c that is tried."""
    c: np.ndarray
    """float64, (n_caches,)"""
    counters: np.ndarray
    """int64, (2 * n_caches,): requests since it was last seen to whether c is to be tuned; and how
    much was asked for since it was."""
    capacity: np.ndarray
    """int64, (n_caches,)"""
    largest: np.ndarray
    """float64, (n_caches,): binary logarithm of the capacity."""
    two: float
    """Base of exponents. As a constant it has the compiler take ``exp2``, whose last bit differs
    from that of the power in Python."""
    period: int
    rng: Any
    """The Generator that all caches share; each put of what is not cached draws one number."""

    @classmethod
    def new(cls, room: Room, period: PositiveInt = 30000, *, seed: Seed = None) -> Self:
        """Return the rule, which knows of no requests."""
        # Caches of no size, as those of NULL, have nothing to tune.
        capacity = np.maximum(np.asarray(room.maxlens, dtype=np.int64), 1)
        largest = np.array([math.log2(int(one)) for one in capacity])
        return cls(
            make_units(room),
            make_queues(replace(room, in_bytes=False)),
            make_slot_values(room, np.float64),
            make_slot_values(room),
            make_slot_values(room, np.float64),
            room.array(np.full(room.n_caches, FIRST)),
            room.zeros(2 * room.n_caches),
            room.array(capacity),
            room.array(largest),
            2.0,
            int(period),
            seed,
        )

    def asked(self, cache, content):
        """Tune c if it is time."""
        counters, first = self.counters, 2 * cache
        if counters[first] == self.period:
            counters[first] = 0
            if counters[first + 1] > 3 * self.capacity[cache]:
                counters[first + 1] = 0
                self._tune(cache)
        counters[first] += 1

    def hit(self, cache, content):
        """Count the request."""
        self._count(cache, content)

    def admits_to(self, caches, cache, content):
        """Count the request and draw, if the content is not cached."""
        if caches.has(cache, content):
            return True
        self._count(cache, content)
        return self.rng.random() < math.exp(-self.units.requested() / self.c[cache])

    def _count(self, cache, content):
        queues, size = self.queues, self.units.requested()
        self.counters[2 * cache + 1] += size
        slot = queues.find(cache, content)
        if slot < 0:
            slot = queues.insert(cache, 0, content)
            self.rates.set(slot, 0.0)
            self.admitted.set(slot, 0.0)
        queues.set_value(slot, queues.value(slot) + 1)
        self.sizes.set(slot, size)

    def _tune(self, cache):
        self._renew_rates(cache)
        largest = self.largest[cache]
        # For caches of less than four there is one exponent to try.
        best = largest if largest < 2 else 2.0
        most = self._hit_ratio(cache, best)
        exponent = 2.0 + GRID
        while exponent <= int(largest):
            ratio = self._hit_ratio(cache, exponent)
            if ratio > most:
                best, most = exponent, ratio
            exponent += GRID
        low, high = max(best - GRID, 0.0), min(best + GRID, largest)
        self.c[cache] = self.two ** self._golden_section(cache, low, high)

    def _renew_rates(self, cache):
        queues = self.queues
        slot = queues.back(cache, 0)
        while not queues.is_end(slot):
            following = queues.before(slot)
            rate = KEPT * self.rates.of(slot) + (1 - KEPT) * queues.value(slot)
            self.rates.set(slot, rate)
            queues.set_value(slot, 0)
            if rate < FORGOTTEN:
                queues.drop(cache, slot)
            slot = following

    def _golden_section(self, cache, low, high):
        """Return about the exponent between two others of which the model says the best."""
        left, right = high - SHARE * (high - low), low + SHARE * (high - low)
        at_left, at_right = self._hit_ratio(cache, left), self._hit_ratio(cache, right)
        for _ in range(STEPS):
            if high - low <= 0.01:
                break
            if at_left >= at_right:
                high, right, at_right = right, left, at_left
                left = high - SHARE * (high - low)
                at_left = self._hit_ratio(cache, left)
            else:
                low, left, at_left = left, right, at_right
                right = low + SHARE * (high - low)
                at_right = self._hit_ratio(cache, right)
        return left if at_left >= at_right else right

    def _hit_ratio(self, cache, exponent):
        """Return the hit ratio that the model says for c = 2 ** exponent."""
        capacity = self.capacity[cache]
        asked = self._admit_for(cache, self.two**exponent)
        if asked <= 0:
            return 0.0
        time = capacity / asked
        for _ in range(ROUNDS):
            held = self._held(cache, time)
            if held <= 0 or time > 1e70:
                break
            time *= capacity / held
        hits = requests = 0.0
        queues = self.queues
        slot = queues.back(cache, 0)
        while not queues.is_end(slot):
            hits += self.rates.of(slot) * self._presence(slot, time)
            requests += self.rates.of(slot)
            slot = queues.before(slot)
        return hits / requests

    def _admit_for(self, cache, c):
        """Note the probabilities of admission; return how much is admitted in a period."""
        queues = self.queues
        asked = 0.0
        slot = queues.back(cache, 0)
        while not queues.is_end(slot):
            size = self.sizes.of(slot)
            admitted = math.exp(-size / c)
            self.admitted.set(slot, admitted)
            asked += self.rates.of(slot) * size * admitted
            slot = queues.before(slot)
        return asked

    def _held(self, cache, time):
        """Return how much there is in a cache, on average, in which contents stay for a time."""
        queues = self.queues
        held = 0.0
        slot = queues.back(cache, 0)
        while not queues.is_end(slot):
            held += self.sizes.of(slot) * self._presence(slot, time)
            slot = queues.before(slot)
        return held

    def _presence(self, slot, time):
        """Return the probability that a content is there."""
        # The exponential of x is taken as (rest + grown) / rest, its Pade approximant of degrees 4
        # and 3, as the authors do. With the exact one c ends far too small: LRU misses 3 % more
        # on cloudphysics and cdn.
        x = min(self.rates.of(slot) * time, 1e30)
        grown = self.admitted.of(slot) * (x * (840.0 + x * (60.0 + x * (20.0 + x))))
        both = 840.0 + x * (-360.0 + x * (60.0 - x * 4.0)) + grown
        return 0.0 if both == 0.0 else grown / both

    def set_size(self, size):
        """Take note of how much the requested content takes."""
        self.units.set_requested(size)

    def clear(self, cache: int) -> None:
        """Have a cache know of no requests; draws go on where they are."""
        self.queues.clear(cache)
        self.c[cache] = FIRST
        self.counters[2 * cache] = self.counters[2 * cache + 1] = 0

    def carry_on(self, other: Self) -> Self:
        """Return what another state knows, for caches of the sizes of these."""
        return other._replace(capacity=self.capacity, largest=self.largest)

    def places(self):
        """Return what tells where contents are looked up."""
        return self.queues.slots

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        n_slots = queues.n_slots()
        return self._replace(
            queues=queues,
            rates=self.rates.reserve(n_slots),
            sizes=self.sizes.reserve(n_slots),
            admitted=self.admitted.reserve(n_slots),
        )
