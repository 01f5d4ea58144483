"""Figures made of panels: lines with intervals, grouped bars, cumulative distributions.

The functions here draw what `icarus.results.figures` has found out and collected; they know
nothing of result sets. They leave figures unsaved, for whoever wants to look at them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from icarus.results._frame import add_legend, captioned, legend_size, limits, line_handle, tick_text
from icarus.results.drawntext import drawn, drawn_apart, drawn_lines
from icarus.results.labels import number_text
from icarus.results.style import SeriesStyle

__all__ = ["Panel", "Point", "Sheet", "draw_bars", "draw_cdfs", "draw_lines"]

_MOST_COLUMNS = 4
_SINGLE = (5.4, 3.7)
_SMALL = (2.9, 2.35)
_LABEL_HEIGHT = 0.27
_TITLE_WIDTH = 28
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

    A value of None for x holds for all of them. Distributions have pairs of arrays instead.
    """

    title: str
    series: dict[int, Any]


@dataclass
class Sheet:
    """All that a figure needs but its panels."""

    xlabel: str
    ylabel: str
    labels: Sequence[str]
    legend_title: str
    caption: Sequence[str]
    columns: int = 3
    ticks: Sequence[Any] = ()
    tick_labels: Sequence[str] = ()
    strip: float = 0.0
    """Height of the caption, in inches."""

    def drawn(self) -> Sheet:
        """Return the same with all texts as they are drawn."""
        return replace(
            self,
            xlabel=drawn(self.xlabel),
            ylabel=drawn_lines(self.ylabel, 48, 2),
            labels=drawn_apart(self.labels, _LEGEND_WIDTH, 2),
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
    figure, grid = _grid(panels, sheet)
    log = is_geometric([float(x) for x in sheet.ticks])
    for axes, panel in zip(grid, panels, strict=True):
        if log:
            axes.set_xscale("log")
        for index, points in panel.series.items():
            _line(axes, index, points, sheet)
        texts = [number_text(x) for x in sheet.ticks]
        # NumPy has no place for larger integers than 64 bits.
        axes.set_xticks([float(x) for x in sheet.ticks], labels=texts)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.margins(x=0.06)
        axes.set_title(drawn_lines(panel.title, _TITLE_WIDTH, 4))
    _share_y(grid, panels, from_zero=False)
    handles = {i: line_handle(i) for panel in panels for i in panel.series}
    return _finish(figure, grid, handles, sheet)


def _line(axes: Axes, index: int, points: Mapping[Any, Point], sheet: Sheet) -> None:
    style = SeriesStyle.number(index)
    xs = [x for x in sheet.ticks if x in points]
    if None in points:
        level = points[None]
        axes.axhline(level.mean, color=style.colour, linestyle=style.dash, linewidth=1.6)
        if level.half > 0:
            edges = level.mean - level.half, level.mean + level.half
            axes.axhspan(*edges, color=style.colour, alpha=0.12, linewidth=0)
    if not xs:
        return
    halves = [points[x].half for x in xs]
    axes.errorbar(
        [float(x) for x in xs],
        [points[x].mean for x in xs],
        yerr=halves if any(points[x].n > 1 for x in xs) else None,
        capsize=3,
        capthick=1,
        elinewidth=1,
        label=sheet.labels[index],
        zorder=3,
        clip_on=False,  # whole markers on the axis; the limits hold all data
        **style.line(),
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
    figure, grid = _grid(panels, sheet, categories=len(sheet.ticks))
    present = sorted({index for panel in panels for index in panel.series})
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
            if shown and len(present) * len(sheet.ticks) <= 8 and len(panels) == 1:
                texts = [tick_text(float(f"{point.mean:.3g}")) for point in shown]
                axes.bar_label(container, texts, padding=2, fontsize=8)
        axes.set_xticks(range(len(sheet.ticks)), labels=list(sheet.tick_labels))
        edge = 0.6 if len(sheet.ticks) > 1 else 0.9
        axes.set_xlim(-edge, len(sheet.ticks) - 1 + edge)
        axes.tick_params(axis="x", length=0)
        axes.set_title(drawn_lines(panel.title, _TITLE_WIDTH, 4))
    _share_y(grid, panels, from_zero=True)
    handles = {i: Patch(**SeriesStyle.number(i).bar()) for i in present}
    return _finish(figure, grid, handles if not alone else {}, sheet)


def draw_cdfs(panels: Sequence[Panel], sheet: Sheet) -> Figure:
    """Return a figure with one cumulative distribution per series.

    Parameters
    ----------
    panels : sequence of Panel
        With, per series, a pair of arrays: values in ascending order, and the share of all
        observations up to each.
    sheet : Sheet
    """
    sheet = sheet.drawn()
    figure, grid = _grid(panels, sheet)
    for axes, panel in zip(grid, panels, strict=True):
        right = max((float(x[-1]) for x, _ in panel.series.values()), default=1.0)
        for place, (index, (x, y)) in enumerate(panel.series.items()):
            look = SeriesStyle.number(index).line() | {"markersize": 5}
            axes.plot(
                np.concatenate(([x[0]], x, [max(right, x[-1])])),
                np.concatenate(([0.0], y, [y[-1]])),
                drawstyle="steps-post",
                markevery=(0.03 * place, 0.21),
                label=sheet.labels[index],
                **look,
            )
        axes.set_title(drawn_lines(panel.title, _TITLE_WIDTH, 4))
        axes.set_ylim(0, 1.03)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
    for axes in grid[1:]:
        axes.tick_params(labelleft=axes.get_subplotspec().is_first_col())  # type: ignore[union-attr]
    handles = {i: line_handle(i) for panel in panels for i in panel.series}
    return _finish(figure, grid, handles, sheet)


def is_geometric(values: Sequence[float]) -> bool:
    """Whether values span a decade and are spread more evenly on a logarithmic axis."""
    values = sorted(set(values))
    if len(values) < 2 or values[0] <= 0 or values[-1] / values[0] < 10:
        return False

    def unevenness(spread: np.ndarray) -> float:
        gaps = np.diff(spread)
        return float(gaps.std() / gaps.mean())

    return unevenness(np.log(values)) <= unevenness(np.asarray(values))


def _grid(panels: Sequence[Panel], sheet: Sheet, categories: int = 0) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes for all panels, and room for the legend and the caption."""
    n = len(panels)
    labels = [sheet.labels[i] for i in sorted({i for panel in panels for i in panel.series})]
    columns = min(n, sheet.columns, _MOST_COLUMNS)
    rows = math.ceil(n / columns)
    width, height = _SINGLE if n == 1 else (_SMALL[0] * columns, _SMALL[1] * rows)
    if categories:
        bars = categories * len(labels)
        each = 0.62 if len(labels) == 1 else 0.3
        width = max(width, columns * min(0.6 + 0.28 * bars, 9.0))
        width = float(np.clip(1.6 + each * bars, 3.4, 8.5)) if n == 1 else width
    beside, high = legend_size(labels, sheet.legend_title)
    width, height = width + beside, max(height, high)
    below = _LABEL_HEIGHT if n > 1 and sheet.xlabel else 0.0
    figure, sheet.strip = captioned(width, height, sheet.caption, below)
    grid = []
    for i in range(n):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.grid(True, axis="y")
        grid.append(axes)
    return figure, grid


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


def _finish(
    figure: Figure, grid: Sequence[Axes], handles: Mapping[int, Any], sheet: Sheet
) -> Figure:
    columns = grid[0].get_gridspec().ncols  # type: ignore[union-attr]
    for i, axes in enumerate(grid):
        if i + columns < len(grid):
            axes.tick_params(labelbottom=False)
    outer: list[Text] = []
    if len(grid) == 1:
        grid[0].set_xlabel(sheet.xlabel)
        grid[0].set_ylabel(sheet.ylabel)
    else:
        # The layout engine would put this one into the strip of the caption.
        height = (sheet.strip + 0.05) / figure.get_figheight()
        below = figure.supxlabel(sheet.xlabel, fontsize=10, y=height, va="bottom")
        below.set_in_layout(False)
        outer = [below, figure.supylabel(sheet.ylabel, fontsize=10)]
    if len(sheet.labels) > 1 and handles:
        add_legend(figure, handles, sheet.labels, sheet.legend_title)
    _untangle(figure, grid)
    if outer:  # in the middle of the panels rather than of the figure with its legend
        boxes = [axes.get_position() for axes in grid]
        outer[0].set_x(_middle(boxes, 0))
        outer[1].set_y(_middle(boxes, 1))
    return figure


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
