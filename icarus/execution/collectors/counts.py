"""Sessions counted by kind: what the compiled engine tells collectors.

A collector with a method ``absorb`` can be told of many sessions at once instead of hearing of
each event, and must then report the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from icarus.types import Content, Node

__all__ = ["LinkUse", "SessionCounts", "totals"]


@dataclass(frozen=True)
class LinkUse:
    """What the directed links carried that were used; arrays of shape (n_links,)."""

    first: np.ndarray
    """int64: positions in ``SessionCounts.nodes`` of the nodes that links lead from."""
    last: np.ndarray
    """int64: positions of those that they lead to."""
    requests: np.ndarray
    """int64: requests."""
    contents: np.ndarray
    """int64: contents."""
    size: np.ndarray
    """int64: bytes of these contents, where the workload knows sizes."""
    awaited: np.ndarray
    """int64: requests and contents on the way that a receiver waited for."""


@dataclass(frozen=True)
class SessionCounts:
    """Measured sessions; those that differ in nothing that is listed are one kind.

    Arrays without a shape are of shape (n_kinds,).
    """

    nodes: list[Node]
    """Nodes by number."""
    contents: Sequence[Content]
    """Contents by number."""
    number: np.ndarray
    """int64: how many sessions of each kind there were."""
    size: np.ndarray | None
    """int64: bytes of their contents altogether; None where the workload knows no sizes."""
    receiver: np.ndarray
    """int32: the node that requested."""
    source: np.ndarray
    """int32: the node that the content originates from."""
    server: np.ndarray
    """int32: the node that served; -1 for sessions that nobody served, such as writes."""
    from_cache: np.ndarray
    """bool: whether the server served from its cache."""
    latency: np.ndarray
    """float64, ms; NaN where a link on the way has no delay."""
    request_hops: np.ndarray
    """int64: hops of the request."""
    content_hops: np.ndarray
    """int64: hops of the content."""
    shortest_hops: np.ndarray
    """int64: hops of the shortest path from receiver to source; 0 if there is none."""
    links: LinkUse
    hits_of: np.ndarray
    """int64, (n_contents, 2): how often caches and sources served each content; (0, 2) where
    nobody wants to know."""
    first_time: float | None
    """Time stamp of the first session in seconds, None without any."""
    last_time: float | None
    """Time stamp of the last session in seconds, None without any."""


def totals(keys: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct keys in increasing order, and the sum of the numbers of each.

    Parameters
    ----------
    keys : ndarray, shape (n,)
    numbers : ndarray of int64, shape (n,)
    """
    distinct, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(sums, place.ravel(), numbers)
    return distinct, sums
