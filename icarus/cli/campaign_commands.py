"""``icarus status``, ``watch``, ``log`` and ``replay``: campaigns seen from outside."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icarus.cli.common import PATH, command, echo, echo_json, main, results_argument
from icarus.cli.completing import complete_results
from icarus.plaintext import one_line

if TYPE_CHECKING:
    from icarus.orchestration.jobs import Outcome
    from icarus.orchestration.journal.overview import CampaignStatus, JobRow
    from icarus.orchestration.kinds import Task
    from icarus.orchestration.replay import Recorded

__all__: list[str] = []

_WATCH_EVERY = 1.0
"""Seconds between two looks."""

_LONGEST = 500
"""Characters of a label or an error in a list."""

_optional_results = click.argument(
    "path", metavar="[RESULTS]", required=False, type=PATH, shell_complete=complete_results
)
_job_argument = click.argument("job", metavar="JOB")


@main.command()
@_optional_results
@click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")
@command
def status(path: Path | None, as_json: bool) -> None:
    """Print how far the campaign of RESULTS is, also while it runs.

    RESULTS is a results file, its journal or a settings module; by default the campaign under
    results/ that was active last.
    """
    from icarus.orchestration.journal.overview import campaign_status, find_journal

    found = campaign_status(find_journal(path))
    if as_json:
        facts = {**dataclasses.asdict(found), "ended": found.ended, "rate": found.rate}
        echo_json(json.dumps(facts, indent=4, default=str))
    else:
        echo("\n".join(_status_lines(found)))


def _status_lines(found: CampaignStatus) -> list[str]:
    counts = [f"{number} {name}" for name, number in sorted(found.counts.items())]
    left = found.planned - found.ended
    share = f" ({found.ended / found.planned:.0%})" if found.planned else ""
    lines = [
        f"{found.journal}: {found.state}",
        f"jobs:     {found.ended} of {found.planned} ended{share}, {left} left; "
        f"{', '.join(counts) or 'none yet'}",
    ]
    if found.known:
        lines.append(f"earlier:  {found.known} of them ended in earlier runs")
    if found.alive:
        speed = f"{found.rate:,.0f} requests/s; " if found.requests else ""
        lines.append(f"speed:    {speed}{_clock(found.elapsed)} so far, {_clock(found.eta)} to go")
        lines.append(f"process:  {found.pid} on {found.host}")
    silent = time.time() - found.updated
    lines += [f"running:  {_running(job, silent)}" for job in found.running]
    lines += [
        f"{job.status + ':':<9} {job.number} {_short(job.label)}: {_short(job.error)}"
        for job in found.failures
    ]
    return lines


def _running(job: JobRow, silent: float) -> str:
    # What the campaign noted last, which was a moment ago.
    age = max((job.age or 0.0) + silent, 0.0) if job.age is not None else None
    step = f"step {_short(job.phase)}" if job.phase else ""
    done = f"{job.amount:,} {_short(job.unit)}" if job.amount else ""
    how_far = ", ".join(filter(None, (step, done))) or "setting up"
    return f"{job.number} {_short(job.label)}: {how_far}, {_clock(age)}"


def _short(text: str | None) -> str:
    return one_line(text, _LONGEST)


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "-:--:--"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@main.command()
@_optional_results
@click.option("--web", is_flag=True, help="Serve a page for browsers of this machine instead.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help="Where the page is served.  [default: any that is free]",
)
@command
def watch(path: Path | None, web: bool, port: int | None) -> None:
    """Keep what ``icarus status`` prints on the screen until the campaign ends, or Ctrl-C.

    With --web, a page shows it, with charts of what is finished so far, until Ctrl-C. Only this
    machine can open it, at the address that is printed, which holds a secret.
    """
    if web:
        _serve(path, port or 0)
        return
    if port is not None:
        raise click.UsageError("--port is of --web, which is missing")
    from rich.live import Live
    from rich.text import Text

    from icarus.core.console import PlainConsole
    from icarus.orchestration.journal.overview import campaign_status, find_journal

    journal = find_journal(path)
    try:
        with Live(console=PlainConsole(), auto_refresh=False) as live:
            while True:
                found = campaign_status(journal)
                live.update(Text("\n".join(_status_lines(found))), refresh=True)
                if not found.alive:
                    break
                time.sleep(_WATCH_EVERY)
    except KeyboardInterrupt:
        pass


def _serve(path: Path | None, port: int) -> None:
    """Serve the live page of a campaign until Ctrl-C."""
    from icarus.orchestration.journal.overview import find_journal
    from icarus.report import LivePage

    page = LivePage(find_journal(path), port)
    echo(f"{page.url}  (Ctrl-C ends it)")
    try:
        page.serve()
    except KeyboardInterrupt:
        pass
    finally:
        page.close()


@main.command()
@results_argument
@click.argument("job", metavar="[JOB]", required=False)
@command
def log(path: Path, job: str | None) -> None:
    """Print the jobs of RESULTS, or messages, output and traceback of one.

    JOB is its number, or the beginning of its id.
    """
    from icarus.orchestration.journal.overview import find_journal, job_row, job_rows

    journal = find_journal(path)
    if job is None:
        rows = job_rows(journal)
        width = max((len(row.id) for row in rows), default=0)
        for row in rows:
            took = "" if row.duration is None else f"  {row.duration:.2f} s"
            error = f"  {_short(row.error)}" if row.error else ""
            echo(
                f"{row.number:>6}  {row.id:<{width}}  {row.status or '-':<11}  {_short(row.label)}"
                f"{took}{error}"
            )
        return
    echo("\n".join(_log_lines(journal, job_row(journal, job))))


def _log_lines(journal: Path, row: JobRow) -> list[str]:
    from icarus.orchestration.journal.reader import JournalReader

    lines = [f"job {row.number}: {row.id}", f"what:      {_short(row.label)}"]
    lines.append(f"status:    {row.status or 'has not started'}")
    if row.started:
        begin = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.started))
        lines.append(f"started:   {begin}, attempt {row.attempts}")
    with JournalReader(journal) as reader:
        for number, outcome in reader.attempts(row.id):
            lines += [f"attempt {number}:", *_outcome_lines(outcome)]
        if row.duration is not None:
            lines += _outcome_lines(reader.job(row.id)[1])
    return lines


def _outcome_lines(outcome: Outcome) -> list[str]:
    import logging

    memory = f", {outcome.peak_memory / 2**20:.0f} MiB at most" if outcome.peak_memory else ""
    lines = [f"took:      {outcome.duration:.2f} s{memory}"]
    if outcome.error:
        lines.append(f"error:     {one_line(outcome.error)}")
    for level, name, text in outcome.messages:
        lines.append(f"{logging.getLevelName(level)} {name}: {text}")
    if outcome.output:
        lines += ["printed:", *(f"  {line}" for line in outcome.output.rstrip().split("\n"))]
    if outcome.traceback:
        lines += ["", *outcome.traceback.rstrip().splitlines()]
    return lines


@main.command()
@results_argument
@_job_argument
@click.option("--step", is_flag=True, help="Stop after each stage, or other phase, of the job.")
@functools.partial(command, debug_help="Open the debugger where the job raises.")
def replay(path: Path, job: str, step: bool, debug: bool) -> None:
    """Run one job of RESULTS again, here, and say whether the result is the same.

    Parameters, seed and settings module are those that were recorded. The settings module is
    executed for the components it defines: replay nothing whose author you do not trust.
    JOB is its number, or the beginning of its id. Exit code 1: the result is another.
    """
    from icarus.orchestration.replay import difference, prepare, recorded_job
    from icarus.orchestration.replay import replay as run_again

    recorded = recorded_job(path, job)
    prepared = prepare(recorded)
    if debug:
        _debug(prepared.task)
    outcome = run_again(prepared, _stepper(prepared.task) if step else None)
    differs = difference(recorded, prepared, outcome)
    if differs is None:
        echo(f"the same: {recorded.status}, {outcome.duration:.2f} s")
        if outcome.traceback:
            echo(outcome.traceback.rstrip())
        return
    echo(_verdict(recorded, differs))
    sys.exit(1)


def _stepper(task: Task) -> Callable[[int, int], None]:
    """Return what tells of each phase of a task, and waits before it, but for the first."""
    phases = task.phases
    if not phases:
        raise click.UsageError(f"--step: a job of the kind {task.kind} has no stages to stop after")
    options = task.params.get("walk") or {}
    told, waits = 0, True
    began = time.perf_counter()

    def tell(amount: int, phase: int) -> None:
        nonlocal told, began, waits
        if phase == told:
            return
        if told:
            echo(f"{phases[told - 1]}: done in {time.perf_counter() - began:.2f} s")
            try:
                if waits:
                    input("Enter goes on ")
            except EOFError:
                # Nobody is there to press it.
                waits = False
        name = phases[phase - 1]
        option = f", with {one_line(repr(options[name]), _LONGEST)}" if name in options else ""
        echo(f"stage {phase} of {len(phases)}: {name}{option}")
        told, began = phase, time.perf_counter()

    return tell


def _verdict(recorded: Recorded, differs: str) -> str:
    from icarus.orchestration.status import Status

    if recorded.status is Status.INTERRUPTED:
        return f"it had not ended when its campaign did: {differs}"
    return f"not the same: {differs}"


def _debug(task: Task) -> None:
    """Run a task, and open the debugger where it raises."""
    import pdb
    import traceback

    from icarus.orchestration import JobContext

    try:
        task.perform(JobContext(phases=task.phases))
    except Exception as error:
        echo(traceback.format_exc().rstrip(), err=True)
        pdb.post_mortem(error.__traceback__)
