"""Components that only the checks need: two topologies, and LRU caches that time evictions.

They are registered as any user's components are, under names that begin with VERIFY.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import fnss
import networkx as nx
import numpy as np

from icarus.execution.collectors import DataCollector
from icarus.execution.network import NetworkView
from icarus.models.cache import LruCache
from icarus.registry import (
    register_cache_policy,
    register_data_collector,
    register_topology_factory,
)
from icarus.scenarios import IcnTopology
from icarus.types import Content, Node
from icarus.util import Tree

__all__ = [
    "REPOSITORY",
    "CharacteristicTimeCollector",
    "TimedLruCache",
    "grid_topology",
    "tree_topology",
]

REPOSITORY = "repository"


@register_topology_factory("VERIFY_GRID")
def grid_topology(side: int, n_receivers: int, seed: int) -> IcnTopology:
    """Square grid of routers; receivers at different ones of them and one repository.

    Parameters
    ----------
    side : int
        Routers on each side, numbered by rows from 0.
    n_receivers : int
        Receiver ``client_0``, ``client_1``.. at routers drawn by `seed`.
    seed : int
        For these, and for the router of the repository.
    """
    grid = nx.convert_node_labels_to_integers(nx.grid_2d_graph(side, side))
    rng = np.random.default_rng(seed)
    routers = rng.choice(side * side, size=n_receivers, replace=False)
    at = int(rng.integers(side * side))
    return _network(grid, {f"client_{i}": int(v) for i, v in enumerate(routers)}, at)


@register_topology_factory("VERIFY_TREE")
def tree_topology(levels: int) -> IcnTopology:
    """Binary tree of routers; a receiver at each leaf and the repository at the root, 0.

    Parameters
    ----------
    levels : int
        Levels of routers: 4 make 15 routers, of which 8 are leaves.
    """
    tree = nx.balanced_tree(2, levels - 1)
    leaves = range(2 ** (levels - 1) - 1, 2**levels - 1)
    return _network(tree, {f"client_{i}": v for i, v in enumerate(leaves)}, 0)


def _network(routers: nx.Graph[Any], clients: dict[str, int], repository_at: int) -> IcnTopology:
    topology = IcnTopology(routers)
    topology.add_edges_from(clients.items())
    # Paths come from the shortest-path tree of the end that stands later in the node order. The
    # repository stands last, so that all of them form one tree, which the model needs.
    topology.add_edge(repository_at, REPOSITORY)
    for _, _, link in topology.edges(data=True):
        link.update(weight=1.0, delay=1.0, type="internal")
    for node in topology:
        role = "source" if node == REPOSITORY else "receiver" if node in clients else "router"
        fnss.add_stack(topology, node, role)
    topology.graph["icr_candidates"] = set(routers)
    return topology


@dataclass
class _Clock:
    now: float = math.nan
    """Time of the session in seconds; NaN while nothing is measured."""


@register_cache_policy("VERIFY_LRU_TIMED")
class TimedLruCache(LruCache):
    """LRU cache that measures how long contents stay after their last use.

    Parameters
    ----------
    maxlen : int
        How many contents fit.
    """

    def __init__(self, maxlen: int, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self.clock = _Clock()
        self.evictions = 0
        self.total_age = 0.0
        self._used: dict[Content, float] = {}

    def get(self, k: Content) -> bool:
        """Return whether `k` is cached; a hit is a use."""
        hit = super().get(k)
        if hit:
            self._used[k] = self.clock.now
        return hit

    def put(self, k: Content, size: int | None = None) -> Content | None:
        """Insert `k`, a use of it; take the time of what is evicted."""
        evicted = super().put(k, size)
        self._used[k] = self.clock.now
        if evicted is not None:
            age = self.clock.now - self._used.pop(evicted)
            if not math.isnan(age):  # both within what is measured
                self.evictions += 1
                self.total_age += age
        return evicted


@register_data_collector("VERIFY_CHARACTERISTIC_TIME")
class CharacteristicTimeCollector(DataCollector):
    """Mean time in s from a content's last use to its eviction, and hit ratio, of each cache.

    The caches must be of the policy VERIFY_LRU_TIMED. Results are by node: ``TIME``, ``HIT_RATIO``.
    """

    def __init__(self, view: NetworkView) -> None:
        super().__init__(view)
        self._caches: dict[Node, TimedLruCache] = view.model.cache
        self._clock = _Clock()
        for cache in self._caches.values():
            cache.clock = self._clock
        self._hits = dict.fromkeys(self._caches, 0)
        self._misses = dict.fromkeys(self._caches, 0)

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Set the clock of the caches."""
        self._clock.now = timestamp

    def cache_hit(self, node: Node) -> None:
        """Count a hit."""
        self._hits[node] += 1

    def cache_miss(self, node: Node) -> None:
        """Count a miss."""
        self._misses[node] += 1

    def results(self) -> Tree:
        """Return the time and the hit ratio of each cache; NaN where nothing was counted."""
        return Tree(
            {
                "TIME": {
                    node: cache.total_age / cache.evictions if cache.evictions else math.nan
                    for node, cache in self._caches.items()
                },
                "HIT_RATIO": {
                    node: hits / asked if (asked := hits + self._misses[node]) else math.nan
                    for node, hits in self._hits.items()
                },
            }
        )
