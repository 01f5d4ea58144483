"""The end of processes: bringing it about, and putting it into words.

What jobs start is marked (``icarus.core.marks``), and is found by that wherever it went. Each
process of the pool also leads a session of its own and takes in the orphans among its descendants:
so it knows at no cost whether a job has left anything, and systems without marks know the most.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import active_children, forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from icarus.core import marks, system
from icarus.core.marks import Mark
from icarus.core.processes import children_of

__all__ = ["Family", "Guardian", "describe_exit", "kill_families", "kill_with_children"]

_ROUNDS = 20
"""Looks for processes that were started while others were being killed."""
_PATIENCE = 5.0
"""Seconds that processes are given to end once they were killed."""


class Family:
    """What the jobs of this process start, none of which is to outlive its job.

    Parameters
    ----------
    mark : Mark
        What they are known by.
    """

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._leads = False

    def lead(self) -> None:
        """Have this process do nothing but run jobs: all that it starts is theirs."""
        with suppress(OSError):
            os.setsid()
        system.adopt_orphans()
        self._mark.bear()
        self._leads = True

    @property
    def leads(self) -> bool:
        """Whether this process does nothing but run jobs."""
        return self._leads

    def owns(self, child: int) -> bool:
        """Whether a child of this process was started by a job, as far as the system tells."""
        if self._leads or not marks.known_here():
            return child not in _helpers()
        return marks.bears(child, self._mark)

    @contextmanager
    def of_a_job(self) -> Iterator[None]:
        """Kill what is left of what was started within the context."""
        own = os.getpid()
        if self._leads:
            try:
                yield
            finally:
                self._end(own)
            return
        adopted = system.adopt_orphans()
        try:
            with self._mark.borne():
                yield
        finally:
            self._end(own)
            system.adopt_orphans(adopted)

    def _end(self, own: int) -> None:
        # Not in a process that a job has forked.
        if os.getpid() != own or not _has_children():
            return
        helpers = _helpers()
        mine = self._mark
        left = [
            pid
            for pid in _children()
            if pid not in helpers and (self._leads or marks.bears(pid, mine))
        ]
        if left:
            kill_families([own] if self._leads else [], mine, helpers)
            _stop_forkserver(left)

    def end(self) -> None:
        """Kill all that was started, as this process is about to end itself."""
        kill_families([os.getpid()], self._mark)


def _has_children() -> bool:
    """Whether this process has any children, at the cost of one call of the system."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except OSError:
        return False
    return True


def _children() -> list[int]:
    """Return the children of this process that have not been waited for."""
    try:
        return children_of(os.getpid())
    except OSError:
        return [child.pid for child in psutil.Process().children()]


def _helpers() -> set[int]:
    """Return helpers of multiprocessing that serve all jobs of this process, and end with it."""
    pid = getattr(resource_tracker._resource_tracker, "_pid", None)
    return set() if pid is None else {pid}


def _stop_forkserver(killed: list[int]) -> None:
    """Have multiprocessing know that its fork server, if a job had one started, is gone."""
    server: Any = getattr(forkserver, "_forkserver", None)
    if getattr(server, "_forkserver_pid", None) in killed:
        with suppress(Exception):
            server._stop()


def _members(leaders: Iterable[int], mark: Mark) -> set[psutil.Process]:
    """Return descendants of processes, what is in sessions that they led, and what is marked."""
    leading = set(leaders)
    found: set[psutil.Process] = set()
    children: dict[int, list[psutil.Process]] = defaultdict(list)
    for one in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            children[one.ppid()].append(one)
            if one.pid in leading:
                continue
            if marks.bears(one.pid, mark) or os.getsid(one.pid) in leading:
                found.add(one)
    parents = [*leading, *(one.pid for one in found)]
    while parents:
        new = set(children.pop(parents.pop(), ())) - found
        found |= new
        parents += [one.pid for one in new]
    return {one for one in found if one.pid not in leading}


def kill_families(
    leaders: Iterable[int],
    mark: Mark,
    helpers: Iterable[int] = (),
    known: Iterable[psutil.Process] = (),
) -> None:
    """Kill all that processes have started, also once these are gone themselves, and wait for it.

    Parameters
    ----------
    leaders : iterable of int
        Processes that lead a ``Family``, and are not killed.
    mark : Mark
        That of the families.
    helpers : iterable of int, optional
        Processes that are spared.
    known : iterable of Process, optional
        What was seen to be started by them before.
    """
    leading = {*leaders}
    spared = {os.getpid(), *leading, *helpers}
    killed: set[psutil.Process] = set()
    seen = {*known}
    for _ in range(_ROUNDS):
        seen |= _members(leading, mark)
        new = {one for one in seen if one.pid not in spared} - killed
        if not new:
            break
        for one in new:
            with suppress(psutil.Error):
                one.kill()
        _wait_for(new)
        killed |= new


def _wait_for(killed: Iterable[psutil.Process]) -> None:
    """Wait until processes that were killed have ended, and fetch the exit codes of children."""
    deadline = time.monotonic() + _PATIENCE
    pause = 0.0005
    waiting = list(killed)
    while not all(map(_has_ended, waiting)) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    # Those of multiprocessing are for it to fetch, or it would take them for alive for ever.
    active_children()
    server = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)
    for one in waiting:
        if one.pid != server:
            with suppress(OSError):
                os.waitpid(one.pid, os.WNOHANG)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def kill_with_children(processes: Iterable[BaseProcess], mark: Mark) -> None:
    """Kill processes and all that they have started, if any of it is still there."""
    processes = list(processes)
    pids = [process.pid for process in processes if process.pid is not None]
    # While they live, what they have started is theirs to be seen, where there are no marks.
    family = _members(pids, mark)
    for process in processes:
        process.kill()
    kill_families(pids, mark, known=family)


class Guardian:
    """A process that kills what jobs have started if this one is killed, and cannot.

    Parameters
    ----------
    mark : Mark
        What is to be killed.
    """

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._end: weakref.finalize[[subprocess.Popen[bytes], int], Guardian] | None = None

    def start(self) -> None:
        """Start it, if it is not there; without marks, or a process for it, there is none."""
        if self._end is not None or sys.platform != "linux":
            return
        arguments = map(str, (os.getpid(), self._mark.first, self._mark.count))
        with suppress(OSError), marks.lifted():
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", marks.__file__, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._end = weakref.finalize(self, _dismiss, process, os.getpid())

    def close(self) -> None:
        """End it."""
        if self._end is not None:
            self._end()
            self._end = None


def _dismiss(guardian: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() != owner:
        # It was forked from the process whose guardian it is.
        guardian.returncode = 0
        return
    guardian.kill()
    guardian.wait()


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
