"""Figures made of panels: lines with intervals, grouped bars, cumulative distributions.

The functions here draw what `icarus.results.figures` has found out and collected; they know
nothing of result sets. They leave figures unsaved, for whoever wants to look at them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from icarus.errors import PlotError
from icarus.results._frame import (
    LegendPlan,
    add_legend,
    captioned,
    legend_plan,
    limits,
    line_handle,
    scale,
    tick_text,
)
from icarus.results.drawntext import drawn, drawn_apart, drawn_lines
from icarus.results.labels import number_text
from icarus.results.style import SeriesStyle, current_look, font

__all__ = [
    "THEORY",
    "Panel",
    "Point",
    "Sheet",
    "draw_bars",
    "draw_cdfs",
    "draw_lines",
    "finished",
    "given_axes",
    "grid_of",
    "is_geometric",
]

_MOST_COLUMNS = 4
_SINGLE = (5.4, 3.7)
_SMALL = (2.9, 2.35)
_LABEL_HEIGHT = 0.27
_TITLE_WIDTH = 9.7
"""Characters of a title by inch of its panel."""
_LEAST_PANEL = 1.6
"""Inches of a panel, at the size of font on the screen."""
_CHARACTER = 0.075
THEORY = -1
"""The number of the series that is what a model says."""
_LEGEND_WIDTH = 34
_TICK_WIDTH = 32
_CAPTION = 600
"""Characters of each part of the caption."""


@dataclass(frozen=True)
class Point:
    """A mean over replications, its half-width at 95 % confidence, and their number."""

    mean: float
    half: float
    n: int


@dataclass
class Panel:
    """One set of axes: a title, and per series what is drawn, by value of x.

    A value of None for x holds for all of them. Distributions have arrays instead, of values, of
    shares up to them, and of the least and the greatest share of any replication.
    """

    title: str
    series: dict[int, Any]
    theory: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    """What a model says of a series: values of x, and of y."""


@dataclass
class Sheet:
    """All that a figure needs but its panels.

    Series are told apart by a number that also stands for their colour; labels are in the order
    in which they are listed.
    """

    xlabel: str
    ylabel: str
    labels: Mapping[int, str]
    legend_title: str
    caption: Sequence[str]
    columns: int = 3
    ticks: Sequence[Any] = ()
    tick_labels: Sequence[str] = ()
    strip: float = 0.0
    """Height of the caption, in inches."""
    numbered: bool = False
    """Whether bars have room for their height as a number."""
    title_width: int = 28
    """Characters of the title of a panel."""

    def drawn(self) -> Sheet:
        """Return the same with all texts as they are drawn."""
        return replace(
            self,
            xlabel=drawn(self.xlabel),
            labels=dict(
                zip(self.labels, drawn_apart(self.labels.values(), _LEGEND_WIDTH, 2), strict=True)
            ),
            legend_title=drawn(self.legend_title, _LEGEND_WIDTH),
            caption=[drawn(text, _CAPTION) for text in self.caption],
            tick_labels=drawn_apart(self.tick_labels, _TICK_WIDTH),
        )


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


def grid_of(
    panels: Sequence[Panel], sheet: Sheet, categories: int = 0
) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes for all panels, and room for the legend and the caption."""
    n = len(panels)
    if (given := current_look().axes) is not None:
        sheet.ylabel = drawn_lines(sheet.ylabel, 48, 2)
        return given.figure, [given_axes(n)]
    there = {i for panel in panels for i in panel.series}
    there |= {THEORY for panel in panels if panel.theory}
    plan = legend_plan([sheet.labels[i] for i in sheet.labels if i in there], sheet.legend_title)
    if current_look().total is not None and n > 1:
        room = int((current_look().total - plan.beside) / (_LEAST_PANEL * scale()))
        sheet.columns = min(sheet.columns, max(1, room))
    columns = min(n, sheet.columns, _MOST_COLUMNS)
    rows = math.ceil(n / columns)
    bars = categories * max(1, len([i for i in there if i != THEORY]))
    width, height = _size(n, columns, rows, bars, 1 if bars == categories else 2, plan)
    sheet.title_width = max(12, int(_TITLE_WIDTH * (width - plan.beside) / columns / scale()))
    sheet.numbered = 0 < bars <= 8 * width / scale() / 5
    sheet.ylabel = drawn_lines(sheet.ylabel, max(16, int(height / _CHARACTER / scale())), 3)
    below = _LABEL_HEIGHT * scale() if n > 1 and sheet.xlabel else 0.0
    figure, sheet.strip = captioned(width, height + plan.above, sheet.caption, below)
    grid = []
    for i in range(n):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.grid(True, axis="y")
        grid.append(axes)
    return figure, grid


