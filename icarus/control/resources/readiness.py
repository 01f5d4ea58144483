"""When a process is ready: by a pattern in its output, a port that answers, or a function."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from anyio import to_thread

from icarus.control.resources.signals import compiled

__all__ = ["Readiness", "ready_problems"]

_FIRST_LOOK, _LAST_LOOK = 0.005, 0.1
"""Seconds between two tries of a port or a function, which tell nobody when they are ready."""
_HOST = "127.0.0.1"


def _port_of(ready: Any) -> tuple[str, int] | None:
    if isinstance(ready, bool):
        return None
    if isinstance(ready, int):
        return _HOST, ready
    if isinstance(ready, tuple | list) and len(ready) == 2:
        host, port = ready
        if isinstance(host, str) and isinstance(port, int):
            return host, port
    return None


def ready_problems(ready: Any) -> list[str]:
    """Return what is wrong with the attribute ``ready`` of a process."""
    if isinstance(ready, str):
        try:
            compiled(ready)
        except ValueError as error:
            return [f"ready {error}"]
        return []
    port = _port_of(ready)
    if port is not None and not 0 < port[1] < 2**16:
        return [f"ready: ports are from 1 to 65535, found {port[1]}"]
    if ready is None or port is not None or callable(ready):
        return []
    return [
        "ready should be a pattern in the output, a port, a pair of host and port, or a function, "
        f"found {ready!r}"
    ]


class Readiness:
    """Waits until a process is ready.

    Parameters
    ----------
    ready : str, int, (str, int), callable or None
        None is ready at once.
    """

    def __init__(self, ready: Any) -> None:
        self._ready = ready
        self.pattern: re.Pattern[str] | None = compiled(ready) if isinstance(ready, str) else None
        self._seen = anyio.Event()

    def feed(self, line: str) -> None:
        """Look at a line of output, or the beginning of one."""
        if self.pattern is not None and self.pattern.search(line):
            self._seen.set()

    async def wait(self, resource: Any) -> None:
        """Wait until it is so; what ends the process meanwhile is for others to see."""
        if self.pattern is not None:
            await self._seen.wait()
        elif (port := _port_of(self._ready)) is not None:
            await _until(lambda: _answers(*port))
        elif callable(self._ready):
            function = self._ready
            await _until(lambda: to_thread.run_sync(function, resource, abandon_on_cancel=True))


async def _until(condition: Callable[[], Awaitable[Any]]) -> None:
    pause = _FIRST_LOOK
    while not await condition():
        await anyio.sleep(pause)
        pause = min(2 * pause, _LAST_LOOK)


async def _answers(host: str, port: int) -> bool:
    try:
        with anyio.move_on_after(1.0):
            async with await anyio.connect_tcp(host, port, happy_eyeballs_delay=math.inf):
                return True
    except OSError:
        pass
    return False
