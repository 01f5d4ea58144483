"""S3_FIFO: a small FIFO queue keeps what is asked for once from the main one."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, next_victim_of_queues, on_queues
from icarus.policies.queues import Queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.small_and_main import (
    GHOST,
    MAIN,
    SMALL,
    carry_on_small,
    forget_ghost,
    limits_of,
    make_small_and_main,
    take_over_small,
)
from icarus.policies.victims import no_choices
from icarus.registry import register_cache_policy
from icarus.types import Fraction, PositiveInt

__all__ = ["S3FifoCache", "S3FifoCaches"]

MOST = 3
"""Hits of a content in the main queue beyond which they do not count."""


@on_queues
class S3FifoCaches(NamedTuple):
    """S3_FIFO caches; values are hits, as far as they count."""

    queues: Queues
    small_limit: Any
    """int64, (n_caches,)"""
    ghost_limit: Any
    """int64, (n_caches,)"""
    is_filling: Any
    """bool, (n_caches,): whether a cache has evicted nothing so far."""
    scans_on: Any
    """bool, (n_caches,): whether the small queue is looked at further once the next one left."""
    chosen: Any
    threshold: int
    most: int
    """Hits of a content in the small queue beyond which they do not count."""
    paper: bool

    @classmethod
    def new(
        cls,
        room: Room,
        small: Fraction = 0.1,
        ghost: Fraction = 0.9,
        threshold: PositiveInt = 2,
        variant: Literal["revised", "paper"] = "revised",
    ) -> Self:
        """Return empty caches."""
        paper = variant == "paper"
        is_filling = room.zeros(room.n_caches, bool)
        for cache in range(room.n_caches):
            is_filling[cache] = not paper
        return cls(
            make_small_and_main(room),
            limits_of(room, small, 1 if paper else 0),
            limits_of(room, ghost),
            is_filling,
            room.zeros(room.n_caches, bool),
            no_choices(room),
            int(threshold),
            MOST if paper else max(MOST, int(threshold)),
            paper,
        )

    def get(self, cache, content):
        """Return whether a content is cached, which counts the hit."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        queue = queues.queue_of(slot)
        if queue == GHOST:
            return False
        count = queues.value(slot)
        if count < (self.most if queue == SMALL else MOST):
            queues.set_value(slot, count + 1)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if not queues.is_new(cache, content):
            return evicted
        was_ghost = False if self.paper else forget_ghost(queues, cache, content)
        limit = queues.capacity(cache) if self.paper else self.small_limit[cache]
        is_admitted = queues.admits(cache, limit)
        if is_admitted:
            evicted = make_room(self, cache)
        if self.paper:
            was_ghost = forget_ghost(queues, cache, content)
        elif is_admitted and queues.requested() == limit and not was_ghost:
            queues.units.refused[cache] += 1
            is_admitted = False
        if is_admitted:
            fills_main = self.is_filling[cache] and queues.held_in(cache, SMALL) >= limit
            self._enter(cache, MAIN if was_ghost or fills_main else SMALL, content)
        return evicted

    def choose(self, cache):
        """Return the slot that leaves next, once what was hit moved to the main queue."""
        queues = self.queues
        if self.paper:
            from_small = queues.held_in(cache, SMALL) >= self.small_limit[cache]
            from_small = from_small or queues.is_empty(cache, MAIN)
        else:
            from_small = not self._main_overflows(cache)
        slot = self._scan_small(cache) if from_small else -1
        return slot if slot >= 0 else int(queues.spend(cache, MAIN))

    def _scan_small(self, cache):
        """Return who leaves as what was hit leaves the small queue; -1 if that becomes empty."""
        queues = self.queues
        while not queues.is_empty(cache, SMALL):
            slot = queues.back(cache, SMALL)
            if self._hits(slot) < self.threshold:
                return int(slot)
            queues.set_value(slot, 0)
            queues.move(cache, MAIN, slot)
            if self.paper and self._main_overflows(cache):
                self.scans_on[cache] = True
                return int(queues.spend(cache, MAIN))
        return -1

    def _main_overflows(self, cache):
        """Return whether the main queue has more than its share."""
        queues = self.queues
        main_limit = queues.capacity(cache) - self.small_limit[cache]
        return queues.held_in(cache, MAIN) > main_limit

    def next_victim(self, cache, content):
        """Return what would leave first for a content; NOTHING if there is room, or never is."""
        queues = self.queues
        if not self.paper and queues.requested() > self.small_limit[cache]:
            return NOTHING
        return next_victim_of_queues(self, cache, content)

    def evict_slot(self, cache, slot):
        """Evict one content, or more where the main queue has more than its share."""
        self.is_filling[cache] = False
        evicted = self._take_out(cache, slot)
        while self.scans_on[cache]:
            self.scans_on[cache] = False
            slot = self._scan_small(cache)
            if slot >= 0:
                evicted = self._take_out(cache, slot)
        return evicted

    def spare(self, cache, content):
        """Have the next to leave be looked for anew, if it did not leave."""
        self.chosen[cache] = -1
        self.scans_on[cache] = False

    def _enter(self, cache, queue, content):
        """Put a new content into a queue."""
        self.queues.insert(cache, queue, content)

    def _hits(self, slot):
        """Return how often what is in a slot of the small queue was hit, as far as that counts."""
        return self.queues.value(slot)

    def _take_out(self, cache, slot):
        """Evict the content in a slot, and remember it if it was in the small queue; return it."""
        queues = self.queues
        if queues.queue_of(slot) == SMALL:
            return queues.evict_to_bounded(cache, GHOST, slot, self.ghost_limit[cache])
        return queues.evict(cache, slot)

    def clear(self, cache: int) -> None:
        """Remove everything from a cache, and forget what was there before."""
        self.queues.clear(cache)
        self.is_filling[cache] = not self.paper

    carry_on, take_over = carry_on_small, take_over_small  # type: ignore[misc]


S3FifoCaches.divides_caches = True  # type: ignore[attr-defined]


@register_cache_policy("S3_FIFO")
class S3FifoCache(DefinedCache, definition=S3FifoCaches):
    """Evict, of a small FIFO queue of new items, what was hit less than twice; then of a main one.

    What was hit more often moves to the main queue, and what is evicted of the small one is
    remembered, and enters the main one if it comes back. In the main queue the oldest item, if it
    was hit, becomes the latest instead, once for each of up to three hits.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    small : float, optional
        The share of `maxlen`, cut to a whole number, that is meant for the small queue. The cache
        takes no item that is larger, and one of just that size only if it is remembered: no item
        at all enters a cache of so few that this is less than 2.
    ghost : float, optional
        How much is remembered, as a share of `maxlen`.
    threshold : int, optional
        Hits that it takes in the small queue to move to the main one.
    variant : {"revised", "paper"}, optional
        How its authors revised it in 2024, in libCacheSim; or as they published it. There the
        small queue gives way only while it has its share, at least 1, and items of all sizes are
        taken.

    Notes
    -----
    "revised" has the misses of libCacheSim 0.3.5, and "paper" those of the simulator of Caffeine,
    where all sizes are 1.

    References
    ----------
    J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO queues are all you need for cache
    eviction", SOSP 2023. https://doi.org/10.1145/3600006.3613147
    """
