"""Figures made of panels: lines with intervals, grouped bars, cumulative distributions.

The functions here draw what `icarus.results.figures` has found out and collected; they know
nothing of result sets. They leave figures unsaved, for whoever wants to look at them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from icarus.errors import PlotError
from icarus.results._frame import (
    limits,
    line_handle,
    tick_text,
)
from icarus.results._grid import THEORY, Panel, Point, Sheet, finished, grid_of
from icarus.results.drawntext import drawn_lines
from icarus.results.labels import number_text
from icarus.results.style import SeriesStyle, current_look, font

__all__ = [
    "draw_bars",
    "draw_cdfs",
    "draw_lines",
    "is_geometric",
]


def draw_lines(panels: Sequence[Panel], sheet: Sheet) -> Figure:
    """Return a figure with one line per series over a numeric parameter.

    Parameters
    ----------
    panels : sequence of Panel
        With, per series, a dict from x (None: at any x) to Point.
    sheet : Sheet
        Its `ticks` are the values of x.
    """
    sheet = sheet.drawn()
    figure, grid = grid_of(panels, sheet)
    kind = scale_of(sheet.ticks)
    # NumPy has no place for larger integers than 64 bits.
    places = {x: float(i if kind == "even" else x) for i, x in enumerate(sheet.ticks)}
    modelled = any(panel.theory for panel in panels)
    for axes, panel in zip(grid, panels, strict=True):
        if kind == "log":
            axes.set_xscale("log")
        for index, points in panel.series.items():
            _line(axes, index, points, sheet, places, solid=modelled)
        for index, (xs, ys) in panel.theory.items():
            at = np.interp(xs, list(sheet.ticks), list(places.values())) if kind == "even" else xs
            axes.plot(at, ys, zorder=3.5, **_modelled(SeriesStyle.number(index).colour))
        texts = [number_text(x) for x in sheet.ticks]
        axes.set_xticks(list(places.values()), labels=texts)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.margins(x=0.06)
        axes.set_title(drawn_lines(panel.title, sheet.title_width, 4))
    _share_y(grid, panels, from_zero=False)
    handles = {i: line_handle(i) for panel in panels for i in panel.series}
    if modelled:
        for handle in handles.values():
            handle.set_linestyle("-")
        handles[THEORY] = Line2D([], [], **_modelled("0.2"))
    return finished(figure, grid, handles, sheet)


def scale_of(ticks: Sequence[Any]) -> str:
    """Return the scale of an axis of numbers: that asked for, or the one that spreads them best.

    Raises
    ------
    PlotError
        If a logarithmic one is asked for, and there is no place on it for a value.
    """
    asked = current_look().x_scale
    if asked == "log" and min(ticks, default=1) <= 0:
        raise PlotError(f"a logarithmic axis has no place for {number_text(min(ticks))}")
    return asked or ("log" if is_geometric([float(x) for x in ticks]) else "linear")


def _modelled(colour: str) -> dict[str, Any]:
    return {
        "color": colour,
        "linestyle": (0, (4, 2)),
        "linewidth": 1.2 * current_look().strength,
    }


def _line(
    axes: Axes,
    index: int,
    points: Mapping[Any, Point],
    sheet: Sheet,
    places: Mapping[Any, float],
    *,
    solid: bool,
) -> None:
    style = SeriesStyle.number(index)
    xs = [x for x in sheet.ticks if x in points]
    if None in points:
        level = points[None]
        look = style.line() | {"marker": ""}
        axes.axhline(level.mean, **look)
        if level.half > 0:
            edges = level.mean - level.half, level.mean + level.half
            axes.axhspan(*edges, color=style.colour, alpha=0.12, linewidth=0)
    if not xs:
        return
    halves = [points[x].half for x in xs]
    strength = current_look().strength
    axes.errorbar(
        [places[x] for x in xs],
        [points[x].mean for x in xs],
        yerr=halves if any(points[x].n > 1 for x in xs) else None,
        capsize=3 * strength,
        capthick=strength,
        elinewidth=strength,
        label=sheet.labels[index],
        zorder=3,
        clip_on=False,  # whole markers on the axis; the limits hold all data
        **style.line() | ({"linestyle": "-"} if solid else {}),
    )


def draw_bars(panels: Sequence[Panel], sheet: Sheet) -> Figure:
    """Return a figure with a group of bars per category, one bar per series.

    Parameters
    ----------
    panels : sequence of Panel
        With, per series, a dict from category to Point.
    sheet : Sheet
        Its `ticks` are the categories.
    """
    sheet = sheet.drawn()
    figure, grid = grid_of(panels, sheet, categories=len(sheet.ticks))
    there = {index for panel in panels for index in panel.series}
    present = [index for index in sheet.labels if index in there]
    alone = len(present) == 1
    width = (0.6 if alone else 0.82) / max(1, len(present))
    for axes, panel in zip(grid, panels, strict=True):
        for place, index in enumerate(present):
            points = panel.series.get(index, {})
            at = [i for i, category in enumerate(sheet.ticks) if category in points]
            shown = [points[sheet.ticks[i]] for i in at]
            look = SeriesStyle.number(index).bar()
            container = axes.bar(
                [i + (place - (len(present) - 1) / 2) * width for i in at],
                [point.mean for point in shown],
                width,
                yerr=[point.half for point in shown] if any(p.n > 1 for p in shown) else None,
                error_kw={"elinewidth": 1, "capsize": 2.5, "ecolor": "0.15"},
                label=sheet.labels[index],
                **(look | {"hatch": ""} if alone else look),
            )
            if shown and sheet.numbered and len(panels) == 1:
                texts = [tick_text(float(f"{point.mean:.3g}")) for point in shown]
                axes.bar_label(container, texts, padding=2, fontsize=font(0.8))
        axes.set_xticks(range(len(sheet.ticks)), labels=list(sheet.tick_labels))
        edge = 0.6 if len(sheet.ticks) > 1 else 0.9
        axes.set_xlim(-edge, len(sheet.ticks) - 1 + edge)
        axes.tick_params(axis="x", length=0)
        axes.set_title(drawn_lines(panel.title, sheet.title_width, 4))
    _share_y(grid, panels, from_zero=True)
    handles = {i: Patch(**SeriesStyle.number(i).bar()) for i in present}
    return finished(figure, grid, handles if not alone else {}, sheet)


def draw_cdfs(panels: Sequence[Panel], sheet: Sheet) -> Figure:
    """Return a figure with one cumulative distribution per series.

    Parameters
    ----------
    panels : sequence of Panel
        With, per series, arrays: values in ascending order, the share of all observations up to
        each, and the least and the greatest such share of any replication.
    sheet : Sheet
    """
    sheet = sheet.drawn()
    figure, grid = grid_of(panels, sheet)
    for axes, panel in zip(grid, panels, strict=True):
        right = max((float(x[-1]) for x, *_ in panel.series.values()), default=1.0)
        for place, (index, (x, y, low, high)) in enumerate(panel.series.items()):
            look = SeriesStyle.number(index).line()
            look["markersize"] *= 5 / 6
            if (low < high).any():
                axes.fill_between(
                    *(x, low, high), step="post", color=look["color"], alpha=0.2, linewidth=0
                )
            axes.plot(
                np.concatenate(([x[0]], x, [max(right, x[-1])])),
                np.concatenate(([0.0], y, [y[-1]])),
                drawstyle="steps-post",
                markevery=(0.03 * place, 0.21),
                label=sheet.labels[index],
                **look,
            )
        axes.set_title(drawn_lines(panel.title, sheet.title_width, 4))
        axes.set_ylim(0, 1.03)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
    if current_look().x_scale == "log":
        for axes in grid:
            axes.set_xscale("log")
    for axes in grid[1:]:
        axes.tick_params(labelleft=axes.get_subplotspec().is_first_col())  # type: ignore[union-attr]
    handles = {i: line_handle(i) for panel in panels for i in panel.series}
    return finished(figure, grid, handles, sheet)


def is_geometric(values: Sequence[float]) -> bool:
    """Whether values span a decade and are spread more evenly on a logarithmic axis."""
    values = sorted(set(values))
    if len(values) < 2 or values[0] <= 0 or values[-1] / values[0] < 10:
        return False

    def unevenness(spread: np.ndarray) -> float:
        gaps = np.diff(spread)
        return float(gaps.std() / gaps.mean())

    return unevenness(np.log(values)) <= unevenness(np.asarray(values))


def _share_y(grid: Sequence[Axes], panels: Sequence[Panel], *, from_zero: bool) -> None:
    """Give panels one scale, unless a common one would flatten some of them."""
    extents = [
        [
            edge
            for points in panel.series.values()
            for point in points.values()
            for edge in (point.mean - point.half, point.mean + point.half)
        ]
        for panel in panels
    ]
    tops = [max(map(abs, extent), default=0.0) for extent in extents]
    common = max(tops) <= 4 * (min(tops) or math.inf)
    everything = [edge for extent in extents for edge in extent]
    for axes, extent in zip(grid, extents, strict=True):
        axes.set_ylim(*limits(everything if common else extent, from_zero))
        axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        spec = axes.get_subplotspec()
        if common and spec is not None and not spec.is_first_col():
            axes.tick_params(labelleft=False)
