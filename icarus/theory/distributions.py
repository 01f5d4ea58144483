"""Discrete distributions to draw contents from, confidence intervals, and empirical densities.

Distributions draw from NumPy generators of their own: nothing here reads or seeds a global
one, so that two components never disturb each other's draws.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from icarus.core.randomness import generator
from icarus.types import Seed

__all__ = [
    "DiscreteDist",
    "TruncatedZipfDist",
    "cdf",
    "means_confidence_interval",
    "pdf",
    "proportions_confidence_interval",
]

_TOLERANCE = 1e-3
"""How far from 1 the probabilities of a distribution may sum."""


class DiscreteDist:
    """A distribution over 1..N with given probabilities.

    Parameters
    ----------
    pdf : array_like, shape (N,)
        Probability of each value. Their sum may differ from 1 by at most 0.001, which is
        then spread over all values in proportion.
    seed : int, SeedSequence, Generator or None, optional
        Where the draws come from; None is what `icarus.core.randomness.generator` makes of it.
        No global generator is seeded.

    Raises
    ------
    ValueError
        If the probabilities are no vector, are negative, or do not sum to 1.

    Examples
    --------
    >>> die = DiscreteDist([1 / 6] * 6, seed=1)
    >>> len(die), die.rv() in range(1, 7)
    (6, True)
    """

    def __init__(self, pdf: ArrayLike, seed: Seed = None) -> None:
        probabilities = np.array(pdf, dtype=np.float64)
        if probabilities.ndim != 1:
            raise ValueError(f"pdf must be a vector, found {probabilities.ndim} dimensions")
        if not (probabilities >= 0).all():
            raise ValueError("pdf holds probabilities that are negative or not numbers")
        total = float(probabilities.sum())
        if abs(total - 1) > _TOLERANCE:
            raise ValueError(f"the probabilities of pdf must sum to 1, found {total}")
        self._pdf = probabilities
        self._cdf = _cumulated(probabilities.copy())
        self._rng = generator(seed)

    def __len__(self) -> int:
        return len(self._pdf)

    @property
    def pdf(self) -> np.ndarray:
        """Probability of each value 1..N, float64, (N,)."""
        return self._pdf

    @property
    def cdf(self) -> np.ndarray:
        """Probability of each value 1..N or a smaller one, float64, (N,); ends in 1."""
        return self._cdf

    def rv(self) -> int:
        """Return one draw, an integer from 1 to N."""
        return int(self._cdf.searchsorted(self._rng.random(), side="right")) + 1

    def sample(self, size: int, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return many draws at once.

        Parameters
        ----------
        size : int
            How many.
        rng : Generator, optional
            Where they come from, instead of the distribution's own generator. Exactly `size`
            doubles are taken, so that draws do not depend on how they are split into calls.

        Returns
        -------
        ndarray of int64, shape (size,)
            Integers from 1 to N.
        """
        draws = (self._rng if rng is None else rng).random(size)
        # side="right" finds the first value whose cumulated probability exceeds the draw, which
        # lies in [0, 1): a value of probability 0 never comes up.
        return self._cdf.searchsorted(draws, side="right").astype(np.int64) + 1


