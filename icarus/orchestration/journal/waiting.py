"""Waiting for another program that has locked a journal, not for ever, and saying which it is."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from icarus.errors import JournalError
from icarus.plaintext import one_line

__all__ = ["PATIENCE", "SQLITE_WAITS", "is_busy", "locked", "patiently"]

logger = logging.getLogger("journal")

PATIENCE = 20.0
"""Seconds after which another program's lock is waited for no longer."""
SQLITE_WAITS = 0.5
"""Seconds that SQLite itself tries for, in which no signal is heeded."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_COMMAND_SHOWN = 100

T = TypeVar("T")


def is_busy(error: Exception) -> bool:
    """Return whether SQLite complains that another program has locked the database."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _BUSY


def patiently(path: Path, action: Callable[[], T]) -> T:
    """Do something to a database for which nobody else may have it locked; return what it gives.

    Raises
    ------
    JournalError
        If it is still locked after ``PATIENCE`` seconds; the message says by whom.
    """
    began = time.monotonic()
    said = False
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            waited = time.monotonic() - began
            if waited >= PATIENCE:
                raise locked(path, f", still after {waited:.0f} s") from error
        if not said:
            said = True
            text = "%s: %s has locked it; waiting for it, for up to %.0f s"
            logger.warning(text, path, _culprit(path), PATIENCE)


def locked(path: Path, since: str = "") -> JournalError:
    """Return the error that tells who has locked a journal."""
    return JournalError(
        f"{path}: {_culprit(path)} has locked the journal{since}; end that program, or what it is "
        f"doing to the journal, and run the same command again"
    )


def _culprit(path: Path) -> str:
    found = list(_holders(path))
    if not found:
        return "another program, here or on another machine,"
    return " and ".join(f"process {pid} ({_command(pid)})" for pid in found)


def _holders(path: Path) -> Iterator[int]:
    """Yield the processes that keep others from a database, as the kernel's list of locks has them.

    The file is not opened to ask for its locks: closing it would let go of all that SQLite has on
    it in this process.
    """
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    files = []
    # Where writes go to a log of their own, the right to write is locked in the shared memory.
    for name in (f"{path.name}-shm", path.name):
        with suppress(OSError):
            files.append(path.with_name(name).stat())
    locks = [fields for line in lines if len(fields := line.split()) == 8 and fields[1] == "POSIX"]
    for modes in ({"WRITE"}, {"READ"}):
        pids = {
            int(fields[4])
            for fields in locks
            if fields[3] in modes and any(_is_of(fields, file) for file in files)
        }
        pids -= {os.getpid(), 0, -1}
        if pids:
            yield from sorted(pids)
            return


def _is_of(fields: list[str], file: os.stat_result) -> bool:
    major, minor, inode = fields[5].split(":")
    if int(inode) != file.st_ino:
        return False
    here = (int(major, 16), int(minor, 16)) == (os.major(file.st_dev), os.minor(file.st_dev))
    return here or _has_open(int(fields[4]), file)


def _has_open(pid: int, file: os.stat_result) -> bool:
    """Whether a process has a file open; some file systems have two numbers for one device."""
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(descriptor.stat(), file):
                    return True
    return False


def _command(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "of another user"
    return one_line(os.fsdecode(raw.replace(b"\0", b" ")), _COMMAND_SHOWN) or "no command"
