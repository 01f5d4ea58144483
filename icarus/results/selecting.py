"""Part of a result set: the experiments that are meant, each simulation once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from icarus.errors import ResultsError
from icarus.results.merging import once
from icarus.results.resultset import ResultSet
from icarus.results.variation import Row, matching, rows_of
from icarus.util import Tree

__all__ = ["Where", "part_of", "require_results", "selected", "shared_rows"]

Where: TypeAlias = Mapping[str, Any] | str | Iterable[str] | None
"""Conditions, as ``variation.matching`` takes them."""


def selected(results: ResultSet, where: Where = None) -> ResultSet:
    """Return the results, and failures, that fulfil all conditions, each once.

    Raises
    ------
    PlotError
        If a condition is of no use.
    """
    return part_of(once(results), where)


def part_of(results: ResultSet, where: Where) -> ResultSet:
    """Return the same of a set that has each simulation once."""
    if not where:
        return results
    pairs = results.dump()
    experiments = [*(params for params, _ in pairs), *(params for params, _ in results.failures)]
    kept = matching(shared_rows(experiments), where)
    part = ResultSet(results.attr)
    facts = results.metadata
    for i in kept:
        if i < len(pairs):
            part.add(*pairs[i], facts[i])
        else:
            part.add_failure(*results.failures[i - len(pairs)])
    return part


def require_results(results: ResultSet, what: str = "") -> None:
    """Raise ResultsError if a set has no results."""
    if not len(results):
        failed = f"; {len(results.failures)} simulations failed" if results.failures else ""
        raise ResultsError(f"there are no results{what}{failed}")


def shared_rows(experiments: Sequence[Tree]) -> list[Row]:
    """Return parameters as rows; experiments of the same parts, as replications are, share one."""
    known: dict[tuple[Any, ...], Row] = {}
    rows = []
    for params in experiments:
        # Replications that are read from a file share all parts of their parameters.
        parts = (*params.keys(), *map(id, params.values()))
        if parts not in known:
            known[parts] = rows_of([params])[0]
        rows.append(known[parts])
    return rows
