"""Whether the means of two samples differ: t tests of many pairs of samples at once.

Arrays have a row for each experiment and a column for each metric. Values are NaN where there are
none, and then neither they nor their partners count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["Differences", "Samples", "differences", "holm"]

_ROUNDING = 8 * np.finfo(np.float64).eps
"""Of two numbers, as a share of the larger, by which they differ if they only differ in the order
in which they were summed."""


@dataclass(frozen=True)
class Samples:
    """The values of one side.

    Attributes
    ----------
    values : ndarray of float, shape (n_values, n_metrics)
    experiments : ndarray of int, shape (n_values,)
        The number of the experiment that each is of.
    """

    values: np.ndarray
    experiments: np.ndarray


@dataclass(frozen=True)
class Differences:
    """Estimates and tests, all of shape (n_experiments, n_metrics)."""

    n_a: np.ndarray
    n_b: np.ndarray
    """Values that count, as floats; for pairs both are the number of pairs."""
    mean_a: np.ndarray
    mean_b: np.ndarray
    difference: np.ndarray
    """`mean_b` less `mean_a`; NaN where there are no values."""
    half_width: np.ndarray
    """Of the confidence interval; NaN where too few values give none."""
    p: np.ndarray
    """NaN where there was no test to make."""
    exact: np.ndarray
    """Whether there is no test as chance has no part in it: see ``differences``."""
    there: np.ndarray
    """Whether either side has any value."""


class _Moments(NamedTuple):
    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    """With the divisor n - 1; NaN for fewer than two values."""
    same: np.ndarray
    """Whether all values are the same but for rounding."""


def differences(a: Samples, b: Samples, paired: np.ndarray, alpha: float) -> Differences:
    """Compare the means of experiments.

    Parameters
    ----------
    a, b : Samples
        Those of pairs come first, each at the place of its partner.
    paired : ndarray of bool, shape (n_experiments,)
        Whether an experiment's values are pairs: Student's t test of their differences. Otherwise
        Welch's t test.
    alpha : float
        The intervals cover the difference with a probability of ``1 - alpha``.

    Returns
    -------
    Differences
        It is exact, without p, where a metric is the same in all replications of each experiment,
        on both sides, so that chance has no part in it; and where there is one value or pair, and
        no difference.

    Notes
    -----
    Where values differ between replications but their differences do not, the spread of the
    differences is not 0 but finer than the metric: what is rounded to steps of h has a variance of
    h**2 / 12 that does not show (Sheppard). For h stands the least distance of two values of the
    metric, in any experiment. The same is done for Welch's test where neither side varies.
    """
    shape = len(paired), a.values.shape[1]
    n_pairs = int(paired[a.experiments].sum())
    values_a, values_b = a.values.copy(), b.values.copy()
    there = np.zeros(shape, dtype=bool)
    for one in (a, b):
        np.logical_or.at(there, one.experiments, ~np.isnan(one.values))
    alone = np.isnan(values_a[:n_pairs]) | np.isnan(values_b[:n_pairs])
    values_a[:n_pairs][alone] = values_b[:n_pairs][alone] = np.nan
    scale = np.maximum(_largest(values_a, a.experiments, shape),
                       _largest(values_b, b.experiments, shape))  # fmt: skip
    slack = _ROUNDING * scale
    of_a = _moments(values_a, a.experiments, slack)
    of_b = _moments(values_b, b.experiments, slack)
    each = values_b[:n_pairs] - values_a[:n_pairs]
    of_pairs = _moments(each, a.experiments[:n_pairs], slack)

    is_paired = paired[:, np.newaxis]
    difference = np.where(is_paired, of_pairs.mean, of_b.mean - of_a.mean)
    difference[np.abs(difference) <= slack] = 0.0
    hidden = np.where(difference == 0, 0.0, _steps(values_a, values_b) ** 2 / 12)
    of_each = zip(_of_pairs(of_pairs, hidden), _of_welch(of_a, of_b, hidden), strict=True)
    error, freedom = (np.where(is_paired, pairs, welch) for pairs, welch in of_each)
    half_width, p = _tested(difference, error, freedom, alpha)

    several = freedom > 0
    fixed = (of_a.same & of_b.same).all(axis=0) & several
    single = ~several & (difference == 0) & of_a.same & of_b.same
    exact = fixed | single
    half_width = np.where(fixed, 0.0, half_width)
    p = np.where(exact, np.nan, p)
    return Differences(
        of_a.n, of_b.n, of_a.mean, of_b.mean, difference, half_width, p, exact, there
    )


def _largest(values: np.ndarray, experiments: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the largest magnitude of each experiment's values, 0 where there are none."""
    found = np.zeros(shape)
    np.maximum.at(found, experiments, np.nan_to_num(np.abs(values)))
    return found


