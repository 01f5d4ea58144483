"""CLOCK2Q_PLUS: S3_FIFO in which hits soon after the first request do not count."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues
from icarus.policies.queues import Queues
from icarus.policies.room import Room
from icarus.policies.s3_fifo import S3FifoCaches
from icarus.policies.small_and_main import (
    GHOST,
    MAIN,
    SMALL,
    carry_on_small,
    take_over_small,
)
from icarus.registry import register_cache_policy
from icarus.types import Fraction

__all__ = ["Clock2qPlusCache", "Clock2qPlusCaches"]

_NUMBERS = 2**30
"""After so many contents they are numbered from 0 again."""


@on_queues
class Clock2qPlusCaches(NamedTuple):
    """CLOCK2Q_PLUS caches.

    Values are, in the main queue, 1 after a hit; in the small one twice the number of the content,
    in the order in which they entered, and 1 more after a hit that counts.
    """

    queues: Queues
    small_limit: Any
    """int64, (n_caches,)"""
    ghost_limit: Any
    """int64, (n_caches,)"""
    is_filling: Any
    """bool, (n_caches,): whether a cache has evicted nothing so far."""
    scans_on: Any
    """As of S3_FIFO, and so is ``chosen``."""
    chosen: Any
    entered: Any
    """int64, (n_caches,): contents that entered the small queue so far."""
    threshold: int
    paper: bool

    @classmethod
    def new(cls, room: Room, small: Fraction = 0.1, ghost: Fraction = 0.9) -> Self:
        """Return empty caches."""
        like = S3FifoCaches.new(room, small, ghost, threshold=1)
        entered = room.zeros(room.n_caches)
        return cls(*like[:6], entered, like.threshold, like.paper)

    def get(self, cache, content):
        """Return whether a content is cached, which notes the hit if it counts."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        queue = queues.queue_of(slot)
        if queue == GHOST:
            return False
        value = queues.value(slot)
        if (value & 1) == 0:
            since = (self.entered[cache] - (value >> 1)) % _NUMBERS
            if queue == MAIN or 2 * since >= self.small_limit[cache]:
                queues.set_value(slot, value | 1)
        return True

    def _enter(self, cache, queue, content):
        """Put a new content into a queue."""
        slot = self.queues.insert(cache, queue, content)
        if queue == SMALL:
            self.entered[cache] += 1
            self.queues.set_value(slot, (self.entered[cache] % _NUMBERS) << 1)

    def _hits(self, slot):
        """Return whether what is in a slot of the small queue was hit, as far as that counts."""
        return self.queues.value(slot) & 1

    put, clear, spare = S3FifoCaches.put, S3FifoCaches.clear, S3FifoCaches.spare  # type: ignore[misc]
    choose, evict_slot = S3FifoCaches.choose, S3FifoCaches.evict_slot  # type: ignore[misc]
    (next_victim,) = (S3FifoCaches.next_victim,)  # type: ignore[misc]
    _scan_small, _take_out = S3FifoCaches._scan_small, S3FifoCaches._take_out  # type: ignore[misc]
    (_main_overflows,) = (S3FifoCaches._main_overflows,)  # type: ignore[misc]
    carry_on, take_over = carry_on_small, take_over_small  # type: ignore[misc]


Clock2qPlusCaches.divides_caches = True  # type: ignore[attr-defined]


@register_cache_policy("CLOCK2Q_PLUS")
class Clock2qPlusCache(DefinedCache, definition=Clock2qPlusCaches):
    """Evict as S3_FIFO does, where a hit soon after an item entered is no reason to keep it.

    A hit in the small queue counts if at least half as many items as that is meant for have entered
    it since; one that counts is enough to move to the main queue. There, an item that was hit
    becomes the latest one once, however often that was.

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

    Notes
    -----
    It has the misses of libCacheSim 0.3.5, whose Clock2QPlus is the only description.
    """
