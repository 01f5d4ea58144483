"""Hash-routing with local caches: each router keeps a part of its cache for what passes it.

The rest of each cache is coordinated: it holds the contents that the router is authoritative
for. Which nodes are authoritative is settled before caches are divided, so that with a local
share of 1 requests still go to nodes that have no coordinated cache, and miss there.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.registry import register_strategy
from icarus.strategies._hash_authorities import authorities_of
from icarus.strategies._hash_base import (
    Assignment,
    DefinedHashrouting,
    Routing,
    fit_hashrouting,
    require_routing,
)
from icarus.strategies._hash_delivery import MULTICAST, SYMM, HashroutingState, routing_number
from icarus.strategies.known_network import KnownNetwork
from icarus.types import Fraction, Node, Seed
from icarus.verbs.network import AGAIN, DONE


class HashroutingEdgeState(NamedTuple):
    """Hash-routing with edge caches: hash-routing, and where receivers are attached."""

    hashrouting: HashroutingState
    proxy: Any
    """The first neighbour of each receiver."""

    @classmethod
    def new(cls, network: KnownNetwork, strategy: Any) -> Self:
        """Return what the strategy knows."""
        hashrouting, proxy = HashroutingState.new(network, strategy), strategy.proxy
        if network.numbering is None:
            return cls(hashrouting, proxy)
        number = network.numbering.nodes
        numbered = {receiver: number[node] for receiver, node in proxy.items()}
        return cls(hashrouting, network.by_node(numbered, number[None], np.int32))

    def process(self, request):
        """Serve a request."""
        proxy = self.proxy[request.receiver]
        link = request.link(request.receiver, proxy)
        if request.lacks(link):
            return AGAIN
        routes = self.hashrouting.find_routes(request, proxy)
        if request.lacks(routes[0]):
            return AGAIN
        # A proxy that is itself responsible has no use for its local cache.
        locally = request.last(routes[0]) > 0
        if locally and request.look_up_locally(link, 1, proxy):
            request.deliver_from_cache(link, 1)
            return DONE
        request.ask(link, 1)
        self.hashrouting.serve(request, routes)
        if locally:
            request.put_locally(link, 1)
        request.pass_on(link, 1)
        return DONE


class HashroutingOnPathState(NamedTuple):
    """Hash-routing with local caches on the way."""

    authorities: Any
    routing: int
    asked: Any
    """The nodes whose local caches were asked."""
    reached: Any
    """The nodes that the content has come to."""

    @classmethod
    def new(cls, network: KnownNetwork, strategy: Any) -> Self:
        """Return what the strategy knows."""
        return cls(
            authorities_of(strategy, network),
            routing_number(strategy.routing),
            network.node_set(),
            network.node_set(),
        )

    def process(self, request):
        """Serve a request."""
        authority = self.authorities.of(self.authorities.key(request.content))
        to_cache = request.path(request.receiver, authority)
        if request.lacks(to_cache):
            return AGAIN
        to_source = request.path_on_to_source(authority)
        if request.lacks(to_source):
            return AGAIN
        if request.looks_ahead() and self._lacks_ways(request, authority, to_source):
            return AGAIN
        self.asked.clear()
        self.reached.clear()
        self.reached.add(request.receiver)
        up = request.last(to_cache)
        served_at = self._ask_local_caches(request, to_cache)
        if served_at < 0 and request.look_up(to_cache, up):
            served_at = up
        if served_at >= 0:
            self._keep_down(request, to_cache, served_at, authority)
            request.deliver_from_cache(to_cache, served_at)
            return DONE
        request.ask(to_cache, up)
        served_at = self._ask_local_caches(request, to_source)
        if served_at < 0:
            request.fetch_from_source(to_source)
            served_at = request.last(to_source)
        if self.routing == SYMM:
            self._keep_down(request, to_source, served_at, authority)
            request.deliver(to_source, served_at)
            self._keep_down(request, to_cache, up, authority)
            request.pass_on(to_cache, up)
        else:
            self._deliver_directly(request, to_source, served_at, authority)
        return DONE

    def _lacks_ways(self, request, authority, to_source):
        """Whether a path is lacking on which a node behind the authoritative one may deliver."""
        if self.routing == SYMM:
            return False
        last = request.last(to_source)
        for position in range(1, last + 1):
            if position < last and not request.holds_locally(to_source, position):
                continue
            server = request.node(to_source, position)
            if request.lacks(request.way_back(request.receiver, server)):
                return True
            if self.routing == MULTICAST and request.lacks(request.way_back(authority, server)):
                return True
        return False

    def _ask_local_caches(self, request, path):
        """Ask the local caches between the ends of a path; return the position that serves, or -1.

        Nodes are asked once.
        """
        for position in range(1, request.last(path)):
            node = request.node(path, position)
            if not self.asked.has(node):
                self.asked.add(node)
                if request.look_up_locally(path, position, node):
                    return position
        return -1

    def _keep_down(self, request, path, position, authority):
        """Have the nodes that the content reaches on its way down from a position keep it, once."""
        for below in range(position - 1, -1, -1):
            node = request.node(path, below)
            if not self.reached.has(node):
                self.reached.add(node)
                if node == authority:
                    request.put(path, below)
                else:
                    request.put_locally(path, below)

    def _deliver_directly(self, request, to_source, served_at, authority):
        server = request.node(to_source, served_at)
        direct = request.way_back(request.receiver, server)
        request.deliver_on(to_source, served_at, direct)
        self._keep_down(request, direct, request.last(direct), authority)
        if self.routing == MULTICAST:
            back = request.way_back(authority, server)
            # All nodes that the content has reached are known, but for the one that served.
            fork, last = 0, request.last(back)
            while fork < last and not self.reached.has(request.node(back, fork)):
                fork += 1
            request.branch(back, fork)
            self._keep_down(request, back, fork, authority)


@register_strategy("HR_EDGE_CACHE", fit=fit_hashrouting)
class HashroutingEdge(DefinedHashrouting, definition=HashroutingEdgeState):
    """Hash-routing in which the router next to a receiver keeps what it delivers to it.

    The first neighbour of a receiver is its proxy. Unless the proxy is itself responsible for
    a content, its local cache is asked first, and keeps what the authoritative cache or the
    origin delivers.

    Parameters
    ----------
    routing : {"SYMM", "ASYMM", "MULTICAST"}
        How contents that the authoritative cache lacks are delivered to the proxy; see
        HASHROUTING.
    edge_cache_ratio : float
        Share of each cache that is local, from 0 to 1.
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number; see HASHROUTING.

    Raises
    ------
    ValueError
        If `routing`, `edge_cache_ratio` or `assignment` is none of these, or a receiver's first
        neighbour has no cache.
    RuntimeError
        From ``process_event``, if the source does not have the content.

    References
    ----------
    L. Saino, "On the design of efficient caching systems", PhD thesis, University College
    London, 2015.
    """

    def __init__(
        self,
        view: Any,
        controller: Any,
        routing: Routing,
        edge_cache_ratio: Fraction,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller, seed=seed, salt=salt, assignment=assignment)
        require_routing("routing", routing)
        self.routing = routing
        _require_proxies(view)
        self._define()
        controller.reserve_local_cache(edge_cache_ratio)

    def _look_around(self) -> None:
        """Take note of the first neighbour of each receiver."""
        super()._look_around()
        # A receiver that has lost it has none, and its requests fail.
        self.proxy: dict[Node, Node] = _first_neighbours(self.view.topology())


def _require_proxies(view: Any) -> None:
    for node, proxy in _first_neighbours(view.topology()).items():
        if proxy is None or not view.has_cache(proxy):
            raise ValueError(
                f"receiver {node!r} is attached to {proxy!r}, which has no cache: the first "
                f"neighbour of each receiver needs one"
            )


def _first_neighbours(topology: Any) -> dict[Node, Node]:
    """Return the first neighbour of each receiver, None where there is none."""
    return {
        node: next(iter(topology.adj[node]), None)
        for node, stack in topology.nodes(data="stack")
        if stack[0] == "receiver"
    }


@register_strategy("HR_ON_PATH", fit=fit_hashrouting)
class HashroutingOnPath(DefinedHashrouting, definition=HashroutingOnPathState):
    """Hash-routing in which every router on the way keeps what passes it.

    Requests go to their authoritative cache, and to their origin if that lacks the content.
    The local caches of all other routers on the way are asked, and keep what passes them on
    the way back; each at most once per request.

    Parameters
    ----------
    routing : {"SYMM", "ASYMM", "MULTICAST"}
        How contents found behind the authoritative cache are delivered; see HASHROUTING.
    on_path_cache_ratio : float
        Share of each cache that is local, from 0 to 1.
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number; see HASHROUTING.

    Raises
    ------
    ValueError
        If `routing`, `on_path_cache_ratio` or `assignment` is none of these.
    RuntimeError
        From ``process_event``, if the source does not have the content.

    Notes
    -----
    Copies are put in the order in which the content reaches the nodes, those of a branch last.

    References
    ----------
    L. Saino, "On the design of efficient caching systems", PhD thesis, University College
    London, 2015.
    """

    def __init__(
        self,
        view: Any,
        controller: Any,
        routing: Routing,
        on_path_cache_ratio: Fraction,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller, seed=seed, salt=salt, assignment=assignment)
        require_routing("routing", routing)
        self.routing = routing
        self._define()
        controller.reserve_local_cache(on_path_cache_ratio)
