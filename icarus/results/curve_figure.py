"""The picture of miss-ratio curves: a panel for requests and, where sizes are known, for bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, NullFormatter

from icarus.curves import Curve, MissRatioCurves
from icarus.results._frame import add_legend, captioned, legend_plan, line_handle, tick_text
from icarus.results.drawntext import drawn
from icarus.results.style import SeriesStyle, local_style, save

__all__ = ["curve_figure", "draw_curves"]

_WIDTH, _HEIGHT = 4.6, 3.5
_MOST_MARKERS = 12
"""Points of a line that have a marker."""


def draw_curves(found: MissRatioCurves, path: Path) -> None:
    """Draw curves into a file, whose ending says in which format.

    Raises
    ------
    PlotError
        If it cannot be written.
    """
    with local_style():
        save(curve_figure(found), path)


def curve_figure(found: MissRatioCurves) -> Figure:
    """Return a figure of miss ratios by the size of the cache, on a logarithmic axis.

    Parameters
    ----------
    found : MissRatioCurves
    """
    panels: list[tuple[str, str, str]] = [("Miss ratio", "miss_ratio", "half_width")]
    if any(curve.byte_miss_ratio is not None for curve in found.curves):
        panels.append(("Byte miss ratio", "byte_miss_ratio", "byte_half_width"))
    labels = [drawn(curve.policy) for curve in found.curves]
    plan = legend_plan(labels, "Policy")
    width = _WIDTH * len(panels) + plan.beside
    figure, _ = captioned(width, max(_HEIGHT, plan.least), _caption(found))
    for place, (title, *names) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), place + 1)
        axes.set_xscale("log")
        for index, curve in enumerate(found.curves):
            _line(axes, index, curve.sizes, *(getattr(curve, name) for name in names))
        axes.set_xlabel(drawn(f"Size of the cache ({found.unit})"))
        axes.set_ylabel(drawn(title))
        axes.set_ylim(0, 1)
        axes.margins(x=0.03)
        axes.grid(axis="y")
        if found.unit == "contents":
            axes.xaxis.set_major_formatter(FuncFormatter(tick_text))
        else:
            _label_bytes(axes)
    if len(labels) > 1:
        handles = {i: line_handle(i) for i in range(len(labels))}
        add_legend(figure, handles, dict(enumerate(labels)), "Policy")
    return figure


def _line(
    axes: Axes, index: int, sizes: np.ndarray, ratios: np.ndarray | None, halves: np.ndarray | None
) -> None:
    if ratios is None:
        return
    style = SeriesStyle.number(index)
    every = max(1, -(-len(sizes) // _MOST_MARKERS))
    axes.plot(sizes, ratios, markevery=every, zorder=3, clip_on=False, **style.line())
    if halves is not None:
        band = np.clip(ratios - halves, 0, 1), np.clip(ratios + halves, 0, 1)
        axes.fill_between(sizes, *band, color=style.colour, alpha=0.15, linewidth=0)


def _caption(found: MissRatioCurves) -> Sequence[str]:
    name = Path(found.path).name
    known = f"{found.n_requests:,} requests for {found.n_contents:,} contents"
    lines = [drawn(f"{name}: {known}" if name else known)]
    sampled: list[Curve] = [curve for curve in found.curves if curve.rate < 1]
    if sampled:
        lines.append(
            f"estimated from {sampled[0].rate:.2%} of the contents; bands are 95 % confidence "
            "intervals"
        )
    return lines


def _label_bytes(axes: Axes) -> None:
    """Have the ticks of sizes say kB, MB and so on, so many that they do not touch."""
    low, high = axes.get_xlim()
    if high < 100 * low:
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(EngFormatter("B"))
    axes.xaxis.set_minor_formatter(NullFormatter())
