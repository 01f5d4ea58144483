"""Che's approximation of the hit ratios of an LRU cache, with a characteristic time per content.

Times count requests: with probabilities that sum to 1, one request arrives in a unit of time.
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from icarus.theory.popularity import (
    checked_pdf,
    checked_size,
    checked_target,
    chosen,
    solve_for_time,
)

__all__ = [
    "che_cache_hit_ratio",
    "che_characteristic_time",
    "che_per_content_cache_hit_ratio",
]

_HIGHEST_DEGREE = 1000
"""Probabilities that differ by some thirty orders of magnitude need more."""


@overload
def che_characteristic_time(
    pdf: ArrayLike, cache_size: float, target: None = None
) -> list[float]: ...
@overload
def che_characteristic_time(pdf: ArrayLike, cache_size: float, target: int) -> float: ...
def che_characteristic_time(
    pdf: ArrayLike, cache_size: float, target: int | None = None
) -> list[float] | float:
    """Return the characteristic time of each content in an LRU cache by Che's approximation.

    Parameters
    ----------
    pdf : array_like, shape (N,)
        Probability that a request is for each content, most popular first.
    cache_size : float
        How many contents fit; above 0 and less than M - 1, where M contents have a
        probability above 0.
    target : int, optional
        The only content wanted, **counted from 1**. The functions for hit ratios of single
        contents count from 0; that is how Icarus 0.8 has it.

    Returns
    -------
    list of float, or float
        In requests, of all contents or of `target`: the T_i that solves
        sum over j != i of 1 - exp(-p_j T_i) = `cache_size`. It is at least `cache_size`,
        and the less popular the content, the shorter it is.

    Raises
    ------
    ValueError
        If `pdf` is empty, negative anywhere or does not sum to 1 (within 0.001), `cache_size`
        is out of its range, or there is no such target.

    Notes
    -----
    Sums over N contents for N unknowns would cost N**2. But all equations share the sum over all
    contents, a smooth function of log T, which over the range in question a Chebyshev polynomial
    of degree K, some tens, gives to full precision. The cost is K N.

    References
    ----------
    H. Che, Y. Tung and Z. Wang, Hierarchical Web caching systems: modeling, design and
    experimental results, IEEE JSAC 20(7), 2002, doi 10.1109/JSAC.2002.801752.
    """
    p = checked_pdf(pdf)
    if target is None:
        return [float(t) for t in _che_times(p, cache_size)]
    return _che_time_of(p, cache_size, checked_target(target, len(p), first=1))


@overload
def che_per_content_cache_hit_ratio(
    pdf: ArrayLike, cache_size: float, target: None = None
) -> list[float]: ...
@overload
def che_per_content_cache_hit_ratio(pdf: ArrayLike, cache_size: float, target: int) -> float: ...
def che_per_content_cache_hit_ratio(
    pdf: ArrayLike, cache_size: float, target: int | None = None
) -> list[float] | float:
    """Return the hit ratio of each content in an LRU cache by Che's approximation.

    Parameters
    ----------
    pdf, cache_size
        As for `che_characteristic_time`.
    target : int, optional
        The only content wanted, **counted from 0**, unlike that of `che_characteristic_time`.

    Returns
    -------
    list of float, or float
        1 - exp(-p_i T_i) of all contents, in the order of `pdf`, or of `target`.

    Raises
    ------
    ValueError
        As for `che_characteristic_time`.
    """
    p = checked_pdf(pdf)
    if target is None:
        return chosen(-np.expm1(-p * _che_times(p, cache_size)), None)
    position = checked_target(target, len(p), first=0)
    return float(-np.expm1(-p[position] * _che_time_of(p, cache_size, position)))


def che_cache_hit_ratio(pdf: ArrayLike, cache_size: float) -> float:
    """Return the overall hit ratio of an LRU cache by Che's approximation.

    Parameters
    ----------
    pdf, cache_size
        As for `che_characteristic_time`.

    Returns
    -------
    float
        The more contents there are, the less it differs from
        `che_cache_hit_ratio_simplified`. For a handful of contents it is too high, and may
        even exceed `optimal_cache_hit_ratio`.

    Raises
    ------
    ValueError
        As for `che_characteristic_time`.
    """
    p = checked_pdf(pdf)
    return float(p @ -np.expm1(-p * _che_times(p, cache_size)))


def _che_size(p: np.ndarray, cache_size: float) -> float:
    what = (
        "one less than the number of contents with a probability above 0 (for larger caches, see "
        "the simplified form)"
    )
    return checked_size(cache_size, int(np.count_nonzero(p)) - 1, what)


def _che_time_of(p: np.ndarray, cache_size: float, position: int) -> float:
    size = _che_size(p, cache_size)
    others = np.delete(p, position)
    return solve_for_time(lambda t: float(-np.expm1(-others * t).sum()), size)


def _che_times(p: np.ndarray, cache_size: float) -> np.ndarray:
    """Return the times of all contents, (N,)."""
    size = _che_size(p, cache_size)

    def occupancy(t: float) -> float:
        return float(-np.expm1(-p * t).sum())

    # T_i solves occupancy(T_i) - h_i = size for some hit ratio h_i within 0 and 1.
    first, last = solve_for_time(occupancy, size), solve_for_time(occupancy, size + 1)
    degree = _sufficient_degree(math.log(last / first), len(p))
    if degree > _HIGHEST_DEGREE:
        return np.array([_che_time_of(p, cache_size, i) for i in range(len(p))])
    total = np.polynomial.Chebyshev.interpolate(
        lambda nodes: np.array([occupancy(math.exp(u)) for u in nodes]),
        degree,
        (math.log(first), math.log(last)),
    )
    times = _newton(total, p, size, first, last)
    # Where a content is more popular than the next by ten orders of magnitude, what it takes away
    # from the common sum leaves no digits of the slope.
    error = np.abs(total(np.log(times)) + np.expm1(-p * times) - size)
    for i in np.flatnonzero(~(error <= 1e-10 * size)):
        times[i] = _che_time_of(p, cache_size, int(i))
    return times


def _newton(
    total: np.polynomial.Chebyshev, p: np.ndarray, size: float, first: float, last: float
) -> np.ndarray:
    """Return the times at which `total` less the content's own part is `size`, (N,)."""
    slope = total.deriv()
    times = np.full(len(p), first)
    # The left side is concave in T_i, so that steps from the left never overshoot.
    for _ in range(100):
        u = np.log(times)
        missing = size - (total(u) + np.expm1(-p * times))
        with np.errstate(divide="ignore", invalid="ignore"):
            step = missing / (slope(u) / times - p * np.exp(-p * times))
        times = np.clip(times + np.nan_to_num(step), first, last)
        if (np.abs(step) <= 1e-12 * times).all():
            break
    return times


def _sufficient_degree(length: float, n: int) -> int:
    """Return the degree of a polynomial in log T that is exact over an interval of that length."""
    # The occupancy at exp(u) for complex u is bounded by 2 n where abs(imag(u)) <= pi / 2, and so
    # on an ellipse around the interval, whose size gives the error of each degree (Trefethen,
    # Approximation Theory and Approximation Practice, theorem 8.2).
    height = math.pi / length
    rho = height + math.sqrt(height * height + 1)
    return math.ceil((37 + math.log(8 * n)) / math.log(rho)) + 1
