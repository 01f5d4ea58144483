"""The orchestrator: fans a campaign's jobs out and brings their outcomes home."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from icarus.orchestration.events import (
    CampaignEnded,
    CampaignStarted,
    Event,
    JobEnded,
    JobStarted,
    Progress,
    Snapshot,
    Subscriber,
)
from icarus.orchestration.executors import (
    Executor,
    JobInterrupted,
    PoolExecutor,
    SerialExecutor,
)
from icarus.orchestration.jobs import Job, Outcome, jobs_of
from icarus.orchestration.provenance import campaign_facts, job_facts
from icarus.orchestration.status import Status
from icarus.plan import Plan, make_plan
from icarus.results.resultset import ResultSet
from icarus.util import SequenceNumber, Settings

__all__ = ["Orchestrator"]

logger = logging.getLogger("orchestration")

_POLL = 0.2
"""Seconds between two looks at the workers; also how soon a signal is heeded."""
_RECENT = 30
"""How many of the last jobs the remaining time is estimated from."""


class Orchestrator:
    """Runs a campaign: every experiment of the queue, replicated, on a pool of processes.

    Parameters
    ----------
    settings : Settings
        What to run. It is checked in full before ``run`` starts anything.
    summary_freq : int, optional
        Kept for scripts written for Icarus 0.8; summaries go by time.
    known : mapping of str to Outcome, optional
        Outcomes, by ``Job.id``, of jobs that ended in an earlier run and are not run again.

    Attributes
    ----------
    results : ResultSet
        The results so far; once ``run`` has returned, in the order of the queue.
    counts : Counter
        Ended jobs by status. ``n_success`` and ``n_fail`` are sums over it.
    exp_durations : deque of float
        Durations of the last jobs, in seconds.
    stopped_by : int or None
        The signal that stopped the campaign, if one did.

    Raises
    ------
    SettingsError
        If anything is wrong with the settings; all problems are listed.
    """

    def __init__(
        self,
        settings: Settings,
        summary_freq: int = 4,
        *,
        known: Mapping[str, Outcome] | None = None,
        executor: str | None = None,
    ) -> None:
        self.settings = settings
        self.summary_freq = summary_freq
        self.plan: Plan = make_plan(settings)
        self.results = ResultSet()
        self.seq = SequenceNumber()
        self.exp_durations: deque[float] = deque(maxlen=_RECENT)
        self.counts: Counter[Status] = Counter()
        self.n_exp = self.plan.n_jobs
        self.n_proc = self.plan.n_processes
        self.stopped_by: int | None = None
        self._stopping = False
        self._known = dict(known or {})
        self._subscribers: list[Subscriber] = []
        self._essential: list[Subscriber] = []
        self._executor: Executor | None = None
        self._ended: dict[int, tuple[Job, Outcome]] = {}
        self._requests_ended = 0
        self._began = 0.0
        self._published = 0.0

    @property
    def n_success(self) -> int:
        """Number of jobs that gave their result."""
        return self.counts[Status.OK]

    @property
    def n_fail(self) -> int:
        """Number of jobs that ended in any other way."""
        return self.counts.total() - self.n_success

    def subscribe(self, subscriber: Subscriber, *, essential: bool = False) -> None:
        """Have `subscriber` called with every event from now on.

        Essential ones are told first, and an exception of one ends the campaign.
        """
        (self._essential if essential else self._subscribers).append(subscriber)

    def run(self) -> None:
        """Run the campaign to its end, or until it is stopped.

        Results are in ``results`` afterwards, also if an exception ends the run.
        """
        self._began = time.monotonic()
        jobs = jobs_of(self.plan)
        self._ended.clear()
        self.counts.clear()
        self._requests_ended = 0
        ended = [job for job in jobs if job.id in self._known]
        self._publish(CampaignStarted(self.plan, jobs, len(ended)))
        for job in ended:
            self._count(job, self._known[job.id])
        left = deque(job for job in jobs if job.id not in self._known)
        try:
            if left:
                self._executor = self._make_executor(len(left))
                self._run_jobs(self._executor, left)
        except JobInterrupted:
            # The signal came between the end of a job and the note of it.
            logger.debug("stopped between two jobs")
        finally:
            if self._executor is not None:
                self._executor.close()
            for job in jobs:
                if job.number not in self._ended:
                    self._record(job, Outcome(Status.INTERRUPTED))
            self.collect()
            self._publish(CampaignEnded(self.snapshot(), self.stopped_by))

    def stop(self, signum: int | None = None) -> None:
        """Stop the campaign: what is running is broken off, what ended is kept.

        May be called from a signal handler or from another thread.
        """
        self._stopping = True
        self.stopped_by = signum
        if self._executor is not None:
            self._executor.interrupt()

    def _make_executor(self, n_jobs: int) -> Executor:
        if self.n_proc == 1 and not self.settings["PARALLEL_EXECUTION"]:
            return SerialExecutor(self._tick)
        # Here, so that no two workers compile the same and forked ones have it already.
        from icarus.execution.compiled.ahead import compile_ahead

        compile_ahead(self.plan.experiments, self.plan.collectors, self.plan.engine)
        processes = min(self.n_proc, n_jobs)
        return PoolExecutor(processes, self.plan.start_method, self.settings.source)

    def _run_jobs(self, executor: Executor, pending: deque[Job]) -> None:
        under_way = 0
        while (pending or under_way) and not self._stopping:
            while pending and executor.has_room():
                self._publish(JobStarted(pending[0]))
                executor.submit(pending.popleft())
                self.seq.assign()
                under_way += 1
            for job, outcome in executor.wait(_POLL):
                under_way -= 1
                self._record(job, outcome)
            self._tick()

    def _record(self, job: Job, outcome: Outcome) -> None:
        for level, name, message in outcome.messages:
            logging.getLogger(name).log(level, "%s: %s", job.label, message)
        self._publish_essential(JobEnded(job, outcome))
        self._count(job, outcome)
        self._publish_others(JobEnded(job, outcome))

    def _count(self, job: Job, outcome: Outcome) -> None:
        self._ended[job.number] = job, outcome
        self.counts[outcome.status] += 1
        if outcome.status is Status.OK:
            self.exp_durations.append(outcome.duration)
            self._requests_ended += outcome.value.n_requests

    def collect(self) -> None:
        """Make ``results`` of what has ended so far, in the order of the queue.

        The order must not depend on which worker was first.
        """
        results = ResultSet()
        campaign = campaign_facts(self.plan, self.settings)
        for _, (job, outcome) in sorted(self._ended.items()):
            facts = job_facts(job, outcome, campaign)
            if outcome.status is Status.OK:
                results.add(job.argument.params, outcome.value.results, facts)
            else:
                results.add_failure(job.argument.params, facts)
        self.results = results

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._published >= _POLL:
            self._published = now
            self._publish(Progress(self.snapshot()))

    def snapshot(self) -> Snapshot:
        """Return the state of the campaign now."""
        running = [] if self._executor is None else self._executor.running()
        return Snapshot(
            planned=self.n_exp,
            counts=dict(self.counts),
            running=running,
            requests=self._requests_ended + sum(one.requests for one in running),
            elapsed=time.monotonic() - self._began,
            eta=self._eta(one.age for one in running),
        )

    def _eta(self, ages: Iterable[float]) -> float | None:
        if not self.exp_durations:
            return None
        typical = sum(self.exp_durations) / len(self.exp_durations)
        left = (self.n_exp - self.counts.total()) * typical
        left -= sum(min(age, typical) for age in ages)
        return max(left, 0.0) / min(self.n_proc, self.n_exp)

    def _publish(self, event: Event) -> None:
        self._publish_essential(event)
        self._publish_others(event)

    def _publish_essential(self, event: Event) -> None:
        for subscriber in list(self._essential):
            subscriber(event)

    def _publish_others(self, event: Event) -> None:
        for subscriber in list(self._subscribers):
            try:
                subscriber(event)
            except Exception:
                # Such as a display whose terminal is gone: it must not cost the campaign.
                self._subscribers.remove(subscriber)
                logger.exception("a subscriber failed and is told nothing more")

    def experiment_callback(self, args: Any) -> None:
        """Take a result from outside: ``(params, results, duration)``, or nothing for a failure.

        Kept for scripts that drive an orchestrator of Icarus 0.8 themselves.
        """
        if not args:
            self.counts[Status.FAILED] += 1
            return
        params, results, duration = args
        self.results.add(params, results)
        self.exp_durations.append(duration)
        self.counts[Status.OK] += 1

    def error_callback(self, msg: object) -> None:
        """Count a failure reported from outside."""
        logger.error("an experiment failed: %s", msg)
        self.counts[Status.FAILED] += 1
