"""Checks of experiments against the signatures of the components they name."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from icarus.components import Parameter, parameters, takes_any_keyword
from icarus.errors import ComponentError, nearest, suggestion
from icarus.execution.compiled.choice import EngineName
from icarus.experiment import COMPONENT_SECTIONS, REQUIRED_SECTIONS
from icarus.hashing import digest
from icarus.registry import (
    CACHE_PLACEMENT,
    CACHE_POLICY,
    CONTENT_PLACEMENT,
    DATA_COLLECTOR,
    STRATEGY,
    TOPOLOGY_FACTORY,
    WORKLOAD,
    Registry,
)
from icarus.types import Positive

__all__ = ["Report", "SectionChecker", "check_value", "nesting_problem"]

SECTION_REGISTRIES: dict[str, Registry] = {
    "topology": TOPOLOGY_FACTORY,
    "workload": WORKLOAD,
    "cache_placement": CACHE_PLACEMENT,
    "content_placement": CONTENT_PLACEMENT,
    "strategy": STRATEGY,
    "cache_policy": CACHE_POLICY,
    "collector": DATA_COLLECTOR,
}

_GIVEN_BY_FRAMEWORK = {
    "topology": 0,
    "workload": 1,  # topology
    "cache_placement": 1,  # topology; cache_budget comes by name
    "content_placement": 2,  # topology, contents
    "strategy": 2,  # view, controller
    "cache_policy": 1,  # maxlen
    "collector": 1,  # view
}
"""How many leading parameters of a component of each kind settings do not give."""

_KNOWN_SECTIONS = (*COMPONENT_SECTIONS, "netconf", "engine", "desc")

_LONGEST = 120
"""Characters of a value that a problem shows."""

Finding = tuple[str, str]
"""A place inside a section or an experiment, and what is wrong there."""


@dataclass
class Report:
    """What was found in one section or one experiment."""

    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def include(self, section: str, other: Report) -> None:
        """Add what was found in a section of an experiment."""
        self.problems += [(f"{section}.{place}", text) for place, text in other.problems]
        self.warnings += [(f"{section}.{place}", text) for place, text in other.warnings]


@functools.cache
def _adapter(annotation: Any) -> TypeAdapter[Any] | None:
    config = ConfigDict(strict=True, arbitrary_types_allowed=True)
    try:
        return TypeAdapter(annotation, config=config)
    except Exception:
        # Annotations of users' classes may be anything; what pydantic has no use for is not
        # checked. Configuring a class that has a configuration of its own is one such case.
        return None


def check_value(annotation: Any, value: Any) -> list[str]:
    """Return what is wrong with `value` for a parameter of the type `annotation`.

    Parameters
    ----------
    annotation : type
        As in a signature, with constraints in ``Annotated``.
    value : object
        As settings give it. NumPy scalars count as the Python numbers they hold; nothing
        else is converted: the string ``"3"`` is not a number.
    """
    try:
        adapter = None if annotation is Any else _adapter(annotation)
    except TypeError:
        return []  # an unhashable annotation
    if adapter is None:
        return []
    if nested := nesting_problem(value):
        return [nested[1]]
    plain = _plain(value)
    try:
        adapter.validate_python(plain)
    except ValidationError as error:
        wanted = " or ".join(dict.fromkeys(_phrase(one) for one in error.errors()))
        return [f"{wanted}, found {_shown(value)}"]
    return []


def _shown(value: Any) -> str:
    """Return a value as a problem shows it: in one line, and not a long one."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _plain(value: Any) -> Any:
    """Return a value with NumPy scalars as Python's and trees as dicts."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(_plain, value))
    return value


def nesting_problem(value: Any) -> Finding | None:
    """Return where a value contains itself, or is nested too deeply to be handed on.

    Examples
    --------
    >>> experiment = {"workload": {"name": "STATIONARY"}}
    >>> experiment["workload"]["all"] = experiment
    >>> nesting_problem(experiment)
    ('workload.all', 'it contains itself')
    """
    return None if type(value) in _FLAT else _nesting(value, [], [], set())


_FLAT = (str, int, float, bool, type(None))
_NESTED = (list, tuple, set, frozenset, deque)
_DEEPEST = 100


def _nesting(value: Any, place: list[Any], above: list[int], seen: set[int]) -> Finding | None:
    items: Iterable[tuple[Any, Any]]
    # A dict first: asking the abstract class takes ten times as long.
    if isinstance(value, (dict, Mapping)):
        items = value.items()
    elif isinstance(value, _NESTED):
        items = enumerate(value)
    else:
        return None
    if id(value) in above:
        return ".".join(map(str, place)), "it contains itself"
    if len(above) == _DEEPEST:
        return ".".join(map(str, place[:5])), f"it is nested more than {_DEEPEST} deep"
    if id(value) not in seen:
        seen.add(id(value))
        above.append(id(value))
        for key, item in items:
            if type(item) not in _FLAT:
                found = _nesting(item, [*place, key], above, seen)
                if found is not None:
                    return found
        above.pop()
    return None


def _phrase(error: Any) -> str:
    text: str = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
    inside = [str(part) for part in error["loc"] if isinstance(part, int)]
    place = f"item {inside[-1]} " if inside else ""
    return place + text[0].lower() + text[1:]


class SectionChecker:
    """Checks sections, remembering what it found: experiments of a queue share most of theirs."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Report] = {}

    def check_experiment(self, experiment: Mapping[str, Any]) -> Report:
        """Check all sections of one experiment."""
        report = Report()
        unknown = [key for key in experiment.keys() if key not in _KNOWN_SECTIONS]  # noqa: SIM118
        for section in COMPONENT_SECTIONS:
            given = experiment.get(section)
            if given is None or (isinstance(given, Mapping) and not len(given)):
                misspelt = nearest(section, unknown)
                if misspelt is not None:
                    report.problems.append((misspelt, f"did you mean {section!r}?"))
                elif section in REQUIRED_SECTIONS:
                    report.problems.append((section, "missing; every experiment needs it"))
            elif not isinstance(given, Mapping):
                text = f"should be a tree with a name and parameters, found {_shown(given)}"
                report.problems.append((section, text))
            else:
                report.include(section, self.check(section, given))
        if (engine := experiment.get("engine")) is not None:
            report.problems += [("engine", text) for text in check_value(EngineName, engine)]
        netconf = experiment.get("netconf") or {}
        if not isinstance(netconf, Mapping):
            report.problems.append(("netconf", f"should be a tree, found {_shown(netconf)}"))
            return report
        for key in netconf.keys():  # noqa: SIM118 - iterating a Tree yields pairs
            if key != "shortest_path":
                report.problems.append((f"netconf.{key}", "unknown; known: shortest_path"))
        return report

    def check(self, kind: str, section: Mapping[str, Any]) -> Report:
        """Check one section: the component it names and the parameters it gives.

        Parameters
        ----------
        kind : str
            Name of the section, or ``collector``.
        section : mapping
            The name of the component under ``name``, and its parameters.
        """
        key = (kind, digest(section))
        if key not in self._seen:
            self._seen[key] = _check_section(kind, dict(section.items()))
        return self._seen[key]


