"""Che's approximation with one characteristic time for all contents, for LRU and other policies.

Times count requests: with probabilities that sum to 1, one request arrives in a unit of time.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from icarus.errors import suggestion
from icarus.theory.popularity import PInFunction, checked_pdf, chosen, solve_occupancy

__all__ = [
    "che_cache_hit_ratio_generalized",
    "che_cache_hit_ratio_simplified",
    "che_characteristic_time_generalized",
    "che_characteristic_time_simplified",
    "che_p_in_func",
    "che_per_content_cache_hit_ratio_generalized",
    "che_per_content_cache_hit_ratio_simplified",
]


def che_characteristic_time_simplified(pdf: ArrayLike, cache_size: float) -> float:
    """Return the one characteristic time of an LRU cache by Che's simplified approximation.

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
        In requests: the T that solves sum over i of 1 - exp(-p_i T) = `cache_size`.

    Raises
    ------
    ValueError
        If `pdf` is empty, negative anywhere or does not sum to 1 (within 0.001), or
        `cache_size` is out of its range.

    References
    ----------
    C. Fricker, P. Robert and J. Roberts, A versatile and accurate approximation for LRU cache
    performance, International Teletraffic Congress 24, 2012, arXiv 1202.3974.
    """
    return che_characteristic_time_generalized(pdf, cache_size, "LRU")


@overload
def che_per_content_cache_hit_ratio_simplified(
    pdf: ArrayLike, cache_size: float, target: None = None
) -> list[float]: ...
@overload
def che_per_content_cache_hit_ratio_simplified(
    pdf: ArrayLike, cache_size: float, target: int
) -> float: ...
def che_per_content_cache_hit_ratio_simplified(
    pdf: ArrayLike, cache_size: float, target: int | None = None
) -> list[float] | float:
    """Return the hit ratio of each content in an LRU cache by Che's simplified approximation.

    Parameters
    ----------
    pdf, cache_size
        As for `che_characteristic_time_simplified`.
    target : int, optional
        The only content wanted, **counted from 0**.

    Returns
    -------
    list of float, or float
        Of all contents, in the order of `pdf`, or of `target`.

    Raises
    ------
    ValueError
        As for `che_characteristic_time_simplified`, and if there is no such target.
    """
    return chosen(che_per_content_cache_hit_ratio_generalized(pdf, cache_size, "LRU"), target)


def che_cache_hit_ratio_simplified(pdf: ArrayLike, cache_size: float) -> float:
    """Return the overall hit ratio of an LRU cache by Che's simplified approximation.

    Parameters
    ----------
    pdf, cache_size
        As for `che_characteristic_time_simplified`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As for `che_characteristic_time_simplified`.

    Examples
    --------
    >>> round(che_cache_hit_ratio_simplified([0.5, 0.25, 0.125, 0.125], 2), 3)
    0.617
    """
    return che_cache_hit_ratio_generalized(pdf, cache_size, "LRU")


def che_p_in_func(policy: str, **policy_args: Any) -> PInFunction:
    """Return the probability that a content is cached as a function of popularity and time.

    Parameters
    ----------
    policy : {"LRU", "q-LRU", "FIFO", "RANDOM"}
        q-LRU is LRU that inserts a missed content with probability q.
    **policy_args
        ``q``, above 0 and at most 1, for q-LRU.

    Returns
    -------
    callable
        Takes probabilities, (N,), and the characteristic time, float; returns an array, (N,).

    Raises
    ------
    ValueError
        If there is no such policy, or `q` is missing or out of its range.
    """
    if policy == "q-LRU":
        if "q" not in policy_args:
            raise ValueError("policy q-LRU needs q, the probability of insertion")
        q = float(policy_args["q"])
        if not 0 < q <= 1:
            raise ValueError(f"q must be above 0 and at most 1, found {policy_args['q']!r}")
        return lambda p, t: _q_lru_p_in(p, t, q)
    if policy not in _P_IN:
        known = suggestion(policy, [*_P_IN, "q-LRU"])
        raise ValueError(f"there is no model of policy {policy!r}; {known}")
    return _P_IN[policy]


def che_characteristic_time_generalized(
    pdf: ArrayLike, cache_size: float, policy: str, **policy_args: Any
) -> float:
    """Return the characteristic time of a cache by Che's approximation for several policies.

    Parameters
    ----------
    pdf : array_like, shape (N,)
        Probability that a request is for each content, most popular first.
    cache_size : float
        How many contents fit; above 0 and less than the number of contents with a
        probability above 0.
    policy : {"LRU", "q-LRU", "FIFO", "RANDOM"}
        q-LRU is LRU that inserts a missed content with probability q.
    **policy_args
        ``q``, above 0 and at most 1, for q-LRU.

    Returns
    -------
    float
        In requests: the T at which the probabilities that contents are cached sum to
        `cache_size`. Of FIFO and RANDOM, whose hit ratios are equal, it is the mean time
        that a content stays.

    Raises
    ------
    ValueError
        If `pdf` is empty, negative anywhere or does not sum to 1 (within 0.001), `cache_size`
        is out of its range, there is no such policy, or `q` is missing or out of its range.

    References
    ----------
    V. Martina, M. Garetto and E. Leonardi, A unified approach to the performance analysis of
    caching systems, INFOCOM 2014, doi 10.1109/INFOCOM.2014.6848145.
    """
    return solve_occupancy(che_p_in_func(policy, **policy_args), checked_pdf(pdf), cache_size)


def che_per_content_cache_hit_ratio_generalized(
    pdf: ArrayLike, cache_size: float, policy: str, **policy_args: Any
) -> np.ndarray:
    """Return the hit ratio of each content by Che's approximation for several policies.

    Parameters
    ----------
    pdf, cache_size, policy, **policy_args
        As for `che_characteristic_time_generalized`.

    Returns
    -------
    ndarray of float64, shape (N,)

    Raises
    ------
    ValueError
        As for `che_characteristic_time_generalized`.
    """
    p, p_in = checked_pdf(pdf), che_p_in_func(policy, **policy_args)
    return p_in(p, solve_occupancy(p_in, p, cache_size))


def che_cache_hit_ratio_generalized(
    pdf: ArrayLike, cache_size: float, policy: str = "LRU", **policy_args: Any
) -> float:
    """Return the overall hit ratio by Che's approximation for several policies.

    Parameters
    ----------
    pdf, cache_size, policy, **policy_args
        As for `che_characteristic_time_generalized`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As for `che_characteristic_time_generalized`.
    """
    hits = che_per_content_cache_hit_ratio_generalized(pdf, cache_size, policy, **policy_args)
    return float(checked_pdf(pdf) @ hits)


def _lru_p_in(p: np.ndarray, t: Any) -> np.ndarray:
    return np.asarray(-np.expm1(-p * t))


def _fifo_p_in(p: np.ndarray, t: float) -> np.ndarray:
    return np.asarray(p * t / (1 + p * t))


def _q_lru_p_in(p: np.ndarray, t: float, q: float) -> np.ndarray:
    inserted = -q * np.expm1(-p * t)
    return np.asarray(inserted / (np.exp(-p * t) + inserted))


_P_IN: dict[str, PInFunction] = {"LRU": _lru_p_in, "FIFO": _fifo_p_in, "RANDOM": _fifo_p_in}
