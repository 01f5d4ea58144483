"""What a miss-ratio curve is: sizes of caches, and what is missed with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from icarus.theory.distributions import means_confidence_interval

__all__ = ["Curve", "Method", "Unit", "exact_curve", "sampled_curve"]

Unit = Literal["contents", "bytes"]
"""What capacities are given in."""

Method = Literal["stack distances", "simulation", "SHARDS", "miniature simulation"]


@dataclass(frozen=True)
class Curve:
    """Miss ratios of a policy by the size of its cache.

    Attributes
    ----------
    policy : str
        The policy, with its parameters, as it was asked for.
    method : str
        ``"stack distances"`` of LRU, ``"simulation"`` of each size; of a sample of the contents
        ``"SHARDS"`` or ``"miniature simulation"``.
    unit : {"contents", "bytes"}
        Of the sizes.
    sizes : ndarray of int64, shape (n_sizes,)
        Capacities, ascending.
    miss_ratio : ndarray of float64, shape (n_sizes,)
        Misses per request.
    byte_miss_ratio : ndarray of float64, shape (n_sizes,), or None
        Missed bytes per requested byte; None where the sizes of contents are unknown.
    half_width, byte_half_width : ndarray of float64, shape (n_sizes,), or None
        Half-widths of the 95 % confidence intervals over samples; None where all contents count.
    misses, missed_bytes : ndarray of int64, shape (n_sizes,), or None
        What the ratios are of; None where they are estimates.
    rate : float
        The share of contents that was looked at.
    """

    policy: str
    method: Method
    unit: Unit
    sizes: np.ndarray
    miss_ratio: np.ndarray
    byte_miss_ratio: np.ndarray | None = None
    half_width: np.ndarray | None = None
    byte_half_width: np.ndarray | None = None
    misses: np.ndarray | None = None
    missed_bytes: np.ndarray | None = None
    rate: float = 1.0


def exact_curve(
    policy: str,
    method: Method,
    unit: Unit,
    sizes: np.ndarray,
    misses: np.ndarray,
    missed_bytes: np.ndarray,
    n_requests: int,
    n_bytes: int | None,
) -> Curve:
    """Return the curve of what was counted for all contents.

    Parameters
    ----------
    policy, method, unit, sizes, misses, missed_bytes
        As of ``Curve``.
    n_requests : int
    n_bytes : int or None
        Of all requests; None where sizes are unknown.
    """
    known = n_bytes is not None
    return Curve(
        policy,
        method,
        unit,
        sizes,
        misses / n_requests,
        # Requests may all be for nothing.
        missed_bytes / max(n_bytes, 1) if n_bytes is not None else None,
        misses=misses,
        missed_bytes=missed_bytes if known else None,
    )


def sampled_curve(
    policy: str,
    method: Method,
    unit: Unit,
    sizes: np.ndarray,
    estimates: Sequence[tuple[np.ndarray, np.ndarray | None]],
    rate: float,
) -> Curve:
    """Return the mean of several estimates, with Student's 95 % confidence interval.

    Parameters
    ----------
    policy, method, unit, sizes, rate
        As of ``Curve``.
    estimates : sequence of (ndarray, ndarray or None)
        Of each sample: miss ratios and byte miss ratios, each of shape (n_sizes,).
    """
    mean, half = _mean_and_half_width([ratios for ratios, _ in estimates])
    by_bytes = [ratios for _, ratios in estimates if ratios is not None]
    of_bytes: tuple[Any, Any] = _mean_and_half_width(by_bytes) if by_bytes else (None, None)
    return Curve(policy, method, unit, sizes, mean, of_bytes[0], half, of_bytes[1], rate=rate)


def _mean_and_half_width(estimates: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
    table = np.stack(estimates)
    found = [means_confidence_interval(column) for column in table.T]
    means = np.array([mean for mean, _ in found])
    # A single sample says nothing about its spread.
    halves = np.array([half for _, half in found]) if len(estimates) > 1 else None
    return means, halves
