"""Hash-routing by clusters: the legs of a request, and how the content comes back.

A leg is the path from one authoritative cache that is asked to the next, the first one from the
receiver and the last one to the source.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.errors import NoKernelError
from icarus.strategies._hash_authorities import authorities_of
from icarus.strategies._hash_delivery import ASYMM, MULTICAST, SYMM, routing_number
from icarus.strategies.known_network import KnownNetwork, Numbering
from icarus.verbs.network import AGAIN, DONE

__all__ = ["HashroutingClusterState"]


class ClusterWays(NamedTuple):
    """Which clusters are asked, of nodes that are numbers."""

    receivers_only: bool
    """Whether only the receiver's cluster is asked."""
    cluster_of: np.ndarray
    """int32, (n_nodes,)"""
    n_clusters: int
    ways: np.ndarray
    """int32: clusters on the ways from each cluster to each other."""
    ways_start: np.ndarray
    """int64, (n_clusters**2 + 2,): where those from one to another begin, by the first one; the
    last is empty."""

    def of(self, node):
        """Return the cluster of a node."""
        return self.cluster_of[node]

    def number(self, request):
        """Return how many clusters are asked."""
        if self.receivers_only:
            return np.int64(self.cluster_of[request.receiver] >= 0)
        way = self._way(request)
        return self.ways_start[way + 1] - self.ways_start[way]

    def asked(self, request, place):
        """Return the cluster that is asked at a place, from 0."""
        if self.receivers_only:
            return self.cluster_of[request.receiver]
        return self.ways[self.ways_start[self._way(request)] + place]

    def _way(self, request):
        first, last = self.cluster_of[request.receiver], self.cluster_of[request.source]
        if first < 0 or last < 0:
            # A node that is removed, which no path leads to either.
            return np.int64(self.n_clusters) * self.n_clusters
        return np.int64(first) * self.n_clusters + last


class NamedClusterWays(NamedTuple):
    """The same in the interpreter."""

    strategy: Any

    def of(self, node: Any) -> Any:
        """Return the cluster of a node."""
        return self.strategy.view.cluster(node)

    def number(self, request: Any) -> int:
        """Return how many clusters are asked."""
        return len(self._way(request))

    def asked(self, request: Any, place: int) -> Any:
        """Return the cluster that is asked at a place, from 0."""
        return self._way(request)[place]

    def _way(self, request: Any) -> Any:
        first = self.of(request.receiver)
        if self.strategy.inter_routing == "EDGE":
            return [first]
        if request.source is None:
            return ()
        return self.strategy._cluster_paths.get(first, {}).get(self.of(request.source), ())


