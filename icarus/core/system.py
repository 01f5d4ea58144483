"""What Linux lets a process ask of it that Python has no names for; nothing elsewhere."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from typing import Any

__all__ = ["adopt_orphans", "end_with_parent", "flush_stdio", "forget_range"]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
_FALLOC_FL_KEEP_SIZE = 1
_FALLOC_FL_PUNCH_HOLE = 2


@functools.cache
def _libc() -> Any:
    try:
        return ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None


def _linux() -> bool:
    return sys.platform == "linux" and _libc() is not None


def adopt_orphans(adopt: bool = True) -> bool:
    """Have descendants whose parent ends become children of this process, or no longer.

    Returns
    -------
    bool
        Whether they did before.
    """
    if not _linux():
        return False
    before = ctypes.c_int()
    _libc().prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    _libc().prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)
    return bool(before.value)


def end_with_parent(signum: int) -> None:
    """Have the system send this process a signal when its parent ends."""
    if _linux():
        _libc().prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)


def flush_stdio() -> None:
    """Have the C library write out what it has buffered."""
    if _libc() is not None:
        _libc().fflush(None)


def forget_range(fd: int, first: int, size: int) -> None:
    """Give back the memory of a range of an open file, which reads as zeros from then on.

    Raises
    ------
    OSError
        If the file cannot do that.
    """
    if not _linux():
        raise OSError("only Linux can")
    mode = _FALLOC_FL_PUNCH_HOLE | _FALLOC_FL_KEEP_SIZE
    off = ctypes.c_int64
    if _libc().fallocate(fd, mode, off(first), off(size)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
