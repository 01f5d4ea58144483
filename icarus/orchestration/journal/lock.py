"""One writer of a journal at a time, on all machines that share the folder.

The lock is of POSIX: the system lets go of it when its holder dies, however it does, and
processes that the holder started do not inherit it. It is on a file beside the journal, which all
machines see that share the folder, and where the system can, on the journal itself too: the same
journal may be reached by other names, such as hard links and mounts.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from icarus.errors import JournalError
from icarus.orchestration.journal.beside import real_place

__all__ = ["Lock", "is_held"]

_PATIENCE = 0.5
"""Seconds to try for: somebody who only looks whether it is held holds it for a moment."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

_HEAD = b'{"pid": '
"""What the file of a lock begins with; it names the holder."""

_ours: set[str | tuple[int, int]] = set()
"""Locks of this process, against which those of POSIX do not protect, and journals it writes."""
_guard = threading.Lock()

_BY_INODE = sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLK")
"""Whether a file can be locked so that SQLite, which closes it, does not let go of the lock."""
_BEYOND = 2**62
"""Where in the journal the lock is: far behind all that SQLite reads or locks."""
_on_journals: set[int] = set()
"""Descriptors of journals that are locked."""


def _close_inherited() -> None:
    """Let go of a parent's locks on journals, which unlike others are inherited."""
    _ours.clear()
    for descriptor in _on_journals:
        with suppress(OSError):
            os.close(descriptor)
    _on_journals.clear()


os.register_at_fork(after_in_child=_close_inherited)


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
        journal = real_place(journal)
        self.path = _lock_file(journal.absolute())
        self._journal = journal
        self._inode: tuple[int, int] | None = None
        self._on_journal: int | None = None
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
            try:
                self.follow()
            except BaseException:
                self._let_go()
                raise
        except BaseException:
            _ours.discard(self._name)
            raise

    def _acquire(self) -> int:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
                descriptor = os.open(self.path, flags, 0o666)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise self._foreign() from error
                raise JournalError(
                    f"{self._journal}: the journal cannot be written: {error.strerror}"
                ) from error
            self._require_lock_file(descriptor)
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

    def _require_lock_file(self, descriptor: int) -> None:
        """Overwrite nothing that somebody else put where the lock's file is to be."""
        try:
            head = os.pread(descriptor, len(_HEAD), 0)
        except OSError:
            ours = False
        else:
            # Its holder may be just writing it, or have had no room on the disk for all of it.
            ours = _HEAD.startswith(head) or not head.strip(b"\0")
        if not ours:
            os.close(descriptor)
            raise self._foreign()

    def _foreign(self) -> JournalError:
        return JournalError(
            f"{self.path}: is no lock of a run's; look where it comes from and move it away"
        )

    def follow(self) -> None:
        """Hold the journal itself, which may be another file than before, under all its names.

        Raises
        ------
        JournalError
            If another run holds it.
        """
        try:
            status = self._journal.stat()
        except OSError:
            return
        inode = status.st_dev, status.st_ino
        if inode == self._inode:
            return
        with _guard:
            if inode in _ours:
                raise JournalError(
                    f"{self._journal}: another campaign of this process is writing it, under "
                    f"another name"
                )
            descriptor = self._lock_journal()
            _ours.add(inode)
        self._let_go_of_journal()
        self._inode, self._on_journal = inode, descriptor

    def _lock_journal(self) -> int | None:
        if not _BY_INODE:
            return None
        try:
            descriptor = os.open(self._journal, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            # What is wrong with it is said when it is opened as a database.
            return None
        deadline = time.monotonic() + _PATIENCE
        while not _lock_inode(descriptor):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise JournalError(
                    f"{self._journal}: another run is writing it, under another name of the file; "
                    f"wait for it, stop it, or name another results file with -r FILE"
                )
            time.sleep(0.02)
        _on_journals.add(descriptor)
        return descriptor

    def _let_go_of_journal(self) -> None:
        if self._inode is not None:
            _ours.discard(self._inode)
        if self._on_journal in _on_journals:
            _on_journals.remove(self._on_journal)
            with suppress(OSError):
                os.close(self._on_journal)
        self._inode = self._on_journal = None

    def release(self) -> None:
        """Let another run write the journal."""
        self._let_go()
        _ours.discard(self._name)

    def _let_go(self) -> None:
        self._let_go_of_journal()
        with suppress(OSError):
            # While it is held, so that nobody else is just locking this very file.
            if self._is_current(self._descriptor):
                self.path.unlink()
        with suppress(OSError):
            os.close(self._descriptor)


def _lock_inode(descriptor: int) -> bool:
    """Lock a journal for all who open it by whatever name; False if somebody has."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _inode_lock())
    except OSError as error:
        return error.errno in _NO_LOCKS
    return True


def _inode_lock() -> bytes:
    # struct flock of Linux
    return struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _BEYOND, 1, 0)


def _is_held_by_inode(journal: Path) -> bool:
    try:
        status = journal.stat()
        if (status.st_dev, status.st_ino) in _ours:
            return True
        if not _BY_INODE:
            return False
        descriptor = os.open(journal, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _inode_lock())
        return bool(struct.unpack_from("h", answer)[0] != fcntl.F_UNLCK)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    try:
        facts = json.loads(os.pread(descriptor, 1000, 0))
        return f" (pid {facts['pid']} on {facts['host']})"
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def is_held(journal: Path) -> bool | None:
    """Return whether a run is writing a journal; None where that cannot be found out."""
    journal = real_place(journal)
    path = _lock_file(journal.absolute())
    if os.fspath(path.parent.resolve() / path.name) in _ours:
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return _is_held_by_inode(journal)
    except OSError:
        return None
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _NO_LOCKS else True
    finally:
        os.close(descriptor)
    return _is_held_by_inode(journal)
