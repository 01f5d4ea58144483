"""What the description of a plot asks for, and the results that answer it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from icarus.errors import PlotError
from icarus.results._asking import (
    check_alike,
    check_metric,
    check_parameter,
    check_values,
    leaves_of,
)
from icarus.results._completeness import counted
from icarus.results.merging import once
from icarus.results.resultset import ResultSet
from icarus.results.variation import dotted
from icarus.theory.distributions import means_confidence_interval
from icarus.util import Tree

logger = logging.getLogger("plot")

Results: TypeAlias = Iterable[tuple[Tree, Tree]]
"""A ResultSet, or any iterable of pairs of parameters and results."""

_KEYS = """
    title xlabel ylabel filter ymetrics ycondnames ycondvals xparam xvals errorbar confidence
    xscale yscale xticks yticks xmin xmax ymin ymax plot_args line_style bar_color bar_hatch
    placement group_width step legend legend_loc legend_args plotempty metric yvals
"""


class Series(NamedTuple):
    """One line or set of bars: its metric, what its experiments must match, and its key."""

    metric: tuple[Any, ...]
    condition: Tree
    yval: Any


def stated(desc: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that say something; None means absent, but for hatches it means none."""
    for key in sorted(set(desc) - set(_KEYS.split()), key=str):
        logger.warning("The description of a plot has a key that means nothing: %r", key)
    return {key: value for key, value in desc.items() if value is not None or key == "bar_hatch"}


def required(desc: Mapping[str, Any], key: str) -> Any:
    if key not in desc:
        raise PlotError(f"the description of the plot lacks {key!r}")
    return desc[key]


def told_apart(resultset: Results) -> tuple[Results, str]:
    """Return results, each simulation once, and that some are missing, if so."""
    if not isinstance(resultset, ResultSet):
        return resultset, ""
    resultset = once(resultset)
    return resultset, counted(resultset, whole=True).warning


def series_of(desc: Mapping[str, Any]) -> list[Series]:
    metrics = [tuple(path) for path in required(desc, "ymetrics")]
    names, values = desc.get("ycondnames"), desc.get("ycondvals")
    if names is None and values is None:
        return [Series(metric, Tree(), metric) for metric in metrics]
    lengths = [len(metrics), *(0 if given is None else len(given) for given in (names, values))]
    if len(set(lengths)) != 1 or names is None or values is None:
        raise PlotError(
            "ymetrics, ycondnames and ycondvals must be equally long, found {}, {} and {}".format(
                *lengths
            )
        )
    alike = len(set(metrics)) <= 1
    series = []
    for metric, name, value in zip(metrics, names, values, strict=True):
        condition = Tree()
        condition.setval(tuple(name), value)
        series.append(Series(metric, condition, value if alike else (metric, value)))
    return series


def selected_by(resultset: Results, desc: Mapping[str, Any]) -> list[tuple[Tree, Tree]]:
    condition = Tree(desc.get("filter") or {})
    return [(params, results) for params, results in resultset if params.match(condition)]


def check_asked(
    resultset: Results,
    desc: Mapping[str, Any],
    series: Sequence[Series],
    x: tuple[tuple[Any, ...], Sequence[Any]] | None = None,
) -> None:
    """Raise PlotError if what is asked for is nowhere in the results, as in a misspelt name.

    Parameters
    ----------
    resultset : ResultSet
        With nothing in it, it has nothing to compare names with, and is left alone.
    desc : dict
        Where it says by `plotempty` what becomes of a plot without data, values of parameters may
        be such that no experiment has.
    series : sequence of Series
    x : pair of path and values, optional
    """
    pairs = [(params, results) for params, results in resultset if len(results)]
    if not pairs:
        return
    params = [one for one, _ in pairs]
    trees = [one for _, one in pairs]
    for metric in dict.fromkeys(one.metric for one in series):
        check_metric(metric, trees)
    asked: list[tuple[str, Any, Sequence[Any]]] = [
        ("filter", path, [value]) for path, value in leaves_of(desc.get("filter") or {})
    ]
    for one in series:
        asked += [("ycondnames", path, [value]) for path, value in leaves_of(one.condition)]
    if x is not None:
        asked.append(("xparam", x[0], x[1]))
    for where, path, values in asked:
        check_parameter(path, params, where)
        if "plotempty" not in desc:
            where = {"ycondnames": "ycondvals", "xparam": "xvals"}.get(where, where)
            check_values(path, values, params, where)


def samples_of(
    selected: Sequence[tuple[Tree, Tree]],
    series: Sequence[Series],
    path: Sequence[Any],
    xvals: Any,
) -> list[list[list[float]]]:
    """Return the values of all replications, per series and value of x.

    Raises
    ------
    PlotError
        If they are not replications of one experiment, but differ in more than a seed.
    """
    rows = []
    for one in series:
        row = []
        matching = [pair for pair in selected if pair[0].match(one.condition)]
        for x in xvals:
            here = Tree()
            here.setval(path, x)
            there = [
                (params, value)
                for params, results in matching
                if params.match(here) and is_number(value := results.getval(one.metric))
            ]
            what = f"{dotted(one.metric)} at {dotted(tuple(path))} = {x}"
            check_alike((params for params, _ in there), what)
            row.append([float(value) for _, value in there])
        rows.append(row)
    return rows


def is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.ndim:
        return False
    try:
        return math.isfinite(value)
    except TypeError:
        return False


def intervals_of(
    row: Sequence[Sequence[float]], desc: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return means, NaN where there are no data, and half-widths unless they are not wanted."""
    confidence = desc.get("confidence", 0.95)
    pairs = [
        means_confidence_interval(data, confidence) if data else (math.nan, math.nan)
        for data in row
    ]
    means, widths = np.array(pairs, dtype=float).reshape(-1, 2).T
    return means, widths if desc.get("errorbar", True) else None


def first_pair(selected: Sequence[tuple[Tree, Tree]], one: Series) -> Any:
    """Return the first of the distributions of replications, or None.

    Raises
    ------
    PlotError
        If it is not the only experiment that matches.
    """
    there = [
        (params, pair)
        for params, results in selected
        if params.match(one.condition)
        and isinstance(pair := results.getval(one.metric), (tuple, list, np.ndarray))
        and len(pair) == 2
    ]
    check_alike((params for params, _ in there), dotted(one.metric))
    return there[0][1] if there else None


def pick(choices: Mapping[Any, Any] | None, key: Any, default: Any) -> Any:
    try:
        return default if choices is None else choices.get(key, default)
    except TypeError:  # the value of a condition may be unhashable
        return default
