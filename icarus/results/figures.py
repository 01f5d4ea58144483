"""Figures of a result set without being told how: what varies is found and drawn.

Lines over the number that varies most, one per strategy (or whatever else varies by name), a
panel for each combination of the rest; bars where no number varies; distributions where they
were collected; what was measured over time in one figure, with a panel for each metric. Points
are means over replications with 95 % confidence intervals (Student's t). Experiments that differ
in anything but a seed are never averaged with each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icarus.errors import PlotError, suggestion
from icarus.results._grid import Panel
from icarus.results._roles import (
    Campaign,
    Roles,
    caption_of,
    collect,
    panel_title,
    split,
    thinned,
)
from icarus.results._selection import Options, Results, labelled, look_of, selected
from icarus.results._sheets import counts_of, of_group, points_of, sheet_of
from icarus.results._time_figure import Timelines, time_figure
from icarus.results.drawntext import drawn
from icarus.results.filenames import FileNames
from icarus.results.heat_figure import heat_figures
from icarus.results.labels import replications_text, value_text
from icarus.results.metrics import (
    Metric,
    mean_distribution,
    metrics_in,
    metrics_meant,
    number,
    pair,
)
from icarus.results.network_figure import network_figures
from icarus.results.over_time import COLLECTOR
from icarus.results.panels import draw_bars, draw_cdfs, draw_lines
from icarus.results.rate_figure import rate_figures
from icarus.results.size_figure import size_figures
from icarus.results.style import Look, font, local_style, save
from icarus.results.variation import MISSING

__all__ = ["KINDS", "draw_figure", "draw_results", "plot_results"]

KINDS = ("lines", "bars", "cdf", "heatmap", "time", "size", "rate", "network")
"""Kinds of figures: lines with intervals, grouped bars, cumulative distributions, heat maps over
two parameters, series over time, hit ratio against the size of caches with what theory says, rate
of the run, and loads on the network."""

_LACKING = {
    "None": "the results hold no number, no distribution and no series over time",
    "lines": "it takes a metric that is a number",
    "bars": "it takes a metric that is a number",
    "heatmap": "it takes a metric that is a number",
    "cdf": "it takes a distribution, such as LATENCY.CDF; add cdf=True to its collector",
    "time": "it takes what the collector TIMELINE measures; add it to DATA_COLLECTORS",
}
_FORMATS = ("png", "pdf", "svg")
_LONGEST_PHRASE = 80


def plot_results(
    resultset: Results,
    outdir: str | PathLike[str],
    *,
    kind: str | None = None,
    fmt: str = "png",
    show: bool = False,
    **options: Unpack[Options],
) -> list[Path]:
    """Draw every metric of a result set against what varies over it, and save the figures.

    Parameters
    ----------
    resultset : ResultSet
        The results.
    outdir : path-like
        Folder for the figures, made if missing; files are named after their metric, such as
        ``LATENCY_MEAN.png``, and after the outermost panel dimension where it takes several.
    kind : str, optional
        One of ``KINDS``; by default what suits each metric.
    fmt : {"png", "pdf", "svg"}, optional
        File format; PNG has 150 dots per inch, or as many as ``savefig.dpi`` says.
    show : bool, optional
        Open the saved figures in the viewer of the desktop.
    metrics : str or sequence of str, optional
        ``"LATENCY"`` for all metrics of a collector, ``"LATENCY.MEAN"`` for one. By default
        all numbers, all distributions that were collected, and what was measured over time,
        ``"TIMELINE"``.
    x, series, facet : str, optional
        The parameter along the x axis, the one that makes lines or bars (or is along the y axis of
        a heat map), and those that make panels (one or several); by default found out.
        ``"alpha"`` and ``"workload.alpha"`` mean the same as long as only one section has an
        ``alpha``; ``"strategy"`` means its name.
    where : mapping, or iterable of str, optional
        Conditions on parameters, ``{"alpha": 0.8}`` or ``["alpha=0.8"]``; the rest of the
        results is left out. Several values for one parameter are alternatives. Colours and markers
        are those that names have in the figures of the whole campaign.
    labels : mapping, optional
        What metrics, parameters and their values are called, ``{"LCE": "Leave copy everywhere"}``.
    order : sequence of str, optional
        Values that come first, in this order.
    style : {"screen", "paper", "talk"}, optional
        Sizes of fonts and lines; ``paper`` is 3.5 inches wide, ``talk`` 10, unless `width` says.
        Style sheets of matplotlib and a ``matplotlibrc`` go before what the styles say.
    width : str or float, optional
        Of the whole figure, ``"3.5in"``, ``"8.9cm"`` or ``"89mm"``; numbers are inches.
    footnote : bool, optional
        False leaves out what stands below a figure.
    x_scale : {"linear", "log", "even"}, optional
        ``even`` has equal gaps between values.

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
    for name, figure in draw_results(resultset, kind=kind, **options):
        path = Path(outdir) / f"{name}.{suffix}"
        with local_style(look_of(options)):
            save(figure, path)
        written.append(path)
    if show:
        _open(written)
    return written


