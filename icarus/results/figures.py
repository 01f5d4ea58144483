"""Figures of a result set without being told how: what varies is found and drawn.

Lines over the number that varies most, one per strategy (or whatever else varies by name), a
panel for each combination of the rest; bars where no number varies; distributions where they
were collected. Points are means over replications with 95 % confidence intervals (Student's
t). Experiments that differ in anything but a seed are never averaged with each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from matplotlib.figure import Figure

from icarus.errors import PlotError, suggestion
from icarus.results.drawntext import shortened
from icarus.results.filenames import FileNames
from icarus.results.labels import constants_text, metric_label, replications_text, value_text
from icarus.results.metrics import (
    Metric,
    mean_distribution,
    metrics_in,
    metrics_meant,
    number,
    pair,
)
from icarus.results.panels import Panel, Point, Sheet, draw_bars, draw_cdfs, draw_lines
from icarus.results.style import local_style, save
from icarus.results.variation import (
    MISSING,
    Dimension,
    constants_of,
    dimensions_of,
    matching,
    paths_of,
    resolve,
    rows_of,
    short_name,
)
from icarus.theory.distributions import means_confidence_interval
from icarus.util import Tree

__all__ = ["draw_results", "plot_results"]

Results: TypeAlias = Iterable[tuple[Tree, Tree]]
Group: TypeAlias = tuple[Hashable, ...]

_FORMATS = ("png", "pdf", "svg")
_MOST_PANELS = 12
_MOST_NUMBERED_SERIES = 8
_LONGEST_PHRASE = 80


def plot_results(
    resultset: Results,
    outdir: str | PathLike[str],
    *,
    metrics: str | Sequence[str] | None = None,
    x: str | None = None,
    series: str | None = None,
    facet: str | Sequence[str] | None = None,
    where: Mapping[str, Any] | str | Iterable[str] | None = None,
    fmt: str = "png",
    show: bool = False,
) -> list[Path]:
    """Draw every metric of a result set against what varies over it, and save the figures.

    Parameters
    ----------
    resultset : ResultSet
        The results.
    outdir : path-like
        Folder for the figures, made if missing; files are named after their metric, such as
        ``LATENCY_MEAN.png``, and after the outermost panel dimension where it takes several.
    metrics : str or sequence of str, optional
        ``"LATENCY"`` for all metrics of a collector, ``"LATENCY.MEAN"`` for one. By default
        all numbers, and all distributions that were collected.
    x, series, facet : str, optional
        The parameter along the x axis, the one that makes lines or bars, and those that make
        panels (one or several); by default found out. ``"alpha"`` and ``"workload.alpha"``
        mean the same as long as only one section has an ``alpha``; ``"strategy"`` means its
        name.
    where : mapping, or iterable of str, optional
        Conditions on parameters, ``{"alpha": 0.8}`` or ``["alpha=0.8"]``; the rest of the
        results is left out. Several values for one parameter are alternatives.
    fmt : {"png", "pdf", "svg"}, optional
        File format; PNG has 150 dots per inch.
    show : bool, optional
        Open the saved figures in the viewer of the desktop.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    PlotError
        If there is nothing to draw, or a name means nothing here.
    """
    suffix = fmt.lower().lstrip(".")
    if suffix not in _FORMATS:
        raise PlotError(f"unknown format {fmt!r}; {suggestion(suffix, _FORMATS)}")
    written = []
    for name, figure in draw_results(
        resultset, metrics=metrics, x=x, series=series, facet=facet, where=where
    ):
        path = Path(outdir) / f"{name}.{suffix}"
        with local_style():
            save(figure, path)
        written.append(path)
    if show:
        _open(written)
    return written


def draw_results(
    resultset: Results,
    *,
    metrics: str | Sequence[str] | None = None,
    x: str | None = None,
    series: str | None = None,
    facet: str | Sequence[str] | None = None,
    where: Mapping[str, Any] | str | Iterable[str] | None = None,
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of each plot that `plot_results` saves.

    The parameters are those of `plot_results`, and so are the errors, which are raised before
    the first figure is drawn. Figures are not known to pyplot and need not be closed.
    """
    # Experiments that failed have parameters but no results.
    pairs = [(params, results) for params, results in resultset if len(results)]
    if not pairs:
        raise PlotError("there are no results to plot")
    rows = rows_of(params for params, _ in pairs)
    chosen = matching(rows, where)
    pairs, rows = [pairs[i] for i in chosen], [rows[i] for i in chosen]
    known = paths_of(rows)
    facets = [facet] if isinstance(facet, str) else list(facet or ())
    asked = [resolve(name, known) for name in (x, series, *facets) if name is not None]
    dimensions, notes = dimensions_of(rows, asked)
    roles = _roles(
        dimensions,
        resolve(x, known) if x is not None else None,
        resolve(series, known) if series is not None else None,
        [resolve(name, known) for name in facets],
    )
    results = [results for _, results in pairs]
    there = metrics_in(results)
    wanted = metrics_meant(there, metrics)
    names = FileNames()
    for metric in there:
        # All get theirs, so that a metric has the same one when it is drawn alone.
        names.name(metric)
    campaign = _Campaign(results, roles, constants_of(rows), notes)
    return _figures(campaign, wanted, names)


