"""Statistics of values that were counted rather than listed.

Latencies and hop counts take few distinct values, as they are sums over the links of a path.
Counting them is exact, and takes the same memory for any number of requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

__all__ = ["cdf", "counted", "mean", "percentile"]


def counted(pairs: Iterable[tuple[float, int]]) -> dict[float, int]:
    """Return how often each value occurs, in increasing order of values.

    Parameters
    ----------
    pairs : iterable of (float, int)
        Values and their counts; a value may come several times.
    """
    counts: dict[float, int] = {}
    for value, count in pairs:
        counts[value] = counts.get(value, 0) + count
    return dict(sorted(counts.items()))


def mean(counts: Mapping[float, int]) -> float:
    """Return the mean, whatever the order of values; NaN where nothing was counted."""
    number = sum(counts.values())
    total = math.fsum(value * count for value, count in counts.items())
    return total / number if number else math.nan


def percentile(counts: Mapping[float, int], q: int) -> float:
    """Return the smallest value that at least `q` % do not exceed; NaN without any.

    Parameters
    ----------
    counts : mapping
        From value to count, in increasing order of values.
    q : int
        From 1 to 100.
    """
    # In integers: a share that is met exactly must not be missed by rounding.
    below, hundredfold = 0, q * sum(counts.values())
    for value, count in counts.items():
        below += count
        if 100 * below >= hundredfold:
            return value
    return math.nan


def cdf(counts: Mapping[float, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distribution function as ``icarus.tools.cdf`` does for a list of values.

    Parameters
    ----------
    counts : mapping
        From value to count, in increasing order of values; at least one.
    """
    below = np.cumsum(np.fromiter(counts.values(), dtype=np.int64))
    return np.fromiter(counts, dtype=np.float64), below / below[-1]
