"""On-path strategies: a request travels to its origin and the first cache that has it serves.

They differ in which caches on the way are asked and which keep a copy. A content returns
along the links that its request took.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.models.strategy.base import Strategy
from icarus.registry import register_strategy
from icarus.types import Content, Fraction, Node, Positive, Seed

if TYPE_CHECKING:
    from icarus.execution.network import NetworkController, NetworkView

__all__ = ["Edge", "LeaveCopyDown", "LeaveCopyEverywhere", "ProbCache", "RandomBernoulli"]


class _OnPathStrategy(Strategy):
    """Ask every cache on the way to the origin; subclasses say what is left on the way back."""

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the first cache on its way that has it, or from the origin."""
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        self.controller.start_session(time, receiver, content, log)
        served_at = self._forward_request(path)
        self._deliver(path[served_at::-1])
        self.controller.end_session()

    def _forward_request(self, path: Sequence[Node]) -> int:
        """Send the request along `path`; return the position of the node that serves."""
        controller = self.controller
        has_cache = self.view.has_cache
        u = path[0]
        for position in range(1, len(path)):
            v = path[position]
            controller.forward_request_hop(u, v)
            if has_cache(v) and controller.get_content(v):
                return position
            u = v
        controller.get_content(u)
        return len(path) - 1

    def _deliver(self, path: Sequence[Node]) -> None:
        """Send the content along `path`, from the serving node to the receiver."""
        raise NotImplementedError


@register_strategy("LCE")
class LeaveCopyEverywhere(_OnPathStrategy):
    """Leave Copy Everywhere: every cache on the way back keeps a copy.

    References
    ----------
    V. Jacobson et al., "Networking named content", CoNEXT 2009, doi 10.1145/1658939.1658941.
    """

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        has_cache = self.view.has_cache
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            if has_cache(v):
                controller.put_content(v)
            u = v


@register_strategy("LCD")
class LeaveCopyDown(_OnPathStrategy):
    """Leave Copy Down: only the first cache below the serving node keeps a copy.

    References
    ----------
    N. Laoutaris, H. Che, I. Stavrakakis, "The LCD interconnection of LRU caches and its
    analysis", Performance Evaluation 63(7), 2006, doi 10.1016/j.peva.2005.05.003.
    """

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        has_cache = self.view.has_cache
        copied = False
        receiver = path[-1]
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            if not copied and v != receiver and has_cache(v):
                controller.put_content(v)
                copied = True
            u = v


@register_strategy("PROB_CACHE")
class ProbCache(_OnPathStrategy):
    """ProbCache: a cache keeps a copy with a probability that grows towards the receiver.

    The x-th cache that a content meets on its way back keeps a copy with probability

        (sum of the last c - x + 1 capacities) / (t_tw * its own capacity) * (x / c)^c.

    c and the sum go over all caches of the return path, the one that serves included if it is
    a cache. The first factor is TimesIn of the original paper; the second has the exponent c
    of the extended one.

    Parameters
    ----------
    t_tw : float, optional
        Target time window, in seconds of the average path's caching capacity.

    References
    ----------
    I. Psaras, W. K. Chai, G. Pavlou, "Probabilistic in-network caching for information-centric
    networks", ACM SIGCOMM ICN 2012, doi 10.1145/2342488.2342501; the same authors, "In-network
    cache management and resource allocation for information-centric networks", IEEE TPDS
    25(11), 2014, doi 10.1109/TPDS.2013.304.
    """

    def __init__(
        self,
        view: NetworkView,
        controller: NetworkController,
        t_tw: Positive = 10,
        seed: Seed = None,
    ) -> None:
        super().__init__(view, controller)
        self.t_tw = t_tw
        self.cache_size: dict[Node, int] = view.cache_nodes(size=True)
        self._rng = np.random.default_rng(seed)

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        sizes = self.cache_size
        capacities = [sizes[v] for v in path if v in sizes]
        c = len(capacities)
        remaining = sum(capacities)
        x = 0
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            size = sizes.get(v)
            if size is not None:
                x += 1
                if size and self._rng.random() < remaining / (self.t_tw * size) * (x / c) ** c:
                    controller.put_content(v)
                remaining -= capacities[x - 1]
            u = v


@register_strategy("RAND_BERNOULLI")
class RandomBernoulli(_OnPathStrategy):
    """Every cache on the way back keeps a copy with the same probability.

    Parameters
    ----------
    p : float, optional
        Probability that a cache keeps a copy; 0 is never, 1 is Leave Copy Everywhere.
    """

    def __init__(
        self,
        view: NetworkView,
        controller: NetworkController,
        p: Fraction = 0.2,
        seed: Seed = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller)
        self.p = p
        self._rng = np.random.default_rng(seed)

    def _deliver(self, path: Sequence[Node]) -> None:
        controller = self.controller
        has_cache = self.view.has_cache
        receiver = path[-1]
        u = path[0]
        for v in path[1:]:
            controller.forward_content_hop(u, v)
            if v != receiver and has_cache(v) and self._rng.random() < self.p:
                controller.put_content(v)
            u = v


@register_strategy("EDGE")
class Edge(_OnPathStrategy):
    """Only the first cache on the way is asked, and keeps what the origin delivers.

    References
    ----------
    S. K. Fayazbakhsh et al., "Less pain, most of the gain: incrementally deployable ICN",
    ACM SIGCOMM 2013, doi 10.1145/2486001.2486023.
    """

    def __init__(self, view: NetworkView, controller: NetworkController) -> None:
        super().__init__(view, controller)

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the first cache on its way, or from the origin."""
        controller = self.controller
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        controller.start_session(time, receiver, content, log)
        edge = None
        for position, v in enumerate(path[1:], start=1):
            controller.forward_request_hop(path[position - 1], v)
            if edge is None and self.view.has_cache(v):
                edge = v
                if controller.get_content(v):
                    controller.forward_content_path(v, receiver, path[position::-1])
                    controller.end_session()
                    return
        controller.get_content(source)
        u = source
        for v in path[-2::-1]:
            controller.forward_content_hop(u, v)
            if v == edge:
                controller.put_content(v)
            u = v
        controller.end_session()
