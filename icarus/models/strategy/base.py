"""What all strategies share, and the one that does without caches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from icarus.errors import suggestion
from icarus.registry import register_strategy
from icarus.types import Content, Node

if TYPE_CHECKING:
    from icarus.execution.network import NetworkController, NetworkView

__all__ = ["NoCache", "Strategy"]


class Strategy:
    """Base class of strategies: how one request is served.

    Parameters
    ----------
    view : NetworkView
        What the strategy may see of the network.
    controller : NetworkController
        What it may do to it.
    """

    def __init__(self, view: NetworkView, controller: NetworkController, **kwargs: Any) -> None:
        self.view = view
        self.controller = controller

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request: one session, started and ended here.

        Parameters
        ----------
        time : float
            Time stamp, in seconds.
        receiver : node
            Who requests.
        content : content
            What is requested.
        log : bool
            Whether collectors hear of it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to process an event")


@register_strategy("NO_CACHE")
class NoCache(Strategy):
    """Serve every request from its origin; caches are never asked.

    The baseline of every comparison: hit ratio 0 and path stretch 1.
    """

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Fetch `content` from its source along the shortest path."""
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        self.controller.start_session(time, receiver, content, log)
        self.controller.forward_request_path(receiver, source, path)
        self.controller.get_content(source)
        self.controller.forward_content_path(source, receiver, path[::-1])
        self.controller.end_session()


def _require_one_of(parameter: str, value: object, known: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of the `known` names."""
    if value not in known:
        raise ValueError(
            f"{parameter} must be one of {', '.join(known)}, found {value!r}; "
            f"{suggestion(str(value), known)}"
        )
