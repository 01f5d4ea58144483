"""Plots described by a dict, with the keys of Icarus 0.8: lines, bars and distributions.

Each function takes a result set, such a description, and the name and folder of the file to
write, whose suffix gives the format. The description is never changed. `icarus.results.figures`
finds out by itself what there is to draw and is the better start for a new plot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter

from icarus.errors import PlotError
from icarus.results._description import (
    Results,
    Series,
    check_asked,
    first_pair,
    intervals_of,
    is_number,
    pick,
    required,
    samples_of,
    selected_by,
    series_of,
    stated,
    told_apart,
)
from icarus.results.drawntext import drawn, stated_text
from icarus.results.style import save
from icarus.util import step_cdf

__all__ = ["plot_bar_chart", "plot_cdf", "plot_lines"]

LEGEND_SIZE = 14
"""Font size of legends, in points."""

PLOT_EMPTY_GRAPHS = True
"""Whether a plot without any data is saved, where the description does not say."""

BW_COLOR_CATALOGUE = ("k", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9")
"""Shades of grey for bars, in matplotlib's notation."""

HATCH_CATALOGUE = ("", "/", "\\", "\\\\", "//", "+", "x", "*", "o", ".", "|", "-", "O")
"""Hatches for bars, in matplotlib's notation."""

_NOT_GIVEN = object()


def plot_lines(
    resultset: Results, desc: Mapping[str, Any], filename: str, plotdir: str | PathLike[str]
) -> None:
    """Plot metrics against a parameter, one line per metric or condition.

    Parameters
    ----------
    resultset : ResultSet
        The results; experiments with equal parameters are replications, of which the mean is
        drawn.
    desc : dict
        ``xparam`` (path of a parameter), ``xvals`` (its values; sorted here) and ``ymetrics``
        (list of paths into results, one per line) are required. Optional are ``title``,
        ``xlabel``, ``ylabel``; ``filter`` (nested dict that parameters must match);
        ``ycondnames`` and ``ycondvals`` (per line, the path of a parameter and the value it
        must have); ``errorbar`` (True) and ``confidence`` (0.95) of the interval over
        replications (Student's t); ``xscale`` and ``yscale`` (``"linear"`` or ``"log"``);
        ``xticks``, ``yticks``; ``xmin``, ``xmax`` (by default the ends of `xvals`), ``ymin``,
        ``ymax``; ``line_style`` (dict from line to a matplotlib format) and ``plot_args``
        (dict of arguments for ``Axes.errorbar``); ``legend`` (dict from line to label),
        ``legend_loc``, ``legend_args``; ``plotempty`` (True: save a plot without data too).
        A line is named by its condition's value if all metrics are equal, else by the pair
        (metric, value), and without conditions by its metric.
    filename : str
        Name of the file; its suffix gives the format.
    plotdir : path-like
        Its folder.

    Raises
    ------
    PlotError
        If a required key is missing or lists differ in length; if a metric, a parameter or a
        value is nowhere in the results (values may be where `plotempty` is stated); or if
        experiments that would be averaged differ in more than a seed. It is a ValueError.
    """
    _save(draw_lines(resultset, desc), filename, plotdir)


def plot_bar_chart(
    resultset: Results, desc: Mapping[str, Any], filename: str, plotdir: str | PathLike[str]
) -> None:
    """Plot metrics as groups of bars, one group per value of a parameter.

    Parameters
    ----------
    resultset : ResultSet
        The results; experiments with equal parameters are replications, of which the mean is
        drawn.
    desc : dict
        As for `plot_lines`, without scales, limits but ``ymax``, and line styles. ``xvals``
        keep their order and ``xticks`` are the labels of groups. Also ``placement``:
        ``"grouped"`` (default), ``"stacked"``, or a list with the number of bars stacked in
        each column of a group; ``group_width`` (0.4); ``bar_color`` and ``bar_hatch`` (dicts
        from bar to colour and hatch; None for no hatches).
    filename : str
        Name of the file; its suffix gives the format.
    plotdir : path-like
        Its folder.

    Raises
    ------
    PlotError
        As for `plot_lines`, or if `placement` does not add up to the number of metrics.
    """
    _save(draw_bar_chart(resultset, desc), filename, plotdir)


def plot_cdf(
    resultset: Results, desc: Mapping[str, Any], filename: str, plotdir: str | PathLike[str]
) -> None:
    """Plot cumulative distributions, of the first experiment that matches each line.

    Parameters
    ----------
    resultset : ResultSet
        The results.
    desc : dict
        ``ymetrics`` (paths of pairs ``(x, y)``, as collectors give under ``CDF``) is required;
        optional are ``title``, ``xlabel``, ``ylabel``, ``filter``, ``ycondnames``,
        ``ycondvals``, ``xscale``, ``yscale``, ``line_style``, ``legend``, ``legend_loc``,
        ``legend_args`` and ``plotempty`` as for `plot_lines`, and ``step`` (True: staircase).
    filename : str
        Name of the file; its suffix gives the format.
    plotdir : path-like
        Its folder.

    Raises
    ------
    PlotError
        As for `plot_lines`.
    """
    _save(draw_cdf(resultset, desc), filename, plotdir)