def draw_figure(
    resultset: Results,
    kind: str,
    metric: str | None = None,
    *,
    axes: Axes | None = None,
    **options: Unpack[Options],
) -> Figure:
    """Return one figure of a kind, or draw it into axes that there are already.

    Parameters
    ----------
    resultset : ResultSet
    kind : str
        One of ``KINDS``.
    metric : str, optional
        Such as ``"LATENCY.MEAN"``; may be left out if there is one metric only, or the kind has
        its own.
    axes : matplotlib.axes.Axes, optional
        Where to draw; it gets the legend too, and no footnote.
    **options
        As for `plot_results`.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot; that of `axes` if they were given.

    Raises
    ------
    PlotError
        If there is nothing to draw, a name means nothing here, or it would be several figures.

    Examples
    --------
    >>> from icarus.results import ResultSet
    >>> results = ResultSet()
    >>> for alpha in (0.6, 0.8):
    ...     results.add({"workload": {"alpha": alpha}}, {"LATENCY": {"MEAN": 100 * alpha}})
    >>> figure = draw_figure(results, "lines", "LATENCY.MEAN", width="8.9cm")
    >>> figure.axes[0].get_ylabel()
    'Mean latency (ms)'
    """
    if metric is not None:
        options["metrics"] = metric
    several = draw_results(resultset, kind=kind, axes=axes, **options)
    name, figure = next(several)
    if (another := next(several, None)) is not None:
        raise PlotError(
            f"this is more than one figure, {name} and {another[0]}; choose one with metric or "
            "where"
        )
    return figure


