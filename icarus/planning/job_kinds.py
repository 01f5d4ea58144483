"""Which kind of job an experiment is, and what its kind says of it before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from icarus.core.kinds import COMPONENT_SECTIONS
from icarus.core.section_checks import Finding
from icarus.errors import nearest
from icarus.planning.user_functions import raised_at
from icarus.registry import JOB_KIND
from icarus.util import Tree

__all__ = [
    "CASE",
    "SIMULATION",
    "WALK",
    "check_by_kind",
    "kind_of",
    "kinds_of",
    "sections_of_kinds",
]

SIMULATION = "simulation"
"""The kind of experiments that have no section of another one."""


CASE = "case"
"""The kind of experiments that are steps on resources."""

WALK = "walk"
"""The kind of experiments that are done in stages."""


def sections_of_kinds(experiment: Mapping[str, Any]) -> list[str]:
    """Return the sections of an experiment that tell of its kind; more than one is a mistake."""
    known = set(JOB_KIND.keys())
    return [key for key in experiment.keys() if key in known and key != SIMULATION]  # noqa: SIM118


def kind_of(experiment: Mapping[str, Any]) -> str:
    """Return the kind of job that an experiment is."""
    return next(iter(sections_of_kinds(experiment)), SIMULATION)


def kinds_of(experiments: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the kind of job that each of many experiments is."""
    # Nearly all have the same sections.
    known: dict[tuple[Any, ...], str] = {}
    kinds = []
    for experiment in experiments:
        sections = tuple(experiment.keys())
        if sections not in known:
            known[sections] = kind_of(experiment)
        kinds.append(known[sections])
    return kinds


def check_by_kind(experiment: Tree) -> list[Finding] | None:
    """Return what is wrong with an experiment of another kind than simulations; None for those."""
    found = sections_of_kinds(experiment)
    if len(found) > 1:
        named = " and ".join(map(repr, found))
        return [(found[1], f"an experiment is of one kind, and this one has sections of {named}")]
    if not found:
        return _meant_as_another(experiment)
    check = JOB_KIND.checks.get(found[0])
    if check is None:
        return []
    try:
        problems: Iterable[Any] = check(experiment)
        return [_finding(problem) for problem in problems or ()]
    except Exception as error:
        what = f"{type(error).__name__}: {error}{raised_at(error)}"
        return [(found[0], f"the check of this kind of job raised {what}")]


def _finding(problem: Any) -> Finding:
    if isinstance(problem, str):
        return "", problem
    place, text = problem
    return str(place), str(text)


def _meant_as_another(experiment: Mapping[str, Any]) -> list[Finding] | None:
    """Return the problem of an experiment without components whose kind was misspelt."""
    keys = list(experiment.keys())
    if any(key in COMPONENT_SECTIONS for key in keys):
        return None
    for key in keys:
        near = nearest(str(key), [kind for kind in JOB_KIND.keys() if kind != SIMULATION])  # noqa: SIM118
        if near is not None:
            return [(str(key), f"no section that is read; did you mean {near!r}?")]
    return None
