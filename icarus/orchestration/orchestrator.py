"""The orchestrator: fans a campaign's jobs out and brings their outcomes home."""

from __future__ import annotations

import logging
import signal
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icarus.compiler import beside
from icarus.metering.setting import ResourceMetrics
from icarus.orchestration.accounts import Accounts
from icarus.orchestration.announcer import Announcer, EssentialSubscriberFailed
from icarus.orchestration.campaign_states import CampaignStates
from icarus.orchestration.events import (
    CampaignEnded,
    CampaignStarted,
    Event,
    Heartbeat,
    JobEnded,
    JobPaused,
    JobRetried,
    JobsAdded,
    JobStarted,
    OutcomeRefused,
    Progress,
    Snapshot,
    Subscriber,
)
from icarus.orchestration.executors import (
    Executor,
    JobInterrupted,
    make_executor,
    planned_for,
)
from icarus.orchestration.hooks import HookError, Hooks
from icarus.orchestration.jobs import LONGEST_MESSAGE, Job, Outcome
from icarus.orchestration.keeping import keepable
from icarus.orchestration.kinds.task import REQUESTS, Paused
from icarus.orchestration.messages import JobMessages
from icarus.orchestration.provenance import campaign_facts
from icarus.orchestration.replicating import PreciseJobs, planned_source
from icarus.orchestration.source import JobSource
from icarus.orchestration.status import Status
from icarus.plaintext import one_line
from icarus.planning.plan import Plan, make_plan
from icarus.results.resultset import ResultSet
from icarus.util import SequenceNumber, Settings

if TYPE_CHECKING:
    from icarus.orchestration.compiling import CodeBeside

__all__ = ["Orchestrator"]

logger = logging.getLogger("orchestration")

