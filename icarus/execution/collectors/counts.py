"""Sessions counted by kind: what the compiled engine tells collectors.

A collector with a method ``absorb`` can be told of many sessions at once instead of hearing of
each event, and must then report the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from icarus.types import Content, Node

__all__ = ["LinkUse", "SessionCounts", "together", "totals"]


@dataclass(frozen=True)
class LinkUse:
    """What the directed links carried that were used; arrays of shape (n_links,)."""

    first: np.ndarray
    """int64: positions in ``SessionCounts.nodes`` of the nodes that links lead from."""
    last: np.ndarray
    """int64: positions of those that they lead to."""
    types: list[str | None]
    """The type of each; None where a link has none."""
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

    nodes: list[Node | None]
    """Nodes by number; the last one is nowhere, where removed sources are."""
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
    failed: np.ndarray
    """bool: whether nobody could serve, as a node was out of reach."""
    latency: np.ndarray
    """float64, ms; NaN where a link on the way has no delay."""
    request_hops: np.ndarray
    """int64: hops of the request."""
    content_hops: np.ndarray
    """int64: hops of the content."""
    external_request_hops: np.ndarray
    """int64: those of the request over external links."""
    external_content_hops: np.ndarray
    """int64: those of the content over external links."""
    shortest_hops: np.ndarray
    """int64: hops of the shortest path from receiver to source; 0 if there is none."""
    on_path: np.ndarray | None
    """bool: whether a cache served that is on this path; None where nobody wants to know."""
    links: LinkUse
    hits_of: np.ndarray
    """int64, (n_contents, 4): how often caches and sources served each content, and how many bytes
    of it; (0, 4) where nobody wants to know."""
    first_time: float | None
    """Time stamp of the first session in seconds, None without any."""
    last_time: float | None
    """Time stamp of the last session in seconds, None without any."""


def together(parts: Sequence[SessionCounts]) -> SessionCounts:
    """Return the sessions of several parts of a simulation, in their order, as one.

    Parameters
    ----------
    parts : sequence of SessionCounts
        At least one. Between two of them the network may have changed. Hits by content are
        those that the last one tells, of all.
    """
    last = parts[-1]
    if len(parts) == 1:
        return last
    joined: dict[str, Any] = {}
    for column in fields(SessionCounts):
        values = [getattr(part, column.name) for part in parts]
        joined[column.name] = (
            np.concatenate(values)
            if isinstance(values[0], np.ndarray) and all(one is not None for one in values)
            else values[-1]
        )
    if last.size is not None:
        # Sizes that were not known at first are of no contents.
        sizes = [part.size if part.size is not None else 0 * part.number for part in parts]
        joined["size"] = np.concatenate(sizes)
    joined["links"] = _links_together([part.links for part in parts], len(last.nodes))
    return SessionCounts(**joined)


def _links_together(parts: Sequence[LinkUse], n_nodes: int) -> LinkUse:
    keys = np.concatenate([part.first * n_nodes + part.last for part in parts])
    types = [kind for part in parts for kind in part.types]
    # In the order of first use, and of the type that the link had then.
    _, where, place = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(where)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    sums = []
    for name in ("requests", "contents", "size", "awaited"):
        total = np.zeros(len(order), dtype=np.int64)
        np.add.at(total, rank[place.ravel()], np.concatenate([getattr(one, name) for one in parts]))
        sums.append(total)
    first, last = divmod(keys[where[order]], n_nodes)
    return LinkUse(first, last, [types[i] for i in where[order].tolist()], *sums)


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
