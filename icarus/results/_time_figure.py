"""One figure over time: which metrics it has, and what of the results is in its panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from icarus.results._frame import RATES
from icarus.results._roles import Campaign, Roles, caption_of, collect
from icarus.results.labels import number_text, over_time_label, replications_text
from icarus.results.metrics import Metric
from icarus.results.over_time import (
    COLLECTOR,
    Curve,
    Mark,
    Timeline,
    Windows,
    laid_over,
    marks_of,
    metrics_over_time,
    timeline_of,
    worth_drawing,
)
from icarus.results.panels import Sheet
from icarus.results.time_panels import TimePanel, axis_of, draw_over_time
from icarus.results.variation import Dimension
from icarus.util import Tree

__all__ = ["Timelines", "time_figure"]

_MOST_BANDS = 8
"""Lines with bands around them that can be told apart."""
_SHARES = ("HIT_RATIO", "SERVED")


class Timelines:
    """What the results of a campaign hold over time.

    Parameters
    ----------
    results : sequence of Tree

    Attributes
    ----------
    found : list of Timeline or None
        Those of each result.
    metrics : list of tuple
        All that were measured, such as ``("TIMELINE", "LATENCY")``.
    """

    def __init__(self, results: Sequence[Tree]) -> None:
        self.found = [timeline_of(tree) for tree in results]
        self.metrics = metrics_over_time(self.found)

    def chosen(self, meant: Sequence[Metric]) -> list[Metric]:
        """Return the metrics to draw; of all of them, those that say something."""
        there = [metric for metric in self.metrics if metric in meant]
        if there != self.metrics:
            return there
        timelines = [one for one in self.found if one is not None]
        return [metric for metric in there if worth_drawing(metric, timelines)] or there

    def name(self, metrics: Sequence[Metric]) -> Metric:
        """Return what the figure of some metrics is called after."""
        return metrics[0] if len(metrics) == 1 else (COLLECTOR,)


def time_figure(
    campaign: Campaign,
    series: Dimension | None,
    metrics: Sequence[Metric],
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    """Return the figure of some experiments.

    Parameters
    ----------
    campaign : Campaign
    series : Dimension, optional
        What the lines are.
    metrics : sequence of tuple
        One for each panel.
    values : list of (int, Timeline)
        With the number of the result that each is of.
    title : sequence of str
        What the experiments have in common that others have not.
    """
    [cells] = collect(values, Roles(None, series)).values()
    lines: dict[int, list[Timeline]] = {line: by_x[None] for line, by_x in cells.items()}
    by_requests = all(one.by_requests for _, one in values)
    windows = {line: laid_over(found, by_requests) for line, found in lines.items()}
    left = min(float(one.left.min()) for one in windows.values())
    right = max(float(one.right.max()) for one in windows.values())
    marks = marks_of(lines, by_requests)
    bands = len(lines) <= _MOST_BANDS
    counts = [len(found) for found in lines.values()]
    notes = [*campaign.notes, *_notes(windows, marks, left, right, by_requests)]
    if not bands and max(counts) > 1:
        notes.insert(0, f"means, without intervals as there are more than {_MOST_BANDS} lines")
    axis = axis_of(max(abs(left), abs(right)), by_requests)
    sheet = Sheet(
        xlabel=axis.label,
        ylabel="",
        labels={0: "all"} if series is None else series.labels,
        legend_title="" if series is None else series.label,
        caption=caption_of(
            replace(campaign, notes=notes), title, replications_text(counts, interval=bands)
        ),
    )
    panels = [_panel(metric[-1], windows, bands, campaign.labels.get(metric)) for metric in metrics]
    spans = {line: (one.left, one.right) for line, one in windows.items()}
    return draw_over_time(panels, spans, marks, sheet, axis.unit)


def _notes(
    windows: dict[int, Windows], marks: Sequence[Mark], left: float, right: float, by_requests: bool
) -> list[str]:
    width = float(np.median(np.concatenate([one.right - one.left for one in windows.values()])))
    notes = [f"windows of {number_text(width)} {'requests' if by_requests else 's'}"]
    outside = sum(not left <= mark.place <= right for mark in marks)
    if outside:
        events = "1 event is" if outside == 1 else f"{outside} events are"
        notes.append(f"{events} outside the windows")
    return notes


def _panel(
    name: str, windows: dict[int, Windows], bands: bool, title: str | None = None
) -> TimePanel:
    curves = {line: curve for line, one in windows.items() if (curve := one.curve(name))}
    if not bands:
        curves = {line: Curve(mean, np.zeros_like(mean)) for line, (mean, _) in curves.items()}
    label, unit = over_time_label(name)
    label = title or label
    if unit == "bytes/s":
        largest = max((float(np.nanmax(c.mean, initial=0)) for c in curves.values()), default=0.0)
        unit, divisor = next((one for one in RATES if largest >= one[1]), (unit, 1.0))
        curves = {
            line: Curve(mean / divisor, half / divisor) for line, (mean, half) in curves.items()
        }
    # Noise around a steady rate would look like a change of it.
    return TimePanel(
        f"{label} ({unit})" if unit else label, curves, name == "REQUESTS", name in _SHARES
    )
