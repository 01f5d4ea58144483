"""Tables of what cases cost, over all of their runs: for other programs to go on from."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from icarus.errors import ResultsError
from icarus.metering import RESOURCES, read_samples
from icarus.orchestration.destination import folder_of
from icarus.orchestration.metered import SAMPLES
from icarus.planning.job_kinds import CASE
from icarus.results.readwrite import read_results_pickle
from icarus.theory.distributions import means_confidence_interval

__all__ = ["RUN", "lower_median", "write_tables"]

RUN = "RUN"
"""What stands for all steps together."""
_DURATION = "DURATION"
_STATISTICS = ("n", "mean", "sd", "ci", "min", "median", "max", "median_run", "incomplete")


@dataclass
class _Point:
    """The runs of a case with one combination of parameters."""

    case: str
    parameters: dict[str, Any]
    steps: list[str]
    runs: dict[int, dict[str, dict[str, float]]] = field(default_factory=dict)
    """By number, from 1: metrics by name, by step."""
    folders: dict[int, Path] = field(default_factory=dict)
    incomplete: list[int] = field(default_factory=list)
    """Runs that failed."""

    @property
    def head(self) -> dict[str, Any]:
        return {"case": self.case, **self.parameters}

    def values(self, step: str, metric: str) -> dict[int, float]:
        """Return a metric by the number of the run."""
        found = {run: steps.get(step, {}).get(metric) for run, steps in sorted(self.runs.items())}
        return {run: value for run, value in found.items() if value is not None}

    def median_run(self, step: str) -> int | None:
        """Return the run with the median duration of a step."""
        return lower_median(self.values(step, _DURATION))


def lower_median(values: Mapping[int, float]) -> int | None:
    """Return which run has the median of some values; of an even number the lower of the two.

    Parameters
    ----------
    values : mapping of int to float
        By the number of the run.
    """
    ordered = sorted(values, key=lambda run: (values[run], run))
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def write_tables(file: Path) -> list[Path]:
    """Write the tables of all cases in a results file, in folders beside it.

    For each case there are ``stats.csv``, with the statistics of each metric of each step over all
    runs, a row each; ``summary.csv``, with the metrics of each step in the run whose duration of
    it is the median; and ``representative.csv``, with the samples of that run.

    Parameters
    ----------
    file : Path
        The results file.

    Returns
    -------
    list of Path
        The tables.

    Raises
    ------
    ResultsError
        If the file cannot be read, or there is no run of a case in it.
    """
    by_case: dict[str, list[_Point]] = {}
    for point in _points(file):
        by_case.setdefault(point.case, []).append(point)
    if not by_case:
        raise ResultsError(f"{file}: has no run of a case; icarus run FOLDER runs cases")
    written = []
    for case, points in by_case.items():
        folder = folder_of(file) / case
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in (
            ("stats.csv", _statistics(points)),
            ("summary.csv", _summary(points)),
            ("representative.csv", _representative(points)),
        ):
            _write(folder / name, rows)
            written.append(folder / name)
    return written


def _points(file: Path) -> list[_Point]:
    results = read_results_pickle(file)
    each = [
        (params, tree, facts)
        for (params, tree), facts in zip(results, results.metadata, strict=True)
    ]
    each += [(params, None, facts) for params, facts in results.failures]
    points: dict[str, _Point] = {}
    for params, tree, facts in each:
        case = params.get(CASE)
        if not isinstance(case, Mapping):
            continue
        point = points.setdefault(
            facts["experiment"],
            _Point(
                case["name"],
                {name: value for name, value in case.items() if name != "name"},
                [step["id"] for step in params["details"]["steps"]],
            ),
        )
        run = facts["replication"] + 1
        if tree is None:
            if facts["status"] != "VETOED":
                point.incomplete.append(run)
            continue
        point.runs[run] = _metrics_of(tree, point.steps)
        point.folders[run] = folder_of(file) / facts["job"]
    return [point for point in points.values() if point.runs or point.incomplete]


def _metrics_of(tree: Mapping[str, Any], steps: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the numbers of each step: what it used, and what its command returned."""
    found = {step: dict(_numbers(tree.get(f"{RESOURCES}.{step}", {}))) for step in steps}
    for group, metrics in tree.items():
        step, _, name = group.partition(".")
        if step in found and isinstance(metrics, Mapping):
            found[step] |= dict(_numbers(metrics, f"{name}." if name else ""))
    found[RUN] = dict(_numbers(tree.get(RESOURCES, {})))
    return found


def _numbers(group: Any, above: str = "") -> Iterator[tuple[str, float]]:
    for name, value in group.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{above}{name}.")
        elif isinstance(value, Real) and not isinstance(value, bool):
            yield f"{above}{name}", float(value)


def _statistics(points: Iterable[_Point]) -> Iterator[dict[str, Any]]:
    for point in points:
        for step in (*point.steps, RUN):
            names = dict.fromkeys(
                name for steps in point.runs.values() for name in steps.get(step, {})
            )
            for metric in names:
                values = point.values(step, metric)
                told = _described(values, point.incomplete)
                yield {**point.head, "step": step, "metric": metric, **told}


def _described(values: Mapping[int, float], incomplete: Sequence[int]) -> dict[str, Any]:
    given = np.array(list(values.values()))
    mean, half = means_confidence_interval(list(given), 0.95)
    median = lower_median(values)
    told = (
        len(given),
        mean,
        float(np.std(given, ddof=1)) if len(given) > 1 else math.nan,
        half if len(given) > 1 else math.nan,
        float(given.min()),
        float(np.median(given)),
        float(given.max()),
        median,
        " ".join(map(str, sorted(incomplete))),
    )
    return dict(zip(_STATISTICS, told, strict=True))


def _summary(points: Iterable[_Point]) -> Iterator[dict[str, Any]]:
    for point in points:
        for step in (*point.steps, RUN):
            run = point.median_run(step)
            if run is not None:
                yield {**point.head, "step": step, "run": run, **point.runs[run][step]}


def _representative(points: Iterable[_Point]) -> Iterator[dict[str, Any]]:
    for point in points:
        for step in point.steps:
            run = point.median_run(step)
            if run is None:
                continue
            with suppress(ResultsError):
                yield from (
                    {**point.head, "step": step, "run": run, **row}
                    for row in _samples(point.folders[run] / SAMPLES, step)
                )


def _samples(path: Path, step: str) -> Iterator[dict[str, Any]]:
    """Yield the samples of a step, times since its beginning."""
    columns = read_samples(path).columns
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    mine = [row for row in rows if row["phase"] == step]
    for row in mine:
        since = float(row["time"]) - float(mine[0]["time"])
        yield {name: since if name == "time" else v for name, v in row.items() if name != "phase"}


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
