"""``icarus results``: tables, merging, recovering and verifying."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from icarus.cli.common import (
    CONTEXT_SETTINGS,
    PATH,
    command,
    echo,
    echo_json,
    main,
    results_argument,
    table_console,
    warn,
    where_option,
)

__all__ = ["export_results", "merge_results", "print_results", "results"]


@main.group(context_settings=CONTEXT_SETTINGS)
def results() -> None:
    """Print, tabulate, export, merge, recover and verify results."""


@results.command("print")
@click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")
@results_argument
@command
def print_results(path: Path, as_json: bool) -> None:
    """Print parameters and results of every simulation in RESULTS."""
    from icarus.cli.reading import read_results

    loaded = read_results(path)
    if as_json:
        echo_json(loaded.json(indent=4))
    else:
        echo(loaded.prettyprint())


@results.command("show")
@results_argument
@click.option("--metric", "metrics", multiple=True, help="Only this metric, such as LATENCY.MEAN.")
@where_option
@click.option(
    "--sort",
    metavar="KEY",
    help="In the order of a parameter or a metric; with - before it, in descending order.",
)
@click.option("-j", "--json", "form", flag_value="json", help="Print JSON.")
@click.option(
    "--csv", "form", flag_value="csv", help="Print CSV, a line per experiment and metric."
)
@command
def show_results(
    path: Path,
    metrics: tuple[str, ...],
    where: tuple[str, ...],
    sort: str | None,
    form: str | None,
) -> None:
    """Print RESULTS as a table: a line per experiment, mean and 95 % confidence interval.

    Where one table is too wide for the terminal, each collector has one. JSON and CSV have n, mean,
    sd, half_width of the interval, min, median and max of each metric.
    """
    from icarus.cli.reading import distinct
    from icarus.results import summaries
    from icarus.results._completeness import counted
    from icarus.results.selecting import part_of
    from icarus.results.tables import results_tables

    part = part_of(distinct(path), where)
    found = summaries.summarise(part, metrics)
    if sort is not None:
        found = summaries.sorted_by(found, sort)
    warning = counted(part, whole=not where).warning
    if form is None:
        console = table_console()
        for table in results_tables(found, console.width, warning):
            console.print(table)
        return
    if form == "json":
        echo_json(summaries.json_of(found))
    else:
        echo(summaries.csv_of(found))
    if warning:
        warn(warning)


@results.command("export")
@results_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=PATH,
    metavar="FILE",
    help="Where the table goes; its name says the format: .csv, .json, .parquet, .xlsx, .tex.",
)
@click.option("--csv", "form", flag_value=".csv", help="Write CSV, whatever the name.")
@click.option("--json", "form", flag_value=".json", help="Write JSON, a list of objects.")
@click.option("--parquet", "form", flag_value=".parquet", help="Write Parquet.")
@click.option("--xlsx", "form", flag_value=".xlsx", help="Write a workbook of Excel.")
@click.option("--latex", "form", flag_value=".tex", help="Write a table of LaTeX, for booktabs.")
@click.option(
    "--table",
    type=click.Choice(
        ["metrics", "summary", "nodes", "links", "contents", "windows", "distributions"]
    ),
    default="metrics",
    show_default=True,
    help="Single numbers of each simulation, their means, or what each has many of.",
)
@click.option("--metric", "metrics", multiple=True, help="Only this metric, such as LATENCY.MEAN.")
@where_option
@click.option("--wide", is_flag=True, help="A column for each metric, instead of a row.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@command
def export_results(
    path: Path,
    output: Path,
    form: str | None,
    table: str,
    metrics: tuple[str, ...],
    where: tuple[str, ...],
    wide: bool,
    overwrite: bool,
) -> None:
    """Write the numbers in RESULTS as a table for other programs.

    A row for each simulation and metric, with its parameters, seed, replication and job; each
    simulation once. What is written reads back equal.
    """
    from icarus.cli.reading import distinct
    from icarus.orchestration.destination import check_destination
    from icarus.results.exporting import export, format_of

    format_of(output, form)
    check_destination(output, overwrite, "TABLE")
    loaded = distinct(path)
    asked, conditions = list(metrics) or None, list(where) or None
    if table == "summary":
        frame = loaded.summary(metrics=asked, where=conditions)
    else:
        frame = loaded.to_frame(wide, asked, conditions, table)
    export(frame, output, form)
    told = frame.attrs["completeness"]
    if " of " in told:
        warn(f"incomplete: {told} gave results")
    echo(f"{len(frame):,} rows of {told}: {output}")


@results.command("merge")
@click.option(
    "-o",
    "--output",
    required=True,
    type=PATH,
    help="Where the merged results go.",
)
@click.option("--overwrite", is_flag=True, help="Replace a results file that is there already.")
@click.argument("inputs", metavar="RESULTS...", nargs=-1, required=True, type=PATH)
@command
def merge_results(output: Path, overwrite: bool, inputs: tuple[Path, ...]) -> None:
    """Put several RESULTS into one file, in the order given, each simulation once.

    A simulation that several files have is taken from the first. Exit code 2: its results differ.
    """
    from icarus.cli.reading import distinct
    from icarus.orchestration.destination import check_destination
    from icarus.results import write_results_pickle

    merged = distinct(*inputs)
    check_destination(output, overwrite)
    write_results_pickle(merged, output)
    echo(f"{len(merged)} results: {output}")


@results.command("recover")
@click.argument("journal", metavar="JOURNAL", type=PATH)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Where the results go.  [default: the results file that JOURNAL belongs to]",
)
@click.option("--overwrite", is_flag=True, help="Replace a results file that is there already.")
@click.option(
    "--run",
    "number",
    type=click.IntRange(min=1),
    help="Results of the jobs that this run, counted from 1, was the last to ask for.  [default: "
    "the last run]",
)
@command
def recover_results(
    journal: Path, output: Path | None, overwrite: bool, number: int | None
) -> None:
    """Make a results file of JOURNAL alone, also of one that is damaged or still written."""
    from icarus.errors import JournalError
    from icarus.orchestration.destination import check_destination
    from icarus.orchestration.journal.overview import campaign_status, find_journal
    from icarus.orchestration.journal.recovery import recover
    from icarus.orchestration.journal.schema import results_of
    from icarus.results import write_results_pickle
    from icarus.results.merging import merge

    path = find_journal(journal)
    file = output or results_of(path)
    check_destination(file, overwrite)
    found, notes = recover(path, number)
    once = merge([(str(path), found)])
    found, repeated = once.results, once.notes
    for note in [*notes, *repeated]:
        warn(note)
    if notes and not len(found) and not found.failures:
        raise JournalError(f"{path}: nothing in it can be recovered; is it a journal?")
    write_results_pickle(found, file)
    failed = f", {len(found.failures)} failures" if found.failures else ""
    echo(f"{len(found)} results{failed}: {file}")
    if (
        number is None
        and not notes
        and (left := (now := campaign_status(path)).planned - now.ended)
    ):
        echo(f"{left} jobs of the campaign have not ended")


@results.command("verify")
@click.argument("path", metavar="FILE", type=PATH)
@command
def verify_results(path: Path) -> None:
    """Check FILE, results or a journal, in full, and say what it holds.

    Everything is read and every checksum compared; FILE is not changed.

    Exit codes: 0 sound, and every simulation gave its results; 1 sound, but some did not, or have
    not ended; 2 damaged, or neither results nor a journal.
    """
    from icarus.orchestration.verifying import verify

    verdict = verify(path)
    width = max((len(name) for name, _ in verdict.facts), default=0) + 1
    for name, text in verdict.facts:
        echo(f"{name + ':':<{width}}  {text}")
    for problem in verdict.damage:
        echo(f"icarus: damaged: {problem}", err=True)
    for problem in verdict.missing:
        echo(f"icarus: incomplete: {problem}", err=True)
    sys.exit(verdict.exit_code)
