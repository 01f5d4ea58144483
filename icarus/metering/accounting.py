"""What this process and all that it starts use from some moment on, as the kernel counts it.

The kernel adds what a process used to what its parent has waited for, so that nothing is missed
that lived for a moment only: the sum of this process, what it has waited for and what still lives
only grows. Not seen is what somebody else waits for, or nobody as where ``SIGCHLD`` is ignored.

Taken off is what this process did beside: threads of Python that were there before, what is told to
be somebody else's, and the metering.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from icarus.core.processes import forget_peak_memory, peak_memory, peak_memory_of_children
from icarus.metering.sampling import (
    Belongs,
    OtherThreads,
    Reading,
    close_files,
    descendants,
    io_of,
    open_file,
    read_open,
)
from icarus.metering.usage import NOTHING, Usage, less, of_rusage, plus

__all__ = ["Account"]

_RUSAGE_THREAD: int | None = getattr(resource, "RUSAGE_THREAD", None)
_PAGE = resource.getpagesize()


class Account:
    """The account of this process and what it starts, from now on.

    Parameters
    ----------
    belongs : callable, optional
        Which children of this process count; by default all.
    """

    def __init__(self, belongs: Belongs | None = None) -> None:
        own = threading.current_thread()
        others = [one.native_id for one in threading.enumerate() if one is not own]
        self._stat = open_file("/proc/self/stat")
        self._io = open_file("/proc/self/io")
        self._status = open_file("/proc/self/status")
        self._others = OtherThreads([one for one in others if one is not None])
        self._descendants = descendants(belongs)
        self._lock = threading.Lock()
        self._beside = NOTHING
        self._own_io: dict[int, int | None] = {}
        """By thread: the file that says what it read and wrote."""
        self._open: dict[int, Usage] = {}
        """By thread that does something beside: what it had used when it began with that."""
        self._most = NOTHING
        self._peak = 0
        self._peak_of_children = peak_memory_of_children()
        with self.beside():
            self._forget_peak()
            self._start, reading = self._read(anew=True)
            self._peak = reading.memory

    @property
    def has_io(self) -> bool:
        """Whether the system tells what was read and written."""
        return self._io is not None

    def read(self, anew: bool = False) -> Reading:
        """Return what was used since the beginning, and what is there now.

        Parameters
        ----------
        anew : bool, optional
            Whether to look for new processes first.
        """
        total, reading = self._read(anew)
        used = _without_debts(less(total, self._start))
        # Of threads that have ended, the kernel tells no switches before all of the process has.
        self._most = Usage._make(map(max, self._most, used))
        self._peak = max(self._peak, reading.memory)
        return reading._replace(usage=self._most)

    def _read(self, anew: bool) -> tuple[Usage, Reading]:
        # First what this process has read itself, which reading the rest adds to; what has ended
        # before what lives, so that a child that ends meanwhile is missing once, and not there
        # twice.
        beside = self._spent_beside()
        io = io_of(read_open(self._io))
        others = Usage(self._others.seconds())
        own = of_rusage(resource.getrusage(resource.RUSAGE_SELF))
        children = of_rusage(resource.getrusage(resource.RUSAGE_CHILDREN))
        alive = self._descendants.read(anew)
        total = plus(plus(own, io), plus(children, alive.usage))
        total = less(total, plus(plus(others, self._others.rest()), beside))
        memory, threads = self._own_size()
        here = Reading(total, alive.memory + memory, alive.processes + 1, alive.threads + threads)
        return total, here

    def _spent_beside(self) -> Usage:
        with self._lock:
            spent = self._beside
        before = self._open.get(threading.get_native_id())
        if before is not None:
            spent = plus(spent, less(_of_this_thread(self._io_of_this_thread()), before))
        return spent

    def _own_size(self) -> tuple[int, int]:
        told = read_open(self._stat).rpartition(b")")[2].split()
        if len(told) >= 22:
            return int(told[21]) * _PAGE, int(told[17])
        import psutil

        return int(psutil.Process().memory_info().rss), threading.active_count()

    @contextmanager
    def beside(self, children: bool = False) -> Iterator[Callable[[], None]]:
        """Have what this thread does within the context not count.

        Parameters
        ----------
        children : bool, optional
            Whether children that are waited for meanwhile, by whichever thread, do not either.

        Yields
        ------
        callable
            Takes off what was used so far, which is done at the end otherwise.
        """
        own, io = threading.get_native_id(), self._io_of_this_thread()
        within = own in self._open
        if not within:
            self._open[own] = _of_this_thread(io, with_this=False)
        waited_for = self._waited_for() if children else NOTHING

        def take_off() -> None:
            now = _of_this_thread(io)
            with self._lock:
                self._beside = plus(self._beside, less(now, self._open[own]))
                self._open[own] = now

        try:
            yield take_off
        finally:
            if not within:
                take_off()
                del self._open[own]
            if children:
                self._take_off_children(waited_for)

    def _waited_for(self) -> Usage:
        """Return what those used that were waited for; of bytes, all but this thread's."""
        bytes_of_others = less(
            io_of(read_open(self._io)), io_of(read_open(self._io_of_this_thread()))
        )
        return plus(of_rusage(resource.getrusage(resource.RUSAGE_CHILDREN)), bytes_of_others)

    def _take_off_children(self, before: Usage) -> None:
        spent = less(self._waited_for(), before)
        if spent.cpu_user + spent.cpu_system + spent.switches_voluntary == 0:
            return
        with self._lock:
            self._beside = plus(self._beside, spent)
        # Of children that were waited for the largest, which is not known apart.
        self._peak_of_children = max(self._peak_of_children, peak_memory_of_children())

    def _io_of_this_thread(self) -> int | None:
        own = threading.get_native_id()
        if own not in self._own_io:
            self._own_io[own] = open_file(f"/proc/self/task/{own}/io")
        return self._own_io[own]

    def take_peak(self) -> int:
        """Return the most memory, in bytes, since this was last asked, or since the beginning.

        It is the largest of what was resident at once of all processes whenever one looked, and
        of what the kernel knows each of them had.
        """
        peak, self._peak = self._peak, 0
        of_children = peak_memory_of_children()
        if of_children > self._peak_of_children:
            self._peak_of_children = of_children
            peak = max(peak, of_children)
        now = self._peak_here()
        if self._forgotten or now > self._peak_before:
            peak = max(peak, now)
        self._forget_peak()
        return peak

    def _forget_peak(self) -> None:
        self._forgotten = forget_peak_memory()
        self._peak_before = self._peak_here()

    def _peak_here(self) -> int:
        text = read_open(self._status)
        place = text.find(b"VmHWM:")
        # What getrusage says has the peak of whoever started this process in it.
        return int(text[place:].split(maxsplit=2)[1]) * 1024 if place >= 0 else peak_memory()

    def close(self) -> None:
        """Let go of what was opened."""
        self._others.close()
        self._descendants.close()
        close_files((self._stat, self._io, self._status, *self._own_io.values()))
        self._stat = self._io = self._status = None
        self._own_io = {}


def _of_this_thread(io: int | None, with_this: bool = True) -> Usage:
    """Return what this thread used so far, `with_this` the bytes that it reads to tell, too."""
    if _RUSAGE_THREAD is None:
        return NOTHING
    text = read_open(io)
    used = plus(of_rusage(resource.getrusage(_RUSAGE_THREAD)), io_of(text))
    return used._replace(read=used.read + len(text)) if with_this else used


def _without_debts(used: Usage) -> Usage:
    """Return a usage of which nothing is less than none.

    Of other threads, time in the kernel was taken off that outside: of a thread that lives, the two
    are known apart in steps of 10 ms only.
    """
    system = used.cpu_system + min(used.cpu_user, 0.0)
    return Usage._make(max(one, 0) for one in used._replace(cpu_system=system))
