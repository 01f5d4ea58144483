"""W_TINYLFU: a window of what is new, behind which only what is asked for more often gets in."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.request_counts import beats, expected_contents, make_counts
from icarus.policies.room import NOTHING, Room, is_content
from icarus.policies.victims import evict_victim
from icarus.policies.window_climbers import WindowClimbers, make_window_climbers
from icarus.registry import register_cache_policy
from icarus.types import Fraction, PositiveInt, Seed

__all__ = ["WTinyLfuCache", "WTinyLfuCaches"]

PROTECTED, WINDOW, PROBATION = 0, 1, 2
"""Queues, each with the most recently used content in front."""


@on_queues
class WTinyLfuCaches(NamedTuple):
    """W_TINYLFU caches."""

    queues: Queues
    counts: Any
    """ExactCounts or CountMinSketch"""
    limits: np.ndarray
    """int64, (2 * n_caches,): what the protected queue and the window of each cache may hold."""
    first_limits: np.ndarray
    """The same, before anything adapts."""
    fill: np.ndarray
    """float64, (n_caches,): what windows that adapt are taken to hold."""
    climbers: WindowClimbers
    adaptive: bool
    rng: Any
    """The Generator that all caches share."""

    @classmethod
    def new(
        cls,
        room: Room,
        window: Fraction = 0.01,
        protected: Fraction = 0.8,
        sketch: Literal["count_min", "exact"] = "count_min",
        adaptive: bool = False,
        contents: PositiveInt | None = None,
        seed: Seed = None,
    ) -> Self:
        """Return empty caches."""
        limits = np.zeros((room.n_caches, 2), dtype=np.int64)
        for cache, capacity in enumerate(room.maxlens):
            main = int(int(capacity) * (1 - window))
            limits[cache] = int(main * protected), int(capacity) - main
        expected = expected_contents(room, contents)
        return cls(
            make_queues(room, holding=3),
            make_counts(room, sketch, expected),
            room.array(limits.ravel()),
            room.array(limits.ravel().copy()),
            room.zeros(room.n_caches, np.float64),
            make_window_climbers(room, expected),
            bool(adaptive),
            seed,
        )

    def get(self, cache, content):
        """Return whether a content is cached, and count the request."""
        self.counts.increment(cache, content)
        queues = self.queues
        slot = queues.find(cache, content)
        if slot >= 0:
            if queues.queue_of(slot) == PROBATION:
                queues.move(cache, PROTECTED, slot)
                self._demote(cache)
            else:
                queues.renew_slot(cache, slot)
        if self.adaptive:
            self.climbers.note_request(cache, slot >= 0)
            if slot >= 0:
                self._adapt(cache)
        return slot >= 0

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            evicted = self._insert(cache, content)
        if self.adaptive:
            if is_content(evicted) or queues.used(cache) >= queues.capacity(cache):
                self.climbers.fill(cache)
            self._adapt(cache)
        return evicted

    def _insert(self, cache, content):
        queues = self.queues
        size = queues.size_of(queues.insert(cache, WINDOW, content))
        self.fill[cache] += size
        end = queues.end(cache, PROBATION)
        candidate, moved = end, 0
        while self._window_overflows(cache) and (not self.adaptive or moved < size):
            slot = queues.back(cache, WINDOW)
            queues.move(cache, PROBATION, slot)
            self.fill[cache] -= queues.size_of(slot)
            moved += queues.size_of(slot)
            if candidate == end:
                candidate = np.int64(slot)
        evicted = NOTHING
        while queues.overflows(cache):
            loser = self.victim(cache)
            if candidate != end and candidate != loser:
                asked_for = queues.item(candidate)
                if not beats(self.counts, cache, asked_for, queues.item(loser), self.rng):
                    loser = candidate
            if candidate == loser:
                # Those that left the window later stand before it.
                candidate = np.int64(queues.before(candidate))
            evicted = self.evict_slot(cache, loser)
        return evicted

    def _window_overflows(self, cache):
        if self.queues.is_empty(cache, WINDOW):
            return False
        limit = self.limits[2 * cache + WINDOW]
        if self.adaptive:
            return self.fill[cache] > limit
        return self.queues.held_in(cache, WINDOW) > limit

    def victim(self, cache):
        """Return the slot that leaves if nothing is to be compared with it."""
        queues = self.queues
        for queue in (PROBATION, PROTECTED):
            if not queues.is_empty(cache, queue):
                return np.int64(queues.back(cache, queue))
        return np.int64(queues.back(cache, WINDOW))

    def evict_slot(self, cache, slot):
        """Evict the content in a slot; return it."""
        if self.queues.queue_of(slot) == WINDOW:
            self.fill[cache] -= self.queues.size_of(slot)
        return self.queues.evict(cache, slot)

    def _demote(self, cache):
        """Have the protected queue hold no more than it may."""
        queues = self.queues
        while queues.held_in(cache, PROTECTED) > self.limits[2 * cache + PROTECTED]:
            queues.move(cache, PROBATION, queues.back(cache, PROTECTED))

    def _adapt(self, cache):
        """At the end of a sample, move part of the capacity into the window, or out of it."""
        amount = self.climbers.amount(cache)
        fill = self.fill[cache]
        if amount > 0:
            quota = min(amount, float(self.limits[2 * cache + PROTECTED]))
            self.fill[cache] = fill + quota
            self._shift(cache, int(fill + quota) - int(fill), PROBATION, WINDOW)
        elif amount < 0:
            quota = min(min(-amount, float(self.limits[2 * cache + WINDOW])), fill)
            self.fill[cache] = fill - quota
            self._shift(cache, int(fill) - int(fill - quota), WINDOW, PROBATION)

    def _shift(self, cache, units, source, target):
        """Move units of the limits, and what takes as many; what is larger stays where it is."""
        queues, limits = self.queues, self.limits
        sign = 1 if target == WINDOW else -1
        while units > 0:
            slot = queues.back(cache, source)
            size = units + 1 if queues.is_end(slot) else queues.size_of(slot)
            share = min(size, units)
            limits[2 * cache + WINDOW] += sign * share
            limits[2 * cache + PROTECTED] -= sign * share
            self._demote(cache)
            if size <= units:
                if target == WINDOW:
                    queues.move(cache, target, slot)
                else:
                    queues.move_to_back(cache, target, slot)
            units -= share

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        if self.queues.queue_of(slot) == WINDOW:
            self.fill[cache] -= self.queues.size_of(slot)
        self.queues.drop(cache, slot)
        return True

    def update(self, cache, content):
        """Have a content take as much as the request says; return the last that left for it."""
        queues = self.queues
        evicted = NOTHING
        queues.units.begin()
        slot = queues.find(cache, content)
        before = queues.size_of(slot)
        queues.update_size(cache, slot)
        if queues.queue_of(slot) == WINDOW:
            self.fill[cache] += queues.size_of(slot) - before
        self._demote(cache)
        while queues.overflows(cache):
            evicted = evict_victim(self, cache)
        return evicted

    def clear(self, cache: int) -> None:
        """Have a cache be as new; draws go on where they are."""
        self.queues.clear(cache)
        self.counts.clear(cache)
        self.climbers.clear(cache)
        self.fill[cache] = 0.0
        for queue in (PROTECTED, WINDOW):
            self.limits[2 * cache + queue] = self.first_limits[2 * cache + queue]

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        return other._replace(
            queues=self.queues.carry_on(other.queues),
            limits=self.limits,
            first_limits=self.first_limits,
            climbers=self.climbers,
        )

    def take_over(self, cache: int, other: Self) -> None:
        """Have a cache, which was carried on, hold no more than fits; if all does, change nothing.

        Where the capacity is another one the window begins anew, and the counts go on as they were.
        """
        queues = self.queues
        queues.units.begin()
        if queues.capacity(cache) == other.queues.capacity(cache):
            for queue in (PROTECTED, WINDOW):
                self.limits[2 * cache + queue] = other.limits[2 * cache + queue]
            self.climbers.take_over(cache, other.climbers)
            return
        self.fill[cache] = float(queues.held_in(cache, WINDOW))
        while self._window_overflows(cache):
            slot = queues.back(cache, WINDOW)
            queues.move(cache, PROBATION, slot)
            self.fill[cache] -= queues.size_of(slot)
        self._demote(cache)
        while queues.overflows(cache):
            evict_victim(self, cache)

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        counts: Any = self.counts
        if hasattr(counts, "reserve"):
            counts = counts.reserve(n_requests)
        return self._replace(queues=self.queues.reserve(n_requests), counts=counts)


@register_cache_policy("W_TINYLFU")
class WTinyLfuCache(DefinedCache, definition=WTinyLfuCaches):
    """Insert into a small LRU window; what falls out of it has to be asked for more than a victim.

    Every look-up counts in a sketch of frequencies. The main part is a segmented LRU: a hit moves
    an item on probation to the protected queue, from which the last one returns to probation as
    more is in it than fits. A new item enters the window. While more is there than fits, its last
    one goes to the front of probation; while more is cached than fits, the first of these is
    compared with the last one on probation, and stays if its frequency is strictly higher.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    window : float, optional
        The main part has ``int(maxlen * (1 - window))``, the window the rest.
    protected : float, optional
        Of the main part, what the protected queue has, cut to a whole number.
    sketch : {"count_min", "exact"}, optional
        Four rows of 4-bit counters, four counters to an item each, halved after ten requests of
        each that raised a counter; where a loser of frequency 6 or more stays with a probability of
        1/128. Or exact counts, halved after ten requests of each item that fits.
    adaptive : bool, optional
        Have the window grow or shrink after every sample of requests, of ten for each item that
        fits, in the direction in which the hit ratio rises.
    contents : int, optional
        How many items the counts and samples expect to fit. By default `maxlen`, or, in bytes, one
        for every 8192 of them.
    seed : int, SeedSequence, Generator or None, optional
        Where draws for losers come from. The caches of one network share a Generator.

    Raises
    ------
    ValueError
        If there is no such sketch.

    References
    ----------
    G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM
    Transactions on Storage 13(4), 2017, doi 10.1145/3149371.
    G. Einziger, O. Eytan, R. Friedman, B. Manes, "Adaptive software cache management", Middleware
    2018, doi 10.1145/3274808.3274816.

    Notes
    -----
    With exact counts, of items, it misses what Caffeine's simulator does. That of libCacheSim 0.3.5
    counts only hits in the main part and evictions, and misses something else.
    """
