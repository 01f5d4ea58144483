"""``icarus run`` and ``list``."""

from __future__ import annotations

import contextlib
import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icarus.cli.common import (
    PATH,
    command,
    confirm,
    echo,
    main,
    override_option,
    settings_argument,
    strict_option,
    warn,
)
from icarus.cli.completing import complete_kind, complete_name
from icarus.cli.plan_command import print_outline, selection_options

if TYPE_CHECKING:
    from icarus.orchestration import Orchestrator
    from icarus.planning.selection import Selection
    from icarus.util import Settings

__all__ = ["load", "run"]


@main.command()
@settings_argument
@click.option(
    "-r",
    "--results",
    "destination",
    metavar="FILE",
    type=PATH,
    help="Where the results go.  [default: results/<name of SETTINGS>.pickle]",
)
@override_option
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace a results file that is there already and was not made by this campaign.",
)
@click.option(
    "--retry-failed", is_flag=True, help="Run the jobs again that gave no result in earlier runs."
)
@click.option(
    "--fresh", is_flag=True, help="Start over; the journal of earlier runs is moved aside."
)
@click.option(
    "--no-journal", is_flag=True, help="Keep no journal: an interrupted run cannot be resumed."
)
@click.option(
    "--executor",
    metavar="WHERE",
    help="Where simulations run: serial, pool, or dask://HOST:PORT for the workers of a dask "
    "cluster.  [default: as PARALLEL_EXECUTION says]",
)
@selection_options
@strict_option
@click.option("--dry-run", is_flag=True, help="Check everything, print the plan and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Print a line for every simulation.")
@click.option(
    "--log-file",
    type=PATH,
    help="Write the log to this file too.",
)
@command
def run(
    settings: Path,
    destination: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    retry_failed: bool,
    fresh: bool,
    no_journal: bool,
    executor: str | None,
    sample: int | None,
    points: str | None,
    shard: str | None,
    strict: bool,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    log_file: Path | None,
) -> None:
    """Run every experiment of SETTINGS and save the results.

    SETTINGS is a settings module, which is executed, or a sweep file, .toml or .json, of which
    nothing is.

    Everything is checked before anything runs. Every finished simulation is kept in a journal
    beside the results at once: the same command, run again after whatever happened, goes on
    from there. A first Ctrl-C or SIGTERM lets running simulations finish and starts nothing
    more; a second one, or SIGHUP, stops at once. All save what is finished.

    Exit codes: 0 all simulations gave their results, those aside that a constraint or VETO
    excludes; 1 some did not, the others are saved;
    2 something is wrong with settings, command line or disk; 128 + n stopped by signal n, what
    was finished is saved.
    """
    from icarus.orchestration import campaign as campaigns
    from icarus.orchestration import destination as destinations
    from icarus.planning.selection import Selection

    selection = Selection(sample, points, shard)
    shown = destination or destinations.default_destination(settings, selection)
    # Before the settings can change to another folder.
    file = destinations.absolute(shown)
    log_file = None if log_file is None else destinations.absolute(log_file)
    loaded = load(settings, overrides, strict, selection)
    if dry_run:
        print_outline(settings, loaded, resolved=False, as_json=False)
        return
    if fresh and not no_journal:
        _confirm_fresh(file)
    keeping = campaigns.Keeping(
        journal=not no_journal, fresh=fresh, retry_failed=retry_failed, overwrite=overwrite
    )
    with campaigns.prepared(loaded, file, keeping, executor) as campaign:
        orchestrator = campaign.orchestrator
        loaded.freeze()
        _show_progress(orchestrator, settings.stem, quiet, verbose, log_file)
        for note in campaign.notes:
            logging.getLogger("journal").warning("%s", note)
            if quiet:
                # It tells of results that are elsewhere than they were.
                warn(note)
        campaigns.run_campaign(orchestrator, campaign.write)
        _write_tables(orchestrator, file)
    code = _report(orchestrator, shown, quiet)
    if orchestrator.stopped_by is not None and not quiet:
        with contextlib.suppress(OSError):
            echo(_how_to_go_on(no_journal))
    sys.exit(code)


