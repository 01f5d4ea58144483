"""Which receiver a request comes from.

Receivers request at equal rates, or, with a spatial skew `beta` above 0, at rates that follow a
Zipf distribution over the degree of the node that each is attached to.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from icarus.theory.distributions import TruncatedZipfDist
from icarus.types import Node

if TYPE_CHECKING:
    import fnss

__all__ = ["ReceiverChoice", "receivers_of"]


def receivers_of(topology: fnss.Topology) -> list[Node]:
    """Return the nodes with a stack of that name, in the topology's order."""
    return [
        node
        for node, stack in topology.nodes(data="stack")
        if stack is not None and stack[0] == "receiver"
    ]


class ReceiverChoice:
    """The receivers of a topology, and how often each requests.

    Parameters
    ----------
    topology : fnss.Topology
        The network; receivers are the nodes with a stack of that name.
    beta : float, optional
        Spatial skew. With 0 all receivers request equally often. Above 0 they are ranked by
        decreasing degree of their neighbour (of several, the one of highest degree), ties in
        the topology's order of nodes, and rank r requests in proportion to r**-beta.

    Raises
    ------
    ValueError
        If `beta` is negative or not finite, or there are no receivers.

    Attributes
    ----------
    nodes : list
        The receivers: by rank if `beta` is above 0, else in the topology's order of nodes.
    """

    def __init__(self, topology: fnss.Topology, beta: float = 0) -> None:
        if not 0 <= beta < math.inf:
            raise ValueError(f"beta must be a finite number >= 0, found {beta!r}")
        self.nodes = receivers_of(topology)
        if not self.nodes:
            raise ValueError("the topology has no receivers, so that nobody requests anything")
        self._zipf: TruncatedZipfDist | None = None
        if beta > 0:
            self.nodes.sort(key=lambda node: -_attachment_degree(topology, node))
            self._zipf = TruncatedZipfDist(beta, len(self.nodes))

    def sample(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Return `size` independent draws as positions in `nodes`, int32, (size,)."""
        if self._zipf is None:
            if len(self.nodes) == 1:
                return np.zeros(size, dtype=np.int32)  # NumPy would take no random number either
            return rng.integers(len(self.nodes), size=size, dtype=np.int32)
        return (self._zipf.sample(size, rng) - 1).astype(np.int32)


def _attachment_degree(topology: fnss.Topology, receiver: Node) -> int:
    return max((int(topology.degree(node)) for node in topology.neighbors(receiver)), default=0)
