"""Statistics of request traces, and parsers of the logs that traces come as.

For simulations, `icarus.tools.TraceReader` reads the same files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from icarus.traces.request_logs import log_fields
from icarus.traces.trace_file import TraceReader
from icarus.traces.zipf_fit import fit_exponent, p_of_counts, p_of_frequencies

__all__ = [
    "frequencies",
    "one_timers",
    "parse_common_log_format",
    "parse_squid",
    "parse_url_list",
    "parse_wikibench",
    "parse_youtube_umass",
    "trace_stats",
    "zipf_fit",
]

_MOST_REQUESTS = 2**53
"""Counts that sum to more than this are no exact numbers of requests."""


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
        How likely requests for a Zipf catalogue are to fit as badly as these; 0 where `alpha` is
        not positive. Of counts, which are whole numbers, it is found by simulating requests
        that are ranked and fitted in the same way, with a seed of its own, so that it is the same
        each time; it is NaN for more than 500,000 of them. Of other frequencies, whose ranks
        must be known beforehand, it is that of Pearson's chi-square test with n - 1 degrees
        of freedom, as if they were counts.

    Raises
    ------
    ValueError
        If there are fewer than two frequencies, a negative or infinite one, or none above zero.

    Examples
    --------
    >>> alpha, p = zipf_fit([i ** -0.8 for i in range(1, 1001)])
    >>> round(alpha, 3), p > 0.99
    (0.8, True)
    """
    observed = np.asarray(obs_freqs, dtype=np.float64)
    if observed.ndim != 1 or len(observed) < 2:
        raise ValueError("at least two frequencies are needed to fit an exponent")
    total = float(observed.sum())
    if not (observed >= 0).all() or not 0 < total < np.inf:
        raise ValueError("frequencies must be finite and >= 0, and one of them above 0")
    if need_sorting:
        observed = np.sort(observed)[::-1]
    alpha = fit_exponent(observed)
    if alpha <= 0:
        return alpha, 0.0
    counted = total < _MOST_REQUESTS and (observed == np.floor(observed)).all()
    return alpha, (p_of_counts if counted else p_of_frequencies)(observed, alpha)


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


def parse_wikibench(path: str | PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the requests of a WikiBench trace.

    Parameters
    ----------
    path : str or path-like
        The trace; may be compressed (.gz, .bz2, .xz, .zst).

    Yields
    ------
    dict
        ``counter`` (int), ``timestamp`` (str, seconds since 1970) and ``url`` (str).

    Raises
    ------
    TraceError
        On the first `next`, or later, if the file cannot be read or a line is no such request.

    References
    ----------
    G. Urdaneta, G. Pierre and M. van Steen, Wikipedia workload analysis for decentralized
    hosting, Computer Networks 53(11), 2009, doi 10.1016/j.comnet.2009.02.019.
    """
    for _, fields in log_fields(path, "wikibench"):
        yield fields


def parse_squid(path: str | PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the requests of a Squid access log in its native format.

    Parameters
    ----------
    path : str or path-like
        The log; may be compressed (.gz, .bz2, .xz, .zst). Columns may be padded.

    Yields
    ------
    dict
        ``time`` (str, seconds since 1970), ``duration`` (int, ms), ``client_addr`` (str),
        ``log_tag`` (str), ``http_code`` (int), ``bytes_len`` (int), ``req_method`` (str), ``url``
        (str), ``client_ident`` (str, or None for ``-``), ``hierarchy_data`` (str), ``hostname``
        (str) and ``content_type`` (str, or None for ``-``).

    Raises
    ------
    TraceError
        On the first `next`, or later, if the file cannot be read or a line is no such request.
    """
    for _, fields in log_fields(path, "squid"):
        yield fields


def parse_youtube_umass(path: str | PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the requests of a YouTube trace of the UMass repository (``youtube.parsed.*.dat``).

    Parameters
    ----------
    path : str or path-like
        The trace; may be compressed (.gz, .bz2, .xz, .zst).

    Yields
    ------
    dict
        ``time`` (str, seconds since 1970), ``youtube_server_addr`` (int, also where the file has
        it dotted), ``client_addr``, ``request``, ``video_id`` and ``content_server_addr`` (str).

    Raises
    ------
    TraceError
        On the first `next`, or later, if the file cannot be read or a line is no such request.

    References
    ----------
    M. Zink, K. Suh, Y. Gu and J. Kurose, Watch global, cache local: YouTube network traffic at
    a campus network - measurements and implications, MMCN 2008, doi 10.1117/12.774903.
    """
    for _, fields in log_fields(path, "youtube"):
        yield fields


def parse_common_log_format(path: str | PathLike[str]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield the requests of a log in the Common or the Combined Log Format.

    Parameters
    ----------
    path : str or path-like
        The log; may be compressed (.gz, .bz2, .xz, .zst).

    Yields
    ------
    time : float
        Seconds since 1970.
    fields : dict
        ``client_addr`` (str), ``user_ident`` and ``auth_user`` (str, or None for ``-``),
        ``request`` (str, the request line, its quotes and backslashes unescaped), ``status``
        (int) and ``bytes`` (int, 0 for ``-``); in the Combined Log Format also ``referer``
        and ``user_agent`` (str, or None for ``-``).

    Raises
    ------
    TraceError
        On the first `next`, or later, if the file cannot be read or a line is no such request.
    """
    for _, fields in log_fields(path, "clf"):
        yield fields.pop("time"), fields
