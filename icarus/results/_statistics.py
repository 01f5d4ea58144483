"""Statistics over replications as tables of pandas, and labelled arrays of all simulations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.errors import PlotError, ResultsError, suggestion
from icarus.plaintext import one_line, some_of
from icarus.results._completeness import counted
from icarus.results.comparing import Method, compare
from icarus.results.exporting import missing_extra
from icarus.results.frames import (
    chosen_results,
    column_names,
    column_of,
    numbers_of,
    plain_value,
    scalars_of,
)
from icarus.results.merging import seed_of
from icarus.results.resultset import ResultSet
from icarus.results.selecting import Where, selected, shared_rows
from icarus.results.summaries import Summaries, key_value, statistics_of, summarise
from icarus.results.variation import (
    MISSING,
    Dimension,
    Row,
    constants_of,
    dimensions_of,
    dotted,
    key_of,
    paths_of,
    resolve,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray

__all__ = ["array_of", "paired_frame", "summary_frame"]

_TOLD = ("mean", "half_width", "n")


def summary_frame(
    results: ResultSet,
    by: str | Sequence[str] | None = None,
    metrics: str | Sequence[str] | None = None,
    where: Where = None,
) -> pd.DataFrame:
    """Return statistics over replications; see ``ResultSet.summary``."""
    import pandas as pd

    asked = [metrics] if isinstance(metrics, str) else list(metrics or ())
    part = selected(results, where)
    summaries = summarise(part, asked)
    order = [*range(len(summaries.dimensions))]
    constants: Mapping[Any, Any] = {}
    if by is not None:
        order, constants = _asked(part, summaries, [by] if isinstance(by, str) else list(by))
        _require_told_apart(summaries, order)
    paths = [*constants, *(summaries.dimensions[i].path for i in order)]
    columns = list(column_names(paths).values())
    rows: list[list[Any]] = []
    for group in summaries.groups:
        given = [key_value(group.keys[i], summaries.dimensions[i].texts) for i in order]
        for path, values in group.values.items():
            told = statistics_of(values)
            same = map(plain_value, constants.values())
            rows.append([*same, *given, dotted(path), *(told[name] for name in _TOLD)])
    parts = [*zip(*rows, strict=True)] or [()] * (len(columns) + 4)
    keys, (metric, mean, half, n) = parts[: len(columns)], parts[len(columns) :]
    frame = {name: column_of(list(part)) for name, part in zip(columns, keys, strict=True)}
    measured = {"metric": column_of(list(metric)), "mean": numbers_of(mean, float)}
    sizes = {"half_width": numbers_of(half, float), "n": np.array(n, dtype=np.int64)}
    table = pd.DataFrame(frame | measured | sizes)
    table.attrs["completeness"] = counted(part, whole=not where).text
    return table


def _names(dimensions: Sequence[Dimension]) -> list[str]:
    return list(column_names([one.path for one in dimensions]).values())


def _asked(results: ResultSet, summaries: Summaries, names: Sequence[str]) -> tuple[list[int], Row]:
    """Return the places of dimensions that are named, and parameters that do not vary."""
    rows = shared_rows([params for params, _ in results])
    places = {
        path: i for i, one in enumerate(summaries.dimensions) for path in (*one.merged, one.path)
    }
    constants: Row = {}
    order: dict[int, None] = {}
    same = constants_of(rows)
    for name in names:
        path = resolve(name, paths_of(rows))
        if path in places:
            order[places[path]] = None
        elif path in same:
            constants[path] = same[path]
        else:
            known = some_of((dotted(one.path) for one in summaries.dimensions), 12)
            raise PlotError(f"{name} varies with another parameter; experiments differ in {known}")
    return list(order), constants


def _require_told_apart(summaries: Summaries, order: Sequence[int]) -> None:
    """Raise PlotError if a mean would be over experiments that differ, and say in what."""
    first: dict[tuple[Hashable, ...], tuple[Hashable, ...]] = {}
    for group in summaries.groups:
        before = first.setdefault(tuple(group.keys[i] for i in order), group.keys)
        pairs = zip(summaries.dimensions, before, group.keys, strict=True)
        differ = [dotted(one.path) for one, a, b in pairs if a != b]
        if differ:
            raise PlotError(
                f"means would be over experiments that differ in {', '.join(differ)}; give that "
                "in by= too, or choose with where="
            )


def paired_frame(
    results: ResultSet,
    metrics: str | Sequence[str],
    over: str = "strategy",
    against: Any = "LCE",
    where: Where = None,
) -> pd.DataFrame:
    """Return differences under the same requests; see ``ResultSet.paired``."""
    import pandas as pd

    part = selected(results, where)
    rows = shared_rows([params for params, _ in part])
    dimensions, _ = dimensions_of(rows)
    dimension = _dimension(dimensions, over)
    base = _key(dimension, against)
    (column,) = _names([dimension])
    told: list[dict[str, Any]] = []
    for key in dimension.values:
        if key == base:
            continue
        sides = [_with_key(part, dimension, one) for one in (base, key)]
        compared = compare(*sides, metrics=metrics)
        if not compared.seeds_a or any(row.test is Method.WELCH for row in compared.rows):
            raise ResultsError(
                f"{one_line(dimension.texts[key])} and {one_line(dimension.texts[base])} have no "
                "replications with the same requests: SEED or replication differ, or are not known"
            )
        short = column_names([tuple(name.split(".", 1)) for name in _experiment(compared.rows)])
        for row in compared.rows:
            others = {
                name: plain_value(row.experiment.get(dotted(path))) for path, name in short.items()
            }
            told.append(
                {column: key_value(key, dimension.texts), **others, "metric": row.metric}
                | {"mean": row.mean_b, "against": row.mean_a, "difference": row.difference}
                | {"half_width": row.half_width, "relative": row.relative, "n": row.n_a}
            )
    names = dict.fromkeys(name for one in told for name in one)
    return pd.DataFrame({name: column_of([one.get(name) for one in told]) for name in names})


def _experiment(rows: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.experiment))


def _dimension(dimensions: Sequence[Dimension], name: str) -> Dimension:
    if not dimensions:
        raise PlotError(f"nothing varies over the results, and so no {name}")
    of = {path: one for one in dimensions for path in (*one.merged, one.path)}
    return of[resolve(name, of)]


def _key(dimension: Dimension, wanted: Any) -> Hashable:
    for key, text in dimension.texts.items():
        if key_of(wanted) == key or str(wanted).casefold() == text.casefold():
            return key
    known = list(dimension.texts.values())
    raise PlotError(
        f"no experiment has {dotted(dimension.path)} = {one_line(wanted)}; "
        f"{suggestion(str(wanted), known)}"
    )


def _with_key(results: ResultSet, dimension: Dimension, key: Hashable) -> ResultSet:
    part = ResultSet()
    for (params, tree), facts, found in zip(results, results.metadata, dimension.keys, strict=True):
        if found == key:
            part.add(params, tree, facts)
    return part


def array_of(
    results: ResultSet, metrics: str | Sequence[str] | None = None, where: Where = None
) -> xarray.Dataset:
    """Return all single numbers as labelled arrays; see ``ResultSet.to_xarray``."""
    try:
        import xarray
    except ModuleNotFoundError:
        raise missing_extra("labelled arrays need xarray", "export") from None

    chosen = chosen_results(results, where)
    paths = scalars_of(chosen.trees, metrics)
    dimensions, _ = dimensions_of(chosen.rows)
    names = _names(dimensions)
    values = [one.values for one in dimensions]
    places = [{key: i for i, key in enumerate(keys)} for keys in values]
    cells = [
        tuple(place[one.keys[i]] for place, one in zip(places, dimensions, strict=True))
        for i in range(len(chosen.trees))
    ]
    replications, labels = _replications(chosen.facts, cells)
    shape = (*map(len, values), len(labels))
    index = tuple(np.array([(*cell, r) for cell, r in zip(cells, replications, strict=True)]).T)
    coordinates = {
        name: _coordinate(one, keys)
        for name, one, keys in zip(names, dimensions, values, strict=True)
    }
    arrays = {}
    for path in paths:
        table = np.full(shape, np.nan)
        table[index] = numbers_of([tree.getval(path) for tree in chosen.trees], float)
        arrays[dotted(path)] = ([*names, "replication"], table)
    told = {dotted(path): plain_value(value) for path, value in constants_of(chosen.rows).items()}
    told = {name: value for name, value in told.items() if value is not None}
    told["completeness"] = chosen.completeness
    return xarray.Dataset(arrays, {**coordinates, "replication": labels}, told)


def _coordinate(dimension: Dimension, keys: Sequence[Hashable]) -> Any:
    if dimension.numeric:
        return numbers_of([None if key is MISSING else key for key in keys])
    return [dimension.texts[key] for key in keys]


def _replications(
    facts: Sequence[dict[str, Any]], cells: Sequence[Hashable]
) -> tuple[list[int], list[int]]:
    """Return the place of each result among the replications of its experiment, and their numbers.

    Numbers are those of the campaign, or counted where they are unknown or of several seeds.
    """
    given = [one.get("replication") for one in facts]
    seeds = {seed_of(one) for one in facts}
    if len(seeds) == 1 and all(type(one) is int for one in given):
        known = [*zip(cells, given, strict=True)]
        if len(set(known)) == len(known):
            labels = sorted({one for one in given if one is not None})
            return [labels.index(one) for one in given if one is not None], labels
    seen: dict[Hashable, int] = {}
    places = []
    for cell in cells:
        places.append(seen.get(cell, 0))
        seen[cell] = places[-1] + 1
    return places, list(range(max(places) + 1))
