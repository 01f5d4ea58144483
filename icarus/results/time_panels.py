"""Figures over time: a panel per metric below each other, steps with bands, and events.

What is drawn was found out and collected by others; like `panels`, this knows nothing of result
sets and leaves figures unsaved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from icarus.results._event_texts import write_events
from icarus.results._frame import add_legend, captioned, legend_plan, limits, scale, tick_text
from icarus.results.drawntext import drawn_lines
from icarus.results.over_time import Curve, Mark
from icarus.results.panels import Sheet, given_axes
from icarus.results.style import SeriesStyle, current_look, font

__all__ = ["Axis", "TimePanel", "axis_of", "draw_over_time"]

_WIDTH = 5.6
"""Inches of the panels with their labels."""
_HEIGHTS = {1: 2.9, 2: 1.8, 3: 1.5}
_HEIGHT = 1.3
"""Inches of a panel, where there are few and where there are more."""
_LABEL_WIDTH = 17
_MARKERS = 7
"""Markers along a line."""
_GAP = 0.5
"""Windows that are further apart than this share of one are not joined by a line."""
_MANY = 300
"""Windows beyond which lines are thinner, as noise would make them blots."""
_MINUTE, _HOUR = 60.0, 3600.0


class Axis(NamedTuple):
    """What is along the x axis, and how much of it is one unit."""

    label: str
    unit: float


@dataclass
class TimePanel:
    """One metric: its label, and its means by the number of the line."""

    label: str
    curves: dict[int, Curve]
    from_zero: bool = False
    is_share: bool = False
    """Whether nothing can be below 0 or above 1, whatever the interval of few requests says."""


def axis_of(largest: float, by_requests: bool) -> Axis:
    """Return the x axis with numbers on it that are as short as may be.

    Examples
    --------
    >>> axis_of(7200.0, by_requests=False)
    Axis(label='Simulated time (min)', unit=60.0)
    """
    if by_requests:
        if largest >= 2e6:
            return Axis("Requests (millions)", 1e6)
        return Axis("Requests (thousands)", 1e3) if largest >= 1e4 else Axis("Requests", 1.0)
    if largest > 4 * _HOUR:
        return Axis("Simulated time (h)", _HOUR)
    if largest > 10 * _MINUTE:
        return Axis("Simulated time (min)", _MINUTE)
    return Axis("Simulated time (s)", 1.0)


def draw_over_time(
    panels: Sequence[TimePanel],
    windows: Mapping[int, tuple[np.ndarray, np.ndarray]],
    marks: Sequence[Mark],
    sheet: Sheet,
    unit: float = 1.0,
) -> Figure:
    """Return a figure with a panel for each metric, below each other.

    Parameters
    ----------
    panels : sequence of TimePanel
    windows : dict
        By the number of the line, where its windows begin and end.
    marks : sequence of Mark
        Events, from left to right; those beyond all windows are not drawn.
    sheet : Sheet
        Without ticks.
    unit : float, optional
        What `windows` and the places of `marks` are divided by, as in ``Axis``.
    """
    sheet = sheet.drawn()
    figure, grid = _grid(panels, windows, sheet)
    spans = {line: (left / unit, right / unit) for line, (left, right) in windows.items()}
    for axes, panel in zip(grid, panels, strict=True):
        _fill(axes, panel, spans, sheet)
        axes.tick_params(labelbottom=axes is grid[-1])
    ends = (
        min(left[0] for left, _ in spans.values()),
        max(right.max() for _, right in spans.values()),
    )
    grid[0].set_xlim(*(ends if ends[0] < ends[1] else (ends[0] - 0.5, ends[0] + 0.5)))
    grid[0].xaxis.set_major_locator(_locator(unit))
    grid[0].xaxis.set_major_formatter(FuncFormatter(tick_text))
    grid[-1].set_xlabel(sheet.xlabel)
    if current_look().axes is None:
        figure.align_ylabels(grid)
    if len(sheet.labels) > 1:
        handles = {i: Line2D([], [], **_look(i)) for i in spans}
        add_legend(figure, handles, sheet.labels, sheet.legend_title)
    write_events(figure, grid, [Mark(one.place / unit, one.text, one.lines) for one in marks],
                 several=len(spans) > 1)  # fmt: skip
    return figure


def _grid(
    panels: Sequence[TimePanel], windows: Mapping[int, Any], sheet: Sheet
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each metric, or the axes that a user gave."""
    look = current_look()
    if look.axes is not None:
        return look.axes.figure, [given_axes(len(panels))]
    labels = [sheet.labels[i] for i in sheet.labels if i in windows]
    plan = legend_plan(labels, sheet.legend_title)
    height = (len(panels) * _HEIGHTS.get(len(panels), _HEIGHT) + 0.4) * scale()
    width = look.total or _WIDTH * scale() + plan.beside
    figure, _ = captioned(width, max(height + plan.above, plan.least), sheet.caption)
    grid = [figure.add_subplot(len(panels), 1, 1)]
    grid += [figure.add_subplot(len(panels), 1, i + 2, sharex=grid[0])
             for i in range(len(panels) - 1)]  # fmt: skip
    return figure, grid


