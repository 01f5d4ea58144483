"""The numbers that pages draw and tabulate, as what JSON can hold.

Experiments are groups of replications, by the value that they have of each dimension. Values of
dimensions are given by their numbers among all values of the dimension; what is missing is null.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from icarus.results._roles import Roles, roles_of
from icarus.results.labels import metric_label, over_time_label
from icarus.results.over_time import laid_over, marks_of, metrics_over_time, timeline_of
from icarus.results.resultset import ResultSet
from icarus.results.summaries import Summaries
from icarus.results.variation import MISSING, Dimension, dotted, members_of, short_name
from icarus.theory.distributions import means_confidence_interval

__all__ = ["chart_data", "interval_of", "short"]

_MOST_POINTS = 60_000
"""Points of series over time that a page holds, some 20 bytes each."""
_DIGITS = 6


def chart_data(results: ResultSet, summaries: Summaries | None) -> dict[str, Any]:
    """Return dimensions, metrics, experiments and series over time of results.

    Parameters
    ----------
    results : ResultSet
        Each simulation once.
    summaries : Summaries or None
        Of these results; None where there are none.

    Returns
    -------
    dict
        What ``JSON.parse`` of a page is to give; see ``assets/charts.js``.
    """
    if summaries is None:
        return {"dimensions": [], "metrics": [], "groups": [], "time": None, "roles": {}}
    places = [{key: i for i, key in enumerate(one.values)} for one in summaries.dimensions]
    metrics = summaries.metrics
    groups = [
        {
            "keys": [place[key] for place, key in zip(places, group.keys, strict=True)],
            "n": group.size,
            "values": [interval_of(group.values[path]) for path in metrics],
        }
        for group in summaries.groups
    ]
    return {
        "dimensions": [_dimension(one) for one in summaries.dimensions],
        "metrics": [{"name": dotted(path), "label": metric_label(path)} for path in metrics],
        "groups": groups,
        "time": _over_time(results, summaries),
        "roles": _roles(summaries.dimensions),
    }


def short(value: float) -> float | None:
    """Return a number with the digits that a page shows; None for what JSON does not know."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def interval_of(values: Sequence[float]) -> list[float | int | None] | None:
    """Return the mean, the half-width of its interval if there is one, and how many values."""
    if not values:
        return None
    if len(values) == 1:
        return [short(values[0]), None, 1]
    mean, half = means_confidence_interval(values)
    return [short(mean), short(half), len(values)]


def _dimension(one: Dimension) -> dict[str, Any]:
    return {
        "id": dotted(one.path),
        "name": short_name(one.path),
        "label": one.label,
        "numeric": one.numeric and MISSING not in one.texts,
        "values": [one.texts[key] for key in one.values],
        "numbers": [short(float(key)) if isinstance(key, int | float) else None
                    for key in one.values] if one.numeric else None,
    }  # fmt: skip


def _roles(dimensions: Sequence[Dimension]) -> dict[str, Any]:
    """Return which dimensions are drawn as what at first, by their numbers."""
    roles: Roles = roles_of(dimensions, None, None, [])
    numbers = {one.path: i for i, one in enumerate(dimensions)}

    def number(one: Dimension | None) -> int | None:
        return None if one is None else numbers[one.path]

    return {"x": number(roles.x), "series": number(roles.series)}


def _over_time(results: ResultSet, summaries: Summaries) -> dict[str, Any] | None:
    timelines = [timeline_of(tree) for _, tree in results]
    metrics = metrics_over_time(timelines)
    if not metrics:
        return None
    lines = {}
    for number, places in enumerate(members_of(summaries.dimensions, len(results)).values()):
        found = [one for i in places if (one := timelines[i]) is not None]
        if found:
            lines[number] = found
    by_requests = all(one.by_requests for found in lines.values() for one in found)
    series: dict[int, dict[str, Any]] = {}
    left = _MOST_POINTS
    for number, found in lines.items():
        windows = laid_over(found, by_requests)
        left -= len(windows.left) * len(metrics)
        if left < 0:
            break
        curves = {path[-1]: windows.curve(path[-1]) for path in metrics}
        series[number] = {
            "at": _numbers((windows.left + windows.right) / 2),
            **{
                name: [_numbers(curve.mean), _numbers(curve.half) if len(found) > 1 else None]
                for name, curve in curves.items()
                if curve is not None
            },
        }
    marks = marks_of({number: lines[number] for number in series}, by_requests)
    labels = [over_time_label(path[-1]) for path in metrics]
    return {
        "axis": "Requests" if by_requests else "Time (s)",
        "metrics": [
            {"name": path[-1], "label": f"{label} ({unit})" if unit else label}
            for path, (label, unit) in zip(metrics, labels, strict=True)
        ],
        "series": series,
        "events": [[short(one.place), one.text, sorted(one.lines)] for one in marks],
        "left_out": len(lines) - len(series),
    }


def _numbers(values: np.ndarray) -> list[float | None]:
    return [short(one) for one in values.tolist()]
