"""The thread in which a controller's event loop runs, and the way into it from other threads."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

import anyio
from anyio.from_thread import BlockingPortal

from icarus.errors import TransitionError

__all__ = ["LoopThread"]


class _Conductor(Protocol):
    async def __aenter__(self) -> Any: ...

    async def __aexit__(self, *error: Any) -> None: ...

    async def shutdown(self) -> None: ...


class LoopThread:
    """An event loop in a thread of its own.

    Parameters
    ----------
    report : callable, optional
        Called with a number whenever there is ``news``, in the thread that makes this, while it
        waits for a call.
    """

    def __init__(self, report: Callable[[int], None] | None = None) -> None:
        self._report = report
        # Whoever reports to a job does so in the job's own thread.
        self._reporter = threading.current_thread()
        self._news = 0
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None
        self._portal: BlockingPortal | None = None
        self._conductor: _Conductor | None = None

    def start(self, conductor: _Conductor) -> None:
        """Begin, with a conductor that is entered in the loop and left at its end."""
        started: Future[BlockingPortal] = Future()
        self._conductor = conductor
        self._thread = threading.Thread(
            # A daemon: it is ended when the program ends, and not waited for before.
            target=_serve,
            args=(conductor, started),
            name="icarus control",
            daemon=True,
        )
        self._thread.start()
        self._portal = started.result()

    def news(self, number: int) -> None:
        """Say, from any thread, that something goes on."""
        self._news = number
        self._bell.set()

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in the loop, wait if it is ``async``, and return what it returns.

        Raises
        ------
        TransitionError
            If there is no loop any more.
        """
        if threading.current_thread() is self._thread:
            if inspect.iscoroutinefunction(function):
                raise TransitionError(
                    "what waits cannot be called from an async method of a resource: it would "
                    "stop the event loop"
                )
            return function(*args)
        if self._portal is None:
            # Nothing changes any more, so that it can be asked from here.
            if inspect.iscoroutinefunction(function):
                raise TransitionError("the controller was shut down")
            return function(*args)
        return self._result(self._portal.start_task_soon(function, *args))

    def _result(self, future: Future[Any]) -> Any:
        try:
            if self._report is None or threading.current_thread() is not self._reporter:
                return future.result()
            future.add_done_callback(lambda _: self._bell.set())
            while not future.done():
                self._bell.wait()
                self._bell.clear()
                self._report(self._news)
            return future.result()
        except BaseException:
            # Nobody waits for it any more, as after Ctrl-C.
            future.cancel()
            raise

    def close(self) -> None:
        """Have the conductor end, and wait for it; it may be called again."""
        portal, conductor = self._portal, self._conductor
        if portal is None or conductor is None or self._thread is None:
            return
        try:
            # Before the way into the loop is closed, as what is released may need it.
            portal.start_task_soon(conductor.shutdown).result()
        finally:
            portal.start_task_soon(portal.stop)
            self._thread.join()
            self._portal = None


def _serve(conductor: _Conductor, started: Future[BlockingPortal]) -> None:
    async def serve() -> None:
        async with BlockingPortal() as portal, conductor:
            started.set_result(portal)
            await portal.sleep_until_stopped()

    try:
        anyio.run(serve)
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)