def _locator(unit: float) -> MaxNLocator:
    # Of 24 hours and 60 minutes, parts that are known by heart.
    steps = [1, 2, 3, 6, 10] if unit in (_MINUTE, _HOUR) else [1, 2, 2.5, 5, 10]
    return MaxNLocator(8, steps=steps)


def _look(index: int) -> dict[str, Any]:
    # Dashes hide the risers of steps; colours and markers tell the lines apart.
    look = SeriesStyle.number(index).line()
    strength = current_look().strength
    return look | {"linestyle": "-", "linewidth": 1.3 * strength, "markersize": 5 * strength}


def _fill(
    axes: Axes,
    panel: TimePanel,
    spans: Mapping[int, tuple[np.ndarray, np.ndarray]],
    sheet: Sheet,
) -> None:
    edges: list[float] = []
    for place, (index, curve) in enumerate(panel.curves.items()):
        left, right = spans[index]
        low, high = curve.mean - curve.half, curve.mean + curve.half
        if panel.is_share:
            low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
        x, (mean, lower, upper) = _steps(left, right, [curve.mean, low, high])
        look = _look(index)
        if len(left) > _MANY:
            look["linewidth"] = 0.7
        if (curve.half > 0).any():
            axes.fill_between(x, lower, upper, color=look["color"], alpha=0.18, linewidth=0)
        axes.plot(x, mean, label=sheet.labels[index], zorder=3, **look | {"marker": ""})
        if len(spans) > 1:
            at = _marker_places(curve.mean, place / len(panel.curves))
            axes.plot((left[at] + right[at]) / 2, curve.mean[at], zorder=3.5,
                      **look | {"linestyle": ""})  # fmt: skip
        edges += [float(edge) for part in (low, high) for edge in part[~np.isnan(part)]]
    axes.set_ylim(*limits(edges, panel.from_zero))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
    axes.set_ylabel(drawn_lines(panel.label, _LABEL_WIDTH, 3), fontsize=font(0.9))
    axes.grid(True, axis="y")


def _steps(
    left: np.ndarray, right: np.ndarray, rows: Sequence[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return both ends of each window, and its values at both; NaN between windows far apart."""
    apart = np.flatnonzero(left[1:] - right[:-1] > _GAP * np.median(right - left)) + 1
    x = np.insert(np.stack([left, right], axis=1).ravel(), 2 * apart, right[apart - 1])
    return x, [np.insert(np.repeat(row, 2), 2 * apart, np.nan) for row in rows]


def _marker_places(values: np.ndarray, shift: float) -> np.ndarray:
    """Return the windows with markers, some of many, that differ between lines."""
    there = np.flatnonzero(~np.isnan(values))
    if len(there) <= _MARKERS:
        return there
    places = (np.arange(_MARKERS) + shift) * len(there) / _MARKERS
    chosen: np.ndarray = there[np.unique(places.astype(int).clip(0, len(there) - 1))]
    return chosen
