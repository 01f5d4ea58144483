"""Tables of what each simulation has many of: nodes, links, contents, windows, distributions.

Of nodes and links, collectors leave out what served or carried nothing. Where that is so, rows
with 0 stand for it: of each cache that the collector ``CACHE_USE`` lists, otherwise of each node
or link that any result of the same topology names. What is 0 everywhere is not known of.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.errors import PlotError, ResultsError, suggestion
from icarus.results.frames import (
    Chosen,
    chosen_results,
    column_of,
    frame_of,
    identity_columns,
    marked,
    numbers_of,
    plain_value,
)
from icarus.results.metrics import Metric, metrics_meant, pair
from icarus.results.over_time import timeline_of
from icarus.results.resultset import ResultSet
from icarus.results.selecting import Where
from icarus.results.variation import Row, dotted, key_of
from icarus.util import Tree

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "table_of"]

_PREFIXES = {"nodes": "PER_NODE", "links": "PER_LINK", "contents": "PER_CONTENT"}
_KEYS = {"nodes": ("node",), "links": ("source", "target"), "contents": ("content",)}
_KEYS["windows"] = ("window", "start", "end", "first")
TABLES = ("metrics", *_KEYS, "distributions")
"""Names of tables: single numbers, then what there is many of."""

_HITS = "CACHE_HIT_RATIO"
_CACHES = ("CACHE_USE", "PER_NODE", "LOOKUPS")
"""The metric that has every cache."""
_ZEROS: dict[Metric, tuple[str, str]] = {
    **{
        (_HITS, f"PER_NODE_{who}_{what}"): (who, mean)
        for who in ("CACHE", "SERVER")
        for what, mean in (("HIT_RATIO", "MEAN"), ("BYTE_HIT_RATIO", "BYTE_HIT_RATIO"))
    },
    ("LINK_LOAD", "PER_LINK_INTERNAL"): ("INTERNAL", "MEAN_INTERNAL"),
    ("LINK_LOAD", "PER_LINK_EXTERNAL"): ("EXTERNAL", "MEAN_EXTERNAL"),
}
"""Metrics that leave out what is 0: what they are of, and which number is NaN if they are unknown
rather than 0."""


@dataclass
class _Records:
    """Numbers, each of a simulation, of something that it has many of, and of a metric."""

    results: list[int] = field(default_factory=list)
    keys: list[Hashable] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def enter(self, result: int, metric: str, told: Mapping[Any, Any]) -> None:
        self.results += [result] * len(told)
        self.keys += told.keys()
        self.metrics += [metric] * len(told)
        self.values += told.values()


def table_of(
    results: ResultSet,
    table: str,
    wide: bool = False,
    metrics: str | Sequence[str] | None = None,
    where: Where = None,
) -> pd.DataFrame:
    """Return one of the tables of a result set; see ``ResultSet.to_frame``."""
    if table not in TABLES:
        raise PlotError(f"unknown table {table!r}; {suggestion(table, TABLES)}")
    if table == "metrics":
        return frame_of(results, wide, metrics, where)
    chosen = chosen_results(results, where)
    if table == "distributions":
        return _distributions(chosen, metrics)
    records = _over_time(chosen, metrics) if table == "windows" else _by_key(chosen, table, metrics)
    return _framed(chosen, records, _KEYS[table], wide)


def _framed(chosen: Chosen, records: _Records, names: Sequence[str], wide: bool) -> pd.DataFrame:
    import pandas as pd

    results, keys = records.results, records.keys
    values = numbers_of(records.values, float)
    columns: dict[str, Any] = {"metric": column_of(records.metrics), "value": values}
    if wide:
        places: dict[tuple[int, Hashable], int] = {}
        at = [places.setdefault(one, len(places)) for one in zip(results, keys, strict=True)]
        cells: dict[str, list[Any]] = {
            name: [None] * len(places) for name in dict.fromkeys(records.metrics)
        }
        for place, name, value in zip(at, records.metrics, records.values, strict=True):
            cells[name][place] = value
        results, keys = [result for result, _ in places], [key for _, key in places]
        columns = {name: numbers_of(told) for name, told in cells.items()}
    frame = pd.DataFrame(identity_columns(chosen, columns)).take(results).reset_index(drop=True)
    parts = [keys] if len(names) == 1 else [*zip(*keys, strict=True)] or [()] * len(names)
    for name, part in zip(names, parts, strict=True):
        frame[name] = column_of([plain_value(one) for one in part])
    return marked(frame.assign(**columns), chosen)


def _by_key(chosen: Chosen, table: str, asked: str | Sequence[str] | None) -> _Records:
    told = [dict(_mappings(tree, _PREFIXES[table])) for tree in chosen.trees]
    meant = _meant((path for one in told for path in one), table, asked)
    known = _known(chosen, told)
    records = _Records()
    for i, (one, row) in enumerate(zip(told, chosen.rows, strict=True)):
        for path in meant:
            if path not in one:
                continue
            found = one[path]
            if path in _ZEROS:
                of, mean = _ZEROS[path]
                caches = one.get(_CACHES) if of == "CACHE" else None
                everywhere = known[_topology(row), path[0], of] if caches is None else caches
                zero = _zero(chosen.trees[i].getval((path[0], mean)))
                found = {**dict.fromkeys((*everywhere, *found), zero), **found}
            records.enter(i, dotted(path), found)
    return records


def _zero(mean: Any) -> float:
    return math.nan if isinstance(mean, float) and math.isnan(mean) else 0.0


def _mappings(tree: Tree, prefix: str) -> Iterator[tuple[Metric, Mapping[Any, Any]]]:
    """Yield the metrics of a kind, such as per node; those of several numbers one by one."""
    for collector, entries in tree.items():
        for name, told in entries.items() if isinstance(entries, Mapping) else ():
            if not str(name).startswith(prefix) or not isinstance(told, Mapping):
                continue
            # Those that iterate in ways of their own, as trees do, become plain ones.
            nested = {key: dict(one) for key, one in told.items() if isinstance(one, Mapping)}
            for key, one in nested.items():
                yield (collector, name, key), one
            if len(nested) < len(told) or not told:
                yield (collector, name), {k: one for k, one in told.items() if k not in nested}


def _meant(paths: Iterable[Metric], table: str, asked: str | Sequence[str] | None) -> list[Metric]:
    found = dict.fromkeys(paths, False)
    if not found:
        raise ResultsError(f"the results hold no metrics for the table {table}")
    return list(metrics_meant(found, asked) if asked else found)


def _known(
    chosen: Chosen, told: Sequence[Mapping[Metric, Mapping[Any, Any]]]
) -> dict[tuple[Hashable, str, str], dict[Any, None]]:
    """Return what results name, by topology, collector and kind, in order of first occurrence."""
    known: dict[tuple[Hashable, str, str], dict[Any, None]] = {}
    for row, one in zip(chosen.rows, told, strict=True):
        for path, found in one.items():
            if path in _ZEROS:
                of = known.setdefault((_topology(row), path[0], _ZEROS[path][0]), {})
                of.update(dict.fromkeys(found))
    return known


def _topology(row: Row) -> Hashable:
    return tuple((path, key_of(value)) for path, value in row.items() if path[0] == "topology")


def _over_time(chosen: Chosen, asked: str | Sequence[str] | None) -> _Records:
    timelines = [timeline_of(tree) for tree in chosen.trees]
    paths = (("TIMELINE", name) for one in timelines if one is not None for name in one.values)
    meant = _meant(paths, "windows", asked)
    records = _Records()
    for i, one in enumerate(timelines):
        if one is None:
            continue
        frame = (one.start.tolist(), one.end.tolist(), one.first.astype(np.int64).tolist())
        windows = [*zip(range(len(one.start)), *frame, strict=True)]
        for path in meant:
            if path[-1] in one.values:
                told = zip(windows, one.values[path[-1]].tolist(), strict=True)
                records.enter(i, dotted(path), dict(told))
    return records


def _distributions(chosen: Chosen, asked: str | Sequence[str] | None) -> pd.DataFrame:
    """Return cumulative distributions: values, and the share of what does not exceed them."""
    import pandas as pd

    told = [dict(_pairs(tree)) for tree in chosen.trees]
    meant = _meant((path for one in told for path in one), "distributions", asked)
    found = [(i, path, one[path]) for i, one in enumerate(told) for path in meant if path in one]
    sizes = [len(values) for _, _, (values, _) in found]
    results = np.repeat([i for i, _, _ in found], sizes)
    frame = pd.DataFrame(identity_columns(chosen)).take(results).reset_index(drop=True)
    frame["metric"] = [
        dotted(path) for (_, path, _), size in zip(found, sizes, strict=True) for _ in range(size)
    ]
    frame["value"] = np.concatenate([values for _, _, (values, _) in found])
    frame["probability"] = np.concatenate([shares for _, _, (_, shares) in found])
    return marked(frame, chosen)


def _pairs(tree: Tree) -> Iterator[tuple[Metric, tuple[np.ndarray, np.ndarray]]]:
    for collector, entries in tree.items():
        for name, told in entries.items() if isinstance(entries, Mapping) else ():
            if str(name).startswith("CDF") and (found := pair(told)) is not None:
                yield (collector, name), found