def _write_tables(orchestrator: Orchestrator, file: Path) -> None:
    """Write the tables of cases, if any has been run."""
    from icarus.planning.job_kinds import CASE

    if CASE in orchestrator.plan.kinds and orchestrator.n_success:
        from icarus.cases.tables import write_tables

        write_tables(file)


def _how_to_go_on(no_journal: bool) -> str:
    """Return the last line of a campaign that was stopped."""
    # What started it over must not do so again.
    given = [one for one in sys.argv[1:] if one != "--fresh"]
    command = shlex.join(["icarus", *given])
    if no_journal:
        return f"interrupted; no journal was kept, so that {command} would run everything again"
    return f"interrupted; to go on from here: {command}"


def _confirm_fresh(file: Path) -> None:
    from icarus.orchestration.journal.schema import journal_of

    journal = journal_of(file)
    if journal.exists() and sys.stdin.isatty():
        confirm(f"{journal}: move it aside and run everything again?")


def load(
    settings: Path, overrides: tuple[str, ...], strict: bool, selection: Selection
) -> Settings:
    """Return the settings that a command line names, with the part of their queue that it asks for.

    Raises
    ------
    SettingsError
        If they cannot be read, or there is no such part.
    """
    from icarus.planning.loading import load_settings, parse_overrides
    from icarus.planning.selection import select

    loaded = load_settings(settings, parse_overrides(overrides))
    if strict:
        loaded["STRICT"] = True
    select(loaded, selection)
    return loaded


def _show_progress(
    orchestrator: Orchestrator, title: str, quiet: bool, verbose: bool, log_file: Path | None
) -> None:
    from icarus.cli.logs import configure_logs
    from icarus.core.console import PlainConsole
    from icarus.orchestration.progress import LiveProgress, LogProgress

    console = PlainConsole(stderr=True)
    live = console.is_terminal and not quiet
    level = logging.getLevelNamesMapping()[orchestrator.settings["LOG_LEVEL"].upper()]
    if quiet:
        level = logging.ERROR
    elif verbose:
        level = logging.DEBUG
    configure_logs(level, live_console=console if live else None, log_file=log_file)
    orchestrator.subscribe(LogProgress())
    if live:
        orchestrator.subscribe(LiveProgress(console, title))


def _report(orchestrator: Orchestrator, file: Path, quiet: bool) -> int:
    """Print how a campaign ended; return the exit code."""
    from icarus.orchestration.status import Status
    from icarus.util import timestr

    snapshot = orchestrator.snapshot()
    if not quiet:
        counts = [f"{number} {status}" for status, number in sorted(snapshot.counts.items())]
        elapsed = timestr(snapshot.elapsed)
        # The terminal may be gone, which changes nothing about how the campaign ended.
        with contextlib.suppress(OSError):
            plan = orchestrator.plan
            alike = len(plan.simulations) == len(plan.experiments)
            what = "simulations" if alike else "jobs"
            echo(f"{snapshot.planned} {what} in {elapsed}: {', '.join(counts)}")
            echo(f"results: {file}")
    if orchestrator.stopped_by is not None:
        return 128 + orchestrator.stopped_by
    # What somebody excludes is not missed.
    vetoed = snapshot.counts.get(Status.VETOED, 0)
    return 0 if snapshot.ok + vetoed == snapshot.planned else 1


@main.command("list")
@click.argument("kind", required=False, shell_complete=complete_kind)
@click.argument("name", required=False, shell_complete=complete_name)
@command
def list_(kind: str | None, name: str | None) -> None:
    """List the components that settings may name.

    \b
    icarus list                           the kinds of components
    icarus list strategies                the strategies, a line each
    icarus list strategies PROB_CACHE     parameters and reference of one
    """
    from icarus.cli import listing

    if kind is None:
        lines = listing.kinds()
    elif name is None:
        lines = listing.components(kind)
    else:
        lines = listing.component(kind, name)
    echo("\n".join(lines))
