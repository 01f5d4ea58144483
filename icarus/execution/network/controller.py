"""What a strategy may do to a network: sessions, hops, look-ups and copies.

These methods are the inner loop of the reference engine, which is why they are short and
why whether anybody listens is settled once a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from icarus.execution.collectors.legs import Legs
from icarus.execution.network.changes import NetworkChanges
from icarus.execution.network.model import NetworkModel
from icarus.types import Content, Node

__all__ = ["NetworkController"]


class NetworkController(NetworkChanges):
    """Write access to a network, reporting to a collector what happens.

    Besides serving requests it can split caches and change the topology; see the methods
    inherited from ``NetworkChanges``.

    Parameters
    ----------
    model : NetworkModel

    Attributes
    ----------
    session : dict or None
        The open session: its timestamp, receiver, content and log.
    collector : object or None
        Whoever is told; see ``DataCollector`` for what it may implement.
    measured : bool
        Whether there was a session that the collector heard of.
    tell_evicted : callable or None
        Told the node and the content of each eviction in such a session.
    legs : Legs
        Of which collectors have heard.
    """

    keeps_tables = True
    """Whether all that the methods of this class do is to look at tables, and to report."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__(model)
        # Not Optional: outside a session it fails by itself, at no cost inside.
        self.session: Any = None
        self.collector: Any = None
        self.measured = False
        self.tell_evicted: Callable[[Node, Content], None] | None = None
        self._listening = False
        self.legs = Legs()

    @property
    def listening(self) -> bool:
        """Whether the collector hears of the open session."""
        return self._listening

    @property
    def tell_victims(self) -> Callable[[Node, Any, Content | None], None] | None:
        """Takes a node, a cache of it, and what a put there returned; None if nobody asks."""
        tell = self.tell_evicted
        return None if tell is None else partial(_tell_victims, tell)

    def attach_collector(self, collector: Any) -> None:
        """Report to `collector` from now on."""
        self.collector = collector
        self._listening = self.session is not None and bool(self.session["log"])

    def detach_collector(self) -> None:
        """Report to nobody."""
        self.collector = None
        self._listening = False

    def start_session(self, timestamp: float, receiver: Node, content: Content, log: bool) -> None:
        """Open the session of one request.

        Parameters
        ----------
        timestamp : float
            In seconds.
        receiver : node
            Who requests.
        content : content
            What is requested.
        log : bool
            Whether the collector hears of this session.
        """
        self.session = {
            "timestamp": timestamp,
            "receiver": receiver,
            "content": content,
            "log": log,
        }
        self.model.now[0] = timestamp
        self._listening = bool(log) and self.collector is not None
        if self._listening:
            self.measured = True
            self.collector.start_session(timestamp, receiver, content)

    def forward_request_path(
        self, s: Node, t: Node, path: Sequence[Node] | None = None, main_path: bool = True
    ) -> None:
        """Forward the request from `s` to `t`, along `path` or the shortest one."""
        if path is None:
            path = self.model.shortest_path[s][t]
        if self._listening:
            collector = self.collector
            if hasattr(collector, "takes_legs"):
                collector.take_request_leg(self.legs[tuple(path)], main_path)
            else:
                _report_hops(collector.request_hop, path, main_path)

    def forward_content_path(
        self, u: Node, v: Node, path: Sequence[Node] | None = None, main_path: bool = True
    ) -> None:
        """Forward the content from `u` to `v`, along `path` or the shortest one."""
        if path is None:
            path = self.model.shortest_path[u][v]
        if self._listening:
            collector = self.collector
            if hasattr(collector, "takes_legs"):
                collector.take_content_leg(self.legs[tuple(path)], main_path)
            else:
                _report_hops(collector.content_hop, path, main_path)

    def forward_request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Forward the request over the link from `u` to `v`."""
        if self._listening:
            self.collector.request_hop(u, v, main_path)

    def forward_content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Forward the content over the link from `u` to `v`."""
        if self._listening:
            self.collector.content_hop(u, v, main_path)

    def put_content(self, node: Node) -> Content | None:
        """Insert the content in the cache of `node`; return what was evicted, or None."""
        cache = self.model.cache.get(node)
        if cache is None:
            return None
        return self._put(node, cache)

    def _put(self, node: Node, cache: Any) -> Content | None:
        evicted: Content | None = cache.put(self.session["content"])
        if self.tell_evicted is not None and self._listening:
            _tell_victims(self.tell_evicted, node, cache, evicted)
        return evicted

    def get_content(self, node: Node) -> bool:
        """Look the content up at `node`: in its cache, or among what it originates.

        Returns
        -------
        bool
            Whether `node` serves the content.
        """
        cache = self.model.cache.get(node)
        if cache is not None:
            hit = self._look_up(node, cache)
            if self._listening:
                if hit:
                    self.collector.cache_hit(node)
                else:
                    self.collector.cache_miss(node)
            return bool(hit)
        contents = self.model.source_node.get(node)
        if contents is None or self.session["content"] not in contents:
            return False
        if self._listening:
            self.collector.server_hit(node)
        return True

    def _look_up(self, node: Node, cache: Any) -> Any:
        content = self.session["content"]
        if self.tell_evicted is None or not self._listening:
            return cache.get(content)
        return self.look_up_and_tell(node, cache, content)

    def look_up_and_tell(self, node: Node, cache: Any, content: Content) -> Any:
        """Look a content up in the cache of a node, and tell of what that evicts.

        A hit may evict where what is hit is larger than it was, or comes into a part of the cache
        that is full. Caches of users' own classes evict nothing.
        """
        assert self.tell_evicted is not None
        if not hasattr(cache, "begin"):
            return cache.get(content)
        cache.begin()
        hit = cache.get(content)
        for evicted in cache.victims(None):
            self.tell_evicted(node, evicted)
        return hit

    def remove_content(self, node: Node) -> bool | None:
        """Remove the content from the cache of `node`; return whether it was there."""
        cache = self.model.cache.get(node)
        return None if cache is None else bool(cache.remove(self.session["content"]))

    def get_content_local_cache(self, node: Node) -> bool:
        """Look the content up in the local cache of `node`; return whether it is there."""
        cache = self.model.local_cache.get(node)
        if cache is None:
            return False
        hit = self._look_up(node, cache)
        if self._listening:
            if hit:
                self.collector.cache_hit(node)
            else:
                self.collector.cache_miss(node)
        return bool(hit)

    def put_content_local_cache(self, node: Node) -> Content | None:
        """Insert the content in the local cache of `node`; return what was evicted, or None."""
        cache = self.model.local_cache.get(node)
        if cache is None:
            return None
        return self._put(node, cache)

    def end_session(self, success: bool = True) -> None:
        """Close the session.

        Parameters
        ----------
        success : bool, optional
            Whether the receiver got its content.
        """
        if self._listening:
            self.collector.end_session(success)
        self.session = None
        self._listening = False


def _report_hops(report: Any, path: Sequence[Node], main_path: bool) -> None:
    for u, v in pairwise(path):
        report(u, v, main_path)


def _tell_victims(
    tell: Callable[[Node, Content], None], node: Node, cache: Any, evicted: Content | None
) -> None:
    """Tell of all that left the cache of a node for what was put there, given what that returned.

    Caches of users' own classes evict one content at most.
    """
    if evicted is None:
        return
    for content in cache.victims(evicted) if hasattr(cache, "victims") else (evicted,):
        tell(node, content)
