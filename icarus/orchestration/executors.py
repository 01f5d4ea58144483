"""Executors: where jobs run. All give the same outcomes for the same jobs.

``SerialExecutor`` runs them here, one by one; ``PoolExecutor`` in a pool of processes that
survives the death of any of them.
"""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import queue
import threading
import time
from collections.abc import Callable
from multiprocessing import forkserver, resource_tracker
from typing import Any, Protocol

from pebble import ProcessExpired, ProcessPool

from icarus.orchestration.board import Board
from icarus.orchestration.events import Running
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.signals import stop_signals_blocked
from icarus.orchestration.status import Status
from icarus.orchestration.worker import initialise_worker, run_job, work
from icarus.settings import SettingsSource

__all__ = ["Executor", "JobInterrupted", "PoolExecutor", "SerialExecutor"]


class JobInterrupted(BaseException):
    """Raised inside a job that runs in this process, to stop it at once.

    No error: like ``KeyboardInterrupt`` it is not to be caught by the code it stops.
    """


class Executor(Protocol):
    """Where jobs run."""

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""

    def submit(self, job: Job) -> None:
        """Take on a job."""

    def wait(self, timeout: float) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended, after at most `timeout` seconds where that is possible."""

    def running(self) -> list[Running]:
        """Return the jobs that are under way."""

    def interrupt(self) -> None:
        """Have ``wait`` return soon; called from a signal handler."""

    def close(self) -> None:
        """Stop everything at once and leave no process behind."""


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


class PoolExecutor:
    """Runs jobs in a pool of processes.

    Parameters
    ----------
    n_processes : int
        Size of the pool.
    start_method : str or None
        How its processes are started: ``fork``, ``forkserver`` or ``spawn``; None for the
        system's default.
    source : SettingsSource or None
        The settings module, executed again in processes that do not inherit its components.
    """

    _SPARE = 1
    """Jobs handed over beyond the number of processes, so that none waits for its next job."""

    def __init__(
        self, n_processes: int, start_method: str | None, source: SettingsSource | None
    ) -> None:
        context: Any = multiprocessing.get_context(start_method)
        inherits = context.get_start_method() == "fork"
        if not inherits:
            _start_helpers(context.get_start_method())
        self._board = Board(n_processes + self._SPARE, context)
        self._pool = ProcessPool(
            max_workers=n_processes,
            initializer=initialise_worker,
            initargs=(
                self._board,
                None if inherits else source,
                logging.getLogger().getEffectiveLevel(),
            ),
            context=context,
        )
        self._free_slots = list(range(self._board.n_slots))
        self._jobs: dict[int, Job] = {}
        self._ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._others = set(multiprocessing.active_children())

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""
        return bool(self._free_slots)

    def submit(self, job: Job) -> None:
        """Hand a job to the pool."""
        slot = self._free_slots.pop()
        self._board.clear(slot)
        self._jobs[slot] = job
        # The first job starts the processes. Until each has told itself to ignore the signals
        # that stop a campaign, one that reaches the whole group would kill it.
        with stop_signals_blocked():
            future = self._pool.schedule(work, args=(job, slot))
        future.add_done_callback(lambda done: self._ended.put((slot, done)))

    def wait(self, timeout: float) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended, after at most `timeout` seconds."""
        ended = []
        try:
            ended.append(self._ended.get(timeout=timeout))
            while True:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            pass
        outcomes = []
        for slot, future in ended:
            outcomes.append((self._jobs.pop(slot), self._outcome(slot, future)))
            self._free_slots.append(slot)
        return outcomes

    def _outcome(self, slot: int, future: Any) -> Outcome:
        error = future.exception()
        if error is None:
            outcome: Outcome = pickle.loads(future.result())
            return outcome
        if isinstance(error, ProcessExpired):
            started = self._board.read(slot).started
            duration = time.monotonic() - started if started else 0.0
            return Outcome(
                Status.LOST,
                error=f"its worker died: {_describe_exit(error.exitcode)}",
                started=time.time() - duration,
                duration=duration,
            )
        # What the job needs cannot be sent between processes, or it raised what is no Exception.
        return Outcome(Status.FAILED, error=f"{type(error).__name__}: {error}")

    def running(self) -> list[Running]:
        """Return the jobs that a process is working on."""
        now = time.monotonic()
        running = []
        for slot, job in sorted(self._jobs.items()):
            noted = self._board.read(slot)
            if noted.pid:
                running.append(Running(job, noted.requests, now - noted.started))
        return running

    def interrupt(self) -> None:
        """Do nothing: ``wait`` returns in time by itself."""

    def close(self) -> None:
        """Kill the processes of the pool and wait for their end."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        # Pebble asks politely first and waits seconds for code that does not listen.
        for process in set(multiprocessing.active_children()) - self._others:
            process.kill()
        self._pool.join()


def _start_helpers(start_method: str) -> None:
    """Start the helper processes of multiprocessing so that stop signals leave them alone.

    They end by themselves when this process does; killed before it, as by a signal to the
    whole group, they are missed and complained about.
    """
    with stop_signals_blocked():
        resource_tracker.ensure_running()
        if start_method == "forkserver":
            forkserver.ensure_running()


def _describe_exit(code: int | None) -> str:
    if code is None:
        return "nobody knows why"
    if code < 0:
        return f"killed by signal {-code}"
    return f"exit code {code}"
