"""Twins of the on-path strategies: the first cache on the way that has the content serves.

They differ in which caches on the way are asked and which keep a copy. A content returns
along the links that its request took. Partition belongs here too: its requests go to their
origin by way of the one cache that their receiver is assigned to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx

from icarus.core.randomness import generator
from icarus.execution import NetworkController, NetworkView
from icarus.strategies.strategy import Strategy
from icarus.types import Content, Fraction, Node, Positive, Seed

__all__ = [
    "CacheLessForMore",
    "Edge",
    "LeaveCopyDown",
    "LeaveCopyEverywhere",
    "Partition",
    "ProbCache",
    "RandomBernoulli",
    "RandomChoice",
]


class _OnPathStrategy(Strategy):
    """Ask every cache on the way to the origin; subclasses say what is left on the way back."""

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the first cache on its way that has it, or from the origin."""
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        self.controller.start_session(time, receiver, content, log)
        served_at = self._forward_request(path)
        self._deliver(path[served_at::-1])
        self.controller.end_session()

    def _forward_request(self, path: Sequence[Node]) -> int:
        """Send the request along `path`; return the position of the node that serves."""
        controller = self.controller
        has_cache = self.view.has_cache
        u = path[0]
        for position in range(1, len(path)):
            v = path[position]
            controller.forward_request_hop(u, v)
            if has_cache(v) and controller.get_content(v):
                return position
            u = v
        controller.get_content(u)
        return len(path) - 1

    def _deliver(self, path: Sequence[Node]) -> None:
        """Send the content along `path`, from the serving node to the receiver."""
        raise NotImplementedError

    def _caches_between(self, path: Sequence[Node]) -> list[int]:
        """Return the positions of the caches strictly between the ends of `path`."""
        has_cache = self.view.has_cache
        return [i for i in range(1, len(path) - 1) if has_cache(path[i])]

    def _deliver_with_one_copy(self, path: Sequence[Node], chosen: int | None) -> None:
        """Send the content along `path`, leaving a copy at the position `chosen`, if any."""
        controller = self.controller
        u = path[0]
        for i, v in enumerate(path[1:], start=1):
            controller.forward_content_hop(u, v)
            if i == chosen:
                controller.put_content(v)
            u = v


