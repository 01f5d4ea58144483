"""Shortest paths, computed where they are asked for.

A path needs one shortest-path tree, kept as an array of predecessors; a campaign on 10,000
routers asks for the trees of its receivers, caches and sources, not for 10^8 lists of nodes.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

import networkx as nx
import numpy as np

from icarus.routing.known_links import known_links
from icarus.routing.trees import ShortestPathTrees
from icarus.types import Node

__all__ = ["ShortestPaths", "symmetrify_paths"]


class ShortestPaths(dict[Node, "_PathsFrom"]):
    """Shortest paths between all nodes: ``paths[u][v]`` is the list of nodes from u to v.

    Paths are symmetric: ``paths[u][v]`` is ``paths[v][u]`` reversed. Both come from the
    shortest-path tree of whichever of the two stands later in the topology's node order. Where
    paths tie, that tree has the one which ``networkx.single_source_dijkstra_path`` returns: the
    first found, neighbours being looked at in the order of the graph.

    Parameters
    ----------
    topology : networkx.Graph
        The network. Lengths are the links' attribute `weight`; a missing one counts 1. A link
        with a weight of None is none.
    lasting : bool, optional
        Whether other networks are likely to be equal; see ``known_links``.

    Raises
    ------
    ValueError
        If a weight is negative or not a number.
    KeyError
        On ``paths[u][v]`` for a node that does not exist or a pair that is not connected.

    Notes
    -----
    It is a dict that fills itself: a look-up computes what is missing. Iterating over it
    computes everything, which takes memory in proportion to the square of the nodes.
    """

    def __init__(self, topology: nx.Graph[Any], lasting: bool = True) -> None:
        super().__init__()
        self._nodes: list[Node] = list(topology)
        self._number: dict[Node, int] = {node: i for i, node in enumerate(self._nodes)}
        self._directed = topology.is_directed()
        self._trees = known_links(topology, lasting).once(ShortestPathTrees, topology)

    def __missing__(self, u: Node) -> _PathsFrom:
        if u not in self._number:
            raise KeyError(_no_such_node(u))
        row = _PathsFrom(self, u)
        self[u] = row
        return row

    @property
    def fingerprint(self) -> bytes:
        """What tells the network from those with other links; see ``ShortestPathTrees``."""
        return self._trees.fingerprint

    def predecessors(self, root: Node) -> np.ndarray:
        """Return the shortest-path tree of `root`.

        Returns
        -------
        ndarray of int32, shape (n_nodes,)
            For each node, by its position in the topology, the next node on the way to
            `root`; negative for the root itself and for nodes that do not reach it.
        """
        return self._trees.of(self._number[root])

    def all_predecessors(self) -> np.ndarray:
        """Return the shortest-path trees of all nodes, int32, (n_nodes, n_nodes), root first."""
        return self._trees.of_all()

    def reach_all(self) -> bool:
        """Return whether there is a path from each node to each other one.

        Of directed networks it says whether there is one to the first node.
        """
        if not self._nodes:
            return True
        return int((self._trees.of(0) < 0).sum()) == 1

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the paths themselves, of which pickling would compute all.
        return _restored_paths, (self._nodes, self._directed, self._trees)

    def _compute(self, u: Node, v: Node) -> list[Node]:
        """Return the path from u to v: that from the later of the two, be it reversed."""
        start, end = self._number[u], self._number[v]
        later, earlier = max(start, end), min(start, end)
        path = self._walk(later, earlier)
        if self._directed and start < end:
            there = self._walk(start, end)
            if there is None or path is None:
                later, path = start, there
        if path is None:
            raise KeyError(f"no path from {u!r} to {v!r}")
        return [self._nodes[step] for step in (path if start == later else path[::-1])]

    def _walk(self, root: int, end: int) -> list[int] | None:
        """Return the path to a node in the tree of a root; None if it is out of reach."""
        tree = self._trees.of(root)
        steps = [end]
        while steps[-1] != root:
            step = int(tree[steps[-1]])
            if step < 0:
                return None
            steps.append(step)
        return steps[::-1]

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


def _restored_paths(nodes: list[Node], directed: bool, trees: ShortestPathTrees) -> ShortestPaths:
    paths = ShortestPaths.__new__(ShortestPaths)
    paths._nodes, paths._directed, paths._trees = nodes, directed, trees
    paths._number = {node: i for i, node in enumerate(nodes)}
    return paths


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
