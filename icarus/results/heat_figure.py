"""Heat maps: a metric over two parameters, a panel for each combination of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icarus.errors import PlotError
from icarus.results._frame import scale, tick_text
from icarus.results._grid import Panel, finished, grid_of
from icarus.results._roles import (
    Campaign,
    Roles,
    caption_of,
    collect,
    panel_title,
    roles_of,
    split,
)
from icarus.results._sheets import counts_of, of_group, point_of, sheet_of
from icarus.results.drawntext import drawn_lines
from icarus.results.filenames import FileNames
from icarus.results.labels import replications_text
from icarus.results.metrics import Metric, number
from icarus.results.style import font
from icarus.results.variation import Dimension

__all__ = ["heat_figures"]

_MOST_PANELS = 6
_CELL = 0.42
"""Inches of a cell that has room for its value, at the size of font on the screen."""
_DARK = 0.55


def heat_figures(
    campaign: Campaign, wanted: Mapping[Metric, bool], names: FileNames
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of each metric.

    Raises
    ------
    PlotError
        If fewer than two parameters vary.
    """
    roles = _two_axes(campaign)
    for metric in wanted:
        values = [(i, number(tree.getval(metric))) for i, tree in enumerate(campaign.results)]
        there = [(i, value) for i, value in values if value is not None]
        for depth, group, part in split(there, roles.facets, _MOST_PANELS):
            title, texts = of_group(roles.facets, group)
            inner = Roles(roles.x, roles.series, roles.facets[depth:])
            figure = _figure(campaign, metric, inner, part, title)
            yield names.name([*metric, "heatmap", *texts]), figure


def _two_axes(campaign: Campaign) -> Roles:
    """Return roles with two axes: those asked for, then numbers, then names."""
    asked = [path for path in campaign.asked if path is not None]
    free = sorted(
        (one for one in campaign.dimensions if one.path not in asked),
        key=lambda one: (not one.numeric, -len(one.texts)),
    )
    given = [path for path in campaign.asked[:2] if path is not None]
    if len(free) + len(given) < 2:
        raise PlotError("a heat map needs two parameters that vary")
    x, y = (
        path if path is not None else free.pop(0).path for path in [*campaign.asked, None, None][:2]
    )
    return roles_of(
        campaign.dimensions, x, y, [path for path in campaign.asked[2:] if path is not None]
    )


def _figure(
    campaign: Campaign,
    metric: Metric,
    roles: Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    x, y = roles.x, roles.series
    assert x is not None
    assert y is not None
    rows = {y.number(key): place for place, key in enumerate(y.values)}
    columns = {key: place for place, key in enumerate(x.values)}
    cells = collect(values, roles)
    maps = []
    for group, lines in cells.items():
        means = np.full((len(rows), len(columns)), np.nan)
        for line, by_x in lines.items():
            for key, data in by_x.items():
                means[rows[line], columns[key]] = point_of(data).mean
        maps.append((panel_title(roles.facets, group), means))
    caption = caption_of(campaign, title, replications_text(counts_of(cells), interval=False))
    sheet = sheet_of(Roles(x, None, roles.facets), len(maps), caption, y.label).drawn()
    figure, grid = grid_of([Panel(text, {}) for text, _ in maps], sheet)
    low, high = (edge([edge(means[~np.isnan(means)]) for _, means in maps]) for edge in (min, max))
    numbered = _has_room(figure, grid, len(rows), len(columns))
    for axes, (text, means) in zip(grid, maps, strict=True):
        image = _fill(axes, means, (low, high), numbered)
        axes.set_title(drawn_lines(text, sheet.title_width, 4))
        axes.set_xticks(range(len(columns)), labels=_texts(x))
        axes.set_yticks(range(len(rows)), labels=_texts(y))
    label = drawn_lines(campaign.label(metric), 34, 2)
    bar = figure.colorbar(image, ax=grid, label=label, format=tick_text, pad=0.02)
    bar.outline.set_visible(False)
    figure = finished(figure, grid, {}, sheet)
    if len(grid) > 1:
        for axes in grid:
            spec = axes.get_subplotspec()
            axes.tick_params(labelleft=spec is None or spec.is_first_col())
    return figure


def _texts(one: Dimension) -> list[str]:
    return [drawn_lines(one.text(key), 24, 1) for key in one.values]


def _has_room(figure: Figure, grid: Sequence[Axes], n_rows: int, n_columns: int) -> bool:
    """Whether cells are large enough for their values."""
    spec = grid[0].get_subplotspec()
    across, down = (
        (1, 1) if spec is None else (spec.get_gridspec().ncols, spec.get_gridspec().nrows)
    )
    width = 0.62 * figure.get_figwidth() / across / n_columns
    return bool(
        width > 1.1 * _CELL * scale()
        and 0.7 * figure.get_figheight() / down / n_rows > 0.4 * _CELL * scale()
    )


def _fill(axes: Axes, means: np.ndarray, ends: tuple[float, float], numbered: bool) -> Any:
    axes.grid(False)
    image = axes.imshow(means, aspect="auto", origin="lower", vmin=ends[0], vmax=ends[1])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), mean in np.ndenumerate(means):
        if np.isnan(mean):
            # An empty cell is to be seen as one.
            axes.text(column, row, "–", ha="center", va="center", color="0.5")
        elif numbered:
            red, green, blue, _ = image.to_rgba(mean)
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < _DARK
            axes.text(
                *(column, row, tick_text(float(f"{mean:.3g}"))),
                ha="center",
                va="center",
                fontsize=font(0.75),
                color="white" if dark else "black",
            )
    return image
