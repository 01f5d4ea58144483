"""The end of processes: bringing it about, and putting it into words."""

from __future__ import annotations

import signal
from contextlib import suppress
from multiprocessing.process import BaseProcess

import psutil

__all__ = ["describe_exit", "kill_with_children"]


def kill_with_children(process: BaseProcess) -> None:
    """Kill a process and all that it has started, if it is still there."""
    if process.exitcode is not None:
        return
    children: list[psutil.Process] = []
    with suppress(psutil.Error):
        children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in children:
        with suppress(psutil.Error):
            child.kill()


def describe_exit(code: int | None) -> str:
    """Return in words how a process ended.

    Parameters
    ----------
    code : int or None
        Its exit code, or minus the number of the signal that killed it.
    """
    if code is None:
        return "nobody knows why"
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"killed by signal {-code}"
    hint = "; out of memory?" if -code == signal.SIGKILL else ""
    return f"killed by {name}, signal {-code}{hint}"
