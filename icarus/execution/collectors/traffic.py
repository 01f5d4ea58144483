"""What travelled: load of links, latency of sessions, stretch of their paths."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from icarus.execution.collectors.interface import DataCollector, mean
from icarus.registry import register_data_collector
from icarus.tools.stats import cdf as empirical_cdf
from icarus.types import Content, Node, Positive
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.execution.network import NetworkView

__all__ = ["LatencyCollector", "LinkLoadCollector", "PathStretchCollector"]

Link = tuple[Node, Node]


@register_data_collector("LINK_LOAD")
class LinkLoadCollector(DataCollector):
    """Mean load of internal and external links, in bytes per second.

    A mean is over the directed links of a type that carried anything.

    Parameters
    ----------
    req_size : float, optional
        Size of a request, in bytes.
    content_size : float, optional
        Size of a content, in bytes, where the workload does not know sizes.
    """

    def __init__(
        self, view: NetworkView, req_size: Positive = 150, content_size: Positive = 1500
    ) -> None:
        super().__init__(view)
        if req_size <= 0 or content_size <= 0:
            raise ValueError("req_size and content_size must be positive")
        self._req_size = req_size
        self._content_size = content_size
        self._session_size: float | None = None
        self._requests: dict[Link, int] = defaultdict(int)
        self._contents: dict[Link, int] = defaultdict(int)
        self._bytes: dict[Link, float] = defaultdict(float)
        self._first: float | None = None
        self._last = 0.0

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Take note of the time."""
        if self._first is None:
            self._first = timestamp
        self._last = timestamp

    def content_size(self, size: int) -> None:
        """Count the contents of this session with their own size."""
        self._session_size = size

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a request on the link from `u` to `v`."""
        self._requests[u, v] += 1

    def content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a content on the link from `u` to `v`."""
        if self._session_size is None:
            self._contents[u, v] += 1
        else:
            self._bytes[u, v] += self._session_size

    def results(self) -> Tree:
        """Return the mean load of each type of link, and the load of each link."""
        duration = 0.0 if self._first is None else self._last - self._first
        loads: dict[str, dict[Link, float]] = {"internal": {}, "external": {}}
        # Insertion order is the order of first use, which is the same in every run.
        for u, v in {**self._requests, **self._contents, **self._bytes}:
            carried = (
                self._req_size * self._requests.get((u, v), 0)
                + self._content_size * self._contents.get((u, v), 0)
                + self._bytes.get((u, v), 0)
            )
            load = carried / duration if duration > 0 else math.nan
            loads.setdefault(self.view.link_type(u, v), {})[u, v] = load

        def mean_load(kind: str) -> float:
            return sum(loads[kind].values()) / len(loads[kind]) if loads[kind] else 0.0

        return Tree(
            {
                "MEAN_INTERNAL": mean_load("internal"),
                "MEAN_EXTERNAL": mean_load("external"),
                "PER_LINK_INTERNAL": loads["internal"],
                "PER_LINK_EXTERNAL": loads["external"],
            }
        )


@register_data_collector("LATENCY")
class LatencyCollector(DataCollector):
    """Mean time from request to content, in ms: the delays of all links on the main path.

    Sessions that fail do not count.

    Parameters
    ----------
    cdf : bool, optional
        Also give the distribution over sessions.
    """

    def __init__(self, view: NetworkView, cdf: bool = False) -> None:
        super().__init__(view)
        self._latency = 0.0
        self._total = 0.0
        self._sessions = 0
        self._all: list[float] | None = [] if cdf else None

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Start from 0 ms."""
        self._latency = 0.0

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Add the delay of the link from `u` to `v`."""
        if main_path:
            self._latency += self.view.link_delay(u, v)

    # The delay is the same for contents: serialisation and queueing are not modelled.
    content_hop = request_hop

    def end_session(self, success: bool = True) -> None:
        """Count the session if it succeeded."""
        if success:
            self._sessions += 1
            self._total += self._latency
            if self._all is not None:
                self._all.append(self._latency)

    def results(self) -> Tree:
        """Return the mean latency, and its distribution if asked for."""
        results = Tree({"MEAN": mean(self._total, self._sessions)})
        if self._all:
            results["CDF"] = empirical_cdf(self._all)
        return results


@register_data_collector("PATH_STRETCH")
class PathStretchCollector(DataCollector):
    """Hops travelled over hops of the shortest path between receiver and source.

    Every hop counts, also those off the main path. Sessions that fail do not count, nor do
    those of a receiver that is itself the source.

    Parameters
    ----------
    cdf : bool, optional
        Also give the distributions over sessions.
    """

    def __init__(self, view: NetworkView, cdf: bool = False) -> None:
        super().__init__(view)
        self._request_hops = 0
        self._content_hops = 0
        self._ends: tuple[Node, Content] = (None, None)
        self._sessions = 0
        self._request_total = 0.0
        self._content_total = 0.0
        self._total = 0.0
        self._all: tuple[list[float], list[float], list[float]] | None = (
            ([], [], []) if cdf else None
        )

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Start from 0 hops."""
        self._ends = (receiver, content)
        self._request_hops = self._content_hops = 0

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a hop of the request."""
        self._request_hops += 1

    def content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a hop of the content."""
        self._content_hops += 1

    def end_session(self, success: bool = True) -> None:
        """Count the session if it succeeded."""
        if not success:
            return
        receiver, content = self._ends
        source = self.view.content_source(content)
        shortest = len(self.view.shortest_path(receiver, source)) - 1
        if shortest == 0:
            return
        self._sessions += 1
        request = self._request_hops / shortest
        delivery = self._content_hops / shortest
        both = (self._request_hops + self._content_hops) / (2 * shortest)
        self._request_total += request
        self._content_total += delivery
        self._total += both
        if self._all is not None:
            for values, value in zip(self._all, (both, request, delivery), strict=True):
                values.append(value)

    def results(self) -> Tree:
        """Return the mean stretch of both ways and of each, and distributions if asked for."""
        results = Tree(
            {
                "MEAN": mean(self._total, self._sessions),
                "MEAN_REQUEST": mean(self._request_total, self._sessions),
                "MEAN_CONTENT": mean(self._content_total, self._sessions),
            }
        )
        if self._all is not None and self._sessions:
            for key, values in zip(("CDF", "CDF_REQUEST", "CDF_CONTENT"), self._all, strict=True):
                results[key] = empirical_cdf(np.asarray(values))
        return results
