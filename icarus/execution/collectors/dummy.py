"""A collector that keeps the latest session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from icarus.execution.collectors.collector import DataCollector
from icarus.registry import register_data_collector
from icarus.types import Content, Node

if TYPE_CHECKING:
    from icarus.execution.collectors.counts import SessionCounts
    from icarus.execution.network import NetworkView

__all__ = ["DummyCollector"]


@register_data_collector("DUMMY")
class DummyCollector(DataCollector):
    """Keep the latest session and give no results; for tests of strategies.

    ``session_summary`` returns a dict with the session's timestamp, receiver, content, cache
    misses and hops, the serving node once there is one, and whether it succeeded once it ended.
    """

    def __init__(self, view: NetworkView) -> None:
        super().__init__(view)
        self.session: dict[str, Any] = {}

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Start a new summary."""
        self.session = {
            "timestamp": timestamp,
            "receiver": receiver,
            "content": content,
            "cache_misses": [],
            "request_hops": [],
            "content_hops": [],
        }

    def cache_hit(self, node: Node) -> None:
        """Keep the serving node."""
        self.session["serving_node"] = node

    def cache_miss(self, node: Node) -> None:
        """Keep the node that missed."""
        self.session["cache_misses"].append(node)

    def server_hit(self, node: Node) -> None:
        """Keep the serving node."""
        self.session["serving_node"] = node

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Keep the hop."""
        self.session["request_hops"].append((u, v))

    def content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Keep the hop."""
        self.session["content_hops"].append((u, v))

    def end_session(self, success: bool = True) -> None:
        """Keep whether the content arrived."""
        self.session["success"] = success

    def session_summary(self) -> dict[str, Any]:
        """Return the latest measured session."""
        return self.session

    def absorb(self, counts: SessionCounts) -> None:
        """Keep nothing: there is no latest session among counts, and no results."""
