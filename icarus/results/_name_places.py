"""Where the names of nodes stand in a picture: beside their nodes, over nothing else."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from icarus.results.drawntext import drawn

__all__ = ["draw_names"]

_LONGEST = 24
_DIRECTIONS = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
"""Towards which a name may stand from its node, the best first."""
_DOTS = 60
"""Points of a link that are looked at."""
_GAP = 1.0
"""Points between a node and its name."""


def draw_names(
    axes: Axes,
    positions: Mapping[Hashable, np.ndarray],
    areas: Mapping[Hashable, float],
    order: Sequence[Hashable],
    size: float,
    links: Sequence[tuple[Hashable, Hashable]] = (),
) -> list[Hashable]:
    """Write the names of nodes, and return those for which there is no room.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Their limits and place in the figure must be final.
    positions : dict
        From node to its position, in data.
    areas : dict
        From node to the area of its marker, in square points.
    order : sequence
        Whose names matter most, first.
    size : float
        Of the font, in points.
    links : sequence of pair
        What names stand on only where no other place is free.
    """
    figure = axes.figure
    renderer = cast(Any, FigureCanvasAgg(cast(Any, figure))).get_renderer()
    point = cast(Any, figure).dpi / 72
    places = {node: axes.transData.transform(positions[node]) for node in positions}
    # Boxes are rows of left, bottom, right, top, in pixels.
    halves = {node: (np.sqrt(areas[node]) / 2 + 0.4) * point for node in places}
    taken = np.array([[*(places[n] - halves[n]), *(places[n] + halves[n])] for n in places])
    frame = axes.get_window_extent(renderer)
    ends = np.array([[places[u], places[v]] for u, v in links]).reshape(-1, 2, 2)
    shares = np.linspace(0, 1, _DOTS)[:, None, None]
    dots = (ends[:, 0] + shares * (ends[:, 1] - ends[:, 0])).reshape(-1, 2)
    left_out = []
    for node in order:
        text = drawn(node, _LONGEST)
        extent = Text(0, 0, text, fontsize=size, figure=figure).get_window_extent(renderer)
        box = _free_box(
            places[node],
            halves[node] + _GAP * point,
            (extent.width, extent.height),
            taken,
            dots,
            frame,
        )
        if box is None:
            left_out.append(node)
            continue
        taken = np.vstack([taken, box])
        middle = (np.array(box[:2]) + np.array(box[2:])) / 2
        axes.annotate(
            drawn(node, _LONGEST),
            tuple(positions[node]),
            xytext=tuple((middle - places[node]) / point),
            textcoords="offset points",
            fontsize=size,
            ha="center",
            va="center",
            zorder=3,
            path_effects=[withStroke(linewidth=1.6, foreground="white")],
        )
    return left_out


def _free_box(
    place: np.ndarray,
    away: float,
    size: tuple[float, float],
    taken: np.ndarray,
    dots: np.ndarray,
    frame: Any,
) -> tuple[float, float, float, float] | None:
    """Return the box around a node, within the frame and over no other, with the fewest links."""
    width, height = size
    free: list[tuple[int, int, tuple[float, float, float, float]]] = []
    for across, up in _DIRECTIONS:
        # At a corner the marker, which is round, is nearer.
        reach = away * (0.75 if across and up else 1.0)
        x = place[0] + across * (reach + width / 2)
        y = place[1] + up * (reach + height / 2)
        box = x - width / 2, y - height / 2, x + width / 2, y + height / 2
        inside = (
            box[0] >= frame.x0 and box[1] >= frame.y0 and box[2] <= frame.x1 and box[3] <= frame.y1
        )
        apart = (
            (taken[:, 0] >= box[2])
            | (taken[:, 2] <= box[0])
            | (taken[:, 1] >= box[3])
            | (taken[:, 3] <= box[1])
        )
        if inside and apart.all():
            low, high = np.array(box[:2]), np.array(box[2:])
            under = int(((dots > low) & (dots < high)).all(axis=1).sum())
            free.append((under, len(free), box))
    return min(free)[2] if free else None
