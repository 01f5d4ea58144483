"""Showing how far a campaign is: a live view on a terminal, plain lines elsewhere.

Both are subscribers of the orchestrator's events.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from icarus.orchestration.events import (
    CampaignEnded,
    CampaignStarted,
    Event,
    JobEnded,
    JobRetried,
    Progress,
    Running,
    Snapshot,
)
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.kinds.task import REQUESTS
from icarus.orchestration.status import FAILURES, Status
from icarus.plaintext import cut, one_line

__all__ = ["LiveProgress", "LogProgress", "describe", "how_far"]

logger = logging.getLogger("progress")
jobs_logger = logging.getLogger("orchestration")

_SPECIAL_FAILURES = (Status.TIMEOUT, Status.STALLED, Status.LOST)
_LOG_LEVELS = {Status.VETOED: logging.INFO, Status.CANCELLED: logging.INFO}
"""How loud an end is told of that is no failure; SKIPPED and INTERRUPTED are told once, in all."""
_SUMMARY_EVERY = 5.0
"""Seconds between two summaries in a log."""
_LONGEST_LABEL, _LONGEST_ERROR, _LONGEST_TRACEBACK = 200, 1_000, 10_000
"""Characters of what jobs are called and what went wrong; ``icarus log`` has more."""


def _clock(seconds: float | None) -> str:
    return "-:--:--" if seconds is None else str(timedelta(seconds=round(seconds)))


def _error(outcome: Outcome) -> str:
    return one_line(outcome.error, _LONGEST_ERROR)


def describe(snapshot: Snapshot) -> str:
    """Return the state of a campaign in one line."""
    kinds = _kinds_of_failure(snapshot)
    parts = [f"{snapshot.ok} of {snapshot.planned} jobs done", f"{snapshot.failed} failed{kinds}"]
    parts += _otherwise(snapshot)
    parts.append(f"{snapshot.left} left")
    line = f"{', '.join(parts)}{_rate(snapshot, '; ')}"
    if snapshot.draining:
        return f"{line}; finishing {len(snapshot.running)} and starting nothing more"
    return f"{line}; {_clock(snapshot.eta)} to go" if snapshot.left else line


def _rate(snapshot: Snapshot, before: str) -> str:
    """Return how fast it goes, where that is counted in requests, behind a separator."""
    return f"{before}{snapshot.rate:,.0f} requests/s" if snapshot.requests else ""


def _done(job: Job, outcome: Outcome) -> str:
    amount = 0 if outcome.value is None else outcome.value.amount_here
    if job.task.unit == REQUESTS:
        return f"{amount / max(outcome.duration, 1e-9):,.0f} requests/s"
    return f"{amount:,} {job.task.unit}"


def how_far(running: Running) -> str:
    """Return in a few words how far a running job is."""
    task = running.job.task
    step = f"step {running.where}" if running.where else ""
    done = f"{running.amount:,} {task.unit}" if running.amount else ""
    return ", ".join(filter(None, (step, done))) or "setting up"


def _kinds_of_failure(snapshot: Snapshot) -> str:
    """Return how many failed in which way, in brackets, where that is not plain."""
    kinds = [
        f"{snapshot.counts[status]} {status.lower()}"
        for status in _SPECIAL_FAILURES
        if snapshot.counts.get(status)
    ]
    return f" ({', '.join(kinds)})" if kinds else ""


def _otherwise(snapshot: Snapshot) -> list[str]:
    """Return what else became of jobs, other than to be done or to fail."""
    parts = [
        f"{snapshot.counts[status]} {status.lower()}"
        for status in Status
        if status is not Status.OK and status not in FAILURES and snapshot.counts.get(status)
    ]
    if snapshot.retries:
        parts.append(f"{snapshot.retries} repeated")
    return parts


class LogProgress:
    """Writes summaries to the log, at most one every few seconds, and every failure."""

    def __init__(self) -> None:
        self._last = -_SUMMARY_EVERY
        self._told_of_output = False

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case CampaignStarted(plan, _, known):
                # Some may have numbers of their own.
                several = plan.n_jobs != len(plan.experiments) * plan.n_replications
                logger.info(
                    "%d experiments%s = %d jobs on %d process%s",
                    len(plan.experiments),
                    "" if several else f" x {plan.n_replications} replications",
                    plan.n_jobs,
                    plan.n_processes,
                    "" if plan.n_processes == 1 else "es",
                )
                if known:
                    logger.info("%d of them ended in an earlier run", known)
                self._last = time.monotonic()
            case JobRetried(job, outcome, attempt):
                jobs_logger.warning(
                    "%s: %s at attempt %d, to be repeated: %s",
                    job.label,
                    outcome.status,
                    attempt,
                    _error(outcome),
                )
            case JobEnded(job, outcome):
                if outcome.output and not self._told_of_output:
                    self._told_of_output = True
                    logger.info("what jobs print is kept: icarus log RESULTS %d", job.number)
                if outcome.value is not None:
                    jobs_logger.debug(
                        "%s: OK in %.1f s, %s", job.label, outcome.duration, _done(job, outcome)
                    )
                elif outcome.status not in (Status.INTERRUPTED, Status.SKIPPED):
                    level = _LOG_LEVELS.get(outcome.status, logging.ERROR)
                    jobs_logger.log(level, "%s: %s: %s", job.label, outcome.status, _error(outcome))
                    if outcome.traceback:
                        jobs_logger.debug("%s", cut(outcome.traceback, _LONGEST_TRACEBACK))
            case Progress(snapshot):
                if time.monotonic() - self._last >= _SUMMARY_EVERY:
                    self._last = time.monotonic()
                    logger.info("%s", describe(snapshot))
            case CampaignEnded(snapshot, stopped_by):
                if stopped_by is not None:
                    logger.warning("stopped by signal %d", stopped_by)
                logger.info("%s", describe(snapshot))


class LiveProgress:
    """Keeps a view of the campaign at the bottom of a terminal.

    Parameters
    ----------
    console : rich.console.Console
        Where to draw.
    title : str
        What the campaign is called.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case CampaignStarted():
                self._live.start()
            case Progress(snapshot):
                self._live.update(self._view(snapshot), refresh=True)
            case CampaignEnded():
                self._live.stop()

    def _view(self, snapshot: Snapshot) -> Group:
        share = snapshot.ended / snapshot.planned
        head = Table.grid(padding=(0, 2), expand=False)
        head.add_row(
            Text(one_line(self._title, _LONGEST_LABEL), style="bold"),
            ProgressBar(total=snapshot.planned, completed=snapshot.ended, width=36),
            f"{snapshot.ended}/{snapshot.planned}",
            f"{share:.0%}",
            f"elapsed {_clock(snapshot.elapsed)}",
            f"left {_clock(snapshot.eta)}",
        )
        facts = Text.assemble(
            (f"{snapshot.ok} done", "green"),
            "   ",
            (
                f"{snapshot.failed} failed{_kinds_of_failure(snapshot)}",
                "bold red" if snapshot.failed else "",
            ),
            *(f"   {part}" for part in _otherwise(snapshot)),
            f"   {snapshot.left} left{_rate(snapshot, '   ')}",
        )
        if snapshot.draining:
            facts.append("   stopping: nothing more is started", "bold yellow")
        workers = Table.grid(padding=(0, 2))
        workers.add_column(style="dim")
        workers.add_column(no_wrap=True)
        workers.add_column(justify="right")
        workers.add_column(justify="right", style="dim")
        for i, running in enumerate(snapshot.running, start=1):
            workers.add_row(
                f"  {i}",
                Text(one_line(running.job.label, _LONGEST_LABEL)),
                Text(one_line(how_far(running), _LONGEST_LABEL)),
                f"{running.age:.0f} s",
            )
        return Group(head, facts, workers)
