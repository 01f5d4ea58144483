"""``icarus plot``: figures of the results of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from icarus.cli.common import PATH, command, echo, main, results_argument

__all__ = ["plot"]

_KINDS = ("lines", "bars", "cdf", "heatmap", "time", "size", "rate", "network")


@main.command()
@results_argument
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    help="size: hit ratio against the size of caches, with Che's approximation; rate: speed of the "
    "run; network: a map with loads.  [default: what suits each metric]",
)
@click.option("--metric", "metrics", multiple=True, help="Draw only this metric, such as LATENCY.")
@click.option("--x", metavar="PARAMETER", help="Parameter on the horizontal axis.")
@click.option(
    "--series",
    metavar="PARAMETER",
    help="Parameter that tells lines apart, or is on the vertical axis of a heat map.",
)
@click.option(
    "--facet", multiple=True, metavar="PARAMETER", help="Parameter that tells panels apart."
)
@click.option("--where", multiple=True, metavar="KEY=VALUE", help="Draw only these experiments.")
@click.option(
    "--label", "labels", multiple=True, metavar="KEY=TEXT",
    help="What a metric, a parameter or a value is called, such as LCE='Leave copy everywhere'.",
)  # fmt: skip
@click.option("--order", multiple=True, metavar="NAME,...", help="Names that come first.")
@click.option(
    "--x-scale",
    type=click.Choice(["linear", "log", "even"]),
    help="even: equal gaps between values.  [default: what spreads them best]",
)
@click.option(
    "--style",
    type=click.Choice(["screen", "paper", "talk"]),
    default="screen",
    show_default=True,
    help="Sizes of fonts and lines.",
)
@click.option(
    "--width",
    metavar="LENGTH",
    help="Of the whole figure: 3.5in, 8.9cm or 89mm.  [default: paper 3.5in, talk 10in]",
)
@click.option("--no-footnote", is_flag=True, help="Leave out what stands below the figure.")
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
    facet: tuple[str, ...],
    where: tuple[str, ...],
    labels: tuple[str, ...],
    order: tuple[str, ...],
    no_footnote: bool,
    output: Path | None,
    file_format: str,
    **options: Any,
) -> None:
    """Draw every metric in RESULTS over whatever the campaign varied.

    Needs no options: the numeric parameter that varies goes on the horizontal axis, names such
    as strategies become lines, the rest small multiples. Bars are 95 % confidence intervals.
    """
    from icarus.cli.reading import distinct
    from icarus.results import plot_results

    pictures = plot_results(
        distinct(path),
        output or _beside(path),
        metrics=list(metrics) or None,
        facet=list(facet) or None,
        where=list(where) or None,
        labels=dict(map(_label, labels)),
        order=[name.strip() for names in order for name in names.split(",")],
        footnote=not no_footnote,
        fmt=file_format,
        **options,
    )
    for picture in pictures:
        echo(picture)


def _label(text: str) -> tuple[str, str]:
    key, equals, label = text.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"--label is written KEY=TEXT, found {text!r}")
    return key.strip(), label.strip()


def _beside(results: Path) -> Path:
    """Return where the pictures of a results file go by default, which is not the file itself."""
    return results.with_suffix("" if results.suffix else ".plots")