@dataclass
class _Roles:
    """Which dimension is drawn as what."""

    x: Dimension | None = None
    series: Dimension | None = None
    facets: list[Dimension] = field(default_factory=list)

    def for_distributions(self) -> _Roles:
        """Return the roles where x is taken by the metric itself."""
        if self.x is None or self.series is None:
            return _Roles(None, self.series or self.x, self.facets)
        return _Roles(None, self.series, [*self.facets, self.x])


@dataclass
class _Campaign:
    results: Sequence[Tree]
    roles: _Roles
    constants: dict[Any, Any]
    notes: Sequence[str]


def _roles(
    dimensions: Sequence[Dimension], x: Metric | None, series: Metric | None, facets: list[Metric]
) -> _Roles:
    """Give every dimension a part: those asked for theirs, the others by what suits them."""
    pool = list(dimensions)

    def take(path: Metric | None) -> Dimension | None:
        for one in pool:
            if path is not None and path in (one.path, *one.merged):
                pool.remove(one)
                return one
        if path is not None:
            raise PlotError(f"{'.'.join(map(str, path))} is asked for twice")
        return None

    roles = _Roles(take(x), take(series))
    chosen = [one for path in facets if (one := take(path)) is not None]
    if roles.x is None:
        numbers = [one for one in pool if one.numeric]
        roles.x = take(numbers[0].path) if numbers else None
    names = [one for one in pool if not one.numeric]
    if roles.series is None and names and (roles.x is not None or len(names) > 1):
        roles.series = take(names[0].path)
    if roles.x is None:
        names = [one for one in pool if not one.numeric]
        roles.x = take(max(names, key=lambda one: len(one.texts)).path) if names else None
    if roles.series is None and roles.x is not None and pool:
        fewest = min(pool, key=lambda one: len(one.texts))
        if len(fewest.texts) <= _MOST_NUMBERED_SERIES:
            roles.series = take(fewest.path)
    if roles.x is None:
        roles.x, roles.series = roles.series, None
    roles.facets = [*chosen, *pool]
    return roles


def _figures(
    campaign: _Campaign, wanted: Mapping[Metric, bool], names: FileNames
) -> Iterator[tuple[str, Figure]]:
    for metric, is_distribution in wanted.items():
        roles = campaign.roles.for_distributions() if is_distribution else campaign.roles
        values = [
            (i, pair(item) if is_distribution else number(item))
            for i, item in enumerate(tree.getval(metric) for tree in campaign.results)
        ]
        there = [(i, value) for i, value in values if value is not None]
        notes = list(campaign.notes)
        if is_distribution and campaign.roles.x is not None:
            there = _thinned(there, campaign.roles.x, notes)
        for depth, group, part in _split(there, roles.facets):
            inner = _Roles(roles.x, roles.series, roles.facets[depth:])
            title = [
                shortened(one.phrase(key), _LONGEST_PHRASE)
                for one, key in zip(roles.facets, group, strict=False)
            ]
            draw = _draw_distribution if is_distribution else _draw_metric
            with local_style():
                figure = draw(replace(campaign, notes=notes), metric, inner, part, title)
            texts = [one.texts[key] for one, key in zip(roles.facets, group, strict=False)]
            yield names.name([*metric, *texts]), figure


def _thinned(
    values: list[tuple[int, Any]], x: Dimension, notes: list[str]
) -> list[tuple[int, Any]]:
    """Keep some values of a long numeric parameter, which distributions have no axis for."""
    if not x.numeric or len(x.values) <= _MOST_NUMBERED_SERIES:
        return values
    places = np.linspace(0, len(x.values) - 1, _MOST_NUMBERED_SERIES).round().astype(int)
    shown = {x.values[place] for place in places}
    notes.append(f"{len(shown)} of the {len(x.values)} values of {short_name(x.path)} are shown")
    return [(i, value) for i, value in values if x.keys[i] in shown]


def _split(
    values: list[tuple[int, Any]], facets: Sequence[Dimension], depth: int = 0
) -> Iterator[tuple[int, Group, list[tuple[int, Any]]]]:
    """Split by the outermost panel dimensions until each part has panels for one figure."""
    inner = facets[depth:]
    n_panels = len({tuple(one.keys[i] for one in inner) for i, _ in values})
    if n_panels <= _MOST_PANELS or not inner:
        if values:
            yield depth, tuple(one.keys[values[0][0]] for one in facets[:depth]), values
        return
    for key in inner[0].values:
        part = [(i, value) for i, value in values if inner[0].keys[i] == key]
        yield from _split(part, facets, depth + 1)


