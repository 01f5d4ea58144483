"""What travelled: load of links, latency of sessions, stretch of their paths."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from icarus.execution.collectors import counted
from icarus.execution.collectors.collector import DataCollector
from icarus.execution.collectors.counts import totals
from icarus.execution.collectors.legs import Leg
from icarus.execution.collectors.ordered import by_link
from icarus.registry import register_data_collector
from icarus.types import Content, Node, Positive
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.execution.collectors.counts import SessionCounts
    from icarus.execution.network import NetworkView

__all__ = ["LatencyCollector", "LinkLoadCollector", "PathStretchCollector"]

Link = tuple[Node, Node]

_PERCENTILES = (50, 90, 99)


class _PerLink(dict[Link, float]):
    """Sums by directed link, which take note of a link's type when it is first used.

    By the end of the simulation the link may have been removed.
    """

    def __init__(self, view: NetworkView, link_type: dict[Link, str]) -> None:
        super().__init__()
        self._view = view
        self._link_type = link_type

    def __missing__(self, link: Link) -> float:
        if link not in self._link_type:
            self._link_type[link] = self._view.link_type(*link)
        return 0


class _PerLeg(dict[Leg, int]):
    """How often legs were taken, which is entered into sums by link now and then.

    Parameters
    ----------
    sums : _PerLink
    """

    def __init__(self, sums: _PerLink) -> None:
        super().__init__()
        self._sums = sums

    def __missing__(self, leg: Leg) -> int:
        if len(self) >= _MOST_LEGS:
            self.enter()
        for link in leg.links:
            # Notes the type of a link that is used for the first time.
            self._sums[link] += 0
        return 0

    def enter(self) -> None:
        """Enter into the sums what was counted, and begin anew."""
        for leg, number in self.items():
            for link in leg.links:
                self._sums[link] += number
        self.clear()


_MOST_LEGS = 2**14


@register_data_collector("LINK_LOAD")
class LinkLoadCollector(DataCollector):
    """Mean load of internal and external links, in bytes per second.

    A load is what a link carried in one direction over the time from the first session's start
    to the last one's. A mean is over the directed links of a type that carried anything, of which
    the results give the number; it is 0 if there are none. Where nothing was measured, or no
    time passed, it is NaN.

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
        if not (req_size > 0 and content_size > 0):
            raise ValueError(
                f"req_size and content_size must be positive, got {req_size!r} and {content_size!r}"
            )
        self._req_size = req_size
        self._content_size = content_size
        self._session_size: float | None = None
        self._link_type: dict[Link, str] = {}
        self._requests = _PerLink(view, self._link_type)
        self._contents = _PerLink(view, self._link_type)
        self._bytes = _PerLink(view, self._link_type)
        self._request_legs = _PerLeg(self._requests)
        self._content_legs = _PerLeg(self._contents)
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

    def take_request_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count a request on all links of a leg."""
        self._request_legs[leg] += 1

    def take_content_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count a content on all links of a leg."""
        if self._session_size is None:
            self._content_legs[leg] += 1
        else:
            for link in leg.links:
                self._bytes[link] += self._session_size

    def absorb(self, counts: SessionCounts) -> None:
        """Count what all links carried."""
        links, nodes = counts.links, counts.nodes
        carried = self._contents if counts.size is None else self._bytes
        sent = links.contents if counts.size is None else links.size
        for first, last, kind, requests, contents, amount in zip(
            *(links.first.tolist(), links.last.tolist(), links.types),
            *(links.requests.tolist(), links.contents.tolist(), sent.tolist()),
            strict=True,
        ):
            link = nodes[first], nodes[last]
            if kind is not None:
                self._link_type.setdefault(link, kind)
            if requests:
                self._requests[link] += requests
            if contents:
                carried[link] += amount
        if counts.first_time is not None and counts.last_time is not None:
            self._first, self._last = counts.first_time, counts.last_time

    def results(self) -> Tree:
        """Return the mean load of each type of link, over how many links, and that of each link.

        Loads are NaN if no time passed.
        """
        self._request_legs.enter()
        self._content_legs.enter()
        duration = 0.0 if self._first is None else self._last - self._first
        loads: dict[str, dict[Link, float]] = {"internal": {}, "external": {}}
        req_size, requests = self._req_size, self._requests.get
        content_size, contents = self._content_size, self._contents.get
        in_bytes = self._bytes.get
        for link, kind in by_link(self._link_type, self.view).items():
            carried = (
                req_size * requests(link, 0) + content_size * contents(link, 0) + in_bytes(link, 0)
            )
            load = carried / duration if duration > 0 else math.nan
            loads.setdefault(kind, {})[link] = load

        def mean_load(kind: str) -> float:
            if not duration > 0:
                return math.nan
            return math.fsum(loads[kind].values()) / len(loads[kind]) if loads[kind] else 0.0

        return Tree(
            {
                "MEAN_INTERNAL": mean_load("internal"),
                "MEAN_EXTERNAL": mean_load("external"),
                "N_INTERNAL": len(loads["internal"]),
                "N_EXTERNAL": len(loads["external"]),
                "PER_LINK_INTERNAL": loads["internal"],
                "PER_LINK_EXTERNAL": loads["external"],
            }
        )


