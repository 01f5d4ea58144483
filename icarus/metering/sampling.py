"""What single processes and threads use now: files of ``/proc`` that are kept open, or psutil.

A process costs 0.02 ms: reading a file that is open takes 4 us, opening one 35 us. It matters, too,
that reading lets go of Python's lock, for which a thread may have to wait for 5 ms each time.

The proportional set size, of which shared memory has shares, is not told: the kernel goes through
all pages for it, 4 ms for 200 MB.
"""

from __future__ import annotations

import functools
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from icarus.core.processes import children_of
from icarus.metering.usage import NOTHING, Usage, plus

__all__ = [
    "Belongs",
    "Descendants",
    "OtherThreads",
    "Reading",
    "close_files",
    "descendants",
    "io_of",
    "open_file",
    "read_open",
]

Belongs = Callable[[int], bool]
"""Whether a child of this process, of which the process id is given, is to be counted."""

_LOOK = 1.0
"""Seconds between two looks at which processes there are."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = resource.getpagesize()
_MOST = 1 << 13
"""Bytes that no file of these has."""


class Reading(NamedTuple):
    """What the descendants of this process use, or this process by itself."""

    usage: Usage = NOTHING
    memory: int = 0
    """Bytes that are resident."""
    processes: int = 0
    threads: int = 0


class Descendants(Protocol):
    """The descendants of this process."""

    def read(self, anew: bool) -> Reading:
        """Return what those that have not been waited for used since they began.

        Parameters
        ----------
        anew : bool
            Whether to find out first which there are, which is done once a second otherwise.
        """
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


def open_file(path: str) -> int | None:
    """Return the number of an open file; None if it cannot be had."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def read_open(fd: int | None) -> bytes:
    """Return what is in an open file now; nothing if it cannot be read any more."""
    if fd is not None:
        with suppress(OSError):
            return os.pread(fd, _MOST, 0)
    return b""


def close_files(files: Iterable[int | None]) -> None:
    """Close files, of which a job may have closed some itself."""
    for fd in files:
        if fd is not None:
            with suppress(OSError):
                os.close(fd)


def io_of(text: bytes) -> Usage:
    """Return what a file ``io`` says of bytes."""
    told = text.split()
    # rchar: wchar: syscr: syscw: read_bytes: write_bytes: cancelled_write_bytes:
    if len(told) < 12:
        return NOTHING
    return Usage(
        read=int(told[1]), written=int(told[3]), disk_read=int(told[9]), disk_written=int(told[11])
    )


def switches_of(text: bytes) -> Usage:
    """Return what a file ``status`` says of context switches, which stand at its end."""
    told = text[text.rfind(b"\nvoluntary_ctxt_switches") + 1 :].split()
    if len(told) < 4:
        return NOTHING
    return Usage(switches_voluntary=int(told[1]), switches_involuntary=int(told[3]))


