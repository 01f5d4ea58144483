"""One writer of a journal at a time, on all machines that share the folder.

The lock is of POSIX: the system lets go of it when its holder dies, however it does, and
processes that the holder started do not inherit it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import threading
import time
from contextlib import suppress
from pathlib import Path

from icarus.errors import JournalError

__all__ = ["Lock", "is_held"]

_PATIENCE = 0.5
"""Seconds to try for: somebody who only looks whether it is held holds it for a moment."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

_ours: set[str] = set()
"""Locks of this process, against which those of POSIX do not protect."""
_guard = threading.Lock()


def _lock_file(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}-lock")


class Lock:
    """The right to write a journal, held from the start until ``release``.

    Parameters
    ----------
    journal : Path
        The folder must be there.

    Raises
    ------
    JournalError
        If another run holds it, which the message names, or the folder cannot be written to.
    """

    def __init__(self, journal: Path) -> None:
        self.path = _lock_file(journal.absolute())
        self._journal = journal
        self._name = os.fspath(self.path.parent.resolve() / self.path.name)
        with _guard:
            if self._name in _ours:
                raise JournalError(
                    f"{journal}: another campaign of this process (pid {os.getpid()} on "
                    f"{platform.node()}) is writing it"
                )
            _ours.add(self._name)
        try:
            self._descriptor = self._acquire()
        except BaseException:
            _ours.discard(self._name)
            raise

    def _acquire(self) -> int:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as error:
                raise JournalError(
                    f"{self._journal}: the journal cannot be written: {error.strerror}"
                ) from error
            # Its last holder may have removed the file while we waited for it.
            if self._try(descriptor, deadline) and self._is_current(descriptor):
                holder = {"pid": os.getpid(), "host": platform.node()}
                os.ftruncate(descriptor, 0)
                with suppress(OSError):  # a full disk; it only names the holder
                    os.write(descriptor, json.dumps(holder).encode())
                return descriptor
            os.close(descriptor)

    def _try(self, descriptor: int, deadline: float) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                os.close(descriptor)
                raise JournalError(
                    f"{self._journal}: this file system offers no locks, without which two runs "
                    f"could write one journal; name a place on another with -r FILE, or run with "
                    f"--no-journal"
                ) from error
            if time.monotonic() < deadline:
                time.sleep(0.02)
                return False
            text = _holder(descriptor)
            os.close(descriptor)
            raise JournalError(
                f"{self._journal}: another run is writing it{text}; wait for it, stop it, or "
                f"name another results file with -r FILE"
            ) from None
        return True

    def _is_current(self, descriptor: int) -> bool:
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        ours = os.fstat(descriptor)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def release(self) -> None:
        """Let another run write the journal."""
        with suppress(OSError):
            # While it is held, so that nobody else is just locking this very file.
            if self._is_current(self._descriptor):
                self.path.unlink()
        with suppress(OSError):
            os.close(self._descriptor)
        _ours.discard(self._name)


def _holder(descriptor: int) -> str:
    try:
        facts = json.loads(os.pread(descriptor, 1000, 0))
        return f" (pid {facts['pid']} on {facts['host']})"
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def is_held(journal: Path) -> bool | None:
    """Return whether a run is writing a journal; None where that cannot be found out."""
    path = _lock_file(journal.absolute())
    if os.fspath(path.parent.resolve() / path.name) in _ours:
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _NO_LOCKS else True
    finally:
        os.close(descriptor)
    return False
