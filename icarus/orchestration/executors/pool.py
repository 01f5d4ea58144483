"""Running jobs in a pool of processes that survives the death of any of them.

Each process has a pipe of its own and they share no lock, so that one that is killed, at whatever
moment, harms no other. Whether one is dead is asked of the system: what its jobs have started may
hold all of its pipes open.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import selectors
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar

import psutil

from icarus.compiler import beside
from icarus.core import system
from icarus.core.marks import Mark
from icarus.errors import ProcessError
from icarus.orchestration.board import Board
from icarus.orchestration.ending import Family, Guardian, describe_exit, kill_with_children
from icarus.orchestration.errortext import error_line, traceback_text
from icarus.orchestration.events import Running
from icarus.orchestration.executors.alarm import verdict
from icarus.orchestration.executors.memory import MemoryGuard
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.link import Link, unpacked
from icarus.orchestration.output import Output
from icarus.orchestration.signals import stop_signals_blocked
from icarus.orchestration.status import Status
from icarus.orchestration.worker import STARTED, WANTED, Terms, serve
from icarus.planning.limits import Limits
from icarus.planning.loading import SettingsSource

__all__ = ["PoolExecutor"]

logger = logging.getLogger("orchestration")

_Ended = tuple[Job, Outcome]

_BEGINS_WITHIN = 10.0
"""Seconds after which a process that has not begun with its job is looked at."""
_FAREWELL = 1.0
"""Seconds that a process may live without a pipe to the campaign."""


@dataclass
class _Worker:
    """A process of the pool."""

    slot: int
    """Its place on the board."""
    process: BaseProcess
    link: Link
    output: Output
    mark: Mark
    """What its jobs start is known by."""
    job: Job | None = None
    given: float = field(default_factory=time.monotonic)
    """When it was given its job."""
    sentence: tuple[Status, str] | None = None
    """Why it was killed, if we did it."""
    unsent: bool = False
    """Whether its pipe is watched for room."""
    mute_since: float | None = None
    """When its end of the pipe was found to be closed."""

    @property
    def idle(self) -> bool:
        """Whether it can be given a job."""
        return self.job is None and self.sentence is None and self.mute_since is None


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

    Raises
    ------
    ProcessError
        If the system does not let it have a single process; also from ``submit``. Where it can
        have fewer than wanted, it makes do with these.
    """

    elsewhere: ClassVar[bool] = True

    def __init__(
        self,
        n_processes: int,
        start_method: str | None,
        source: SettingsSource | None,
        limits: Limits | None = None,
    ) -> None:
        self._context: Any = multiprocessing.get_context(start_method)
        self._method = self._context.get_start_method()
        self._limits = limits or Limits()
        self._memory = MemoryGuard(self._limits.memory)
        try:
            if self._method != "fork":
                _start_helpers(self._method)
            self._board = Board(n_processes)
            self._selector = selectors.DefaultSelector()
        except OSError as error:
            raise _none_to_be_had(error) from error
        self._source = None if self._method == "fork" else source
        self._free = list(range(n_processes))
        self._workers: list[_Worker] = []
        self._waiting: list[tuple[Job, bytes]] = []
        """Jobs for which no process could be had yet."""
        self._started: list[Job] = []
        self._ended: list[_Ended] = []
        self._mark = Mark.new()
        self._n_started = 0
        self._guardian = Guardian(self._mark)
        # So that what a worker leaves that was killed can be waited for.
        self._adopted = system.adopt_orphans()

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""
        return not self._waiting and (
            bool(self._free) or any(worker.idle for worker in self._workers)
        )

    def submit(self, job: Job) -> None:
        """Hand a job to an idle process."""
        try:
            data = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            text = f"the job cannot be sent between processes: {error_line(error)}"
            outcome = Outcome(Status.FAILED, error=text, traceback=traceback_text(error))
            self._ended.append((job, outcome))
            return
        self._waiting.append((job, data))
        self._hand_out()

    def _hand_out(self) -> None:
        """Give the jobs that wait to processes, as far as there are any."""
        while self._waiting and (worker := self._idle_worker()) is not None:
            if self._give(worker, *self._waiting[0]):
                del self._waiting[0]
            else:
                # It was killed while it had nothing to do.
                self._bury(worker)

    def _give(self, worker: _Worker, job: Job, data: bytes) -> bool:
        """Hand a job to a process, unless that is dead."""
        if worker.process.exitcode is not None:
            return False
        self._board.clear(worker.slot)
        worker.output.clear()
        try:
            worker.link.send([data])
        except OSError:
            return False
        worker.job = job
        worker.given = time.monotonic()
        return True

    def _idle_worker(self) -> _Worker | None:
        worker = next((one for one in self._workers if one.idle), None)
        if worker is not None or not self._free:
            return worker
        try:
            return self._start_worker(self._free[-1])
        except OSError as error:
            if not self._workers:
                raise _none_to_be_had(error) from error
            self._free.clear()
            logger.warning(
                "no more than %d of the processes can be had: %s; the campaign goes on with these",
                len(self._workers),
                error.strerror or error,
            )
            return None

    def _start_worker(self, slot: int) -> _Worker:
        self._guardian.start()
        mark = self._mark.part(self._n_started)
        self._n_started += 1
        with ExitStack() as undo:
            output = Output()
            undo.callback(output.close)
            ours, theirs = self._context.Pipe()
            undo.callback(ours.close)
            level = logging.getLogger().getEffectiveLevel()
            with theirs, _safe_path() as before:
                family = Family(mark)
                terms = Terms(self._board, slot, output, self._source, level, family, before)
                process = self._context.Process(
                    name=f"icarus-worker-{slot}", target=serve, args=(theirs, terms)
                )
                # Until it has told itself to ignore the signals that stop a campaign, one that
                # reaches the whole group would kill it.
                with stop_signals_blocked():
                    process.start()
            undo.pop_all()
        self._free.remove(slot)
        worker = _Worker(slot, process, Link(ours, waits=False), output, mark)
        self._workers.append(worker)
        # It does not wake us while something that the process started lives, and is no more than
        # the quickest way to hear of the end of those without.
        self._selector.register(process.sentinel, selectors.EVENT_READ, slot)
        self._selector.register(worker.link, selectors.EVENT_READ, slot)
        return worker

    def started(self) -> list[Job]:
        """Return the jobs that a process has begun since the last call."""
        started, self._started = self._started, []
        return started

    def wait(self, timeout: float) -> list[_Ended]:
        """Return the jobs that ended, after at most `timeout` seconds or when one has started."""
        ready = self._heard_from(0 if self._ended else timeout)
        for worker in list(self._workers):
            worker.output.trim()
            if worker.slot in ready or worker.process.exitcode is not None:
                self._listen_to(worker)
        self._enforce_limits()
        self._hand_out()
        ended, self._ended = self._ended, []
        return ended

    def _heard_from(self, timeout: float) -> set[int]:
        """Wait for something from a process; return the slots of those that it may come from."""
        for worker in self._workers:
            # Rarely: a job is nearly always sent at once.
            if worker.mute_since is None and worker.link.unsent != worker.unsent:
                worker.unsent = worker.link.unsent
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.unsent else 0)
                self._selector.modify(worker.link, events, worker.slot)
        return {key.data for key, _ in self._selector.select(timeout)}

    def _listen_to(self, worker: _Worker) -> None:
        """Take what a worker has sent, send it the rest of its job, and note its death."""
        # In this order: a worker that is dead now will send nothing that is not there now.
        dead = worker.process.exitcode is not None
        try:
            if worker.mute_since is None:
                for message in worker.link.received():
                    self._take(worker, message)
                worker.link.send_on()
        except (OSError, EOFError):
            # It is about to die, or its job has closed what it did not open.
            worker.mute_since = time.monotonic()
            self._selector.unregister(worker.link)
        except MemoryError:
            text = "its result does not fit in the memory of the campaign's process"
            self._condemn(worker, Status.FAILED, text)
        if dead:
            self._bury(worker)

    def _take(self, worker: _Worker, message: list[bytearray]) -> None:
        if worker.job is None:
            return
        if message == [STARTED]:
            self._started.append(worker.job)
        elif message[0] == WANTED:
            beside.ask(pickle.loads(message[1]))
        else:
            self._end(worker, _read(message))

    def _end(self, worker: _Worker, outcome: Outcome) -> None:
        if worker.job is not None:
            self._ended.append((worker.job, outcome))
            worker.job = None

    def _condemn(self, worker: _Worker, status: Status, reason: str) -> None:
        """Kill a worker; what becomes of its job is noted when it is dead."""
        worker.sentence = worker.sentence or (status, reason)
        kill_with_children([worker.process], worker.mark)

    def _bury(self, worker: _Worker) -> None:
        """Have a worker replaced that died; its job is lost unless we have ended it."""
        kill_with_children([worker.process], worker.mark)
        worker.process.join()
        if worker.job is not None:
            if worker.sentence is not None:
                status, text = worker.sentence
            else:
                cause = describe_exit(worker.process.exitcode)
                status, text = Status.LOST, f"its worker died: {cause}"
            begin = self._board.read(worker.slot).started or worker.given
            duration = time.monotonic() - begin
            outcome = Outcome(
                status,
                error=text,
                started=time.time() - duration,
                duration=duration,
                output=worker.output.text(),
            )
            self._end(worker, outcome)
        self._selector.unregister(worker.process.sentinel)
        if worker.mute_since is None:
            self._selector.unregister(worker.link)
        worker.link.close()
        worker.output.close()
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
            elif now - worker.given > _BEGINS_WITHIN and _stands_still(worker.process.pid):
                worker.sentence = Status.LOST, "its worker was stopped before it began"
        for pid, reason in self._memory.condemned(pid for pid in busy if pid is not None).items():
            busy[pid].sentence = busy[pid].sentence or (Status.LOST, reason)
        for worker in self._workers:
            if worker.mute_since is not None and now - worker.mute_since > _FAREWELL:
                text = "its worker closed the connection to the campaign"
                worker.sentence = worker.sentence or (Status.LOST, text)
            if worker.sentence is not None:
                self._condemn(worker, *worker.sentence)

    def running(self) -> list[Running]:
        """Return the jobs that a process is working on."""
        now = time.monotonic()
        running = []
        for worker in self._workers:
            noted = self._board.read(worker.slot)
            if worker.job is not None and noted.pid:
                age = now - noted.started
                running.append(Running(worker.job, noted.amount, age, noted.phase))
        return sorted(running, key=lambda one: one.job.number)

    def interrupt(self) -> None:
        """Do nothing: ``wait`` returns in time by itself."""

    def close(self) -> None:
        """Kill the processes of the pool and wait for their end."""
        kill_with_children([worker.process for worker in self._workers], self._mark)
        self._selector.close()
        self._guardian.close()
        system.adopt_orphans(self._adopted)
        for worker in self._workers:
            worker.process.join()
            worker.link.close()
            worker.output.close()
            worker.process.close()
        self._workers.clear()
        self._board.close()


def _start_helpers(start_method: str) -> None:
    """Start the helper processes of multiprocessing so that stop signals leave them alone.

    They end by themselves when this process does; killed before it, as by a signal to the
    whole group, they are missed and complained about.
    """
    with stop_signals_blocked(), _safe_path():
        resource_tracker.ensure_running()
        if start_method == "forkserver":
            forkserver.ensure_running()


@contextmanager
def _safe_path() -> Iterator[dict[str, str | None]]:
    """Have Pythons that are started look for modules in the current folder last.

    They import what they need before they know where the settings are, and a settings module may
    be called as a module of the standard library is. Yields what the variable was before.
    """
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield {name: before}
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _stands_still(pid: int | None) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def _none_to_be_had(error: OSError) -> ProcessError:
    return ProcessError(
        f"no process can be had for jobs: {error.strerror or error}; raise the limits (ulimit -a, "
        "or those of the container), or run with --executor serial"
    )


def _read(message: list[bytearray]) -> Outcome:
    try:
        outcome: Outcome = unpacked(message)
    except (Exception, SystemExit) as error:
        text = f"its result cannot be read here: {error_line(error)}"
        return Outcome(Status.FAILED, error=text, traceback=traceback_text(error))
    return outcome
