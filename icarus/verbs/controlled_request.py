"""What the definition of a strategy may say, in the interpreter.

It goes through the controller of the network, so that collectors hear of all events in
order. The content is taken further only when something happens there, or it goes another way, or
the session ends: a definition may say where copies are kept before or after it says on which way
the content comes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["ControlledRequest", "nodes_of"]


class ControlledRequest:
    """A request, in the interpreter; see ``icarus.verbs.request.Request`` for what can be said.

    Parameters
    ----------
    view : NetworkView
    controller : NetworkController
    """

    def __init__(self, view: Any, controller: Any) -> None:
        self.view = view
        self.controller = controller
        self._has_cache = view.has_cache

    def __reduce__(self) -> tuple[Any, ...]:
        # Between two requests nothing is left of the last one that matters.
        return type(self), (self.view, self.controller)

    def begin(self, time: float, receiver: Any, content: Any, log: bool) -> None:
        """Begin the session of a request."""
        self.receiver, self.content = receiver, content
        self.source = self.view.content_source(content)
        self._path: Any = None
        # Positions: how far the request went, of how far the content came it is known, and how
        # far it came.
        self._went = self._came = self._due = 0
        self._main = True
        self._coming = False
        self._session = time, receiver, content, log
        self._started = False

    def end(self) -> None:
        """End the session."""
        self._arrive()
        self.controller.end_session()

    def path(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v`."""
        return self.view.shortest_path(u, v)

    def path_to_source(self) -> Any:
        """Return the nodes from the receiver to the source."""
        return self.view.shortest_path(self.receiver, self.source)

    def path_on_to_source(self, node: Any) -> Any:
        """Return the nodes from `node` to the source, which are found when they are needed."""
        return _Later(partial(self._on_to_source, node))

    def way_back(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v` on the path from `v`; they are found when needed."""
        return _Later(partial(self._reversed, v, u))

    def way_back_of(self, path: Any) -> Any:
        """Return the nodes from the first to the last one on the path from the last."""
        return _Later(partial(self._way_back_of, path))

    def link(self, u: Any, v: Any) -> Any:
        """Return the nodes of a link."""
        return [u, v]

    def looks_ahead(self) -> bool:
        """Return False: paths are computed when they are asked for."""
        return False

    def lacks(self, path: Any) -> bool:
        """Return False: paths are computed when they are asked for."""
        return False

    def last(self, path: Any) -> int:
        """Return the position of the last node."""
        return len(path) - 1

    def node(self, path: Any, position: int) -> Any:
        """Return the node at a position."""
        return path[position]

    def position_of(self, path: Any, node: Any) -> int:
        """Return the position of a node, or -1."""
        nodes = nodes_of(path)
        return nodes.index(node) if node in nodes else -1

    def has_cache(self, path: Any, position: int) -> bool:
        """Whether the node at a position has a cache."""
        return bool(self._has_cache(path[position]))

    def holds(self, node: Any) -> bool:
        """Whether the cache of a node has the content."""
        return bool(self.view.cache_lookup(node, self.content))

    def holds_at(self, path: Any, position: int) -> bool:
        """Whether the cache at a position has the content."""
        return bool(self.view.cache_lookup(path[position], self.content))

    def holds_locally(self, path: Any, position: int) -> bool:
        """Whether the local cache at a position has the content."""
        return bool(self.view.local_cache_lookup(path[position], self.content))

    def look_up(self, path: Any, position: int) -> bool:
        """Forward the request to a position; return whether the node there serves."""
        self._go(path, position)
        return bool(self.controller.get_content(path[position]))

    def look_up_locally(self, path: Any, position: int, node: Any) -> bool:
        """Forward the request to a position; return whether the local cache there serves."""
        self._go(path, position)
        return bool(self.controller.get_content_local_cache(node))

    def look_up_on(self, path: Any) -> int:
        """Forward the request until a cache serves, or the source."""
        self._go(path, 0)
        controller, has_cache = self.controller, self._has_cache
        u = path[0]
        for position in range(1, len(path)):
            v = path[position]
            controller.forward_request_hop(u, v)
            if has_cache(v) and controller.get_content(v):
                self._went = self._came = self._due = position
                return position
            u = v
        controller.get_content(u)
        self._went = self._came = self._due = len(path) - 1
        return self._went

    def fetch(self, path: Any, position: int) -> None:
        """Forward the request to a position, where the node serves."""
        self._go(path, position)
        self.controller.get_content(path[position])

    def fetch_from_source(self, path: Any) -> None:
        """Forward the request to the source; RuntimeError if that does not have the content."""
        self._go(path, len(path) - 1)
        if not self.controller.get_content(self.source):
            raise RuntimeError(f"the source {self.source!r} does not have content {self.content!r}")

    def first_holder(self, candidates: Any) -> Any:
        """Return the first candidate that has the content; RuntimeError if none does."""
        for node in candidates.of(self.receiver):
            if node == self.source or self.holds(node):
                return node
        raise RuntimeError(f"no node has content {self.content!r}")

    def put(self, path: Any, position: int) -> None:
        """Forward the content to a position, and put it in the cache there, if there is one."""
        node = path[position]
        if self._has_cache(node):
            self._come_to(path, position)
            self._tell_how_far()
            self.controller.put_content(node)

    def put_locally(self, path: Any, position: int) -> None:
        """Forward the content to a position, and put it in the local cache, if there is one."""
        self._come_to(path, position)
        self._tell_how_far()
        self.controller.put_content_local_cache(path[position])

    def ask(self, path: Any, position: int) -> None:
        """Forward the request to a position."""
        self._go(path, position)

    def deliver(self, path: Any, position: int) -> None:
        """Forward the content down a path from the position that serves."""
        if path is not self._path or self._went < position:
            # A cache would have been looked up.
            self.fetch(path, position)
        self._coming = True

    def round_trip(self, path: Any, position: int) -> None:
        """Forward the content down the path of the request from the position that serves."""
        self.deliver(path, position)

    def deliver_from_cache(self, path: Any, position: int) -> None:
        """Forward the content down a path from the position that serves."""
        self.deliver(path, position)

    def deliver_from_source(self, path: Any) -> None:
        """Forward the content down a path from the source."""
        self.deliver(path, len(path) - 1)

    def deliver_on(self, path: Any, position: int, way_back: Any) -> None:
        """Forward the content down another path than that of the request."""
        if path is not self._path or self._went < position:
            self.fetch(path, position)
        self.pass_on(way_back, len(way_back) - 1)

    def deliver_from_source_on(self, path: Any, way_back: Any) -> None:
        """Forward the content from the source down another path than that of the request."""
        self.deliver_on(path, len(path) - 1, way_back)

    def pass_on(self, path: Any, position: int) -> None:
        """Forward the content down a path from a position."""
        if path is not self._path or self._due > position:
            self._leave(path, position)
        self._coming = True

    def branch(self, path: Any, position: int) -> None:
        """Forward the content down a path from a position, off the way to the receiver."""
        self._leave(path, position)
        self._main = False
        self._coming = True

    def _reversed(self, u: Any, v: Any) -> Any:
        return self.view.shortest_path(u, v)[::-1]

    def _way_back_of(self, path: Any) -> Any:
        return self._reversed(path[-1], path[0])

    def _on_to_source(self, node: Any) -> Any:
        if self.source is None:
            raise RuntimeError(f"no source has content {self.content!r}")
        return self.view.shortest_path(node, self.source)

    def _start(self) -> None:
        self._started = True
        self.controller.start_session(*self._session)

    def _go(self, path: Any, position: int) -> None:
        """Have the request be at a position of a path."""
        if not self._started:
            self._start()
        self._tell_how_far()
        if path is not self._path:
            self._path, self._went = path, 0
        if self._went < position:
            self._tell_request(nodes_of(path)[self._went : position + 1])
        self._went = self._came = self._due = position

    def _come_to(self, path: Any, position: int) -> None:
        """Have the content be at a position of a path; of another one than before, by its end."""
        if path is not self._path:
            self._leave(path, len(path) - 1)
        if position < self._due:
            self._due = position

    def _leave(self, path: Any, position: int) -> None:
        """Have the content come all of its way, and be at a position of another path then."""
        self._arrive()
        self._path, self._came, self._due, self._main = path, position, position, True

    def _arrive(self) -> None:
        """Have the content come all of the way that it was said to come."""
        if self._coming:
            self._coming = False
            self._due = 0
        self._tell_how_far()

    def _tell_how_far(self) -> None:
        """Tell of the way on which the content came."""
        if self._due < self._came:
            nodes = nodes_of(self._path)[self._due : self._came + 1]
            self._came = self._due
            self._tell_content(nodes[::-1])

    def _tell_request(self, nodes: Any) -> None:
        self.controller.forward_request_path(nodes[0], nodes[-1], nodes)

    def _tell_content(self, nodes: Any) -> None:
        self.controller.forward_content_path(nodes[0], nodes[-1], nodes, self._main)


class _Later:
    """A path that is found when it is needed, and may then turn out not to exist."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find
        self._nodes: Any = None

    def nodes(self) -> Any:
        """Return the nodes."""
        if self._nodes is None:
            self._nodes = self._find()
        return self._nodes

    def __len__(self) -> int:
        return len(self.nodes())

    def __getitem__(self, position: int) -> Any:
        return self.nodes()[position]


def nodes_of(path: Any) -> Any:
    """Return the nodes of a path as a list."""
    return path.nodes() if isinstance(path, _Later) else path
