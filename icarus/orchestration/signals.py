"""Signals that stop a campaign without losing what it has."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

__all__ = ["STOP_SIGNALS", "stop_signals_blocked", "stopped_by_signals"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


_SAME = 0.05
"""Seconds within which two signals count as one: some programs send a signal to a process and to
its group."""


class _Stoppable(Protocol):
    def drain(self, signum: int | None = None) -> None: ...

    def stop(self, signum: int | None = None) -> None: ...


@contextmanager
def stopped_by_signals(campaign: _Stoppable) -> Iterator[None]:
    """Have Ctrl-C, SIGTERM and SIGHUP stop `campaign` while the context lasts.

    The first Ctrl-C or SIGTERM has it start nothing more and finish what runs; the second, and
    SIGHUP, stop it at once. Further signals change nothing, so that results can be saved
    undisturbed. A signal that the process was told to ignore, as ``nohup`` does with SIGHUP,
    stays ignored. Outside the main thread nothing is done: Python delivers no signals there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first: float | None = None
    stopped = False

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal first, stopped
        now = time.monotonic()
        if stopped:
            return
        if first is None and signum != signal.SIGHUP:
            first = now
            campaign.drain(signum)
        elif first is None or signum == signal.SIGHUP or now - first > _SAME:
            stopped = True
            campaign.stop(signum)

    before = {
        number: signal.getsignal(number)
        for number in STOP_SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_signals_blocked() -> Iterator[None]:
    """Have processes and threads that are started within the context not see the stop signals.

    They inherit what is blocked. Signals that come meanwhile reach this process afterwards.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
