"""Hash-routing: how a request is served by the authoritative cache, or behind it.

All routings share one definition, which is then compiled once for all: the routing is looked at
once per miss, and always the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.strategies._hash_authorities import authorities_of
from icarus.strategies.known_network import KnownNetwork
from icarus.verbs.network import AGAIN, DONE

__all__ = [
    "ASYMM",
    "HYBRID_AM",
    "HYBRID_SM",
    "MULTICAST",
    "SYMM",
    "HashroutingState",
    "routing_number",
]

SYMM, ASYMM, MULTICAST, HYBRID_AM, HYBRID_SM = range(5)
"""Ways of delivering what the authoritative cache lacks."""


def routing_number(routing: str) -> int:
    """Return the number of a routing."""
    return ("SYMM", "ASYMM", "MULTICAST", "HYBRID_AM", "HYBRID_SM").index(routing)


class HashroutingState(NamedTuple):
    """Hash-routing: who is responsible, and how contents are delivered."""

    authorities: Any
    routing: int
    max_stretch: float
    """Hops that a branch must stay below under HYBRID_AM."""
    reached: Any
    """The nodes on the way of the content to the receiver."""

    @classmethod
    def new(cls, network: KnownNetwork, strategy: Any) -> Self:
        """Return what a strategy knows that has a routing."""
        return cls(
            authorities_of(strategy, network),
            routing_number(getattr(strategy, "_hybrid", strategy.routing)),
            float(getattr(strategy, "max_stretch", 0)),
            network.node_set(),
        )

    def process(self, request):
        """Serve a request."""
        routes = self.find_routes(request, request.receiver)
        if request.lacks(routes[0]):
            return AGAIN
        self.serve(request, routes)
        return DONE

    def find_routes(self, request, node):
        """Look up the paths that a request from a node may need.

        Returns
        -------
        tuple of paths
            From `node` to its authoritative cache, from there to the source, and between `node`
            and the source, which is missing under SYMM. If one has to be computed first, the
            first is lacking.
        """
        authority = self.authorities.of(self.authorities.key(request.content))
        to_cache = request.path(node, authority)
        if request.lacks(to_cache):
            return to_cache, to_cache, to_cache
        to_source = request.path_on_to_source(authority)
        if request.lacks(to_source):
            return to_source, to_source, to_source
        direct = to_source
        if self.routing != SYMM:
            direct = request.way_back(node, request.source)
            if request.lacks(direct):
                return direct, direct, direct
        return to_cache, to_source, direct

    def serve(self, request, routes):
        """Have a node get the content from its authoritative cache, or from the source.

        Parameters
        ----------
        request : Request
        routes : tuple of paths
            See ``find_routes``.
        """
        to_cache, to_source, direct = routes
        up = request.last(to_cache)
        if request.look_up(to_cache, up):
            request.deliver_from_cache(to_cache, up)
            return
        request.ask(to_cache, up)
        request.fetch_from_source(to_source)
        back = request.way_back_of(to_source)
        fork = self._fork(request, to_source, back, direct)
        routing = self._settled(request, to_cache, to_source, direct, fork)
        if routing == SYMM:
            request.deliver_from_source(to_source)
            request.put(to_cache, up)
            request.pass_on(to_cache, up)
            return
        request.deliver_from_source_on(to_source, direct)
        if routing != ASYMM:
            request.branch(back, fork)
            request.put(back, 0)

    def _fork(self, request, to_source, back, direct):
        """Return how many hops from the cache the way to it leaves that to the receiver.

        It is 0 where the cache lies on that, and not counted where only that matters.
        """
        if self.routing == SYMM:
            return 0
        if self.routing == ASYMM:
            return 0 if request.position_of(direct, request.node(to_source, 0)) >= 0 else 1
        reached = self.reached
        reached.clear()
        for position in range(request.last(direct) + 1):
            reached.add(request.node(direct, position))
        fork = 0
        while not reached.has(request.node(back, fork)):
            fork += 1
        return fork

    def _settled(self, request, to_cache, to_source, direct, fork):
        """Return the routing of one request: through a cache on the way, else as it always is."""
        if fork == 0:
            return SYMM
        if self.routing == HYBRID_AM:
            return MULTICAST if fork < self.max_stretch else ASYMM
        if self.routing == HYBRID_SM:
            symmetric = request.last(to_source) + request.last(to_cache)
            return SYMM if symmetric <= request.last(direct) + fork else MULTICAST
        return self.routing
