"""What jobs print, and what is kept of it.

Output is caught where it leaves the process, so that C code and started programs are heard too.
It goes to a file in memory and not through a pipe: nobody has to read it for a job to go on, and
it is there when the process was killed.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from icarus.core import system
from icarus.core.memoryfile import MemoryFile

__all__ = ["Capture", "Output", "flush", "print_into"]

_KEPT = 50_000
"""Bytes of the beginning and of the end of a job's output that are kept."""
_SLACK = 1 << 20
"""Bytes in between that may take up memory until they are given back."""
_LOOK = 0.2
"""Seconds between two looks at how much there is."""
_PAGE = 4096


class Output:
    """What one job at a time has printed.

    Raises
    ------
    OSError
        If there is no memory for it.
    """

    def __init__(self) -> None:
        self.file = MemoryFile("icarus-output")
        flags = fcntl.fcntl(self.file.fd, fcntl.F_GETFL)
        fcntl.fcntl(self.file.fd, fcntl.F_SETFL, flags | os.O_APPEND)
        self._forgotten = 0
        self._over = threading.Event()

    def __getstate__(self) -> Any:
        return self.file

    def __setstate__(self, file: MemoryFile) -> None:
        self.file = file
        self._forgotten = 0
        self._over = threading.Event()

    def clear(self) -> None:
        """Forget what was printed so far."""
        os.ftruncate(self.file.fd, 0)
        self._forgotten = 0

    def trim(self) -> None:
        """Give back the memory of what will not be kept."""
        first = -(-_KEPT // _PAGE) * _PAGE
        last = (os.fstat(self.file.fd).st_size - _KEPT) // _PAGE * _PAGE
        if last - max(first, self._forgotten) > _SLACK:
            with suppress(OSError):
                system.forget_range(self.file.fd, first, last - first)
            self._forgotten = last

    def text(self) -> str:
        """Return the beginning and the end, and how much was left out in between."""
        size = os.fstat(self.file.fd).st_size
        if size <= 2 * _KEPT:
            return self._part(0, size)
        left_out = f"\n[... {size - 2 * _KEPT:,} bytes left out ...]\n"
        return self._part(0, _KEPT) + left_out + self._part(size - _KEPT, _KEPT)

    def start_trimming(self) -> None:
        """Have ``trim`` called now and then, until ``close`` is.

        For jobs of this process, during which nobody else is there to do it.
        """
        thread = threading.Thread(target=self._keep_trimming, name="output", daemon=True)
        # Where no more threads are to be had, it can do without.
        with suppress(RuntimeError):
            thread.start()

    def _keep_trimming(self) -> None:
        with suppress(OSError):
            while not self._over.wait(_LOOK):
                self.trim()

    def close(self) -> None:
        """Forget everything."""
        self._over.set()
        self.file.close()

    def _part(self, first: int, size: int) -> str:
        return os.pread(self.file.fd, size, first).decode("utf-8", "backslashreplace")


def _printer(fd: int) -> TextIO:
    return open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def flush() -> None:
    """Have all that was printed leave this process."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    system.flush_stdio()


def print_into(output: Output) -> None:
    """Have all that this process prints from now on go to `output`."""
    flush()
    for fd in (1, 2):
        os.dup2(output.file.fd, fd)
    sys.stdout, sys.stderr = _printer(1), _printer(2)


_ASKS_FOR_INPUT = frozenset({"read", "readline", "readlines", "buffer", "fileno", "detach"})


class _Input:
    """Standard input of a job, which gives it the terminal back as soon as it asks for input.

    That is what a debugger does; its prompt was printed before, and is shown then.
    """

    def __init__(self, real: Any, asked: Callable[[], None]) -> None:
        self._real = real
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        if name in _ASKS_FOR_INPUT:
            self._asked()
        return getattr(self._real, name)

    def __iter__(self) -> Any:
        self._asked()
        return iter(self._real)


class Capture:
    """Has all that this process prints go to a place of its own while the context lasts.

    Parameters
    ----------
    output : Output
        Where it goes; what is there is forgotten.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._active = False
        self._before: tuple[Any, ...] = ()
        self._saved: dict[int, int | None] = {}
        self._printer: TextIO = sys.stdout

    def __enter__(self) -> Capture:
        self._output.clear()
        flush()
        self._before = sys.stdin, sys.stdout, sys.stderr, sys.breakpointhook
        for fd in (1, 2):
            self._saved[fd] = None
            # A daemon may have closed it.
            with suppress(OSError):
                self._saved[fd] = os.dup(fd)
        # A number of its own, which can be led elsewhere.
        self._printer = _printer(os.dup(self._output.file.fd))
        # Kept here too: `input` of Python up to 3.12 crashes if what it reads from is replaced
        # and freed while it is asked for its number.
        self._input = sys.stdin = _Input(sys.stdin, self.release)
        sys.stdout = sys.stderr = self._printer
        sys.breakpointhook = self._break
        self._begin()
        return self

    def _begin(self) -> None:
        self._active = True
        for fd in self._saved:
            os.dup2(self._output.file.fd, fd)

    def _end(self) -> None:
        flush()
        self._active = False
        for fd, saved in self._saved.items():
            if saved is not None:
                os.dup2(saved, fd)
            else:
                os.close(fd)

    def __exit__(self, *raised: Any) -> None:
        if self._active:
            self._end()
        sys.stdin, sys.stdout, sys.stderr, sys.breakpointhook = self._before
        for fd in (*self._saved.values(), self._printer.fileno()):
            if fd is not None:
                os.close(fd)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have what is printed within the context go where it did before."""
        if not self._active:
            yield
            return
        streams = sys.stdin, sys.stdout, sys.stderr
        self._end()
        sys.stdin, sys.stdout, sys.stderr, _ = self._before
        try:
            yield
        finally:
            flush()
            sys.stdin, sys.stdout, sys.stderr = streams
            self._begin()

    def release(self) -> None:
        """Show what was printed, and have all that follows go where it did before."""
        if not self._active:
            return
        self._end()
        sys.stdin = self._before[0]
        sys.breakpointhook = self._before[3]
        terminal = self._saved[1]
        if terminal is not None:
            # A debugger keeps the stream that it found.
            os.dup2(terminal, self._printer.fileno())
            os.write(terminal, self._output.text().encode("utf-8", "backslashreplace"))
        if sys.stdout is self._printer:
            sys.stdout = self._before[1]
        if sys.stderr is self._printer:
            sys.stderr = self._before[2]

    def _break(self, *args: Any, **kwargs: Any) -> Any:
        self.release()
        return sys.breakpointhook(*args, **kwargs)