def _moments(values: np.ndarray, experiments: np.ndarray, slack: np.ndarray) -> _Moments:
    there = ~np.isnan(values)
    n, total, squares = (np.zeros(slack.shape) for _ in range(3))
    low, high = np.full(slack.shape, np.inf), np.full(slack.shape, -np.inf)
    np.add.at(n, experiments, there)
    np.add.at(total, experiments, np.where(there, values, 0.0))
    np.minimum.at(low, experiments, np.where(there, values, np.inf))
    np.maximum.at(high, experiments, np.where(there, values, -np.inf))
    with np.errstate(invalid="ignore", divide="ignore"):
        same = high - low <= slack
        # Equal values may have a mean that differs from them in the last bit.
        mean = np.where(high == low, low, total / n)
        off = np.where(there, values - mean[experiments], 0.0)
        np.add.at(squares, experiments, off**2)
        variance = np.where(n > 1, squares / (n - 1), np.nan)
    return _Moments(n, np.where(n > 0, mean, np.nan), np.where(same, variance * 0, variance), same)


def _steps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the least distance of two values of each metric, in a row; 0 where all are equal."""
    steps = np.zeros((1, a.shape[1]))
    for metric in range(a.shape[1]):
        values = np.unique(np.concatenate([a[:, metric], b[:, metric]]))
        values = values[~np.isnan(values)]
        gaps = np.diff(values)
        gaps = gaps[gaps > _ROUNDING * np.abs(values).max(initial=0.0)]
        steps[0, metric] = gaps.min(initial=np.inf) if len(gaps) else 0.0
    return steps


def _of_pairs(pairs: _Moments, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return standard errors and degrees of freedom, 0 where there are too few pairs."""
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.where(pairs.same, hidden, pairs.variance) / pairs.n)
    return error, np.where(pairs.n > 1, pairs.n - 1, 0.0)


def _of_welch(a: _Moments, b: _Moments, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the same of Welch's test, with the degrees of freedom of Satterthwaite."""
    neither = a.same & b.same
    with np.errstate(invalid="ignore", divide="ignore"):
        of_a, of_b = (np.where(neither, hidden, one.variance) / one.n for one in (a, b))
        both = of_a + of_b
        share = np.where(both == 0, 0.5, of_a / both)
        freedom = 1 / (share**2 / (a.n - 1) + (1 - share) ** 2 / (b.n - 1))
    return np.sqrt(both), np.where((a.n > 1) & (b.n > 1), freedom, 0.0)


def _tested(
    difference: np.ndarray, error: np.ndarray, freedom: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return half-widths and p values of Student's t, NaN without degrees of freedom."""
    # The statistics of SciPy take half a second to import; these are what they are made of.
    from scipy.special import stdtr, stdtrit

    tested = freedom > 0
    half_width, p = np.full(error.shape, np.nan), np.full(error.shape, np.nan)
    half_width[tested] = stdtrit(freedom[tested], 1 - alpha / 2) * error[tested]
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(difference[tested]) / error[tested]
    p[tested] = 2 * stdtr(freedom[tested], -np.where(difference[tested] == 0, 0.0, t))
    return half_width, p


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values corrected for their number by the step-down method of Holm.

    Whoever rejects what is at most alpha is wrong about any with a probability of at most alpha,
    however the tests depend on each other.

    Parameters
    ----------
    p : ndarray
        NaN where there was no test; these do not count.

    Returns
    -------
    ndarray
        Of the same shape.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), 1979.
    """
    corrected = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    values = p[tested]
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    back = np.empty(len(values))
    back[order] = np.minimum(steps, 1.0)
    corrected[tested] = back
    return corrected
