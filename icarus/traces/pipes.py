"""Opening files, and pipes whose bytes can be read only once.

Nothing here waits for long: a pipe that nobody opens for writing is an error, and devices, which
may never end, are not read.
"""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import time
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO

from icarus.errors import TraceError

__all__ = ["OnePassFile", "is_pipe", "kind_of_file", "open_file"]

_BUFFER = 2**17
_KEPT = 2**24
"""Bytes of a pipe that are kept, so that its start can be looked at before it is read."""
_WRITER_WAIT = 10.0
"""Seconds within which something must open a pipe for writing."""


def open_file(path: str | PathLike[str]) -> BinaryIO:
    """Open a file, or the reading end of a pipe, for reading bytes.

    Raises
    ------
    OSError
        If it cannot be opened, or is neither.
    TraceError
        On reading a pipe that nothing writes to.
    """
    try:
        # Opening a pipe without this flag waits for another process to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(errno.EINVAL, f"no file can have this name ({error})") from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    if stat.S_ISFIFO(mode):
        return io.BufferedReader(_Pipe(path, descriptor), _BUFFER)
    os.close(descriptor)
    raise OSError(errno.EINVAL, kind_of_file(path) or "this is no file")


def is_pipe(path: str | PathLike[str]) -> bool:
    """Whether there is a pipe of this name."""
    try:
        return stat.S_ISFIFO(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def kind_of_file(path: str | PathLike[str]) -> str | None:
    """Return what `path` is, or None for a file, a pipe and what is not there."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
        return None
    if stat.S_ISDIR(mode):
        return "this is a folder; a file is needed"
    kind = "a socket" if stat.S_ISSOCK(mode) else "a device"
    return f"this is {kind}; a file is needed"


class _Pipe(io.RawIOBase):
    """The reading end of a pipe."""

    def __init__(self, path: str | PathLike[str], descriptor: int) -> None:
        super().__init__()
        self._path = path
        self._descriptor = descriptor
        self._has_writer = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        end = time.monotonic() + _WRITER_WAIT
        while True:
            try:
                n = os.readv(self._descriptor, [buffer])
            except BlockingIOError:
                # There is a writer, which may take its time.
                self._has_writer = True
                select.select([self._descriptor], [], [])
                continue
            if n or self._has_writer or not self._is_named():
                self._has_writer = True
                return n
            if self._writer_came_and_went():
                return 0
            if time.monotonic() > end:
                raise TraceError(
                    self._path,
                    f"this is a pipe that nothing has written to within {_WRITER_WAIT:g} s",
                )

    def _is_named(self) -> bool:
        """Whether it has a name by which others could open it, unlike those that a shell makes."""
        return Path(os.path.realpath(self._path)).exists()

    def _writer_came_and_went(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return any(event & select.POLLHUP for _, event in poll.poll(50))

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


class OnePassFile(PathLike[str]):
    """A pipe whose start may be looked at before it is read.

    Parameters
    ----------
    path : str or path-like
        Its name.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = fspath(path)
        self._pipe: BinaryIO | None = None
        self._kept: bytearray | None = bytearray()
        self._n_read = 0

    def __fspath__(self) -> str:
        return self._path

    def open(self) -> BinaryIO:
        """Return a file that begins at the first byte; TraceError where that is no longer there."""
        return io.BufferedReader(_Replay(self), _BUFFER)

    def read(self, start: int, n: int) -> bytes:
        """Return up to `n` bytes from `start` on."""
        if start < self._n_read:
            if self._kept is None:
                raise TraceError(
                    self._path, "a pipe can be read only once; write what it gives to a file first"
                )
            return bytes(self._kept[start : start + n])
        if self._pipe is None:
            self._pipe = open_file(self._path)
        data: bytes = self._pipe.read1(n)  # type: ignore[attr-defined]
        self._n_read += len(data)
        if self._kept is not None:
            self._kept += data
            if len(self._kept) > _KEPT:
                self._kept = None
        return data


class _Replay(io.RawIOBase):
    """A pipe read from its first byte."""

    def __init__(self, file: OnePassFile) -> None:
        super().__init__()
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
