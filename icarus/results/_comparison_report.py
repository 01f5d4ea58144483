"""A comparison of two campaigns as lines of text and tables for a terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from icarus.plaintext import one_line, some_of
from icarus.results.comparing import Comparison, ComparisonRow, Method, Verdict
from icarus.results.labels import value_text
from icarus.results.tables import plain_cell
from icarus.results.variation import short_name

__all__ = ["comparison_report"]

_MOST_ROWS = 60
"""Comparisons up to which all are shown."""
_MOST_OF_A_METRIC = 20
"""Beyond that number, comparisons of one metric that differ and are shown."""
_MOST_VALUES = 4
_LEAST_P = 0.001
_ORDER = (Verdict.DIFFER, Verdict.CANNOT_SAY, Verdict.SAME)
_LONGEST = 200
"""Characters of a value or a name in a line."""


def comparison_report(
    comparison: Comparison, names: Sequence[str] = ("A", "B"), *, every: bool = False
) -> Iterator[str | Table]:
    """Yield what there is to say about a comparison: lines, and a table for each metric.

    Parameters
    ----------
    comparison : Comparison
    names : sequence of str, optional
        Of the two campaigns, such as their files.
    every : bool, optional
        Show every comparison. Otherwise, where there are more than 60, those that are the same are
        counted only, and of those that are not the 20 with the largest relative differences are
        shown of each metric.
    """
    yield from _head(comparison, names)
    by_metric: dict[str, list[ComparisonRow]] = {}
    for row in comparison.rows:
        by_metric.setdefault(row.metric, []).append(row)
    brief = not every and len(comparison.rows) > _MOST_ROWS
    yield ""
    for metric, rows in by_metric.items():
        yield f"{one_line(metric, _LONGEST)}: {_told(Counter(row.verdict for row in rows))}"
        shown, more = _largest(rows) if brief else (rows, 0)
        if shown:
            yield _table(comparison, shown)
        if more:
            yield f"and {more} more that differ by less; --all prints them"
        if shown:
            yield ""
    many = len(comparison.rows)
    yield f"{comparison.verdict}: of {many} comparisons, {_told(comparison.counts)}"
    if comparison.counts[Verdict.CANNOT_SAY]:
        yield "To say whether values that differ do so by chance takes two replications or more."


def _head(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    sides = zip("AB", names, (comparison.jobs_a, comparison.jobs_b), strict=True)
    for letter, name, (results, jobs) in sides:
        told = f"{results} results" if results == jobs else f"{results} of {jobs} jobs"
        yield f"{letter}: {one_line(name)}, {told}"
    for change in comparison.changes:
        yield f"{one_line(change.parameter)}: {_values(change.a)} -> {_values(change.b)}"
    tests = Counter(row.test for row in comparison.rows)
    for test, explained in (
        (Method.PAIRED, "paired t test: replications with the same requests"),
        (Method.WELCH, f"Welch's t test: {_why_unpaired(comparison)}"),
        (Method.EXACT, "exact: chance has no part in it"),
    ):
        if tests[test]:
            yield f"{explained}, {tests[test]} comparisons"
    if n_tests := sum(not math.isnan(row.p) for row in comparison.rows):
        alpha = comparison.alpha
        yield f"±: {1 - alpha:.6g} confidence interval; p: corrected for {n_tests} tests (Holm)"
        yield f"differ: p is at most {alpha:g}"
    if comparison.threshold:
        yield f"same: also what differs by less than {comparison.threshold:g} of A"


def _values(values: Iterable[object]) -> str:
    return some_of((one_line(value_text(value), _LONGEST) for value in values), _MOST_VALUES)


def _why_unpaired(comparison: Comparison) -> str:
    seeds = comparison.seeds_a, comparison.seeds_b
    if not all(seeds):
        return "SEED or replications are not recorded"
    return "SEED is {} in A, {} in B".format(*(some_of(each, _MOST_VALUES) for each in seeds))


def _told(counts: Counter[Verdict]) -> str:
    return ", ".join(f"{counts[one]} {one}" for one in _ORDER if counts[one])


def _largest(rows: Sequence[ComparisonRow]) -> tuple[list[ComparisonRow], int]:
    """Return the rows to show of many, and how many more there are that are not the same."""
    told = [row for row in rows if row.verdict is not Verdict.SAME]
    told.sort(key=lambda row: -abs(row.relative) if not math.isnan(row.relative) else -math.inf)
    return told[:_MOST_OF_A_METRIC], max(len(told) - _MOST_OF_A_METRIC, 0)


def _table(comparison: Comparison, rows: Sequence[ComparisonRow]) -> Table:
    # Without lines between columns, and names in lines of their own, most fit 80 columns.
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for dimension in comparison.dimensions:
        words = Text("_\n").join(map(plain_cell, short_name(dimension.path).split("_")))
        table.add_column(words, justify="right" if dimension.numeric else "left", overflow="fold")
    for name in ("n", "A", "B - A", "of A", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(min_width=len(Verdict.DIFFER))
    for row in rows:
        keys = [(one, one.keys[row.number]) for one in comparison.dimensions]
        table.add_row(*(plain_cell(one.texts[key]) for one, key in keys), *_cells(row))
    return table


def _cells(row: ComparisonRow) -> list[str]:
    n = str(row.n_a) if row.n_a == row.n_b else f"{row.n_a}, {row.n_b}"
    return [
        n,
        "-" if math.isnan(row.mean_a) else f"{row.mean_a:.5g}",
        _difference(row),
        "-" if math.isnan(row.relative) else f"{row.relative:+.2%}" if row.relative else "0%",
        _p(row.p_holm),
        str(row.verdict),
    ]


def _p(p: float) -> str:
    if math.isnan(p):
        return "-"
    return f"{p:.3f}" if p >= _LEAST_P else f"<{_LEAST_P}"


def _difference(row: ComparisonRow) -> str:
    if math.isnan(row.difference):
        return "-"
    middle = f"{row.difference:+.3g}" if row.difference else "0"
    return middle if math.isnan(row.half_width) else f"{middle} ± {row.half_width:.2g}"
