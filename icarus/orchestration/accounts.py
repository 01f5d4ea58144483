"""The accounts of a campaign: which jobs there are, and what became of each."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from icarus.errors import ResultsError
from icarus.metering.group import resources_together
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.kinds.task import REQUESTS
from icarus.orchestration.provenance import add_to_results
from icarus.orchestration.source import JobSource
from icarus.orchestration.status import FAILURES, RUN_AGAIN, Status
from icarus.results.resultset import ResultSet

__all__ = ["Accounts"]

logger = logging.getLogger("orchestration")


@dataclass
class Accounts:
    """The jobs of one run of a campaign. Jobs are told apart by their numbers."""

    source: JobSource
    known: Mapping[str, Outcome]
    """Outcomes of an earlier run by the id of the job."""
    counts: Counter[Status]
    """Ended jobs by status."""
    durations: deque[float]
    """Of the last jobs, in seconds."""
    jobs: list[Job] = field(default_factory=list)
    pending: deque[Job] = field(default_factory=deque)
    """What is still to be started, or to be started again."""
    under_way: dict[int, Job] = field(default_factory=dict)
    announced: set[int] = field(default_factory=set)
    """Of those under way, the ones whose start was told."""
    prepared: set[int] = field(default_factory=set)
    """Of those under way, the ones whose hooks must be told of the end."""
    beats: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of those under way, how much and which phase were told last."""
    attempts: Counter[int] = field(default_factory=Counter)
    """How often each job was started."""
    paused: dict[int, Outcome] = field(default_factory=dict)
    """What jobs that came to a barrier have told and taken so far."""
    parts: Counter[int] = field(default_factory=Counter)
    """How often that was."""
    going_on: set[int] = field(default_factory=set)
    """Of these, the ones that are to go on, and not to be tried again."""
    ended: dict[int, tuple[Job, Outcome]] = field(default_factory=dict)
    requests: int = 0
    """Processed by jobs that ended in this run, of kinds that are counted in requests."""
    retries: int = 0
    failures: int = 0
    """Jobs that failed in this run."""

    def enlist(self, jobs: Iterable[Job]) -> None:
        """Take up jobs; those that ended in an earlier run count at once."""
        waiting = deque(jobs)
        while waiting:
            job = waiting.popleft()
            self.jobs.append(job)
            known = self.known.get(job.id)
            if known is not None and known.status not in RUN_AGAIN:
                waiting.extend(self._count(job, known))
            else:
                self.pending.append(job)

    def start(self, job: Job) -> None:
        """Note that a job was handed to an executor."""
        if job.number in self.going_on:
            self.going_on.discard(job.number)
        else:
            self.attempts[job.number] += 1
        self.under_way[job.number] = job

    def pause(self, job: Job, outcome: Outcome) -> None:
        """Note that a job has come to a barrier. It goes on, which is no further attempt."""
        self.paused[job.number] = self.whole(job, outcome)
        self.parts[job.number] += 1
        self.leave(job)
        self.going_on.add(job.number)

    def whole(self, job: Job, outcome: Outcome) -> Outcome:
        """Return an outcome with what the job told and took before it came to barriers."""
        before = self.paused.get(job.number)
        if before is None:
            return outcome
        value = outcome.value
        if value is not None and before.value is not None:
            used = resources_together(before.value.results, value.results)
            value = replace(value, results=used)
        return replace(
            outcome,
            value=value,
            started=before.started,
            duration=before.duration + outcome.duration,
            peak_memory=max(before.peak_memory, outcome.peak_memory),
            messages=[*before.messages, *outcome.messages],
            output=before.output + outcome.output,
        )

    def leave(self, job: Job) -> None:
        """Note that a job is not under way any more."""
        self.under_way.pop(job.number, None)
        self.announced.discard(job.number)
        self.beats.pop(job.number, None)

    def repeat(self, job: Job) -> None:
        """Note that a job is to be started again, after those that are pending."""
        self.leave(job)
        self.retries += 1
        self.pending.append(job)

    def end(self, job: Job, outcome: Outcome) -> list[Job]:
        """Count a job that ended in this run; take up and return what is to run because of it."""
        self.leave(job)
        more = self._count(job, outcome)
        if outcome.value is not None and job.task.unit == REQUESTS:
            self.requests += outcome.value.amount_here
        self.failures += outcome.status in FAILURES
        before = len(self.jobs)
        self.enlist(more)
        return self.jobs[before:]

    def unended(self) -> list[Job]:
        """Return the jobs that have no outcome, in the order they came."""
        return [job for job in self.jobs if job.number not in self.ended]

    def results(self, campaign: dict[str, Any]) -> ResultSet:
        """Return the results of what has ended so far, in the order of the numbers of jobs.

        The order must not depend on which worker was first.

        Parameters
        ----------
        campaign : dict
            What is to be kept beside all results.
        """
        results = ResultSet()
        for _, (job, outcome) in sorted(self.ended.items()):
            try:
                add_to_results(results, job, outcome, campaign)
            except ResultsError as error:
                # One of an earlier run; it must not cost the others.
                logger.error("%s: %s; the job is among the failures", job.label, error)
                lost = replace(outcome, status=Status.FAILED, value=None, error=str(error))
                add_to_results(results, job, lost, campaign)
        return results

    def eta(self, ages: Iterable[float], planned: int, n_processes: int) -> float | None:
        """Return the seconds that are left, going by the last jobs; None before any ended.

        Parameters
        ----------
        ages : iterable of float
            Of the jobs that are running, in seconds.
        planned : int
            Number of jobs, those that ended included.
        n_processes : int
        """
        if not self.durations:
            return None
        typical = sum(self.durations) / len(self.durations)
        left = (planned - self.counts.total()) * typical
        left -= sum(min(age, typical) for age in ages)
        return max(left, 0.0) / min(n_processes, planned)

    def _count(self, job: Job, outcome: Outcome) -> Iterable[Job]:
        # What it printed is in the journal, and would fill the memory.
        self.ended[job.number] = job, replace(outcome, output="") if outcome.output else outcome
        self.counts[outcome.status] += 1
        if outcome.status is Status.OK:
            self.durations.append(outcome.duration)
        return () if outcome.status in RUN_AGAIN else self.source.after(job, outcome)
