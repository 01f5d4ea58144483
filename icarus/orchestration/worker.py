"""What runs a job, in this process or in a worker of the pool."""

from __future__ import annotations

import logging
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from icarus.errors import IcarusError
from icarus.orchestration.board import Board
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.signals import STOP_SIGNALS
from icarus.orchestration.status import Status
from icarus.settings import SettingsSource, execute_settings

__all__ = ["initialise_worker", "run_job", "work"]

_board: Board | None = None
_initialisation_error: str | None = None


def initialise_worker(board: Board, source: SettingsSource | None, log_level: int) -> None:
    """Prepare a process of the pool.

    Parameters
    ----------
    board : Board
        Where to report progress.
    source : SettingsSource or None
        The settings module to execute, for the components it defines or imports; None where
        the process has inherited them.
    log_level : int
        Least level of messages to send back.
    """
    global _board, _initialisation_error
    # Terminals and batch systems signal the whole group; it is the parent that decides what to
    # save and then kills its workers.
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # They were blocked while the process started.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    _board = board
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(log_level)
    if source is not None:
        try:
            execute_settings(source)
        except Exception:
            # Raising here would break the pool; every job reports it instead.
            _initialisation_error = traceback.format_exc()


def work(job: Job, slot: int) -> bytes:
    """Run a job in a process of the pool and return its outcome, pickled."""
    outcome = _work(job, slot)
    try:
        return pickle.dumps(outcome)
    except Exception as error:
        # Found out by the pool itself, this would end the process.
        text = f"its result cannot be sent between processes: {_one_line(error)}"
        return pickle.dumps(Outcome(Status.FAILED, error=text, traceback=traceback.format_exc()))


def _work(job: Job, slot: int) -> Outcome:
    assert _board is not None
    if _initialisation_error is not None:
        return Outcome(
            Status.FAILED,
            error="the settings module could not be executed in a worker process",
            traceback=_initialisation_error,
        )
    _board.start(slot)
    return run_job(job, lambda requests: _board.report(slot, requests))


def run_job(job: Job, heartbeat: Callable[[int], None]) -> Outcome:
    """Run a job and return its outcome, whatever happens."""
    started = time.time()
    begin = time.perf_counter()
    messages: list[tuple[int, str, str]] = []
    facts: dict[str, Any]
    with _collected_messages(messages) as paused:
        try:
            facts = {"status": Status.OK, "value": job.task(job.argument, paused(heartbeat))}
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
