"""The command line: parses, calls the library and prints. Nothing is decided here.

Heavy parts of the package are imported by the command that needs them, so that ``--help``
answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icarus.errors import IcarusError, SettingsError
from icarus.release import version

if TYPE_CHECKING:
    from icarus.orchestration import Orchestrator
    from icarus.util import Settings

__all__ = ["CONTEXT_SETTINGS", "main", "results", "run"]

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"]}

_USAGE_ERROR = 2


def _command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--debug``, and turn errors that are the user's to mend into lines."""

    @click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
    @functools.wraps(function)
    def guarded(*args: Any, debug: bool, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except IcarusError as error:
            if debug:
                traceback.print_exc()
            problems = error.problems if isinstance(error, SettingsError) else [str(error)]
            for problem in problems:
                click.echo(f"icarus: {problem}", err=True)
            sys.exit(_USAGE_ERROR)
        except BrokenPipeError:
            # Whoever read our output, such as `head`, has enough.
            sys.stderr.close()
            sys.exit(1)

    return guarded


@click.group(context_settings=CONTEXT_SETTINGS)
@click.version_option(version, "--version", prog_name="icarus")
def main() -> None:
    """Simulate networks of caches, and run whole campaigns of simulations.

    \b
    icarus run config/quickstart.py             run a campaign
    icarus plot results/quickstart.pickle       draw its results
    """


_settings_argument = click.argument("settings", metavar="SETTINGS", type=click.Path(path_type=Path))
_override_option = click.option(
    "-c",
    "--config-override",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set KEY to VALUE, a Python literal or else a string, in place of what SETTINGS "
    "assigns to it. Takes effect before the queue is built. May be given several times.",
)


@main.command()
@_settings_argument
@click.option(
    "-r",
    "--results",
    "destination",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where the results go.  [default: results/<name of SETTINGS>.pickle]",
)
@_override_option
@click.option("--overwrite", is_flag=True, help="Replace a results file that is there already.")
@click.option(
    "--executor",
    metavar="WHERE",
    help="Where simulations run: serial, pool, or dask://HOST:PORT for the workers of a dask "
    "cluster.  [default: as PARALLEL_EXECUTION says]",
)
@click.option("--dry-run", is_flag=True, help="Check everything, print the plan and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Print a line for every simulation.")
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the log to this file too.",
)
@_command
def run(
    settings: Path,
    destination: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    executor: str | None,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    log_file: Path | None,
) -> None:
    """Run every experiment of SETTINGS and save the results.

    Everything is checked before anything runs. Ctrl-C, SIGTERM and SIGHUP save what is finished.

    Exit codes: 0 all simulations gave their results; 1 some did not, the others are saved;
    2 something is wrong with settings or command line, nothing was run; 128 + n stopped by
    signal n, what was finished is saved.
    """
    from icarus import runner
    from icarus.orchestration import Orchestrator

    loaded = _load(settings, overrides)
    if dry_run:
        _print_plan(settings, loaded)
        return
    file = destination or runner.default_destination(settings)
    orchestrator = Orchestrator(loaded, executor=executor)
    runner.check_destination(file, overwrite)
    loaded.freeze()
    _show_progress(orchestrator, settings.stem, quiet, verbose, log_file)
    for warning in orchestrator.plan.warnings:
        logging.getLogger("settings").warning("%s", warning)
    runner.run_campaign(orchestrator, lambda done: runner.write_results(done, file))
    sys.exit(_report(orchestrator, file, quiet))


def _load(settings: Path, overrides: tuple[str, ...]) -> Settings:
    from icarus.settings import load_settings, parse_overrides

    return load_settings(settings, parse_overrides(overrides))


def _show_progress(
    orchestrator: Orchestrator, title: str, quiet: bool, verbose: bool, log_file: Path | None
) -> None:
    from rich.console import Console

    from icarus.logs import configure_logs
    from icarus.orchestration.progress import LiveProgress, LogProgress

    console = Console(stderr=True)
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
    from icarus.util import timestr

    snapshot = orchestrator.snapshot()
    if not quiet:
        counts = [f"{number} {status}" for status, number in sorted(snapshot.counts.items())]
        elapsed = timestr(snapshot.elapsed)
        # The terminal may be gone, which changes nothing about how the campaign ended.
        with contextlib.suppress(OSError):
            click.echo(f"{snapshot.planned} simulations in {elapsed}: {', '.join(counts)}")
            click.echo(f"results: {file}")
    if orchestrator.stopped_by is not None:
        return 128 + orchestrator.stopped_by
    return 0 if snapshot.ok == snapshot.planned else 1


@main.command()
@_settings_argument
@_override_option
@_command
def validate(settings: Path, overrides: tuple[str, ...]) -> None:
    """Check SETTINGS in full and print the plan, running nothing.

    All problems are listed at once, each with its place; the exit code is then 2.
    """
    _print_plan(settings, _load(settings, overrides))


def _print_plan(path: Path, settings: Settings) -> None:
    from icarus.plan import make_plan

    plan = make_plan(settings)
    for warning in plan.warnings:
        click.echo(f"icarus: warning: {warning}", err=True)
    click.echo(f"settings:      {path}")
    click.echo("\n".join(plan.describe()))


@main.command("list")
@click.argument("kind", required=False)
@click.argument("name", required=False)
@_command
def list_(kind: str | None, name: str | None) -> None:
    """List the components that settings may name.

    \b
    icarus list                           the kinds of components
    icarus list strategies                the strategies, a line each
    icarus list strategies PROB_CACHE     parameters and reference of one
    """
    from icarus import listing

    if kind is None:
        lines = listing.kinds()
    elif name is None:
        lines = listing.components(kind)
    else:
        lines = listing.component(kind, name)
    click.echo("\n".join(lines))


