"""What the system knows of processes: their children, and the most memory that this one had."""

from __future__ import annotations

import os
import resource
import sys

__all__ = ["children_of", "forget_peak_memory", "peak_memory", "peak_memory_of_children"]

_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes that a resident set is counted in."""

_forgotten = 0
"""Bytes that were the peak when it was last forgotten."""


def children_of(pid: int) -> list[int]:
    """Return the children of a process that have not been waited for; none if it has ended.

    A process costs 0.04 ms, and more with many threads: any of these may have started some.

    Raises
    ------
    OSError
        If the system does not tell; psutil finds them then, by looking at all processes.
    """
    folder = f"/proc/{pid}/task"
    found: list[int] = []
    try:
        threads = os.listdir(folder)  # noqa: PTH208 - quicker
    except (FileNotFoundError, ProcessLookupError):
        if pid == os.getpid():
            raise
        return found
    for thread in threads:
        try:
            with open(f"{folder}/{thread}/children", "rb", buffering=0) as file:  # noqa: PTH123
                text = file.read()
        except (FileNotFoundError, ProcessLookupError):
            if thread == str(os.getpid()):
                raise
            continue
        found += map(int, text.split())
    return found


def peak_memory() -> int:
    """Return the most memory that this process had resident so far, in bytes."""
    return max(_forgotten, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT)


def peak_memory_of_children() -> int:
    """Return the most memory that any process had that was waited for, in bytes."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT


def forget_peak_memory() -> bool:
    """Have the system begin anew with the most memory that this process had resident.

    ``peak_memory`` still has the peak of before. The system's own figure, ``VmHWM``, then is that
    of the time since.

    Returns
    -------
    bool
        Whether the system does that: Linux, unless ``/proc`` is read-only.
    """
    global _forgotten
    before = peak_memory()
    try:
        with open("/proc/self/clear_refs", "wb", buffering=0) as file:  # noqa: PTH123 - quicker
            file.write(b"5")
    except OSError:
        return False
    _forgotten = before
    return True


def _forked() -> None:
    global _forgotten
    _forgotten = 0


os.register_at_fork(after_in_child=_forked)
