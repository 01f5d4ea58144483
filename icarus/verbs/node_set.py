"""Sets of nodes that a definition keeps during one request: who was asked, who was reached."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["NamedNodeSet", "NodeSet", "empty_node_set"]


class NodeSet(NamedTuple):
    """A set of nodes that are numbers, emptied at once: those that have the latest mark."""

    mark: np.ndarray
    """int64, (n_nodes,): the mark of each node, 0 before the first."""
    latest: np.ndarray
    """int64, (1,)"""

    def clear(self):
        """Empty the set."""
        self.latest[0] += 1

    def add(self, node):
        """Put a node into the set."""
        self.mark[node] = self.latest[0]

    def discard(self, node):
        """Take a node out of the set, if it is in there."""
        self.mark[node] = 0

    def has(self, node):
        """Whether a node is in the set."""
        return self.mark[node] == self.latest[0]


class NamedNodeSet:
    """The same in the interpreter, of nodes that are themselves."""

    def __init__(self) -> None:
        own: set[Any] = set()
        self.clear, self.add, self.discard = own.clear, own.add, own.discard
        self.has = own.__contains__


def empty_node_set(n_nodes: int) -> NodeSet:
    """Return an empty set of the nodes below a number."""
    return NodeSet(np.zeros(n_nodes, dtype=np.int64), np.ones(1, dtype=np.int64))