class _Files:
    """The files of one process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._stat = open_file(f"/proc/{pid}/stat")
        # Not to be had of a process of another user, such as one that has used sudo.
        self._io = open_file(f"/proc/{pid}/io")
        self._switches = NOTHING

    def read(self, anew: bool) -> Reading | None:
        """Return what it used, with what it has waited for; None if it is gone."""
        told = read_open(self._stat).rpartition(b")")[2].split()
        if len(told) < 22:
            return None
        threads = int(told[17])
        if anew:
            self._switches = self._look_at_threads(threads)
        user, system, user_of_children, system_of_children = map(int, told[11:15])
        usage = plus(io_of(read_open(self._io)), self._switches)._replace(
            cpu_user=(user + user_of_children) / _TICKS,
            cpu_system=(system + system_of_children) / _TICKS,
        )
        # One that has ended and was not waited for still has what it used.
        ended = told[0] in (b"Z", b"X")
        return Reading(usage, int(told[21]) * _PAGE, int(not ended), 0 if ended else threads)

    def _look_at_threads(self, number: int) -> Usage:
        """Return the switches of all threads: the kernel has no sum of those that live."""
        folder = f"/proc/{self.pid}/task"
        names = [str(self.pid)]
        if number > 1:
            with suppress(OSError):
                names = os.listdir(folder)  # noqa: PTH208 - quicker
        found = NOTHING
        for name in names:
            fd = open_file(f"{folder}/{name}/status")
            found = plus(found, switches_of(read_open(fd)))
            close_files((fd,))
        return found

    def close(self) -> None:
        close_files((self._stat, self._io))


class _Listed:
    """The descendants of this process, from ``/proc``."""

    def __init__(self, belongs: Belongs | None) -> None:
        self._belongs = belongs
        self._known: dict[int, _Files] = {}
        self._looked = 0.0

    def read(self, anew: bool) -> Reading:
        anew = anew or time.monotonic() - self._looked >= _LOOK
        if anew:
            self._look()
        usage, memory, processes, threads = Reading()
        # Parents first: one that is waited for meanwhile is missing once, and not there twice.
        for pid, files in list(self._known.items()):
            found = files.read(anew)
            if found is None:
                self._known.pop(pid).close()
                continue
            usage = plus(usage, found.usage)
            memory += found.memory
            processes += found.processes
            threads += found.threads
        return Reading(usage, memory, processes, threads)

    def _look(self) -> None:
        self._looked = time.monotonic()
        known, self._known = self._known, {}
        for pid in self._pids():
            # The number may be another process's by now.
            files = known.pop(pid, None)
            if files is not None and files.read(anew=False) is None:
                files.close()
                files = None
            self._known[pid] = files or _Files(pid)
        for files in known.values():
            files.close()

    def _pids(self) -> Iterator[int]:
        waiting = _children(os.getpid())
        if self._belongs is not None:
            waiting = [pid for pid in waiting if self._belongs(pid)]
        while waiting:
            yield from waiting
            waiting = [child for pid in waiting for child in _children(pid)]

    def close(self) -> None:
        for files in self._known.values():
            files.close()
        self._known = {}


def _children(pid: int) -> list[int]:
    # A job may have opened as many files as it may.
    with suppress(OSError):
        return children_of(pid)
    return []


class _Searched:
    """The descendants of this process, by psutil, which knows other systems than Linux."""

    def __init__(self, belongs: Belongs | None) -> None:
        import psutil

        self._psutil = psutil
        self._belongs = belongs
        self._known: list[Any] = []
        self._looked = 0.0

    def read(self, anew: bool) -> Reading:
        if anew or time.monotonic() - self._looked >= _LOOK:
            self._looked = time.monotonic()
            self._known = list(self._members())
        usage, memory, processes, threads = Reading()
        for one in self._known:
            with suppress(self._psutil.Error), one.oneshot():
                found = self._usage_of(one)
                size, n_threads = one.memory_info().rss, one.num_threads()
                usage = plus(usage, found)
                memory, processes, threads = memory + size, processes + 1, threads + n_threads
        return Reading(usage, memory, processes, threads)

    def _members(self) -> Iterator[Any]:
        for child in self._psutil.Process().children():
            if self._belongs is None or self._belongs(child.pid):
                yield child
                with suppress(self._psutil.Error):
                    yield from child.children(recursive=True)

    @staticmethod
    def _usage_of(one: Any) -> Usage:
        cpu, switches = one.cpu_times(), one.num_ctx_switches()
        told = one.io_counters() if hasattr(one, "io_counters") else None
        names = ("read_chars", "write_chars", "read_bytes", "write_bytes")
        read, written, disk_read, disk_written = (getattr(told, name, 0) for name in names)
        return Usage(
            *(cpu.user + cpu.children_user, cpu.system + cpu.children_system),
            *(read, written, disk_read, disk_written, switches.voluntary, switches.involuntary),
        )

    def close(self) -> None:
        self._known = []


def descendants(belongs: Belongs | None = None) -> Descendants:
    """Return what reads the descendants of this process, whichever way the system has.

    Parameters
    ----------
    belongs : callable, optional
        Which children of this process count, with all that they have started; by default all.
    """
    return _Listed(belongs) if _is_told() else _Searched(belongs)


@functools.cache
def _is_told() -> bool:
    """Whether the system tells the children of a process."""
    try:
        children_of(os.getpid())
    except OSError:
        return False
    return True


class OtherThreads:
    """Threads of this process that do other things than what is metered.

    Parameters
    ----------
    threads : iterable of int
        As the system numbers them.
    """

    def __init__(self, threads: list[int]) -> None:
        self._clocks = [_clock_of(one) for one in threads]
        self._seconds = [0.0] * len(threads)
        self._files = [
            [open_file(f"/proc/self/task/{one}/{name}") for name in ("status", "io")]
            for one in threads
        ]
        self._rest = [NOTHING] * len(threads)

    def seconds(self) -> float:
        """Return the seconds of the processor that they used since they began.

        It does not let go of Python's lock: none of them goes on meanwhile.
        """
        for place, clock in enumerate(self._clocks):
            with suppress(OSError):
                self._seconds[place] = time.clock_gettime(clock)
        return sum(self._seconds)

    def rest(self) -> Usage:
        """Return what else they used, of those that ended as far as it was seen."""
        for place, (status, io) in enumerate(self._files):
            switches, of_bytes = read_open(status), read_open(io)
            if switches:
                self._rest[place] = plus(switches_of(switches), io_of(of_bytes))
        return functools.reduce(plus, self._rest, NOTHING)

    def close(self) -> None:
        """Let go of the files."""
        for files in self._files:
            close_files(files)
        self._clocks, self._files = [], []


def _clock_of(thread: int) -> int:
    """Return the clock of the processor's time of a thread of this process.

    It is what ``pthread_getcpuclockid`` returns on Linux, which may crash if the thread has ended.
    """
    return (~thread << 3) | 6 if sys.platform == "linux" else -1
