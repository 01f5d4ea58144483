"""Whether what the description of a plot asks for is there, and may be averaged.

A plot of what is not there would be blank axes, and one of what differs would be a mean of nothing;
both are refused, with the name that was meant or what differs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from icarus.errors import PlotError, nearest, suggestion
from icarus.results.labels import value_text
from icarus.results.variation import Row, dimensions_of, dotted, key_of, rows_of
from icarus.util import Tree

__all__ = ["check_alike", "check_metric", "check_parameter", "check_values", "leaves_of"]

_MOST_NAMED = 4
"""Differences, and values of each, that a message names."""

Path = tuple[Any, ...]


def leaves_of(tree: Mapping[Any, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of each leaf of a tree."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves_of(value, (*above, key))
        else:
            yield (*above, key), value


def check_metric(metric: Path, results: Sequence[Tree]) -> None:
    """Raise PlotError if no result has a metric."""
    if any(tree.getval(metric) is not None for tree in results):
        return
    known = {dotted(path) for tree in results for path, _ in _two_levels(tree)}
    raise PlotError(f"unknown metric {dotted(metric)!r}; {suggestion(dotted(metric), known)}")


def _two_levels(tree: Tree) -> Iterator[tuple[Path, Any]]:
    # Deeper there are nodes, links and contents.
    for collector, value in tree.items():
        if isinstance(value, Mapping):
            yield from (((collector, key), item) for key, item in value.items())
        else:
            yield (collector,), value


def check_parameter(path: Path, params: Sequence[Tree], where: str) -> None:
    """Raise PlotError if no experiment has a parameter."""
    if any(tree.getval(path) is not None for tree in params):
        return
    known = {dotted(path) for tree in params for path, _ in leaves_of(tree)}
    if dotted(path) in known:  # it is None everywhere
        return
    near = suggestion(dotted(path), known)
    raise PlotError(f"{where}: no experiment has a parameter {dotted(path)!r}; {near}")


def check_values(path: Path, wanted: Sequence[Any], params: Sequence[Tree], where: str) -> None:
    """Raise PlotError if no experiment has any of the values that are wanted."""
    found: dict[Hashable, str] = {}
    for tree in params:
        value = tree.getval(path)
        found.setdefault(key_of(value), value_text(value))
    if not wanted or any(key_of(value) in found for value in wanted):
        return
    asked = " or ".join(map(value_text, wanted))
    near = nearest(value_text(wanted[0]), found.values())
    hint = f"did you mean {near!r}? " if near else ""
    texts = ", ".join(list(found.values())[: 3 * _MOST_NAMED])
    raise PlotError(f"{where}: no experiment has {dotted(path)} = {asked}; {hint}found: {texts}")


def check_alike(params: Iterable[Tree], what: str) -> None:
    """Raise PlotError unless experiments are replications of one, which may be averaged."""
    rows = rows_of(params)
    # What is the very same in all is by far the most common.
    differing = _differing(rows)
    if not differing:
        return
    kept = [{path: row[path] for path in differing if path in row} for row in rows]
    dimensions, _ = dimensions_of(kept)
    if not dimensions:
        return
    named = []
    for one in dimensions[:_MOST_NAMED]:
        texts = [one.texts[key] for key in one.values]
        more = ", ..." if len(texts) > _MOST_NAMED else ""
        named.append(f"{dotted(one.path)} ({', '.join(texts[:_MOST_NAMED])}{more})")
    raise PlotError(
        f"{what} would be the mean of {len(rows)} simulations that differ in "
        f"{' and '.join(named)}; choose one with filter or ycondnames"
    )


def _differing(rows: Sequence[Row]) -> list[Path]:
    """Return the parameters that are not the same in all experiments."""
    if len(rows) < 2:
        return []
    paths = dict.fromkeys(path for row in rows for path in row)
    return [path for path in paths if len({key_of(row.get(path)) for row in rows}) > 1]
