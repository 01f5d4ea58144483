"""What was measured over time, window by window."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.execution.collectors import counted
from icarus.execution.collectors.legs import Leg
from icarus.execution.collectors.traffic import SessionLatency
from icarus.execution.cursor import Limit
from icarus.registry import register_data_collector
from icarus.types import Content, Node, Positive, PositiveInt
from icarus.util import Tree

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    # Which pydantic, that needs it, can check.
    from typing_extensions import TypedDict

if TYPE_CHECKING:
    from icarus.execution.collectors.counts import SessionCounts
    from icarus.execution.network import NetworkView

__all__ = ["TimelineCollector"]


class Requests(TypedDict):
    """A length in requests."""

    requests: PositiveInt


@dataclass
class _Window:
    """What was counted in one window."""

    first: int = 0
    end: Limit | None = None
    sessions: int = 0
    hits: int = 0
    served_by_source: int = 0
    hit_bytes: int = 0
    source_bytes: int = 0
    failed: int = 0
    latencies: defaultdict[float, int] = field(default_factory=lambda: defaultdict(int))
    carried: list[float] = field(default_factory=lambda: [0.0, 0.0])
    """Bytes that internal and external links carried, each hop counted."""
    links: tuple[int, int] = (0, 0)
    """Directed links of both types that there were when it ended."""
    began: float | None = None
    ended: float = 0.0
    """Times of the first and the last session."""


@register_data_collector("TIMELINE")
class TimelineCollector(SessionLatency):
    """Requests, hits, latency, failures and the load of links over time.

    Results are arrays of shape (n_windows,): ``START`` and ``END`` of each window in seconds,
    ``FIRST`` (number of its first request, warm-up included), ``REQUESTS`` (those measured),
    ``HIT_RATIO`` (share of contents served from caches), ``SERVED`` (share of requests that did not
    fail), ``LATENCY`` (mean in ms), ``LINK_LOAD_INTERNAL`` and ``LINK_LOAD_EXTERNAL`` (bytes per
    second, mean over all directed links of the type that there are when the window ends). Where the
    workload knows sizes, there are ``BYTE_HIT_RATIO`` and ``BYTES_FROM_ORIGINS`` too, as of
    CACHE_HIT_RATIO. They are NaN where there is nothing to take a share of. ``EVENTS`` lists what
    happened: time, number of requests before it, text. The first window is the one that has the
    first measured request; windows begin at multiples of their length, also where that is in the
    warm-up.

    Parameters
    ----------
    window : float or {"requests": int}, optional
        How long windows are: seconds of simulated time, or requests.
    req_size : float, optional
        Size of a request, in bytes.
    content_size : float, optional
        Size of a content, in bytes, where the workload does not know sizes.
    """

    def __init__(
        self,
        view: NetworkView,
        window: Positive | Requests = 60.0,
        req_size: Positive = 150,
        content_size: Positive = 1500,
    ) -> None:
        super().__init__(view)
        # A number that settings give may be a whole one.
        by_requests = not isinstance(window, int | float)
        self.window = Limit(requests=window["requests"]) if by_requests else Limit(until=window)  # type: ignore[index,arg-type]
        self._req_size = req_size
        self._content_size = content_size
        self._session_size: int | None = None
        self._sized = False
        self._windows = [_Window()]
        self._events: list[tuple[float, int, str]] = []
        self._absorbed = 0
        self._external: dict[Leg, tuple[int, int]] = {}
        self._n_links: tuple[int, int] | None = None

    # What the engine tells at the ends of windows, and between requests

    def begin_window(self, first: int) -> None:
        """Take note that the first window begins, and with which request."""
        self._windows[-1].first = first

    def end_window(self, end: Limit, first: int) -> None:
        """Take note that a window ends and another one begins.

        Parameters
        ----------
        end : Limit
            Where it ends.
        first : int
            The number of the next one's first request.
        """
        window = self._windows[-1]
        window.end, window.links = end, self._links()
        self._windows.append(_Window(first))

    def note_event(self, time: float, requests: int, text: str) -> None:
        """Take note of what happens, and that links may be others from now on."""
        self._events.append((time, requests, text))
        self._external.clear()
        self._n_links = None

    def _links(self) -> tuple[int, int]:
        if self._n_links is None:
            types = list(self.view.model.link_type.values())
            external = types.count("external")
            self._n_links = len(types) - external, external
        return self._n_links

    # Events

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Count a request."""
        super().start_session(timestamp, receiver, content)
        window = self._windows[-1]
        window.sessions += 1
        window.began = timestamp if window.began is None else window.began
        window.ended = timestamp

    def content_size(self, size: int) -> None:
        """Count the contents of this session with their own size."""
        self._session_size = size
        self._sized = True

    def expect_sizes(self) -> None:
        """Give ratios of bytes, whether or not a session is measured."""
        self._sized = True

    def cache_hit(self, node: Node) -> None:
        """Count a content served by a cache."""
        window = self._windows[-1]
        window.hits += 1
        window.hit_bytes += self._session_size or 0

    def server_hit(self, node: Node) -> None:
        """Count a content served by its source."""
        window = self._windows[-1]
        window.served_by_source += 1
        window.source_bytes += self._session_size or 0

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a request on the link from `u` to `v`."""
        super().request_hop(u, v, main_path)
        self._carry(Leg((u, v)), self._req_size)

    def content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a content on the link from `u` to `v`."""
        super().content_hop(u, v, main_path)
        self._carry(Leg((u, v)), self._size())

    def take_request_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count a request on all links of a leg."""
        super().take_request_leg(leg, main_path)
        self._carry(leg, self._req_size)

    def take_content_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count a content on all links of a leg."""
        super().take_content_leg(leg, main_path)
        self._carry(leg, self._size())

    def end_session(self, success: bool = True) -> None:
        """Count the latency of a session, or that it failed."""
        window = self._windows[-1]
        if success:
            window.latencies[self._latency] += 1
        else:
            window.failed += 1

    def _size(self) -> float:
        return self._content_size if self._session_size is None else self._session_size

    def _carry(self, leg: Leg, size: float) -> None:
        hops = self._external.get(leg)
        if hops is None:
            type_of = self.view.model.link_type
            external = sum(type_of.get(link) == "external" for link in leg.links)
            hops = self._external[leg] = len(leg.links) - external, external
        carried = self._windows[-1].carried
        carried[0] += hops[0] * size
        carried[1] += hops[1] * size

    # Sessions that were counted

    def absorb(self, counts: SessionCounts) -> None:
        """Take note of whether there are sizes; sessions are told by windows."""
        self._require_delays(counts)
        self._sized |= counts.size is not None

    def absorb_windows(
        self,
        counts: SessionCounts,
        number: np.ndarray,
        size: np.ndarray,
        times: Sequence[tuple[float, float] | None],
    ) -> None:
        """Count sessions by the window in which they took place.

        Parameters
        ----------
        counts : SessionCounts
            What is known of each kind.
        number : ndarray of int64, shape (n_windows, n_kinds)
            How many there were in each window since the last time: those that ended, and the one
            that goes on.
        size : ndarray of int64, shape (n_windows, n_kinds)
            Bytes of their contents, where the workload knows sizes.
        times : sequence of (float, float) or None, length n_windows
            When the first and the last session of each window so far began.
        """
        from_cache = counts.from_cache & (counts.server >= 0)
        from_source = ~counts.from_cache & (counts.server >= 0)
        # All windows at once, as there may be thousands of them.
        sums = {
            "sessions": number.sum(axis=1),
            "hits": number[:, from_cache].sum(axis=1),
            "served_by_source": number[:, from_source].sum(axis=1),
            "failed": number[:, counts.failed].sum(axis=1),
        }
        if counts.size is not None:
            sums["hit_bytes"] = size[:, from_cache].sum(axis=1)
            sums["source_bytes"] = size[:, from_source].sum(axis=1)
        rows = zip(*(column.tolist() for column in sums.values()), strict=True)
        windows = self._windows[self._absorbed :]
        for window, row, span in zip(windows, rows, times, strict=True):
            for name, value in zip(sums, row, strict=True):
                setattr(window, name, getattr(window, name) + value)
            if span is not None:
                window.began, window.ended = span
        self._absorb_latencies(windows, counts, number)
        self._absorb_load(windows, counts, number, size)
        self._absorbed = len(self._windows) - 1

    def _absorb_latencies(
        self, windows: Sequence[_Window], counts: SessionCounts, number: np.ndarray
    ) -> None:
        served = np.flatnonzero(~counts.failed)
        if not len(served):
            return
        order = served[np.argsort(counts.latency[served], kind="stable")]
        latencies, first = np.unique(counts.latency[order], return_index=True)
        how_often = np.add.reduceat(number[:, order], first, axis=1)
        rows, places = np.nonzero(how_often)
        found = zip(
            rows.tolist(),
            latencies[places].tolist(),
            how_often[rows, places].tolist(),
            strict=True,
        )
        for row, latency, count in found:
            windows[row].latencies[latency] += count

    def _absorb_load(
        self,
        windows: Sequence[_Window],
        counts: SessionCounts,
        number: np.ndarray,
        size: np.ndarray,
    ) -> None:
        sized = counts.size is not None
        for place, requests, contents in (
            (0, counts.request_hops, counts.content_hops),
            (1, counts.external_request_hops, counts.external_content_hops),
        ):
            asked = (number @ requests).tolist()
            carried = ((size if sized else number) @ contents).tolist()
            for window, n_asked, n_carried in zip(windows, asked, carried, strict=True):
                amount = n_asked * self._req_size
                amount += n_carried if sized else n_carried * self._content_size
                window.carried[place] += amount
                if place == 1:
                    window.carried[0] -= amount

    # Results

    def results(self) -> Tree:
        """Return what was measured in each window."""
        windows = self._windows if self._windows[-1].sessions else self._windows[:-1]
        by_requests = math.isfinite(self.window.requests)
        columns: dict[str, list[Any]] = defaultdict(list)
        for number, window in enumerate(windows):
            for name, value in self._described(number, window).items():
                columns[name].append(value)
        results = Tree(
            {
                name: np.array(columns[name], dtype=np.int64 if name in _WHOLE else np.float64)
                for name in (*_COLUMNS, *(_OF_BYTES if self._sized else ()))
            }
        )
        results["WINDOW"] = "requests" if by_requests else "seconds"
        results["EVENTS"] = list(self._events)
        return results

    def _described(self, number: int, window: _Window) -> dict[str, float]:
        served = window.hits + window.served_by_source
        served_bytes = window.hit_bytes + window.source_bytes
        start, end = self._bounds(window)
        began = window.began if window.began is not None else start
        span = (window.ended if math.isfinite(self.window.requests) else end) - (
            began if number == 0 or math.isfinite(self.window.requests) else start
        )
        links = window.links if window.end is not None else self._links()
        loads = [
            carried / span / n if span > 0 and n else math.nan
            for carried, n in zip(window.carried, links, strict=True)
        ]
        return {
            "START": start,
            "END": end,
            "FIRST": window.first,
            "REQUESTS": window.sessions,
            "HIT_RATIO": window.hits / served if served else math.nan,
            "SERVED": 1 - window.failed / window.sessions if window.sessions else math.nan,
            "LATENCY": counted.mean(counted.counted(window.latencies.items())),
            "LINK_LOAD_INTERNAL": loads[0],
            "LINK_LOAD_EXTERNAL": loads[1],
            "BYTE_HIT_RATIO": window.hit_bytes / served_bytes if served_bytes else math.nan,
            "BYTES_FROM_ORIGINS": window.source_bytes if served else math.nan,
        }

    def _bounds(self, window: _Window) -> tuple[float, float]:
        """Return begin and end of a window in seconds."""
        if math.isfinite(self.window.requests):
            began = window.ended if window.began is None else window.began
            return began, window.ended
        length = self.window.until
        if window.end is not None:
            return window.end.until - length, window.end.until
        began = window.ended if window.began is None else window.began
        start = math.floor(began / length) * length
        return start, max(window.ended, start)


_WHOLE = ("FIRST", "REQUESTS")
_COLUMNS = (
    *("START", "END", "FIRST", "REQUESTS", "HIT_RATIO", "SERVED", "LATENCY"),
    *("LINK_LOAD_INTERNAL", "LINK_LOAD_EXTERNAL"),
)
_OF_BYTES = ("BYTE_HIT_RATIO", "BYTES_FROM_ORIGINS")
