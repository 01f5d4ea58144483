"""One result for each simulation, however many files have it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from icarus.core.meaning import Meanings
from icarus.errors import ResultsError
from icarus.metering import without_resources
from icarus.results.resultset import UNFINISHED, ResultSet

__all__ = ["CHANGES_NOTHING", "Merged", "merge", "merged", "once", "seed_of"]

logger = logging.getLogger("results")

_MOST_NAMED = 3
"""Results that are there again and are named, of each file."""
_MOST_CONFLICTS = 20
CHANGES_NOTHING = ("desc", "engine")
"""Parameters of an experiment that no result depends on."""


@dataclass(frozen=True)
class Merged:
    """The results of several sets, each simulation once."""

    results: ResultSet
    notes: list[str]
    """What was left out, a line for each file."""


@dataclass
class _Seen:
    """What was taken up so far."""

    jobs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the id of a job: the meaning of its results, and the name of the set that has it."""
    contents: dict[str, str] = field(default_factory=dict)
    """By the meaning of parameters and results: the name of the set that has it."""
    failures: set[str] = field(default_factory=set)
    again: dict[str, list[str]] = field(default_factory=dict)
    """By the name of a set, what is left out of it."""
    conflicts: list[str] = field(default_factory=list)


def merge(sets: Sequence[tuple[str, ResultSet]]) -> Merged:
    """Return the results of several sets, in their order, each simulation once.

    A simulation is known by the id of its job. Results without one, such as those of Icarus
    0.8, and results of other versions, are the same where parameters, replication, seed and all
    results are equal to the bit; what differs in any of these is a replication.

    Parameters
    ----------
    sets : sequence of (str, ResultSet)
        With the names, such as those of files, that messages are to call them by.

    Raises
    ------
    ResultsError
        If a job has other results in one set than in another, with a line for each such job.
    """
    seen = _Seen()
    both = ResultSet(_attributes([results.attr for _, results in sets]))
    alone = _alone([results for _, results in sets])
    number = 0
    for name, results in sets:
        for (params, tree), facts in zip(results, results.metadata, strict=True):
            if number in alone or _is_new(name, params, tree, facts, seen):
                both.add(params, tree, facts)
            number += 1
    if seen.conflicts:
        more = len(seen.conflicts) - _MOST_CONFLICTS
        lines = seen.conflicts[:_MOST_CONFLICTS]
        raise ResultsError(*lines, *([f"and {more} more jobs"] if more > 0 else []))
    done = {str(facts["job"]) for facts in both.metadata if facts.get("job")}
    for name, results in sets:
        for params, facts in results.failures:
            job = str(facts.get("job") or "")
            if job and (job in done or job in seen.failures):
                seen.again.setdefault(name, []).append(_what(params, facts))
                continue
            seen.failures.add(job)
            both.add_failure(params, facts)
    if waiting := {*both.attr.get(UNFINISHED, ())} - done - seen.failures:
        both.attr[UNFINISHED] = sorted(waiting)
    else:
        both.attr.pop(UNFINISHED, None)
    return Merged(both, _notes(seen))


def _attributes(attributes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what sets say of themselves, which is the same but for jobs that have not ended."""
    known = [{key: one[key] for key in one if key != UNFINISHED} for one in attributes]
    if any(one != known[0] for one in known):
        raise ValueError(f"result sets with different attributes cannot be merged: {known}")
    waiting = {job for one in attributes for job in one.get(UNFINISHED, ())}
    return (known[0] if known else {}) | ({UNFINISHED: waiting} if waiting else {})


def _alone(sets: Sequence[ResultSet]) -> set[int]:
    """Return the numbers of results that no other is like, going by what is compared fast.

    Only the rest is looked at to the bit, which takes longer than reading it.
    """
    of: list[tuple[str, Hashable]] = []
    for results in sets:
        for (_, tree), facts in zip(results, results.metadata, strict=True):
            of.append((str(facts.get("job") or ""), (facts.get("replication"), *_numbers(tree))))
    jobs, alike = Counter(job for job, _ in of), Counter(same for _, same in of)
    return {
        number
        for number, (job, same) in enumerate(of)
        if alike[same] == 1 and (not job or jobs[job] == 1)
    }


def _numbers(tree: Mapping[str, Any]) -> Iterator[Hashable]:
    """Yield the single numbers of results, which those that are equal to the bit have in common."""
    for metrics in without_resources(tree).values():
        if isinstance(metrics, Mapping):
            for value in metrics.values():
                if isinstance(value, float):
                    # One that is not a number equals itself here, as it does to the bit.
                    yield value if value == value else "nan"
                elif isinstance(value, int):
                    yield value


def _relevant(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if key not in CHANGES_NOTHING}


def once(results: ResultSet, name: str = "the results") -> ResultSet:
    """Return the results of one set, each simulation once; what was left out is logged.

    A set of which nothing is left out is returned as it is.

    Raises
    ------
    ResultsError
        If a job is there twice, with other results.
    """
    if not results.failures and len(_alone([results])) == len(results):
        return results
    found = merge([(name, results)])
    for note in found.notes:
        logger.warning("%s", note)
    return found.results if found.notes else results


def merged(sets: Sequence[tuple[str, ResultSet]]) -> ResultSet:
    """Return the same and log what was left out."""
    found = merge(sets)
    for note in found.notes:
        logger.warning("%s", note)
    return found.results


def seed_of(facts: Mapping[str, Any]) -> Any:
    """Return the ``SEED`` of the campaign that a result is of; None where it was not recorded."""
    seed = facts.get("seed")
    return seed.get("entropy") if isinstance(seed, Mapping) else None


def _is_new(
    name: str, params: Mapping[str, Any], tree: Any, facts: Mapping[str, Any], seen: _Seen
) -> bool:
    meanings = Meanings()
    # What a job used is another each time that it runs.
    results, _ = meanings.of(without_resources(tree))
    job = str(facts.get("job") or "")
    if job in seen.jobs:
        before, place = seen.jobs[job]
        if before == results:
            seen.again.setdefault(name, []).append(_what(params, facts))
        else:
            where = f"twice in {name}" if place == name else f"in {place} and in {name}"
            seen.conflicts.append(f"job {job}: {where}, with other results; keep one of them")
        return False
    content, _ = meanings.of([_relevant(params), facts.get("replication"), seed_of(facts), results])
    if content in seen.contents:
        seen.again.setdefault(name, []).append(_what(params, facts))
        return False
    seen.contents[content] = name
    if job:
        seen.jobs[job] = results, name
    return True


def _what(params: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    if facts.get("job"):
        return f"job {facts['job']}"
    named = (params.get(section) for section in ("strategy", "cache_policy", "topology"))
    names = [str(one["name"]) for one in named if isinstance(one, Mapping) and "name" in one]
    return " ".join(names) or "results without a name"


def _notes(seen: _Seen) -> list[str]:
    notes = []
    for name, again in seen.again.items():
        shown = ", ".join(list(Counter(again))[:_MOST_NAMED])
        more = ", ..." if len(again) > _MOST_NAMED else ""
        what = "1 result is" if len(again) == 1 else f"{len(again)} results are"
        notes.append(
            f"{name}: {what} there already and left out, as one simulation counts once: "
            f"{shown}{more}"
        )
    return notes
