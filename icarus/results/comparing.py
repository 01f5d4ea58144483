"""Two campaigns held against each other: by how much results differ, and whether it is chance.

Experiments with the same parameters are compared, replication by replication where both campaigns
have the same ``SEED``, as these share their requests. The tests are Student's t: what a replication
gives is a mean over its requests, so differences are close to normal; there are few replications,
of which a rank test could never make a small p (five pairs give 0.06 at best) and a bootstrap makes
intervals that are too narrow; and the interval is the one that tables and plots show.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np

from icarus.errors import IcarusError, ResultsError
from icarus.metering.group import is_resource
from icarus.plaintext import one_line, some_of
from icarus.results._differences import Differences, differences, holm
from icarus.results._experiments import Change, Experiment, Side, match, side_of, varying_in
from icarus.results._pairing import SideBySide, side_by_side
from icarus.results.metrics import Metric, metrics_in, metrics_meant
from icarus.results.resultset import ResultSet, jsonable
from icarus.results.variation import Dimension, Path, dimensions_of, dotted, paths_of, resolve

__all__ = ["Change", "Comparison", "ComparisonRow", "Method", "Verdict", "compare"]

_First = TypeVar("_First")
_Second = TypeVar("_Second")

_MOST_NAMED = 3
"""Experiments or metrics that a note names."""


class Method(StrEnum):
    """How a difference is told from chance."""

    PAIRED = "paired t"
    """Student's t test of the differences of pairs."""
    WELCH = "Welch t"
    """Welch's t test of two means."""
    EXACT = "exact"
    """Chance has no part in it: the metric is the same in all replications of each experiment, in
    either campaign, or there is one value or pair and no difference."""
    NONE = "none"
    """There are too few values."""


