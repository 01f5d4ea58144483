"""``icarus compare``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icarus.cli.common import PATH, command, echo, echo_json, main, table_console, warn
from icarus.cli.completing import complete_results
from icarus.errors import IcarusError, ResultsError

if TYPE_CHECKING:
    from rich.table import Table

    from icarus.results import ResultSet

__all__: list[str] = []

_DIFFER, _CANNOT_SAY = 1, 2
"""Exit codes."""


@main.command()
@click.argument("a", metavar="A", type=PATH, shell_complete=complete_results)
@click.argument("b", metavar="B", type=PATH, shell_complete=complete_results)
@click.option("--metric", "metrics", multiple=True, help="Only this metric, such as LATENCY.MEAN.")
@click.option("--where", multiple=True, metavar="KEY=VALUE", help="Only these experiments.")
@click.option("--where-a", multiple=True, metavar="KEY=VALUE", help="Only these, of A.")
@click.option("--where-b", multiple=True, metavar="KEY=VALUE", help="Only these, of B.")
@click.option(
    "--ignore",
    multiple=True,
    metavar="KEY",
    help="Match experiments whatever value this parameter has.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Probability of a difference by chance, over all comparisons.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Share of A's mean below which a difference does not count, such as 0.01.",
)
@click.option("--all", "every", is_flag=True, help="Print every comparison, however many.")
@click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")
@command
def compare(
    a: Path,
    b: Path,
    metrics: tuple[str, ...],
    where: tuple[str, ...],
    where_a: tuple[str, ...],
    where_b: tuple[str, ...],
    ignore: tuple[str, ...],
    alpha: float,
    threshold: float,
    every: bool,
    as_json: bool,
) -> None:
    """Say by how much the results in A and B differ, and whether that is more than chance.

    Experiments are matched by their parameters; what differs throughout is named. Replications of
    the same number are compared in pairs where both campaigns have the same SEED (paired t test),
    else means with each other (Welch's t test). Holm's method corrects for the number of tests.

    Exit codes: 0 no difference was found; 1 results differ; 2 there is nothing to compare, or there
    are too few replications to say.
    """
    from icarus.results import compare as compared
    from icarus.results._comparison_report import comparison_report

    one, other = _read(a, b)
    found = compared(
        one,
        other,
        metrics=list(metrics) or None,
        where=where,
        where_a=where_a,
        where_b=where_b,
        ignore=ignore,
        alpha=alpha,
        threshold=threshold,
    )
    if as_json:
        echo_json(found.json(indent=4))
    else:
        _print(comparison_report(found, (str(a), str(b)), every=every))
    for note in found.notes:
        warn(note)
    sys.exit({"same": 0, "differ": _DIFFER, "cannot say": _CANNOT_SAY}[found.verdict])


def _print(report: Iterable[str | Table]) -> None:
    console = table_console()
    for part in report:
        if isinstance(part, str):
            echo(part)
        else:
            console.print(part)


def _read(*paths: Path) -> list[ResultSet]:
    """Return the results in files, or say of each what is wrong."""
    from icarus.cli.reading import read_results

    found: list[ResultSet] = []
    problems: list[str] = []
    for path in paths:
        try:
            found.append(read_results(path))
        except IcarusError as error:
            problems += error.problems
    if problems:
        raise ResultsError(*problems)
    return found
