"""The state of a network of caches."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping
from typing import Any

import fnss
import numpy as np

from icarus.components import accepts_seed, takes_seed_sequence
from icarus.execution.network.paths import ShortestPaths
from icarus.registry import CACHE_POLICY
from icarus.types import Content, Node, Seed
from icarus.util import Tree

__all__ = ["NetworkModel"]

logger = logging.getLogger("network")


class NetworkModel:
    """A topology with its caches, its contents and its paths.

    Parameters
    ----------
    topology : fnss.Topology
        The network. Each node has a stack; routers with a `cache_size` get a cache, sources
        hold their `contents`.
    cache_policy : mapping
        The policy of every cache: its registry name as `name`, and its parameters.
    shortest_path : dict of dict of list, optional
        Paths to use as they are, by origin and destination. By default those of least
        `weight`, symmetric.
    seed : int, SeedSequence, Generator or None, optional
        Where policies that choose at random draw from; they share one stream.

    Attributes
    ----------
    shortest_path : dict of dict of list
        ``shortest_path[u][v]`` is the list of nodes from u to v, both included.
    content_source : dict
        From content to the node it originates from.
    source_node : dict
        From source to the container of its contents.
    link_type, link_delay : dict
        From link, in both directions, to its type and its delay in ms.
    cache : dict
        From node to its cache, in node order.

    Raises
    ------
    ValueError
        If `topology` is not an undirected FNSS topology.
    KeyError
        If no policy has the name.
    """

    def __init__(
        self,
        topology: fnss.Topology,
        cache_policy: Mapping[str, Any],
        shortest_path: Mapping[Node, Mapping[Node, list[Node]]] | None = None,
        *,
        seed: Seed = None,
    ) -> None:
        if not isinstance(topology, fnss.Topology):
            raise ValueError(
                f"topology must be an fnss.Topology, found {type(topology).__qualname__}"
            )
        self.topology = topology
        self.shortest_path: Any = (
            ShortestPaths(topology)
            if shortest_path is None
            # Settings pass trees, which would grow branches when asked for a missing path.
            else {
                u: row.dict() if isinstance(row, Tree) else row for u, row in shortest_path.items()
            }
        )
        self.content_source: dict[Content, Node] = {}
        self.source_node: dict[Node, Container[Content]] = {}
        self.link_type = self._link_attribute("type")
        self.link_delay = self._link_attribute("delay")
        self.local_cache: dict[Node, Any] = {}
        sizes = self._read_stacks()
        self.cache = _build_caches(sizes, cache_policy, seed)

    def _link_attribute(self, name: str) -> dict[tuple[Node, Node], Any]:
        """Return the attribute of all links that have it, keyed by both directions."""
        values: dict[tuple[Node, Node], Any] = {}
        for u, v, attributes in self.topology.edges(data=True):
            if name in attributes:
                values[u, v] = values[v, u] = attributes[name]
        return values

    def _read_stacks(self) -> dict[Node, int]:
        """Take in what sources hold; return the size of each cache."""
        sizes: dict[Node, int] = {}
        for node, stack in self.topology.nodes(data="stack"):
            if stack is None:
                raise TypeError(
                    f"node {node!r} has no stack; give it one with fnss.add_stack(topology, "
                    f"{node!r}, 'router', {{}}), or 'source' or 'receiver'"
                )
            name, properties = stack
            if name == "source":
                contents = properties.get("contents", ())
                self.source_node[node] = contents
                self.content_source.update(dict.fromkeys(contents, node))
            elif name == "router" and "cache_size" in properties:
                size = properties["cache_size"]
                if size < 1:
                    logger.warning("cache of node %r has size %s; it gets 1", node, size)
                    size = 1
                sizes[node] = size
        return sizes


def _build_caches(
    sizes: Mapping[Node, int], cache_policy: Mapping[str, Any], seed: Seed
) -> dict[Node, Any]:
    parameters = {key: value for key, value in cache_policy.items() if key != "name"}
    policy = CACHE_POLICY[cache_policy["name"]]
    if not accepts_seed(policy) or ("seed" in parameters and not takes_seed_sequence(policy)):
        return {node: policy(size, **parameters) for node, size in sizes.items()}
    rng = np.random.default_rng(parameters.pop("seed", seed))
    if takes_seed_sequence(policy):
        # One Generator for all: the order of draws is the order of requests, in any engine.
        return {node: policy(size, seed=rng, **parameters) for node, size in sizes.items()}
    return {
        node: policy(size, seed=int(rng.integers(2**32)), **parameters)
        for node, size in sizes.items()
    }
