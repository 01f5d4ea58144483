"""Cache Less for More: the most central cache keeps the only copy."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from icarus.registry import register_strategy
from icarus.strategies.known_network import KnownNetwork
from icarus.strategies.strategy import DefinedStrategy
from icarus.types import Node

__all__ = ["CacheLessForMore"]


class CacheLessForMoreState(NamedTuple):
    """Cache Less for More: how central nodes are."""

    rank: np.ndarray
    """float64, (n_nodes,)"""

    @classmethod
    def new(cls, network: KnownNetwork, use_ego_betw: bool = False) -> Self:
        """Return what the strategy knows."""
        rank = {v: round(share, 12) for v, share in network.betweenness(use_ego_betw).items()}
        return cls(network.by_node(rank, dtype=np.float64))

    def serve(self, request, path):
        """Serve a request."""
        served_at = request.look_up_on(path)
        chosen, most = -1, 0.0
        for position in range(1, served_at):
            if request.has_cache(path, position):
                rank = self.rank[request.node(path, position)]
                if chosen < 0 or rank > most:
                    chosen, most = position, rank
        if chosen >= 0:
            request.put(path, chosen)
        request.round_trip(path, served_at)


@register_strategy("CL4M")
class CacheLessForMore(DefinedStrategy, definition=CacheLessForMoreState):
    """Cache Less for More: only the most central cache on the way back keeps a copy.

    Central is the cache that most shortest paths in hops cross (betweenness centrality). The
    serving node does not count; of equally central caches the one nearest the receiver keeps
    the copy.

    Parameters
    ----------
    use_ego_betw : bool, optional
        Take the betweenness of each node in its ego network, that is among itself and its
        neighbours, which a router can know by itself; by default that in the whole network.

    Attributes
    ----------
    betw : dict
        From node to its betweenness, normalised by the number of pairs of other nodes, as the
        network is at construction.

    Notes
    -----
    Values that agree to 12 decimals count as equal: sums of fractions differ by rounding.

    References
    ----------
    W. K. Chai, D. He, I. Psaras, G. Pavlou, "Cache 'less for more' in information-centric
    networks", IFIP Networking 2012, doi 10.1007/978-3-642-30045-5_3.
    """

    @property
    def betw(self) -> dict[Node, float]:
        """Betweenness of each node, as the network was at construction."""
        return self.network.betweenness(self.parameters["use_ego_betw"])
