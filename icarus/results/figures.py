"""Figures of a result set without being told how: what varies is found and drawn.

Lines over the number that varies most, one per strategy (or whatever else varies by name), a
panel for each combination of the rest; bars where no number varies; distributions where they
were collected; what was measured over time in one figure, with a panel for each metric. Points
are means over replications with 95 % confidence intervals (Student's t). Experiments that differ
in anything but a seed are never averaged with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from icarus.errors import PlotError, suggestion
from icarus.results._roles import (
    Campaign,
    Group,
    Roles,
    caption_of,
    collect,
    panel_title,
    roles_of,
    split,
    thinned,
)
from icarus.results._time_figure import Timelines, time_figure
from icarus.results.drawntext import shortened
from icarus.results.filenames import FileNames
from icarus.results.labels import metric_label, replications_text, value_text
from icarus.results.merging import once
from icarus.results.metrics import (
    Metric,
    mean_distribution,
    metrics_in,
    metrics_meant,
    number,
    pair,
)
from icarus.results.over_time import COLLECTOR
from icarus.results.panels import Panel, Point, Sheet, draw_bars, draw_cdfs, draw_lines
from icarus.results.resultset import ResultSet
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
)
from icarus.theory.distributions import means_confidence_interval
from icarus.util import Tree

__all__ = ["draw_results", "plot_results"]

Results: TypeAlias = Iterable[tuple[Tree, Tree]]

_FORMATS = ("png", "pdf", "svg")
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
        all numbers, all distributions that were collected, and what was measured over time,
        ``"TIMELINE"``.
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
    if isinstance(resultset, ResultSet):
        resultset = once(resultset)
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
    roles = roles_of(
        dimensions,
        resolve(x, known) if x is not None else None,
        resolve(series, known) if series is not None else None,
        [resolve(name, known) for name in facets],
    )
    results = [results for _, results in pairs]
    timelines = Timelines(results)
    there = metrics_in(results)
    wanted = metrics_meant(there | dict.fromkeys(timelines.metrics, False), metrics)
    names = FileNames()
    for metric in [*there, *([(COLLECTOR,)] if timelines.metrics else []), *timelines.metrics]:
        # All get theirs, so that a metric has the same one when it is drawn alone.
        names.name(metric)
    campaign = Campaign(results, roles, constants_of(rows), notes)
    over_time = timelines.chosen([metric for metric in wanted if metric not in there])
    numbers = {metric: kind for metric, kind in wanted.items() if metric in there}
    return chain(
        _figures(campaign, numbers, names), _over_time(campaign, timelines, over_time, names)
    )


def _figures(
    campaign: Campaign, wanted: Mapping[Metric, bool], names: FileNames
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
            there = thinned(there, campaign.roles.x, notes)
        for depth, group, part in split(there, roles.facets):
            inner = Roles(roles.x, roles.series, roles.facets[depth:])
            title, texts = _of_group(roles.facets, group)
            draw = _draw_distribution if is_distribution else _draw_metric
            with local_style():
                figure = draw(replace(campaign, notes=notes), metric, inner, part, title)
            yield names.name([*metric, *texts]), figure


def _over_time(
    campaign: Campaign, timelines: Timelines, metrics: Sequence[Metric], names: FileNames
) -> Iterator[tuple[str, Figure]]:
    if not metrics:
        return
    roles = campaign.roles.for_distributions()
    notes = list(campaign.notes)
    there = [(i, one) for i, one in enumerate(timelines.found) if one is not None]
    if campaign.roles.x is not None:
        there = thinned(there, campaign.roles.x, notes)
    # The panels are metrics, so that each combination of the rest has a figure of its own.
    for _, group, part in split(there, roles.facets, most=0):
        title, texts = _of_group(roles.facets, group)
        with local_style():
            figure = time_figure(replace(campaign, notes=notes), roles.series, metrics, part, title)
        yield names.name([*timelines.name(metrics), *texts]), figure


def _of_group(facets: Sequence[Dimension], group: Group) -> tuple[list[str], list[str]]:
    """Return what the caption and the file name say of a figure that is one of several."""
    there = list(zip(facets, group, strict=False))
    title = [shortened(one.phrase(key), _LONGEST_PHRASE) for one, key in there]
    return title, [one.texts[key] for one, key in there]


def _draw_metric(
    campaign: Campaign,
    metric: Metric,
    roles: Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    cells = collect(values, roles)
    counts = [len(data) for lines in cells.values() for by_x in lines.values()
              for data in by_x.values()]  # fmt: skip
    caption = caption_of(campaign, title, replications_text(counts, interval=True))
    as_lines = roles.x is not None and roles.x.numeric
    panels = []
    for group, lines in cells.items():
        drawn = {
            line: {
                (None if as_lines and x is MISSING else x): _point(data) for x, data in by_x.items()
            }
            for line, by_x in lines.items()
        }
        panels.append(Panel(panel_title(roles.facets, group), drawn))
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
    campaign: Campaign,
    metric: Metric,
    roles: Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    cells = collect(values, roles)
    counts = [len(lines[line][None]) for lines in cells.values() for line in lines]
    shown = sorted({line for lines in cells.values() for line in lines})
    panels = [
        Panel(
            panel_title(roles.facets, group),
            {shown.index(line): mean_distribution(by_x[None]) for line, by_x in lines.items()},
        )
        for group, lines in cells.items()
    ]
    caption = caption_of(campaign, title, replications_text(counts, interval=False))
    sheet = _sheet(roles, len(panels), caption, "Cumulative probability")
    sheet.xlabel = metric_label(metric, distribution=True)
    sheet.labels = [sheet.labels[line] for line in shown]
    return draw_cdfs(panels, sheet)


def _sheet(roles: Roles, n_panels: int, caption: Sequence[str], ylabel: str) -> Sheet:
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


def _open(paths: Sequence[Path]) -> None:
    import click

    for path in paths:
        if click.launch(str(path)) != 0:
            raise PlotError(f"no viewer could be opened; the figures are in {path.parent}")
