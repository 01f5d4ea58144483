"""What an orchestrator tells its subscribers: typed events, in the order they happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.status import FAILURES, Status

if TYPE_CHECKING:
    from icarus.planning.plan import Plan

__all__ = [
    "CampaignEnded",
    "CampaignStarted",
    "Event",
    "Heartbeat",
    "JobEnded",
    "JobPaused",
    "JobRetried",
    "JobStarted",
    "JobsAdded",
    "OutcomeRefused",
    "Progress",
    "Running",
    "Snapshot",
    "Subscriber",
]


@dataclass(frozen=True)
class Running:
    """A job that is running."""

    job: Job
    amount: int
    """How much was done so far, in the unit of its kind, such as requests."""
    age: float
    """Seconds since it started."""
    phase: int = 0
    """The phase that it is in, from 1; 0 where it has none, or has not entered the first."""

    @property
    def where(self) -> str:
        """The phase in words, such as ``3/5 simulate``; empty where there is none."""
        phases = self.job.task.phases
        named = 0 < self.phase <= len(phases)
        return f"{self.phase}/{len(phases)} {phases[self.phase - 1]}" if named else ""


@dataclass(frozen=True)
class Snapshot:
    """A campaign at one moment."""

    planned: int
    counts: dict[Status, int]
    """Ended jobs by status."""
    running: list[Running]
    requests: int
    """Requests processed so far, over all jobs that are counted in requests."""
    elapsed: float
    """Seconds since the campaign started."""
    eta: float | None
    """Seconds that are left, or None before any job ended."""
    retries: int = 0
    """Attempts that failed and were, or are to be, repeated."""
    draining: bool = False
    """Whether nothing new is started while what runs comes to its end."""

    @property
    def ended(self) -> int:
        """Number of jobs that ended, however they did."""
        return sum(self.counts.values())

    @property
    def ok(self) -> int:
        """Number of jobs that gave their result."""
        return self.counts.get(Status.OK, 0)

    @property
    def failed(self) -> int:
        """Number of jobs that were run and went wrong."""
        return sum(number for status, number in self.counts.items() if status in FAILURES)

    @property
    def left(self) -> int:
        """Number of jobs that have not ended."""
        return self.planned - self.ended

    @property
    def rate(self) -> float:
        """Requests per second since the campaign started."""
        return self.requests / self.elapsed if self.elapsed > 0 else 0.0


@dataclass(frozen=True)
class CampaignStarted:
    """A campaign is about to run its first job."""

    plan: Plan
    jobs: Sequence[Job] = ()
    """All jobs there are so far, those that ended in an earlier run included."""
    known: int = 0
    """How many of them ended in an earlier run and will not run again."""


@dataclass(frozen=True)
class JobsAdded:
    """A job that ended has others follow, as where results are not precise yet."""

    jobs: Sequence[Job]
    """Those that ended in an earlier run included."""
    known: int = 0
    """How many of them ended in an earlier run and will not run again."""


@dataclass(frozen=True)
class JobStarted:
    """A job has begun to run, or goes on behind a barrier."""

    job: Job
    attempt: int = 1
    """1, or more where earlier attempts failed."""


@dataclass(frozen=True)
class Heartbeat:
    """A running job has got further; told a few times a second at most."""

    job: Job
    amount: int
    """How much was done so far, in the unit of its kind."""
    age: float
    """Seconds since it started."""
    phase: int = 0
    """The phase that it is in, from 1; 0 where it has none."""


@dataclass(frozen=True)
class JobPaused:
    """A job has come to a barrier, where it waits for others, or has done it."""

    job: Job


@dataclass(frozen=True)
class JobRetried:
    """An attempt at a job failed, and the job will be started again with the same seed."""

    job: Job
    outcome: Outcome
    """How this attempt ended."""
    attempt: int


@dataclass(frozen=True)
class JobEnded:
    """A job ended, whether it was ever started or not. Told once for each job."""

    job: Job
    outcome: Outcome
    attempt: int = 1
    """The attempt that gave the outcome; 0 for a job that was never started."""


@dataclass(frozen=True)
class Progress:
    """Some time has passed, or something has changed."""

    snapshot: Snapshot


@dataclass(frozen=True)
class CampaignEnded:
    """A campaign is over."""

    snapshot: Snapshot
    stopped_by: int | None
    """The signal that stopped it, if one did."""


class OutcomeRefused(Exception):  # noqa: N818
    """Raised by an essential subscriber that cannot take note of how this one job ended.

    The job has failed then, of which it is told anew; the campaign goes on.
    """


Event = (
    CampaignStarted
    | JobsAdded
    | JobStarted
    | Heartbeat
    | JobPaused
    | JobRetried
    | JobEnded
    | Progress
    | CampaignEnded
)
Subscriber = Callable[[Event], None]
