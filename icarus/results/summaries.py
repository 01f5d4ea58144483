"""Results as numbers over replications: of each experiment, statistics of each metric."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from icarus.errors import ResultsError
from icarus.plaintext import one_line
from icarus.results.metrics import Metric, metrics_in, metrics_meant, number
from icarus.results.resultset import ResultSet
from icarus.results.variation import MISSING, Dimension, dimensions_of, rows_of
from icarus.theory.distributions import means_confidence_interval

__all__ = ["STATISTICS", "Group", "Summaries", "csv_of", "json_of", "statistics_of", "summarise"]

STATISTICS = ("n", "mean", "sd", "half_width", "min", "median", "max")
"""What is told of a metric: the number of values, their mean, the sample standard deviation, the
half-width of the 95 % confidence interval of the mean (Student's t), and extremes and median."""


@dataclass(frozen=True)
class Group:
    """The replications of one experiment."""

    keys: tuple[Hashable, ...]
    """The experiment's value of each dimension."""
    size: int
    """How many simulations gave results."""
    values: dict[Metric, list[float]]
    """Values of each metric; those that are missing or no number are left out."""


@dataclass(frozen=True)
class Summaries:
    """All experiments of a result set, replications taken together."""

    dimensions: list[Dimension]
    """What differs between experiments."""
    metrics: list[Metric]
    groups: list[Group]


def summarise(results: ResultSet, metrics: Sequence[str] = ()) -> Summaries:
    """Group the replications of each experiment.

    Parameters
    ----------
    results : ResultSet
    metrics : sequence of str, optional
        Which metrics, such as ``LATENCY`` or ``LATENCY.MEAN``; by default all that are single
        numbers.

    Raises
    ------
    ResultsError
        If there are no results.
    PlotError
        If a metric is unknown.
    """
    if len(results) == 0:
        failed = f"; {len(results.failures)} simulations failed" if results.failures else ""
        raise ResultsError(f"there are no results to show{failed}")
    trees = [tree for _, tree in results]
    meant = metrics_meant(metrics_in(trees), list(metrics) or None)
    scalar = [path for path, is_distribution in meant.items() if not is_distribution]
    dimensions, _ = dimensions_of(rows_of(params for params, _ in results))
    members: dict[tuple[Hashable, ...], list[int]] = {}
    for i in range(len(trees)):
        members.setdefault(tuple(one.keys[i] for one in dimensions), []).append(i)
    groups = []
    for keys, places in members.items():
        found = {path: [number(trees[i].getval(path)) for i in places] for path in scalar}
        there = {path: list(_numbers(values)) for path, values in found.items()}
        groups.append(Group(keys, len(places), there))
    return Summaries(dimensions, scalar, groups)


def _numbers(values: Sequence[float | None]) -> Iterator[float]:
    yield from (value for value in values if value is not None and not math.isnan(value))


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
    """Return a line for each metric of each experiment, with the names of columns before them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parameters = [_name(one.path) for one in summaries.dimensions]
    writer.writerow([*parameters, "metric", *STATISTICS])
    for group in summaries.groups:
        given = _given(summaries, group).values()
        for path, values in group.values.items():
            writer.writerow([*given, _name(path), *statistics_of(values).values()])
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
        for group in summaries.groups
    ]
    return json.dumps(told, indent=4)


def _given(summaries: Summaries, group: Group) -> dict[str, Any]:
    """Return the value of each dimension: a number, a text, or None where there is none."""
    return {
        _name(one.path): key
        if isinstance(key, int | float)
        else (None if key is MISSING else one_line(one.texts[key]))
        for one, key in zip(summaries.dimensions, group.keys, strict=True)
    }


def _name(path: tuple[Any, ...]) -> str:
    return one_line(".".join(map(str, path)))
