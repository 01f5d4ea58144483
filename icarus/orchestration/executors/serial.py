"""Running jobs one by one in this process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import ClassVar

from icarus.core.marks import Mark
from icarus.orchestration.ending import Family, Guardian
from icarus.orchestration.events import Running
from icarus.orchestration.executors.alarm import OverLimit, Watch
from icarus.orchestration.executors.executor import JobInterrupted
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.output import Output
from icarus.orchestration.status import Status
from icarus.orchestration.worker import run_job
from icarus.planning.limits import Limits

__all__ = ["SerialExecutor"]

logger = logging.getLogger("orchestration")


class SerialExecutor:
    """Runs each job in this process, within ``wait``.

    Parameters
    ----------
    tick : callable
        Called now and then while a job runs.
    limits : Limits, optional
        Of these, the limits of time are enforced: in the main thread by an alarm, in others when
        the job next reports progress.
    """

    elsewhere: ClassVar[bool] = False

    def __init__(self, tick: Callable[[], None], limits: Limits | None = None) -> None:
        self._tick = tick
        self._limits = limits or Limits()
        self._next: Job | None = None
        self._started: list[Job] = []
        self._running: tuple[Job, Watch] | None = None
        self._told = (0, 0)
        self._thread: threading.Thread | None = None
        self._in_tick = False
        self._interrupted = False
        self._output: Output | None = None
        mark = Mark.new()
        self._family = Family(mark)
        self._guardian = Guardian(mark)

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
        self._told = (0, 0)
        self._thread = threading.current_thread()
        self._interrupted = False
        began = time.time()
        watch = Watch(self._limits)
        self._running = job, watch
        try:
            with watch:
                self._guardian.start()
                output = self._place_for_output()
                outcome = run_job(job, self._heartbeat, output, self._family)
            if self._interrupted and outcome.status is not Status.OK:
                # Its code made something else of what was to stop it.
                raise JobInterrupted
        except JobInterrupted:
            outcome = Outcome(Status.INTERRUPTED, started=began, duration=watch.age)
        except OverLimit as over:
            printed = "" if self._output is None else self._output.text()
            outcome = Outcome(
                over.status,
                error=str(over),
                started=began,
                duration=watch.age,
                output=printed,
            )
        finally:
            self._running = None
        return [(job, outcome)]

    def _place_for_output(self) -> Output | None:
        """Return where what jobs print goes, None for where it goes anyway.

        In another than the main thread it goes there: the main one may print, too.
        """
        if self._thread is not threading.main_thread():
            return None
        if self._output is None:
            try:
                self._output = Output()
            except OSError as error:
                logger.warning("what jobs print is shown and not kept: %s", error.strerror)
                return None
            self._output.start_trimming()
        return self._output

    def _heartbeat(self, amount: int, phase: int) -> None:
        if self._running is not None:
            self._running[1].beat()
        self._told = amount, phase
        self._in_tick = True
        try:
            self._tick()
        finally:
            self._in_tick = False
        if self._interrupted:
            raise JobInterrupted

    def running(self) -> list[Running]:
        """Return the job that is under way, if one is."""
        running = self._running
        if running is None:
            return []
        amount, phase = self._told
        return [Running(running[0], amount, running[1].age, phase)]

    def interrupt(self) -> None:
        """Stop the job under way: at once from its own thread, else at its next report."""
        if self._running is None:
            return
        self._interrupted = True
        # What is told of the progress must not be broken off in the middle.
        if threading.current_thread() is self._thread and not self._in_tick:
            raise JobInterrupted

    def close(self) -> None:
        """Forget what jobs have printed, and end the guardian."""
        self._guardian.close()
        if self._output is not None:
            self._output.close()
            self._output = None
