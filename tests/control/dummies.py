"""Resources that do nothing but note what is asked of them, and event loops whose clock jumps."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import trio.testing

from icarus.control import Attribute, Resource
from icarus.control.conductor import Conductor

__all__ = ["HOOKS", "Dummy", "Scripted", "in_virtual_time"]

HOOKS = ("do_discover", "do_provision", "do_deploy", "do_start", "do_run", "do_stop", "do_release")


class Dummy(Resource):
    """Stays STARTED until it is stopped."""

    attributes = (
        Attribute(
            name="level",
            type=float,
            default=0.0,
            least=0,
            most=10,
            unit="dB",
            mutable="live",
            help="how loud it is",
        ),
        Attribute(name="size", type=int, default=1, help="how large it is"),
        Attribute(name="kind", type=str, default="a", allowed=("a", "b"), mutable="never", help=""),
        Attribute(name="password", type=str, secret=True, help="what nobody is to see"),
    )


class Scripted(Dummy):
    """Takes as long as its script says, or raises, and notes when it is asked for what.

    The script has seconds, or an exception, for hooks; without ``do_run`` it runs until it is
    stopped.
    """

    attributes = (
        Attribute(name="script", type=Any, default={}, help=""),
        Attribute(
            name="told", type=Any, default=None, help="gets time, name and hook of each call"
        ),
    )

    async def _do(self, hook: str) -> None:
        told = self.get("told")
        if told is not None:
            told.append((anyio.current_time(), self.name, hook))
        what = self.get("script").get(hook, 0)
        if isinstance(what, tuple):
            pause, what = what
            await anyio.sleep(pause)
        if isinstance(what, BaseException):
            raise what
        await anyio.sleep(what)

    async def do_discover(self) -> None:
        await self._do("do_discover")

    async def do_provision(self) -> None:
        await self._do("do_provision")

    async def do_deploy(self) -> None:
        await self._do("do_deploy")

    async def do_start(self) -> None:
        self._stopped = anyio.Event()
        await self._do("do_start")

    async def do_run(self) -> None:
        if "do_run" in self.get("script"):
            await self._do("do_run")
        else:
            await self._stopped.wait()

    async def do_stop(self) -> None:
        await self._do("do_stop")
        self._stopped.set()

    async def do_release(self) -> None:
        await self._do("do_release")

    def do_kill(self) -> None:
        told = self.get("told")
        if told is not None:
            told.append((anyio.current_time(), self.name, "do_kill"))
        if hasattr(self, "_stopped"):
            self._stopped.set()


def in_virtual_time(test: Callable[[Conductor], Awaitable[Any]]) -> Any:
    """Run a test with a conductor on a clock that jumps to whatever is due next."""

    async def run() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            async with Conductor(Path(folder)) as conductor:
                return await test(conductor)

    clock = trio.testing.MockClock(autojump_threshold=0)
    return anyio.run(run, backend="trio", backend_options={"clock": clock})