class Verdict(StrEnum):
    """What is known about a difference."""

    SAME = "same"
    """None was found; the interval says how large one could be."""
    DIFFER = "differ"
    CANNOT_SAY = "cannot say"
    """Values are not equal, and there are too few of them for a test."""


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One metric of one experiment in two campaigns.

    Attributes
    ----------
    experiment : dict
        The parameters that tell the experiment from the others, such as ``strategy.name``, with
        their values in campaign A.
    number : int
        The experiment's place among those that both campaigns have, from 0.
    metric : str
        Such as ``LATENCY.MEAN``.
    test : Method
    n_a, n_b : int
        Replications that count; of pairs both are the number of pairs.
    mean_a, mean_b : float
        Means over these, NaN where there are none; in the unit of the metric, as is `difference`.
    difference : float
        `mean_b` less `mean_a`.
    half_width : float
        Of the confidence interval of the difference, which is not corrected for the number of
        comparisons; NaN where there are too few values.
    relative : float
        The difference as a share of the magnitude of `mean_a`; NaN where that is 0.
    p : float
        Of the test by itself, two-sided; NaN where there was none to make.
    p_holm : float
        The same, corrected for the number of tests by the method of Holm.
    verdict : Verdict
    """

    experiment: dict[str, Any]
    number: int
    metric: str
    test: Method
    n_a: int
    n_b: int
    mean_a: float
    mean_b: float
    difference: float
    half_width: float
    relative: float
    p: float
    p_holm: float
    verdict: Verdict

    @property
    def interval(self) -> tuple[float, float]:
        """The confidence interval of the difference."""
        return self.difference - self.half_width, self.difference + self.half_width

    @property
    def relative_interval(self) -> tuple[float, float]:
        """The same as shares of the magnitude of `mean_a`, which counts as known."""
        of = abs(self.mean_a) or math.nan
        return self.interval[0] / of, self.interval[1] / of


@dataclass(frozen=True)
class Comparison:
    """What came of comparing two campaigns, A and B.

    Attributes
    ----------
    rows : list of ComparisonRow
        For each metric and experiment that both have, metric by metric.
    changes : list of Change
        Parameters that differ by design: those that are the same throughout each campaign but not
        in both, and those that differ by one factor, or one amount, throughout.
    only_a, only_b : list of dict
        Experiments that one campaign alone has, by the parameters that tell them apart.
    jobs_a, jobs_b : tuple of int
        How many jobs gave results, and how many there were to run, as far as it is recorded.
    seeds_a, seeds_b : list of int
        The campaigns' ``SEED``; empty where it is not recorded.
    notes : list of str
        What was left out, and of what only one campaign has.
    alpha, threshold : float
        As they were given.
    dimensions : list of Dimension
        What varies over the experiments, for tables.
    """

    rows: list[ComparisonRow]
    changes: list[Change]
    only_a: list[dict[str, Any]]
    only_b: list[dict[str, Any]]
    jobs_a: tuple[int, int]
    jobs_b: tuple[int, int]
    seeds_a: list[int]
    seeds_b: list[int]
    notes: list[str]
    alpha: float
    threshold: float
    dimensions: list[Dimension]

    @property
    def counts(self) -> Counter[Verdict]:
        """How many rows there are of each verdict."""
        return Counter(row.verdict for row in self.rows)

    @property
    def verdict(self) -> Verdict:
        """DIFFER if anything does; otherwise CANNOT_SAY if that is so of anything."""
        found = self.counts
        worst = (Verdict.DIFFER, Verdict.CANNOT_SAY)
        return next((one for one in worst if found[one]), Verdict.SAME)

    def json(self, indent: int | None = None) -> str:
        """Return everything as a JSON object; what is NaN here is null there."""
        told: dict[str, Any] = {"verdict": self.verdict}
        for field in fields(self):
            if field.name not in ("rows", "changes", "dimensions"):
                told[field.name] = getattr(self, field.name)
        told["changes"] = [_fields(one) for one in self.changes]
        told["rows"] = [
            _fields(row) | {"interval": row.interval, "relative_interval": row.relative_interval}
            for row in self.rows
        ]
        return json.dumps(jsonable(told), indent=indent)


def _fields(one: Any) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def compare(
    a: ResultSet,
    b: ResultSet,
    *,
    metrics: str | Sequence[str] | None = None,
    where: Mapping[str, Any] | Iterable[str] | None = None,
    where_a: Mapping[str, Any] | Iterable[str] | None = None,
    where_b: Mapping[str, Any] | Iterable[str] | None = None,
    ignore: str | Iterable[str] = (),
    alpha: float = 0.05,
    threshold: float = 0.0,
) -> Comparison:
    """Say by how much the results of two campaigns differ, and whether that is more than chance.

    Experiments are matched by their parameters. A parameter that has one value throughout each
    campaign but not the same in both tells no experiments apart: it is what the campaigns differ
    in, and so is one whose numbers are those of the other campaign times one factor, or plus one
    amount. Replications of the same number are compared in pairs if the campaigns have the same
    ``SEED``, otherwise means with each other. Each replication counts once.

    Parameters
    ----------
    a, b : ResultSet
    metrics : str or sequence of str, optional
        Which to compare, such as ``LATENCY`` or ``LATENCY.MEAN``; by default all that are single
        numbers in both.
    where, where_a, where_b : mapping, or iterable of str, optional
        Which experiments to compare, of both campaigns or of one, as ``plot_results`` takes it.
    ignore : str or iterable of str, optional
        Parameters that are not looked at when experiments are matched.
    alpha : float, optional
        Probability, between 0 and 1, with which any difference at all is found where there is none.
        Intervals have the level ``1 - alpha``.
    threshold : float, optional
        A difference smaller than this share of A's mean, at least 0, does not count as one.

    Returns
    -------
    Comparison

    Raises
    ------
    ResultsError
        If there is nothing to compare, or it cannot be told which experiments belong together.
    PlotError
        If a metric or a parameter is unknown.
    ValueError
        If `alpha` or `threshold` is out of range.

    Examples
    --------
    >>> from icarus.results import ResultSet, compare
    >>> a, b = ResultSet(), ResultSet()
    >>> for replication, latency in enumerate([70.1, 74.9, 71.4]):
    ...     facts = {"replication": replication, "seed": {"entropy": 1}}
    ...     a.add({"cache": {"size": 100}}, {"LATENCY": {"MEAN": latency}}, facts)
    ...     b.add({"cache": {"size": 105}}, {"LATENCY": {"MEAN": latency - 0.9}}, facts)
    >>> compared = compare(a, b)
    >>> print(compared.verdict, round(compared.rows[0].difference, 6), compared.rows[0].test)
    differ -0.9 paired t
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1, found {alpha!r}")
    if not 0 <= threshold < math.inf:
        raise ValueError(f"threshold must be a finite number >= 0, found {threshold!r}")
    sides = _both(
        lambda: side_of("A", a, [where, where_a]), lambda: side_of("B", b, [where, where_b])
    )
    (scalars, notes), ignored = _both(
        lambda: _common_metrics(*sides, metrics), lambda: _ignored(*sides, ignore)
    )
    matched = match(*sides, ignored)
    beside = side_by_side(matched, *sides, scalars)
    found = differences(beside.a, beside.b, beside.paired, alpha)
    rows = _rows(_named([one for one, _ in matched.pairs], sides[0]), scalars, beside, found,
                 alpha, threshold)  # fmt: skip
    if not rows:
        raise ResultsError("nothing to compare: no experiment has a number for any of the metrics")
    of_a, of_b = sides
    asked = [path for path in paths_of([one.row for one in of_a.experiments]) if path[-1] == "seed"]
    return Comparison(
        rows=rows,
        changes=matched.changes,
        only_a=_named(matched.only_a, of_a),
        only_b=_named(matched.only_b, of_b),
        jobs_a=(of_a.n_results, of_a.n_jobs),
        jobs_b=(of_b.n_results, of_b.n_jobs),
        seeds_a=of_a.seeds,
        seeds_b=of_b.seeds,
        notes=[
            *of_a.notes, *of_b.notes,
            *_alone_notes("A", matched.only_a, of_a), *_alone_notes("B", matched.only_b, of_b),
            *notes, *beside.notes,
        ],
        alpha=alpha,
        threshold=threshold,
        dimensions=dimensions_of([one.row for one, _ in matched.pairs], asked)[0],
    )  # fmt: skip


