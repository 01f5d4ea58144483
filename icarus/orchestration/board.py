"""A board in shared memory on which workers note how far they are.

Each running job has a slot that the parent gives it. A slot has one writer and no lock, so a
worker that is killed in the middle of writing leaves nothing locked behind.
"""

from __future__ import annotations

import mmap
import os
import time
from typing import Any, NamedTuple

from icarus.core.memoryfile import MemoryFile

__all__ = ["Board", "Slot"]

_FIELDS = 5
_CELL = 8
"""Bytes of a number."""


class Slot(NamedTuple):
    """What a worker has noted about the job in a slot."""

    pid: int
    """Process that runs it; 0 before it starts."""
    started: float
    """When it started, on the system's monotonic clock."""
    amount: int
    """How much was done so far, in the unit of the job's kind."""
    heartbeat: float
    """When that was noted, on the same clock."""
    phase: int
    """The phase that the job is in, from 1; 0 where it has none."""


class Board:
    """Slots for a number of running jobs.

    Parameters
    ----------
    n_slots : int
        How many jobs can be under way at a time.

    Raises
    ------
    OSError
        If the system has no memory to share.
    """

    def __init__(self, n_slots: int) -> None:
        self.n_slots = n_slots
        self._file = MemoryFile("icarus-board")
        os.ftruncate(self._file.fd, n_slots * _FIELDS * _CELL)
        self._map()

    def _map(self) -> None:
        size = self.n_slots * _FIELDS * _CELL
        self._cells = memoryview(mmap.mmap(self._file.fd, size)).cast("d")

    def __getstate__(self) -> Any:
        return self.n_slots, self._file

    def __setstate__(self, state: Any) -> None:
        self.n_slots, self._file = state
        self._map()

    def close(self) -> None:
        """Let go of the board in this process."""
        self._file.close()

    def clear(self, slot: int) -> None:
        """Make a slot ready for the next job."""
        for cell in range(slot * _FIELDS, (slot + 1) * _FIELDS):
            self._cells[cell] = 0.0

    def start(self, slot: int) -> None:
        """Note that this process has begun the job in a slot."""
        now = time.monotonic()
        first = slot * _FIELDS
        self._cells[first + 1] = now
        self._cells[first + 3] = now
        # The process number last: it tells readers that the rest is there.
        self._cells[first] = float(os.getpid())

    def report(self, slot: int, amount: int, phase: int) -> None:
        """Note how far the job in a slot is."""
        first = slot * _FIELDS
        self._cells[first + 4] = float(phase)
        self._cells[first + 2] = float(amount)
        self._cells[first + 3] = time.monotonic()

    def read(self, slot: int) -> Slot:
        """Return what is noted in a slot."""
        first = slot * _FIELDS
        pid, started, amount, heartbeat, phase = self._cells[first : first + _FIELDS]
        return Slot(int(pid), started, int(amount), heartbeat, int(phase))
