"""Sizes of contents that workloads make up: each follows from a hash of the content's number.

No table is kept, so that a catalogue may have any length, and a content has its size whenever and
wherever it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from icarus.core.byte_sizes import MOST_BYTES
from icarus.core.hashing import salted_hashes
from icarus.scenarios.workload.request_streams import SIZES, WorkloadStreams
from icarus.scenarios.workload.size_laws import (
    LARGEST,
    ContentSize,
    size_law,
    size_problems,
)
from icarus.theory.laws import Constant, levels_of

__all__ = ["SUMMED_UP_TO", "ContentSizes", "check_sizes", "content_sizes"]

SUMMED_UP_TO = 10**7
"""Contents whose sizes are added up one by one, which takes about a second."""

_AT_ONCE = 2**16
_LEVELS = 2.0**-53


class ContentSizes:
    """The size of each content of a catalogue, in bytes.

    Parameters
    ----------
    law : int, str or mapping
        One size for all, or a law: see the workloads' parameter `content_size`.
    n_contents : int
        How many contents there are, by decreasing popularity.
    salt : int
        From 1 to 2**64 - 1; which draw of sizes it is.
    rank_correlation : float, optional
        Parameter of the Gaussian copula between size and rank, from -1 to 1. With 1 sizes grow
        with the rank: the most popular content is the smallest.

    Raises
    ------
    ValueError
        If something is wrong with the law, or the correlation is outside its range.

    Notes
    -----
    The size of content i, counted from 0, is max(1, q(u)), rounded to whole bytes, halves to even
    ones, with q the quantile function of the law and u = (h >> 11) / 2**53, h being
    ``icarus.core.hashing.salted_hash(i, salt)``. With a correlation r other than 0, u is instead
    Phi(r z(v) + sqrt(1 - r**2) z(u)), with v = (i + 1/2) / `n_contents`, Phi the normal
    distribution function and z its inverse; Spearman's correlation of size and rank is then
    6/pi asin(r/2). Contents behind the last one count as that one.
    """

    def __init__(
        self, law: ContentSize, n_contents: int, salt: int, rank_correlation: float = 0.0
    ) -> None:
        if not -1 <= rank_correlation <= 1:
            raise ValueError(
                f"size_rank_correlation must be from -1 to 1, found {rank_correlation!r}"
            )
        self._law = size_law(law)
        self._n = n_contents
        self._salt = salt
        self._correlation = float(rank_correlation)

    def of(self, contents: np.ndarray) -> np.ndarray:
        """Return the sizes of contents by number, int64, (n,); the same ones in any order."""
        if isinstance(self._law, Constant):
            return np.full(len(contents), int(self._law.value), dtype=np.int64)
        shares = levels_of(salted_hashes(contents, self._salt))
        if self._correlation:
            shares = self._correlated(shares, contents)
        sizes: np.ndarray = np.rint(self._law.quantile(shares))
        np.clip(sizes, 1.0, float(LARGEST), out=sizes)
        return sizes.astype(np.int64)

    def _correlated(self, shares: np.ndarray, contents: np.ndarray) -> np.ndarray:
        ranks = (np.minimum(contents, self._n - 1) + 0.5) / self._n
        # Half a level up, so that there is no infinity.
        own = ndtri(np.minimum(shares + _LEVELS / 2, 1 - _LEVELS))
        r = self._correlation
        both: np.ndarray = ndtr(r * ndtri(ranks) + math.sqrt(1 - r * r) * own)
        np.minimum(both, 1 - _LEVELS, out=both)
        return both

    @property
    def mean(self) -> float:
        """The mean of the law, in bytes."""
        return self._law.mean

    @cached_property
    def total(self) -> int:
        """Bytes of the catalogue: their sum, or its mean times their number if they are many."""
        if isinstance(self._law, Constant):
            return self._n * int(self._law.value)
        if self._n > SUMMED_UP_TO:
            return round(self._n * self.mean)
        spans = range(0, self._n, _AT_ONCE)
        return sum(
            int(self.of(np.arange(start, min(start + _AT_ONCE, self._n))).sum()) for start in spans
        )


def content_sizes(
    given: ContentSize | None,
    rank_correlation: float,
    n_contents: int,
    n_requests: int,
    streams: WorkloadStreams,
) -> ContentSizes | None:
    """Return the sizes that settings give a workload; None where they give none.

    Raises
    ------
    ValueError
        If something is wrong with them, or all requests together are for more bytes than engines
        count.
    """
    if given is None:
        if rank_correlation:
            raise ValueError("size_rank_correlation needs content_size, whose sizes it orders")
        return None
    sizes = ContentSizes(given, n_contents, streams.number(SIZES), rank_correlation)
    if max(sizes.mean, 1.0) * max(n_requests, 1) >= MOST_BYTES:
        raise ValueError(
            f"content_size: {n_requests} requests for {sizes.mean:.3g} bytes on average are more "
            f"than can be counted, 2**62 bytes"
        )
    return sizes


def check_sizes(parameters: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the sizes among a workload's parameters."""
    given = parameters.get("content_size")
    if given is not None:
        return size_problems(given)
    if parameters.get("size_rank_correlation"):
        return ["size_rank_correlation needs content_size, whose sizes it orders"]
    return []
