"""What the compiled engine has counted, until collectors are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from icarus.errors import NoKernelError
from icarus.execution.collectors.counts import SessionCounts, together
from icarus.execution.compiled.evaluation import StepFacts
from icarus.execution.compiled.network_tables import (
    PathTables,
    clear_sessions,
    empty_sessions,
    with_more_steps,
)
from icarus.execution.compiled.session_counts import Descriptions, links_of, session_counts
from icarus.execution.network import NetworkView
from icarus.strategies.known_network import Numbering
from icarus.types import Content

__all__ = ["Counting"]

_MOST_STEPS = 2**20
"""Steps of sessions, some 60 bytes each, from which they are handed over and forgotten.

Most networks have some hundred; with hash-routing there is one for each receiver, cache and
source, which on 10,000 routers grows with every request.
"""

_MOST_COUNTED = 2**27
"""Contents whose hits are counted one by one, for which 2 GB are needed."""

_MOST_ASIDE = 2**20
"""Kinds of sessions that are kept evaluated before collectors are told."""


class Counting:
    """Sessions that were counted, evaluated now and then, and told to collectors.

    Parameters
    ----------
    collectors : sequence of DataCollector
    contents : sequence
        Names of the contents.

    Attributes
    ----------
    sessions : Sessions
        For the request loop.
    times : (float, float) or None
        Time stamps of the first and the last measured session.
    """

    def __init__(self, collectors: Sequence[Any], contents: Sequence[Content]) -> None:
        def wanted(what: str) -> bool:
            return any(getattr(one, what, False) for one in collectors)

        content_hits = wanted("needs_content_hits")
        if content_hits and len(contents) > _MOST_COUNTED:
            raise NoKernelError(
                f"collector: hits by content of more than {_MOST_COUNTED:,} contents"
            )
        self._collectors = list(collectors)
        self._by_window = [one for one in collectors if hasattr(one, "absorb_windows")]
        self._contents = contents
        self._off_path_hits = wanted("needs_off_path_hits")
        self._sized = False
        self.times: tuple[float, float] | None = None
        self.sessions = empty_sessions(len(contents) if content_hits else 0)
        self._aside: list[SessionCounts] = []
        self._n_aside = 0
        # What had been counted by the end of each window since sessions were last evaluated, and
        # the times of the first and the last session of each.
        self._marks: list[tuple[np.ndarray, np.ndarray]] = []
        self._window_times: list[tuple[float, float] | None] = [None]

    def look_at_links(self, view: NetworkView, numbering: Numbering) -> None:
        """Know the links as they are now; nothing may be left that others were used for."""
        self._nodes = list(numbering.nodes)
        self._descriptions = Descriptions(*links_of(view, numbering.nodes))

    def note(self, batch: Any) -> bool:
        """Take note of the times of requests; return whether they are the first with sizes."""
        measured = np.flatnonzero(batch.measured)
        if len(measured):
            first, last = float(batch.time[measured[0]]), float(batch.time[measured[-1]])
            self.times = _spanning(self.times, first, last)
            self._window_times[-1] = _spanning(self._window_times[-1], first, last)
        if len(batch.size) > 0 and not self._sized:
            self._sized = True
            return True
        return False

    def facts(self, tables: PathTables) -> StepFacts:
        """Return what steps say that sessions ended with."""
        return self._descriptions.of(self.sessions, tables)

    def has_room(self, n_steps: int) -> bool:
        """Return whether a session may have so many further steps."""
        return bool(self.sessions.used[0] + n_steps <= len(self.sessions.count))

    def make_room(self, tables: PathTables, n_steps: int) -> None:
        """Have room for further steps."""
        if len(self.sessions.count) >= _MOST_STEPS:
            self.hand_over(tables)
        else:
            self.sessions = with_more_steps(self.sessions, n_steps)

    def end_window(self) -> None:
        """Tell what is counted from now on apart from what was counted so far."""
        used = int(self.sessions.used[0])
        self._marks.append((self.sessions.count[:used].copy(), self.sessions.size[:used].copy()))
        self._window_times.append(None)

    def put_aside(self, tables: PathTables) -> None:
        """Evaluate what was counted by the paths and links that there are, and forget these."""
        part = self._evaluated(tables, np.zeros((0, 2), dtype=np.int64))
        self._aside.append(part)
        self._n_aside += len(part.number)
        if self._n_aside > _MOST_ASIDE:
            self._tell(self._aside)
            self._aside, self._n_aside = [], 0

    def hand_over(self, tables: PathTables) -> None:
        """Tell collectors what was measured since the last time, and forget it."""
        parts = [*self._aside, self._evaluated(tables, self.sessions.hits_of)]
        self._tell(parts)
        self._aside, self._n_aside = [], 0
        self.sessions.hits_of[:] = 0

    def _tell(self, parts: list[SessionCounts]) -> None:
        if not self._collectors:
            return
        counts = together(parts)
        for collector in self._collectors:
            collector.absorb(counts)

    def _evaluated(self, tables: PathTables, hits_of: np.ndarray) -> SessionCounts:
        counts = session_counts(
            *(self._nodes, tables, self.sessions, self._descriptions, self._contents),
            *(self._sized, self.times, self._off_path_hits),
        )
        if self._by_window:
            self._tell_windows(counts)
        self._marks, self._window_times = [], self._window_times[-1:]
        clear_sessions(self.sessions)
        self._descriptions.forget()
        return replace(counts, hits_of=hits_of)

    def _tell_windows(self, counts: SessionCounts) -> None:
        """Tell how many sessions of each kind every window had: those that ended, and the open."""
        used = int(self.sessions.used[0])
        kinds = np.flatnonzero(self.sessions.count[:used])
        ends = [*self._marks, (self.sessions.count[:used], self.sessions.size[:used])]
        columns = []
        for column in (0, 1):
            until = np.zeros((len(ends) + 1, used), dtype=np.int64)
            for row, counted in enumerate(ends, start=1):
                until[row, : len(counted[column])] = counted[column]
            columns.append(np.diff(until[:, kinds], axis=0))
        for collector in self._by_window:
            collector.absorb_windows(counts, *columns, self._window_times)


def _spanning(known: tuple[float, float] | None, first: float, last: float) -> tuple[float, float]:
    """Return the times of the first and the last session, given further ones."""
    return (first if known is None else known[0]), last