def draw_results(
    resultset: Results,
    *,
    kind: str | None = None,
    axes: Axes | None = None,
    **options: Unpack[Options],
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of each plot that `plot_results` saves.

    The parameters are those of `plot_results`, and so are the errors, which are raised before
    the first figure is drawn. Figures are not known to pyplot and need not be closed.
    """
    if kind is not None and kind not in KINDS:
        raise PlotError(f"unknown kind {kind!r} of figure; {suggestion(kind, KINDS)}")
    look = look_of(options, axes)
    campaign = selected(resultset, **options)
    timelines = Timelines(campaign.results)
    there = metrics_in(campaign.results)
    everything = there | dict.fromkeys(timelines.metrics, False)
    labelled(campaign, everything, options.get("labels"))
    asked = options.get("metrics")
    names = FileNames()
    for metric in [*there, *([(COLLECTOR,)] if timelines.metrics else []), *timelines.metrics]:
        # All get theirs, so that a metric has the same one when it is drawn alone.
        names.name(metric)
    if kind in ("size", "rate", "network"):
        own = {"size": size_figures, "rate": rate_figures, "network": network_figures}
        return _styled(own[kind](campaign, asked, names), look, campaign.warning)
    wanted = metrics_meant(everything, asked)
    over_time = timelines.chosen([metric for metric in wanted if metric not in there])
    numbers = {metric: is_cdf for metric, is_cdf in wanted.items() if metric in there}
    if kind is not None:
        numbers = {one: is_cdf for one, is_cdf in numbers.items() if is_cdf == (kind == "cdf")}
        numbers = {} if kind == "time" else numbers
        over_time = over_time if kind == "time" else []
    if not numbers and not over_time:
        raise PlotError(f"there is nothing to draw as {kind}: {_LACKING[str(kind)]}")
    if kind == "lines" and (campaign.roles.x is None or not campaign.roles.x.numeric):
        raise PlotError("lines need a parameter that is a number along the x axis; none varies")
    figures = chain(
        heat_figures(campaign, numbers, names)
        if kind == "heatmap"
        else _figures(campaign, numbers, names, as_bars=kind == "bars"),
        _over_time(campaign, timelines, over_time, names),
    )
    return _styled(figures, look, campaign.warning)


def _styled(
    figures: Iterator[tuple[str, Figure]], look: Look, warning: str
) -> Iterator[tuple[str, Figure]]:
    """Yield figures that are drawn in a style, which is in force at no other time.

    What is drawn into axes of a user has no caption, and the warning above it instead.
    """
    while True:
        with local_style(look):
            try:
                named = next(figures)
            except StopIteration:
                return
            if look.axes is not None and warning:
                look.axes.set_title(drawn(warning), loc="right", fontsize=font(0.75), color="0.35")
        yield named


def _figures(
    campaign: Campaign, wanted: Mapping[Metric, bool], names: FileNames, *, as_bars: bool = False
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
            title, texts = of_group(roles.facets, group)
            here = replace(campaign, notes=notes)
            figure = (
                _draw_distribution(here, metric, inner, part, title)
                if is_distribution
                else _draw_metric(here, metric, inner, part, title, as_bars=as_bars)
            )
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
        title, texts = of_group(roles.facets, group)
        figure = time_figure(replace(campaign, notes=notes), roles.series, metrics, part, title)
        yield names.name([*timelines.name(metrics), *texts]), figure


def _draw_metric(
    campaign: Campaign,
    metric: Metric,
    roles: Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
    *,
    as_bars: bool,
) -> Figure:
    cells = collect(values, roles)
    caption = caption_of(campaign, title, replications_text(counts_of(cells), interval=True))
    as_lines = roles.x is not None and roles.x.numeric and not as_bars
    panels = [
        Panel(panel_title(roles.facets, group), points_of(lines, as_numbers=as_lines))
        for group, lines in cells.items()
    ]
    sheet = sheet_of(roles, len(panels), caption, campaign.label(metric))
    if roles.x is None:
        name = campaign.constants.get(("strategy", "name"))
        sheet.ticks, sheet.tick_labels = [None], [value_text(name) if name is not None else ""]
    elif as_lines:
        sheet.ticks = [key for key in roles.x.values if key is not MISSING]
    else:
        sheet.ticks = roles.x.values
        sheet.tick_labels = [roles.x.text(key) for key in roles.x.values]
    return draw_lines(panels, sheet) if as_lines else draw_bars(panels, sheet)


def _draw_distribution(
    campaign: Campaign,
    metric: Metric,
    roles: Roles,
    values: list[tuple[int, Any]],
    title: Sequence[str],
) -> Figure:
    cells = collect(values, roles)
    counts = counts_of(cells)
    shown = {line for lines in cells.values() for line in lines}
    panels = [
        Panel(
            panel_title(roles.facets, group),
            {line: mean_distribution(by_x[None]) for line, by_x in lines.items()},
        )
        for group, lines in cells.items()
    ]
    text = replications_text(counts, interval=False)
    if max(counts) > 1:
        text += ", mean and range"
    caption = caption_of(campaign, title, text)
    sheet = sheet_of(roles, len(panels), caption, "Cumulative probability")
    sheet.xlabel = campaign.label(metric, distribution=True)
    sheet.labels = {line: text for line, text in sheet.labels.items() if line in shown}
    return draw_cdfs(panels, sheet)


def _open(paths: Sequence[Path]) -> None:
    import click

    for path in paths:
        if click.launch(str(path)) != 0:
            raise PlotError(f"no viewer could be opened; the figures are in {path.parent}")
