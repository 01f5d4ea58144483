"""What the compiled engine has counted, until collectors are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from icarus.errors import NoKernelError
from icarus.execution.collectors.counts import SessionCounts, together
from icarus.execution.compiled.layouts import Layout, Layouts
from icarus.execution.compiled.session_counts import session_counts
from icarus.types import Content
from icarus.verbs.sessions import Sessions

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
    n_contents : int
        Contents to count hits of, 0 if nobody wants to know.
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
        self.n_contents = len(contents) if content_hits else 0
        self._aside: list[SessionCounts] = []
        self._n_aside = 0
        # What had been counted by the end of each window since sessions were last evaluated, and
        # the times of the first and the last session of each.
        self._marks: list[tuple[np.ndarray, np.ndarray]] = []
        self._window_times: list[tuple[float, float] | None] = [None]

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

    def make_room(self, layouts: Layouts, n_steps: int) -> None:
        """Have room for further steps."""
        if len(layouts.present.sessions.count) >= _MOST_STEPS:
            self.hand_over(layouts)
            layouts.present.forget_sessions()
        else:
            layouts.present.make_room(n_steps)

    def end_window(self, layout: Layout) -> None:
        """Tell what is counted from now on apart from what was counted so far."""
        if not self._by_window:
            return
        sessions = layout.sessions
        used = int(sessions.used[0])
        self._marks.append((sessions.count[:used].copy(), sessions.size[:used].copy()))
        self._window_times.append(None)

    def leave(self, layout: Layout) -> None:
        """Have windows know what was counted on a layout, as those to come are of another one."""
        if self._marks or (self._by_window and layout.is_counted_on):
            self._put_aside(layout)

    def drop(self, layout: Layout) -> None:
        """Evaluate what was counted on a layout that was left, and will be forgotten."""
        if layout.is_counted_on:
            self._put_aside(layout)

    def _put_aside(self, layout: Layout) -> None:
        part = self._evaluated(layout)
        self._aside.append(part)
        self._n_aside += len(part.number)
        if self._n_aside > _MOST_ASIDE:
            self._tell(self._aside)
            self._aside, self._n_aside = [], 0

    def hand_over(self, layouts: Layouts) -> None:
        """Tell collectors what was measured since the last time, and forget it."""
        counted = [one for one in layouts if one.is_counted_on or one is layouts.present]
        parts = [*self._aside, *map(self._evaluated, counted)]
        parts[-1] = replace(parts[-1], hits_of=layouts.hits_of)
        self._tell(parts)
        self._aside, self._n_aside = [], 0
        layouts.hits_of[:] = 0

    def _tell(self, parts: list[SessionCounts]) -> None:
        if not self._collectors:
            return
        counts = together(parts)
        for collector in self._collectors:
            collector.absorb(counts)

    def _evaluated(self, layout: Layout) -> SessionCounts:
        counts = session_counts(
            *(layout.tables, layout.sessions, layout.descriptions, self._contents),
            *(self._sized, self.times, self._off_path_hits),
        )
        if self._by_window:
            self._tell_windows(counts, layout.sessions)
        self._marks, self._window_times = [], self._window_times[-1:]
        layout.forget_counts()
        return counts

    def _tell_windows(self, counts: SessionCounts, sessions: Sessions) -> None:
        """Tell how many sessions of each kind every window had: those that ended, and the open."""
        used = int(sessions.used[0])
        kinds = np.flatnonzero(sessions.count[:used])
        ends = [*self._marks, (sessions.count[:used], sessions.size[:used])]
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
