"""Twins of hash-routing with local caches: each router keeps a part for what passes it.

The rest of each cache is coordinated: it holds the contents that the router is authoritative
for. Which nodes are authoritative is settled before caches are divided, so that with a local
share of 1 requests still go to nodes that have no coordinated cache, and miss there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from icarus.strategies._hash_base import Assignment, Routing, require_routing
from icarus.types import Content, Fraction, Node, Seed
from twins.hash_routing import BaseHashrouting, RoutedHashrouting


class HashroutingEdge(RoutedHashrouting):
    """Hash-routing in which the router next to a receiver keeps what it delivers to it."""

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
        super().__init__(view, controller, routing, seed=seed, salt=salt, assignment=assignment)
        self.proxy: dict[Node, Node] = _proxies(view)
        controller.reserve_local_cache(edge_cache_ratio)

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request by way of the receiver's proxy."""
        controller = self.controller
        cache = self.authoritative_cache(content)
        proxy = self.proxy[receiver]
        to_cache = self.view.shortest_path(proxy, cache)
        controller.start_session(time, receiver, content, log)
        controller.forward_request_hop(receiver, proxy)
        if proxy == cache:
            self._serve(content, cache, to_cache)
        elif not controller.get_content_local_cache(proxy):
            self._serve(content, cache, to_cache)
            controller.put_content_local_cache(proxy)
        controller.forward_content_hop(proxy, receiver)
        controller.end_session()


def _proxies(view: Any) -> dict[Node, Node]:
    """Return the first neighbour of each receiver."""
    topology = view.topology()
    proxies: dict[Node, Node] = {}
    for node, stack in topology.nodes(data="stack"):
        if stack[0] != "receiver":
            continue
        proxy = next(iter(topology.adj[node]), None)
        if proxy is None or not view.has_cache(proxy):
            raise ValueError(
                f"receiver {node!r} is attached to {proxy!r}, which has no cache: the first "
                f"neighbour of each receiver needs one"
            )
        proxies[node] = proxy
    return proxies


class HashroutingOnPath(BaseHashrouting):
    """Hash-routing in which every router on the way keeps what passes it."""

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
        controller.reserve_local_cache(on_path_cache_ratio)

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the first node on its way that has the content."""
        cache = self.authoritative_cache(content)
        to_cache = self.view.shortest_path(receiver, cache)
        self.controller.start_session(time, receiver, content, log)
        asked: set[Node] = set()
        served_at = self._forward_request(to_cache, asked)
        if served_at is None and self.controller.get_content(cache):
            served_at = len(to_cache) - 1
        if served_at is not None:
            self._send_and_store(to_cache[served_at::-1], cache, {receiver})
        else:
            self._deliver(to_cache, self._forward_to_source(content, cache, asked))
        self.controller.end_session()

    def _forward_request(self, path: Sequence[Node], asked: set[Node]) -> int | None:
        """Send the request along `path` until a local cache between its ends has the content."""
        controller = self.controller
        u = path[0]
        for position, v in enumerate(path[1:], start=1):
            controller.forward_request_hop(u, v)
            if position < len(path) - 1 and v not in asked:
                asked.add(v)
                if controller.get_content_local_cache(v):
                    return position
            u = v
        return None

    def _forward_to_source(self, content: Content, cache: Node, asked: set[Node]) -> list[Node]:
        """Send the request on from `cache`; return its path to the node that serves."""
        source = self.view.content_source(content)
        if source is None:
            raise RuntimeError(f"no source has content {content!r}")
        path = self.view.shortest_path(cache, source)
        served_at = self._forward_request(path, asked)
        if served_at is not None:
            return path[: served_at + 1]
        self._get_from_source(content, source)
        return path

    def _deliver(self, to_cache: Sequence[Node], to_server: Sequence[Node]) -> None:
        """Send the content from behind the authoritative cache to the receiver."""
        receiver, cache, server = to_cache[0], to_server[0], to_server[-1]
        stored = {receiver}
        if self.routing == "SYMM":
            self._send_and_store([*to_server[::-1], *to_cache[-2::-1]], cache, stored)
            return
        direct = self.view.shortest_path(server, receiver)
        self._send_and_store(direct, cache, stored)
        if self.routing == "MULTICAST":
            branch = self._branch(server, cache, direct)
            self._send_and_store(branch, cache, stored, main_path=False)

    def _send_and_store(
        self, path: Sequence[Node], cache: Node, stored: set[Node], main_path: bool = True
    ) -> None:
        """Send the content along `path`; each node reached stores it unless it has `stored` it."""
        controller = self.controller
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v, main_path)
            if v not in stored:
                stored.add(v)
                if v == cache:
                    controller.put_content(v)
                else:
                    controller.put_content_local_cache(v)
            u = v
