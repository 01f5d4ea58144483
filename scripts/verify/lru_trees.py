"""Analytical model of LRU caches that misses climb from the receivers to one origin.

It is the refined one of Martina et al. for leave copy everywhere: a cache sees a request from a
child only if the child lacked the content, so not within the child's characteristic time after
the request before. A parent can therefore have the content only if another child asked for it
within the parent's time, or the same child did so longer ago than the child's time.

References
----------
V. Martina, M. Garetto and E. Leonardi, A unified approach to the performance analysis of caching
systems, INFOCOM 2014, doi 10.1109/INFOCOM.2014.6848145.

E. J. Rosensweig, J. Kurose and D. Towsley, Approximate models for general cache networks, INFOCOM
2010, for the plain model that `refined` = False gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

__all__ = ["LruNode", "Popularity", "Stream", "lru_node", "zipf_popularity"]


@dataclass(frozen=True)
class Popularity:
    """Popularity of a catalogue, contents of about the same popularity taken together."""

    probability: np.ndarray
    """Of each content of a group, float64, (K,)."""
    contents: np.ndarray
    """How many contents each group has, float64, (K,)."""


@dataclass(frozen=True)
class Stream:
    """Requests that reach a cache from one side."""

    rate: np.ndarray
    """Of each content, in requests per unit of time, (K,)."""
    since: float = 0.0
    """Characteristic time of the cache that let them pass; 0 for a receiver."""


@dataclass(frozen=True)
class LruNode:
    """What the model says of one cache."""

    time: float
    """Characteristic time, in the unit of the streams."""
    requested: np.ndarray
    """Rate of requests for each content, (K,)."""
    hit: np.ndarray
    """Rate of hits of each content, (K,)."""

    @property
    def misses(self) -> Stream:
        """What the next cache on the way to the origin sees."""
        return Stream(self.requested - self.hit, self.time)


def lru_node(
    streams: Sequence[Stream], size: float, contents: np.ndarray, refined: bool = True
) -> LruNode:
    """Return the state of one LRU cache from the requests that reach it.

    Parameters
    ----------
    streams : sequence of Stream
        From receivers and from caches below.
    size : float
        Of the cache, in contents; less than the catalogue.
    contents : ndarray of float64, shape (K,)
        How many contents each group of the streams has.
    refined : bool, optional
        Whether to allow for what the caches below keep away; if not, misses of theirs count as
        independent requests.
    """
    total = np.sum([stream.rate for stream in streams], axis=0)

    def excess(log_time: float) -> float:
        return float(contents @ -np.expm1(-total * math.exp(log_time))) - size

    # More contents than `size` at one request each, and next to all of them: both ends.
    low = math.log(size / float(contents @ total)) - 1
    high = low
    while excess(high) <= 0:
        high += 2
    time = math.exp(brentq(excess, low, high, xtol=1e-12))
    hit = np.zeros_like(total)
    for stream in streams:
        own = max(0.0, time - stream.since) if refined else time
        hit += stream.rate * -np.expm1(-stream.rate * own - (total - stream.rate) * time)
    return LruNode(time, total, hit)


def zipf_popularity(alpha: float, n: int, groups: int = 100_000) -> Popularity:
    """Return the Zipf popularity of `n` contents, exact up to rank `groups`.

    Beyond, groups of neighbouring ranks that grow in proportion to the rank take the
    popularity of their middle.
    """
    if n <= groups:
        first = np.arange(1, n + 2, dtype=np.float64)
    else:
        tail = np.round(np.geomspace(groups, n + 1, groups))
        first = np.unique(np.concatenate([np.arange(1, groups), tail]))
    contents = np.diff(first)
    weight = (first[:-1] + (contents - 1) / 2) ** -alpha
    return Popularity(weight / float(weight @ contents), contents)
