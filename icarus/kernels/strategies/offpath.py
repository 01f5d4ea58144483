"""Nearest replica routing, compiled; see ``icarus.models.strategy.offpath`` for what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse.csgraph import dijkstra

from icarus.kernels.kernel_registry import Numbering, register_strategy_kernel
from icarus.kernels.network import AGAIN
from icarus.kernels.path_table import cache_at, find_path, last_position
from icarus.kernels.sessions import round_trip
from icarus.models.strategy.offpath import NearestReplicaRouting

__all__ = ["NearestReplicaState"]


class NearestReplicaState(NamedTuple):
    """Nearest replica routing: where to look, and who keeps a copy."""

    row_of: np.ndarray
    """int32, (n_nodes,): the row of a receiver in `nearest`."""
    nearest: np.ndarray
    """int32, (n_receivers, n_candidates): caches and sources, by distance, then by number."""
    down_only: bool
    """Whether only the first cache on the way back keeps a copy."""


def _holder(strategy, net, caches, receiver, source, content):
    """Return the nearest node that has the content."""
    row = strategy.row_of[receiver]
    for i in range(strategy.nearest.shape[1]):
        node = strategy.nearest[row, i]
        if node == source:
            return node
        cache = net.cache_of[node]
        if cache >= 0 and caches.has(cache, content):
            return node
    return np.int32(source)


def _nearest_replica(strategy, net, caches, sessions, walk, receiver, source, content):
    paths = net.paths
    holder = _holder(strategy, net, caches, receiver, source, content)
    path = find_path(paths, receiver, holder)
    if path < 0:
        return AGAIN
    last = last_position(paths, path)
    from_cache = holder != source
    if from_cache:
        caches.get(net.cache_of[holder], content)
    for position in range(last - 1, 0, -1):
        cache = cache_at(paths, path, position)
        if cache < 0:
            continue
        if strategy.down_only:
            caches.put(cache, content)
            break
        if not caches.has(cache, content):
            caches.put(cache, content)
    return round_trip(sessions, walk, path, last, from_cache, content)


def _build(strategy: Any, numbering: Numbering) -> NearestReplicaState:
    number = numbering.nodes
    candidates = {*numbering.caches, *numbering.sources}
    places = np.array(sorted(number[node] for node in candidates), dtype=np.int32)
    row_of = np.full(len(number), -1, dtype=np.int32)
    nearest = np.empty((len(numbering.receivers), len(places)), dtype=np.int32)
    for row, receiver in enumerate(numbering.receivers):
        row_of[number[receiver]] = row
        # Stable, so that of nodes at one distance the one that comes first stays first.
        distances = dijkstra(strategy._delays, indices=number[receiver])
        order = np.argsort(distances[places], kind="stable")
        nearest[row] = places[order]
    return NearestReplicaState(row_of, nearest, strategy.metacaching == "LCD")


def _lacks(parameters: Mapping[str, Any]) -> str | None:
    implementation = parameters.get("implementation", "ideal")
    return None if implementation == "ideal" else f"implementation {implementation!r}"


register_strategy_kernel(
    NearestReplicaRouting,
    NearestReplicaState,
    process=_nearest_replica,
    build=_build,
    lacks=_lacks,
    hashes=False,
)