def _both(first: Callable[[], _First], second: Callable[[], _Second]) -> tuple[_First, _Second]:
    """Return what two functions give; if both raise, the problems of both are one error."""
    try:
        found = first()
    except IcarusError as error:
        try:
            second()
        except IcarusError as other:
            raise ResultsError(*error.problems, *other.problems) from error
        raise
    return found, second()


def _ignored(a: Side, b: Side, names: str | Iterable[str]) -> list[Path]:
    paths = paths_of([one.row for side in (a, b) for one in side.experiments])
    return [resolve(name, paths) for name in ([names] if isinstance(names, str) else names)]


def _common_metrics(
    a: Side, b: Side, asked: str | Sequence[str] | None
) -> tuple[list[Metric], list[str]]:
    """Return the metrics to compare, and notes about those that one campaign alone has."""
    in_a, in_b = metrics_in(a.trees), metrics_in(b.trees)
    found = in_b | in_a
    if not asked:
        # What jobs use is never the same twice, and says nothing of what is simulated.
        found = {path: kind for path, kind in found.items() if not is_resource(path)}
    meant = metrics_meant(found, asked or None)
    scalars = [path for path in meant if not (in_a.get(path) or in_b.get(path))]
    if not scalars:
        raise ResultsError(
            f"nothing to compare: {_listed(meant)}: distributions; only single numbers are compared"
        )
    common = [path for path in scalars if path in in_a and path in in_b]
    notes = []
    for side, there in ((a, in_a), (b, in_b)):
        if alone := [path for path in scalars if path in there and path not in common]:
            notes.append(f"only {side.name} has the metrics {_listed(alone)}")
    if not common:
        raise ResultsError(f"nothing to compare: {'; '.join(notes)}")
    return common, notes


def _listed(metrics: Iterable[Metric]) -> str:
    return some_of((one_line(dotted(path)) for path in metrics), _MOST_NAMED)


def _named(experiments: Iterable[Experiment], side: Side) -> list[dict[str, Any]]:
    """Return the parameters of experiments that tell them from others of their campaign."""
    varying = varying_in(side)
    return [
        {dotted(path): one.row[path] for path in varying if path in one.row} for one in experiments
    ]


def _alone_notes(name: str, alone: Sequence[Experiment], side: Side) -> list[str]:
    if not alone:
        return []
    rows = [one.row for one in side.experiments]
    dimensions, _ = dimensions_of(rows)
    places = {id(one): i for i, one in enumerate(side.experiments)}
    labels = [
        " ".join(one.phrase(one.keys[places[id(experiment)]]) for one in dimensions)
        for experiment in alone
    ]
    what = "1 experiment" if len(alone) == 1 else f"{len(alone)} experiments"
    return [f"only {name} has {what}: {one_line(some_of(labels, _MOST_NAMED, '; '), 500)}"]


def _rows(
    experiments: Sequence[dict[str, Any]],
    metrics: Sequence[Metric],
    beside: SideBySide,
    found: Differences,
    alpha: float,
    threshold: float,
) -> list[ComparisonRow]:
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = found.difference / np.abs(found.mean_a)
    relative[found.difference == 0] = 0.0
    relative[np.isinf(relative)] = np.nan
    p_holm = holm(found.p)
    # Where A's mean is 0, the difference is not less than any share of it.
    counts = (found.difference != 0) & ~(np.abs(relative) < threshold)
    differs = counts & (found.exact | (p_holm <= alpha))
    rows = []
    for metric, path in enumerate(metrics):
        for place, experiment in enumerate(experiments):
            at = place, metric
            if not found.there[at]:
                continue
            tested = found.exact[at] or not np.isnan(found.p[at])
            rows.append(
                ComparisonRow(
                    number=place,
                    experiment=experiment,
                    metric=dotted(path),
                    test=_test(found.exact[at], beside.paired[place]) if tested else Method.NONE,
                    n_a=int(found.n_a[at]),
                    n_b=int(found.n_b[at]),
                    mean_a=float(found.mean_a[at]),
                    mean_b=float(found.mean_b[at]),
                    difference=float(found.difference[at]),
                    half_width=float(found.half_width[at]),
                    relative=float(relative[at]),
                    p=float(found.p[at]),
                    p_holm=float(p_holm[at]),
                    verdict=_verdict(differs[at], tested),
                )
            )
    return rows


def _test(exact: bool, paired: bool) -> Method:
    if exact:
        return Method.EXACT
    return Method.PAIRED if paired else Method.WELCH


def _verdict(differs: bool, tested: bool) -> Verdict:
    if not tested:
        return Verdict.CANNOT_SAY
    return Verdict.DIFFER if differs else Verdict.SAME
