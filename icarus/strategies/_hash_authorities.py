"""Who is responsible for a content, as definitions of hash-routing ask for it.

There are two forms. In compiled code contents have numbers, and so have the nodes. In the
interpreter the strategy's method ``authoritative_cache`` is asked for each request anew, as users
may give a strategy another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from icarus.core.hashing import salted_hash
from icarus.strategies.known_network import KnownNetwork
from icarus.types import Content, Node

__all__ = ["Authorities", "NamedAuthorities", "authorities_of", "number_of"]


def number_of(content: Content, salt: int, in_turn: bool) -> int:
    """Return the number, 64 bits, whose remainder says who is responsible for a content.

    Parameters
    ----------
    content : content
    salt : int
        Of the hash of its name.
    in_turn : bool
        Whether the name is taken instead, if it is a whole number.
    """
    if in_turn:
        if isinstance(content, (float, np.floating)) and float(content).is_integer():
            content = int(content)
        if isinstance(content, (int, np.integer)):
            return int(content) % 2**64
    return salted_hash(content, salt)


class Authorities(NamedTuple):
    """Authoritative nodes, which are numbers."""

    nodes: np.ndarray
    """int32, (n,): those of the whole network, in the order of ``cache_assignment``."""
    members: np.ndarray
    """int32: those of all clusters; (0,) where nobody asks."""
    members_start: np.ndarray
    """int64, (n_clusters + 1,): where those of each begin."""
    hashes: Any
    """Of the names of contents."""
    salt: int
    in_turn: bool
    """Whether names, which are whole numbers, are taken instead of hashes."""
    turns: np.ndarray
    """uint64, (n_contents,): these numbers; (0,) where names are a range."""

    def key(self, content):
        """Return by what the node responsible for a content is found: ``number_of``, uint64."""
        if not self.in_turn:
            return np.uint64(self.hashes.of(content, self.salt))
        if len(self.turns) > 0:
            return self.turns[content]
        return np.uint64(self.hashes.names[0] + self.hashes.names[1] * content)

    def of(self, key):
        """Return the node that is responsible for a content, given its key."""
        # Both unsigned: of an unsigned and a signed integer NumPy makes a float.
        return self.nodes[np.int64(np.uint64(key) % np.uint64(len(self.nodes)))]

    def in_cluster(self, key, cluster):
        """Return the node of a cluster that is responsible for a content, given its key."""
        first = self.members_start[cluster]
        size = self.members_start[cluster + 1] - first
        return self.members[first + np.int64(np.uint64(key) % np.uint64(size))]


class NamedAuthorities(NamedTuple):
    """The same in the interpreter: whom the strategy's ``authoritative_cache`` names."""

    strategy: Any

    def key(self, content: Content) -> Content:
        """Return the content itself."""
        return content

    def of(self, key: Content) -> Node:
        """Return the node that is responsible for a content."""
        return self.strategy.authoritative_cache(key)

    def in_cluster(self, key: Content, cluster: int | None) -> Node:
        """Return the node of a cluster that is responsible for a content."""
        return self.strategy.authoritative_cache(key, cluster)


def authorities_of(
    strategy: Any, network: KnownNetwork, clusters: Sequence[Sequence[Node]] = ()
) -> Authorities | NamedAuthorities:
    """Return who is responsible for a content.

    Parameters
    ----------
    strategy : BaseHashrouting
    network : KnownNetwork
    clusters : sequence of sequences of nodes, optional
        The clusters in which compiled code looks.
    """
    numbering = network.numbering
    if numbering is None:
        return NamedAuthorities(strategy)
    names = numbering.contents
    turns = np.zeros(0, dtype=np.uint64)
    if strategy._in_turn and not isinstance(names, range):
        numbers = (number_of(name, strategy._salt, True) for name in names)
        turns = np.fromiter(numbers, dtype=np.uint64, count=len(names))
    start = np.zeros(len(clusters) + 1, dtype=np.int64)
    np.cumsum([len(nodes) for nodes in clusters], out=start[1:])
    assigned = (strategy.cache_assignment[i] for i in range(strategy.n_cache_nodes))
    return Authorities(
        nodes=np.array([numbering.of(node) for node in assigned], dtype=np.int32),
        members=np.array([numbering.of(v) for nodes in clusters for v in nodes], dtype=np.int32),
        members_start=start,
        hashes=network.content_hashes(wanted=not strategy._in_turn),
        salt=strategy._salt,
        in_turn=strategy._in_turn,
        turns=turns,
    )
