"""Results as tables for a terminal: one line per experiment, mean and interval per metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from icarus.errors import PlotError
from icarus.plaintext import one_line, some_of
from icarus.results.labels import number_text
from icarus.results.metrics import Metric
from icarus.results.resultset import ResultSet
from icarus.results.summaries import Summaries, statistics_of, summarise
from icarus.results.variation import short_name

__all__ = ["interval_text", "plain_cell", "results_table", "results_tables", "with_interval"]

_LONGEST = 500
"""Characters of a name or value that a cell shows."""
_NARROW = 12
"""Columns that a name or a parameter's value is folded to at the least."""
_BESIDE = 3
"""Columns that a cell takes beside what it shows."""


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
    (table,) = results_tables(summarise(results, metrics))
    return table


def results_tables(summaries: Summaries, width: float = math.inf, warning: str = "") -> list[Table]:
    """Return one table where it fits, otherwise one for each collector, or several of one.

    Numbers are never cut; names and values of parameters are folded where they must be.

    Parameters
    ----------
    summaries : Summaries
    width : float, optional
        Columns that there are.
    warning : str, optional
        What is to stand under each table.

    Raises
    ------
    PlotError
        If a metric is over time.
    """
    if summaries.over_time:
        names = some_of((one_line(".".join(path)) for path in summaries.over_time), 3)
        raise PlotError(
            f"measured over time, which a table does not show: {names}; use --csv or --json, or "
            "icarus plot"
        )
    cells = {path: [interval_text(group.values[path]) for group in summaries.groups]
             for path in summaries.metrics}  # fmt: skip
    widths = {path: _width([*map(str, path)], told) for path, told in cells.items()}
    given = _parameters(summaries)
    room = width - 1 - sum(_width(names, texts) for names, texts, _ in given)
    if room < max(widths.values(), default=0):
        # Folded, they leave more room.
        room = width - 1 - sum(min(_width(names, texts), _NARROW + _BESIDE)
                               for names, texts, _ in given)  # fmt: skip
    return [
        _table(given, {path: cells[path] for path in paths}, warning)
        for paths in _parts(widths, room)
    ]


def _parameters(summaries: Summaries) -> list[tuple[list[str], list[str], bool]]:
    """Return head, cells and whether they are numbers, of the columns before the metrics."""
    columns = []
    for place, one in enumerate(summaries.dimensions):
        texts = [str(plain_cell(one.texts[group.keys[place]])) for group in summaries.groups]
        columns.append(([str(plain_cell(short_name(one.path)))], texts, one.numeric))
    return [*columns, (["n"], [str(group.size) for group in summaries.groups], True)]


def _width(head: Sequence[str], cells: Sequence[str]) -> int:
    return max(map(cell_len, (*map(str, map(plain_cell, head)), *cells))) + _BESIDE


def _parts(widths: dict[Metric, int], room: float) -> Iterable[list[Metric]]:
    """Yield the metrics of each table: all, or those of a collector, as far as they fit."""
    if sum(widths.values()) <= room:
        yield list(widths)
        return
    part: list[Metric] = []
    for path, width in widths.items():
        used = sum(widths[one] for one in part)
        if part and (part[0][0] != path[0] or used + width > room):
            yield part
            part = []
        part.append(path)
    yield part


def _table(
    given: Sequence[tuple[list[str], list[str], bool]],
    cells: dict[Metric, list[str]],
    warning: str,
) -> Table:
    table = Table(caption=Text(warning) if warning else None, caption_justify="left")
    for (name,), _, numeric in given:
        table.add_column(
            plain_cell(name),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=numeric,
        )
    for path in cells:
        head = Text("\n").join(map(plain_cell, path))
        table.add_column(head, justify="right", no_wrap=True, overflow="fold")
    texts = [[plain_cell(text) for text in told] for _, told, _ in given]
    for row in zip(*texts, *cells.values(), strict=True):
        table.add_row(*row)
    return table


def plain_cell(text: object) -> Text:
    """Return text of any origin for a cell: one line in which nothing is markup."""
    return Text(one_line(text, _LONGEST))


def interval_text(values: Sequence[float]) -> str:
    """Return the mean of values and the half-width of its interval; "-" without any."""
    told = statistics_of(values)
    return "-" if told["mean"] is None else with_interval(told["mean"], told["half_width"])


def with_interval(mean: float, half_width: float | None) -> str:
    """Return a mean and the half-width of its interval, with the digits that it bears out.

    Examples
    --------
    >>> with_interval(41065.37, 148.9), with_interval(0.2531, 0.0067), with_interval(71.23456, None)
    ('41,065 ± 150', '0.2531 ± 0.0067', '71.235')
    """
    if not half_width or not math.isfinite(half_width):
        alone = _alone(mean)
        return alone if half_width is None else f"{alone} ± {half_width:g}"
    # Of two digits, after rounding: 0.0996 is 0.10.
    half = float(f"{half_width:.1e}")
    last = math.floor(math.log10(half)) - 1
    largest = max(abs(mean), half)
    if not 1e-4 <= largest < 1e15:
        digits = min(max(math.floor(math.log10(largest)) - last, 1), 15)
        return f"{mean:.{digits}e} ± {half:.1e}"
    decimals = max(-last, 0)
    return f"{_grouped(mean, decimals)} ± {_grouped(half, decimals)}"


def _grouped(value: float, decimals: int) -> str:
    return f"{value:{',' if abs(value) >= 10_000 else ''}.{decimals}f}"


def _alone(value: float) -> str:
    return number_text(round(value)) if 1e4 <= abs(value) < 1e15 else f"{value:.5g}"
