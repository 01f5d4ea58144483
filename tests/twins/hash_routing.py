"""Twins of hash-routing: who is responsible for a content, and how it is delivered.

Paths are lists of nodes. Those of requests are kept, so that symmetric delivery goes back on
exactly the links that the request took.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, get_args

import networkx as nx
import numpy as np

from icarus.core.hashing import salted_hash
from icarus.core.randomness import hash_salt
from icarus.strategies._hash_base import Assignment, Routing, require_routing
from icarus.strategies.strategy import Strategy, require_one_of
from icarus.types import Content, Node, NonNegative, Seed


class BaseHashrouting(Strategy):
    """What hash-routing schemes share: the map from content to authoritative cache."""

    def __init__(
        self,
        view: Any,
        controller: Any,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller)
        require_one_of("assignment", assignment, get_args(Assignment))
        self._salt = hash_salt(salt, seed, "hash-routing")
        self._in_turn = assignment == "round_robin"
        self.cache_nodes: list[Node] = list(view.cache_nodes())
        self.n_cache_nodes = len(self.cache_nodes)
        _require_caches(self.cache_nodes)
        self.cache_assignment: dict[int, Node] = dict(enumerate(self.cache_nodes))
        self._hashes: dict[Content, int] = {}
        if "clusters" in view.topology().graph:
            self.clusters = _clusters_as_lists(view.topology())
            self.cluster_size = {i: len(nodes) for i, nodes in enumerate(self.clusters)}

    def authoritative_cache(self, content: Content, cluster: int | None = None) -> Node:
        """Return the node whose cache is responsible for `content`."""
        number = self._hashes.get(content)
        if number is None:
            number = self._hashes[content] = self._number_of(content)
        if cluster is None:
            return self.cache_assignment[number % self.n_cache_nodes]
        return self.clusters[cluster][number % self.cluster_size[cluster]]

    def _number_of(self, content: Content) -> int:
        """Return the number, 64 bits, whose remainder says which cache is responsible."""
        turn = turn_of(content) if self._in_turn else None
        return salted_hash(content, self._salt) if turn is None else turn

    def _send_request(self, path: Sequence[Node]) -> None:
        self.controller.forward_request_path(path[0], path[-1], path)

    def _send_content(self, path: Sequence[Node], main_path: bool = True) -> None:
        self.controller.forward_content_path(path[0], path[-1], path, main_path)

    def _fetch_from_source(self, content: Content, node: Node) -> list[Node]:
        """Send the request on from `node` to the source, which serves; return its path."""
        source = self.view.content_source(content)
        if source is None:
            raise RuntimeError(f"no source has content {content!r}")
        path = self.view.shortest_path(node, source)
        self._send_request(path)
        self._get_from_source(content, source)
        return path

    def _get_from_source(self, content: Content, source: Node) -> None:
        if not self.controller.get_content(source):
            raise RuntimeError(f"the source {source!r} does not have content {content!r}")

    def _branch(self, origin: Node, cache: Node, trunk: Collection[Node]) -> list[Node]:
        """Return the path to `cache` from where it leaves the way that the content takes."""
        path = self.view.shortest_path(origin, cache)
        fork = max(i for i, node in enumerate(path) if node in trunk)
        return path[fork:]


class RoutedHashrouting(BaseHashrouting):
    """Hash-routing with one of the ways of delivering what the authoritative cache lacks."""

    def __init__(
        self,
        view: Any,
        controller: Any,
        routing: Routing,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller, seed=seed, salt=salt, assignment=assignment)
        require_routing("routing", routing)
        self.routing = routing

    def _serve(self, content: Content, cache: Node, to_cache: Sequence[Node]) -> None:
        """Have the first node of `to_cache` get the content that it wants from `cache`."""
        self._send_request(to_cache)
        if self.controller.get_content(cache):
            self._send_content(to_cache[::-1])
        else:
            self._deliver(to_cache, self._fetch_from_source(content, cache))

    def _deliver(self, to_cache: Sequence[Node], to_source: Sequence[Node]) -> None:
        """Send the content that `to_source` ends with to where `to_cache` begins."""
        if self.routing == "SYMM":
            self._deliver_symmetric(to_cache, to_source)
        elif self.routing == "ASYMM":
            self._deliver_asymmetric(to_cache, to_source)
        else:
            self._deliver_multicast(to_cache, to_source)

    def _deliver_symmetric(self, to_cache: Sequence[Node], to_source: Sequence[Node]) -> None:
        """Send the content back on the way of its request, storing it at the cache."""
        self._send_content(to_source[::-1])
        self.controller.put_content(to_source[0])
        self._send_content(to_cache[::-1])

    def _deliver_asymmetric(self, to_cache: Sequence[Node], to_source: Sequence[Node]) -> None:
        """Send the content directly; through the cache, which keeps it, if that lies on the way."""
        direct = self.view.shortest_path(to_source[-1], to_cache[0])
        if to_source[0] in direct:
            self._deliver_symmetric(to_cache, to_source)
        else:
            self._send_content(direct)

    def _deliver_multicast(self, to_cache: Sequence[Node], to_source: Sequence[Node]) -> None:
        """Send the content directly and, from the fork on, to the cache, which stores it."""
        cache, source = to_source[0], to_source[-1]
        direct = self.view.shortest_path(source, to_cache[0])
        if cache in direct:
            self._deliver_symmetric(to_cache, to_source)
            return
        self._send_content(direct)
        self._send_content(self._branch(source, cache, direct), main_path=False)
        self.controller.put_content(cache)


def _require_caches(nodes: Collection[Node]) -> None:
    if not nodes:
        raise ValueError("hash-routing needs a cache; the network has none")


def turn_of(content: Content) -> int | None:
    """Return the 64 bits of a whole number; None of any other name."""
    if isinstance(content, (float, np.floating)) and float(content).is_integer():
        content = int(content)
    return int(content) % 2**64 if isinstance(content, (int, np.integer)) else None


def _clusters_as_lists(topology: Any) -> list[list[Node]]:
    """Return the clusters of a topology, their members made lists in place."""
    clusters = topology.graph["clusters"] = list(topology.graph["clusters"])
    position = {node: i for i, node in enumerate(topology)}
    for i, nodes in enumerate(clusters):
        if not isinstance(nodes, list):
            clusters[i] = sorted(nodes, key=position.__getitem__)
    return clusters


class Hashrouting(RoutedHashrouting):
    """Hash-routing: requests go to the cache responsible for their content, then to the origin."""

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from its authoritative cache, or from the origin."""
        cache = self.authoritative_cache(content)
        to_cache = self.view.shortest_path(receiver, cache)
        self.controller.start_session(time, receiver, content, log)
        self._serve(content, cache, to_cache)
        self.controller.end_session()


