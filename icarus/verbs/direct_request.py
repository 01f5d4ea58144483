"""The verbs in the interpreter, without a layer in between: on the tables of the network itself.

``ControlledRequest`` goes through the methods of view and controller, which may be those of
somebody else, and tells of each step when it is taken. Where they are Icarus' own, and whoever
listens takes the hops of a leg at once, most of that can be left out: each look-up or copy is one
call then, of the cache. GEANT with LCE and LRU, microseconds a request: 27 instead of 55.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from icarus.routing.paths import ShortestPaths
from icarus.verbs.controlled_request import ControlledRequest, nodes_of

__all__ = ["DirectRequest", "works_on_tables"]


def works_on_tables(view: Any, controller: Any) -> bool:
    """Whether nobody would miss it if methods of a view and a controller were not called.

    Somebody would where one of them is of a class of its own, or has a method of its own.
    """
    for one in (view, controller):
        methods = vars(type(one))
        if not methods.get("keeps_tables", False):
            return False
        # Not by its __dict__: asking for that slows down all look-ups of attributes from then on.
        for name, method in methods.items():
            if isinstance(method, FunctionType) and getattr(one, name).__func__ is not method:
                return False
    return view.model is controller.model


class DirectRequest(ControlledRequest):
    """A request, in the interpreter, of a network that nobody else looks after.

    Parameters
    ----------
    view : NetworkView
    controller : NetworkController
        Those for which ``works_on_tables``. A session that is listened to needs a collector
        that takes legs.
    """

    def __init__(self, view: Any, controller: Any) -> None:
        super().__init__(view, controller)
        self._model, self._legs = controller.model, controller.legs

    def begin(self, time: float, receiver: Any, content: Any, log: bool) -> None:
        """Begin the session of a request."""
        model = self._model
        self.receiver, self.content = receiver, content
        self.source = model.content_source.get(content)
        self._caches = model.cache
        self._path: Any = None
        self._went = self._came = self._due = 0
        self._main = True
        self._coming = False
        self._session = time, receiver, content, log
        self._started = False
        self._collector: Any = None
        self._tell_victims: Any = None

    def path(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v`."""
        return self._model.shortest_path[u][v]

    def path_to_source(self) -> Any:
        """Return the nodes from the receiver to the source."""
        return self._model.shortest_path[self.receiver][self.source]

    def path_on_to_source(self, node: Any) -> Any:
        """Return the nodes from `node` to the source."""
        known = self._known(node, self.source)
        return super().path_on_to_source(node) if known is None else known

    def way_back(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v` on the path from `v`."""
        paths = self._model.shortest_path
        # These are the same in both directions; those that settings give need not be.
        if isinstance(paths, ShortestPaths) and self._known(v, u) is not None:
            return paths[u][v]
        return super().way_back(u, v)

    def way_back_of(self, path: Any) -> Any:
        """Return the nodes from the first to the last one on the path from the last."""
        if isinstance(path, list):
            return self.way_back(path[0], path[-1])
        return super().way_back_of(path)

    def _known(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v` if nothing is to be computed for that, else None."""
        row = dict.get(self._model.shortest_path, u)
        return dict.get(row, v) if isinstance(row, dict) else None

    def has_cache(self, path: Any, position: int) -> bool:
        """Whether the node at a position has a cache."""
        return path[position] in self._caches

    def holds(self, node: Any) -> bool:
        """Whether the cache of a node has the content."""
        cache = self._caches.get(node)
        return cache is not None and cache.has(self.content)

    def holds_at(self, path: Any, position: int) -> bool:
        """Whether the cache at a position has the content."""
        cache = self._caches.get(path[position])
        return cache is not None and cache.has(self.content)

    def holds_locally(self, path: Any, position: int) -> bool:
        """Whether the local cache at a position has the content."""
        cache = self._model.local_cache.get(path[position])
        return cache is not None and cache.has(self.content)

    def look_up(self, path: Any, position: int) -> bool:
        """Forward the request to a position; return whether the node there serves."""
        self._go(path, position)
        return self._serves(path[position])

    def look_up_locally(self, path: Any, position: int, node: Any) -> bool:
        """Forward the request to a position; return whether the local cache there serves."""
        self._go(path, position)
        cache = self._model.local_cache.get(node)
        return cache is not None and self._has_hit(cache, node)

    def look_up_on(self, path: Any) -> int:
        """Forward the request until a cache serves, or the source."""
        self._go(path, 0)
        caches, content, collector = self._caches, self.content, self._collector
        last = len(path) - 1
        served_at = last
        for position in range(1, last + 1):
            node = path[position]
            if node in caches:
                if self._tell_victims is None:
                    hit = caches[node].get(content)
                else:
                    hit = self.controller.look_up_and_tell(node, caches[node], content)
                if hit:
                    served_at = position
                    if collector is not None:
                        collector.cache_hit(node)
                    break
                if collector is not None:
                    collector.cache_miss(node)
        else:
            self._serves(path[last])
        if collector is not None and served_at > 0:
            collector.take_request_leg(self._legs[tuple(nodes_of(path)[: served_at + 1])], True)
        self._went = self._came = self._due = served_at
        return served_at

    def fetch(self, path: Any, position: int) -> None:
        """Forward the request to a position, where the node serves."""
        self._go(path, position)
        self._serves(path[position])

    def fetch_from_source(self, path: Any) -> None:
        """Forward the request to the source; RuntimeError if that does not have the content."""
        self._go(path, len(path) - 1)
        if not self._serves(self.source):
            raise RuntimeError(f"the source {self.source!r} does not have content {self.content!r}")

    def put(self, path: Any, position: int) -> None:
        """Forward the content to a position, and put it in the cache there, if there is one."""
        cache = self._caches.get(path[position])
        if cache is None:
            return
        if path is not self._path:
            self._leave(path, len(path) - 1)
        if position < self._due:
            self._due = position
        evicted = cache.put(self.content)
        if self._tell_victims is not None:
            self._tell_victims(path[position], cache, evicted)

    def put_locally(self, path: Any, position: int) -> None:
        """Forward the content to a position, and put it in the local cache, if there is one."""
        self._come_to(path, position)
        node = path[position]
        cache = self._model.local_cache.get(node)
        if cache is not None:
            evicted = cache.put(self.content)
            if self._tell_victims is not None:
                self._tell_victims(node, cache, evicted)

    def _serves(self, node: Any) -> bool:
        """Look the content up at a node: in its cache, or among what it originates."""
        cache = self._caches.get(node)
        if cache is not None:
            return self._has_hit(cache, node)
        contents = self._model.source_node.get(node)
        if contents is None or self.content not in contents:
            return False
        if self._collector is not None:
            self._collector.server_hit(node)
        return True

    def _has_hit(self, cache: Any, node: Any) -> bool:
        if self._tell_victims is None:
            hit = cache.get(self.content)
        else:
            hit = self.controller.look_up_and_tell(node, cache, self.content)
        if hit:
            if self._collector is not None:
                self._collector.cache_hit(node)
            return True
        if self._collector is not None:
            self._collector.cache_miss(node)
        return False

    def _go(self, path: Any, position: int) -> None:
        if not self._started:
            self._start()
        if self._due < self._came:
            self._tell_how_far()
        if path is not self._path:
            self._path, self._went = path, 0
        if self._went < position and self._collector is not None:
            leg = self._legs[tuple(nodes_of(path)[self._went : position + 1])]
            self._collector.take_request_leg(leg, True)
        self._went = self._came = self._due = position

    def _start(self) -> None:
        controller = self.controller
        self._started = True
        controller.start_session(*self._session)
        if controller.listening:
            self._collector, self._tell_victims = controller.collector, controller.tell_victims

    def _tell_content(self, nodes: Any) -> None:
        if self._collector is not None:
            self._collector.take_content_leg(self._legs[tuple(nodes)], self._main)
