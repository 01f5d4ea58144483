"""Fagin's approximation of the hit ratios of an LRU cache, and the bound that no cache exceeds.

Times count requests: with probabilities that sum to 1, one request arrives in a unit of time.
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from icarus.theory.popularity import checked_pdf, chosen, solve_occupancy

__all__ = [
    "fagin_cache_hit_ratio",
    "fagin_characteristic_time",
    "fagin_per_content_cache_hit_ratio",
    "optimal_cache_hit_ratio",
]


def fagin_characteristic_time(pdf: ArrayLike, cache_size: float) -> float:
    """Return the characteristic time of an LRU cache by Fagin's approximation.

    Parameters
    ----------
    pdf : array_like, shape (N,)
        Probability that a request is for each content, most popular first.
    cache_size : float
        How many contents fit; above 0 and less than the number of contents with a
        probability above 0.

    Returns
    -------
    float
        In requests: the T that solves sum over i of 1 - (1 - p_i)**T = `cache_size`.

    Raises
    ------
    ValueError
        If `pdf` is empty, negative anywhere or does not sum to 1 (within 0.001), or
        `cache_size` is out of its range.

    References
    ----------
    R. Fagin, Asymptotic miss ratios over independent references, Journal of Computer and
    System Sciences 14(2), 1977, doi 10.1016/S0022-0000(77)80014-7.
    """
    p = checked_pdf(pdf)
    return solve_occupancy(_fagin_p_in, p, cache_size)


@overload
def fagin_per_content_cache_hit_ratio(
    pdf: ArrayLike, cache_size: float, target: None = None
) -> list[float]: ...
@overload
def fagin_per_content_cache_hit_ratio(pdf: ArrayLike, cache_size: float, target: int) -> float: ...
def fagin_per_content_cache_hit_ratio(
    pdf: ArrayLike, cache_size: float, target: int | None = None
) -> list[float] | float:
    """Return the hit ratio of each content in an LRU cache by Fagin's approximation.

    Parameters
    ----------
    pdf, cache_size
        As for `fagin_characteristic_time`.
    target : int, optional
        The only content wanted, **counted from 0**.

    Returns
    -------
    list of float, or float
        Of all contents, in the order of `pdf`, or of `target`.

    Raises
    ------
    ValueError
        As for `fagin_characteristic_time`, and if there is no such target.
    """
    p = checked_pdf(pdf)
    return chosen(_fagin_p_in(p, solve_occupancy(_fagin_p_in, p, cache_size)), target)


def fagin_cache_hit_ratio(pdf: ArrayLike, cache_size: float) -> float:
    """Return the overall hit ratio of an LRU cache by Fagin's approximation.

    Parameters
    ----------
    pdf, cache_size
        As for `fagin_characteristic_time`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As for `fagin_characteristic_time`.
    """
    p = checked_pdf(pdf)
    return float(p @ _fagin_p_in(p, solve_occupancy(_fagin_p_in, p, cache_size)))


def optimal_cache_hit_ratio(pdf: ArrayLike, cache_size: float) -> float:
    """Return the hit ratio of a cache that always holds the most popular contents.

    Parameters
    ----------
    pdf : array_like, shape (N,)
        Probability that a request is for each content, in any order.
    cache_size : float
        How many contents fit, above 0. Of a fraction, that share of a content is held.

    Returns
    -------
    float
        1.0 if all contents fit.

    Raises
    ------
    ValueError
        If `pdf` is empty, negative anywhere or does not sum to 1 (within 0.001), or
        `cache_size` is not above 0.
    """
    p = np.sort(checked_pdf(pdf))[::-1]
    if not cache_size > 0:
        raise ValueError(f"cache_size must be above 0, found {cache_size!r}")
    if cache_size >= len(p):
        return 1.0
    whole = math.floor(cache_size)
    return float(p[:whole].sum() + (cache_size - whole) * p[whole])


def _fagin_p_in(p: np.ndarray, t: float) -> np.ndarray:
    # Where one content is all that is requested, 0**T never takes the value that is sought.
    return np.asarray(-np.expm1(t * np.log1p(-np.minimum(p, math.nextafter(1.0, 0.0)))))
