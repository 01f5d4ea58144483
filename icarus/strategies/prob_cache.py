"""ProbCache: caches nearer to the receiver are likelier to keep a copy."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.registry import register_strategy
from icarus.strategies.known_network import KnownNetwork
from icarus.strategies.strategy import DefinedStrategy
from icarus.types import Node, Positive, Seed

__all__ = ["ProbCache"]


class ProbCacheState(NamedTuple):
    """ProbCache: capacities, the target time window, and where chance comes from."""

    size_of: np.ndarray
    """int64, (n_nodes,): capacities."""
    t_tw: float
    rng: Any
    """numpy.random.Generator"""

    @classmethod
    def new(cls, network: KnownNetwork, t_tw: Positive = 10, seed: Seed = None) -> Self:
        """Return what the strategy knows."""
        return cls(network.by_node(network.cache_sizes), float(t_tw), seed)

    def serve(self, request, path):
        """Serve a request."""
        served_at = request.look_up_on(path)
        c, remaining = 0, 0
        for position in range(served_at + 1):
            if request.has_cache(path, position):
                c += 1
                remaining += self.size_of[request.node(path, position)]
        # The capacity that no longer counts behind a cache is that of the x-th cache of the way,
        # and the serving one is the first.
        counted = served_at if request.has_cache(path, served_at) else -1
        x = 0
        for position in range(served_at - 1, -1, -1):
            if not request.has_cache(path, position):
                continue
            x += 1
            size = self.size_of[request.node(path, position)]
            # A capacity of 0 draws nothing. The exponent is a float, as an integer would become
            # repeated multiplication, whose last bits differ from those of pow.
            if size > 0 and self.rng.random() < remaining / (self.t_tw * size) * (x / c) ** float(
                c
            ):
                request.put(path, position)
            if counted < 0:
                remaining -= size
            else:
                remaining -= self.size_of[request.node(path, counted)]
                counted = position
        request.round_trip(path, served_at)


@register_strategy("PROB_CACHE")
class ProbCache(DefinedStrategy, definition=ProbCacheState):
    """ProbCache: a cache keeps a copy with a probability that grows towards the receiver.

    The x-th cache that a content meets on its way back keeps a copy with probability

        (sum of the last c - x + 1 capacities) / (t_tw * its own capacity) * (x / c)^c.

    c and the sum go over all caches of the return path, the one that serves included if it is
    a cache. The first factor is TimesIn of the original paper; the second has the exponent c
    of the extended one.

    Parameters
    ----------
    t_tw : float, optional
        Target time window, in seconds of the average path's caching capacity.

    References
    ----------
    I. Psaras, W. K. Chai, G. Pavlou, "Probabilistic in-network caching for information-centric
    networks", ACM SIGCOMM ICN 2012, doi 10.1145/2342488.2342501; the same authors, "In-network
    cache management and resource allocation for information-centric networks", IEEE TPDS
    25(11), 2014, doi 10.1109/TPDS.2013.304.
    """

    def __init__(self, view: Any, controller: Any, t_tw: Positive = 10, seed: Seed = None) -> None:
        super().__init__(view, controller, t_tw, seed)
        self.t_tw = t_tw

    @property
    def cache_size(self) -> dict[Node, int]:
        """How many contents fit into each cache."""
        return self.network.cache_sizes