def _collect(
    values: Iterable[tuple[int, Any]], roles: _Roles
) -> dict[Group, dict[int, dict[Any, list[Any]]]]:
    """Return the values of all replications, by panel, series and x, each in its order."""
    places = [{key: n for n, key in enumerate(one.values)} for one in roles.facets]
    order = {} if roles.series is None else {key: n for n, key in enumerate(roles.series.values)}

    def group(i: int) -> Group:
        return tuple(one.keys[i] for one in roles.facets)

    def rank(item: tuple[int, Any]) -> tuple[int, ...]:
        return tuple(place[key] for place, key in zip(places, group(item[0]), strict=True))

    panels: dict[Group, dict[int, dict[Any, list[Any]]]] = {}
    for _, items in groupby(sorted(values, key=rank), key=rank):
        inside = list(items)
        cells: dict[int, dict[Any, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for i, value in inside:
            line = 0 if roles.series is None else order[roles.series.keys[i]]
            cells[line][None if roles.x is None else roles.x.keys[i]].append(value)
        panels[group(inside[0][0])] = {line: dict(cells[line]) for line in sorted(cells)}
    return panels


def _draw_metric(
    campaign: _Campaign,
    metric: Metric,
    roles: _Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    cells = _collect(values, roles)
    counts = [len(data) for lines in cells.values() for by_x in lines.values()
              for data in by_x.values()]  # fmt: skip
    caption = _caption(campaign, title, replications_text(counts, interval=True))
    as_lines = roles.x is not None and roles.x.numeric
    panels = []
    for group, lines in cells.items():
        drawn = {
            line: {
                (None if as_lines and x is MISSING else x): _point(data) for x, data in by_x.items()
            }
            for line, by_x in lines.items()
        }
        panels.append(Panel(_panel_title(roles.facets, group), drawn))
    sheet = _sheet(roles, len(panels), caption, metric_label(metric))
    if roles.x is None:
        name = campaign.constants.get(("strategy", "name"))
        sheet.ticks, sheet.tick_labels = [None], [value_text(name) if name is not None else ""]
    elif as_lines:
        sheet.ticks = [key for key in roles.x.values if key is not MISSING]
    else:
        sheet.ticks = roles.x.values
        sheet.tick_labels = [roles.x.texts[key] for key in roles.x.values]
    return draw_lines(panels, sheet) if as_lines else draw_bars(panels, sheet)


def _point(data: Sequence[float]) -> Point:
    mean, half = means_confidence_interval(data, 0.95)
    return Point(float(mean), float(half), len(data))


def _draw_distribution(
    campaign: _Campaign,
    metric: Metric,
    roles: _Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    cells = _collect(values, roles)
    counts = [len(lines[line][None]) for lines in cells.values() for line in lines]
    shown = sorted({line for lines in cells.values() for line in lines})
    panels = [
        Panel(
            _panel_title(roles.facets, group),
            {shown.index(line): mean_distribution(by_x[None]) for line, by_x in lines.items()},
        )
        for group, lines in cells.items()
    ]
    caption = _caption(campaign, title, replications_text(counts, interval=False))
    sheet = _sheet(roles, len(panels), caption, "Cumulative probability")
    sheet.xlabel = metric_label(metric, distribution=True)
    sheet.labels = [sheet.labels[line] for line in shown]
    return draw_cdfs(panels, sheet)


def _sheet(roles: _Roles, n_panels: int, caption: Sequence[str], ylabel: str) -> Sheet:
    series = roles.series
    inner = roles.facets[-1] if roles.facets else None
    columns = 3
    if inner is not None and len(roles.facets) > 1 and len(inner.values) <= 4:
        # The innermost panels side by side, in two sets where that leaves few rows.
        columns = len(inner.values) * (2 if n_panels > 4 and len(inner.values) == 2 else 1)
    return Sheet(
        xlabel="" if roles.x is None else roles.x.label,
        ylabel=ylabel,
        labels=["all"] if series is None else [series.texts[key] for key in series.values],
        legend_title="" if series is None else series.label,
        caption=caption,
        columns=columns,
    )


def _caption(campaign: _Campaign, title: Sequence[str], replications: str) -> list[str]:
    notes = "; ".join([replications, *campaign.notes])
    return [text for text in (constants_text(campaign.constants, title), notes) if text]


def _panel_title(facets: Sequence[Dimension], group: Group) -> str:
    return ", ".join(one.phrase(key) for one, key in zip(facets, group, strict=True))


def _open(paths: Sequence[Path]) -> None:
    import click

    for path in paths:
        if click.launch(str(path)) != 0:
            raise PlotError(f"no viewer could be opened; the figures are in {path.parent}")
