"""Where the jobs of a campaign come from.

The orchestrator asks its source for the first jobs, and after each outcome for further ones, so
that what is run can depend on results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from icarus.orchestration.jobs import Job, Outcome, jobs_of
from icarus.planning.plan import Plan

__all__ = ["JobSource", "PlannedJobs"]


class JobSource(Protocol):
    """What an orchestrator asks for jobs, always in its own thread."""

    def first(self) -> Sequence[Job]:
        """Return the jobs that a campaign begins with; called once for each run."""

    def after(self, job: Job, outcome: Outcome) -> Sequence[Job]:
        """Return jobs that are to run because of how `job` ended, often none.

        It is called once for each job that came to an end, be it in this run or in an earlier
        one, but not for jobs that a stop of the campaign kept from it. Jobs are not told in an
        order of their numbers. The number of a new job must differ from all others: results are
        in the order of the numbers.
        """


class PlannedJobs:
    """The jobs of a plan, all known from the start.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def first(self) -> Sequence[Job]:
        """Return all replications of each experiment, in the order of the queue."""
        return jobs_of(self._plan)

    def after(self, job: Job, outcome: Outcome) -> Sequence[Job]:
        """Return nothing."""
        return ()
