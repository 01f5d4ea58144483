"""What the analytical models of caches share: their domains, and finding roots.

All of them solve an equation ``occupancy(T) = C`` whose left side grows from 0 to the number of
contents that are ever requested. Roots are bracketed within a factor of 2 and then found by
Brent's method, so that they do not depend on a lucky start.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "PInFunction",
    "checked_pdf",
    "checked_size",
    "checked_target",
    "chosen",
    "solve_for_time",
    "solve_occupancy",
]

PInFunction = Callable[[np.ndarray, Any], np.ndarray]
"""From probabilities, (N,), and a time to the probabilities that contents are cached, (N,)."""

_TOLERANCE = 1e-3
"""How far from 1 probabilities may sum, as in icarus.tools.DiscreteDist."""

_LONGEST = 1e300
"""Characteristic times end here, well before a product with a probability overflows."""


def checked_pdf(pdf: ArrayLike) -> np.ndarray:
    """Return probabilities as float64, (N,), which sum to 1; ValueError for anything else."""
    probabilities = np.asarray(pdf, dtype=np.float64)
    if probabilities.ndim != 1:
        raise ValueError(f"pdf must be a vector, found {probabilities.ndim} dimensions")
    if len(probabilities) == 0:
        raise ValueError("pdf is empty; it must hold the probability of each content")
    if not (probabilities >= 0).all():
        raise ValueError("pdf holds probabilities that are negative or not numbers")
    total = float(probabilities.sum())
    if not abs(total - 1) <= _TOLERANCE:
        raise ValueError(
            f"the probabilities of pdf must sum to 1, found {total}; divide them by their sum"
        )
    return np.asarray(probabilities / total)


def checked_size(cache_size: float, below: float, what: str) -> float:
    """Return a cache size if it is above 0 and less than `below`; else ValueError."""
    size = float(cache_size)
    if not 0 < size < below:
        raise ValueError(
            f"cache_size must be above 0 and less than {below:.12g}, {what}; found {cache_size!r}"
        )
    return size


def checked_target(target: int, n: int, first: int) -> int:
    """Return the position from 0 of a target that is counted from `first`."""
    position = operator.index(target) - first
    if not 0 <= position < n:
        raise ValueError(
            f"target must be from {first} to {n - 1 + first} (it counts from {first}), "
            f"found {target!r}"
        )
    return position


def solve_for_time(occupancy: Callable[[float], float], size: float) -> float:
    """Return the time T at which ``occupancy(T)``, which grows with T, reaches `size`."""
    from scipy.optimize import brentq

    high = size
    while occupancy(high) < size:
        high *= 2
        if high > _LONGEST:
            raise ValueError(f"cache_size ({size!r}) is too close to the number of contents")
    low = high / 2
    while occupancy(low) > size:
        high, low = low, low / 2
    tiny = float(np.finfo(float).tiny)
    root = brentq(lambda t: occupancy(t) - size, low, high, xtol=tiny, rtol=4 * math.ulp(1.0))
    return float(root)


def solve_occupancy(p_in: PInFunction, p: np.ndarray, cache_size: float) -> float:
    """Return the time at which the probabilities of being cached sum to the cache size."""
    requested = p[p > 0]
    size = checked_size(
        cache_size, len(requested), "the number of contents with a probability above 0"
    )
    return solve_for_time(lambda t: float(p_in(requested, t).sum()), size)


@overload
def chosen(hit_ratios: np.ndarray, target: None) -> list[float]: ...
@overload
def chosen(hit_ratios: np.ndarray, target: int | None) -> list[float] | float: ...
def chosen(hit_ratios: np.ndarray, target: int | None) -> list[float] | float:
    """Return all hit ratios, or that of a target counted from 0."""
    if target is None:
        return [float(ratio) for ratio in hit_ratios]
    return float(hit_ratios[checked_target(target, len(hit_ratios), first=0)])
