"""The experiments of a queue, each of them checked."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from icarus.core.section_checks import Finding
from icarus.core.values import nesting_problem, shown
from icarus.design import Design, Point
from icarus.design.drawing import integers
from icarus.design.factors import AxisInfo
from icarus.plaintext import some_of
from icarus.planning.job_kinds import check_by_kind
from icarus.planning.sections import SharedSections
from icarus.planning.validation import SectionChecker
from icarus.util import Tree

__all__ = ["MOST_EXPERIMENTS", "Queue", "check_sections", "lines_of", "read_queue"]

MOST_EXPERIMENTS = 10**6
"""Of one campaign: the plan of so many takes a minute and some 2 GB."""
_MOST_NAMES = 3
"""Components that a warning lists which do not know a parameter."""
_LOOKED_AT = 300
"""Values of a section that are looked at in a design that is too large for one campaign."""


class _Entry(NamedTuple):
    """An entry of a queue."""

    number: int
    """Its place, from 0."""
    experiment: Tree
    excluded: str | None = None
    """The constraint of its design that excludes it."""
    problem: Finding | None = None
    """What is wrong with it as a tree."""
    runs: int | None = None
    """How many replications there are of it, where that is its own affair."""


@dataclass
class Queue:
    """What a queue says is to be run."""

    experiments: list[Tree] = field(default_factory=list)
    """In order; they share the sections that they have in common."""
    excluded: dict[int, str] = field(default_factory=dict)
    """Experiments that a design excludes, by place, with the names of the constraints."""
    runs: dict[int, int] = field(default_factory=dict)
    """Numbers of replications, by place, of experiments that have their own."""


def read_queue(queue: Any, problems: list[str], warnings: list[str]) -> Queue:
    """Return the experiments of a queue, of which all are checked but those that are excluded.

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
        known = len(problems)
        axes = queue.axes if isinstance(queue, Design) else ()
        _read(_entries(queue), read, problems, warnings, axes)
        if not read.experiments and len(problems) == known:
            problems.append("EXPERIMENT_QUEUE: empty; there is nothing to run")
    return read


def _read(
    entries: Iterable[_Entry],
    read: Queue,
    problems: list[str],
    warnings: list[str],
    axes: Iterable[AxisInfo] = (),
) -> None:
    checker = SectionChecker()
    # A mistake in a loop that builds experiments is one problem, however often it occurs.
    found: dict[Finding, list[int]] = {}
    odd: dict[Finding, list[int]] = {}
    unread: dict[str, dict[str, None]] = {}
    for number, experiment, excluded, problem, runs in entries:
        if runs is not None:
            read.runs[number] = runs
        if problem is not None:
            found.setdefault(problem, []).append(number)
            continue
        read.experiments.append(experiment)
        if excluded is not None:
            # Perhaps as it could not be run.
            read.excluded[number] = excluded
            continue
        of_kind = check_by_kind(experiment)
        if of_kind is not None:
            for one in of_kind:
                found.setdefault(one, []).append(number)
            continue
        report = checker.check_experiment(experiment)
        for one in report.problems:
            found.setdefault(one, []).append(number)
        for one in report.warnings:
            odd.setdefault(one, []).append(number)
        for place, name in report.unread:
            unread.setdefault(place, {})[name] = None
    problems += lines_of(found, axes)
    warnings += lines_of(odd, axes)
    warnings += _about_unread(unread)


def _entries(queue: Iterable[Any]) -> Iterator[_Entry]:
    sections = SharedSections()
    if isinstance(queue, Design):
        for number, (experiment, excluded) in enumerate(sections.points(queue)):
            yield _Entry(number, experiment, excluded)
        return
    for number, entry in enumerate(queue):
        if not isinstance(entry, Mapping):
            hint = "; write * before a design in a list" if isinstance(entry, Design) else ""
            message = f"should be a Tree or a dict, found {shown(entry)}{hint}"
            yield _Entry(number, Tree(), problem=("", message))
            continue
        # A Tree cannot be made of a dict that contains itself.
        nested = None if isinstance(entry, Tree) else nesting_problem(entry)
        experiment = Tree() if nested else Tree(entry)
        if nested is None and sections.share(experiment):
            nested = nesting_problem(entry)
        if isinstance(entry, Point):
            yield _Entry(number, experiment, entry.excluded, nested, entry.runs)
        else:
            yield _Entry(number, experiment, None, nested)


def check_sections(design: Design) -> list[str]:
    """Return what is wrong with a design that is too large for its points to be looked at.

    Each section is looked at by itself, in the first point that has it and is admitted; of many
    different ones, some hundreds. Where sections are not listed, points are drawn.
    """
    places = set(itertools.islice(integers(design.size, seed=1), _LOOKED_AT))
    for values in design.sections().values():
        found = [one.admitted for one in values or () if one.admitted is not None]
        places |= set(found[:: max(len(found) // _LOOKED_AT, 1)])
    points = ((place, design[place]) for place in sorted(places))
    problems: list[str] = []
    entries = (_Entry(place, point, point.excluded) for place, point in points)
    _read(entries, Queue(), problems, [], design.axes)
    return problems


def _about_unread(unread: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the warning about parameters that no component reads, if there are any."""
    if not unread:
        return []
    listed = [f"{place} (of {some_of(names, _MOST_NAMES)})" for place, names in unread.items()]
    return [
        "EXPERIMENT_QUEUE: parameters that their components do not know are kept with the results "
        f"and are otherwise ignored: {', '.join(listed)}"
    ]


def lines_of(
    found: Mapping[tuple[str, str], list[int]], axes: Iterable[AxisInfo] = ()
) -> list[str]:
    """Write each problem once, with the experiments that have it; experiments count from 0.

    Of a design it is said on which of its `axes` the value is, unless all points have it.
    """
    axis_of = {path: axis.name for axis in axes for path in axis.paths}
    lines = []
    for (place, message), numbers in found.items():
        path = f".{place}" if place else ""
        others = len(numbers) - 1
        axis = axis_of.get(place) or axis_of.get(place.partition(".")[0])
        notes = [f"axis {axis}"] if axis else []
        if others:
            notes.append(f"and {others:,} more experiment{'s' if others > 1 else ''}")
        more = f" ({', '.join(notes)})" if notes else ""
        lines.append(f"EXPERIMENT_QUEUE[{numbers[0]}]{path}: {message}{more}")
    return lines
