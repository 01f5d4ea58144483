"""Shortest paths, computed where they are asked for.

A path needs one shortest-path tree, kept as an array of predecessors; a campaign on 10,000
routers asks for the trees of its receivers, caches and sources, not for 10^8 lists of nodes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from icarus.types import Node

__all__ = ["ShortestPaths", "symmetrify_paths"]

_NO_PREDECESSOR = -9999
"""What scipy enters for the root and for nodes out of reach."""


_MOST_NETWORKS = 4
"""Networks whose trees are kept: a campaign mostly runs all experiments of one in a row."""


class ShortestPaths(dict[Node, "_PathsFrom"]):
    """Shortest paths between all nodes: ``paths[u][v]`` is the list of nodes from u to v.

    Paths are symmetric: ``paths[u][v]`` is ``paths[v][u]`` reversed. Both come from the
    shortest-path tree of whichever of the two stands later in the topology's node order.

    Parameters
    ----------
    topology : networkx.Graph
        The network. Lengths are the links' attribute `weight`; a missing one counts 1.

    Raises
    ------
    ValueError
        If a weight is negative.
    KeyError
        On ``paths[u][v]`` for a node that does not exist or a pair that is not connected.

    Notes
    -----
    It is a dict that fills itself: a look-up computes what is missing. Iterating over it
    computes everything, which takes memory in proportion to the square of the nodes.
    """

    def __init__(self, topology: nx.Graph[Any]) -> None:
        super().__init__()
        self._nodes: list[Node] = list(topology)
        self._number: dict[Node, int] = {node: i for i, node in enumerate(self._nodes)}
        self._lengths = self._length_matrix(topology)
        self._trees = _trees_of(self._lengths)

    def _length_matrix(self, topology: nx.Graph[Any]) -> csr_array:
        number = self._number
        ends: list[tuple[int, int]] = []
        weights: list[float] = []
        for u, v, weight in topology.edges(data="weight", default=1):
            if weight < 0:
                raise ValueError(f"link ({u!r}, {v!r}) has a negative weight: {weight}")
            ends.append((number[u], number[v]))
            weights.append(weight)
            if not topology.is_directed() and u != v:
                ends.append((number[v], number[u]))
                weights.append(weight)
        rows, columns = np.array(ends, dtype=np.int32).reshape(-1, 2).T
        # Links of weight 0 stay: scipy takes an entry that is stored for a link, whatever it holds.
        shape = (len(number), len(number))
        return csr_array((np.array(weights, dtype=float), (rows, columns)), shape=shape)

    def __missing__(self, u: Node) -> _PathsFrom:
        if u not in self._number:
            raise KeyError(_no_such_node(u))
        row = _PathsFrom(self, u)
        self[u] = row
        return row

    def predecessors(self, root: Node) -> np.ndarray:
        """Return the shortest-path tree of `root`.

        Returns
        -------
        ndarray of int32, shape (n_nodes,)
            For each node, by its position in the topology, the next node on the way to
            `root`; negative for the root itself and for nodes that do not reach it.
        """
        number = self._number[root]
        tree = self._trees.get(number)
        if tree is None:
            _, tree = dijkstra(
                self._lengths, directed=True, indices=number, return_predecessors=True
            )
            self._trees[number] = tree
        return np.asarray(tree)

    def all_predecessors(self) -> np.ndarray:
        """Return the shortest-path trees of all nodes, int32, (n_nodes, n_nodes), root first."""
        if len(self._trees) < len(self._nodes):
            _, trees = dijkstra(self._lengths, directed=True, return_predecessors=True)
            self._trees.update(enumerate(trees))
        return np.stack([self._trees[number] for number in range(len(self._nodes))])

    def _compute(self, u: Node, v: Node) -> list[Node]:
        """Return the path from u to v, walking the tree of the later one from the other."""
        start, root = self._number[u], self._number[v]
        if start > root:
            return self[v][u][::-1]
        tree = self.predecessors(v)
        steps = [start]
        while steps[-1] != root:
            step = int(tree[steps[-1]])
            if step == _NO_PREDECESSOR:
                raise KeyError(f"no path from {u!r} to {v!r}")
            steps.append(step)
        return [self._nodes[step] for step in steps]

    def complete(self) -> ShortestPaths:
        """Compute the paths between all connected pairs, and return self."""
        for node in self._nodes:
            self[node].complete()
        return self

    def __eq__(self, other: object) -> bool:
        return super(ShortestPaths, self.complete()).__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def copy(self) -> dict[Node, dict[Node, list[Node]]]:  # type: ignore[override]
        return {u: dict(row.items()) for u, row in self.items()}

    def __contains__(self, node: object) -> bool:
        return node in self._number

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, node: Node, default: Any = None) -> Any:
        return self[node] if node in self._number else default

    def keys(self) -> KeysView[Node]:  # type: ignore[override]
        return KeysView(self)

    def values(self) -> ValuesView[_PathsFrom]:  # type: ignore[override]
        return ValuesView(self)

    def items(self) -> ItemsView[Node, _PathsFrom]:  # type: ignore[override]
        return ItemsView(self)


_known_trees: OrderedDict[bytes, dict[int, np.ndarray]] = OrderedDict()


def _trees_of(lengths: csr_array) -> dict[int, np.ndarray]:
    """Return the trees of a network by root, shared by all models of equal networks."""
    fingerprint = hashlib.blake2b(digest_size=16)
    for array in (lengths.data, lengths.indices, lengths.indptr):
        fingerprint.update(array.tobytes())
    trees = _known_trees.setdefault(fingerprint.digest(), {})
    _known_trees.move_to_end(fingerprint.digest())
    if len(_known_trees) > _MOST_NETWORKS:
        _known_trees.popitem(last=False)
    return trees


class _PathsFrom(dict[Node, list[Node]]):
    """Paths from one node, filled as they are asked for."""

    def __init__(self, paths: ShortestPaths, origin: Node) -> None:
        super().__init__()
        self._paths = paths
        self._origin = origin

    def __missing__(self, v: Node) -> list[Node]:
        if v not in self._paths:
            raise KeyError(_no_such_node(v))
        path = self._paths._compute(self._origin, v)
        self[v] = path
        return path

    def complete(self) -> _PathsFrom:
        for node in self._paths:
            try:
                self[node]
            except KeyError:
                continue  # not connected
        return self

    def __eq__(self, other: object) -> bool:
        return super(_PathsFrom, self.complete()).__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def copy(self) -> dict[Node, list[Node]]:
        return dict(self.items())

    def __contains__(self, v: object) -> bool:
        try:
            self[v]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[Node]:
        self.complete()
        return super().__iter__()

    def __len__(self) -> int:
        self.complete()
        return super().__len__()

    def get(self, v: Node, default: Any = None) -> Any:
        try:
            return self[v]
        except KeyError:
            return default

    def keys(self) -> KeysView[Node]:  # type: ignore[override]
        self.complete()
        return super().keys()

    def values(self) -> ValuesView[list[Node]]:  # type: ignore[override]
        self.complete()
        return super().values()

    def items(self) -> ItemsView[Node, list[Node]]:  # type: ignore[override]
        self.complete()
        return super().items()


def _no_such_node(node: Node) -> str:
    hint = "; does the content have a source?" if node is None else ""
    return f"there is no node {node!r} in the topology{hint}"


def symmetrify_paths(
    shortest_paths: dict[Node, dict[Node, list[Node]]],
) -> dict[Node, dict[Node, list[Node]]]:
    """Make ``paths[u][v]`` the reverse of ``paths[v][u]`` for all pairs, in place.

    Of a pair that differs, the path stored under the node that comes later survives.

    Parameters
    ----------
    shortest_paths : dict of dict of list
        Paths by origin and destination.

    Returns
    -------
    dict of dict of list
        `shortest_paths` itself.
    """
    for u in list(shortest_paths):
        for v in list(shortest_paths[u]):
            if u in shortest_paths.get(v, {}):
                shortest_paths[u][v] = shortest_paths[v][u][::-1]
    return shortest_paths
