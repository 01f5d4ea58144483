"""Marks on processes, by which what a job has started is found, whatever becomes of its parents.

A mark is a value of a limit that means nothing: how many microseconds a process may run under a
real-time scheduler, some ten thousand years. Linux hands limits on to whatever a process starts:
through fork and exec, to other sessions and groups, and to orphans that another process takes in.
No privilege is needed, and what knows nothing of marks neither sees nor changes them.

This file is also a program, the guardian of a campaign: it waits for the end of a process, and
then kills all that bear a mark. It needs nothing but the standard library.
"""

from __future__ import annotations

import os
import resource
import secrets
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mark", "bearers", "is_marked", "kill_bearers", "known_here", "lifted", "main"]

_LIMIT: int | None = getattr(resource, "RLIMIT_RTTIME", None)
_LEAST = 1 << 61
"""Microseconds; far from what anybody would set, and a number that all libraries can hold."""
_PARTS = 1 << 20
_FOR_LONG = 60.0
"""Seconds after which the guardian gives up what cannot be killed, as where it waits for a disk."""
_LOOK = 0.5
"""Seconds between two looks at whether a process is there, where the system does not tell."""

_unmarked: tuple[int, int] | None = None
"""The limit of this process without the mark that it bears for a while."""


@dataclass(frozen=True)
class Mark:
    """One mark, or a range of them."""

    first: int
    count: int = 1

    @classmethod
    def new(cls) -> Mark:
        """Return a range of marks that nobody else has."""
        return cls(_LEAST + secrets.randbits(40) * _PARTS, _PARTS)

    def part(self, number: int) -> Mark:
        """Return one mark of a range."""
        return Mark(self.first + number % self.count)

    def __contains__(self, value: int) -> bool:
        return self.first <= value < self.first + self.count

    def bear(self) -> bool:
        """Put the mark on this process, for good; return whether the system takes it."""
        return _LIMIT is not None and _set(self.first)

    @contextmanager
    def borne(self) -> Iterator[None]:
        """Put the mark on this process while the context lasts."""
        global _unmarked
        if _LIMIT is None or _unmarked is not None:
            yield
            return
        before = resource.getrlimit(_LIMIT)
        if not _set(self.first):
            yield
            return
        _unmarked = before
        try:
            yield
        finally:
            _unmarked = None
            _set(before[0])


def _set(soft: int) -> bool:
    assert _LIMIT is not None
    try:
        hard = resource.getrlimit(_LIMIT)[1]
        resource.setrlimit(_LIMIT, (soft, hard))
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def lifted() -> Iterator[None]:
    """Start processes that are none of the job's, in a process that bears a mark for a while."""
    if _unmarked is None or _LIMIT is None:
        yield
        return
    mark = resource.getrlimit(_LIMIT)[0]
    _set(_unmarked[0])
    try:
        yield
    finally:
        _set(mark)


def is_marked() -> bool:
    """Return whether this process bears any mark, as those do that run jobs."""
    return _LIMIT is not None and resource.getrlimit(_LIMIT)[0] >= _LEAST


def bears(pid: int, mark: Mark) -> bool:
    """Return whether a process bears a mark, or one of a range."""
    if _LIMIT is None or not known_here():
        return False
    try:
        return resource.prlimit(pid, _LIMIT)[0] in mark
    except OSError:
        # It has ended, or is somebody else's.
        return False


def known_here() -> bool:
    """Whether this system has marks, and tells who bears them."""
    return _LIMIT is not None and hasattr(resource, "prlimit")


def bearers(mark: Mark) -> list[int]:
    """Return the processes that bear a mark, but for this one and those that have ended."""
    own = os.getpid()
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - quicker
    except OSError:
        return []
    return [pid for pid in pids if pid != own and bears(pid, mark) and not _has_ended(pid)]


def _has_ended(pid: int) -> bool:
    """Whether nothing is left of a process but its exit code, which somebody has to fetch."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return True
    return status.rpartition(b")")[2].split()[0] in (b"Z", b"X")


def kill_bearers(mark: Mark, seconds: float) -> None:
    """Kill what bears a mark, and what that starts meanwhile, until there is none or time is up."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while found := bearers(mark):
        for pid in found:
            _kill(pid, mark)
        if time.monotonic() > deadline:
            return
        time.sleep(pause)
        pause = min(2 * pause, 0.1)


def _kill(pid: int, mark: Mark) -> None:
    try:
        handle = os.pidfd_open(pid)
    except (AttributeError, OSError):
        # Of an older system, where the number might become another's just now.
        if bears(pid, mark):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return
    try:
        if bears(pid, mark):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        pass
    finally:
        os.close(handle)


def _wait_for_end(parent: int) -> None:
    try:
        handle = os.pidfd_open(parent)
    except (AttributeError, OSError):
        handle = None
    # It may have ended before, and its number be another's.
    while os.getppid() == parent:
        if handle is None:
            time.sleep(_LOOK)
        else:
            select.select([handle], [], [])
            return


def main(arguments: list[str]) -> None:
    """Wait for the end of the process that has started this one, then kill what bears a mark."""
    parent, first, count = map(int, arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    _wait_for_end(parent)
    kill_bearers(Mark(first, count), _FOR_LONG)


if __name__ == "__main__":
    main(sys.argv[1:])
