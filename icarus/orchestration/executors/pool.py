"""Running jobs in a pool of processes that survives the death of any of them.

Each process has a connection of its own and they share no lock, so that one that is killed, at
whatever moment, harms no other.
"""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any

from icarus.limits import Limits
from icarus.orchestration.board import Board
from icarus.orchestration.events import Running
from icarus.orchestration.executors.alarm import verdict
from icarus.orchestration.executors.ending import describe_exit, kill_with_children
from icarus.orchestration.executors.memory import MemoryGuard
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.signals import stop_signals_blocked
from icarus.orchestration.status import Status
from icarus.orchestration.worker import STARTED, serve
from icarus.settings import SettingsSource

__all__ = ["PoolExecutor"]

_Ended = tuple[Job, Outcome]


@dataclass
class _Worker:
    """A process of the pool."""

    slot: int
    """Its place on the board."""
    process: BaseProcess
    connection: Connection
    job: Job | None = None
    given: float = field(default_factory=time.monotonic)
    """When it was given its job."""
    sentence: tuple[Status, str] | None = None
    """Why it was killed, if we did it."""

    @property
    def idle(self) -> bool:
        """Whether it can be given a job."""
        return self.job is None and self.sentence is None


class PoolExecutor:
    """Runs jobs in a pool of processes.

    Parameters
    ----------
    n_processes : int
        Most processes at a time. Each is started when there is a job for it.
    start_method : str or None
        How processes are started: ``fork``, ``forkserver`` or ``spawn``; None for the system's
        default.
    source : SettingsSource or None
        The settings module, executed again in processes that do not inherit its components.
    limits : Limits, optional
        Of these, the ones of single jobs are enforced.
    """

    def __init__(
        self,
        n_processes: int,
        start_method: str | None,
        source: SettingsSource | None,
        limits: Limits | None = None,
    ) -> None:
        self._context: Any = multiprocessing.get_context(start_method)
        inherits = self._context.get_start_method() == "fork"
        if not inherits:
            _start_helpers(self._context.get_start_method())
        self._limits = limits or Limits()
        self._memory = MemoryGuard(self._limits.memory)
        self._board = Board(n_processes, self._context)
        self._source = None if inherits else source
        self._free = list(range(n_processes))
        self._workers: list[_Worker] = []
        self._started: list[Job] = []
        self._ended: list[_Ended] = []

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""
        return bool(self._free) or any(worker.idle for worker in self._workers)

    def submit(self, job: Job) -> None:
        """Hand a job to an idle process."""
        try:
            data = bytes(ForkingPickler.dumps(job))
        except Exception as error:
            text = f"the job cannot be sent between processes: {type(error).__name__}: {error}"
            outcome = Outcome(Status.FAILED, error=text, traceback=traceback.format_exc())
            self._ended.append((job, outcome))
            return
        while True:
            worker = self._idle_worker()
            try:
                worker.connection.send_bytes(data)
            except OSError:
                # It was killed while it had nothing to do.
                self._bury(worker)
                continue
            worker.job = job
            worker.given = time.monotonic()
            return

    def _idle_worker(self) -> _Worker:
        worker = next((one for one in self._workers if one.idle), None)
        if worker is None:
            worker = self._start_worker(self._free.pop())
        self._board.clear(worker.slot)
        return worker

    def _start_worker(self, slot: int) -> _Worker:
        ours, theirs = self._context.Pipe()
        level = logging.getLogger().getEffectiveLevel()
        process = self._context.Process(
            name=f"icarus-worker-{slot}",
            target=serve,
            args=(theirs, self._board, slot, self._source, level),
        )
        # Until it has told itself to ignore the signals that stop a campaign, one that reaches
        # the whole group would kill it.
        with stop_signals_blocked():
            process.start()
        theirs.close()
        worker = _Worker(slot, process, ours)
        self._workers.append(worker)
        return worker

    def started(self) -> list[Job]:
        """Return the jobs that a process has begun since the last call."""
        started, self._started = self._started, []
        return started

    def wait(self, timeout: float) -> list[_Ended]:
        """Return the jobs that ended, after at most `timeout` seconds or when one has started."""
        watched: dict[Any, _Worker] = {}
        for worker in self._workers:
            watched[worker.connection] = worker
            watched[worker.process.sentinel] = worker
        ready = connection.wait(watched, 0 if self._ended else timeout)
        for worker in {id(watched[one]): watched[one] for one in ready}.values():
            self._listen_to(worker)
        self._enforce_limits()
        ended, self._ended = self._ended, []
        return ended

    def _listen_to(self, worker: _Worker) -> None:
        """Take what a worker has sent, and note its death."""
        # In this order: a worker that is dead now will send nothing that is not there now.
        dead = worker.process.exitcode is not None
        try:
            while worker.connection.poll():
                message = worker.connection.recv_bytes()
                if message == STARTED and worker.job is not None:
                    self._started.append(worker.job)
                elif worker.job is not None:
                    self._end(worker, _read(message))
        except (OSError, EOFError):
            # The end of the connection, be it in the middle of a message.
            worker.process.join(timeout=10)
            dead = True
        if dead:
            self._bury(worker)

    def _end(self, worker: _Worker, outcome: Outcome) -> None:
        if worker.job is not None:
            self._ended.append((worker.job, outcome))
            worker.job = None

    def _bury(self, worker: _Worker) -> None:
        """Have a worker replaced that died; its job is lost unless we have ended it."""
        kill_with_children(worker.process)
        worker.process.join()
        if worker.job is not None:
            if worker.sentence is not None:
                status, text = worker.sentence
            else:
                cause = describe_exit(worker.process.exitcode)
                status, text = Status.LOST, f"its worker died: {cause}"
            begin = self._board.read(worker.slot).started or worker.given
            duration = time.monotonic() - begin
            self._end(
                worker,
                Outcome(status, error=text, started=time.time() - duration, duration=duration),
            )
        worker.connection.close()
        worker.process.close()
        self._workers.remove(worker)
        self._free.append(worker.slot)

    def _enforce_limits(self) -> None:
        """Kill the workers whose jobs are over a limit; what becomes of them is heard later."""
        now = time.monotonic()
        busy = {w.process.pid: w for w in self._workers if w.job is not None and not w.sentence}
        for worker in busy.values():
            noted = self._board.read(worker.slot)
            if noted.pid:
                worker.sentence = verdict(self._limits, now - noted.started, now - noted.heartbeat)
        for pid, reason in self._memory.condemned(pid for pid in busy if pid is not None).items():
            busy[pid].sentence = busy[pid].sentence or (Status.LOST, reason)
        for worker in busy.values():
            if worker.sentence is not None:
                kill_with_children(worker.process)

    def running(self) -> list[Running]:
        """Return the jobs that a process is working on."""
        now = time.monotonic()
        running = []
        for worker in self._workers:
            noted = self._board.read(worker.slot)
            if worker.job is not None and noted.pid:
                running.append(Running(worker.job, noted.requests, now - noted.started))
        return sorted(running, key=lambda one: one.job.number)

    def interrupt(self) -> None:
        """Do nothing: ``wait`` returns in time by itself."""

    def close(self) -> None:
        """Kill the processes of the pool and wait for their end."""
        for worker in self._workers:
            kill_with_children(worker.process)
        for worker in list(self._workers):
            self._bury(worker)


def _start_helpers(start_method: str) -> None:
    """Start the helper processes of multiprocessing so that stop signals leave them alone.

    They end by themselves when this process does; killed before it, as by a signal to the
    whole group, they are missed and complained about.
    """
    with stop_signals_blocked():
        resource_tracker.ensure_running()
        if start_method == "forkserver":
            forkserver.ensure_running()


def _read(message: bytes) -> Outcome:
    try:
        outcome: Outcome = pickle.loads(message)
    except Exception as error:
        text = f"its result cannot be read here: {type(error).__name__}: {error}"
        return Outcome(Status.FAILED, error=text, traceback=traceback.format_exc())
    return outcome
