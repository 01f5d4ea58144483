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
from itertools import chain
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

_PLAIN = {int, float}
"""Types of weights that need no look at each."""

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

    Attributes
    ----------
    fingerprint : bytes
        Equal for networks that have the same links of the same lengths in the same order, those
        that are none included, and no others.

    Raises
    ------
    ValueError
        If a weight is negative or not a number.
    """

    def __init__(self, topology: nx.Graph[Any]) -> None:
        number = {node: i for i, node in enumerate(topology)}
        rows = [neighbors for _, neighbors in topology.adjacency()]
        weights: list[Any] = (
            [_least_weight(links) for row in rows for links in row.values()]
            if topology.is_multigraph()
            else [link.get("weight", 1) for row in rows for link in row.values()]
        )
        degrees = np.fromiter(map(len, rows), np.int64, len(rows))
        head = np.fromiter(map(number.__getitem__, chain.from_iterable(rows)), np.int32)
        tail = np.repeat(np.arange(len(rows), dtype=np.int32), degrees)
        none = np.zeros(len(weights), dtype=np.bool_)
        if not _PLAIN.issuperset(map(type, weights)):
            _require_lengths(topology, weights)
            none[:] = [weight is None for weight in weights]
        self._n_nodes = len(number)
        degrees -= np.bincount(tail[none], minlength=len(rows))
        self._first = np.concatenate(([0], np.cumsum(degrees)))
        self._head = head[~none]
        self._length = np.array([w for w in weights if w is not None], dtype=np.float64)
        if not (self._length >= 0).all():
            _require_lengths(topology, weights)
        others = np.concatenate((tail[none], head[none]))
        self.fingerprint = _fingerprint(self._first, self._head, self._length, others)
        self._grown = _grown_on(self.fingerprint)
        self._all: np.ndarray | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_grown": None, "_all": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._grown = _grown_on(self.fingerprint)

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
            missing = [root for root in range(self._n_nodes) if root not in self._grown]
            found = self._grow(missing)
            self._all = (
                found
                if len(missing) == self._n_nodes
                else np.stack([self._grown[root] for root in range(self._n_nodes)])
            )
            self._all.setflags(write=False)
        return self._all

    def _grow(self, roots: Sequence[int]) -> np.ndarray:
        if not roots:
            return np.empty((0, self._n_nodes), dtype=np.int32)
        grow = self._interpreted if _interpreter_will_do(self._n_links(roots)) else self._compiled
        found = grow(roots)
        self._grown.update(zip(roots, found, strict=True))
        return found

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


def _require_lengths(topology: nx.Graph[Any], weights: Sequence[Any]) -> None:
    """Raise ValueError for the first link with a weight that is no length."""
    links = ((u, v) for u, neighbors in topology.adjacency() for v in neighbors)
    for (u, v), weight in zip(links, weights, strict=True):
        if weight is not None and not weight >= 0:
            kind = "a negative weight" if weight < 0 else "a weight that is no number"
            raise ValueError(f"link ({u!r}, {v!r}) has {kind}: {weight}")


def _least_weight(links: Mapping[Any, Mapping[str, Any]]) -> Any:
    return min(link.get("weight", 1) for link in links.values())


_known: OrderedDict[bytes, dict[int, np.ndarray]] = OrderedDict()


def _fingerprint(*links: np.ndarray) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for array in links:
        found.update(array.tobytes())
    return found.digest()


def _grown_on(fingerprint: bytes) -> dict[int, np.ndarray]:
    """Return the trees of a network by root, shared by all models of equal networks."""
    trees = _known.setdefault(fingerprint, {})
    _known.move_to_end(fingerprint)
    if len(_known) > _MOST_NETWORKS:
        _known.popitem(last=False)
    return trees
