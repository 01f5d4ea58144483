"""Hit ratios of an LRU cache under Zipf popularity, as the root of a polynomial."""

from __future__ import annotations

import operator
from typing import overload

import numpy as np

from icarus.theory.popularity import checked_size, checked_target

__all__ = [
    "laoutaris_cache_hit_ratio",
    "laoutaris_characteristic_time",
    "laoutaris_per_content_cache_hit_ratio",
]

_REAL = 1e-6
"""Imaginary parts up to this share of a root are those that rounding gives a double root."""


def laoutaris_characteristic_time(
    alpha: float, population: int, cache_size: float, order: int = 3
) -> float:
    """Return the characteristic time of an LRU cache by Laoutaris' closed-form approximation.

    Parameters
    ----------
    alpha : float
        Exponent of the Zipf distribution, at least 0.
    population : int
        How many contents there are.
    cache_size : float
        How many contents fit; above 0 and less than `population`.
    order : {2, 3}, optional
        Degree of the polynomial that stands for the exponential function.

    Returns
    -------
    float
        In requests: the smallest real root of the polynomial above `cache_size`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or there is no such root. `che_characteristic_time`
        has no such gaps.

    Notes
    -----
    It is an expansion around T = `cache_size`, and poor where the true time is much longer: for
    alpha = 0.8, 100 contents and a cache of 40 it gives 41.0, Che's approximation 72.2.

    References
    ----------
    N. Laoutaris, A closed-form method for LRU replacement under generalized power-law demand,
    2007, arXiv 0705.1970.
    """
    n, c = _checked(alpha, population, cache_size)
    polynomial = _polynomial(alpha, n, c, order)
    # In units of the cache size, so that coefficients are of similar magnitude.
    roots = np.roots(polynomial * c ** np.arange(order, -1, -1))
    real = roots.real[(np.abs(roots.imag) <= _REAL * np.abs(roots)) & (roots.real > 1)]
    if len(real) == 0:
        raise ValueError(
            f"the approximation of order {order} has no real root above the cache size for "
            f"alpha={alpha!r}, population={n}, cache_size={cache_size!r}; "
            f"che_characteristic_time_simplified has one for every cache"
        )
    return float(real.min()) * c


@overload
def laoutaris_per_content_cache_hit_ratio(
    alpha: float, population: int, cache_size: float, order: int = 3, target: None = None
) -> list[float]: ...
@overload
def laoutaris_per_content_cache_hit_ratio(
    alpha: float, population: int, cache_size: float, order: int = 3, *, target: int
) -> float: ...
@overload
def laoutaris_per_content_cache_hit_ratio(
    alpha: float, population: int, cache_size: float, order: int, target: int
) -> float: ...
def laoutaris_per_content_cache_hit_ratio(
    alpha: float, population: int, cache_size: float, order: int = 3, target: int | None = None
) -> list[float] | float:
    """Return the hit ratio of each content in an LRU cache by Laoutaris' approximation.

    Parameters
    ----------
    alpha, population, cache_size, order
        As for `laoutaris_characteristic_time`.
    target : int, optional
        The only content wanted, **counted from 1** (its rank). Those of Fagin's and Che's
        functions for hit ratios count from 0; that is how Icarus 0.8 has it.

    Returns
    -------
    list of float, or float
        Of all contents, by rank, or of `target`.

    Raises
    ------
    ValueError
        As for `laoutaris_characteristic_time`, and if there is no such target.
    """
    hits = _hit_ratios(alpha, population, cache_size, order)
    if target is None:
        return [float(ratio) for ratio in hits]
    return float(hits[checked_target(target, len(hits), first=1)])


def laoutaris_cache_hit_ratio(
    alpha: float, population: int, cache_size: float, order: int = 3
) -> float:
    """Return the overall hit ratio of an LRU cache by Laoutaris' approximation.

    Parameters
    ----------
    alpha, population, cache_size, order
        As for `laoutaris_characteristic_time`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As for `laoutaris_characteristic_time`.
    """
    hits = _hit_ratios(alpha, population, cache_size, order)
    return float(_zipf(alpha, len(hits)) @ hits)


def _checked(alpha: float, population: int, cache_size: float) -> tuple[int, float]:
    if not 0 <= alpha < np.inf:
        raise ValueError(f"alpha must be at least 0, found {alpha!r}")
    n = operator.index(population)
    if n < 1:
        raise ValueError(f"population must be at least 1, found {population!r}")
    return n, checked_size(cache_size, n, "the number of contents")


def _hit_ratios(alpha: float, population: int, cache_size: float, order: int) -> np.ndarray:
    time = laoutaris_characteristic_time(alpha, population, cache_size, order)
    return -np.expm1(-_zipf(alpha, population) * time)


def _zipf(alpha: float, n: int) -> np.ndarray:
    weights = np.arange(1, n + 1, dtype=float) ** -alpha
    return np.asarray(weights / weights.sum())


def _polynomial(alpha: float, n: int, c: float, order: int) -> np.ndarray:
    """Return the coefficients of the polynomial in the time, highest power first."""
    if order not in (2, 3):
        raise ValueError(f"order must be 2 or 3, found {order!r}")
    zipf = _zipf(alpha, n)
    # s[k] is the sum over contents of the k-th power of their probability.
    s = [float((zipf**k).sum()) for k in range(7)]
    if order == 2:
        return np.array(
            [
                s[2] / 2 - s[3] * c / 2 + s[4] * c**2 / 4,
                -1 + s[3] * c**2 / 2 - s[4] * c**3 / 2,
                c + s[4] * c**4 / 4,
            ]
        )
    return np.array(
        [
            -s[3] / 6 + s[4] * c / 6 - s[5] * c**2 / 12 + s[6] * c**3 / 36,
            s[2] / 2 - s[4] * c**2 / 4 + s[5] * c**3 / 6 - s[6] * c**4 / 12,
            -1 + s[4] * c**3 / 6 - s[5] * c**4 / 12 + s[6] * c**5 / 12,
            c - s[4] * c**4 / 12 - s[6] * c**6 / 36,
        ]
    )
