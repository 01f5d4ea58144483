"""Hit densities: how many hits contents promise for the room and the time that they take.

Contents fall into classes; hits and evictions are counted by class and age, and fade. Ages are
numbers of requests, coarser by powers of two the more contents there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.policies.room import Room

__all__ = ["AGES", "CLASSES", "HitDensities", "make_hit_densities"]

AGES = 20000
CLASSES = 16

FIRST_SHIFT = 10
"""How coarse ages are at first; see ``HitDensities.shift``."""

FADE = 0.9
"""What is left of counts at each update."""

ADAPTED_AT = (5, 25)
"""Updates before those that choose how coarse ages are."""

COARSEST = 0.01
"""Contents that there are should have no more than that much of an age each."""


class HitDensities(NamedTuple):
    """The hit densities of all caches; counts take memory when something is counted only."""

    hits: np.ndarray
    """float64, (n_caches * CLASSES * AGES,)"""
    evictions: np.ndarray
    """float64, of the same shape"""
    density: np.ndarray
    """float64, of the same shape: what counts at the last update came to."""
    scratch: np.ndarray
    """float64, (AGES,)"""
    shift: np.ndarray
    """int64, (n_caches,): requests of an age are two to the power of that."""
    updates: np.ndarray
    """int64, (n_caches,)"""
    n_contents: np.ndarray
    """float64, (2 * n_caches,): sum of the contents at updates, and the weight of these."""

    def age(self, cache, requests):
        """Return the age of a content that was last requested so many requests ago."""
        return min(requests >> self.shift[cache], AGES - 1)

    def class_of(self, older, latest):
        """Return the class of a content by its ages at its last two hits."""
        total, number = older + latest, 0
        while total < AGES and number < CLASSES - 1:
            total *= 2
            number += 1
        return number

    def of(self, cache, number, age):
        """Return the hit density of a class at an age."""
        if age == AGES - 1 or self.updates[cache] == 0:
            return (number + 1) / (age + 1)
        return self.density[self._first(cache, number) + age]

    def count_hit(self, cache, number, age):
        """Count a hit of a content of a class at an age."""
        self.hits[self._first(cache, number) + age] += 1.0

    def count_eviction(self, cache, number, age):
        """Count an eviction."""
        self.evictions[self._first(cache, number) + age] += 1.0

    def _first(self, cache, number):
        return (cache * CLASSES + number) * AGES

    def update(self, cache, n_contents):
        """Have counts fade, and densities follow them."""
        first, last = self._first(cache, 0), self._first(cache + 1, 0)
        for place in range(first, last):
            self.hits[place] *= FADE
            self.evictions[place] *= FADE
        total = FADE * self.n_contents[2 * cache] + n_contents
        weight = FADE * self.n_contents[2 * cache + 1] + 1.0
        if self.updates[cache] == ADAPTED_AT[0] or self.updates[cache] == ADAPTED_AT[1]:
            self._adapt(cache, total / weight)
            total *= 8
            weight *= 8
        self.n_contents[2 * cache] = total
        self.n_contents[2 * cache + 1] = weight
        for number in range(CLASSES):
            self._follow(self._first(cache, number))
        self.updates[cache] += 1

    def _follow(self, first):
        """Have the densities of a class be hits over time, both still to come."""
        last = first + AGES - 1
        hits = self.hits[last]
        events = hits + self.evictions[last]
        lifetime = events
        for place in range(last - 1, first - 1, -1):
            hits += self.hits[place]
            events += self.hits[place] + self.evictions[place]
            lifetime += events
            self.density[place] = hits / lifetime if events > 1e-5 else 0.0

    def _adapt(self, cache, n_contents):
        """Choose how coarse ages are, by how many contents there are, and have counts follow."""
        shift = 1
        while (1 << shift) < n_contents / (COARSEST * AGES):
            shift += 1
        coarser = shift - self.shift[cache]
        for number in range(CLASSES):
            first = self._first(cache, number)
            if coarser > 0:
                self._widen(self.hits, first, coarser)
                self._widen(self.evictions, first, coarser)
            elif coarser < 0:
                self._split(self.hits, first, -coarser)
                self._split(self.evictions, first, -coarser)
        self.shift[cache] = shift

    def _widen(self, counts, first, coarser):
        """Put counts of several ages together."""
        for age in range(AGES):
            count = counts[first + age]
            counts[first + age] = 0.0
            counts[first + (age >> coarser)] += count

    def _split(self, counts, first, finer):
        """Share the count of an age among several, as far as there are so many."""
        for age in range(AGES):
            self.scratch[age] = counts[first + age]
            counts[first + age] = 0.0
        parts = 1 << finer
        for age in range(AGES):
            for part in range(parts):
                place = min((age << finer) + part, AGES - 1)
                counts[first + place] += self.scratch[age] / parts

    def clear(self, cache: int) -> None:
        """Have a cache be as new."""
        of_cache = slice(self._first(cache, 0), self._first(cache + 1, 0))
        for counts in (self.hits, self.evictions, self.density):
            counts[of_cache] = 0.0
        self.shift[cache] = FIRST_SHIFT
        self.updates[cache] = 0
        self.n_contents[2 * cache] = self.n_contents[2 * cache + 1] = 0.0


def make_hit_densities(room: Room) -> HitDensities:
    """Return densities of which nothing is known yet.

    Parameters
    ----------
    room : Room
    """
    n_caches = room.n_caches
    # Not lists in Python, which would take 8 megabytes a cache at once.
    n_counts = n_caches * CLASSES * AGES
    return HitDensities(
        hits=np.zeros(n_counts),
        evictions=np.zeros(n_counts),
        density=np.zeros(n_counts),
        scratch=np.zeros(AGES),
        shift=room.array(np.full(n_caches, FIRST_SHIFT)),
        updates=room.zeros(n_caches),
        n_contents=room.zeros(2 * n_caches, np.float64),
    )
