"""What sees to it that no process outlives its controller, whatever becomes of this one."""

from __future__ import annotations

import sys
import threading

from icarus.core import marks
from icarus.core.marks import Mark
from icarus.orchestration.ending import Guardian

__all__ = ["Guard"]

_SECONDS = 1.0
"""How long to look for what a process has left behind."""


class Guard:
    """Marks processes, by which they and all that they start are found and killed.

    Within a job there is nothing to do: the job has a mark and a guardian, and processes inherit
    them. Elsewhere a guardian is started with the first process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._guardian: Guardian | None = None
        self._number = 0

    def start(self) -> None:
        """Have a guardian, if one is needed; called before a process is started."""
        with self._lock:
            if sys.platform == "linux" and self._guardian is None and not marks.is_marked():
                self._mark = Mark.new()
                self._guardian = Guardian(self._mark)
                self._guardian.start()

    def new_mark(self) -> Mark | None:
        """Return a mark for a process; None where that is left to the job."""
        with self._lock:
            if self._mark is None:
                return None
            self._number += 1
            return self._mark.part(self._number)

    def kill(self, mark: Mark | None) -> None:
        """Kill all that bear a mark."""
        if mark is not None:
            marks.kill_bearers(mark, _SECONDS)

    def close(self) -> None:
        """Dismiss the guardian."""
        if self._guardian is not None:
            self._guardian.close()
            self._guardian = None