class NoCache(Strategy):
    """Serve every request from its origin."""

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Fetch `content` from its source along the shortest path."""
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        self.controller.start_session(time, receiver, content, log)
        self.controller.forward_request_path(receiver, source, path)
        self.controller.get_content(source)
        self.controller.forward_content_path(source, receiver, path[::-1])
        self.controller.end_session()


class LeaveCopyEverywhere(_OnPathStrategy):
    """Leave Copy Everywhere: every cache on the way back keeps a copy.

    References
    ----------
    V. Jacobson, D. K. Smetters, J. D. Thornton, M. F. Plass, N. H. Briggs, R. L. Braynard,
    "Networking named content", ACM CoNEXT 2009, doi 10.1145/1658939.1658941.
    """

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        has_cache = self.view.has_cache
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            if has_cache(v):
                controller.put_content(v)
            u = v


class LeaveCopyDown(_OnPathStrategy):
    """Leave Copy Down: only the first cache below the serving node keeps a copy.

    References
    ----------
    N. Laoutaris, H. Che, I. Stavrakakis, "The LCD interconnection of LRU caches and its
    analysis", Performance Evaluation 63(7), 2006, doi 10.1016/j.peva.2005.05.003.
    """

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        has_cache = self.view.has_cache
        copied = False
        receiver = path[-1]
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            if not copied and v != receiver and has_cache(v):
                controller.put_content(v)
                copied = True
            u = v


class ProbCache(_OnPathStrategy):
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

    def __init__(
        self,
        view: NetworkView,
        controller: NetworkController,
        t_tw: Positive = 10,
        seed: Seed = None,
    ) -> None:
        super().__init__(view, controller)
        self.t_tw = t_tw
        self.cache_size: dict[Node, int] = view.cache_nodes(size=True)
        self._rng = generator(seed)

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        sizes = self.cache_size
        capacities = [sizes[v] for v in path if v in sizes]
        c = len(capacities)
        remaining = sum(capacities)
        x = 0
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            size = sizes.get(v)
            if size is not None:
                x += 1
                if size and self._rng.random() < remaining / (self.t_tw * size) * (x / c) ** c:
                    controller.put_content(v)
                remaining -= capacities[x - 1]
            u = v


class CacheLessForMore(_OnPathStrategy):
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

    def __init__(
        self,
        view: NetworkView,
        controller: NetworkController,
        use_ego_betw: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller)
        topology = view.topology()
        self.betw: dict[Node, float] = (
            {v: nx.betweenness_centrality(nx.ego_graph(topology, v))[v] for v in topology}
            if use_ego_betw
            else nx.betweenness_centrality(topology)
        )
        self._rank = {v: round(betweenness, 12) for v, betweenness in self.betw.items()}

    def _deliver(self, path: Sequence[Node]) -> None:
        # max takes the first of several, which seen from the receiver is the nearest to it.
        nearest_first = self._caches_between(path)[::-1]
        rank = self._rank
        self._deliver_with_one_copy(
            path, max(nearest_first, key=lambda i: rank[path[i]], default=None)
        )


class RandomBernoulli(_OnPathStrategy):
    """Every cache on the way back keeps a copy with the same probability.

    Parameters
    ----------
    p : float, optional
        Probability that a cache keeps a copy; 0 is never, 1 is Leave Copy Everywhere.
    """

    def __init__(
        self,
        view: NetworkView,
        controller: NetworkController,
        p: Fraction = 0.2,
        seed: Seed = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller)
        self.p = p
        self._rng = generator(seed)

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        has_cache = self.view.has_cache
        receiver = path[-1]
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            if v != receiver and has_cache(v) and self._rng.random() < self.p:
                controller.put_content(v)
            u = v


class RandomChoice(_OnPathStrategy):
    """One cache on the way back, chosen at random, keeps a copy.

    Each cache strictly between the serving node and the receiver is as likely as any other.

    Notes
    -----
    Of n such caches, in the order in which the content passes them, the one at position
    ``int(n * random())`` is chosen; there is one draw per request that passes any.

    References
    ----------
    S. Eum, K. Nakauchi, M. Murata, Y. Shoji, N. Nishinaga, "CATT: potential based routing with
    content caching for ICN", ACM SIGCOMM ICN 2012, doi 10.1145/2342488.2342500.
    """

    def __init__(
        self,
        view: NetworkView,
        controller: NetworkController,
        seed: Seed = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller)
        self._rng = generator(seed)

    def _deliver(self, path: Sequence[Node]) -> None:
        caches = self._caches_between(path)
        chosen = caches[int(len(caches) * self._rng.random())] if caches else None
        self._deliver_with_one_copy(path, chosen)


class Edge(_OnPathStrategy):
    """Only the first cache on the way is asked, and keeps what the origin delivers.

    References
    ----------
    S. K. Fayazbakhsh et al., "Less pain, most of the gain: incrementally deployable ICN",
    ACM SIGCOMM 2013, doi 10.1145/2486001.2486023.
    """

    def __init__(self, view: NetworkView, controller: NetworkController) -> None:
        super().__init__(view, controller)

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the first cache on its way, or from the origin."""
        controller = self.controller
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        controller.start_session(time, receiver, content, log)
        edge = None
        for position, v in enumerate(path[1:], start=1):
            controller.forward_request_hop(path[position - 1], v)
            if edge is None and self.view.has_cache(v):
                edge = v
                if controller.get_content(v):
                    controller.forward_content_path(v, receiver, path[position::-1])
                    controller.end_session()
                    return
        controller.get_content(source)
        u = source
        for v in path[-2::-1]:
            controller.forward_content_hop(u, v)
            if v == edge:
                controller.put_content(v)
            u = v
        controller.end_session()


def _assignment_of(topology: Any) -> Mapping[Node, Node]:
    """Return what cache each receiver has."""
    assignment: Mapping[Node, Node] | None = topology.graph.get("cache_assignment")
    if assignment is None:
        raise ValueError(
            "the topology has no graph attribute 'cache_assignment', which says what cache "
            "each receiver has; the cache placement OPTIMAL_MEDIAN sets it"
        )
    return assignment


class Partition(Strategy):
    """Each receiver has one cache, which gets all its requests and keeps what the origin delivers.

    It models caches that an operator places at the edge and that each serve a part of the
    users. Which receiver has which cache is read from the topology's graph attribute
    ``cache_assignment``, a mapping from receiver to node, such as the cache placement
    OPTIMAL_MEDIAN makes.

    Raises
    ------
    ValueError
        If the topology has no such attribute.

    References
    ----------
    M. Calder et al., "Mapping the expansion of Google's serving infrastructure", ACM IMC 2013,
    doi 10.1145/2504730.2504754, describes such caches.
    """

    def __init__(self, view: NetworkView, controller: NetworkController) -> None:
        super().__init__(view, controller)
        self.cache_assignment = _assignment_of(view.topology())

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the receiver's cache, which fetches what it lacks."""
        controller = self.controller
        if receiver not in self.cache_assignment:
            raise ValueError(f"receiver {receiver!r} has no cache in 'cache_assignment'")
        cache = self.cache_assignment[receiver]
        source = self.view.content_source(content)
        to_cache = self.view.shortest_path(receiver, cache)
        controller.start_session(time, receiver, content, log)
        controller.forward_request_path(receiver, cache, to_cache)
        if not controller.get_content(cache):
            to_source = self.view.shortest_path(cache, source)
            controller.forward_request_path(cache, source, to_source)
            controller.get_content(source)
            controller.forward_content_path(source, cache, to_source[::-1])
            controller.put_content(cache)
        controller.forward_content_path(cache, receiver, to_cache[::-1])
        controller.end_session()
