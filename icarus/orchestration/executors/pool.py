"""Running jobs in a pool of processes that survives the death of any of them."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import queue
import time
from multiprocessing import forkserver, resource_tracker
from typing import Any

from pebble import ProcessExpired, ProcessPool

from icarus.orchestration.board import Board
from icarus.orchestration.events import Running
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.signals import stop_signals_blocked
from icarus.orchestration.status import Status
from icarus.orchestration.worker import initialise_worker, work
from icarus.settings import SettingsSource

__all__ = ["PoolExecutor"]


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
        self._unannounced: set[int] = set()
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
        self._unannounced.add(slot)
        # The first job starts the processes. Until each has told itself to ignore the signals
        # that stop a campaign, one that reaches the whole group would kill it.
        with stop_signals_blocked():
            future = self._pool.schedule(work, args=(job, slot))
        future.add_done_callback(lambda done: self._ended.put((slot, done)))

    def started(self) -> list[Job]:
        """Return the jobs that a process has begun since the last call."""
        begun = [s for s in self._unannounced if self._board.read(s).pid]
        self._unannounced -= set(begun)
        return [self._jobs[slot] for slot in begun]

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
            self._unannounced.discard(slot)
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
