"""Checks of what settings give a component against its signature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from icarus.core.capacities import CAPACITY_KEYS, CAPACITY_SIZES, capacity_problems
from icarus.core.kinds import (
    COMPONENT_SECTIONS,
    KINDS,
    common_parameters,
    conformed_section,
    is_built_in,
    settable_parameters,
)
from icarus.core.signatures import Parameter, parameters, takes_any_keyword
from icarus.core.values import check_value
from icarus.errors import ComponentError, nearest, suggestion

__all__ = ["Finding", "Report", "check_section"]

Finding = tuple[str, str]
"""A place inside a section or an experiment, and what is wrong there."""


@dataclass
class Report:
    """What was found in one section or one experiment."""

    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    unread: list[Finding] = field(default_factory=list)
    """Parameters that their component, named beside them, does not know."""

    def include(self, section: str, other: Report) -> None:
        """Add what was found in a section of an experiment."""
        self.problems += [(f"{section}.{place}", text) for place, text in other.problems]
        self.warnings += [(f"{section}.{place}", text) for place, text in other.warnings]
        self.unread += [(f"{section}.{place}", name) for place, name in other.unread]


def check_section(kind: str, section: Mapping[str, Any]) -> Report:
    """Check one section: the component it names and the parameters it gives.

    Parameters
    ----------
    kind : str
        Name of the section, or ``collector``.
    section : mapping
        The name of the component under ``name``, and its parameters.
    """
    report = Report()
    registry = KINDS[kind].registry
    if "name" not in section:
        report.problems.append(("name", f"missing; it says which {registry.kind} to use"))
        return report
    name = section["name"]
    try:
        component = registry.resolve(name)
    except ComponentError as error:
        report.problems.append(("name", str(error)))
        return report
    given = {key: value for key, value in section.items() if key != "name"}
    framework = CAPACITY_KEYS if kind == "cache_placement" else ()
    lacking = kind == "cache_placement" and _check_capacity(given, report)
    known = settable_parameters(kind, component)
    common = common_parameters(kind, component)
    missing = [one.name for one in known.values() if one.required and one.name not in given]
    may_be_tags = not lacking and not missing and kind in COMPONENT_SECTIONS
    for key, value in given.items():
        if key in known:
            _check_parameter(known[key], value, report)
        elif key in common:
            for place, text in common[key].conform(value)[1]:
                report.problems.append((f"{key}.{place}" if place else key, text))
        else:
            likely = _likely(str(key), common)
            _check_unknown(name, component, key, [*framework, *known], likely, may_be_tags, report)
    report.problems += [(key, f"missing; {name} needs it") for key in missing]
    if kind == "workload" and given.get("n_measured") == 0 and "n_measured" in known:
        report.warnings.append(
            ("n_measured", "0: nothing will be measured, and every metric is NaN")
        )
    hook = registry.checks.get(name)
    if hook is not None and not report.problems:
        taken = conformed_section(kind, {"name": name, **given})
        taken = {key: value for key, value in taken.items() if key not in {"name", *common}}
        report.problems += [("name", f"{name}: {problem}") for problem in hook(taken)]
    return report


def _check_capacity(given: dict[str, Any], report: Report) -> bool:
    """Check how large caches are to be and take it out; return whether it is missing."""
    problems, notes = capacity_problems(given)
    report.problems += problems
    report.warnings += notes
    missing = not any(given.get(key) is not None for key in CAPACITY_SIZES)
    for key in CAPACITY_KEYS:
        given.pop(key, None)
    return missing


def _check_parameter(parameter: Parameter, value: Any, report: Report) -> None:
    if not parameter.typed or (value is None and parameter.default is None):
        return
    for problem in check_value(parameter.annotation, value):
        report.problems.append((parameter.name, problem))


def _likely(key: str, names: Iterable[str]) -> list[str]:
    """Return the names that a key may be a slip of.

    All components of a kind take them, and what is only like a short one, such as a tag "title"
    like "ttl", was taken for a tag before there were any.
    """
    return [one for one in names if key.startswith(one) or abs(len(key) - len(one)) < 2]


def _check_unknown(
    name: str,
    component: Callable[..., Any],
    key: str,
    known: list[str],
    likely: list[str],
    may_be_tag: bool,
    report: Report,
) -> None:
    """Judge a parameter that a component does not name.

    Settings give all strategies the parameters of one, or tag experiments for their plots, and
    built-in components leave out what they do not know. It is a mistake where it is nearly the
    name of a parameter, or where something that is needed is missing. A user's own component
    that takes any keyword may well read it; one that does not would fail.

    `likely` are names that no component of the kind gets, and that the parameter may stand for.
    """
    built_in = is_built_in(component)
    if takes_any_keyword(component) and not built_in:
        if (near := nearest(key, likely)) is not None:
            report.warnings.append((key, f"{name} gets it; did you mean {near!r}?"))
        return
    if key in parameters(component):
        # Such as the size of a cache, which follows from the placement of caches.
        report.problems.append((key, f"{name} has no parameter {key!r} for settings to give"))
        return
    known = [*known, *likely]
    if built_in and may_be_tag and nearest(key, ["name", *known]) is None:
        report.unread.append((key, name))
        return
    hint = suggestion(key, known) if known else "it takes none"
    report.problems.append((key, f"{name} has no parameter {key!r}; {hint}"))