def draw_lines(resultset: Results, desc: Mapping[str, Any]) -> Figure | None:
    """Return the figure that `plot_lines` saves, or None if it is to save none."""
    desc = stated(desc)
    resultset, warning = told_apart(resultset)
    series = series_of(desc)
    path, xvals = tuple(required(desc, "xparam")), _sorted(required(desc, "xvals"))
    check_asked(resultset, desc, series, (path, xvals))
    found = samples_of(selected_by(resultset, desc), series, path, xvals)
    if _nothing_to_save(desc, any(any(row) for row in found)):
        return None
    figure, axes = _figure(desc, warning)
    for one, row in zip(series, found, strict=True):
        means, widths = intervals_of(row, desc)
        look = {"fmt": pick(desc.get("line_style"), one.yval, "-"), **desc.get("plot_args", {})}
        axes.errorbar(xvals, means, yerr=widths, label=_label(desc, one), **look)
    for scale, apply in (("xscale", axes.set_xscale), ("yscale", axes.set_yscale)):
        if scale in desc:
            apply(desc[scale])
    ends = (("xmin", xvals[0]), ("xmax", xvals[-1])) if xvals else ()
    _limit(axes, "x", *(desc.get(key, end) for key, end in ends))
    _limit(axes, "y", desc.get("ymin"), desc.get("ymax"))
    for ticks, axis in (("xticks", axes.xaxis), ("yticks", axes.yaxis)):
        if ticks in desc:
            axis.set_ticks(desc[ticks], labels=[stated_text(tick) for tick in desc[ticks]])
            axis.set_minor_formatter(NullFormatter())
    if "legend" in desc:
        _legend(axes, desc, axes.get_legend_handles_labels()[0], series)
    return figure


def draw_bar_chart(resultset: Results, desc: Mapping[str, Any]) -> Figure | None:
    """Return the figure that `plot_bar_chart` saves, or None if it is to save none."""
    desc = stated(desc)
    resultset, warning = told_apart(resultset)
    series = series_of(desc)
    path, xvals = tuple(required(desc, "xparam")), list(required(desc, "xvals"))
    columns = _columns(desc.get("placement", "grouped"), len(series))
    as_text = stated_text if "xticks" in desc else drawn
    labels = [as_text(tick) for tick in desc.get("xticks", xvals)]
    if len(labels) != len(xvals):
        raise PlotError(f"xticks names {len(labels)} groups of bars, but xvals has {len(xvals)}")
    check_asked(resultset, desc, series, (path, xvals))
    found = samples_of(selected_by(resultset, desc), series, path, xvals)
    if _nothing_to_save(desc, any(any(row) for row in found)):
        return None

    figure, axes = _figure(desc, warning)
    axes.grid(True, axis="y", color="0.85")
    axes.set_axisbelow(True)
    group_width = float(desc.get("group_width", 0.4))
    width = group_width / max(1, len(set(columns)))
    gap, border = width / 2, 0.3 * width
    starts = border + np.arange(len(xvals)) * (group_width + gap)
    bars = [intervals_of(row, desc) for row in found]
    patches = _stack(axes, bars, columns, starts, width, _bar_looks(desc, series))
    axes.set_xticks(starts + group_width / 2, labels=labels)
    axes.set_xlim(0, max(border, starts[-1] + group_width + border if len(xvals) else border))
    _limit(axes, "y", None, desc.get("ymax"))
    if "legend" in desc:
        _legend(axes, desc, patches, series)
    return figure


def _stack(
    axes: Axes,
    bars: Sequence[tuple[np.ndarray, np.ndarray | None]],
    columns: Sequence[int],
    starts: np.ndarray,
    width: float,
    looks: Sequence[Mapping[str, Any]],
) -> list[Patch]:
    """Draw all bars, each on top of those before it in its column; return one of each series."""
    tops = np.zeros((len(starts), len(bars) + 1))
    patches: list[Patch] = []
    for (means, widths), column, look in zip(bars, columns, looks, strict=True):
        there = np.isfinite(means)  # a missing bar must not lift or hide those stacked on it
        container = axes.bar(
            (starts + (column + 0.5) * width)[there],
            means[there],
            width,
            bottom=tops[there, column],
            yerr=None if widths is None else widths[there],
            capsize=3,
            **look,
        )
        tops[there, column] += means[there]
        patches.append(container.patches[0] if container.patches else Patch(**look))
    return patches


