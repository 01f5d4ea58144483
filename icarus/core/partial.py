"""Files written in one step: complete, or as they were before, whenever the process dies.

What is written goes to a file beside, which then takes the place of the other. A process that is
killed meanwhile leaves it there; whoever writes the same file next removes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["leftovers", "partial_name", "remove_leftovers", "replaced"]

_PARTIAL = "partial"
_LONGEST = 200
"""Bytes of a name up to which others are made of it; file systems allow 255."""


def partial_name(target: Path, kind: str = _PARTIAL) -> Path:
    """Return where this process writes what is to become `target`."""
    return target.with_name(f".{_stem(target)}.{os.getpid()}.{kind}")


def _stem(target: Path) -> str:
    raw = os.fsencode(target.name)
    return target.name if len(raw) <= _LONGEST else hashlib.blake2b(raw, digest_size=16).hexdigest()


def leftovers(target: Path, ends: str = _PARTIAL) -> list[Path]:
    """Return the files of ours beside `target` that it was to be made of, by whichever process.

    Parameters
    ----------
    target : Path
    ends : str, optional
        A regular expression for what follows the number of the process.
    """
    pattern = re.compile(rf"\.{re.escape(_stem(target))}\.\d+\.(?:{ends})")
    found = []
    with suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
                    found.append(Path(entry.path))
    return found


def remove_leftovers(target: Path) -> None:
    """Remove what processes left that were killed while they wrote `target`.

    A file that is being written is locked by its writer, on whatever machine that is.
    """
    for path in set(leftovers(target)) - {partial_name(target)}:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(descriptor)


@contextmanager
def replaced(target: Path) -> Iterator[BinaryIO]:
    """Give a file to write to that takes the place of `target` at the end of the context.

    If the context is left by an exception, `target` is untouched.

    Parameters
    ----------
    target : Path
        Its folder must be there.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    remove_leftovers(target)
    partial = partial_name(target)
    try:
        with _made(partial) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            partial.replace(target)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _made(partial: Path) -> BinaryIO:
    """Return a new file that is locked while it is open."""
    while True:
        # That of an earlier process with the same number, or what somebody put there.
        partial.unlink(missing_ok=True)
        file = partial.open("xb")
        with suppress(OSError):
            # Where a file system has no locks, nothing that was left is removed either.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_nlink:
            return file
        # Somebody removed it as left over before it was locked.
        file.close()


def _sync_folder(folder: Path) -> None:
    """Have the file system remember the rename itself, where it can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
