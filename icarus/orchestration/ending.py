"""The end of processes: bringing it about, and putting it into words.

Each process of the pool leads a session of its own, and takes in the orphans among its
descendants. So what a job has started is found while its process lives, and what stayed in the
session, or was seen before, is found when that is gone.
"""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from icarus.core import system

__all__ = ["describe_exit", "kill_families", "kill_with_children", "lead_family", "started_by"]

_ROUNDS = 20
"""Looks for processes that were started while others were being killed."""


def lead_family() -> None:
    """Have this process lead all that it will start."""
    with suppress(OSError):
        os.setsid()
    system.adopt_orphans()


def started_by(pid: int) -> set[psutil.Process]:
    """Return the descendants of a process, where the system tells of them at little cost."""
    found: set[psutil.Process] = set()
    with suppress(OSError, psutil.Error):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                found |= {psutil.Process(int(child))} | started_by(int(child))
    return found


def _members(leaders: Iterable[int]) -> set[psutil.Process]:
    """Return the descendants of processes, and what is in the sessions that they lead or led."""
    leading = set(leaders)
    found: set[psutil.Process] = set()
    children: dict[int, list[psutil.Process]] = defaultdict(list)
    for one in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            children[one.ppid()].append(one)
            if one.pid not in leading and os.getsid(one.pid) in leading:
                found.add(one)
    parents = [*leading, *(one.pid for one in found)]
    while parents:
        new = set(children.pop(parents.pop(), ())) - found
        found |= new
        parents += [one.pid for one in new]
    return found


def kill_families(leaders: Iterable[int], known: Iterable[psutil.Process] = ()) -> None:
    """Kill all that processes have started, also once these are gone themselves.

    Parameters
    ----------
    leaders : iterable of int
        Processes that called ``lead_family``.
    known : iterable of Process, optional
        What was seen to be started by them before.
    """
    leading = set(leaders)
    killed = {psutil.Process()}
    new = (set(known) | _members(leading)) - killed
    for _ in range(_ROUNDS):
        for one in new:
            with suppress(psutil.Error):
                one.kill()
        if not new:
            return
        killed |= new
        new = _members(leading) - killed


def kill_with_children(
    processes: Iterable[BaseProcess], known: Iterable[psutil.Process] = ()
) -> None:
    """Kill processes and all that they have started, if any of it is still there."""
    processes = list(processes)
    pids = [process.pid for process in processes if process.pid is not None]
    # While they live, what they have started is theirs to be seen.
    family = {*known, *_members(pids)}
    for process in processes:
        process.kill()
    kill_families(pids, family)


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
