"""Results as tables of pandas: numbers of simulations, and tables of what each has many of.

Columns are the parameters under short names, then ``seed`` (the campaign's ``SEED``),
``replication`` and ``job``, missing where they are not recorded, then what was measured. A
simulation that a set has twice counts once. pandas is imported when a table is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.errors import PlotError, ResultsError
from icarus.plaintext import one_line, some_of
from icarus.results._completeness import counted
from icarus.results.labels import value_text
from icarus.results.merging import seed_of
from icarus.results.metrics import Metric, metrics_in, metrics_meant
from icarus.results.resultset import ResultSet
from icarus.results.selecting import Where, require_results, selected, shared_rows
from icarus.results.variation import Path, Row, dotted, paths_of, short_name
from icarus.util import Tree

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "IDENTITY",
    "TAKEN",
    "Chosen",
    "chosen_results",
    "column_names",
    "column_of",
    "frame_of",
    "identity_columns",
    "marked",
    "numbers_of",
    "plain_value",
    "scalars_of",
]

IDENTITY = ("seed", "replication", "job")
"""Columns that tell the simulations of one experiment apart."""
TAKEN: tuple[str, ...] = (
    *IDENTITY, "metric", "value", "node", "source", "target", "content"
)  # fmt: skip
TAKEN += ("window", "start", "end", "first", "probability", "n", "mean", "half_width")
TAKEN += ("against", "difference", "relative")
"""Names of columns that no parameter has."""

_WHOLE = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Chosen:
    """The simulations that a table is of, each once."""

    rows: list[Row]
    trees: list[Tree]
    facts: list[dict[str, Any]]
    completeness: str
    """How many simulations there are, and of how many that were planned."""


def chosen_results(results: ResultSet, where: Where = None) -> Chosen:
    """Return the simulations that fulfil all conditions, each once.

    Raises
    ------
    ResultsError
        If there are no results.
    PlotError
        If a condition is of no use, as ``variation.matching`` has it.
    """
    part = selected(results, where)
    require_results(part)
    pairs = part.dump()
    rows = shared_rows([params for params, _ in pairs])
    share = counted(part, whole=not where).text
    return Chosen(rows, [tree for _, tree in pairs], part.metadata, share)


def frame_of(
    results: ResultSet,
    wide: bool = False,
    metrics: str | Sequence[str] | None = None,
    where: Where = None,
) -> pd.DataFrame:
    """Return the numbers of all simulations; see ``ResultSet.to_frame``."""
    import pandas as pd

    chosen = chosen_results(results, where)
    paths = scalars_of(chosen.trees, metrics)
    names = [dotted(path) for path in paths]
    columns = identity_columns(chosen, names)
    values = {
        name: [tree.getval(path) for tree in chosen.trees]
        for name, path in zip(names, paths, strict=True)
    }
    if wide:
        return marked(
            pd.DataFrame(columns | {name: numbers_of(told) for name, told in values.items()}),
            chosen,
        )
    there = np.array([[value is not None for value in told] for told in values.values()]).T
    table = np.array([numbers_of(told, np.float64) for told in values.values()]).T
    result, metric = np.nonzero(there)
    frame = pd.DataFrame(columns).take(result).reset_index(drop=True)
    frame["metric"] = pd.Series(names, dtype="str").array.take(metric)
    frame["value"] = table[there]
    return marked(frame, chosen)


def marked(frame: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
    """Return a table that says of how many simulations it is."""
    frame.attrs["completeness"] = chosen.completeness
    return frame


def scalars_of(trees: Sequence[Tree], asked: str | Sequence[str] | None) -> list[Metric]:
    """Return the metrics that are single numbers; those that are asked for, where any are."""
    found = metrics_in(trees)
    if not found:
        raise ResultsError("the results hold no metric that is a single number")
    meant = metrics_meant(found, asked) if asked else found
    scalars = [path for path, is_distribution in meant.items() if not is_distribution]
    if not scalars:
        names = some_of((one_line(dotted(path)) for path in meant), 3)
        raise PlotError(f"no single numbers, which this table has: {names}")
    return scalars


def identity_columns(chosen: Chosen, taken: Iterable[str] = ()) -> dict[str, Any]:
    """Return the columns that say what each row is of: parameters, then ``IDENTITY``.

    Parameters
    ----------
    chosen : Chosen
    taken : iterable of str, optional
        Names of further columns, which no parameter gets.
    """
    paths = paths_of(list({id(row): row for row in chosen.rows}.values()))
    columns = {}
    for path, name in column_names(paths, taken).items():
        known: dict[int, Any] = {}
        for row in chosen.rows:
            if id(row) not in known:
                known[id(row)] = plain_value(row.get(path))
        columns[name] = column_of([known[id(row)] for row in chosen.rows])
    columns["seed"] = column_of([plain_value(seed_of(facts)) for facts in chosen.facts])
    for name in IDENTITY[1:]:
        columns[name] = column_of([plain_value(facts.get(name)) for facts in chosen.facts])
    return columns


def column_names(paths: Sequence[Path], taken: Iterable[str] = ()) -> dict[Path, str]:
    """Return a name for each parameter: a short one where no other has it, else the whole path."""
    used = {*TAKEN, *taken}
    short = Counter(short_name(path) for path in paths)
    names = {}
    for path in paths:
        name = short_name(path)
        if short[name] > 1 or name in used:
            name = dotted(path)
        while name in used:
            name = f"{name}_"
        used.add(name)
        names[path] = name
    return names


def plain_value(value: Any) -> Any:
    """Return a value for a column: a number, truth value or text; None where there is nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value_text(value)


def column_of(values: Sequence[Any]) -> Any:
    """Return values as a column of one type; missing ones are missing there too.

    Where numbers stand beside texts, such as 100 beside "10 GiB", all are texts.
    """
    import pandas as pd

    there = [value for value in values if value is not None]
    full = len(there) == len(values)
    kinds = set(map(type, there))
    if kinds == {bool}:
        return pd.array(list(values), dtype="bool" if full else "boolean")
    if kinds == {int} and all(value in _WHOLE for value in there):
        return pd.array(list(values), dtype="int64" if full else "Int64")
    if kinds and kinds <= {int, float}:
        return np.array([np.nan if value is None else _float(value) for value in values])
    texts = [None if value is None else str(value) for value in values]
    return pd.Series(texts, dtype="str" if there else "object").array


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def numbers_of(values: Sequence[Any], dtype: Any = None) -> np.ndarray:
    """Return what are numbers; NaN for the rest. Whole ones stay so where nothing is missing."""
    whole = dtype is None and all(
        isinstance(value, Integral) and not isinstance(value, bool) and int(value) in _WHOLE
        for value in values
    )
    if whole:
        return np.array([int(value) for value in values], dtype=np.int64)
    return np.array([_float(value) if isinstance(value, Real) and not isinstance(value, bool)
                     else np.nan for value in values], dtype=np.float64)  # fmt: skip
