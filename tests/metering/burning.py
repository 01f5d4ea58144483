"""Work of a known size, for what meters it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable


def burn(seconds: float) -> None:
    """Use the processor for some seconds of it, by this thread."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(500))


def start(work: Callable[[], object]) -> int:
    """Do work in a process that is forked, and return its id."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def finish(pid: int) -> resource.struct_rusage:
    """Wait for a process and return what the kernel says that it used."""
    _, status, used = os.wait4(pid, 0)
    assert status == 0
    return used
