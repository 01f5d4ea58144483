"""Running jobs one by one in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from icarus.orchestration.events import Running
from icarus.orchestration.executors.interface import JobInterrupted
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.status import Status
from icarus.orchestration.worker import run_job

__all__ = ["SerialExecutor"]


class SerialExecutor:
    """Runs each job in this process, within ``wait``.

    Parameters
    ----------
    tick : callable
        Called now and then while a job runs.
    """

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._next: Job | None = None
        self._started: list[Job] = []
        self._running: tuple[Job, float] | None = None
        self._requests = 0
        self._thread: threading.Thread | None = None
        self._interrupted = False

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""
        return self._next is None

    def submit(self, job: Job) -> None:
        """Take on a job; it runs when ``wait`` is called."""
        self._next = job
        self._started.append(job)

    def started(self) -> list[Job]:
        """Return the job taken on, which ``wait`` is about to run."""
        started, self._started = self._started, []
        return started

    def wait(self, timeout: float) -> list[tuple[Job, Outcome]]:
        """Run the job taken on, to its end, and return it."""
        job, self._next = self._next, None
        if job is None:
            return []
        self._requests = 0
        self._thread = threading.current_thread()
        self._interrupted = False
        self._running = job, time.monotonic()
        try:
            outcome = run_job(job, self._heartbeat)
        except JobInterrupted:
            outcome = Outcome(Status.INTERRUPTED)
        finally:
            self._running = None
        return [(job, outcome)]

    def _heartbeat(self, requests: int) -> None:
        if self._interrupted:
            raise JobInterrupted
        self._requests = requests
        self._tick()

    def running(self) -> list[Running]:
        """Return the job that is under way, if one is."""
        running = self._running
        if running is None:
            return []
        return [Running(running[0], self._requests, time.monotonic() - running[1])]

    def interrupt(self) -> None:
        """Stop the job under way: at once from its own thread, else at its next report."""
        if self._running is None:
            return
        if threading.current_thread() is self._thread:
            raise JobInterrupted
        self._interrupted = True

    def close(self) -> None:
        """Do nothing: no process was started."""
