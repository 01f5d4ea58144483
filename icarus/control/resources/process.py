"""Processes of the system under control."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import anyio
from anyio import to_thread

from icarus.control.attributes import Attribute, Duration
from icarus.control.resource import Resource, command
from icarus.control.resources.readiness import Readiness, ready_problems
from icarus.control.resources.running_process import Description, RunningProcess
from icarus.control.resources.signals import (
    LineReader,
    SignalCounter,
    count_of,
    signal_problems,
)
from icarus.control.traces import DeclaredTrace
from icarus.errors import ResourceError
from icarus.orchestration.ending import describe_exit
from icarus.orchestration.status import Status
from icarus.plaintext import one_line
from icarus.registry import register_resource

__all__ = ["Process"]

_OUTPUTS = ("stdout", "stderr")
_SHOWN = 200
"""Characters of a line that messages show."""


@register_resource("Process")
class Process(Resource):
    """A process, with all that it starts.

    It leads a group of its own, which gets SIGTERM when it is stopped, and SIGKILL when the time
    ``grace`` is over. It is STARTED once it is ready, and FINISHED once it ended with an exit code
    that is expected, or a signal OK was seen in its output. Beside its output, the files in its
    folder and those that ``files`` names are its traces.
    """

    attributes: ClassVar[tuple[Attribute, ...]] = (
        Attribute(
            name="command",
            type=str | list[str | int | float] | tuple[str | int | float, ...],
            required=True,
            help="program and arguments; a text is given to the shell",
        ),
        Attribute(
            name="env",
            type=Mapping[str, str],
            default={},
            help="variables beside those that the process inherits",
        ),
        Attribute(
            name="cwd",
            type=str | Path,
            help="where it runs; by default in its own folder",
        ),
        Attribute(
            name="stdin",
            type=str | bytes | Path,
            help="what it reads: a text, or the path of a file; by default nothing",
        ),
        Attribute(
            name="ready",
            type=Any,
            help="a pattern in its output, a port, or a function of the resource that returns "
            "True; by default it is ready at once",
        ),
        Attribute(
            name="ready_timeout",
            type=Duration,
            default=60.0,
            unit="s",
            help="how long that may take",
        ),
        Attribute(
            name="timeout",
            type=Duration,
            unit="s",
            help="how long it may run once it is ready; by default for ever",
        ),
        Attribute(
            name="restart",
            type=int,
            default=0,
            least=0,
            mutable="live",
            help="how many times it is started again when it fails",
        ),
        Attribute(
            name="exit_codes",
            type=list[int] | tuple[int, ...],
            default=[0],
            help="those with which it has not failed",
        ),
        Attribute(
            name="signals",
            type=Mapping[str, Any],
            default={},
            help="patterns of lines that end it, by status: OK and FAILED",
        ),
        Attribute(
            name="count",
            type=int | str,
            default=1,
            help="how many lines must match: a number, or an expression of parameters",
        ),
        Attribute(
            name="parameters",
            type=Mapping[str, Any],
            default={},
            help="values of the names in count",
        ),
        Attribute(
            name="files",
            type=Mapping[str, str | Path],
            default={},
            help="further traces: paths by name, in the folder where it runs",
        ),
        Attribute(
            name="pid", type=int, mutable="never", help="its number, while there is the process"
        ),
    )
    traces: ClassVar[tuple[DeclaredTrace, ...]] = (
        DeclaredTrace("stdout", "what it writes to its standard output"),
        DeclaredTrace("stderr", "what it writes as errors"),
    )

    def __init__(self) -> None:
        self._process: RunningProcess | None = None
        self._last_line = ""

    def problems(self) -> list[str]:
        """Return what is wrong with attributes of which each has the right type."""
        found = ready_problems(self.get("ready"))
        found += signal_problems(self.get("signals"), self.get("count"), self.get("parameters"))
        if not self.get("command"):
            found.append("command is empty")
        cwd = self.get("cwd")
        if cwd is not None and not Path(cwd).is_dir():
            found.append(f"cwd: there is no folder {str(cwd)!r}")
        stdin = self.get("stdin")
        if isinstance(stdin, Path) and not stdin.is_file():
            found.append(f"stdin: there is no file {str(stdin)!r}")
        return found

    def trace_path(self, name: str) -> Path | None:
        """Return one of ``files``, or a file in its folder."""
        if name in self.get("files"):
            return Path(self._cwd, self.get("files")[name])
        return super().trace_path(name)

    def trace_names(self) -> list[str]:
        """Return the names of ``files``, and of the files in its folder."""
        return [*self.get("files"), *super().trace_names()]

    @property
    def _cwd(self) -> Path:
        return self.folder if self.get("cwd") is None else Path(self.get("cwd"))

    # Starting.

    async def do_start(self) -> None:
        """Start it, and wait until it is ready."""
        count = count_of(self.get("count"), self.get("parameters"))
        self._signals = SignalCounter(self.get("signals"), count)
        await self._launch("wb")

    async def _launch(self, mode: str) -> None:
        self._readiness = Readiness(self.get("ready"))
        self._decided = anyio.Event()
        what, guard = self._description(mode), self._conductor.guard
        # Its output is read only if something is looked for in it, and goes to files otherwise.
        reads = bool(self._signals) or self._readiness.pattern is not None
        begin = partial(RunningProcess.begin, what, guard, reads=reads)
        try:
            # Not to be given up: whoever starts a process has to know of it.
            with anyio.CancelScope(shield=True):
                process = self._process = await to_thread.run_sync(begin)
        except OSError as error:
            text = f"cannot run {what.command!r}: {error.strerror or error}"
            raise ResourceError(text) from None
        self.put("pid", process.pid)
        for name, (pipe, target) in zip(_OUTPUTS, process.pipes, strict=False):
            reader = LineReader([partial(self._look, name)])
            self.background(partial(self._read, process, pipe, target, reader))
        await self._until_ready(process)

    def _description(self, mode: str) -> Description:
        stdin = self.get("stdin")
        if isinstance(stdin, str | bytes):
            given = self.folder / "stdin"
            given.write_bytes(stdin.encode() if isinstance(stdin, str) else stdin)
            stdin = given
        enabled = self._component.enabled
        outputs = tuple(self.folder / one if one in enabled else None for one in _OUTPUTS)
        env = {**os.environ, **self.get("env")}
        command = self.get("command")
        if not isinstance(command, str):
            # Numbers come from parameters of cases, say.
            command = list(map(str, command))
        return Description(command, self._cwd, env, stdin, outputs, mode)

    async def _read(
        self, process: RunningProcess, pipe: Any, target: Any, reader: LineReader
    ) -> None:
        def told(piece: bytes) -> None:
            self.alive()
            reader.feed(piece)
            self._readiness.feed(reader.begun)

        await process.pump(pipe, target, told)
        reader.end()

    def _look(self, output: str, line: str) -> None:
        self._readiness.feed(line)
        if output == "stderr" and line.strip():
            self._last_line = line
        if self._signals.feed(line):
            self._decided.set()

    async def _until_ready(self, process: RunningProcess) -> None:
        seconds = self.get("ready_timeout")
        ready = False
        try:
            with anyio.fail_after(seconds):
                async with anyio.create_task_group() as tasks:

                    async def see_end() -> None:
                        await process.wait()
                        # What it has said at last may be what is waited for.
                        await process.drained()
                        tasks.cancel_scope.cancel()

                    tasks.start_soon(see_end)
                    await self._readiness.wait(self)
                    ready = True
                    tasks.cancel_scope.cancel()
        except TimeoutError:
            raise TimeoutError(f"it was not ready within {seconds:g} s") from None
        if not ready:
            code = await process.wait()
            raise ResourceError(f"it ended before it was ready: {self._ending(code)}")

    # Running.

    async def do_run(self) -> None:
        """Wait until it has ended, or a signal in its output says so."""
        seconds = self.get("timeout")
        with anyio.move_on_after(seconds) as bound:
            await self._run_and_restart()
        if bound.cancelled_caught:
            self.do_kill()
            raise TimeoutError(f"it ran longer than {seconds:g} s")

    async def _run_and_restart(self) -> None:
        restarts = 0
        while True:
            problem = await self._to_the_end()
            if problem is None or self.stopping:
                return
            if restarts >= self.get("restart"):
                raise ResourceError(problem)
            restarts += 1
            self.log.warning("is started again (%d): %s", restarts, problem)
            await self._launch("ab")

    async def _to_the_end(self) -> str | None:
        """Wait until it has ended; return what is wrong with that."""
        process = self._process
        assert process is not None
        async with anyio.create_task_group() as tasks:

            async def end_when_decided() -> None:
                await self._decided.wait()
                process.signal(signal.SIGTERM)
                await anyio.sleep(self._component.grace)
                process.signal(signal.SIGKILL)

            tasks.start_soon(end_when_decided)
            code = await process.wait()
            tasks.cancel_scope.cancel()
        await to_thread.run_sync(process.end_family, self._conductor.guard)
        await process.drained()
        self.put("pid", None)
        return self._judged(code)

    def _judged(self, code: int) -> str | None:
        match self._signals.status:
            case Status.OK:
                return None
            case Status.FAILED:
                return f"signal FAILED in its output: {one_line(self._signals.line, _SHOWN)}"
        if code not in self.get("exit_codes"):
            return self._ending(code)
        if Status.OK in self.get("signals"):
            return f"{self._ending(code)}, and {self._signals.wanting}"
        return None

    def _ending(self, code: int) -> str:
        last = self._last_line or self._end_of_errors()
        return describe_exit(code) + (f" ({one_line(last, _SHOWN)})" if last else "")

    def _end_of_errors(self) -> str:
        """Return the last line that it wrote to its standard error, where that is a file."""
        try:
            lines = (self.folder / "stderr").read_bytes()[-4096:].decode(errors="replace")
        except OSError:
            return ""
        return next((line for line in reversed(lines.splitlines()) if line.strip()), "")

    # Ending.

    def do_stop(self) -> None:
        """Ask it and its group to end."""
        if self._process is not None:
            self._process.signal(signal.SIGTERM)

    async def do_release(self) -> None:
        """Kill what is left of it and its group."""
        if self._process is not None:
            await to_thread.run_sync(self._process.end_family, self._conductor.guard)
            await self._process.wait()
            await self._process.drained()

    def do_kill(self) -> None:
        """Kill it and its group."""
        if self._process is not None:
            self._process.signal(signal.SIGKILL)

    @command
    def send_signal(self, number: int) -> None:
        """Send it and its group a signal, such as ``signal.SIGHUP``."""
        if self._process is None or self.get("pid") is None:
            raise ResourceError(f"{self.name} has no process to send a signal to")
        self._process.signal(number)
