"""Results as numbers over replications: of each experiment, statistics of each metric."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from icarus.plaintext import one_line
from icarus.results.merging import once
from icarus.results.metrics import Metric, metrics_in, metrics_meant, number
from icarus.results.over_time import Timeline, laid_over, metrics_over_time, timeline_of
from icarus.results.resultset import ResultSet
from icarus.results.selecting import require_results, shared_rows
from icarus.results.variation import MISSING, Dimension, dimensions_of, dotted, members_of, resolve
from icarus.theory.distributions import means_confidence_interval

__all__ = [
    "STATISTICS",
    "Group",
    "Summaries",
    "csv_of",
    "json_of",
    "key_value",
    "sorted_by",
    "statistics_of",
    "summarise",
]

STATISTICS = ("n", "mean", "sd", "half_width", "min", "median", "max")
"""What is told of a metric: the number of values, their mean, the sample standard deviation, the
half-width of the 95 % confidence interval of the mean (Student's t), and extremes and median."""

_PLACE = ("start", "end", "first")
"""What is told of a window before that."""


@dataclass(frozen=True)
class Group:
    """The replications of one experiment."""

    keys: tuple[Hashable, ...]
    """The experiment's value of each dimension."""
    size: int
    """How many simulations gave results."""
    values: dict[Metric, list[float]]
    """Values of each metric; those that are missing or no number are left out."""
    windows: list[Window] = field(default_factory=list)
    """Where metrics over time were asked for, their windows, in ascending order."""


@dataclass(frozen=True)
class Window:
    """What the replications of one experiment measured in one window of time."""

    place: dict[str, float]
    """By the names of columns, begin and end in seconds, and the number of the first request,
    means over replications where they differ."""
    values: dict[Metric, list[float]]


@dataclass(frozen=True)
class Summaries:
    """All experiments of a result set, replications taken together."""

    dimensions: list[Dimension]
    """What differs between experiments."""
    metrics: list[Metric]
    groups: list[Group]
    over_time: list[Metric] = field(default_factory=list)
    """Those metrics over time that were asked for."""


def summarise(results: ResultSet, metrics: Sequence[str] = ()) -> Summaries:
    """Group the replications of each experiment, each simulation once.

    Parameters
    ----------
    results : ResultSet
    metrics : sequence of str, optional
        Which metrics, such as ``LATENCY`` or ``LATENCY.MEAN``; by default all that are single
        numbers, and those over time where there are no others.

    Raises
    ------
    ResultsError
        If there are no results.
    PlotError
        If a metric is unknown.
    """
    results = once(results)
    require_results(results, " to show")
    trees = [tree for _, tree in results]
    timelines = [timeline_of(tree) for tree in trees]
    numbers = metrics_in(trees)
    arrays = metrics_over_time(timelines)
    there = numbers | dict.fromkeys(arrays, False) if metrics or not numbers else numbers
    meant = metrics_meant(there, list(metrics) or None)
    over_time = [path for path in arrays if path in meant and path not in numbers]
    scalar = [path for path, is_cdf in meant.items() if not is_cdf and path not in over_time]
    dimensions, _ = dimensions_of(shared_rows([params for params, _ in results]))
    groups = []
    for keys, places in members_of(dimensions, len(trees)).items():
        found = {path: [number(trees[i].getval(path)) for i in places] for path in scalar}
        values = {path: list(_numbers(given)) for path, given in found.items()}
        measured = [one for i in places if (one := timelines[i]) is not None]
        windows = list(_windows(measured, over_time)) if measured and over_time else []
        groups.append(Group(keys, len(places), values, windows))
    return Summaries(dimensions, scalar, groups, over_time)


def _windows(replications: Sequence[Timeline], metrics: Sequence[Metric]) -> Iterator[Window]:
    times, counts = laid_over(replications, False), laid_over(replications, True)
    empty = np.empty((0, len(times.left)))
    samples = {path: times.samples.get(path[-1], empty).T.tolist() for path in metrics}
    columns = [times.left.tolist(), times.right.tolist(), counts.left.tolist()]
    for i, place in enumerate(zip(*columns, strict=True)):
        values = {path: list(_numbers(rows[i])) for path, rows in samples.items()}
        yield Window(dict(zip(_PLACE, place, strict=True)), values)


def _numbers(values: Sequence[float | None]) -> Iterator[float]:
    yield from (value for value in values if value is not None and not math.isnan(value))


def sorted_by(summaries: Summaries, name: str) -> Summaries:
    """Return experiments in the order of a parameter, or of the mean of a metric.

    Parameters
    ----------
    summaries : Summaries
    name : str
        As users name it; ``-`` before it is for descending order. What has no value comes last.

    Raises
    ------
    PlotError
        If the name is unknown.
    """
    descending, name = name.startswith("-"), name.removeprefix("-")
    paths = [one.path for one in summaries.dimensions]
    path = resolve(name, [*paths, *summaries.metrics], "parameter or metric")

    def value(group: Group) -> Any:
        if path not in paths:
            return statistics_of(group.values[path])["mean"]
        place = paths.index(path)
        dimension, key = summaries.dimensions[place], group.keys[place]
        if key is MISSING:
            return None
        return key if dimension.numeric else dimension.texts[key].casefold()

    there = [group for group in summaries.groups if value(group) is not None]
    missing = [group for group in summaries.groups if value(group) is None]
    return replace(summaries, groups=[*sorted(there, key=value, reverse=descending), *missing])


def statistics_of(values: Sequence[float]) -> dict[str, float | int | None]:
    """Return what ``STATISTICS`` names; None for what so few values do not tell."""
    n = len(values)
    if n == 0:
        return {**dict.fromkeys(STATISTICS), "n": 0}
    mean, half_width = means_confidence_interval(values)
    told = (n, mean, statistics.stdev(values) if n > 1 else None, half_width if n > 1 else None)
    return dict(
        zip(STATISTICS, (*told, min(values), statistics.median(values), max(values)), strict=True)
    )


def csv_of(summaries: Summaries) -> str:
    """Return a line for each metric of each experiment, with the names of columns before them.

    Metrics over time have a line for each window.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parameters = [_name(one.path) for one in summaries.dimensions]
    place = _PLACE if summaries.over_time else ()
    writer.writerow([*parameters, "metric", *place, *STATISTICS])
    for group in summaries.groups:
        given = _given(summaries, group).values()
        nowhere = [None] * len(place)
        for path, values in group.values.items():
            writer.writerow([*given, _name(path), *nowhere, *statistics_of(values).values()])
        for path in summaries.over_time:
            for one in group.windows:
                told = statistics_of(one.values[path]).values()
                writer.writerow([*given, _name(path), *one.place.values(), *told])
    return text.getvalue().rstrip("\n")


def json_of(summaries: Summaries) -> str:
    """Return a JSON list with an object for each experiment."""
    told = [
        {
            "parameters": _given(summaries, group),
            "n": group.size,
            "metrics": {
                _name(path): statistics_of(values) for path, values in group.values.items()
            },
        }
        | _over_time(summaries, group)
        for group in summaries.groups
    ]
    return json.dumps(told, indent=4)


def _over_time(summaries: Summaries, group: Group) -> dict[str, Any]:
    if not summaries.over_time:
        return {}
    told = {
        _name(path): [{**one.place, **statistics_of(one.values[path])} for one in group.windows]
        for path in summaries.over_time
    }
    return {"over_time": told}


def _given(summaries: Summaries, group: Group) -> dict[str, Any]:
    """Return the value of each dimension: a number, a text, or None where there is none."""
    shown = zip(summaries.dimensions, group.keys, strict=True)
    return {_name(one.path): key_value(key, one.texts) for one, key in shown}


def key_value(key: Hashable, texts: Mapping[Hashable, str]) -> float | str | None:
    """Return a value of a dimension: a number, a text, or None where there is none."""
    if key is MISSING:
        return None
    if isinstance(key, int | float):
        return key
    return one_line(key if isinstance(key, str) else texts[key])


def _name(path: tuple[Any, ...]) -> str:
    return one_line(dotted(path))
