"""``icarus mrc``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icarus.cli.common import PATH, echo, main, table_console, warn
from icarus.cli.completing import complete_policies
from icarus.cli.trace_commands import trace_command

if TYPE_CHECKING:
    from rich.table import Table

    from icarus.curves import Curve, MissRatioCurves

__all__: list[str] = []


@main.command()
@click.argument("source", metavar="TRACE", type=PATH)
@click.option(
    "--policy",
    "policies",
    metavar="NAME,...",
    default="LRU",
    show_default=True,
    help="Policies, as in 'LRU,SLRU(segments=4),MIN'.",
    shell_complete=complete_policies,
)
@click.option(
    "--sizes",
    metavar="SIZE,...",
    default="20",
    show_default=True,
    help="Sizes of caches, in contents or as shares of all contents, as in 100,1000,1%; or a "
    "single number: how many sizes, evenly spread on a logarithmic scale.",
)
@click.option(
    "--bytes",
    "in_bytes",
    is_flag=True,
    help="Sizes are in bytes, as in 4096,16MiB,1%.",
)
@click.option(
    "--sample",
    metavar="SHARE|NUMBER",
    help="Look only at this share of the contents, such as 0.01, or at so many, such as 8192.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="As SEED.")
@click.option("--csv", "csv_path", type=PATH, metavar="FILE", help="Write CSV.")
@click.option("--json", "json_path", type=PATH, metavar="FILE", help="Write JSON.")
@click.option("--plot", "plot_path", type=PATH, metavar="FILE.png|pdf", help="Draw the curves.")
@trace_command
def mrc(
    source: Path,
    policies: str,
    sizes: str,
    in_bytes: bool,
    sample: str | None,
    seed: int,
    csv_path: Path | None,
    json_path: Path | None,
    plot_path: Path | None,
    **options: Any,
) -> None:
    """Print what caches of many sizes miss of TRACE, for one or several policies.

    The trace is read once. LRU is exact at all sizes in one pass; other policies are simulated at
    each size, on all cores.
    """
    from icarus.curves import csv_of, json_of, miss_ratio_curves

    _check_files(csv_path, json_path, plot_path)
    found = miss_ratio_curves(
        source,
        policies,
        sizes,
        unit="bytes" if in_bytes else "contents",
        sample=sample,
        seed=seed,
        **options,
    )
    for note in found.notes:
        warn(f"{source}: {note}")
    _print(found)
    if csv_path is not None:
        csv_path.write_text(f"{csv_of(found)}\n", encoding="utf-8")
    if json_path is not None:
        json_path.write_text(f"{json_of(found)}\n", encoding="utf-8")
    if plot_path is not None:
        from icarus.results.curve_figure import draw_curves

        draw_curves(found, plot_path)


_PICTURES = (".png", ".pdf", ".svg")


def _check_files(csv_path: Path | None, json_path: Path | None, plot_path: Path | None) -> None:
    """Say what cannot be written before hours are spent on it."""
    from icarus.errors import SettingsError

    problems = []
    if plot_path is not None and plot_path.suffix.lower() not in _PICTURES:
        problems.append(
            f"--plot: the name of a picture ends in {', '.join(_PICTURES)}, found {plot_path.name}"
        )
    written = {"--csv": csv_path, "--json": json_path, "--plot": plot_path}
    problems += [
        f"{option}: there is no folder {path.parent}"
        for option, path in written.items()
        if path is not None and not path.parent.is_dir()
    ]
    problems += [
        f"{option}: {path} is a folder"
        for option, path in written.items()
        if path is not None and path.is_dir()
    ]
    if problems:
        raise SettingsError(problems)


def _print(found: MissRatioCurves) -> None:
    sizes_known = "" if found.n_bytes is None else f", {found.n_bytes:,} bytes requested"
    echo(
        f"{found.path}: {found.n_requests:,} requests for {found.n_contents:,} contents"
        f"{sizes_known}"
    )
    echo()
    table_console().print(_table("Miss ratio", found, "miss_ratio", "half_width"))
    if any(curve.byte_miss_ratio is not None for curve in found.curves):
        echo()
        names = "byte_miss_ratio", "byte_half_width"
        table_console().print(_table("Byte miss ratio", found, *names))
    for line in _remarks(found.curves):
        echo(line)


def _remarks(curves: Sequence[Curve]) -> list[str]:
    lines = []
    sampled = [curve for curve in curves if curve.half_width is not None]
    if sampled:
        lines.append(
            f"Estimated from {sampled[0].rate:.3%} of the contents; ± is half of a 95 % "
            "confidence interval."
        )
    return ["", *lines] if lines else []


def _table(title: str, found: MissRatioCurves, name: str, half: str) -> Table:
    from rich.table import Table

    from icarus.results.tables import plain_cell

    table = Table(title=title, title_justify="left")
    table.add_column(found.unit, justify="right")
    table.add_column("of all", justify="right")
    for curve in found.curves:
        table.add_column(plain_cell(curve.policy), justify="right")
    for i, size in enumerate(found.curves[0].sizes.tolist()):
        cells = [_cell(getattr(curve, name), getattr(curve, half), i) for curve in found.curves]
        table.add_row(f"{size:,}", f"{100 * size / max(found.whole, 1):.3g} %", *cells)
    return table


def _cell(values: Any, halves: Any, place: int) -> str:
    if values is None:
        return "-"
    shown = f"{values[place]:.4f}"
    return shown if halves is None else f"{shown} ± {halves[place]:.4f}"
