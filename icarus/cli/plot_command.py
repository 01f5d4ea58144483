"""``icarus plot``: figures of the results of a campaign."""

from __future__ import annotations

from pathlib import Path

import click

from icarus.cli.common import PATH, command, echo, main, results_argument

__all__ = ["plot"]


@main.command()
@results_argument
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
    type=PATH,
    metavar="DIR",
    help="Where pictures go.  [default: RESULTS without its suffix; with .plots if it has none]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["png", "pdf", "svg"]),
    default="png",
    show_default=True,
)
@click.option("--show", is_flag=True, help="Open a window with each picture too.")
@command
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
    from icarus.cli.reading import distinct
    from icarus.results import plot_results

    loaded = distinct(path)
    pictures = plot_results(
        loaded,
        output or _beside(path),
        metrics=list(metrics) or None,
        x=x,
        series=series,
        facet=list(facet) or None,
        where=list(where) or None,
        fmt=file_format,
        show=show,
    )
    for picture in pictures:
        echo(picture)


def _beside(results: Path) -> Path:
    """Return where the pictures of a results file go by default, which is not the file itself."""
    return results.with_suffix("" if results.suffix else ".plots")
