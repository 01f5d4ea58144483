"""Hit ratios of cache objects, measured by simulation rather than modelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import ArrayLike

from icarus.theory.distributions import DiscreteDist
from icarus.theory.popularity import checked_pdf, checked_target
from icarus.types import Content, Seed

__all__ = [
    "numeric_cache_hit_ratio",
    "numeric_cache_hit_ratio_2_layers",
    "numeric_per_content_cache_hit_ratio",
    "trace_driven_cache_hit_ratio",
]

_BLOCK = 2**16


class _Cache(Protocol):
    """What is needed of a cache."""

    def get(self, k: Any, /) -> Any: ...

    def put(self, k: Any, /) -> Any: ...


@overload
def numeric_per_content_cache_hit_ratio(
    pdf: ArrayLike,
    cache: _Cache,
    warmup: int | None = None,
    measure: int | None = None,
    seed: Seed = None,
    target: None = None,
) -> np.ndarray: ...
@overload
def numeric_per_content_cache_hit_ratio(
    pdf: ArrayLike,
    cache: _Cache,
    warmup: int | None = None,
    measure: int | None = None,
    seed: Seed = None,
    *,
    target: int,
) -> float: ...
def numeric_per_content_cache_hit_ratio(
    pdf: ArrayLike,
    cache: _Cache,
    warmup: int | None = None,
    measure: int | None = None,
    seed: Seed = None,
    target: int | None = None,
) -> np.ndarray | float:
    """Measure the hit ratio of each content in a cache under independent requests.

    Parameters
    ----------
    pdf : array_like, shape (N,)
        Probability that a request is for each content. Contents are called 1..N.
    cache : Cache
        An object with ``get`` and ``put``: each request gets, and puts if that was a miss. It is
        used as it is, and not emptied.
    warmup, measure : int, optional
        Requests before measuring starts, by default 10 N, and while measuring, 30 N.
    seed : int, SeedSequence, Generator or None, optional
        Where requests come from; None is unpredictable. No global generator is seeded.
    target : int, optional
        The only content wanted, **counted from 1**: its name.

    Returns
    -------
    ndarray of float64, shape (N,), or float
        Hits per request of each content or of `target`; 0 for one that was not requested.

    Raises
    ------
    ValueError
        If `pdf` is empty, negative anywhere or does not sum to 1 (within 0.001), a number of
        requests is out of its range, or there is no such target.
    """
    n = len(checked_pdf(pdf))
    position = None if target is None else checked_target(target, n, first=1)
    requests, hits = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for contents, hit in _measured(pdf, warmup, measure, seed, _read_through(cache)):
        requests += np.bincount(contents - 1, minlength=n)
        hits += np.bincount(contents[hit == 1] - 1, minlength=n)
    ratios = np.divide(hits, requests, out=np.zeros(n), where=requests > 0)
    return ratios if position is None else float(ratios[position])


def numeric_cache_hit_ratio(
    pdf: ArrayLike,
    cache: _Cache,
    warmup: int | None = None,
    measure: int | None = None,
    seed: Seed = None,
) -> float:
    """Measure the overall hit ratio of a cache under independent requests.

    Parameters
    ----------
    pdf, cache, warmup, measure, seed
        As for `numeric_per_content_cache_hit_ratio`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As for `numeric_per_content_cache_hit_ratio`.
    """
    return _shares(pdf, warmup, measure, seed, _read_through(cache))[1]


def numeric_cache_hit_ratio_2_layers(
    pdf: ArrayLike,
    l1_cache: _Cache,
    l2_cache: _Cache,
    warmup: int | None = None,
    measure: int | None = None,
    seed: Seed = None,
) -> dict[str, float]:
    """Measure the hit ratios of two caches, one behind the other, under independent requests.

    Parameters
    ----------
    pdf, warmup, measure, seed
        As for `numeric_per_content_cache_hit_ratio`.
    l1_cache, l2_cache : Cache
        Objects with ``get`` and ``put``. What misses in the first is looked up in the second, put
        into the second if it misses there too, and in any case put into the first.

    Returns
    -------
    dict
        ``l1_hits``, ``l2_hits`` and ``total_hits``, all as shares of all requests.

    Raises
    ------
    ValueError
        As for `numeric_per_content_cache_hit_ratio`.
    """

    def layer(content: int) -> int:
        if l1_cache.get(content):
            return 1
        found = bool(l2_cache.get(content))
        if not found:
            l2_cache.put(content)
        l1_cache.put(content)
        return 2 * found

    _, l1_hits, l2_hits = _shares(pdf, warmup, measure, seed, layer)
    return {"l1_hits": l1_hits, "l2_hits": l2_hits, "total_hits": l1_hits + l2_hits}


def trace_driven_cache_hit_ratio(
    workload: Sequence[Content], cache: _Cache, warmup_ratio: float = 0.25
) -> float:
    """Measure the hit ratio of a cache under a given sequence of requests.

    Parameters
    ----------
    workload : sequence
        Contents in the order of their requests.
    cache : Cache
        An object with ``get`` and ``put``: each request gets, and puts if that was a miss. It is
        used as it is, and not emptied.
    warmup_ratio : float, optional
        Share of the requests, at least 0 and less than 1, rounded down to whole requests, that
        come before measuring starts.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `warmup_ratio` is out of its range or the workload is empty.
    """
    if not 0 <= warmup_ratio < 1:
        raise ValueError(f"warmup_ratio must be at least 0 and less than 1, found {warmup_ratio!r}")
    if len(workload) == 0:
        raise ValueError("the workload is empty; at least one request is needed")
    look_up = _read_through(cache)
    n_warmup = int(warmup_ratio * len(workload))
    requests = iter(workload)
    for content in islice(requests, n_warmup):
        look_up(content)
    return sum(map(look_up, requests)) / (len(workload) - n_warmup)


def _read_through(cache: _Cache) -> Callable[[Any], int]:
    """Return a function that requests a content and returns 1 for a hit, 0 for a miss."""

    def look_up(content: Any) -> int:
        if cache.get(content):
            return 1
        cache.put(content)
        return 0

    return look_up


def _shares(
    pdf: ArrayLike,
    warmup: int | None,
    measure: int | None,
    seed: Seed,
    look_up: Callable[[int], int],
) -> list[float]:
    """Return the shares of measured requests that were answered 0, 1 and 2."""
    answers = np.zeros(3, dtype=np.int64)
    for _, answered in _measured(pdf, warmup, measure, seed, look_up):
        answers += np.bincount(answered, minlength=3)
    return [float(share) for share in answers / answers.sum()]


def _measured(
    pdf: ArrayLike,
    warmup: int | None,
    measure: int | None,
    seed: Seed,
    look_up: Callable[[int], int],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Request contents 1..N and yield those measured with the answers, a block at a time."""
    probabilities = checked_pdf(pdf)
    n = len(probabilities)
    warmup = 10 * n if warmup is None else warmup
    measure = 30 * n if measure is None else measure
    if warmup < 0:
        raise ValueError(f"warmup must be at least 0 requests, found {warmup!r}")
    if measure < 1:
        raise ValueError(f"measure must be at least 1 request, found {measure!r}")
    contents = DiscreteDist(probabilities, seed)
    for size in _blocks(warmup):
        for content in contents.sample(size).tolist():
            look_up(content)
    for size in _blocks(measure):
        drawn = contents.sample(size)
        yield drawn, np.fromiter(map(look_up, drawn.tolist()), np.int64, size)


def _blocks(n: int) -> Iterator[int]:
    for start in range(0, n, _BLOCK):
        yield min(_BLOCK, n - start)
