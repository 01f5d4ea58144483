"""Statistics of request traces: frequencies, one-timers and the Zipf exponent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from icarus.tools.tracefile import TraceReader

__all__ = ["frequencies", "one_timers", "parse_url_list", "trace_stats", "zipf_fit"]


def frequencies(data: Iterable[Hashable]) -> np.ndarray:
    """Return how often each distinct item occurs, most frequent first.

    Parameters
    ----------
    data : iterable
        Items, for instance the content ids of a trace.

    Returns
    -------
    ndarray of int64, shape (number of distinct items,)

    Examples
    --------
    >>> frequencies("abacab").tolist()
    [3, 2, 1]
    """
    counts = np.array(list(Counter(data).values()), dtype=np.int64)
    return np.sort(counts)[::-1]


def one_timers(data: Iterable[Hashable]) -> float:
    """Return the share of distinct items that occur only once; ValueError where there are none."""
    counts = frequencies(data)
    if len(counts) == 0:
        raise ValueError("there must be at least one item")
    return float((counts == 1).mean())


def trace_stats(data: Iterable[Hashable]) -> dict[str, Any]:
    """Return figures that describe a trace.

    Parameters
    ----------
    data : iterable
        Content ids in any order, for instance a TraceReader. It is read once.

    Returns
    -------
    dict
        ``n_contents`` and ``n_reqs``: distinct ids and requests; ``n_onetimers``: ids requested
        once; ``alpha`` and ``p``: the result of `zipf_fit`; ``onetimers_contents_ratio`` and
        ``onetimers_reqs_ratio``: one-timers per id and per request;
        ``mean_reqs_per_content``.

    Raises
    ------
    ValueError
        If there are fewer than two distinct ids.
    """
    counts = frequencies(data)
    alpha, p = zipf_fit(counts)
    n_contents, n_reqs = len(counts), int(counts.sum())
    n_onetimers = int((counts == 1).sum())
    return {
        "n_contents": n_contents,
        "n_reqs": n_reqs,
        "n_onetimers": n_onetimers,
        "alpha": alpha,
        "p": p,
        "onetimers_contents_ratio": n_onetimers / n_contents,
        "onetimers_reqs_ratio": n_onetimers / n_reqs,
        "mean_reqs_per_content": n_reqs / n_contents,
    }


def zipf_fit(obs_freqs: ArrayLike, need_sorting: bool = False) -> tuple[float, float]:
    """Fit the Zipf exponent to observed frequencies by maximum likelihood.

    Parameters
    ----------
    obs_freqs : array_like, shape (n,)
        Frequency or probability of each rank, most frequent first.
    need_sorting : bool, optional
        Sort them first.

    Returns
    -------
    alpha : float
        The exponent that makes the observation most likely.
    p : float
        p-value of the chi-square test of that distribution with n - 1 degrees of freedom,
        as if the frequencies were counts; 0 where `alpha` is not positive.

    Raises
    ------
    ValueError
        If there are fewer than two frequencies, a negative one, or none above zero.

    Examples
    --------
    >>> alpha, p = zipf_fit([i ** -0.8 for i in range(1, 1001)])
    >>> round(alpha, 3), p > 0.99
    (0.8, True)
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import chdtrc, logsumexp

    observed = np.asarray(obs_freqs, dtype=np.float64)
    if observed.ndim != 1 or len(observed) < 2:
        raise ValueError("at least two frequencies are needed to fit an exponent")
    total = float(observed.sum())
    if not (observed >= 0).all() or total <= 0:
        raise ValueError("frequencies must be >= 0, and one of them above 0")
    if need_sorting:
        observed = np.sort(observed)[::-1]
    log_rank = np.log(np.arange(1, len(observed) + 1))
    mean_log_rank = float(observed @ log_rank) / total

    def cost(alpha: float) -> float:
        return alpha * mean_log_rank + float(logsumexp(-alpha * log_rank))

    alpha = float(minimize_scalar(cost).x)
    if alpha <= 0:
        return alpha, 0.0
    expected = total * np.exp(-alpha * log_rank - logsumexp(-alpha * log_rank))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        terms = np.where(observed == expected, 0.0, (observed - expected) ** 2 / expected)
    return alpha, float(chdtrc(len(observed) - 1, terms.sum()))


def parse_url_list(path: str | PathLike[str]) -> Iterator[str]:
    """Yield the lines of a list of URLs, or of any ids, without surrounding white space.

    Parameters
    ----------
    path : str or path-like
        One URL a line; may be compressed (.gz, .bz2, .xz, .zst).

    Raises
    ------
    TraceError
        On the first `next`, or later, if the file cannot be read or has an empty line.
    """
    yield from TraceReader(path, delimiter="\n")
