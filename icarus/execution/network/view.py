"""What a strategy or a collector may see of a network."""

from __future__ import annotations

from typing import Any

import fnss

from icarus.execution.network.model import NetworkModel
from icarus.types import Content, Node

__all__ = ["NetworkView"]


class NetworkView:
    """Read access to a network, always to its present state.

    Parameters
    ----------
    model : NetworkModel

    Raises
    ------
    ValueError
        If `model` is no NetworkModel.
    """

    keeps_tables = True
    """Whether all that the methods of this class do is to look at tables."""

    def __init__(self, model: NetworkModel) -> None:
        if not isinstance(model, NetworkModel):
            raise ValueError(f"model must be a NetworkModel, found {type(model).__qualname__}")
        self.model = model

    def content_locations(self, k: Content) -> set[Node]:
        """Return the nodes that have content `k`: caches, and its source."""
        locations = {node for node, cache in self.model.cache.items() if cache.has(k)}
        if k in self.model.content_source:
            locations.add(self.model.content_source[k])
        return locations

    def content_source(self, k: Content) -> Node | None:
        """Return the node that content `k` originates from, or None."""
        source: Node | None = self.model.content_source.get(k)
        return source

    def shortest_path(self, s: Node, t: Node) -> list[Node]:
        """Return the nodes on the path from `s` to `t`, both included.

        Raises
        ------
        KeyError
            If a node does not exist or there is no path.
        """
        path: list[Node] = self.model.shortest_path[s][t]
        return path

    def all_pairs_shortest_paths(self) -> dict[Node, dict[Node, list[Node]]]:
        """Return all paths, by origin and destination; computes those not used so far."""
        return {u: dict(row.items()) for u, row in self.model.shortest_path.items()}

    def cluster(self, v: Node) -> int | None:
        """Return the cluster that node `v` is in, or None."""
        label: int | None = self.model.topology.nodes[v].get("cluster")
        return label

    def link_type(self, u: Node, v: Node) -> str:
        """Return the type of a link, ``internal`` or ``external``; KeyError if it has none."""
        try:
            return self.model.link_type[u, v]
        except KeyError:
            raise KeyError(f"there is no link from {u!r} to {v!r} with a type") from None

    def link_delay(self, u: Node, v: Node) -> float:
        """Return the delay of a link in ms; KeyError if it has none."""
        try:
            return self.model.link_delay[u, v]
        except KeyError:
            raise KeyError(f"there is no link from {u!r} to {v!r} with a delay") from None

    def topology(self) -> fnss.Topology:
        """Return the topology itself, to be read only."""
        return self.model.topology

    def cache_nodes(self, size: bool = False) -> Any:
        """Return the nodes that have a cache, in node order.

        Parameters
        ----------
        size : bool, optional
            Return a dict from node to the capacity of its cache instead of a list.
        """
        if size:
            return {node: cache.maxlen for node, cache in self.model.cache.items()}
        return list(self.model.cache)

    def has_cache(self, node: Node) -> bool:
        """Return whether `node` has a cache."""
        return node in self.model.cache

    def cache_lookup(self, node: Node, content: Content) -> bool | None:
        """Return whether the cache of `node` has `content`, changing nothing; None without one."""
        cache = self.model.cache.get(node)
        return None if cache is None else bool(cache.has(content))

    def local_cache_lookup(self, node: Node, content: Content) -> bool:
        """Return whether the local cache of `node` has `content`; False without one."""
        cache = self.model.local_cache.get(node)
        return False if cache is None else bool(cache.has(content))

    def cache_dump(self, node: Node) -> list[Content] | None:
        """Return what the cache of `node` holds, next to be evicted last; None without one."""
        cache = self.model.cache.get(node)
        return None if cache is None else list(cache.dump())