class TruncatedZipfDist(DiscreteDist):
    """The Zipf distribution over ranks 1..n: rank i has probability proportional to i**-alpha.

    Parameters
    ----------
    alpha : float, optional
        Exponent; 0 is the uniform distribution.
    n : int, optional
        How many ranks there are.
    seed : int, SeedSequence, Generator or None, optional
        Where the draws come from; None is what `icarus.core.randomness.generator` makes of it.
        No global generator is seeded.

    Raises
    ------
    ValueError
        If `alpha` is negative or not finite, or `n` is less than 1.

    Examples
    --------
    >>> TruncatedZipfDist(alpha=1, n=2).pdf.round(3).tolist()
    [0.667, 0.333]
    """

    # Arrays may be written to, as with Icarus 0.8, whose users shuffle `pdf` in place: each
    # distribution has its own.
    # No table is held for drawing, so that there may be 10^12 ranks; probabilities are computed
    # when they are first asked for.
    def __init__(self, alpha: float = 1.0, n: int = 1000, seed: Seed = None) -> None:
        if not 0 <= alpha < math.inf:
            raise ValueError(f"alpha must be a finite number >= 0, found {alpha!r}")
        if operator.index(n) < 1:
            raise ValueError(f"n must be >= 1, found {n!r}")
        self._alpha = alpha
        self._n = operator.index(n)
        self._rng = generator(seed)

    def __len__(self) -> int:
        return self._n

    @property
    def alpha(self) -> float:
        """The exponent."""
        return self._alpha

    @cached_property
    def pdf(self) -> np.ndarray:
        """Probability of each rank 1..n, float64, (n,)."""
        weights = _zipf_weights(self._alpha, len(self))
        weights /= weights.sum()
        return weights

    @cached_property
    def cdf(self) -> np.ndarray:
        """Probability of each rank 1..n or a smaller one, float64, (n,); ends in 1."""
        return _cumulated(_zipf_weights(self._alpha, len(self)))

    def rv(self) -> int:
        """Return one draw, an integer from 1 to n."""
        return int(self.sample(1)[0])

    def sample(self, size: int, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return many draws at once, by rejection-inversion.

        Parameters
        ----------
        size : int
            How many.
        rng : Generator, optional
            Where they come from, instead of the distribution's own generator. Draws do not
            depend on how they are split into calls.

        Returns
        -------
        ndarray of int64, shape (size,)
            Integers from 1 to n.

        References
        ----------
        W. Hormann, G. Derflinger, "Rejection-inversion to generate variates from monotone
        discrete distributions", ACM Transactions on Modeling and Computer Simulation 6(3), 1996.
        """
        # Only here: the compiler takes a third of a second to import.
        from icarus.compiler.zipf_draws import draw_ranks

        ranks = np.empty(size, dtype=np.int64)
        draw_ranks(self._rng if rng is None else rng, self._n, float(self._alpha), ranks)
        return ranks


def _zipf_weights(alpha: float, n: int) -> np.ndarray:
    weights = np.arange(1, n + 1, dtype=np.float64)
    if alpha == 1:
        return np.divide(1.0, weights, out=weights)
    return np.power(weights, -alpha, out=weights)


def _cumulated(weights: np.ndarray) -> np.ndarray:
    """Turn weights, in place, into cumulated probabilities that end in exactly 1."""
    np.cumsum(weights, out=weights)
    weights /= weights[-1]
    return weights


def means_confidence_interval(
    data: Iterable[float], confidence: float = 0.95
) -> tuple[float, float]:
    """Return the mean of samples and the half-width of its confidence interval.

    Parameters
    ----------
    data : iterable of float, length n
        Independent samples, for instance one result per replication.
    confidence : float, optional
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    mean : float
        NaN where there are no samples.
    half_width : float
        ``t * s / sqrt(n)``, with the sample standard deviation s (divisor n - 1) and the quantile t
        of Student's distribution of n - 1 degrees of freedom. It is 0 for equal samples
        and for a single one, which says nothing about its spread, and NaN where there are none.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1.

    Examples
    --------
    >>> mean, half_width = means_confidence_interval([1, 2, 3, 4])
    >>> mean, round(half_width, 4)
    (2.5, 2.0543)
    """
    from scipy.special import stdtrit

    _check_confidence(confidence)
    samples = _vector(data)
    n = len(samples)
    if n == 0:
        return math.nan, math.nan
    mean = float(samples.mean())
    # Equal samples may have a mean that differs from them in the last bit.
    if n == 1 or (samples == samples[0]).all():
        return float(samples[0]), 0.0
    quantile = float(stdtrit(n - 1, (1 + confidence) / 2))
    return mean, quantile * float(samples.std(ddof=1)) / math.sqrt(n)


def proportions_confidence_interval(
    data: Iterable[float], confidence: float = 0.95
) -> tuple[float, float]:
    """Return the share of successes and the half-width of its confidence interval.

    Parameters
    ----------
    data : iterable of bool, length n
        Outcomes: true (1) for a success, false (0) for a failure.
    confidence : float, optional
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    p : float
        Share of successes, NaN where there are no outcomes.
    half_width : float
        ``z * sqrt(p * (1 - p) / n)`` with the quantile z of the normal distribution, NaN where
        there are no outcomes. This approximation is poor where n * p or n * (1 - p) is small.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1, or an outcome is neither 0 nor 1.
    """
    from scipy.special import ndtri

    _check_confidence(confidence)
    outcomes = _vector(data)
    if len(outcomes) == 0:
        return math.nan, math.nan
    strange = outcomes[(outcomes != 0) & (outcomes != 1)]
    if len(strange):
        raise ValueError(f"outcomes must be 0 or 1, found {strange[0]}")
    p = float(outcomes.mean())
    quantile = float(ndtri((1 + confidence) / 2))
    return p, quantile * math.sqrt(p * (1 - p) / len(outcomes))


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, found {confidence!r}")


def _vector(data: Iterable[Any]) -> np.ndarray:
    return np.asarray(data if isinstance(data, np.ndarray) else list(data), dtype=np.float64)


def cdf(data: Iterable[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the empirical distribution function of samples.

    Parameters
    ----------
    data : iterable of float, length n
        The samples.

    Returns
    -------
    values : ndarray, shape (m,)
        The distinct samples in increasing order.
    probabilities : ndarray, shape (m,)
        The share of samples that are equal to the value or smaller; the last is exactly 1.

    Raises
    ------
    TypeError
        If there are no samples.

    Examples
    --------
    >>> values, probabilities = cdf([3, 1, 3, 2])
    >>> values.tolist(), probabilities.tolist()
    ([1.0, 2.0, 3.0], [0.25, 0.5, 1.0])
    """
    samples = _vector(data)
    if len(samples) == 0:
        raise TypeError("there must be at least one sample")
    values, counts = np.unique(samples, return_counts=True)
    return values, np.cumsum(counts) / len(samples)


def pdf(data: Iterable[float], n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the empirical density of samples over bins of equal width.

    Parameters
    ----------
    data : iterable of float
        The samples.
    n_bins : int
        How many bins there are between the smallest and the largest sample. Each includes
        its upper edge, the first its lower edge too. Where all samples are equal the bins
        divide an interval of width 1 around them.

    Returns
    -------
    centres : ndarray, shape (n_bins,)
        Middle of each bin.
    density : ndarray, shape (n_bins,)
        Share of the samples in the bin over its width.

    Raises
    ------
    TypeError
        If there are no samples, or `n_bins` is not an integer of at least 1.
    """
    n_bins = operator.index(n_bins)
    if n_bins < 1:
        raise TypeError(f"n_bins must be at least 1, found {n_bins}")
    samples = _vector(data)
    if len(samples) == 0:
        raise TypeError("there must be at least one sample")
    low, high = float(samples.min()), float(samples.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, n_bins + 1)
    bins = np.clip(np.searchsorted(edges, samples, side="left") - 1, 0, n_bins - 1)
    density = np.bincount(bins, minlength=n_bins) / (len(samples) * (high - low) / n_bins)
    return (edges[:-1] + edges[1:]) / 2, density
