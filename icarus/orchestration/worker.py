"""What runs a job, in this process or in a worker of the pool."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from icarus.errors import Cancel, IcarusError
from icarus.orchestration.board import Board
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.signals import STOP_SIGNALS
from icarus.orchestration.status import Status
from icarus.settings import SettingsSource, execute_settings

__all__ = ["STARTED", "run_job", "serve"]

STARTED = b""
"""What a process of the pool sends when it begins with a job."""


def serve(
    link: Connection,
    board: Board,
    slot: int,
    source: SettingsSource | None,
    log_level: int,
) -> None:
    """Run jobs in a process of the pool, until it is killed or nobody is there to send any.

    Parameters
    ----------
    link : Connection
        Where pickled jobs come from and pickled outcomes go to, one by one.
    board : Board
        Where to report progress.
    slot : int
        The place on the board.
    source : SettingsSource or None
        The settings module to execute, for the components it defines or imports; None where
        the process has inherited them.
    log_level : int
        Least level of messages to send back.
    """
    _become_worker(log_level)
    problem = _execute_settings(source)
    with suppress(EOFError, OSError):
        while True:
            data = link.recv_bytes()
            board.start(slot)
            link.send_bytes(STARTED)
            outcome = problem or _work(data, lambda requests: board.report(slot, requests))
            link.send_bytes(_pickled(outcome))


def _become_worker(log_level: int) -> None:
    # Terminals and batch systems signal the whole group; it is the parent that decides what to
    # save and then kills its workers.
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # They were blocked while the process started.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    threading.Thread(target=_end_with_parent, name="parent watch", daemon=True).start()
    # Should the system run out of memory, it is to kill a worker and not the parent.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(log_level)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _execute_settings(source: SettingsSource | None) -> Outcome | None:
    """Execute the settings module; return the outcome of every job if that fails."""
    if source is None:
        return None
    try:
        execute_settings(source)
    except Exception:
        return Outcome(
            Status.FAILED,
            error="the settings module could not be executed in a worker process",
            traceback=traceback.format_exc(),
        )
    return None


def _work(data: bytes, heartbeat: Callable[[int], None]) -> Outcome:
    try:
        return run_job(pickle.loads(data), heartbeat)
    except BaseException as error:
        # The job cannot be read here, or it raised what is no Exception.
        return Outcome(Status.FAILED, error=_one_line(error), traceback=traceback.format_exc())


def _pickled(outcome: Outcome) -> bytes:
    try:
        # From protocol 5 on, arrays are copied once and not twice.
        return pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        text = f"its result cannot be sent between processes: {_one_line(error)}"
        return pickle.dumps(Outcome(Status.FAILED, error=text, traceback=traceback.format_exc()))


def run_job(job: Job, heartbeat: Callable[[int], None]) -> Outcome:
    """Run a job and return its outcome, whatever happens."""
    started = time.time()
    begin = time.perf_counter()
    messages: list[tuple[int, str, str]] = []
    facts: dict[str, Any]
    with _collected_messages(messages) as paused:
        try:
            facts = {"status": Status.OK, "value": job.task(job.argument, paused(heartbeat))}
        except Cancel as asked:
            facts = {"status": Status.CANCELLED, "error": str(asked)}
        except (Exception, SystemExit) as error:
            facts = {
                "status": Status.FAILED,
                "error": _one_line(error),
                "traceback": traceback.format_exc(),
            }
    return Outcome(
        **facts,
        started=started,
        duration=time.perf_counter() - begin,
        peak_memory=_peak_memory(),
        messages=messages,
    )


def _one_line(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    if isinstance(error, IcarusError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


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
def _collected_messages(
    messages: list[tuple[int, str, str]],
) -> Iterator[Callable[[Callable[[int], None]], Callable[[int], None]]]:
    """Collect what is logged; give a decorator for what is to log as before in between."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    collecting: list[logging.Handler] = [_ListHandler(messages)]

    def paused(heartbeat: Callable[[int], None]) -> Callable[[int], None]:
        def call(requests: int) -> None:
            root.handlers[:] = handlers
            try:
                heartbeat(requests)
            finally:
                root.handlers[:] = collecting

        return call

    root.handlers[:] = collecting
    try:
        yield paused
    finally:
        root.handlers[:] = handlers
