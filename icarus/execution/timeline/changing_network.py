"""What an event may do to a network between two requests."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from icarus.errors import EventError
from icarus.types import Node
from icarus.util import apportionment

if TYPE_CHECKING:
    from icarus.execution.engine import Run

__all__ = ["ChangingNetwork"]

logger = logging.getLogger("timeline")

_MOST_NAMED = 8


class ChangingNetwork:
    """A network under simulation, as events see it.

    What follows from several changes, such as new paths, is worked out once, when all of one moment
    are done.

    Parameters
    ----------
    run : Run

    Attributes
    ----------
    view : NetworkView
        What there is now, to be read only.
    time : float
        How far the simulation has come, in seconds.
    requests : int
        How many requests it has served.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.view = run.view
        self.time = run.cursor.time
        self.requests = run.cursor.served
        self._has_changed = self._paths_have_changed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        # Also where an event failed, as whoever steers the simulation may go on.
        if self._has_changed:
            self._settle()

    def remove_link(self, link: Sequence[Node]) -> None:
        """Remove a link; EventError if there is none."""
        u, v = self._link(link)
        self._change().remove_link(u, v, recompute_paths=False)

    def restore_link(self, link: Sequence[Node]) -> None:
        """Put a link back that was removed; EventError if it was not."""
        u, v = link
        removed = self.view.model.removed_links
        if (u, v) not in removed and (v, u) not in removed:
            raise EventError("link", f"the link {u!r}-{v!r} has not been taken down before")
        try:
            self._change().restore_link(u, v, recompute_paths=False)
        except KeyError as error:
            raise EventError("link", str(error.args[0])) from None

    def rewire_link(self, link: Sequence[Node], to: Sequence[Node]) -> None:
        """Move a link to between two other nodes; EventError if that cannot be."""
        u, v = self._link(link)
        try:
            self._change().rewire_link(u, v, *to, recompute_paths=False)
        except (KeyError, ValueError) as error:
            raise EventError("to", str(error.args[0])) from None

    def remove_node(self, node: Node, contents: Literal["kept", "lost"] = "kept") -> None:
        """Remove a node with its links, its cache and what it originates.

        Parameters
        ----------
        node : node
        contents : {"kept", "lost"}, optional
            What becomes of the contents of its cache until it returns.
        """
        if node not in self.view.topology():
            raise EventError("node", self._no_node(node))
        self._change().remove_node(node, recompute_paths=False)
        if contents == "lost":
            self._run.engine.clear_cache(node)

    def restore_node(self, node: Node) -> None:
        """Put a node back that was removed; EventError if it was not."""
        if node not in self.view.model.removed_nodes:
            raise EventError("node", f"the node {node!r} has not been taken down before")
        self._change().restore_node(node, recompute_paths=False)

    def flush(self, node: Node | None = None) -> None:
        """Empty the cache of a node, or all caches, also those of nodes that are away.

        What the policy knows of contents is forgotten, too.
        """
        every = self._nodes_with_caches()
        if node is not None and node not in every:
            raise EventError("node", self._no_cache(node, every))
        for one in every if node is None else [node]:
            self._run.engine.clear_cache(one)

    def _nodes_with_caches(self) -> list[Node]:
        """Return all nodes with caches, those that are away included, in node order."""
        model = self.view.model
        nodes = dict.fromkeys(node for table in model.all_caches for node in table)
        return sorted(nodes, key=lambda node: model.position.get(node, math.inf))

    def resize(
        self, node: Node | None = None, size: int | None = None, factor: float | None = None
    ) -> None:
        """Give the cache of a node, or all caches, another size.

        What fits stays; the least valuable contents leave.

        Parameters
        ----------
        node : node, optional
        size : int, optional
            How many contents fit from now on; what of it is set aside for the node's own requests
            keeps its share.
        factor : float, optional
            Instead, how many times the present size that is.
        """
        if (size is None) == (factor is None):
            raise EventError("size", "either size or factor says how large caches are to be")
        model = self.view.model
        every = self._nodes_with_caches()
        if node is not None and node not in every:
            raise EventError("node", self._no_cache(node, every))
        self._change(of_paths=False)
        wanted = [
            (*part, new_size)
            for one in (every if node is None else [node])
            for part, new_size in self._new_sizes(one, size, factor)
        ]

        def is_local(table: dict[Node, Any]) -> bool:
            return any(table is one for one in model.local_caches)

        for table, one, new_size in wanted:
            try:
                model._cache_like(table[one], new_size)
            except ValueError as error:
                raise EventError("size", f"the cache of node {one!r}: {error}") from None
        # All own caches before the local ones: those that draw do so in this order.
        for table, one, new_size in sorted(wanted, key=lambda part: is_local(part[0])):
            table[one] = self._run.engine.with_size(table[one], new_size)
        self._run.engine.resized()

    def _new_sizes(
        self, node: Node, size: int | None, factor: float | None
    ) -> list[tuple[tuple[dict[Node, Any], Node], int]]:
        """Return what the parts of a node's cache are to have, each by its table and the node."""
        tables = [table for table in self.view.model.all_caches if node in table]
        old = [table[node].maxlen for table in tables]
        if sum(old) == 0:
            return []
        if size is None:
            new = [max(round(part * (factor or 0)), 1) for part in old]
        else:
            new = apportionment(size, [part / sum(old) for part in old])
        if min(new) < 1:
            raise EventError("size", f"{size} is too small for the {len(old)} parts of the cache")
        return [((table, node), part) for table, part in zip(tables, new, strict=True)]

    def set_rate(self, factor: float) -> None:
        """Have requests come so many times as fast as the workload has them, from now on."""
        try:
            self._run.cursor.set_rate(factor, self.time)
        except ValueError as error:
            raise EventError("event", str(error)) from None

    def set_popularity(
        self,
        alpha: float | None = None,
        shuffle: float = 0.0,
        promote: Sequence[Any] = (),
        restore: bool = False,
    ) -> None:
        """Have contents be popular in another way, from now on; see the event ``popularity``."""
        try:
            self._run.cursor.set_popularity(
                alpha=alpha, shuffle=shuffle, promote=promote, restore=restore
            )
        except ValueError as error:
            raise EventError("promote", str(error)) from None

    def _change(self, *, of_paths: bool = True) -> Any:
        """Return what changes the network, of which everybody will be told."""
        self._has_changed = True
        # Paths that were given stay until there are links or nodes less or more.
        self._paths_have_changed |= of_paths
        return self._run.controller

    def _settle(self) -> None:
        if self._paths_have_changed:
            self._run.controller.recompute_paths()
        strategy = self._run.strategy
        _tell(strategy)
        self._run.engine.network_changed()

    def _link(self, link: Sequence[Node]) -> tuple[Node, Node]:
        u, v = link
        topology = self.view.topology()
        if topology.has_edge(u, v):
            return u, v
        if u not in topology:
            raise EventError("link", self._no_node(u))
        others = sorted(map(str, topology.adj[u]))
        found = ", ".join(others[:_MOST_NAMED]) + (", ..." if len(others) > _MOST_NAMED else "")
        where = f" in {topology.name}" if topology.name else ""
        has = f"node {u!r} has links to {found}" if others else f"node {u!r} has no links now"
        if v not in topology and (alike := self._alike(v)):
            has = f"did you mean node {alike}?"
        raise EventError("link", f"no link {u}-{v}{where}; {has}")

    def _no_node(self, node: Node) -> str:
        away = " now: it has been taken down" if node in self.view.model.removed_nodes else ""
        alike = self._alike(node)
        return f"there is no node {node!r}{away}" + (f"; did you mean {alike}?" if alike else "")

    def _alike(self, node: Node) -> str:
        """Return a node that is written alike and is of another type; empty if there is none."""
        alike = [one for one in self.view.topology() if str(one) == str(node) and one != node]
        return f"{alike[0]!r} ({type(alike[0]).__name__})" if alike else ""

    def _no_cache(self, node: Node, caches: Sequence[Node]) -> str:
        if node not in self.view.topology() and node not in self.view.model.removed_nodes:
            return self._no_node(node)
        named = ", ".join(str(one) for one in caches[:_MOST_NAMED])
        more = ", ..." if len(caches) > _MOST_NAMED else ""
        return f"node {node!r} has no cache; those with one are {named or 'none'}{more}"


_told_of: set[str] = set()


def _tell(strategy: Any) -> None:
    """Tell a strategy that the network has changed, or the log that it is not to be told."""
    from icarus.strategies import Strategy

    method = getattr(strategy, "network_changed", None)
    if method is None or getattr(method, "__func__", None) is Strategy.network_changed:
        name = type(strategy).__name__
        if name not in _told_of:
            _told_of.add(name)
            logger.warning(
                "the strategy %s has no method network_changed: what it worked out of the network "
                "at its start stays as it is",
                name,
            )
        return
    method()
