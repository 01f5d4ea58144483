"""From notes of requests to records of sessions, for collectors that take these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from icarus.execution.collectors.session_records import (
    RECORDS_AT_ONCE,
    Evictions,
    RecordTakers,
    SessionRecords,
)
from icarus.execution.compiled.evaluation import StepFacts
from icarus.execution.compiled.watching import Notes, WatchedCaches
from icarus.types import Content, Node

__all__ = ["NO_NOTES", "Recording"]

_ROOM = 2**17
"""Evictions noted between two looks at them, at least: 2 MB."""

_LOOKED_UP: dict[str, Any] = {
    **dict.fromkeys(("receiver", "server"), np.int32),
    "from_cache": np.bool_,
    "latency": np.float64,
    **dict.fromkeys(("request_hops", "content_hops"), np.int64),
    "failed": np.bool_,
}
"""Columns that the last steps of sessions say, and their types."""


def _notes(n_requests: int, n_evictions: int) -> Notes:
    return Notes(
        walk=np.zeros(n_requests, dtype=np.int32),
        evicted_before=np.zeros(n_requests if n_evictions else 0, dtype=np.int64),
        evicted=np.zeros((n_evictions, 2), dtype=np.int64),
        used=np.zeros(1, dtype=np.int64),
    )


NO_NOTES = _notes(0, 0)
"""Where nobody takes records."""


class Recording:
    """Makes records of the sessions that notes are taken of.

    Parameters
    ----------
    takers : RecordTakers
        Who gets them.
    nodes : list
        Nodes by number.
    contents : sequence
        Contents by number.
    node_of : ndarray of int32, shape (n_caches,)
        The nodes of caches.
    n_requests : int
        Requests in a batch at most.

    Attributes
    ----------
    notes : Notes
        What the request loop is to fill.
    """

    def __init__(
        self,
        takers: RecordTakers,
        nodes: list[Node],
        contents: Sequence[Content],
        node_of: np.ndarray,
        n_requests: int,
    ) -> None:
        self.notes = _notes(n_requests, _ROOM + len(node_of) if takers.evictions else 0)
        self._takers = takers
        self._nodes = nodes
        self._contents = contents
        self._node_of = node_of
        self._sized = False
        self._new_block()

    def _new_block(self) -> None:
        self._filled = 0
        self._evictions: list[tuple[np.ndarray, ...]] = []
        self._block = {
            "time": np.empty(RECORDS_AT_ONCE),
            "content": np.empty(RECORDS_AT_ONCE, dtype=np.int64),
            "size": np.empty(RECORDS_AT_ONCE if self._sized else 0, dtype=np.int64),
        }
        for name, kind in _LOOKED_UP.items():
            self._block[name] = np.empty(RECORDS_AT_ONCE, dtype=kind)

    def watched(self, caches: Any) -> Any:
        """Return the state of caches that the request loop is to use in place of another."""
        if not self._takers.evictions:
            return caches
        most = int(caches.measure().most_gone(len(self._node_of)))
        if most + _ROOM > len(self.notes.evicted):
            grown = np.zeros((most + (most >> 1) + _ROOM, 2), dtype=np.int64)
            grown[: len(self.notes.evicted)] = self.notes.evicted
            self.notes = self.notes._replace(evicted=grown)
        return WatchedCaches(caches, self.notes)

    def is_full(self, caches: Any) -> bool:
        """Return whether the request loop has no room to note what further requests evict.

        Parameters
        ----------
        caches : NamedTuple
            The state of the caches.
        """
        if not self._takers.evictions:
            return False
        most = int(caches.measure().most_gone(len(self._node_of)))
        return int(self.notes.used[0]) + most > len(self.notes.evicted)

    def expect_sizes(self) -> None:
        """Have records from here on say sizes."""
        if not self._sized:
            self.flush()
            self._sized = True
            self._new_block()

    def read(self, batch: Any, start: int, stop: int, facts: StepFacts) -> None:
        """Make records of the requests of a batch from `start` on, up to `stop`.

        Parameters
        ----------
        batch : RequestBatch
        start, stop : int
        facts : StepFacts
            What the steps say that sessions ended with.
        """
        measured = batch.measured[start:stop]
        walk = self.notes.walk[start:stop]
        columns = {"time": batch.time[start:stop], "content": batch.content[start:stop]}
        if self._sized:
            known = len(batch.size) > 0
            columns["size"] = batch.size[start:stop] if known else np.zeros_like(columns["content"])
        evictions = self._evictions_of(start, stop, measured) if self._takers.evictions else None
        if not measured.all():
            walk = walk[measured]
            columns = {name: column[measured] for name, column in columns.items()}
        first = 0
        while first < len(walk):
            last = min(len(walk), first + RECORDS_AT_ONCE - self._filled)
            self._enter(first, last, walk, columns, facts)
            if evictions is not None:
                low, high = np.searchsorted(evictions[0], (first, last))
                session = evictions[0][low:high] - first + self._filled
                self._evictions.append((session, *(one[low:high] for one in evictions[1:])))
            self._filled += last - first
            first = last
            if self._filled == RECORDS_AT_ONCE:
                self.flush()

    def _enter(
        self,
        first: int,
        last: int,
        walk: np.ndarray,
        columns: dict[str, np.ndarray],
        facts: StepFacts,
    ) -> None:
        into = slice(self._filled, self._filled + last - first)
        for name, column in columns.items():
            self._block[name][into] = column[first:last]
        for name in _LOOKED_UP:
            # All steps are there; looking whether they are takes as long as the rest.
            np.take(
                *(getattr(facts, name), walk[first:last]), out=self._block[name][into], mode="clip"
            )

    def _evictions_of(self, start: int, stop: int, measured: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return session, node and content of the evictions of measured requests."""
        notes = self.notes
        used = int(notes.used[0])
        if used > len(notes.evicted):
            raise RuntimeError("more was evicted for one request than there may be")
        number = np.diff(notes.evicted_before[start:stop], append=used)
        cache, content = (notes.evicted[:used, column] for column in (0, 1))
        if measured.all():
            session, content = np.repeat(np.arange(len(number)), number), content.copy()
        else:
            session = np.repeat(np.where(measured, np.cumsum(measured) - 1, -1), number)
            chosen = session >= 0
            session, cache, content = session[chosen], cache[chosen], content[chosen]
        notes.used[0] = 0
        return session, self._node_of[cache], content

    def flush(self) -> None:
        """Hand over the records there are."""
        filled = self._filled
        if filled == 0:
            return
        block = {name: column[:filled] for name, column in self._block.items()}
        success = np.logical_not(block.pop("failed"))
        if not self._sized:
            block["size"] = None  # type: ignore[assignment]
        evictions = None
        if self._takers.evictions:
            evictions = Evictions(
                *(np.concatenate(parts) for parts in zip(*self._evictions, strict=True))
            )
        records = SessionRecords(
            nodes=self._nodes,
            contents=self._contents,
            success=success,
            evictions=evictions,
            **block,
        )
        self._new_block()
        self._takers.take(records)