def _check_section(kind: str, section: dict[str, Any]) -> Report:
    report = Report()
    registry = SECTION_REGISTRIES[kind]
    if "name" not in section:
        report.problems.append(("name", f"missing; it says which {registry.kind} to use"))
        return report
    name = section.pop("name")
    try:
        component = registry.resolve(name)
    except ComponentError as error:
        report.problems.append(("name", str(error)))
        return report
    if kind == "cache_placement":
        _check_network_cache(section, report)
    known = settable_parameters(kind, component)
    for key, value in section.items():
        if key in known:
            _check_parameter(known[key], value, report)
        else:
            _check_unknown(kind, name, component, key, known, report)
    for parameter in known.values():
        if parameter.required and parameter.name not in section:
            text = f"missing; {name} needs it"
            report.problems.append((parameter.name, text))
    hook = registry.checks.get(name)
    if hook is not None and not report.problems:
        report.problems += [("name", f"{name}: {problem}") for problem in hook(section)]
    return report


def settable_parameters(kind: str, component: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the parameters of a component that settings may give, by name.

    These are all but the leading ones that the framework gives, or but those that a component
    itself names in `given_by_framework`.
    """
    named: tuple[str, ...] | None = getattr(component, "given_by_framework", None)
    positional = _GIVEN_BY_FRAMEWORK[kind] if named is None else 0
    left_out = set(named or ()) | ({"cache_budget"} if kind == "cache_placement" else set())
    return {
        parameter.name: parameter
        for parameter in parameters(component, positional=positional).values()
        if parameter.name not in left_out
    }


def _check_network_cache(section: dict[str, Any], report: Report) -> None:
    if "network_cache" not in section:
        text = "missing; it gives the total size of all caches as a fraction of the catalogue"
        report.problems.append(("network_cache", text))
        return
    for problem in check_value(Positive, section.pop("network_cache")):
        report.problems.append(("network_cache", problem))


def _check_parameter(parameter: Parameter, value: Any, report: Report) -> None:
    if not parameter.typed or (value is None and parameter.default is None):
        return
    for problem in check_value(parameter.annotation, value):
        report.problems.append((parameter.name, problem))


def _check_unknown(
    kind: str,
    name: str,
    component: Callable[..., Any],
    key: str,
    known: Mapping[str, Parameter],
    report: Report,
) -> None:
    """Judge a parameter that a component does not name.

    Settings written for Icarus 0.8 may give all strategies the parameters of one, which
    components that take any keyword ignored; a name that no component of the kind knows is a
    mistake. A user's own component that takes any keyword may well read it.
    """
    takes_any = takes_any_keyword(component)
    built_in = str(getattr(component, "__module__", "")).startswith("icarus.")
    if takes_any and not built_in:
        return
    of_others = {
        parameter
        for other in SECTION_REGISTRIES[kind].values()
        for parameter in settable_parameters(kind, other)
    }
    if takes_any and key in of_others and nearest(key, known) is None:
        report.warnings.append((key, f"ignored: {name} has no parameter {key!r}"))
        return
    hint = suggestion(key, known) if known else "it takes none"
    report.problems.append((key, f"{name} has no parameter {key!r}; {hint}"))
