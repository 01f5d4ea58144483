"""What figures of any kind have around their axes: the caption, the legend, limits and ticks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from icarus.results.style import SeriesStyle, current_look, font

__all__ = [
    "RATES",
    "LegendPlan",
    "add_legend",
    "captioned",
    "legend_plan",
    "limits",
    "line_handle",
    "scale",
    "tick_text",
]

RATES = (("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3))
"""Units of loads, and how many bytes a second each is."""

_SCREEN = 10.0
"""Points of the font that lengths in this module are right for."""
_CHARACTERS = 16.3
"""Of the caption, to an inch."""
_SHARE_BESIDE = 0.3
"""Of the width of a figure, that a legend beside the axes may take."""

_MOST_LABELS, _LABELS_A_COLUMN = 160, 40
"""Entries of a legend, and those that stand below each other."""


def scale() -> float:
    """Return how large texts are, compared with the font of the screen."""
    return font() / _SCREEN


def captioned(
    width: float, height: float, caption: Sequence[str], below: float = 0.0
) -> tuple[Figure, float]:
    """Return a figure with its caption at the bottom, and the height of the caption.

    Parameters
    ----------
    width, height : float
        In inches; the caption and what is below the axes come in addition.
    caption : sequence of str
    below : float, optional
        Inches between the caption and the axes.
    """
    lines = [
        line
        for text in caption
        for line in textwrap.wrap(text, max(20, int(width * _CHARACTERS / scale())),
                                  break_on_hyphens=False)
    ]  # fmt: skip
    strip = (0.1 + 0.15 * len(lines)) * scale() if lines else 0.0
    foot = strip + below
    height += foot
    pad = 0.06 * scale()
    engine = ConstrainedLayoutEngine(
        rect=(0, foot / height, 1, 1 - foot / height), w_pad=pad, h_pad=pad
    )
    figure = Figure(figsize=(width, height), layout=engine)
    figure.text(
        0.08 / width, 0.06 / height, "\n".join(lines), fontsize=font(0.75), color="0.35",
        ha="left", va="bottom", linespacing=1.25, in_layout=False,
    )  # fmt: skip
    return figure, strip


@dataclass(frozen=True)
class LegendPlan:
    """Where the legend of a figure goes, and the room that it takes there, in inches."""

    columns: int = 1
    beside: float = 0.0
    above: float = 0.0
    least: float = 0.0
    """Height of a legend beside the axes."""


def legend_plan(labels: Sequence[str], title: str) -> LegendPlan:
    """Return where a legend goes: beside the axes where there is room, else above them."""
    if len(labels) < 2:
        return LegendPlan()
    lines = [line for label in labels for line in label.split("\n")]
    longest = max(map(len, [*lines, title]))
    entry = (0.75 + 0.07 * longest) * scale()
    total = current_look().total
    columns = _legend_columns(len(labels))
    shown = min(len(labels), _MOST_LABELS)
    if total is None or columns * entry < _SHARE_BESIDE * total:
        high = (0.9 + 0.2 * math.ceil(len(lines) * shown / len(labels) / columns)) * scale()
        return LegendPlan(columns, columns * entry, 0.0, high)
    columns = max(1, min(shown, int(total / entry)))
    rows = math.ceil(shown / columns) * len(lines) / len(labels)
    return LegendPlan(columns, 0.0, (0.25 + 0.2 * rows) * scale())


def add_legend(
    figure: Figure, handles: Mapping[int, Any], labels: Mapping[int, str], title: str
) -> None:
    """Put a legend right of all axes or above them, of the series that `handles` has.

    In axes of the user it goes where it hides least.
    """
    shown = [i for i in labels if i in handles]
    texts = [labels[i] for i in shown[:_MOST_LABELS]]
    if len(shown) > _MOST_LABELS:
        texts[-1] = f"and {len(shown) - _MOST_LABELS + 1} more"
    plan = legend_plan([labels[i] for i in shown], title)
    given = [handles[i] for i in shown[: len(texts)]]
    if current_look().axes is not None:
        current_look().axes.legend(given, texts, title=title, loc="best", handlelength=3.2)
        return
    figure.legend(
        given,
        texts,
        title=title,
        ncols=plan.columns,
        loc="outside upper center" if plan.above else "outside right upper",
        alignment="left",
        handlelength=2.8 if plan.above else 3.8,
        labelspacing=0.4 if plan.above else 0.6,
        columnspacing=1.2,
    )


def _legend_columns(n_labels: int) -> int:
    return math.ceil(min(n_labels, _MOST_LABELS) / _LABELS_A_COLUMN)


def limits(edges: Sequence[float], from_zero: bool) -> tuple[float, float]:
    """Return limits of an axis with room around the data, 0 among them where that reads well."""
    low, high = min(edges, default=0.0), max(edges, default=1.0)
    if low >= 0 and (from_zero or low <= 0.4 * high):
        low = 0.0
    elif high <= 0 and from_zero:
        high = 0.0
    room = 0.07 * ((high - low) or abs(high) or 1.0)
    return (low if low == 0 else low - room), (high if high == 0 < -low else high + room)


def tick_text(value: float, _position: Any = None) -> str:
    """Return the label of a tick, as FuncFormatter takes it."""
    if abs(value) >= 1e7:
        return f"{value:.3g}"
    return f"{value:,.10g}".replace("-", "−")


def line_handle(index: int) -> Line2D:
    """Return what stands for the line of a series in a legend."""
    return Line2D([], [], **SeriesStyle.number(index).line())
