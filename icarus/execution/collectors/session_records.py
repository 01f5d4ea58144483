"""Records of sessions, which collectors may take in batches, and how they come of events.

Both engines give equal records, in the same batches: the compiled one looks them up, the python
one gathers them from the events of each session.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.core.catalogue import Catalogue
from icarus.execution.collectors.collector import DataCollector
from icarus.execution.collectors.legs import Leg
from icarus.types import Content, Node

if TYPE_CHECKING:
    from icarus.execution.network import NetworkView

__all__ = ["RECORDS_AT_ONCE", "Evictions", "RecordTakers", "SessionRecorder", "SessionRecords"]

RECORDS_AT_ONCE = 2**14
"""Sessions in every batch of records but the last one. Each engine makes batches of this length,
whatever those of the workload are, so that sums of floating-point numbers by batch agree."""


@dataclass(frozen=True)
class Evictions:
    """What caches evicted during some sessions, in order; arrays of shape (n_evictions,).

    A content that a policy does not let in at all counts as evicted. Contents that are removed
    because they were written, or by a strategy, do not.
    """

    session: np.ndarray
    """int64: the session, as position in the arrays of the records; never decreasing."""
    node: np.ndarray
    """int32: position in ``SessionRecords.nodes`` of the node whose cache it was."""
    content: np.ndarray
    """int64: position in ``SessionRecords.contents`` of the content that was evicted."""


@dataclass(frozen=True)
class SessionRecords:
    """Consecutive measured sessions, one a row; arrays of shape (n_sessions,).

    Arrays are read-only, and may be kept. Where one batch ends and the next one begins means
    nothing.
    """

    nodes: Sequence[Node]
    """Nodes by number."""
    contents: Sequence[Content]
    """Contents by number."""
    time: np.ndarray
    """float64: time stamps of the requests in seconds."""
    receiver: np.ndarray
    """int32: position in `nodes` of the node that requested."""
    content: np.ndarray
    """int64: position in `contents` of what it requested."""
    size: np.ndarray | None
    """int64: size of the content in bytes; None where the workload knows no sizes."""
    server: np.ndarray
    """int32: position in `nodes` of the node that served; -1 if none did, as for a write."""
    from_cache: np.ndarray
    """bool: whether it served from its cache; false if none served."""
    success: np.ndarray
    """bool: whether the receiver got what it waited for. It did not where a changed network
    keeps a request from what it needs, or a strategy of users says so."""
    latency: np.ndarray
    """float64: delays in ms of all links on the way that the receiver waited for; NaN where a
    link has none."""
    request_hops: np.ndarray
    """int64: hops of the request."""
    content_hops: np.ndarray
    """int64: hops of the content, also those that nobody waited for."""
    evictions: Evictions | None = None
    """What was evicted meanwhile; None where no collector asks for it."""

    def __len__(self) -> int:
        return len(self.time)


class RecordTakers:
    """The collectors that take records, as far as there are any.

    Parameters
    ----------
    collectors : iterable
        All collectors.

    Attributes
    ----------
    evictions : bool
        Whether one of them wants to know of evictions.
    """

    def __init__(self, collectors: Iterable[Any]) -> None:
        self._members = [one for one in collectors if _takes_records(one)]
        self.evictions = any(getattr(one, "needs_evictions", False) for one in self._members)

    def __bool__(self) -> bool:
        return bool(self._members)

    def take(self, records: SessionRecords) -> None:
        """Hand records to all of them, for reading only."""
        for part in (records, records.evictions):
            for field in () if part is None else fields(part):
                column = getattr(part, field.name)
                if isinstance(column, np.ndarray):
                    column.flags.writeable = False
        for collector in self._members:
            collector.take_sessions(records)


def _takes_records(collector: Any) -> bool:
    method = getattr(type(collector), "take_sessions", None)
    return callable(method) and method is not DataCollector.take_sessions


_COLUMNS = (
    *(("time", np.float64), ("receiver", np.int32), ("content", np.int64)),
    *(("size", np.int64), ("server", np.int32), ("from_cache", np.bool_)),
    *(("success", np.bool_), ("latency", np.float64)),
    *(("request_hops", np.int64), ("content_hops", np.int64)),
)


class SessionRecorder(DataCollector):
    """Gathers records from events, for the collectors that take records.

    Parameters
    ----------
    view : NetworkView
    contents : iterable
        The catalogue. Contents that are not in it get the numbers behind it.
    takers : RecordTakers
        Who gets the records.
    """

    def __init__(
        self, view: NetworkView, contents: Iterable[Content], takers: RecordTakers
    ) -> None:
        super().__init__(view)
        self._nodes = _Names(view.topology())
        self._contents = _Names(contents)
        self._takers = takers
        self._delay_of = view.model.link_delay
        self._size: int | None = None
        self._open: list[Any] | None = None
        self._rows: list[list[Any]] = []
        self._evicted: list[tuple[int, int, int]] = []

    def expect_sizes(self) -> None:
        """Have records from here on say sizes."""
        self.flush()
        self._size = 0

    def content_size(self, size: int) -> None:
        """Note the size of the next session's content."""
        self._size = size

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Begin a row."""
        if self._open is not None:
            self.end_session(False)
        self._server, self._from_cache = -1, False
        self._latency = 0.0
        self._request_hops = self._content_hops = 0
        who, what = self._nodes.number(receiver), self._contents.number(content)
        self._open = [timestamp, who, what, self._size]

    def cache_hit(self, node: Node) -> None:
        """Note who served."""
        self._server, self._from_cache = self._nodes.number(node), True

    def server_hit(self, node: Node) -> None:
        """Note who served."""
        self._server, self._from_cache = self._nodes.number(node), False

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a hop, and its delay."""
        self._request_hops += 1
        if main_path:
            self._latency += self._delay_of.get((u, v), math.nan)

    def content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Count a hop, and its delay."""
        self._content_hops += 1
        if main_path:
            self._latency += self._delay_of.get((u, v), math.nan)

    def take_request_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count the hops of a leg, and their delays."""
        self._request_hops += len(leg.links)
        if main_path:
            self._await(leg)

    def take_content_leg(self, leg: Leg, main_path: bool = True) -> None:
        """Count the hops of a leg, and their delays."""
        self._content_hops += len(leg.links)
        if main_path:
            self._await(leg)

    def _await(self, leg: Leg) -> None:
        for link in leg.links:
            self._latency += self._delay_of.get(link, math.nan)

    def evicted(self, node: Node, content: Content) -> None:
        """Note what a cache evicted during the session."""
        number = self._contents.number(content)
        self._evicted.append((len(self._rows), self._nodes.number(node), number))

    def end_session(self, success: bool = True) -> None:
        """Complete the row."""
        if self._open is not None:
            self._open += (self._server, self._from_cache, bool(success), self._latency)
            self._open += (self._request_hops, self._content_hops)
            self._rows.append(self._open)
            self._open = None
            if len(self._rows) == RECORDS_AT_ONCE:
                self.flush()

    def flush(self) -> None:
        """Hand over what has been gathered."""
        if self._open is not None:
            self.end_session(False)
        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        arrays: dict[str, Any] = {
            name: None if name == "size" and self._size is None else np.array(column, dtype)
            for (name, dtype), column in zip(_COLUMNS, columns, strict=True)
        }
        evictions = None
        if self._takers.evictions:
            table = np.array(self._evicted, dtype=np.int64).reshape(-1, 3)
            session, node, content = (table[:, column].copy() for column in range(3))
            evictions = Evictions(session, node.astype(np.int32), content)
        self._rows, self._evicted = [], []
        records = SessionRecords(self._nodes, self._contents, **arrays, evictions=evictions)
        self._takers.take(records)


class _Names(Sequence[Any]):
    """Names by number; those that were not known at first are numbered as they come."""

    def __init__(self, known: Iterable[Any]) -> None:
        self._known = Catalogue.of(known)
        self._more: dict[Any, int] = {}
        self._list: list[Any] = []

    def number(self, name: Any) -> int:
        """Return the number of a name."""
        try:
            # A range looks through all its numbers for what is not exactly an integer of Python.
            plain = isinstance(self._known, range) and isinstance(name, np.integer)
            return self._known.index(operator.index(name) if plain else name)
        except ValueError:
            pass
        if name not in self._more:
            self._more[name] = len(self)
            self._list.append(name)
        return self._more[name]

    def __len__(self) -> int:
        return len(self._known) + len(self._list)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[i] for i in range(len(self))[number]]
        place = range(len(self))[number]
        known = len(self._known)
        return self._known[place] if place < known else self._list[place - known]
