"""Functions that are called at a later time, and what becomes of them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from icarus.control.moments import When
from icarus.core.durations import seconds_of
from icarus.errors import ResourceError
from icarus.plaintext import one_line

__all__ = ["Scheduler", "Task", "TaskStatus"]

logger = logging.getLogger("control")


class TaskStatus(StrEnum):
    """What has become of a task."""

    NEW = "NEW"
    """It is not due yet."""
    RUNNING = "RUNNING"
    DONE = "DONE"
    """It has returned, and its result is there."""
    ERROR = "ERROR"
    """It has raised an exception, which is there."""
    CANCELLED = "CANCELLED"


_ENDED = (TaskStatus.DONE, TaskStatus.ERROR, TaskStatus.CANCELLED)


class Task:
    """A function that is called at some time; ``ExperimentController.schedule`` returns one.

    Attributes
    ----------
    tid : int
        Its number.
    status : TaskStatus
    result : object
        What the function returned, once the task is DONE.
    error : Exception or None
        What it raised.
    """

    def __init__(self, tid: int, function: Callable[[], Any], when: When) -> None:
        self.tid = tid
        self.status = TaskStatus.NEW
        self.result: Any = None
        self.error: Exception | None = None
        self._function = function
        self._when = when
        self._scope = anyio.CancelScope()
        self._ended = anyio.Event()
        self._enter: Callable[..., Any] = lambda function, *args: function(*args)

    @property
    def ended(self) -> bool:
        """Whether nothing more will become of it."""
        return self.status in _ENDED

    def cancel(self) -> None:
        """Have it not be called; what runs in a thread already goes on, and nobody waits for it."""
        self._enter(self._cancel)

    def _cancel(self) -> None:
        if not self.ended:
            self._scope.cancel()
            # Also where it has not begun to wait.
            self._end(TaskStatus.CANCELLED)

    def wait(self, timeout: Any = None) -> bool:
        """Wait until it has ended; return whether it has.

        Parameters
        ----------
        timeout : float or str, optional
            How long to wait at most: seconds, or a duration.
        """
        seconds = None if timeout is None else seconds_of(timeout)
        self._enter(self._wait, seconds)
        return self.ended

    async def _wait(self, seconds: float | None) -> None:
        with anyio.move_on_after(seconds):
            await self._ended.wait()

    def _end(self, status: TaskStatus) -> None:
        self.status = status
        self._ended.set()

    async def _run(self, limiter: anyio.CapacityLimiter) -> None:
        with self._scope:
            now = anyio.current_time()
            await anyio.sleep_until(self._when.due(now, now))
            self.status = TaskStatus.RUNNING
            try:
                if inspect.iscoroutinefunction(self._function):
                    self.result = await self._function()
                else:
                    self.result = await to_thread.run_sync(
                        self._function, limiter=limiter, abandon_on_cancel=True
                    )
            except Exception as error:
                # It is this function's failure, and no other's.
                self.error = error
                logger.exception("task %d: %s", self.tid, one_line(repr(error), 500))
                self._end(TaskStatus.ERROR)
            else:
                self._end(TaskStatus.DONE)
        if not self.ended:
            self._end(TaskStatus.CANCELLED)

    def __repr__(self) -> str:
        return f"Task({self.tid}, {self.status})"


class Scheduler:
    """Calls functions when they are due, by the timers of the event loop.

    Parameters
    ----------
    group : TaskGroup
    limiter : CapacityLimiter
        Of the threads that functions run in; one written as ``async def`` runs in the loop.
    """

    def __init__(self, group: TaskGroup, limiter: anyio.CapacityLimiter) -> None:
        self._group = group
        self._limiter = limiter
        self._last = 0
        self._tracked: dict[int, Task] = {}
        self._open: dict[Task, None] = {}

    def schedule(self, when: Any, function: Callable[[], Any], track: bool) -> Task:
        """Have a function be called; ConditionError if it is said wrongly when."""
        if not callable(function):
            raise ResourceError(f"should be a function to be called, found {function!r}")
        due = When.of(when)
        self._last += 1
        task = Task(self._last, function, due)
        if track:
            self._tracked[task.tid] = task
        self._open[task] = None
        self._group.start_soon(self._run, task)
        return task

    async def _run(self, task: Task) -> None:
        if not task.ended:
            await task._run(self._limiter)
        self._open.pop(task, None)

    def get(self, tid: int | Task) -> Task:
        """Return a tracked task by its number; ResourceError if there is none."""
        number = tid.tid if isinstance(tid, Task) else tid
        if number not in self._tracked:
            raise ResourceError(f"there is no task {number!r} that is tracked")
        return self._tracked[number]

    def cancel_all(self) -> None:
        """Have nothing more be called."""
        for task in list(self._open):
            task._cancel()
