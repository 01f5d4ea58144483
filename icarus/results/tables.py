"""Results as a table: one line per experiment, mean and confidence interval per metric."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from icarus.errors import PlotError
from icarus.plaintext import one_line, some_of
from icarus.results.resultset import ResultSet
from icarus.results.summaries import statistics_of, summarise
from icarus.results.variation import short_name

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
        If a metric is unknown, or is over time.
    """
    summaries = summarise(results, metrics)
    if summaries.over_time:
        names = some_of((one_line(".".join(path)) for path in summaries.over_time), 3)
        raise PlotError(
            f"measured over time, which a table does not show: {names}; use --csv or --json, or "
            "icarus plot"
        )
    table = Table()
    for dimension in summaries.dimensions:
        name = short_name(dimension.path)
        table.add_column(plain_cell(name), justify="right" if dimension.numeric else "left")
    table.add_column("n", justify="right")
    for path in summaries.metrics:
        table.add_column(Text("\n").join(map(plain_cell, path)), justify="right")
    for group in summaries.groups:
        shown = zip(summaries.dimensions, group.keys, strict=True)
        texts = [plain_cell(one.texts[value]) for one, value in shown]
        table.add_row(*texts, str(group.size), *map(_cell, group.values.values()))
    return table


def plain_cell(text: object) -> Text:
    """Return text of any origin for a cell: one line in which nothing is markup."""
    return Text(one_line(text, _LONGEST))


def _cell(values: Sequence[float]) -> str:
    told = statistics_of(values)
    if told["mean"] is None:
        return "-"
    middle = f"{told['mean']:.5g}"
    return middle if told["half_width"] is None else f"{middle} ± {told['half_width']:.2g}"
