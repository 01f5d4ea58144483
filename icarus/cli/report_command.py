"""``icarus report``."""

from __future__ import annotations

from pathlib import Path

import click

from icarus.cli.common import PATH, command, echo, main, results_argument

__all__: list[str] = []


@main.command()
@results_argument
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Where the report goes.  [default: RESULTS with the suffix .html]",
)
@command
def report(path: Path, output: Path | None) -> None:
    """Write a report of RESULTS: one file of HTML that a browser opens without a network.

    It has charts whose metric, axis and series can be chosen, maps of networks, series over time, a
    table that sorts and filters, what was run, failures with tracebacks, and what to mind.
    """
    from icarus.cli.reading import distinct
    from icarus.errors import ResultsError
    from icarus.report import write_report

    file = output or path.with_suffix(".html")
    if file.is_dir():
        raise ResultsError(f"{file}: is a folder; name a file with -o FILE.html")
    if file.exists() and file.resolve() == path.resolve():
        raise ResultsError(f"{file}: is what the report is of; name another file with -o FILE.html")
    write_report(distinct(path), file, path.stem)
    echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