class SessionLatency(DataCollector):
    """What is common to collectors that add up the latency of each session.

    Parameters
    ----------
    view : NetworkView
    """

    def __init__(self, view: NetworkView) -> None:
        super().__init__(view)
        self._latency = 0.0
        # A view of another class may have delays of its own.
        known = vars(type(view)).get("keeps_tables", False)
        self._delay_of = view.model.link_delay if known else None

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Start from 0 ms."""
        self._latency = 0.0

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Add the delay of the link from `u` to `v`."""
        if main_path:
            self._latency += self.view.link_delay(u, v)

    # The delay is the same for contents: serialisation and queueing are not modelled.
    content_hop = request_hop

    def take_request_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Add the delays of all links of a leg."""
        if not main_path:
            return
        latency, delay_of = self._latency, self._delay_of
        if delay_of is None:
            for u, v in leg.links:
                latency += self.view.link_delay(u, v)
        else:
            try:
                for delay in map(delay_of.__getitem__, leg.links):
                    latency += delay
            except KeyError as error:
                self.view.link_delay(*error.args[0])  # says what is missing
        self._latency = latency

    take_content_leg = take_request_leg

    def _require_delays(self, counts: SessionCounts) -> None:
        """Raise KeyError if a link that a receiver waited for has no delay, as events do."""
        if not np.isnan(counts.latency).any():
            return
        links, nodes = counts.links, counts.nodes
        awaited = links.awaited > 0
        ends = links.first[awaited].tolist(), links.last[awaited].tolist()
        for first, last in zip(*ends, strict=True):
            self.view.link_delay(nodes[first], nodes[last])


@register_data_collector("LATENCY")
class LatencyCollector(SessionLatency):
    """Mean time from request to content, in ms: the delays of all links on the main path.

    Sessions that fail do not count.

    Parameters
    ----------
    cdf : bool, optional
        Also give the distribution over sessions, if there were any.
    percentiles : bool, optional
        Also give the latencies ``P50``, ``P90`` and ``P99``, which that share of sessions, in
        per cent, does not exceed.

    Notes
    -----
    Percentiles are exact and of the nearest rank, so that each is the latency of some session.
    Both options cost nothing while requests are served: latencies are always counted by value,
    of which there are few, as they are sums of link delays.
    """

    def __init__(self, view: NetworkView, cdf: bool = False, percentiles: bool = False) -> None:
        super().__init__(view)
        self._sessions_with: defaultdict[float, int] = defaultdict(int)
        self._cdf = cdf
        self._percentiles = percentiles

    # Said here that they are still right, as this class handles events of its own.
    take_request_leg = take_content_leg = SessionLatency.take_request_leg

    def end_session(self, success: bool = True) -> None:
        """Count the session if it succeeded."""
        if success:
            self._sessions_with[self._latency] += 1

    def absorb(self, counts: SessionCounts) -> None:
        """Count all sessions by their latency."""
        self._require_delays(counts)
        served = ~counts.failed
        latencies, numbers = totals(counts.latency[served], counts.number[served])
        for latency, number in zip(latencies.tolist(), numbers.tolist(), strict=True):
            self._sessions_with[latency] += number

    def results(self) -> Tree:
        """Return the mean latency, and what else was asked for."""
        counts = counted.counted(self._sessions_with.items())
        results = Tree({"MEAN": counted.mean(counts)})
        if self._percentiles:
            for q in _PERCENTILES:
                results[f"P{q}"] = counted.percentile(counts, q)
        if self._cdf and counts:
            results["CDF"] = counted.cdf(counts)
        return results


@register_data_collector("PATH_STRETCH")
class PathStretchCollector(DataCollector):
    """Hops travelled over hops of the shortest path between receiver and source.

    Every hop counts, also those off the main path. Sessions that fail do not count, nor do
    those of a receiver that is itself the source or that no path leads from to the source,
    which may have been removed.

    Parameters
    ----------
    cdf : bool, optional
        Also give the distributions over sessions, if there were any.
    """

    def __init__(self, view: NetworkView, cdf: bool = False) -> None:
        super().__init__(view)
        self._request_hops = 0
        self._content_hops = 0
        self._receiver: Node = None
        self._content: Content = None
        self._sessions_with: defaultdict[tuple[int, int, int], int] = defaultdict(int)
        self._cdf = cdf

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Start from 0 hops."""
        self._receiver = receiver
        self._content = content
        self._request_hops = self._content_hops = 0

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a hop of the request."""
        self._request_hops += 1

    def content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a hop of the content."""
        self._content_hops += 1

    def take_request_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count the hops of a leg."""
        self._request_hops += len(leg.links)

    def take_content_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count the hops of a leg."""
        self._content_hops += len(leg.links)

    def end_session(self, success: bool = True) -> None:
        """Count the session if it succeeded."""
        if not success:
            return
        view = self.view
        try:
            path = view.shortest_path(self._receiver, view.content_source(self._content))
        except KeyError:
            return
        if len(path) > 1:
            self._sessions_with[self._request_hops, self._content_hops, len(path) - 1] += 1

    def absorb(self, counts: SessionCounts) -> None:
        """Count all sessions by their hops."""
        served = ~counts.failed
        columns = counts.request_hops, counts.content_hops, counts.shortest_hops
        hops = np.stack([column[served] for column in columns])
        # Three numbers in one, so that the distinct ones are found at once.
        base = int(hops.max(initial=0)) + 1
        kinds, numbers = totals((hops[0] * base + hops[1]) * base + hops[2], counts.number[served])
        for kind, number in zip(kinds.tolist(), numbers.tolist(), strict=True):
            requests_and_contents, shortest = divmod(kind, base)
            if shortest:
                requests, contents = divmod(requests_and_contents, base)
                self._sessions_with[requests, contents, shortest] += number

    def results(self) -> Tree:
        """Return the mean stretch of both ways and of each, and distributions if asked for."""
        sessions = self._sessions_with.items()
        results = Tree()
        for way, counts in (
            ("", counted.counted(((r + c) / (2 * s), n) for (r, c, s), n in sessions)),
            ("_REQUEST", counted.counted((r / s, n) for (r, _, s), n in sessions)),
            ("_CONTENT", counted.counted((c / s, n) for (_, c, s), n in sessions)),
        ):
            results[f"MEAN{way}"] = counted.mean(counts)
            if self._cdf and counts:
                results[f"CDF{way}"] = counted.cdf(counts)
        return results
