"""A kind of job that calls a function, for tests of what runs jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from icarus.orchestration import Job, JobContext, Product, Task


@dataclass(frozen=True)
class Call(Task):
    """A task that calls ``function(argument, heartbeat)``."""

    function: Callable[..., Any] | None = None
    argument: Any = None

    kind: ClassVar[str] = "call"
    unit: ClassVar[str] = "requests"

    def run(self, context: JobContext) -> Product:
        value = self.function(self.argument, context.report)
        return value if isinstance(value, Product) else Product({"CALL": {"VALUE": value}}, 10)


def job_that_calls(function, argument=None, number=0, label="call", id_=None):
    """Return a job that calls ``function(argument, heartbeat)``."""
    task = Call({}, function=function, argument=argument)
    return Job(id_ or f"job{number}", "", number, label, task)


def value_of(outcome):
    """Return what the function of a job has returned."""
    return outcome.value.results["CALL"]["VALUE"]
