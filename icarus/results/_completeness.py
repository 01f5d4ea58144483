"""How much of a campaign has given results: what every table, figure and report says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from icarus.results.merging import once
from icarus.results.resultset import UNFINISHED, ResultSet
from icarus.results.variation import matching, rows_of

__all__ = ["Completeness", "completeness", "missing_jobs"]


@dataclass(frozen=True)
class Completeness:
    """How many simulations gave results, and how many there were to run."""

    done: int
    planned: int

    @property
    def is_complete(self) -> bool:
        """Whether every simulation that was planned gave its results."""
        return self.done == self.planned

    @property
    def text(self) -> str:
        """Such as ``37 of 54 simulations``, or ``54 simulations`` of all."""
        share = f"{self.done:,}" if self.is_complete else f"{self.done:,} of {self.planned:,}"
        return f"{share} simulation{'' if self.planned == 1 else 's'}"

    @property
    def warning(self) -> str:
        """What is to stand beside anything made of the results; empty if nothing is missing."""
        return "" if self.is_complete else f"incomplete: {self.text} gave results"


def completeness(
    results: ResultSet, where: Mapping[str, Any] | str | Iterable[str] | None = None
) -> Completeness:
    """Return how many simulations gave results, and how many there were to run, each once.

    Simulations that the settings excluded were none to run; those that failed, were interrupted or
    skipped were, and so were jobs that a journal says have not ended. Of files that record none of
    this, such as those of Icarus 0.8, all that there is was planned.

    Parameters
    ----------
    results : ResultSet
    where : mapping, or iterable of str, optional
        Only these experiments, as ``plot_results`` takes it. Jobs that had not been started when
        results were taken from a journal have no parameters yet, and are none of these.

    Raises
    ------
    PlotError
        If a condition is of no use.

    Examples
    --------
    >>> results = ResultSet()
    >>> results.add({"strategy": {"name": "LCE"}}, {"LATENCY": {"MEAN": 71.2}}, {"job": "a"})
    >>> results.add_failure({"strategy": {"name": "LCD"}}, {"job": "b", "status": "FAILED"})
    >>> completeness(results).text
    '1 of 2 simulations'
    """
    results = once(results)
    trees = [params for params, _ in results]
    experiments = [*trees, *(params for params, _ in results.failures)]
    chosen = range(len(experiments)) if where is None else matching(rows_of(experiments), where)
    kept = {*chosen}
    done = sum(i < len(trees) for i in kept)
    failures = [one for i, one in enumerate(results.failures, len(trees)) if i in kept]
    planned = done + missing_jobs(results.metadata, (facts for _, facts in failures))
    if where is None:
        ended = {facts.get("job") for facts in results.metadata}
        ended |= {facts.get("job") for _, facts in failures}
        planned += len({*results.attr.get(UNFINISHED, ())} - ended)
    return Completeness(done, planned)


def missing_jobs(facts: Iterable[Mapping[str, Any]], failures: Iterable[Mapping[str, Any]]) -> int:
    """Return how many jobs gave no result, by facts of those that did and did not.

    Those that the settings excluded were none to run.
    """
    done = {one["job"] for one in facts if one.get("job")}
    return sum(one.get("status") != "VETOED" and one.get("job") not in done for one in failures)
