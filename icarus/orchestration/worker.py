"""What runs a job, in this process or in a worker of the pool."""

from __future__ import annotations

import functools
import logging
import multiprocessing
import os
import pickle
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from icarus.compiler import beside
from icarus.core import marks, system
from icarus.core.processes import peak_memory
from icarus.errors import Cancel
from icarus.orchestration.board import Board
from icarus.orchestration.ending import Family
from icarus.orchestration.errortext import error_line, traceback_text
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.kinds.task import JobContext, Product, Report
from icarus.orchestration.link import Link, Part, packed
from icarus.orchestration.metered import metered, with_resources
from icarus.orchestration.output import Capture, Output, flush, print_into
from icarus.orchestration.signals import STOP_SIGNALS
from icarus.orchestration.status import Status
from icarus.orchestration.stops import JobStopped
from icarus.orchestration.surroundings import surroundings_restored
from icarus.planning.loading import SettingsSource, execute_settings

__all__ = ["STARTED", "WANTED", "Terms", "run_job", "serve"]

STARTED = b""
"""What a process of the pool sends when it begins with a job."""
WANTED = b"wanted"
"""What it sends before the code that its job would like to have."""
_LOOK = 0.5
"""Seconds between two looks at whether the parent is there, where the system does not tell."""


@dataclass(frozen=True)
class Terms:
    """What a process of the pool works with."""

    board: Board
    """Where to report progress."""
    slot: int
    """The place on the board."""
    output: Output
    """Where what jobs print goes."""
    source: SettingsSource | None
    """The settings module to execute, for the components it defines or imports; None where
    the process has inherited them."""
    log_level: int
    """Least level of messages to send back."""
    family: Family
    """What its jobs start."""
    environment: dict[str, str | None]
    """Variables that the process was started with and jobs are not to see; None removes one."""


def serve(end: Connection, terms: Terms) -> None:
    """Run jobs in a process of the pool, until it is killed or nobody is there to send any.

    Parameters
    ----------
    end : Connection
        Where pickled jobs come from and pickled outcomes go to, one by one.
    terms : Terms
    """
    board, slot = terms.board, terms.slot
    _become_worker(terms)
    link = Link(end, waits=True)
    beside.forward_to(lambda wish: link.send([WANTED, pickle.dumps(wish)]))
    problem = _execute_settings(terms.source)
    if problem is None:
        # Each process executes the module anew; what it prints was shown once.
        terms.output.clear()
    with suppress(EOFError, OSError):
        while True:
            (data,) = link.receive()
            board.start(slot)
            link.send([STARTED])
            report = functools.partial(board.report, slot)
            outcome = problem or _work(data, report, terms.family)
            link.send(_packed(replace(outcome, output=terms.output.text())))


def _become_worker(terms: Terms) -> None:
    terms.family.lead()
    print_into(terms.output)
    for name, value in terms.environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    # Terminals and batch systems signal the whole group; it is the parent that decides what to
    # save and then kills its workers.
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # They were blocked while the process started.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    try:
        watch = threading.Thread(
            target=_end_with_parent, args=(terms.family,), name="parent watch", daemon=True
        )
        watch.start()
    except RuntimeError:
        # No more threads are to be had. What jobs start is left to the guardian then.
        system.end_with_parent(signal.SIGKILL)
    # Should the system run out of memory, it is to kill a worker and not the parent.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(terms.log_level)


