"""A board in shared memory on which workers note how far they are.

Each running job has a slot that the parent gives it. A slot has one writer and no lock, so a
worker that is killed in the middle of writing leaves nothing locked behind.
"""

from __future__ import annotations

import os
import time
from multiprocessing.context import BaseContext
from typing import Any, NamedTuple

__all__ = ["Board", "Slot"]

_FIELDS = 4


class Slot(NamedTuple):
    """What a worker has noted about the job in a slot."""

    pid: int
    """Process that runs it; 0 before it starts."""
    started: float
    """When it started, on the system's monotonic clock."""
    requests: int
    """Requests processed so far."""
    heartbeat: float
    """When that was noted, on the same clock."""


class Board:
    """Slots for a number of running jobs.

    Parameters
    ----------
    n_slots : int
        How many jobs can be under way at a time.
    context : multiprocessing context
        That of the processes which share the board.
    """

    def __init__(self, n_slots: int, context: BaseContext) -> None:
        self.n_slots = n_slots
        self._cells: Any = context.RawArray("d", n_slots * _FIELDS)

    def clear(self, slot: int) -> None:
        """Make a slot ready for the next job."""
        self._cells[slot * _FIELDS : (slot + 1) * _FIELDS] = [0.0] * _FIELDS

    def start(self, slot: int) -> None:
        """Note that this process has begun the job in a slot."""
        now = time.monotonic()
        first = slot * _FIELDS
        self._cells[first + 1] = now
        self._cells[first + 3] = now
        # The process number last: it tells readers that the rest is there.
        self._cells[first] = float(os.getpid())

    def report(self, slot: int, requests: int) -> None:
        """Note how many requests of the job in a slot have been processed."""
        first = slot * _FIELDS
        self._cells[first + 2] = float(requests)
        self._cells[first + 3] = time.monotonic()

    def read(self, slot: int) -> Slot:
        """Return what is noted in a slot."""
        pid, started, requests, heartbeat = self._cells[slot * _FIELDS : (slot + 1) * _FIELDS]
        return Slot(int(pid), started, int(requests), heartbeat)