def draw_cdf(resultset: Results, desc: Mapping[str, Any]) -> Figure | None:
    """Return the figure that `plot_cdf` saves, or None if it is to save none."""
    desc = stated(desc)
    resultset, warning = told_apart(resultset)
    series = series_of(desc)
    check_asked(resultset, desc, series)
    selected = selected_by(resultset, desc)
    pairs = [first_pair(selected, one) for one in series]
    if _nothing_to_save(desc, any(pair is not None for pair in pairs)):
        return None
    figure, axes = _figure({"ylabel": "Cumulative probability", **desc}, warning)
    handles = []
    for one, pair in zip(series, pairs, strict=True):
        x, y = ([], []) if pair is None else pair
        if desc.get("step", True) and len(x):
            x, y = step_cdf(x, y)
        style = pick(desc.get("line_style"), one.yval, "-")
        handles += axes.plot(x, y, style, label=_label(desc, one))
    for scale, apply in (("xscale", axes.set_xscale), ("yscale", axes.set_yscale)):
        if scale in desc:
            apply(desc[scale])
    if desc.get("yscale", "linear") == "linear":
        axes.set_ylim(0, 1)
    if "legend" in desc:
        _legend(axes, desc, handles, series)
    return figure


def _columns(placement: Any, n_bars: int) -> list[int]:
    """Return the column, within its group, of each bar."""
    if isinstance(placement, str):
        if placement not in ("grouped", "stacked"):
            raise PlotError(
                f"placement must be 'grouped', 'stacked' or a list of ints, found {placement!r}"
            )
        return list(range(n_bars)) if placement == "grouped" else [0] * n_bars
    if sum(placement) != n_bars:
        raise PlotError(
            f"placement {list(placement)} places {sum(placement)} bars, but there are {n_bars}"
        )
    return [column for column, height in enumerate(placement) for _ in range(height)]


def _bar_looks(desc: Mapping[str, Any], series: Sequence[Series]) -> list[dict[str, Any]]:
    yvals = [one.yval for one in series]
    colours = [pick(desc.get("bar_color"), yval, _NOT_GIVEN) for yval in yvals]
    if _NOT_GIVEN in colours:
        # Shades as far from each other as the catalogue allows.
        places = np.linspace(0, len(BW_COLOR_CATALOGUE) - 1, len(series)).round().astype(int)
        few = len(series) <= len(BW_COLOR_CATALOGUE)
        spare = [f"C{i % 10}" for i in range(len(series))]
        colours = [BW_COLOR_CATALOGUE[place] for place in places] if few else spare
    if "bar_hatch" in desc:
        hatches = [pick(desc["bar_hatch"], yval, "") for yval in yvals]
    else:
        hatches = [HATCH_CATALOGUE[i % len(HATCH_CATALOGUE)] for i in range(len(series))]
    return [
        # Hatches have the colour of the edge, and black ones do not show on dark bars.
        {"facecolor": colour, "edgecolor": "w" if _is_dark(colour) else "k", "hatch": hatch or ""}
        for colour, hatch in zip(colours, hatches, strict=True)
    ]


def _is_dark(colour: Any) -> bool:
    red, green, blue = to_rgb(colour)
    return 0.3 * red + 0.59 * green + 0.11 * blue < 0.35


def _sorted(values: Iterable[Any]) -> list[Any]:
    values = list(values)
    try:
        return sorted(values)
    except TypeError:
        return values


def _nothing_to_save(desc: Mapping[str, Any], has_data: bool) -> bool:
    return not has_data and not desc.get("plotempty", PLOT_EMPTY_GRAPHS)


def _figure(desc: Mapping[str, Any], warning: str) -> tuple[Figure, Axes]:
    """Return a figure, which says of an incomplete campaign that it is one, and its axes."""
    with mpl.rc_context({"text.usetex": False}):
        figure = Figure(figsize=(8, 5))
        axes = figure.add_subplot()
        axes.set_title(stated_text(desc.get("title", "")))
        axes.set_xlabel(stated_text(desc.get("xlabel", "")))
        axes.set_ylabel(stated_text(desc.get("ylabel", "")))
        if warning:
            figure.text(0.01, -0.02, warning, fontsize="small", color="0.35", va="top")
    return figure, axes


def _limit(axes: Axes, which: str, low: Any = None, high: Any = None) -> None:
    """Set the limits that are given and that the scale of the axis can have."""
    log = (axes.get_xscale() if which == "x" else axes.get_yscale()) == "log"
    low, high = (
        limit if is_number(limit) and (limit > 0 or not log) else None for limit in (low, high)
    )
    if low != high:
        (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)


def _label(desc: Mapping[str, Any], one: Series) -> str:
    """Return what the description calls a line, or else the value that tells it from others."""
    stated = pick(desc.get("legend"), one.yval, _NOT_GIVEN)
    return drawn(one.yval) if stated is _NOT_GIVEN else stated_text(stated)


def _legend(
    axes: Axes, desc: Mapping[str, Any], handles: Sequence[Any], series: Sequence[Series]
) -> None:
    labels = [_label(desc, one) for one in series]
    options = {
        "prop": {"size": LEGEND_SIZE},
        "loc": desc.get("legend_loc", "best"),
        **desc.get("legend_args", {}),
    }
    axes.legend(handles, labels, **options)


def _save(figure: Figure | None, filename: str, plotdir: str | PathLike[str]) -> None:
    if figure is not None:
        with mpl.rc_context({"text.usetex": False}):
            save(figure, Path(plotdir) / filename, bbox_inches="tight")
