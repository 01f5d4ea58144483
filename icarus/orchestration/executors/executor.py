"""What an executor is to the orchestrator."""

from __future__ import annotations

from typing import ClassVar, Protocol

from icarus.orchestration.events import Running
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.stops import JobStopped

__all__ = ["Executor", "JobInterrupted"]


class JobInterrupted(JobStopped):
    """Raised inside a job that runs in this process, to stop it at once."""


class Executor(Protocol):
    """Where jobs run.

    All methods but ``interrupt`` are called from the thread that runs the campaign. Executors
    know nothing of retries: each attempt at a job is submitted anew, with the same job.

    Attributes
    ----------
    elsewhere : bool
        Whether jobs go on while the campaign's process does something else.
    """

    elsewhere: ClassVar[bool]

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""

    def submit(self, job: Job) -> None:
        """Take on a job."""

    def started(self) -> list[Job]:
        """Return the jobs whose start was noticed since the last call.

        A job that ended before its start was noticed need not be among them.
        """

    def wait(self, timeout: float) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended, after at most `timeout` seconds where that is possible.

        It returns sooner, if need be with nothing, when a job has started.
        """

    def running(self) -> list[Running]:
        """Return the jobs that are under way, with their requests as far as they are known."""

    def interrupt(self) -> None:
        """Have ``wait`` return soon; called from a signal handler or another thread."""

    def close(self) -> None:
        """Stop everything at once and leave no process behind."""
