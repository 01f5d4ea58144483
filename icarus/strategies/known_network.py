"""What the definition of a strategy may know of its network before the first request."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import networkx as nx
import numpy as np

from icarus.routing.betweenness import betweenness
from icarus.routing.known_links import MOST_LINKS, known_links
from icarus.types import Node
from icarus.verbs.content_hashes import ContentHashes, NamedHashes, hashes_of
from icarus.verbs.node_set import NamedNodeSet, NodeSet, empty_node_set

__all__ = ["KnownNetwork", "Numbering"]

T = TypeVar("T")


class Numbering(NamedTuple):
    """The numbers that compiled code knows nodes and caches by."""

    nodes: Mapping[Any, int]
    """From node to its position in the topology at the start; those that are removed keep theirs.
    None stands for nowhere, which no path leads to, and has the last number."""
    caches: Mapping[Any, int]
    """From node to its cache, as far as they are present; those of ``NetworkModel.cache`` come
    first, in order."""
    local_caches: Mapping[Any, int]
    """From node to its local cache, as far as they are present."""
    receivers: Sequence[Any]
    """The nodes that request."""
    sources: Sequence[Any]
    """The nodes that contents originate from, as far as they are present."""
    contents: Sequence[Any] = range(0)
    """The names of contents, by number."""

    def of(self, node: Any) -> int:
        """Return the number of a node, or that of nowhere."""
        return self.nodes.get(node, self.nodes[None])


class KnownNetwork:
    """A network as the definition of a strategy is told of it.

    Parameters
    ----------
    view : NetworkView
    numbering : Numbering, optional
        The numbers of nodes in compiled code; without it nodes are themselves.
    lasting : bool, optional
        Whether other networks are likely to be equal; see ``known_links``.

    Attributes
    ----------
    topology : fnss.Topology
        To be read only.
    cache_sizes : dict
        From node to how many contents fit into its cache, when the strategy was made.
    """

    def __init__(self, view: Any, numbering: Numbering | None = None, lasting: bool = True) -> None:
        self.view = view
        self._lasting = lasting
        self.topology = view.topology()
        self.cache_sizes: dict[Node, int] = view.cache_nodes(size=True)
        self.numbering = numbering
        self._known: dict[bool, dict[Node, float]] = {}

    def numbered(self, numbering: Numbering) -> KnownNetwork:
        """Return the same network for compiled code."""
        other = KnownNetwork(self.view, numbering, self._lasting)
        other.cache_sizes, other._known = self.cache_sizes, self._known
        return other

    def by_node(self, values: Mapping[Node, Any], missing: Any = 0, dtype: Any = np.int64) -> Any:
        """Return values by node, for a field of the definition: ``field[node]`` is that of a node.

        Parameters
        ----------
        values : mapping
            From node to value.
        missing : object, optional
            The value of all other nodes.
        dtype : dtype, optional
            Of the array that compiled code has.
        """
        if self.numbering is None:
            return {node: values.get(node, missing) for node in self.topology}
        table = np.full(len(self.numbering.nodes), missing, dtype=dtype)
        for node, value in values.items():
            table[self.numbering.nodes[node]] = value
        return table

    def node_set(self) -> NodeSet | NamedNodeSet:
        """Return an empty set of nodes, for a field of the definition.

        It has the methods ``clear()``, ``add(node)``, ``discard(node)`` and ``has(node)``.
        """
        return (
            NamedNodeSet() if self.numbering is None else empty_node_set(len(self.numbering.nodes))
        )

    def content_hashes(self, wanted: bool = True) -> ContentHashes | NamedHashes:
        """Return hashes of contents, for a field of the definition.

        Its method ``of(content, salt)`` returns that of a content, an unsigned integer of 64 bits.

        Parameters
        ----------
        wanted : bool, optional
            Whether anybody will ask for them: of a million names they take a second or more.
        """
        if self.numbering is None:
            return NamedHashes()
        return hashes_of(self.numbering.contents, wanted)

    def once(self, compute: Callable[[nx.Graph[Any]], T]) -> T:
        """Return what is computed of the topology, where it can be once for all that are equal.

        Parameters
        ----------
        compute : callable
            From the topology, of which it looks at nodes, links and their attributes only. Nobody
            changes what it returns.
        """
        return known_links(self.topology, self._lasting).once(compute, self.topology)

    def is_source(self, node: Node) -> bool:
        """Return whether contents originate from a node."""
        return node in self.view.model.source_node

    def betweenness(self, ego: bool = False) -> dict[Node, float]:
        """Return how many shortest paths in hops cross each node, as a share of all pairs.

        Parameters
        ----------
        ego : bool, optional
            Count those in the node's ego network, among itself and its neighbours.
        """
        if ego not in self._known:
            self._known[ego] = self.once(_ego_betweenness if ego else _betweenness)
        return self._known[ego]


_MOST_NETWORKS = 4
"""Networks whose betweenness is kept: a campaign mostly runs all experiments of one in a row."""

_betweenness_of: OrderedDict[Any, dict[Node, float]] = OrderedDict()
"""Of networks that are too large for ``once`` to remember."""


def _betweenness(topology: nx.Graph[Any]) -> dict[Node, float]:
    if topology.number_of_edges() <= MOST_LINKS:
        return betweenness(topology)
    key = topology.is_directed(), tuple((u, tuple(near)) for u, near in topology.adjacency())
    if key not in _betweenness_of:
        _betweenness_of[key] = betweenness(topology)
    _betweenness_of.move_to_end(key)
    while len(_betweenness_of) > _MOST_NETWORKS:
        _betweenness_of.popitem(last=False)
    return _betweenness_of[key]


def _ego_betweenness(topology: nx.Graph[Any]) -> dict[Node, float]:
    return {v: nx.betweenness_centrality(nx.ego_graph(topology, v))[v] for v in topology}