class HashroutingClusterState(NamedTuple):
    """Hash-routing by clusters."""

    authorities: Any
    clusters: Any
    routing: int
    receivers_only: bool
    """Whether only the receiver's cluster is asked."""
    legs: Any
    """Those of the present request, as far as it goes."""
    nodes: Any
    """A set of nodes: who is to keep the content, or has it by now."""

    @classmethod
    def new(cls, network: KnownNetwork, strategy: Any) -> Self:
        """Return what the strategy knows."""
        ways: Any = NamedClusterWays(strategy)
        legs: Any = [None] * (len(strategy.clusters) + 1)
        if network.numbering is not None:
            _require_caches_only(strategy, network.numbering)
            ways = _numbered_ways(strategy, network.numbering)
            legs = np.zeros(len(legs), dtype=np.int64)
        return cls(
            authorities=authorities_of(strategy, network, strategy.clusters),
            clusters=ways,
            routing=routing_number(strategy.intra_routing),
            receivers_only=strategy.inter_routing == "EDGE",
            legs=legs,
            nodes=network.node_set(),
        )

    def process(self, request):
        """Serve a request."""
        key = self.authorities.key(request.content)
        asked = self.clusters.number(request)
        if request.looks_ahead() and self._lacks_paths(request, key, asked):
            return AGAIN
        serving = self._ask(request, key, asked)
        leg = self.legs[serving]
        last = request.last(leg)
        if self.receivers_only and serving < asked:
            request.deliver_from_cache(leg, last)
            return DONE
        if self.routing == SYMM:
            self._deliver_on_legs(request, key, serving, asked)
            return DONE
        direct = request.way_back(request.receiver, request.node(leg, last))
        request.deliver_on(leg, last, direct)
        if self.routing == ASYMM:
            self._keep_on_way(request, key, direct)
        else:
            self._branch_off(request, serving, direct)
        return DONE

    def _authority(self, request, key, place):
        """Return the node that is asked at a place, from 0."""
        return self.authorities.in_cluster(key, self.clusters.asked(request, place))

    def _end_of(self, request, i):
        leg = self.legs[i]
        return request.node(leg, request.last(leg))

    def _lacks_paths(self, request, key, asked):
        """Whether a leg is lacking, or a path on which the content comes."""
        # Where a leg ends is told by who is asked, not by the leg: the paths are then looked up
        # beside one another, which a chain of them was a sixth slower than.
        here, serving = request.receiver, asked
        for i in range(asked):
            there = self._authority(request, key, i)
            leg = request.path(here, there)
            if request.lacks(leg):
                return True
            self.legs[i] = leg
            here = there
            if request.holds(there):
                serving = i
                break
        if serving == asked:
            leg = request.path_on_to_source(here)
            if request.lacks(leg):
                return True
            self.legs[asked] = leg
            here = request.source
        if self.receivers_only and serving < asked:
            return False
        server = here
        directly = self.routing != SYMM or self.receivers_only
        if directly and request.lacks(request.way_back(request.receiver, server)):
            return True
        if self.routing == MULTICAST:
            for i in range(1, serving + 1):
                keeper = request.node(self.legs[i], 0)
                if request.lacks(request.way_back(keeper, server)):
                    return True
        return False

    def _ask(self, request, key, asked):
        """Have the request go from cache to cache; return the leg at whose end one serves."""
        here = request.receiver
        for i in range(asked):
            if not request.looks_ahead():
                there = self._authority(request, key, i)
                self.legs[i] = request.path(here, there)
                here = there
            leg = self.legs[i]
            last = request.last(leg)
            if request.look_up(leg, last):
                return i
            request.ask(leg, last)
        if not request.looks_ahead():
            self.legs[asked] = request.path_on_to_source(here)
        request.fetch_from_source(self.legs[asked])
        return asked

    def _add_authorities_on(self, request, key, path):
        """Enter the nodes of a path responsible for the content in a cluster that it crosses."""
        crossed = -1
        for position in range(request.last(path), -1, -1):
            cluster = self.clusters.of(request.node(path, position))
            if cluster != crossed:
                node = self.authorities.in_cluster(key, cluster)
                if request.position_of(path, node) >= 0:
                    self.nodes.add(node)
            crossed = cluster

    def _deliver_on_legs(self, request, key, serving, asked):
        """Have the content come back through those who were asked, which keep it."""
        wanted = self.nodes
        wanted.clear()
        for i in range(1, serving + 1):
            wanted.add(request.node(self.legs[i], 0))
        if self.receivers_only:
            server = self._end_of(request, serving)
            self._add_authorities_on(request, key, request.way_back(request.receiver, server))
            wanted.discard(server)
        if serving == asked:
            request.deliver_from_source(self.legs[serving])
        else:
            request.deliver_from_cache(self.legs[serving], request.last(self.legs[serving]))
        for i in range(serving, -1, -1):
            leg = self.legs[i]
            last = request.last(leg)
            if i < serving:
                request.pass_on(leg, last)
            for position in range(last - 1, -1, -1):
                node = request.node(leg, position)
                if wanted.has(node):
                    wanted.discard(node)
                    request.put(leg, position)

    def _keep_on_way(self, request, key, direct):
        """Have those on the direct way keep the content who are responsible for it."""
        self.nodes.clear()
        self._add_authorities_on(request, key, direct)
        for position in range(request.last(direct) - 1, -1, -1):
            if self.nodes.has(request.node(direct, position)):
                request.put(direct, position)

    def _branch_off(self, request, serving, direct):
        """Send the content to those who were asked in vain, from the nearest node it came to."""
        reached = self.nodes
        reached.clear()
        for position in range(request.last(direct) + 1):
            reached.add(request.node(direct, position))
        server = self._end_of(request, serving)
        for i in range(serving, 0, -1):
            back = request.way_back(request.node(self.legs[i], 0), server)
            fork = 0
            while not reached.has(request.node(back, fork)):
                fork += 1
            request.branch(back, fork)
            request.put(back, 0)
            for position in range(fork):
                reached.add(request.node(back, position))


def _require_caches_only(strategy: Any, numbering: Numbering) -> None:
    for nodes in strategy.clusters:
        for node in nodes:
            # A source would serve all that it holds, also what originates from another one.
            if node in numbering.sources or node not in numbering.nodes:
                raise NoKernelError(f"strategy: {node!r} belongs to a cluster of caches")


def _numbered_ways(strategy: Any, numbering: Numbering) -> ClusterWays:
    n_clusters = len(strategy.clusters)
    receivers_only = strategy.inter_routing == "EDGE"
    ways: list[int] = []
    ways_start = np.zeros(n_clusters**2 + 2, dtype=np.int64)
    for i in range(0 if receivers_only else n_clusters**2):
        first, last = divmod(i, n_clusters)
        ways += strategy._cluster_paths.get(first, {}).get(last, ())
        ways_start[i + 1] = len(ways)
    ways_start[-1] = len(ways)
    topology = strategy.view.topology()
    return ClusterWays(
        receivers_only=receivers_only,
        cluster_of=np.array(
            [strategy.view.cluster(node) if node in topology else -1 for node in numbering.nodes],
            dtype=np.int32,
        ),
        n_clusters=n_clusters,
        ways=np.array(ways, dtype=np.int32),
        ways_start=ways_start,
    )