def _end_with_parent(family: Family) -> None:
    """End this process and all that it has started once its parent is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        # Not by the pipe that multiprocessing has for this: jobs of other workers, and what
        # these have started, may hold its other end.
        _wait_for_end_of(parent.pid)
        family.end()
        os._exit(1)


def _wait_for_end_of(pid: int) -> None:
    with suppress(AttributeError, OSError):
        select.select([os.pidfd_open(pid)], [], [])
        return
    with suppress(psutil.Error):
        watched = psutil.Process(pid)
        while watched.is_running() and watched.status() != psutil.STATUS_ZOMBIE:
            time.sleep(_LOOK)


def _execute_settings(source: SettingsSource | None) -> Outcome | None:
    """Execute the settings module; return the outcome of every job if that fails."""
    if source is None:
        return None
    try:
        execute_settings(source)
    except Exception as error:
        return Outcome(
            Status.FAILED,
            error="the settings module could not be executed in a worker process",
            traceback=traceback_text(error),
        )
    return None


def _work(data: bytes | bytearray, report: Report, family: Family) -> Outcome:
    try:
        job = pickle.loads(data)
    except BaseException as error:
        text = f"the job cannot be read in a worker process: {error_line(error)}"
        return Outcome(Status.FAILED, error=text, traceback=traceback_text(error))
    outcome = run_job(job, report, family=family)
    flush()
    return outcome


def _packed(outcome: Outcome) -> list[Part]:
    try:
        return packed(outcome)
    except BaseException as error:
        text = f"its result cannot be sent between processes: {error_line(error)}"
        trace = traceback_text(error)
        failed = Outcome(Status.FAILED, error=text, traceback=trace, output=outcome.output)
        return packed(failed)


def run_job(
    job: Job, report: Report, output: Output | None = None, family: Family | None = None
) -> Outcome:
    """Run a job and return its outcome, whatever its code does.

    Parameters
    ----------
    job : Job
    report : callable
        Called now and then with how much was done, and in which phase the job is.
    output : Output, optional
        Where what the job prints is to go; by default it goes where it does.
    family : Family, optional
        What sees to it that nothing that the job starts outlives it.

    Raises
    ------
    JobStopped
        If `report` raised it, or a signal handler.
    KeyboardInterrupt
        If the user interrupted it, and not the job itself.
    """
    started = time.time()
    begin = time.perf_counter()
    messages: list[tuple[int, str, str]] = []
    facts: dict[str, Any]
    process = os.getpid()
    with (
        nullcontext() if family is None else family.of_a_job(),
        surroundings_restored(),
        _ctrl_c_noted() as pressed,
        _collected_messages(messages) as paused,
        nullcontext() if output is None else Capture(output) as capture,
    ):
        told = paused(report, nullcontext if capture is None else capture.paused)
        try:
            facts = {"status": Status.OK, "value": _product_of(job, told, family)}
        except JobStopped:
            raise
        except Cancel as asked:
            facts = {"status": Status.CANCELLED, "error": error_line(asked)}
        except BaseException as error:
            if pressed and isinstance(error, KeyboardInterrupt):
                raise
            facts = {
                "status": Status.FAILED,
                "error": error_line(error),
                "traceback": traceback_text(error),
            }
        finally:
            _end_if_forked(process)
    return Outcome(
        **facts,
        started=started,
        duration=time.perf_counter() - begin,
        peak_memory=peak_memory(),
        messages=messages,
        output="" if output is None else output.text(),
    )


def _product_of(job: Job, report: Report, family: Family | None) -> Product:
    kept = job.folder, job.checkpoint, job.shared, job.barriers, job.part
    context = JobContext(report, job.task.phases, *kept)
    with nullcontext() if job.metering is None else metered(job, context, family) as meter:
        product = job.task.perform(context)
    if not isinstance(product, Product):
        raise TypeError(
            f"a task should return an icarus.orchestration.Product, found {type(product).__name__}"
        )
    if meter is not None:
        product = with_resources(product, meter)
    files = context.files()
    return replace(product, files=files) if files else product


def _end_if_forked(process: int) -> None:
    """End this process if a job has forked it and it came out of the job, as its parent does.

    There must be one outcome, and one campaign.
    """
    if os.getpid() != process:
        flush()
        os._exit(0 if sys.exc_info()[0] is None else 1)


@contextmanager
def _ctrl_c_noted() -> Iterator[list[int]]:
    """Tell Ctrl-C, where that raises ``KeyboardInterrupt``, from one that a job raises itself."""
    pressed: list[int] = []

    def note(signum: int, frame: FrameType | None) -> None:
        pressed.append(signum)
        raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, note)
        try:
            yield pressed
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    else:
        yield pressed


class _ListHandler(logging.Handler):
    """Keeps messages, a bounded number of them, to be sent back with the outcome."""

    MOST = 200

    def __init__(self, messages: list[tuple[int, str, str]]) -> None:
        super().__init__()
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._messages) < self.MOST:
            try:
                self._messages.append((record.levelno, record.name, record.getMessage()))
            except Exception:
                self.handleError(record)


@contextmanager
def _collected_messages(messages: list[tuple[int, str, str]]) -> Iterator[Callable[..., Any]]:
    """Collect what is logged; give a decorator for what is to log as before in between."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    collecting: list[logging.Handler] = [_ListHandler(messages)]

    def paused(report: Report, shown: Callable[[], Any]) -> Report:
        def call(amount: int, phase: int) -> None:
            root.handlers[:] = handlers
            try:
                with shown(), marks.lifted():
                    report(amount, phase)
            finally:
                root.handlers[:] = collecting

        return call

    root.handlers[:] = collecting
    try:
        yield paused
    finally:
        root.handlers[:] = handlers