_POLL = 0.2
"""Seconds between two looks at the workers; also how soon a signal is heeded."""
_RECENT = 30
"""How many of the last jobs the remaining time is estimated from."""
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
        jobs of the plan, and of those that ``REPLICATIONS`` asks for.

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
    broken : bool
        Whether ``run`` was ended by an exception, or has not ended, so that results may be missing.
    folder : Path or None
        Where jobs may leave files, each in a folder of its own, called as its id.
    states : Path or None
        Where long jobs put their state aside, each in a file that is called as its id.

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
        source: Callable[[Plan], JobSource] = planned_source,
    ) -> None:
        self.settings = settings
        self.summary_freq = summary_freq
        self.plan: Plan = planned_for(executor, make_plan(settings), settings)
        self.results = ResultSet()
        self.seq = SequenceNumber()
        self.exp_durations: deque[float] = deque(maxlen=_RECENT)
        self.counts: Counter[Status] = Counter()
        self.n_exp = self.plan.n_jobs
        self.n_proc = self.plan.n_processes
        self.stopped_by: int | None = None
        self.broken = False
        self.folder: Path | None = None
        self.states: Path | None = None
        self._known = known or {}
        self._source = source(self.plan)
        self._hooks = Hooks(settings["HOOKS"])
        self._executor_name = executor
        self._executor: Executor | None = None
        self._code: CodeBeside | None = None
        self._states: CampaignStates | None = None
        self._announcer = Announcer()
        self._messages = JobMessages()
        self._announcer.subscribe(self._summarise_messages, essential=False)
        if isinstance(self._source, PreciseJobs):
            self._announcer.subscribe(self._source.report, essential=False)
        self._stopping = False
        self._draining = False
        self._accounts = self._open_accounts()
        self._blocked = ""
        self._said_draining = False
        self._began = time.monotonic()
        self._published = 0.0

    def _open_accounts(self) -> Accounts:
        self.counts.clear()
        return Accounts(self._source, self._known, self.counts, self.exp_durations)

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
        self.broken = True
        self._accounts = accounts = self._open_accounts()
        self._began = time.monotonic()
        self._blocked = ""
        accounts.enlist(self._source.first())
        self.n_exp = len(accounts.jobs)
        self._states = None
        if self.states is not None or self.plan.barriers:
            jobs = accounts.unended()
            self._states = CampaignStates(self.plan, self.states, jobs, accounts.pending)
        n_known = len(accounts.ended)
        if n_known and self.plan.unknown:
            logger.warning(
                "%d jobs that ended in an earlier run are not run again, though something they "
                "read may have changed unseen: %s; --fresh runs everything again",
                n_known,
                "; ".join(self.plan.unknown),
            )
        started = CampaignStarted(self.plan, tuple(accounts.jobs), n_known)
        hooked = False
        try:
            self._publish(started)
            if n_known < len(accounts.jobs) and not self._stopping:
                hooked = True
                self._hooks.campaign_start(started)
                self._executor = make_executor(
                    self._executor_name, self.plan, self.settings, self.n_proc, self._tick
                )
                self._compile_beside(self._executor)
                self._run_jobs(self._executor)
        except JobInterrupted:
            # The signal came between the end of a job and the note of it.
            logger.debug("stopped between two jobs")
        except HookError as error:
            self._blocked = str(error)
            logger.error("%s\n%s", error, error.traceback_text)
        except EssentialSubscriberFailed:
            logger.error("what happens cannot be recorded; the campaign is stopped")
        finally:
            self._finish(hooked)
        if self._announcer.failure is not None:
            raise self._announcer.failure
        self.broken = False

    def _compile_beside(self, executor: Executor) -> None:
        """Have code compiled while jobs go on, where there is anything to compile."""
        if not self.plan.simulations:
            return
        from icarus.orchestration.compiling import CodeBeside

        self._code = CodeBeside(self.plan, self._accounts.unended(), executor)
        self._announcer.subscribe(self._code, essential=False)

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

    def _run_jobs(self, executor: Executor) -> None:
        accounts = self._accounts
        while not self._stopping:
            self._start_more(executor)
            if not accounts.under_way and not (accounts.pending and self._may_start()):
                break
            self._note_starts(executor)
            ended = executor.wait(_POLL)
            if self._need_not_be_noted_first(ended, executor):
                self._start_more(executor)
            for job, outcome in ended:
                self._note_end(job, outcome)
            self._note_starts(executor)
            self._tick()

    def _start_more(self, executor: Executor) -> None:
        pending = self._accounts.pending
        while True:
            # Also after those that end without having been started.
            if self._states is not None:
                self._states.refill(nothing_runs=not self._accounts.under_way)
            if not (pending and self._may_start() and self._has_room(executor)):
                return
            self._start(pending.popleft(), executor)

    def _need_not_be_noted_first(
        self, ended: list[tuple[Job, Outcome]], executor: Executor
    ) -> bool:
        """Return whether the next jobs would be the same ones before the end of these is noted.

        Keeping a result waits for the disk, and processes of the pool would wait for that.
        """
        fine = all(outcome.status is Status.OK for _, outcome in ended)
        return bool(ended) and fine and executor.elsewhere and not self._hooks.between_jobs

    def _has_room(self, executor: Executor) -> bool:
        under_way = len(self._accounts.under_way)
        return executor.has_room() and (self._code is None or self._code.leaves_room(under_way))

    def _may_start(self) -> bool:
        most = self.plan.limits.max_failures
        if most is not None and self._accounts.failures >= most and not self._blocked:
            self._blocked = f"MAX_FAILURES: {most} job{'s' if most > 1 else ''} failed before it"
            logger.error("%d jobs failed, MAX_FAILURES is reached: starting nothing more", most)
        return not (self._blocked or self._draining or self._stopping)

    def _start(self, job: Job, executor: Executor) -> None:
        attempt = self._accounts.attempts[job.number] + 1
        goes_on = job.number in self._accounts.going_on
        if job.verdict is not None:
            self._conclude(job, job.verdict)
            return
        refusal = None if goes_on else self._prepare(job, attempt)
        if refusal is not None:
            self._conclude(job, replace(refusal, attempts=attempt - 1))
            return
        if attempt == 1 and not goes_on:
            self.seq.assign()
        self._accounts.start(job)
        given = self._given(job)
        if given:
            job = replace(job, **given)
        if self._states is not None:
            job = self._states.prepared(job)
        executor.submit(job)

    def _given(self, job: Job) -> dict[str, Any]:
        """Return what a job is to know of the campaign that it is part of."""
        given: dict[str, Any] = {}
        metering = ResourceMetrics.of(self.settings["RESOURCE_METRICS"])
        if metering is None and job.task.is_metered:
            metering = ResourceMetrics()
        if metering is not None:
            given["metering"] = metering
        if part := self._accounts.parts[job.number]:
            given["part"] = part
        if self.folder is not None:
            given["folder"] = str(self.folder / job.id)
        return given

    def _prepare(self, job: Job, attempt: int) -> Outcome | None:
        """Return how a job ends that is not to be started, None for one that is."""
        try:
            reason = self._hooks.before_job(JobStarted(job, attempt))
        except HookError as error:
            return Outcome(Status.FAILED, error=str(error), traceback=error.traceback_text)
        if reason is not None:
            return Outcome(Status.VETOED, error=reason)
        self._accounts.prepared.add(job.number)
        return None

    def _note_starts(self, executor: Executor) -> None:
        for job in executor.started():
            self._announce_start(job)

    def _announce_start(self, job: Job) -> None:
        if job.number in self._accounts.under_way and job.number not in self._accounts.announced:
            self._accounts.announced.add(job.number)
            self._publish(JobStarted(job, self._accounts.attempts[job.number]))

    def _note_end(self, job: Job, outcome: Outcome) -> None:
        """Take note of an attempt that ended; it may be repeated."""
        self._announce_start(job)
        attempt = self._accounts.attempts[job.number]
        outcome = replace(keepable(outcome), attempts=attempt)
        self._messages.pass_on(job, outcome)
        if isinstance(outcome.value, Paused) and self._states is not None:
            self._accounts.pause(job, outcome)
            self._publish(JobPaused(job))
            self._states.paused(job)
            return
        if outcome.status in _RETRIED and attempt <= self.plan.limits.max_retries:
            retried = JobRetried(job, outcome, attempt)
            self._publish(retried)
            self._accounts.repeat(job)
            self._call_after_job(retried)
        else:
            self._conclude(job, outcome)

    def _summarise_messages(self, event: Event) -> None:
        if isinstance(event, CampaignEnded):
            self._messages.summarise(self._accounts.ended.values())

    def _conclude(self, job: Job, outcome: Outcome) -> None:
        """Count a job that ended, once those have heard of it who keep it."""
        whole = self._accounts.whole(job, outcome)
        self._count(self._kept(JobEnded(job, whole, outcome.attempts)))

    def _kept(self, event: JobEnded) -> JobEnded:
        """Tell those of the end of a job who keep it. A job failed whose result cannot be kept."""
        try:
            self._tell_essential(event)
        except OutcomeRefused as refusal:
            outcome = replace(
                event.outcome,
                status=Status.FAILED,
                value=None,
                messages=[],
                error=f"its result cannot be kept: {one_line(refusal, LONGEST_MESSAGE)}",
                traceback="".join(traceback.format_exception(refusal)),
            )
            event = JobEnded(event.job, outcome, event.attempt)
            self._tell_essential(event)
        return event

    def _count(self, event: JobEnded) -> None:
        added = self._accounts.end(event.job, event.outcome)
        if self._states is not None:
            self._states.ended(event.job, event.outcome)
        self.n_exp = len(self._accounts.jobs)
        self._announcer.tell_others(event)
        self._call_after_job(event)
        if added:
            ended = self._accounts.ended
            if self._states is not None:
                self._states.take_up([job for job in added if job.number not in ended])
            known = sum(job.number in ended for job in added)
            self._publish(JobsAdded(added, known))

    def _call_after_job(self, event: JobEnded | JobRetried) -> None:
        if event.job.number in self._accounts.prepared:
            self._accounts.prepared.discard(event.job.number)
            self._hooks.after_job(event)

    def _finish(self, hooked: bool) -> None:
        """Leave no process behind and no job without a status."""
        try:
            if self._code is not None:
                self._code.close()
            if self._executor is not None:
                self._executor.close()
        finally:
            self._executor = self._code = None
            for job in self._accounts.unended():
                outcome = self._outcome_of_rest(job)
                event = JobEnded(job, outcome, outcome.attempts)
                with suppress(EssentialSubscriberFailed):
                    event = self._kept(event)
                self._count(event)
            left = self.counts[Status.INTERRUPTED] + self.counts[Status.SKIPPED]
            if self._states is not None:
                self._states.close(goes_on=left > 0)
            self.collect()
            ended = CampaignEnded(self.snapshot(), self.stopped_by)
            with suppress(EssentialSubscriberFailed):
                self._announcer.tell_essential(ended)
            self._announcer.tell_others(ended)
            if hooked:
                self._hooks.campaign_end(ended)

    def _outcome_of_rest(self, job: Job) -> Outcome:
        """Return the outcome of a job that the end of the campaign kept from running."""
        attempts = self._accounts.attempts[job.number]
        under_way = job.number in self._accounts.under_way
        if self._blocked and not (self._draining or self._stopping or under_way):
            return Outcome(Status.SKIPPED, error=self._blocked, attempts=attempts)
        return Outcome(Status.INTERRUPTED, attempts=attempts)

    def collect(self) -> None:
        """Make ``results`` of what has ended so far, in the order of the queue.

        The order must not depend on which worker was first.
        """
        facts = campaign_facts(self.plan, self.settings)
        if isinstance(self._source, PreciseJobs):
            facts |= self._source.facts()
        self.results = self._accounts.results(facts)

    def _tick(self) -> None:
        if self._draining and not self._said_draining and not self._stopping:
            self._said_draining = True
            self._say_draining()
        beside.tend()
        now = time.monotonic()
        if now - self._published < _POLL:
            return
        self._published = now
        snapshot = self.snapshot()
        for one in snapshot.running:
            told = one.amount, one.phase
            if any(told) and told != self._accounts.beats.get(one.job.number):
                self._accounts.beats[one.job.number] = told
                # The board may tell of it before the message does that it has begun.
                self._announce_start(one.job)
                self._publish(Heartbeat(one.job, one.amount, one.age, one.phase))
        self._publish(Progress(snapshot))

    def _say_draining(self) -> None:
        name = "stopping" if self.stopped_by is None else signal.Signals(self.stopped_by).name
        logger.warning(
            "%s: starting nothing more; %d running, to be finished (once more stops at once)",
            name,
            len(self._accounts.under_way),
        )

    def snapshot(self) -> Snapshot:
        """Return the state of the campaign now."""
        running = [] if self._executor is None else self._executor.running()
        return Snapshot(
            planned=self.n_exp,
            counts=dict(self.counts),
            running=running,
            requests=self._accounts.requests
            + sum(one.amount for one in running if one.job.task.unit == REQUESTS),
            elapsed=time.monotonic() - self._began,
            eta=self._accounts.eta([one.age for one in running], self.n_exp, self.n_proc),
            retries=self._accounts.retries,
            draining=self._draining and not self._stopping,
        )

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
