"""What the definition of a strategy may say: the verbs of one request.

Positions on a path are counted from its first node. There are two forms, in which the same can
be said. ``Request`` is compiled: nodes, contents and paths are numbers, and what is measured is
recorded in as few steps as possible. ``ControlledRequest`` is for the interpreter: it goes through
the controller of the network, hop by hop, so that collectors hear of all events in order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.verbs.network import AGAIN, DONE
from icarus.verbs.path_table import cache_at, find_path, last_position, node_at
from icarus.verbs.sessions import content_leg, request_leg, round_trip

__all__ = ["ControlledRequest", "Request"]


class Request(NamedTuple):
    """A request, in compiled code."""

    net: Any
    """Network"""
    caches: Any
    """The state of all caches."""
    sessions: Any
    """Sessions; ``walk`` there is the last step of the present one."""
    receiver: int
    """The node that requests."""
    source: int
    """The node that the content originates from."""
    content: int

    def path(self, u, v):
        """Return the path from `u` to `v`; it is lacking if it has to be computed first."""
        return find_path(self.net.paths, u, v)

    def path_to_source(self):
        """Return the path from the receiver to the source."""
        return find_path(self.net.paths, self.receiver, self.source)

    def lacks(self, path):
        """Whether a path has to be computed first: the definition then returns ``AGAIN``.

        It must not have done anything before.
        """
        return path < 0

    def last(self, path):
        """Return the position of the last node on a path, which is its number of hops."""
        return last_position(self.net.paths, path)

    def node(self, path, position):
        """Return the node at a position."""
        return node_at(self.net.paths, path, position)

    def has_cache(self, path, position):
        """Whether the node at a position has a cache."""
        return cache_at(self.net.paths, path, position) >= 0

    def holds(self, node):
        """Whether the cache of a node has the content, which nobody takes note of."""
        cache = self.net.cache_of[node]
        return cache >= 0 and self.caches.has(cache, self.content)

    def holds_at(self, path, position):
        """Whether the cache at a position has the content, which nobody takes note of."""
        cache = cache_at(self.net.paths, path, position)
        return cache >= 0 and self.caches.has(cache, self.content)

    def look_up(self, path, position):
        """Have the request go up a path to a position; return whether the cache there serves."""
        cache = cache_at(self.net.paths, path, position)
        return cache >= 0 and self.caches.get(cache, self.content)

    def look_up_on(self, path):
        """Have the request go up a path until a cache serves, or the last node, the source.

        Returns
        -------
        int
            The position of the node that serves.
        """
        last = last_position(self.net.paths, path)
        for position in range(1, last):
            cache = cache_at(self.net.paths, path, position)
            if cache >= 0 and self.caches.get(cache, self.content):
                return position
        return last

    def fetch(self, path, position):
        """Have the request go up a path to a position, where the node serves."""

    def nobody(self):
        """Return the node to ask where nobody was found that has the content: the source."""
        return np.int32(self.source)

    def put(self, path, position):
        """Have the content, on its way back, come to a position, and the cache there keep it.

        Where there is no cache, nothing happens.
        """
        cache = cache_at(self.net.paths, path, position)
        if cache >= 0:
            self.caches.put(cache, self.content)

    def ask(self, path, position):
        """Have the request go up a path to a position, where nobody serves."""
        sessions = self.sessions
        sessions.walk[0] = request_leg(sessions, sessions.walk[0], path, 0, position)

    def deliver(self, path, position):
        """Have the content come back down a path, all the way from the position that serves."""
        sessions = self.sessions
        from_cache = cache_at(self.net.paths, path, position) >= 0
        sessions.walk[0] = round_trip(
            sessions, sessions.walk[0], path, position, from_cache, self.content
        )

    def pass_on(self, path, position):
        """Have the content, which was fetched there, come down a path from a position."""
        sessions = self.sessions
        sessions.walk[0] = content_leg(sessions, sessions.walk[0], path, position, 0)

    def ended(self, walk):
        """Return what a definition does that records the steps of its session itself."""
        if walk == AGAIN:
            return AGAIN
        self.sessions.walk[0] = walk
        return DONE


class ControlledRequest:
    """A request, in the interpreter; see ``Request`` for what can be said.

    Parameters
    ----------
    view : NetworkView
    controller : NetworkController
    """

    def __init__(self, view: Any, controller: Any) -> None:
        self.view = view
        self.controller = controller
        self._has_cache = view.has_cache

    def begin(self, time: float, receiver: Any, content: Any, log: bool) -> None:
        """Begin the session of a request."""
        self.receiver, self.content = receiver, content
        self.source = self.view.content_source(content)
        self._path: Any = None
        self._went = self._came = 0
        self._session = time, receiver, content, log
        self._started = False

    def end(self) -> None:
        """End the session."""
        self.controller.end_session()

    def path(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v`."""
        return self.view.shortest_path(u, v)

    def path_to_source(self) -> Any:
        """Return the nodes from the receiver to the source."""
        return self.view.shortest_path(self.receiver, self.source)

    def lacks(self, path: Any) -> bool:
        """Return False: paths are computed when they are asked for."""
        return False

    def last(self, path: Any) -> int:
        """Return the position of the last node."""
        return len(path) - 1

    def node(self, path: Any, position: int) -> Any:
        """Return the node at a position."""
        return path[position]

    def has_cache(self, path: Any, position: int) -> bool:
        """Whether the node at a position has a cache."""
        return bool(self._has_cache(path[position]))

    def holds(self, node: Any) -> bool:
        """Whether the cache of a node has the content."""
        return bool(self.view.cache_lookup(node, self.content))

    def holds_at(self, path: Any, position: int) -> bool:
        """Whether the cache at a position has the content."""
        return bool(self.view.cache_lookup(path[position], self.content))

    def look_up(self, path: Any, position: int) -> bool:
        """Forward the request to a position; return whether the node there serves."""
        self._go(path, position)
        return bool(self.controller.get_content(path[position]))

    def look_up_on(self, path: Any) -> int:
        """Forward the request until a cache serves, or the source."""
        self._go(path, 0)
        controller, has_cache = self.controller, self._has_cache
        u = path[0]
        for position in range(1, len(path)):
            v = path[position]
            controller.forward_request_hop(u, v)
            if has_cache(v) and controller.get_content(v):
                self._went = self._came = position
                return position
            u = v
        controller.get_content(u)
        self._went = self._came = len(path) - 1
        return self._went

    def fetch(self, path: Any, position: int) -> None:
        """Forward the request to a position, where the node serves."""
        self._go(path, position)
        self.controller.get_content(path[position])

    def nobody(self) -> Any:
        """Raise RuntimeError: not even a source has the content."""
        raise RuntimeError(f"no node has content {self.content!r}")

    def put(self, path: Any, position: int) -> None:
        """Forward the content to a position, and put it in the cache there, if there is one."""
        node = path[position]
        if self._has_cache(node):
            if path is self._path:
                self._come(path, position)
            self.controller.put_content(node)

    def ask(self, path: Any, position: int) -> None:
        """Forward the request to a position."""
        self._go(path, position)

    def deliver(self, path: Any, position: int) -> None:
        """Forward the content down a path from the position that serves."""
        if path is not self._path or self._went < position:
            # A cache would have been looked up.
            self.fetch(path, position)
        self._come(path, 0)

    def pass_on(self, path: Any, position: int) -> None:
        """Forward the content down a path from a position."""
        self._path, self._came = path, position
        self._come(path, 0)

    def _go(self, path: Any, position: int) -> None:
        """Have the request be at a position of a path."""
        if not self._started:
            self._started = True
            self.controller.start_session(*self._session)
        if path is not self._path:
            self._path, self._went = path, 0
        forward = self.controller.forward_request_hop
        for i in range(self._went, position):
            forward(path[i], path[i + 1])
        self._went = self._came = position

    def _come(self, path: Any, position: int) -> None:
        """Have the content, which is on its way back, be at a position of a path."""
        forward = self.controller.forward_content_hop
        for i in range(self._came, position, -1):
            forward(path[i], path[i - 1])
        self._came = position
