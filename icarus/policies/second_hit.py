"""Admission of what was missed before: exactly, or as far as two Bloom filters remember it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import reserved
from icarus.policies.counting_rules import make_puts
from icarus.policies.request_counts import lower_half, upper_half
from icarus.policies.room import Room
from icarus.policies.slots import Nowhere
from icarus.types import PositiveInt

__all__ = ["AdmitSecondMiss", "BloomFilters", "make_bloom_filters"]

FALSE_POSITIVES = 0.01
"""Probability that a filter that is full knows a content that it was never told of."""


class BloomFilters(NamedTuple):
    """Two Bloom filters to a cache, the older of which is emptied when the newer one is full.

    With ``h`` the stable hash of the name of a content, its bits are ``(h % 2**32 + i * (h // 2**32
    | 1)) % n_bits`` for `i` from 0 to ``n_hashes - 1``.

    References
    ----------
    B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", Communications of the
    ACM 13(7), 1970, doi 10.1145/362686.362692.
    """

    bits: np.ndarray
    """int8, (n_caches * n_bits,): 1 for a bit that is set in the first filter, 2 in the second."""
    newer: np.ndarray
    """int64, (n_caches,): 1 or 2, which is the newer filter."""
    taken: np.ndarray
    """int64, (n_caches,): contents that the newer one was told of."""
    memory: int
    """How many contents one filter takes."""
    n_bits: int
    n_hashes: int
    hashes: Any

    def knew(self, cache, content):
        """Return whether one of the filters knows a content; if not, the newer does from now on."""
        name = self.hashes.of(content, 0)
        first, place, step = cache * self.n_bits, lower_half(name), upper_half(name) | 1
        in_all = np.int64(3)
        for i in range(self.n_hashes):
            in_all &= self.bits[first + (place + i * step) % self.n_bits]
        if in_all != 0:
            return True
        for i in range(self.n_hashes):
            at = first + (place + i * step) % self.n_bits
            self.bits[at] |= self.newer[cache]
        taken = self.taken[cache] + 1
        if taken == self.memory:
            self._rotate(cache)
            taken = 0
        self.taken[cache] = taken
        return False

    def _rotate(self, cache):
        kept = self.newer[cache]
        first = cache * self.n_bits
        for place in range(first, first + self.n_bits):
            self.bits[place] &= kept
        self.newer[cache] = 3 - kept

    def clear(self, cache: int) -> None:
        """Have the filters of a cache know nothing."""
        first = cache * self.n_bits
        for place in range(first, first + self.n_bits):
            self.bits[place] = 0
        self.newer[cache], self.taken[cache] = 1, 0

    def places(self):
        """Return that nothing is looked up by content and cache."""
        return Nowhere(0)


def make_bloom_filters(room: Room, memory: int) -> BloomFilters:
    """Return filters that know nothing.

    Parameters
    ----------
    room : Room
        Of the caches, each of which has two.
    memory : int
        How many contents a filter takes.
    """
    n_bits = math.ceil(-memory * math.log(FALSE_POSITIVES) / math.log(2) ** 2)
    n_hashes = max(1, math.floor(n_bits / memory * math.log(2) + 0.5))
    return BloomFilters(
        room.zeros(room.n_caches * n_bits, np.int8),
        room.array(np.ones(room.n_caches, dtype=np.int64)),
        room.zeros(room.n_caches),
        memory,
        n_bits,
        n_hashes,
        room.hashes,
    )


class _EarlierPuts(NamedTuple):
    """All contents that were put, exactly."""

    puts: Any

    def knew(self, cache, content):
        """Return whether a content was put before."""
        return self.puts.count_put(cache, content) > 1

    def clear(self, cache: int) -> None:
        """Have nothing be known that was put into a cache."""
        self.puts.clear(cache)

    def places(self):
        """Return what tells where contents are looked up."""
        return self.puts.places()

    def reserve(self, n_requests: int) -> Self:
        """Return the same with room for what further requests put."""
        return self._replace(puts=reserved(self.puts, n_requests))


class AdmitSecondMiss(NamedTuple):
    """A content is not admitted when it is put for the first time ever, but later it is."""

    earlier: Any
    """What was put before."""

    @classmethod
    def new(cls, room: Room, memory: PositiveInt | None = None) -> Self:
        """Return the rule; with `memory`, it is two Bloom filters of so many contents each."""
        if memory is None:
            return cls(_EarlierPuts(make_puts(room, None)))
        return cls(make_bloom_filters(room, int(memory)))

    def admits_to(self, caches, cache, content):
        """Return whether a content was put before, or is cached."""
        return caches.has(cache, content) or self.earlier.knew(cache, content)

    def clear(self, cache: int) -> None:
        """Have nothing be known that was put into a cache."""
        self.earlier.clear(cache)

    def places(self):
        """Return what tells where contents are looked up."""
        return self.earlier.places()

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests put."""
        return self._replace(earlier=reserved(self.earlier, n_requests))
