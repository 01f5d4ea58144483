"""What figures of any kind have around their axes: the caption, the legend, limits and ticks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from icarus.results.style import SeriesStyle

__all__ = ["add_legend", "captioned", "legend_size", "limits", "line_handle", "tick_text"]

_MOST_LABELS, _LABELS_A_COLUMN = 160, 40
"""Entries of a legend, and those that stand below each other."""


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
        for line in textwrap.wrap(text, max(20, int(width * 17.5)), break_on_hyphens=False)
    ]
    strip = 0.1 + 0.15 * len(lines) if lines else 0.0
    foot = strip + below
    height += foot
    engine = ConstrainedLayoutEngine(
        rect=(0, foot / height, 1, 1 - foot / height), w_pad=0.06, h_pad=0.06
    )
    figure = Figure(figsize=(width, height), layout=engine)
    figure.text(
        0.08 / width, 0.06 / height, "\n".join(lines), fontsize=7.5, color="0.35",
        ha="left", va="bottom", linespacing=1.25, in_layout=False,
    )  # fmt: skip
    return figure, strip


def legend_size(labels: Sequence[str], title: str) -> tuple[float, float]:
    """Return the width and height of a legend, in inches; none for a single label."""
    if len(labels) < 2:
        return 0.0, 0.0
    lines = [line for label in labels for line in label.split("\n")]
    longest = max(map(len, [*lines, title]))
    beside = _legend_columns(len(labels))
    shown = min(len(labels), _MOST_LABELS) / len(labels) / beside
    return beside * (0.75 + 0.07 * longest), 0.9 + 0.2 * math.ceil(len(lines) * shown)


def add_legend(
    figure: Figure, handles: Mapping[int, Any], labels: Sequence[str], title: str
) -> None:
    """Put a legend right of all axes, of the series that `handles` has."""
    shown = sorted(handles)
    texts = [labels[i] for i in shown[:_MOST_LABELS]]
    if len(shown) > _MOST_LABELS:
        texts[-1] = f"and {len(shown) - _MOST_LABELS + 1} more"
    figure.legend(
        [handles[i] for i in shown[: len(texts)]],
        texts,
        title=title,
        ncols=_legend_columns(len(shown)),
        loc="outside right upper",
        alignment="left",
        handlelength=3.8,
        labelspacing=0.6,
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
