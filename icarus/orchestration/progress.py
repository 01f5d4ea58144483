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
    Snapshot,
)
from icarus.orchestration.status import Status

__all__ = ["LiveProgress", "LogProgress", "describe"]

logger = logging.getLogger("progress")
jobs_logger = logging.getLogger("orchestration")

_SUMMARY_EVERY = 5.0
"""Seconds between two summaries in a log."""


def _clock(seconds: float | None) -> str:
    return "-:--:--" if seconds is None else str(timedelta(seconds=round(seconds)))


def describe(snapshot: Snapshot) -> str:
    """Return the state of a campaign in one line."""
    parts = [f"{snapshot.ok} of {snapshot.planned} jobs done", f"{snapshot.failed} failed"]
    if Status.INTERRUPTED in snapshot.counts:
        parts.append(f"{snapshot.counts[Status.INTERRUPTED]} interrupted")
    parts.append(f"{snapshot.left} left")
    line = f"{', '.join(parts)}; {snapshot.rate:,.0f} requests/s"
    return f"{line}; {_clock(snapshot.eta)} to go" if snapshot.left else line


class LogProgress:
    """Writes summaries to the log, at most one every few seconds, and every failure."""

    def __init__(self) -> None:
        self._last = -_SUMMARY_EVERY

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case CampaignStarted(plan, _, known):
                logger.info(
                    "%d experiments x %d replications = %d jobs on %d process%s",
                    len(plan.experiments),
                    plan.n_replications,
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
                    outcome.error,
                )
            case JobEnded(job, outcome):
                if outcome.status is Status.OK:
                    rate = outcome.value.n_requests / max(outcome.duration, 1e-9)
                    jobs_logger.debug(
                        "%s: OK in %.1f s, %s requests/s",
                        job.label,
                        outcome.duration,
                        f"{rate:,.0f}",
                    )
                elif outcome.status is not Status.INTERRUPTED:
                    jobs_logger.error("%s: %s: %s", job.label, outcome.status, outcome.error)
                    if outcome.traceback:
                        jobs_logger.debug("%s", outcome.traceback)
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
            Text(self._title, style="bold"),
            ProgressBar(total=snapshot.planned, completed=snapshot.ended, width=36),
            f"{snapshot.ended}/{snapshot.planned}",
            f"{share:.0%}",
            f"elapsed {_clock(snapshot.elapsed)}",
            f"left {_clock(snapshot.eta)}",
        )
        facts = Text.assemble(
            (f"{snapshot.ok} done", "green"),
            "   ",
            (f"{snapshot.failed} failed", "bold red" if snapshot.failed else ""),
            f"   {snapshot.left} left   {snapshot.rate:,.0f} requests/s",
        )
        workers = Table.grid(padding=(0, 2))
        workers.add_column(style="dim")
        workers.add_column(no_wrap=True)
        workers.add_column(justify="right")
        workers.add_column(justify="right", style="dim")
        for i, running in enumerate(snapshot.running, start=1):
            workers.add_row(
                f"  {i}",
                running.job.label,
                f"{running.requests:,} requests" if running.requests else "setting up",
                f"{running.age:.0f} s",
            )
        return Group(head, facts, workers)
