"""Hash-routing: each content has one authoritative cache, found by hashing its name.

References
----------
L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from icarus.hashing import stable_hash
from icarus.models.strategy.base import Strategy
from icarus.registry import register_strategy
from icarus.types import Content, Node

if TYPE_CHECKING:
    from icarus.execution.network import NetworkController, NetworkView

__all__ = ["HashroutingSymmetric"]


class BaseHashrouting(Strategy):
    """What hash-routing schemes share: the map from content to authoritative cache.

    Contents are spread over the caches, taken in node order, by a hash that is the same in
    every process; each cache is responsible for an equal share of the names.
    """

    def __init__(self, view: NetworkView, controller: NetworkController, **kwargs: Any) -> None:
        super().__init__(view, controller)
        self.cache_nodes: list[Node] = list(view.cache_nodes())
        self.n_cache_nodes = len(self.cache_nodes)
        if self.n_cache_nodes == 0:
            raise ValueError("hash-routing needs a cache; the network has none")
        self.cache_assignment: dict[int, Node] = dict(enumerate(self.cache_nodes))
        self._authority: dict[Content, Node] = {}

    def authoritative_cache(self, content: Content) -> Node:
        """Return the node whose cache is responsible for `content`."""
        node = self._authority.get(content)
        if node is None:
            node = self.cache_assignment[stable_hash(content) % self.n_cache_nodes]
            self._authority[content] = node
        return node

    def _fetch_from_source(self, content: Content, source: Node) -> None:
        if not self.controller.get_content(source):
            raise RuntimeError(f"the source {source!r} does not have content {content!r}")


@register_strategy("HR_SYMM")
class HashroutingSymmetric(BaseHashrouting):
    """Hash-routing, symmetric: contents return through the authoritative cache, which keeps them.

    References
    ----------
    L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from its authoritative cache, which fetches what it lacks."""
        controller = self.controller
        source = self.view.content_source(content)
        cache = self.authoritative_cache(content)
        controller.start_session(time, receiver, content, log)
        controller.forward_request_path(receiver, cache)
        if not controller.get_content(cache):
            controller.forward_request_path(cache, source)
            self._fetch_from_source(content, source)
            controller.forward_content_path(source, cache)
            controller.put_content(cache)
        controller.forward_content_path(cache, receiver)
        controller.end_session()
