"""What has the window of a W_TINYLFU cache grow and shrink: hill climbing on the hit ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from icarus.policies.room import Room

__all__ = ["WindowClimbers", "make_window_climbers"]

FULL, GROWING, HITS, REQUESTS, SAMPLE, CONTENTS = range(6)
"""Of the whole numbers of a cache: whether it was ever full; the direction; what was counted in the
present sample; how long that is; how many contents are expected to fit."""

STEP, FIRST_STEP, RATIO = range(3)
"""Of its other numbers: the next step, as it is and as it was at first; the last hit ratio."""

FEW = 512
"""Contents up to which a cache begins by growing, and has longer samples as steps get smaller."""

SIGNIFICANT = 0.05
"""Change of the hit ratio after which steps begin anew."""

N_NUMBERS, N_SHARES = 6, 3


class WindowClimbers(NamedTuple):
    """What each cache has learned about its window."""

    numbers: Any
    """int64, (n_caches * N_NUMBERS,)"""
    shares: Any
    """float64, (n_caches * N_SHARES,)"""

    def fill(self, cache):
        """Note that a cache is full: requests count from now on."""
        self.numbers[cache * N_NUMBERS + FULL] = 1

    def note_request(self, cache, hit):
        """Count a request."""
        first = cache * N_NUMBERS
        if self.numbers[first + FULL] != 0:
            self.numbers[first + REQUESTS] += 1
            if hit:
                self.numbers[first + HITS] += 1

    def amount(self, cache):
        """Return how much the window is to grow by: nothing within a sample, or less than that."""
        numbers, first = self.numbers, cache * N_NUMBERS
        requests = numbers[first + REQUESTS]
        if numbers[first + FULL] == 0 or requests < numbers[first + SAMPLE]:
            return 0.0
        ratio = numbers[first + HITS] / requests
        numbers[first + HITS] = numbers[first + REQUESTS] = 0
        return self._step(cache, ratio)

    def _step(self, cache, ratio):
        numbers, first = self.numbers, cache * N_NUMBERS
        shares, at = self.shares, cache * N_SHARES
        before = shares[at + RATIO]
        few = numbers[first + CONTENTS] <= FEW
        if ratio < before:
            numbers[first + GROWING] = 1 - numbers[first + GROWING]
        if abs(ratio - before) >= SIGNIFICANT:
            shares[at + STEP] = shares[at + FIRST_STEP]
            numbers[first + SAMPLE] = 10 * numbers[first + CONTENTS]
        step = shares[at + STEP]
        shares[at + STEP] = step * (0.995 if few else 0.98)
        if few:
            longer = min(4.0, shares[at + FIRST_STEP] / shares[at + STEP])
            numbers[first + SAMPLE] = int(10 * numbers[first + CONTENTS] * longer)
        shares[at + RATIO] = ratio
        return step if numbers[first + GROWING] != 0 else -step

    def clear(self, cache: int) -> None:
        """Have a cache have learned nothing."""
        numbers, first = self.numbers, cache * N_NUMBERS
        contents = int(numbers[first + CONTENTS])
        for place in (FULL, HITS, REQUESTS):
            numbers[first + place] = 0
        numbers[first + GROWING] = int(contents <= FEW)
        numbers[first + SAMPLE] = 10 * contents
        shares, at = self.shares, cache * N_SHARES
        shares[at + STEP] = shares[at + FIRST_STEP]
        shares[at + RATIO] = 0.0

    def take_over(self, cache: int, other: WindowClimbers) -> None:
        """Have a cache have learned what it had in another state."""
        for mine, others, n in (
            (self.numbers, other.numbers, N_NUMBERS),
            (self.shares, other.shares, N_SHARES),
        ):
            mine[cache * n : (cache + 1) * n] = others[cache * n : (cache + 1) * n]


def make_window_climbers(room: Room, contents: Sequence[int]) -> WindowClimbers:
    """Return what caches know that were never full.

    Parameters
    ----------
    room : Room
        Of the caches.
    contents : sequence of int, shape (n_caches,)
        How many contents are expected to fit into each.
    """
    numbers = np.zeros((room.n_caches, N_NUMBERS), dtype=np.int64)
    numbers[:, CONTENTS] = contents
    shares = np.zeros((room.n_caches, N_SHARES))
    shares[:, FIRST_STEP] = np.maximum(2.0, 0.0625 * np.asarray(room.maxlens, dtype=np.float64))
    climbers = WindowClimbers(room.array(numbers.ravel()), room.array(shares.ravel()))
    for cache in range(room.n_caches):
        climbers.clear(cache)
    return climbers
