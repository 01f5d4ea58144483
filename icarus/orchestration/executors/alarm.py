"""Limits of time for a job that runs in this process, where nobody can kill it."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

from icarus.orchestration.status import Status
from icarus.orchestration.stops import JobStopped
from icarus.planning.limits import Limits

__all__ = ["OverLimit", "Watch", "verdict"]

_AGAIN = 0.5
"""Seconds after which code that caught ``OverLimit`` meets it again."""


class OverLimit(JobStopped):
    """Raised inside a job of this process that has run or been silent for too long."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(text)
        self.status = status


def verdict(limits: Limits, age: float, silence: float) -> tuple[Status, str] | None:
    """Return how a job is to end that is over a limit of time, and why; None for others.

    Parameters
    ----------
    limits : Limits
    age : float
        Seconds since the job started.
    silence : float
        Seconds since it last reported progress, or started.
    """
    if limits.job_timeout is not None and age > limits.job_timeout:
        return Status.TIMEOUT, f"ran for {age:.1f} s, JOB_TIMEOUT is {limits.job_timeout:g} s"
    if limits.stall_timeout is not None and silence > limits.stall_timeout:
        text = f"silent for {silence:.1f} s, STALL_TIMEOUT is {limits.stall_timeout:g} s"
        return Status.STALLED, text
    return None


class Watch:
    """Watches over a job while its context lasts, and raises ``OverLimit`` inside of it.

    In the main thread it does so at once, by an alarm of the system, unless the program has a use
    of its own for that; elsewhere when the job reports progress.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._began = self._beat = time.monotonic()
        self._armed = False

    @property
    def age(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self._began

    def beat(self) -> None:
        """Note that the job made progress; raise ``OverLimit`` if it is over its time."""
        self._check()
        self._beat = time.monotonic()

    def _check(self) -> None:
        now = time.monotonic()
        over = verdict(self._limits, now - self._began, now - self._beat)
        if over is not None:
            raise OverLimit(*over)

    def __enter__(self) -> Watch:
        limited = self._limits.job_timeout is not None or self._limits.stall_timeout is not None
        self._armed = (
            limited
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
            and signal.getitimer(signal.ITIMER_REAL)[0] == 0
        )
        if self._armed:
            signal.signal(signal.SIGALRM, self._ring)
            self._set_alarm()
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def _set_alarm(self) -> None:
        now = time.monotonic()
        ends = []
        if self._limits.job_timeout is not None:
            ends.append(self._began + self._limits.job_timeout)
        if self._limits.stall_timeout is not None:
            ends.append(self._beat + self._limits.stall_timeout)
        # A little later than the limit, which is then exceeded for certain.
        signal.setitimer(signal.ITIMER_REAL, max(min(ends) - now, 0) + 0.005, _AGAIN)

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        self._check()
        self._set_alarm()
