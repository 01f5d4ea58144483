"""Files beside a journal that SQLite would take for its own, and which of them are.

Their names are fixed, so that anybody who hands over a journal may have put something there: a
rollback journal that names a file for SQLite to remove, a link to a file that it would overwrite.
"""

from __future__ import annotations

import os
import stat
import struct
from contextlib import suppress
from pathlib import Path

from icarus.errors import JournalError

__all__ = ["BESIDE", "PAGE_SIZE", "aside", "put_foreign_aside", "real_place", "refuse_foreign"]

BESIDE = ("-wal", "-shm", "-journal")
"""Ends of the names of files that SQLite keeps beside a database."""

PAGE_SIZE = 4096
"""Bytes of a page; salvage reads a damaged file by pages of this size."""
_ROLLBACK_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_LOG_MAGIC = (0x377F0682, 0x377F0683)
_FORMAT = 3007000
"""Of logs of writes and of their indices; what follows the magic of the one, begins the other."""
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
)


def real_place(path: Path) -> Path:
    """Return the journal that a link leads to; SQLite keeps its files beside that one."""
    return path.resolve() if path.is_symlink() else path


def aside(path: Path) -> Path:
    """Return a name beside `path` that is not taken."""
    number = 1
    while os.path.lexists(candidate := path.with_name(f"{path.name}.{number}")):
        number += 1
    return candidate


def refuse_foreign(path: Path, *, writable: bool) -> None:
    """Make sure that SQLite, told to open a journal, touches nothing that is not its own.

    Raises
    ------
    JournalError
        If it would.
    """
    for end in BESIDE:
        beside = path.with_name(path.name + end)
        try:
            status = beside.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise JournalError(f"{beside}: cannot be looked at: {error.strerror}") from error
        if not stat.S_ISREG(status.st_mode):
            what = next((name for is_it, name in _KINDS if is_it(status.st_mode)), "no file")
            raise JournalError(
                f"{beside}: is {what}, which no run leaves beside a journal; look where it comes "
                f"from and move it away"
            )
    if writable and (fault := _fault_of_rollback(path.with_name(f"{path.name}-journal"))):
        raise JournalError(
            f"{path}-journal: {fault}, so that no run of Icarus left it, and SQLite would act on "
            f"it; look where it comes from and move it away"
        )
    index = path.with_name(f"{path.name}-shm")
    if not writable and not _is_index(index):
        raise JournalError(f"{index}: is no file of SQLite's; move it away")


def put_foreign_aside(path: Path) -> list[str]:
    """Rename what SQLite would overwrite though it is no file of its own; say what was renamed.

    Such as a log of writes whose beginning is damaged.
    """
    notes = []
    for end, is_ours in (("-wal", _is_log), ("-shm", _is_index)):
        beside = path.with_name(path.name + end)
        if beside.is_file() and not beside.is_symlink() and not is_ours(beside):
            target = aside(beside)
            with suppress(OSError):
                beside.rename(target)
                notes.append(f"{beside}: damaged, or no file of SQLite's; moved to {target}")
    return notes


def _head(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def _fault_of_rollback(path: Path) -> str | None:
    """Return what is wrong with a rollback journal; None if it is as SQLite leaves ours.

    Of one database by itself, it never names the file of a transaction over several, which
    SQLite removes.
    """
    head = _head(path, 28)
    if not head.strip(b"\0"):
        # It is not there, or was ended, and SQLite takes no notice of it.
        return None
    if len(head) < 28 or head[:8] != _ROLLBACK_MAGIC:
        return "is not SQLite's"
    sector, page = struct.unpack(">II", head[20:28])
    if page != PAGE_SIZE or not 32 <= sector <= 65536 or sector & (sector - 1):
        return "is of another database"
    with path.open("rb") as file:
        file.seek(-8, os.SEEK_END)
        return "names another file to be removed" if file.read(8) == _ROLLBACK_MAGIC else None


def _is_log(path: Path) -> bool:
    head = _head(path, 12)
    if len(head) < 12 or not head.strip(b"\0"):
        return not head.strip(b"\0")
    magic, version, page = struct.unpack(">III", head)
    return magic in _LOG_MAGIC and version == _FORMAT and page == PAGE_SIZE


def _is_index(path: Path) -> bool:
    head = _head(path, 4)
    return not head.strip(b"\0") or head == struct.pack("=I", _FORMAT)