class _FixedRouting(Hashrouting):
    """Hash-routing of one form, for whose users the routing is no parameter."""

    _routing: ClassVar[Routing]

    def __init__(
        self,
        view: Any,
        controller: Any,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            view, controller, self._routing, seed=seed, salt=salt, assignment=assignment
        )


class HashroutingSymmetric(_FixedRouting):
    """Hash-routing, symmetric: contents return through the authoritative cache."""

    _routing = "SYMM"


class HashroutingAsymmetric(_FixedRouting):
    """Hash-routing, asymmetric: contents return directly, and are kept if they pass the cache."""

    _routing = "ASYMM"


class HashroutingMulticast(_FixedRouting):
    """Hash-routing, multicast: contents return directly and branch off to the cache as well."""

    _routing = "MULTICAST"


class HashroutingHybridAM(_FixedRouting):
    """Hash-routing, asymmetric or multicast: contents branch off only to caches that are near."""

    _routing = "ASYMM"

    def __init__(
        self,
        view: Any,
        controller: Any,
        max_stretch: NonNegative = 0.2,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller, seed=seed, salt=salt, assignment=assignment)
        topology = view.topology()
        if not nx.is_connected(topology):
            raise ValueError("the network is not connected, so that it has no diameter")
        self.max_stretch = nx.diameter(topology, usebounds=True) * max_stretch

    def _deliver(self, to_cache: Sequence[Node], to_source: Sequence[Node]) -> None:
        cache, source = to_source[0], to_source[-1]
        direct = self.view.shortest_path(source, to_cache[0])
        if len(self._branch(source, cache, direct)) - 1 < self.max_stretch:
            self._deliver_multicast(to_cache, to_source)
        else:
            self._deliver_asymmetric(to_cache, to_source)


class HashroutingHybridSM(_FixedRouting):
    """Hash-routing, symmetric or multicast: contents take whichever of both has fewer hops."""

    _routing = "SYMM"

    def _deliver(self, to_cache: Sequence[Node], to_source: Sequence[Node]) -> None:
        source = to_source[-1]
        direct = self.view.shortest_path(source, to_cache[0])
        branch = self._branch(source, to_source[0], direct)
        symmetric_hops = len(to_source) + len(to_cache) - 2
        multicast_hops = len(direct) + len(branch) - 2
        if symmetric_hops <= multicast_hops:
            self._deliver_symmetric(to_cache, to_source)
        else:
            self._deliver_multicast(to_cache, to_source)
