"""The orchestrator: fans a campaign's jobs out and brings their outcomes home."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from icarus.errors import SettingsError, suggestion
from icarus.orchestration.announcer import Announcer, EssentialSubscriberFailed
from icarus.orchestration.events import (
    CampaignEnded,
    CampaignStarted,
    Event,
    Heartbeat,
    JobEnded,
    JobRetried,
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
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.provenance import campaign_facts, job_facts
from icarus.orchestration.source import JobSource, PlannedJobs
from icarus.orchestration.status import RUN_AGAIN, Status
from icarus.plan import Plan, available_cores, make_plan
from icarus.results.resultset import ResultSet
from icarus.util import SequenceNumber, Settings

__all__ = ["Orchestrator"]

logger = logging.getLogger("orchestration")

_POLL = 0.2
"""Seconds between two looks at the workers; also how soon a signal is heeded."""
_RECENT = 30
"""How many of the last jobs the remaining time is estimated from."""
_EXECUTORS = ("serial", "pool")
_RETRIED = frozenset({Status.FAILED, Status.LOST})
"""How an attempt ends that ``MAX_RETRIES`` has repeated."""


class Orchestrator:
    """Runs a campaign: every experiment of the queue, replicated, on a pool of processes.

    Parameters
    ----------
    settings : Settings
        What to run. It is checked in full before ``run`` starts anything.
    summary_freq : int, optional
        Kept for scripts written for Icarus 0.8; summaries go by time.
    known : mapping of str to Outcome, optional
        Outcomes of jobs that ended in an earlier run, by the id of the job. These jobs are not
        run again: they count at once, their outcomes are part of the results, and no
        ``JobStarted`` or ``JobEnded`` is published for them. Outcomes by which a job was not
        run to an end (INTERRUPTED, SKIPPED, VETOED) are ignored.
    executor : str, optional
        ``"serial"`` or ``"pool"``; None for what the settings say.
    source : callable, optional
        Called with the plan; returns the ``JobSource`` of the campaign, by default one of all
        jobs of the plan.

    Attributes
    ----------
    results : ResultSet
        The results so far; once ``run`` has returned, in the order of the queue.
    counts : Counter
        Ended jobs by status. ``n_success`` and ``n_fail`` are sums over it.
    n_exp : int
        Jobs there are so far, the sum over all statuses once ``run`` has returned.
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
        source: Callable[[Plan], JobSource] = PlannedJobs,
    ) -> None:
        self.settings = settings
        self.summary_freq = summary_freq
        self.plan: Plan = _planned_for(executor, make_plan(settings), settings)
        self.results = ResultSet()
        self.seq = SequenceNumber()
        self.exp_durations: deque[float] = deque(maxlen=_RECENT)
        self.counts: Counter[Status] = Counter()
        self.n_exp = self.plan.n_jobs
        self.n_proc = self.plan.n_processes
        self.stopped_by: int | None = None
        self._known = known or {}
        self._source = source(self.plan)
        self._executor_name = executor
        self._executor: Executor | None = None
        self._announcer = Announcer()
        self._stopping = False
        self._draining = False
        self._forget()

    def _forget(self) -> None:
        """Start the accounts of a run from nothing."""
        self.counts.clear()
        self._jobs: list[Job] = []
        self._pending: deque[Job] = deque()
        self._under_way: dict[int, Job] = {}
        self._announced: set[int] = set()
        self._attempts: Counter[int] = Counter()
        self._ended: dict[int, tuple[Job, Outcome]] = {}
        self._retries = 0
        self._requests_ended = 0
        self._beats: dict[int, int] = {}
        self._began = time.monotonic()
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

        Parameters
        ----------
        subscriber : callable
            Called with one event at a time, in the thread that runs the campaign. One that
            raises an exception is told nothing more.
        essential : bool, optional
            Essential subscribers are told of an event before all others, and of the end of a job
            before it counts. If one raises, the campaign is stopped at once and ``run`` raises
            the exception.
        """
        self._announcer.subscribe(subscriber, essential)

    def run(self) -> None:
        """Run the campaign to its end, or until it is stopped.

        Results are in ``results`` afterwards, also if an exception ends the run.

        Raises
        ------
        Exception
            What an essential subscriber raised.
        """
        self._forget()
        self._enlist(self._source.first())
        n_known = len(self._ended)
        try:
            self._publish(CampaignStarted(self.plan, tuple(self._jobs), n_known))
            if self._pending and not self._stopping:
                self._executor = self._make_executor()
                self._run_jobs(self._executor)
        except JobInterrupted:
            # The signal came between the end of a job and the note of it.
            logger.debug("stopped between two jobs")
        except EssentialSubscriberFailed:
            logger.error("what happens cannot be recorded; the campaign is stopped")
        finally:
            self._finish()
        if self._announcer.failure is not None:
            raise self._announcer.failure

    def drain(self, signum: int | None = None) -> None:
        """Start nothing more, and let what is running come to its end.

        May be called from a signal handler or from another thread.
        """
        self.stopped_by = signum
        self._draining = True

    def stop(self, signum: int | None = None) -> None:
        """Stop the campaign: what is running is broken off, what ended is kept.

        May be called from a signal handler or from another thread.
        """
        self.stopped_by = signum
        self._stopping = True
        if self._executor is not None:
            self._executor.interrupt()

    def _make_executor(self) -> Executor:
        serial = self.n_proc == 1 and not self.settings["PARALLEL_EXECUTION"]
        if self._executor_name == "serial" or (self._executor_name is None and serial):
            return SerialExecutor(self._tick)
        # Here, so that no two workers compile the same and forked ones have it already.
        from icarus.execution.compiled.ahead import compile_ahead

        compile_ahead(self.plan.experiments, self.plan.collectors, self.plan.engine)
        # A source may add to the jobs later on; processes start when there is a job for them.
        return PoolExecutor(self.n_proc, self.plan.start_method, self.settings.source)

    def _run_jobs(self, executor: Executor) -> None:
        while not self._stopping:
            while self._pending and not self._draining and executor.has_room():
                self._start(self._pending.popleft(), executor)
            if not self._under_way:
                break
            self._note_starts(executor)
            for job, outcome in executor.wait(_POLL):
                self._note_end(job, outcome)
            self._note_starts(executor)
            self._tick()

    def _start(self, job: Job, executor: Executor) -> None:
        if not self._attempts[job.number]:
            self.seq.assign()
        self._attempts[job.number] += 1
        self._under_way[job.number] = job
        executor.submit(job)

    def _note_starts(self, executor: Executor) -> None:
        for job in executor.started():
            self._announce_start(job)

    def _announce_start(self, job: Job) -> None:
        if job.number not in self._announced:
            self._announced.add(job.number)
            self._publish(JobStarted(job, self._attempts[job.number]))

    def _note_end(self, job: Job, outcome: Outcome) -> None:
        """Take note of an attempt that ended; it may be repeated."""
        self._announce_start(job)
        attempt = self._attempts[job.number]
        outcome = replace(outcome, attempts=attempt)
        for level, name, message in outcome.messages:
            logging.getLogger(name).log(level, "%s: %s", job.label, message)
        if outcome.status in _RETRIED and attempt <= self.settings["MAX_RETRIES"]:
            self._publish(JobRetried(job, outcome, attempt))
            self._retries += 1
            self._leave(job)
            self._pending.append(job)
        else:
            self._conclude(job, outcome, attempt)

    def _leave(self, job: Job) -> None:
        self._under_way.pop(job.number, None)
        self._announced.discard(job.number)
        self._beats.pop(job.number, None)

    def _conclude(self, job: Job, outcome: Outcome, attempt: int) -> None:
        """Count a job that ended, once those have heard of it who keep it."""
        event = JobEnded(job, outcome, attempt)
        self._tell_essential(event)
        self._leave(job)
        more = self._count(job, outcome)
        if outcome.status is Status.OK:
            self._requests_ended += outcome.value.n_requests
        self._announcer.tell_others(event)
        self._enlist(more)

    def _count(self, job: Job, outcome: Outcome) -> Sequence[Job]:
        """Count a job that ended; return the jobs that are to run because of it."""
        self._ended[job.number] = job, outcome
        self.counts[outcome.status] += 1
        if outcome.status is Status.OK:
            self.exp_durations.append(outcome.duration)
        if outcome.status in RUN_AGAIN:
            return ()
        return self._source.after(job, outcome)

    def _enlist(self, jobs: Iterable[Job]) -> None:
        """Take up jobs; those that ended in an earlier run count at once."""
        waiting = deque(jobs)
        while waiting:
            job = waiting.popleft()
            self._jobs.append(job)
            known = self._known.get(job.id)
            if known is not None and known.status not in RUN_AGAIN:
                waiting.extend(self._count(job, known))
            else:
                self._pending.append(job)
        self.n_exp = len(self._jobs)

    def _finish(self) -> None:
        """Leave no process behind and no job without a status."""
        try:
            if self._executor is not None:
                self._executor.close()
        finally:
            self._executor = None
            for job in self._jobs:
                if job.number not in self._ended:
                    self._give_up(job)
            self.collect()
            ended = CampaignEnded(self.snapshot(), self.stopped_by)
            with suppress(EssentialSubscriberFailed):
                self._announcer.tell_essential(ended)
            self._announcer.tell_others(ended)

    def _give_up(self, job: Job) -> None:
        outcome = Outcome(Status.INTERRUPTED, attempts=self._attempts[job.number])
        event = JobEnded(job, outcome, outcome.attempts)
        with suppress(EssentialSubscriberFailed):
            self._announcer.tell_essential(event)
        self._leave(job)
        self._count(job, outcome)
        self._announcer.tell_others(event)

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
        if now - self._published < _POLL:
            return
        self._published = now
        snapshot = self.snapshot()
        for one in snapshot.running:
            if one.requests and one.requests != self._beats.get(one.job.number):
                self._beats[one.job.number] = one.requests
                self._publish(Heartbeat(one.job, one.requests, one.age))
        self._publish(Progress(snapshot))

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
            retries=self._retries,
            draining=self._draining and not self._stopping,
        )

    def _eta(self, ages: Iterable[float]) -> float | None:
        if not self.exp_durations:
            return None
        typical = sum(self.exp_durations) / len(self.exp_durations)
        left = (self.n_exp - self.counts.total()) * typical
        left -= sum(min(age, typical) for age in ages)
        return max(left, 0.0) / min(self.n_proc, self.n_exp)

    def _publish(self, event: Event) -> None:
        self._tell_essential(event)
        self._announcer.tell_others(event)

    def _tell_essential(self, event: Event) -> None:
        try:
            self._announcer.tell_essential(event)
        except EssentialSubscriberFailed:
            # A job in this process may catch even what is not to be caught.
            self._stopping = True
            raise

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


def _planned_for(executor: str | None, plan: Plan, settings: Settings) -> Plan:
    """Return the plan with the number of processes that the executor uses."""
    match executor:
        case None:
            return plan
        case "serial":
            return replace(plan, n_processes=1)
        case "pool":
            return replace(plan, n_processes=settings["N_PROCESSES"] or available_cores())
    raise SettingsError([f"executor {executor!r}: unknown; {suggestion(executor, _EXECUTORS)}"])
