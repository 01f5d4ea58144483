"""One handler for several: how an event of the inner loop reaches all who handle it.

A handler is called for every hop of every request. Each function here therefore has the
arguments of its events in full: passing ``*args`` on takes a third longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from icarus.execution.collectors.legs import Leg
from icarus.types import Content, Node

__all__ = ["EVENTS", "LEG_TAKERS", "by_hop", "fan_out"]

Handler = Callable[..., None]


def fan_out(event: str, handlers: Sequence[Handler]) -> Handler:
    """Return one handler that calls all of `handlers` in order, with no more layers than needed.

    Parameters
    ----------
    event : str
        The event that they handle, which decides the arguments.
    handlers : sequence of callable
        Who is to be called; their number is settled here.
    """
    if not handlers:
        return _ignore
    if len(handlers) == 1:
        return handlers[0]
    return _BY_EVENT[event](tuple(handlers))


def _ignore(*args: Any, **kwargs: Any) -> None:
    """Handle an event that nobody is interested in."""


def _start_session(handlers: tuple[Handler, ...]) -> Handler:
    def start_session(timestamp: float, receiver: Node, content: Content) -> None:
        for handler in handlers:
            handler(timestamp, receiver, content)

    return start_session


def _at_node(handlers: tuple[Handler, ...]) -> Handler:
    def at_node(node: Node) -> None:
        for handler in handlers:
            handler(node)

    return at_node


def _hop(handlers: tuple[Handler, ...]) -> Handler:
    def hop(u: Node, v: Node, main_path: bool = True) -> None:
        for handler in handlers:
            handler(u, v, main_path)

    return hop


def _leg(handlers: tuple[Handler, ...]) -> Handler:
    def leg(leg: Leg, main_path: bool = True) -> None:
        for handler in handlers:
            handler(leg, main_path)

    return leg


def by_hop(hop: Handler) -> Handler:
    """Return a handler of legs that tells a handler of single hops."""

    def leg(leg: Leg, main_path: bool = True) -> None:
        for u, v in leg.links:
            hop(u, v, main_path)

    return leg


def _end_session(handlers: tuple[Handler, ...]) -> Handler:
    def end_session(success: bool = True) -> None:
        for handler in handlers:
            handler(success)

    return end_session


def _content_size(handlers: tuple[Handler, ...]) -> Handler:
    def content_size(size: int) -> None:
        for handler in handlers:
            handler(size)

    return content_size


_BY_EVENT: dict[str, Callable[[tuple[Handler, ...]], Handler]] = {
    "start_session": _start_session,
    "end_session": _end_session,
    "cache_hit": _at_node,
    "cache_miss": _at_node,
    "server_hit": _at_node,
    "request_hop": _hop,
    "content_hop": _hop,
    "content_size": _content_size,
}

EVENTS = tuple(_BY_EVENT)
"""Of which collectors may hear."""

LEG_TAKERS = {"request_hop": "take_request_leg", "content_hop": "take_content_leg"}
"""From the event of a hop to the method of collectors that take those of a leg at once."""

_BY_EVENT |= dict.fromkeys(LEG_TAKERS.values(), _leg)
