"""The memory that workers use, and which of them has to go.

The system's own way out of memory is to kill some process, not always one of ours that can be
started again; a worker that is killed before costs one job.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

from icarus.core.machine import memory
from icarus.planning.limits import shown_bytes

__all__ = ["MemoryGuard"]

_EVERY = 0.1
"""Seconds between two looks."""
_PAUSE = 2.0
"""Seconds that the system is given to take back the memory of a worker that was killed."""
_SHARE = 0.02
"""The share of memory, of the machine or of a container, that is to stay available."""


class MemoryGuard:
    """Tells which workers use more memory than they may, or than the machine has.

    Parameters
    ----------
    limit : int or None
        Bytes that a worker may have resident.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._looked = 0.0
        self._patient_until = 0.0

    def condemned(self, pids: Iterable[int]) -> dict[int, str]:
        """Return the processes that must end, each with the reason.

        Parameters
        ----------
        pids : iterable of int
            The workers that have a job.
        """
        now = time.monotonic()
        if now - self._looked < _EVERY:
            return {}
        self._looked = now
        used = {pid: _resident(pid) for pid in pids}
        if self._limit is not None:
            over = {
                pid: f"used {shown_bytes(size)}, MEMORY_LIMIT is {shown_bytes(self._limit)}"
                for pid, size in used.items()
                if size > self._limit
            }
            if over:
                return over
        return self._to_make_room(used, now)

    def _to_make_room(self, used: dict[int, int], now: float) -> dict[int, str]:
        found = memory()
        least = _SHARE * found.total
        if found.available >= least or now < self._patient_until or not used:
            return {}
        largest = max(used, key=lambda pid: used[pid])
        # Where others fill the machine, the end of a small worker would make no difference.
        if used[largest] < least:
            return {}
        self._patient_until = now + _PAUSE
        reason = (
            f"{found.whose} ran out of memory: {shown_bytes(found.available)} of "
            f"{shown_bytes(found.total)} were available, and this was the largest worker "
            f"with {shown_bytes(used[largest])}"
        )
        return {largest: reason}


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
