"""Results as a table: one line per experiment, mean and confidence interval per metric."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from rich.table import Table
from rich.text import Text

from icarus.errors import ResultsError
from icarus.plaintext import one_line
from icarus.results.metrics import metrics_in, metrics_meant, number
from icarus.results.resultset import ResultSet
from icarus.results.variation import dimensions_of, rows_of, short_name
from icarus.theory.distributions import means_confidence_interval

__all__ = ["plain_cell", "results_table"]

_LONGEST = 500
"""Characters of a name or value that a cell shows."""


def results_table(results: ResultSet, metrics: Sequence[str] = ()) -> Table:
    """Return a table of all experiments, replications taken together.

    Parameters
    ----------
    results : ResultSet
    metrics : sequence of str, optional
        Which metrics to show, such as ``LATENCY`` or ``LATENCY.MEAN``; by default all that are
        single numbers.

    Returns
    -------
    rich.table.Table
        A column for each parameter that varies, one for the number of replications and one for
        each metric: mean ± half-width of the 95 % confidence interval (Student's t).

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
    table = Table()
    for dimension in dimensions:
        name = short_name(dimension.path)
        table.add_column(plain_cell(name), justify="right" if dimension.numeric else "left")
    table.add_column("n", justify="right")
    for path in scalar:
        table.add_column(Text("\n").join(map(plain_cell, path)), justify="right")
    groups: dict[tuple[Hashable, ...], list[int]] = {}
    for i in range(len(trees)):
        groups.setdefault(tuple(one.keys[i] for one in dimensions), []).append(i)
    for key, members in groups.items():
        texts = [plain_cell(one.texts[value]) for one, value in zip(dimensions, key, strict=True)]
        cells = [_cell([number(trees[i].getval(path)) for i in members]) for path in scalar]
        table.add_row(*texts, str(len(members)), *cells)
    return table


def plain_cell(text: object) -> Text:
    """Return text of any origin for a cell: one line in which nothing is markup."""
    return Text(one_line(text, _LONGEST))


def _cell(values: Sequence[float | None]) -> str:
    there = [value for value in values if value is not None and not math.isnan(value)]
    if not there:
        return "-"
    middle, half_width = means_confidence_interval(there)
    return f"{middle:.5g}" if len(there) == 1 else f"{middle:.5g} ± {half_width:.2g}"