_results_argument = click.argument("path", metavar="RESULTS", type=click.Path(path_type=Path))


@main.group(context_settings=CONTEXT_SETTINGS)
def results() -> None:
    """Print, tabulate and merge results."""


@results.command("print")
@click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")
@_results_argument
@_command
def print_results(path: Path, as_json: bool) -> None:
    """Print parameters and results of every simulation in RESULTS."""
    from icarus.results import read_results_pickle

    loaded = read_results_pickle(path)
    click.echo(loaded.json(indent=4) if as_json else loaded.prettyprint())


@results.command("show")
@_results_argument
@click.option("--metric", "metrics", multiple=True, help="Only this metric, such as LATENCY.MEAN.")
@_command
def show_results(path: Path, metrics: tuple[str, ...]) -> None:
    """Print RESULTS as a table: a line per experiment, mean and 95 % confidence interval."""
    from rich.console import Console

    from icarus.results import read_results_pickle
    from icarus.results.tables import results_table

    console = Console()
    if not console.is_terminal:
        # A file or a pipe has no width to fit into.
        console = Console(width=10_000)
    console.print(results_table(read_results_pickle(path), metrics))


@results.command("merge")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the merged results go.",
)
@click.option("--overwrite", is_flag=True, help="Replace a results file that is there already.")
@click.argument(
    "inputs", metavar="RESULTS...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@_command
def merge_results(output: Path, overwrite: bool, inputs: tuple[Path, ...]) -> None:
    """Concatenate several RESULTS, in the order given."""
    from icarus.results import read_results_pickle, write_results_pickle
    from icarus.runner import check_destination

    loaded = [read_results_pickle(path) for path in inputs]
    check_destination(output, overwrite)
    merged = sum(loaded[1:], start=loaded[0])
    write_results_pickle(merged, output)
    click.echo(f"{len(merged)} results: {output}")


@main.group(context_settings=CONTEXT_SETTINGS)
def trace() -> None:
    """Look at request traces and convert them."""


_TRACE_OPTIONS = (
    click.option("--format", metavar="FORMAT", help="What SOURCE is.  [default: found out]"),
    click.option("--content-column", metavar="COLUMN", help="Column of ids: name, or number."),
    click.option("--time-column", metavar="COLUMN", help="Column of times, in seconds."),
    click.option("--size-column", metavar="COLUMN", help="Column of sizes, in bytes."),
    click.option("--delimiter", help="What separates columns."),
    click.option("--header/--no-header", default=None, help="Whether the first line names them."),
)


def _trace_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how a trace is to be read."""

    @functools.wraps(function)
    def read(*args: Any, **options: Any) -> None:
        from icarus.tools.tracecommands import column

        for name, value in options.items():
            if name.endswith("_column") and value:
                options[name] = column(value)
        try:
            function(*args, **options)
        except ValueError as error:
            if isinstance(error, IcarusError):
                raise
            # Options that contradict each other.
            raise SettingsError([str(error)]) from error

    decorated = _command(read)
    for option in reversed(_TRACE_OPTIONS):
        decorated = option(decorated)
    return decorated


@trace.command("info")
@click.argument("source", metavar="TRACE", type=click.Path(path_type=Path))
@_trace_command
def trace_info(source: Path, **options: Any) -> None:
    """Print statistics of TRACE and the Zipf exponent that fits it."""
    from icarus.tools.tracecommands import info_lines

    click.echo("\n".join(info_lines(source, **options)))


@trace.command("convert")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@_trace_command
def trace_convert(source: Path, destination: Path, **options: Any) -> None:
    """Write the trace SOURCE to DESTINATION in a compact form that simulations stream from."""
    from icarus.tools.tracecommands import convert_lines

    click.echo("\n".join(convert_lines(source, destination, **options)))


@main.command()
@_results_argument
@click.option("--metric", "metrics", multiple=True, help="Draw only this metric, such as LATENCY.")
@click.option("--x", metavar="PARAMETER", help="Parameter on the horizontal axis.")
@click.option("--series", metavar="PARAMETER", help="Parameter that tells lines apart.")
@click.option(
    "--facet", multiple=True, metavar="PARAMETER", help="Parameter that tells panels apart."
)
@click.option("--where", multiple=True, metavar="KEY=VALUE", help="Draw only these experiments.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where pictures go.  [default: RESULTS without its suffix]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["png", "pdf", "svg"]),
    default="png",
    show_default=True,
)
@click.option("--show", is_flag=True, help="Open a window with each picture too.")
@_command
def plot(
    path: Path,
    metrics: tuple[str, ...],
    x: str | None,
    series: str | None,
    facet: tuple[str, ...],
    where: tuple[str, ...],
    output: Path | None,
    file_format: str,
    show: bool,
) -> None:
    """Draw every metric in RESULTS over whatever the campaign varied.

    Needs no options: the numeric parameter that varies goes on the horizontal axis, names such
    as strategies become lines, the rest small multiples. Bars are 95 % confidence intervals.
    """
    from icarus.results import plot_results, read_results_pickle

    loaded = read_results_pickle(path)
    pictures = plot_results(
        loaded,
        output or path.with_suffix(""),
        metrics=list(metrics) or None,
        x=x,
        series=series,
        facet=list(facet) or None,
        where=list(where) or None,
        fmt=file_format,
        show=show,
    )
    for picture in pictures:
        click.echo(picture)
