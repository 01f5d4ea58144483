"""One process of the system: started, its output read or written to files, ended with its group."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import anyio
from anyio import to_thread

from icarus.control.guard import Guard
from icarus.core.launch import launching
from icarus.core.marks import Mark

__all__ = ["Description", "RunningProcess"]

_PIECE = 2**16
_LAST_WORDS = 1.0
"""Seconds for the output to end once the process has, which others may hold open."""

_waiting = anyio.CapacityLimiter(float("inf"))


class Description(NamedTuple):
    """What is to be run."""

    command: str | Sequence[str]
    cwd: Path
    env: dict[str, str]
    stdin: Path | None
    outputs: tuple[Path | None, ...]
    """Where standard output and errors go; None is nowhere."""
    mode: str
    """How these are opened."""


class RunningProcess:
    """A process that leads a group of its own.

    Parameters
    ----------
    popen : Popen
    mark : Mark or None
    pipes : list of (file, file)
        Those that it writes into, with where that goes.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        mark: Mark | None,
        pipes: list[tuple[IO[bytes], IO[bytes] | None]],
    ) -> None:
        self._popen = popen
        self._mark = mark
        self.pipes = pipes
        self._open = len(pipes)
        self._drained = anyio.Event()
        self.pid = popen.pid

    @classmethod
    def begin(cls, what: Description, guard: Guard, *, reads: bool) -> RunningProcess:
        """Start it; called in a thread.

        Parameters
        ----------
        what : Description
        guard : Guard
        reads : bool
            Whether its output comes here, and not into the files at once, which costs it less.

        Raises
        ------
        OSError
            If it cannot be started.
        """
        guard.start()
        with ExitStack() as own, ExitStack() as files:
            targets = [
                None if path is None else own.enter_context(path.open(what.mode))
                for path in what.outputs
            ]
            stdin: Any = subprocess.DEVNULL
            if what.stdin is not None:
                stdin = files.enter_context(what.stdin.open("rb"))
            mark = guard.new_mark()
            popen = _launched(
                what,
                None if mark is None else mark.first,
                stdin=stdin,
                stdout=_place(targets[0], reads),
                stderr=_place(targets[1], reads),
            )
            pipes = []
            if reads:
                # They are closed once the output has been read.
                own.pop_all()
                for pipe, target in zip((popen.stdout, popen.stderr), targets, strict=True):
                    assert pipe is not None
                    os.set_blocking(pipe.fileno(), False)
                    pipes.append((pipe, target))
        return cls(popen, mark, pipes)

    async def pump(
        self, pipe: IO[bytes], target: IO[bytes] | None, told: Callable[[bytes], Any]
    ) -> None:
        """Read one of the outputs to its end."""
        try:
            while True:
                await anyio.wait_readable(pipe)
                piece = os.read(pipe.fileno(), _PIECE)
                if not piece:
                    break
                if target is not None:
                    target.write(piece)
                    # Whoever follows the trace is to see it now.
                    target.flush()
                told(piece)
        finally:
            pipe.close()
            if target is not None:
                target.close()
            self._open -= 1
            if not self._open:
                self._drained.set()

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code, or minus the number of a signal."""
        return await to_thread.run_sync(self._popen.wait, abandon_on_cancel=True, limiter=_waiting)

    async def drained(self) -> None:
        """Wait until its output was read, but not for long on others that hold it open."""
        if self.pipes:
            with anyio.move_on_after(_LAST_WORDS):
                await self._drained.wait()
            # Once is enough.
            self._drained.set()

    def signal(self, number: int) -> None:
        """Send a signal to it and its group, if any of it is left."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def end_family(self, guard: Guard) -> None:
        """Kill what is left of its group, and what has left that; called in a thread."""
        self.signal(signal.SIGKILL)
        guard.kill(self._mark)


def _launched(what: Description, mark: int | None, **streams: Any) -> subprocess.Popen[bytes]:
    """Start a process by way of ``icarus.core.launch``; OSError if it cannot be."""
    shell = isinstance(what.command, str)
    argv = ["/bin/sh", "-c", what.command] if shell else list(what.command)
    here, there = os.pipe()
    with os.fdopen(here, "rb") as problem:
        try:
            popen = subprocess.Popen(
                launching(cast(list[str], argv), there, mark, what.env),
                cwd=what.cwd,
                env=what.env,
                pass_fds=(there,),
                start_new_session=True,
                **streams,
            )
        finally:
            os.close(there)
        # It ends when the process has become the other program.
        number = problem.read()
    if number:
        popen.wait()
        for pipe in (popen.stdout, popen.stderr):
            if pipe is not None:
                pipe.close()
        raise OSError(int(number), os.strerror(int(number)))
    return popen


def _place(target: IO[bytes] | None, reads: bool) -> Any:
    if reads:
        return subprocess.PIPE
    return subprocess.DEVNULL if target is None else target
