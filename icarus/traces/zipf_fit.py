"""Fitting a Zipf distribution to how often contents were requested, and testing the fit.

The ranks of contents come from the counts themselves: the content that happened to be requested
most often is the first. Counts that are sorted look more like a power law than they are, so that
the tables of the chi-square test do not hold. The test compares the counts with those of
simulated requests, which are ranked and fitted in the same way (a parametric bootstrap).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["MOST_TESTED", "fit_exponent", "p_of_counts", "p_of_frequencies"]

MOST_TESTED = 5 * 10**5
"""Contents up to which the fit is tested, which takes a few seconds then."""

_SEED = 20140317
_SIMULATIONS = 100
_FEWEST_SIMULATIONS = 12
_CONTENTS_SIMULATED = 2 * 10**6
"""How many contents all simulations together have, beyond the fewest."""
_MOST_UNSEEN = 64
"""Contents that there may be for each that was requested."""
_CLEAR = 1e-9
"""A p-value below which more simulations change nothing."""
_STEPS = 6
_CLOSE = 0.002


def fit_exponent(observed: np.ndarray) -> float:
    """Return the exponent that makes frequencies, (n,) by rank, most likely."""
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    log_rank = _log_ranks(len(observed))
    mean_log_rank = _dot(observed, log_rank) / float(observed.sum())

    def cost(alpha: float) -> float:
        return alpha * mean_log_rank + float(logsumexp(-alpha * log_rank))

    return float(minimize_scalar(cost).x)


def p_of_frequencies(observed: np.ndarray, alpha: float) -> float:
    """Return the p-value of Pearson's chi-square test of frequencies whose ranks are known."""
    from scipy.special import chdtrc

    expected = float(observed.sum()) * _probabilities(alpha, len(observed))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        terms = np.where(observed == expected, 0.0, (observed - expected) ** 2 / expected)
    return float(chdtrc(len(observed) - 1, terms.sum()))


def p_of_counts(counts: np.ndarray, alpha: float) -> float:
    """Return the p-value of counts, (n,), whose ranks they gave themselves.

    Parameters
    ----------
    counts : ndarray
        Most frequent first. If one is 0, these are all contents that there are; else there may be
        others that were not requested.
    alpha : float
        The exponent that was fitted to them.

    Returns
    -------
    float
        How likely requests for a Zipf catalogue are to fit as badly as these by the likelihood
        ratio, whose distribution is taken to be the gamma distribution with the mean and the
        variance of simulated ones; NaN for more than `MOST_TESTED` contents.
    """
    if len(counts) > MOST_TESTED:
        return float("nan")
    rng = np.random.default_rng(_SEED)
    null = _Catalogue(counts, alpha)
    null.correct(alpha, rng)
    found = _misfit(counts, alpha)
    simulated = [null.misfit(rng) for _ in range(_FEWEST_SIMULATIONS)]
    p = _tail(found, np.array(simulated))
    if p < _CLEAR:
        return p
    n = min(_CONTENTS_SIMULATED // null.n_contents, _SIMULATIONS) - len(simulated)
    simulated += [null.misfit(rng) for _ in range(n)]
    return _tail(found, np.array(simulated))


def _tail(found: float, simulated: np.ndarray) -> float:
    """Return the share of a gamma distribution fitted to `simulated` that is above `found`."""
    from scipy.special import gammaincc

    mean, variance = float(simulated.mean()), float(simulated.var(ddof=1))
    if variance <= 1e-12 * mean**2 or mean <= 0:
        return float(found <= mean * (1 + 1e-6) + 1e-6)
    return float(gammaincc(mean**2 / variance, max(found, 0.0) * mean / variance))


class _Catalogue:
    """A Zipf catalogue whose requests, once ranked, look like the counts that were found."""

    def __init__(self, counts: np.ndarray, alpha: float) -> None:
        self._n_requests = int(counts.sum())
        self._n_found = len(counts)
        self._all_known = bool((counts == 0).any())
        self._set_exponent(alpha)

    def correct(self, fitted: float, rng: np.random.Generator) -> None:
        """Choose the exponent so that simulated requests give the `fitted` one on average.

        Ranking by count makes an exponent look larger than it is: 0.09 for 100,000 requests of
        1,000 contents that are equally popular.
        """
        for _ in range(_STEPS):
            excess = _quick_fit(self._counts(rng), self.alpha) - fitted
            if abs(excess) < _CLOSE:
                return
            self._set_exponent(max(0.0, self.alpha - excess))

    def misfit(self, rng: np.random.Generator) -> float:
        """Return how badly simulated requests fit the exponent that is fitted to them."""
        counts = self._counts(rng)
        return _misfit(counts, _quick_fit(counts, self.alpha))

    def _set_exponent(self, alpha: float) -> None:
        self.alpha = alpha
        self.n_contents = self._n_found
        if not self._all_known:
            self.n_contents = _catalogue_size(alpha, self._n_requests, self._n_found)
        self._probabilities = _probabilities(alpha, self.n_contents)

    def _counts(self, rng: np.random.Generator) -> np.ndarray:
        drawn = rng.multinomial(self._n_requests, self._probabilities)
        if not self._all_known:
            drawn = drawn[drawn > 0]
        return np.sort(drawn)[::-1].astype(np.float64)


def _catalogue_size(alpha: float, n_requests: int, n_found: int) -> int:
    """Return of how many contents `n_found` would be requested, on average."""

    def expected(n: int) -> float:
        # Ranks beyond the first hundred, in groups whose popularity hardly differs.
        edges = np.unique(np.geomspace(1, n + 1, 600).astype(np.int64))
        edges = np.union1d(edges, np.arange(1, min(n + 1, 100) + 1))
        group = np.diff(edges)
        weights = np.sqrt(edges[:-1] * (edges[1:] - 1.0)) ** -alpha
        requests = n_requests * weights / (group @ weights)
        return float(group @ -np.expm1(-requests))

    low, high = n_found, 2 * n_found
    if expected(low) > n_found - 0.5:
        return low
    most = min(_MOST_UNSEEN * n_found, 2 * MOST_TESTED)
    while expected(high) < n_found and high < most:
        low, high = high, 2 * high
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2
        low, high = (middle, high) if expected(middle) < n_found else (low, middle)
    return high


def _misfit(counts: np.ndarray, alpha: float) -> float:
    expected = counts.sum() * _probabilities(alpha, len(counts))
    some = counts > 0
    return 2 * _dot(counts[some], np.log(counts[some] / expected[some]))


def _quick_fit(counts: np.ndarray, alpha: float) -> float:
    """Return what `fit_exponent` does, by Newton's method from a value that is near."""
    log_rank = _log_ranks(len(counts))
    mean = _dot(counts, log_rank) / float(counts.sum())
    for _ in range(20):
        p = _probabilities(alpha, len(counts))
        expected = _dot(p, log_rank)
        variance = _dot(p, log_rank**2) - expected**2
        step = (expected - mean) / variance if variance > 1e-12 else 0.0
        alpha += min(max(step, -1.0), 1.0)
        if abs(step) < 1e-6:
            break
    return alpha


def _probabilities(alpha: float, n: int) -> np.ndarray:
    logs = -alpha * _log_ranks(n)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    # Without BLAS, whose threads take longer to start than vectors like these to multiply.
    return float((a * b).sum())


def _log_ranks(n: int) -> np.ndarray:
    # Simulations have different numbers of ranks, all of about the same size.
    return _log_of_all(1 << (n - 1).bit_length())[:n]


@lru_cache(maxsize=2)
def _log_of_all(n: int) -> np.ndarray:
    return np.log(np.arange(1, n + 1))
