"""The experiments of a queue, each of them checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from icarus.core.section_checks import Finding
from icarus.core.values import nesting_problem, shown
from icarus.design import Design, Point
from icarus.plaintext import some_of
from icarus.planning.sections import SharedSections
from icarus.planning.validation import SectionChecker
from icarus.util import Tree

__all__ = ["MOST_EXPERIMENTS", "Queue", "lines_of", "read_queue"]

MOST_EXPERIMENTS = 10**6
"""Of one campaign: the plan of so many takes a minute and some 2 GB."""
_MOST_NAMES = 3
"""Components that a warning lists which do not know a parameter."""


@dataclass
class Queue:
    """What a queue says is to be run."""

    experiments: list[Tree] = field(default_factory=list)
    """In order; they share the sections that they have in common."""
    excluded: dict[int, str] = field(default_factory=dict)
    """Experiments that a design excludes, by place, with the names of the constraints."""


def read_queue(queue: Any, problems: list[str], warnings: list[str]) -> Queue:
    """Return the experiments of a queue, checked, those aside that its design excludes.

    Parameters
    ----------
    queue : iterable of Tree or dict
        As ``EXPERIMENT_QUEUE`` has it.
    problems, warnings : list of str
        Get what is wrong and what looks odd.
    """
    read = Queue()
    if isinstance(queue, (str, Mapping)) or not isinstance(queue, Iterable):
        problems.append(
            f"EXPERIMENT_QUEUE: should be a list or deque of experiments, found {queue!r}"
        )
    elif isinstance(queue, Design) and queue.size > MOST_EXPERIMENTS:
        problems.append(
            f"EXPERIMENT_QUEUE: {queue.size:,} experiments are more than the {MOST_EXPERIMENTS:,} "
            "that one campaign may have; run a part of them with --sample N, --points A:B or "
            "--shard K/N, whose results icarus results merge puts together"
        )
    else:
        _read(queue, read, problems, warnings)
    return read


def _read(queue: Any, read: Queue, problems: list[str], warnings: list[str]) -> None:
    checker = SectionChecker()
    # A mistake in a loop that builds experiments is one problem, however often it occurs.
    found: dict[Finding, list[int]] = {}
    odd: dict[Finding, list[int]] = {}
    unread: dict[str, dict[str, None]] = {}
    number = -1
    for number, (experiment, excluded, problem) in enumerate(_entries(queue)):
        if problem is not None:
            found.setdefault(problem, []).append(number)
            continue
        read.experiments.append(experiment)
        if excluded is not None:
            # Perhaps as it could not be run.
            read.excluded[number] = excluded
            continue
        report = checker.check_experiment(experiment)
        for one in report.problems:
            found.setdefault(one, []).append(number)
        for one in report.warnings:
            odd.setdefault(one, []).append(number)
        for place, name in report.unread:
            unread.setdefault(place, {})[name] = None
    if number < 0:
        problems.append("EXPERIMENT_QUEUE: empty; there is nothing to run")
    problems += lines_of(found)
    warnings += lines_of(odd)
    warnings += _about_unread(unread)


def _entries(queue: Iterable[Any]) -> Iterator[tuple[Tree, str | None, Finding | None]]:
    """Yield each experiment, why its design excludes it, and what is wrong with it as a tree."""
    sections = SharedSections()
    if isinstance(queue, Design):
        for experiment, excluded in sections.points(queue):
            yield experiment, excluded, None
        return
    for entry in queue:
        if not isinstance(entry, Mapping):
            hint = "; write * before a design in a list" if isinstance(entry, Design) else ""
            yield Tree(), None, ("", f"should be a Tree or a dict, found {shown(entry)}{hint}")
            continue
        # A Tree cannot be made of a dict that contains itself.
        nested = None if isinstance(entry, Tree) else nesting_problem(entry)
        experiment = Tree() if nested else Tree(entry)
        if nested is None and sections.share(experiment):
            nested = nesting_problem(entry)
        yield experiment, entry.excluded if isinstance(entry, Point) else None, nested


def _about_unread(unread: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the warning about parameters that no component reads, if there are any."""
    if not unread:
        return []
    listed = [f"{place} (of {some_of(names, _MOST_NAMES)})" for place, names in unread.items()]
    return [
        "EXPERIMENT_QUEUE: parameters that their components do not know are kept with the results "
        f"and are otherwise ignored: {', '.join(listed)}"
    ]


def lines_of(found: Mapping[tuple[str, str], list[int]]) -> list[str]:
    """Write each problem once, with the experiments that have it; experiments count from 0."""
    lines = []
    for (place, message), numbers in found.items():
        path = f".{place}" if place else ""
        more = f" (and {len(numbers) - 1} more experiments)" if len(numbers) > 1 else ""
        lines.append(f"EXPERIMENT_QUEUE[{numbers[0]}]{path}: {message}{more}")
    return lines
