"""Panels in a figure: their grid, size, common labels and ticks that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from icarus.errors import PlotError
from icarus.results._frame import (
    LegendPlan,
    add_legend,
    captioned,
    legend_plan,
    scale,
)
from icarus.results.drawntext import drawn, drawn_apart, drawn_lines
from icarus.results.style import current_look, font

__all__ = [
    "THEORY",
    "Panel",
    "Point",
    "Sheet",
    "finished",
    "given_axes",
    "grid_of",
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
    total = current_look().total
    if total is not None and n > 1:
        room = int((total - plan.beside) / (_LEAST_PANEL * scale()))
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
