"""Hit ratio against the size of caches, with what Che's approximation says where it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from icarus.core.capacities import CAPACITY_SIZES
from icarus.errors import PlotError
from icarus.results._che_model import NotModelledError, modelled_hit_ratio
from icarus.results._grid import THEORY, Panel
from icarus.results._roles import (
    Campaign,
    Roles,
    caption_of,
    collect,
    panel_title,
    roles_of,
    split,
)
from icarus.results._sheets import counts_of, of_group, points_of, sheet_of
from icarus.results.filenames import FileNames
from icarus.results.labels import replications_text
from icarus.results.metrics import metrics_in, metrics_meant, number
from icarus.results.panels import draw_lines, is_geometric
from icarus.results.variation import MISSING, Dimension
from icarus.util import Tree

__all__ = ["size_figures"]

_METRIC = ("CACHE_HIT_RATIO", "MEAN")
_SIZES = [("cache_placement", name) for name in CAPACITY_SIZES]
_POINTS = 13
"""At least, of the line of the theory."""


def size_figures(
    campaign: Campaign, metrics: str | Sequence[str] | None, names: FileNames
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of each combination of what has no axis.

    Raises
    ------
    PlotError
        If no hit ratio was measured, or sizes do not vary.
    """
    metric = _METRIC
    if metrics is not None:
        numbers = {one: False for one, is_cdf in metrics_in(campaign.results).items() if not is_cdf}
        [*others, metric] = metrics_meant(numbers, metrics)
        if others or metric != _METRIC:
            raise PlotError("against the size of caches CACHE_HIT_RATIO.MEAN is drawn; see --x")
    size = next((one for one in campaign.dimensions if one.path in _SIZES), None)
    if size is None or not size.numeric:
        known = " or ".join(".".join(path) for path in _SIZES)
        raise PlotError(f"hit ratio against size needs {known} to vary, as a number")
    values = [(i, number(tree.getval(metric))) for i, tree in enumerate(campaign.results)]
    there = [(i, value) for i, value in values if value is not None]
    if not there:
        raise PlotError("no hit ratio was measured; add CACHE_HIT_RATIO to DATA_COLLECTORS")
    _, series, *facets = [*campaign.asked, None, None][: max(2, len(campaign.asked))]
    roles = roles_of(
        campaign.dimensions, size.path, series, [path for path in facets if path is not None]
    )
    for depth, group, part in split(there, roles.facets):
        inner = Roles(roles.x, roles.series, roles.facets[depth:])
        title, texts = of_group(roles.facets, group)
        figure = _figure(campaign, size, inner, part, title)
        yield names.name([*metric, "size", *texts]), figure


def _figure(
    campaign: Campaign,
    size: Dimension,
    roles: Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    cells = collect(values, roles)
    examples = collect([(i, i) for i, _ in values], roles)
    panels = []
    reasons: dict[str, None] = {}
    for group, lines in cells.items():
        panel = Panel(panel_title(roles.facets, group), points_of(lines))
        for line in lines:
            first = next(iter(examples[group][line].values()))[0]
            try:
                panel.theory[line] = _curve(campaign, size, first)
            except NotModelledError as error:
                reasons[str(error)] = None
        panels.append(panel)
    notes = list(campaign.notes)
    if reasons:
        notes.append(f"no Che’s approximation: {', '.join(reasons)}")
    text = replications_text(counts_of(cells), interval=True)
    caption = caption_of(replace(campaign, notes=notes), title, text)
    sheet = sheet_of(roles, len(panels), caption, campaign.label(_METRIC))
    sheet.ticks = [key for key in size.values if key is not MISSING]
    if any(panel.theory for panel in panels):
        sheet.labels = {**sheet.labels, THEORY: "Che’s approximation"}
        if roles.series is None:
            sheet.labels = {**sheet.labels, 0: "simulation"}
    return draw_lines(panels, sheet)


def _curve(campaign: Campaign, size: Dimension, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes, those of experiments and some between them, and their hit ratios."""
    given = [float(key) for key in size.values if key is not MISSING]  # type: ignore[arg-type]
    spread = np.geomspace if is_geometric(given) else np.linspace
    xs = np.unique([*given, *spread(min(given), max(given), _POINTS)])
    if all(float(x).is_integer() for x in given):
        xs = np.unique(xs.round())
    params = Tree(campaign.params[i])
    section, name = size.path
    ys = []
    for x in xs:
        changed = Tree(params)
        changed[section] = Tree({**params[section], name: x})
        ys.append(modelled_hit_ratio(changed, campaign.metadata[i]))
    return xs, np.array(ys)
