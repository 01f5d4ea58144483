"""Random streams of a workload, one for each thing that it draws.

Arrival times, receivers and contents each have a stream of their own, so that requests do not
depend on how many are drawn at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from icarus.core.randomness import seed_sequence
from icarus.types import Seed

__all__ = [
    "CHANGES",
    "CONTENTS",
    "GAPS",
    "RECEIVERS",
    "SIZES",
    "PoissonClock",
    "WorkloadStreams",
    "measured_after",
    "spans",
]

GAPS, RECEIVERS, CONTENTS, CHANGES, SIZES = 0, 1, 2, 7, 8
"""Keys of the streams."""


class WorkloadStreams:
    """The generators that a workload's seed gives, the same ones each time they are made.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None
        A SeedSequence is not changed, nor are its children handed out. From a Generator one
        integer is drawn. None is unpredictable, but fixed from here on.
    """

    def __init__(self, seed: Seed) -> None:
        if isinstance(seed, np.random.Generator):
            seed = int(seed.integers(2**63))
        self._root = seed if isinstance(seed, np.random.SeedSequence) else seed_sequence(seed)

    def generator(self, key: int) -> np.random.Generator:
        """Return a new generator at the start of the stream `key`."""
        return np.random.default_rng(self._sequence(key))

    def number(self, key: int) -> int:
        """Return the salt of hashes that stand for the stream `key`, from 1 to 2**64 - 1."""
        return max(1, int(self._sequence(key).generate_state(1, np.uint64)[0]))

    def _sequence(self, key: int) -> np.random.SeedSequence:
        root = self._root
        return np.random.SeedSequence(
            root.entropy, spawn_key=(*root.spawn_key, key), pool_size=root.pool_size
        )


class PoissonClock:
    """The arrival times of a Poisson process that begins at time 0.

    Parameters
    ----------
    rng : Generator
        Where the gaps between arrivals come from.
    rate : float
        Mean number of arrivals a second.
    """

    def __init__(self, rng: np.random.Generator, rate: float) -> None:
        self._rng = rng
        self._rate = rate
        self._now = 0.0

    def next(self, n: int) -> np.ndarray:
        """Return the next `n` arrival times in seconds, float64, (n,)."""
        # One running sum over all calls: the clock is its first term, so that rounding does
        # not depend on how many times are asked for at once.
        times = np.empty(n + 1)
        times[0] = self._now
        self._rng.standard_exponential(out=times[1:])
        times[1:] /= self._rate
        np.cumsum(times, out=times)
        self._now = float(times[-1])
        return times[1:]


def measured_after(n_warmup: int, start: int, stop: int) -> np.ndarray:
    """Return whether each of the requests `start` to `stop` comes after the warm-up, bool, (n,)."""
    measured = np.ones(stop - start, dtype=np.bool_)
    measured[: max(n_warmup - start, 0)] = False
    return measured


def spans(n: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds ``(start, stop)`` that divide `n` requests into batches of `size`."""
    for start in range(0, n, size):
        yield start, min(start + size, n)
