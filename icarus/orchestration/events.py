"""What an orchestrator tells its subscribers: typed events, in the order they happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.status import Status

if TYPE_CHECKING:
    from icarus.plan import Plan

__all__ = [
    "CampaignEnded",
    "CampaignStarted",
    "Event",
    "JobEnded",
    "JobRetried",
    "JobStarted",
    "Progress",
    "Running",
    "Snapshot",
    "Subscriber",
]


@dataclass(frozen=True)
class Running:
    """A job that is running."""

    job: Job
    requests: int
    """Requests processed so far."""
    age: float
    """Seconds since it started."""


@dataclass(frozen=True)
class Snapshot:
    """A campaign at one moment."""

    planned: int
    counts: dict[Status, int]
    """Ended jobs by status."""
    running: list[Running]
    requests: int
    """Requests processed so far, over all jobs."""
    elapsed: float
    """Seconds since the campaign started."""
    eta: float | None
    """Seconds that are left, or None before any job ended."""

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
        """Number of jobs that ended without a result, other than by a stop of the campaign."""
        return self.ended - self.ok - self.counts.get(Status.INTERRUPTED, 0)

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
    """All jobs of the campaign."""
    known: int = 0
    """How many of them ended in an earlier run and are not run again."""


@dataclass(frozen=True)
class JobStarted:
    """A job is about to run."""

    job: Job
    attempt: int = 1


@dataclass(frozen=True)
class JobRetried:
    """An attempt at a job failed, and there will be another."""

    job: Job
    outcome: Outcome
    attempt: int = 1


@dataclass(frozen=True)
class JobEnded:
    """A job ended. It counts once every essential subscriber has taken note."""

    job: Job
    outcome: Outcome
    attempt: int = 1


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


Event = CampaignStarted | JobStarted | JobRetried | JobEnded | Progress | CampaignEnded
Subscriber = Callable[[Event], None]
