"""Shortest-path trees of a network, as arrays of predecessors.

Where paths tie, they are those that ``networkx.single_source_dijkstra_path`` returns. Two forms
do the same: one for the interpreter, and one that is compiled (``icarus.routing.compiled_trees``).
"""

from __future__ import annotations

import hashlib
import itertools
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

import networkx as nx
import numpy as np

__all__ = ["ShortestPathTrees"]

_MOST_NETWORKS = 4
"""Networks whose trees are kept: a campaign mostly runs all experiments of one in a row."""

_LINKS_INTERPRETED = 250_000
"""Nodes and links that a process visits in the interpreter before it has the compiled form loaded.

They take 0.1 s, which is enough for all trees of TISCALI, or of GEANT thirty times. To load the
compiled form takes 0.4 s where nothing else is compiled, and a second or two when it is compiled.
"""

_interpreted = 0
"""How many this process has visited."""


class ShortestPathTrees:
    """Shortest-path trees, grown where they are asked for.

    Nodes are numbers, which are their positions in the topology.

    Parameters
    ----------
    topology : networkx.Graph
        The network. Lengths are the links' attribute `weight`; a missing one counts 1, and one
        that is None makes it no link. Of parallel links the shortest counts.

    Raises
    ------
    ValueError
        If a weight is negative or not a number.
    """

    def __init__(self, topology: nx.Graph[Any]) -> None:
        number = {node: i for i, node in enumerate(topology)}
        heads: list[int] = []
        lengths: list[float] = []
        first = [0]
        weight_of = _least_weight if topology.is_multigraph() else _weight
        for u, neighbors in topology.adjacency():
            for v, link in neighbors.items():
                weight = weight_of(link)
                if weight is None:
                    continue
                if not weight >= 0:
                    kind = "a negative weight" if weight < 0 else "a weight that is no number"
                    raise ValueError(f"link ({u!r}, {v!r}) has {kind}: {weight}")
                heads.append(number[v])
                lengths.append(weight)
            first.append(len(heads))
        self._n_nodes = len(number)
        self._first = np.array(first, dtype=np.int64)
        self._head = np.array(heads, dtype=np.int32)
        self._length = np.array(lengths, dtype=np.float64)
        self._grown = _grown_on(self._first, self._head, self._length)
        self._all: np.ndarray | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_grown": None, "_all": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._grown = _grown_on(self._first, self._head, self._length)

    def of(self, root: int) -> np.ndarray:
        """Return the tree of a root.

        Returns
        -------
        ndarray of int32, shape (n_nodes,)
            For each node the next one on the way to the root, of those that lead from there;
            negative for the root itself and for nodes out of reach.
        """
        if root not in self._grown:
            self._grow([root])
        return self._grown[root]

    def of_all(self) -> np.ndarray:
        """Return the trees of all nodes, int32, shape (n_nodes, n_nodes), root first."""
        if self._all is None:
            self._grow([root for root in range(self._n_nodes) if root not in self._grown])
            self._all = np.stack([self._grown[root] for root in range(self._n_nodes)])
            self._all.setflags(write=False)
        return self._all

    def _grow(self, roots: Sequence[int]) -> None:
        if not roots:
            return
        grow = self._interpreted if _interpreter_will_do(self._n_links(roots)) else self._compiled
        self._grown.update(zip(roots, grow(roots), strict=True))

    def _n_links(self, roots: Sequence[int]) -> int:
        return len(roots) * (self._n_nodes + len(self._head))

    def _compiled(self, roots: Sequence[int]) -> np.ndarray:
        from icarus.routing.compiled_trees import Links, grow_trees, make_frontier

        trees = np.empty((len(roots), self._n_nodes), dtype=np.int32)
        links = Links(self._first, self._head, self._length)
        space = make_frontier(self._n_nodes, len(self._head))
        grow_trees(links, np.array(roots, dtype=np.int32), trees, space)
        return trees

    def _interpreted(self, roots: Sequence[int]) -> np.ndarray:
        links = list(zip(self._head.tolist(), self._length.tolist(), strict=True))
        first = self._first.tolist()
        leaving = [links[start:stop] for start, stop in itertools.pairwise(first)]
        return np.array([_tree(leaving, root) for root in roots], dtype=np.int32)


def _tree(leaving: Sequence[Sequence[tuple[int, float]]], root: int) -> list[int]:
    """Return the tree of a root, given the links that leave each node."""
    tree = [-1] * len(leaving)
    distance: list[float | None] = [None] * len(leaving)
    distance[root] = 0.0
    done = [False] * len(leaving)
    entered = itertools.count()
    queue = [(0.0, next(entered), root)]
    while queue:
        so_far, _, node = heappop(queue)
        if done[node]:
            continue
        done[node] = True
        for head, length in leaving[node]:
            known, through = distance[head], so_far + length
            if known is None or through < known:
                distance[head] = through
                tree[head] = node
                heappush(queue, (through, next(entered), head))
    return tree


def _interpreter_will_do(n_links: int) -> bool:
    """Return whether trees along so many links are grown without the compiler."""
    global _interpreted
    if _interpreted + n_links <= _LINKS_INTERPRETED:
        _interpreted += n_links
        return True
    # From now on the compiled form is there, for small networks too.
    _interpreted = _LINKS_INTERPRETED
    from icarus.compiler.jit import DISABLED

    return DISABLED


def _weight(link: Mapping[str, Any]) -> Any:
    return link.get("weight", 1)


def _least_weight(links: Mapping[Any, Mapping[str, Any]]) -> Any:
    return min(map(_weight, links.values()))


_known: OrderedDict[bytes, dict[int, np.ndarray]] = OrderedDict()


def _grown_on(*links: np.ndarray) -> dict[int, np.ndarray]:
    """Return the trees of a network by root, shared by all models of equal networks."""
    fingerprint = hashlib.blake2b(digest_size=16)
    for array in links:
        fingerprint.update(array.tobytes())
    trees = _known.setdefault(fingerprint.digest(), {})
    _known.move_to_end(fingerprint.digest())
    if len(_known) > _MOST_NETWORKS:
        _known.popitem(last=False)
    return trees