def given_axes(n_panels: int) -> Axes:
    """Return the axes that a user gave, which have room for one panel."""
    if n_panels != 1:
        raise PlotError(
            f"there are {n_panels} panels to draw, but one pair of axes; choose one with where"
        )
    axes: Axes = current_look().axes
    return axes


def _size(
    n: int, columns: int, rows: int, bars: int, bars_a_group: int, plan: LegendPlan
) -> tuple[float, float]:
    """Return width and height of the panels in inches, the width with a legend beside them."""
    total = current_look().total
    if total is not None:
        panel = (total - plan.beside) / columns
        ratio = _SINGLE[1] / _SINGLE[0] if n == 1 else _SMALL[1] / _SMALL[0]
        return total, max(panel * ratio * rows, plan.least)
    width, height = _SINGLE if n == 1 else (_SMALL[0] * columns, _SMALL[1] * rows)
    if bars:
        each = 0.62 if bars_a_group == 1 else 0.3
        width = max(width, columns * min(0.6 + 0.28 * bars, 9.0))
        width = float(np.clip(1.6 + each * bars, 3.4, 8.5)) if n == 1 else width
    return width * scale() + plan.beside, max(height * scale(), plan.least)


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


def finished(
    figure: Figure, grid: Sequence[Axes], handles: Mapping[int, Any], sheet: Sheet
) -> Figure:
    """Return a figure with its labels and legend, in which no labels of ticks overlap."""
    outer: list[Text] = []
    if len(grid) == 1:
        grid[0].set_xlabel(sheet.xlabel)
        grid[0].set_ylabel(sheet.ylabel)
    else:
        outer = _outer_labels(figure, grid, sheet)
    if len(sheet.labels) > 1 and handles:
        add_legend(figure, handles, sheet.labels, sheet.legend_title)
    if current_look().axes is not None:
        return figure
    _untangle(figure, grid)
    if outer:  # in the middle of the panels rather than of the figure with its legend
        boxes = [axes.get_position() for axes in grid]
        outer[0].set_x(_middle(boxes, 0))
        outer[1].set_y(_middle(boxes, 1))
    return figure


def _outer_labels(figure: Figure, grid: Sequence[Axes], sheet: Sheet) -> list[Text]:
    """Label the axes of all panels together, and the ticks of those at the edges only."""
    columns = grid[0].get_gridspec().ncols  # type: ignore[union-attr]
    for i, axes in enumerate(grid):
        if i + columns < len(grid):
            axes.tick_params(labelbottom=False)
    # The layout engine would put this one into the strip of the caption.
    height = (sheet.strip + 0.05) / figure.get_figheight()
    below = figure.supxlabel(sheet.xlabel, fontsize=font(), y=height, va="bottom")
    below.set_in_layout(False)
    return [below, figure.supylabel(sheet.ylabel, fontsize=font())]


def _middle(boxes: Sequence[Bbox], direction: int) -> float:
    low = min(box.get_points()[0][direction] for box in boxes)
    high = max(box.get_points()[1][direction] for box in boxes)
    return float(low + high) / 2


def _untangle(figure: Figure, grid: Sequence[Axes]) -> None:
    """Turn the labels of x ticks where they would overlap, and leave some out if all else fails."""
    for angle in (0, 30, 60, 90):
        for axes in grid:
            for text in axes.get_xticklabels():
                text.set_rotation(angle)
                text.set_rotation_mode("anchor" if angle else "default")
                text.set_horizontalalignment("right" if angle else "center")
                text.set_verticalalignment("center" if angle > 60 else "top")
        figure.draw_without_rendering()
        if not any(True for axes in grid for _ in _crowded(axes, angle)):
            return
    for axes in grid:
        crowded = set(_crowded(axes, 90))
        labels = axes.get_xticklabels()
        texts = ["" if text in crowded else text.get_text() for text in labels]
        axes.set_xticks(axes.get_xticks(), labels=texts)


def _crowded(axes: Axes, angle: int) -> Iterator[Any]:
    """Yield the tick labels that stand too close to the one before them."""
    last: float | None = None
    for text in sorted(axes.get_xticklabels(), key=lambda text: text.get_position()[0]):
        if not text.get_visible() or not text.get_text():
            continue
        box = text.get_window_extent()
        line = float(text.get_fontsize()) * 1.25 * axes.figure.dpi / 72
        if angle == 0:
            left, right = box.x0, box.x1 + 0.5 * line
        else:  # turned labels must be a line apart, across their direction
            middle = axes.transData.transform((text.get_position()[0], 0))[0]
            left, right = middle, middle + line / math.sin(math.radians(angle))
        if last is not None and left < last:
            yield text
            continue
        last = right
