"""What is wrong with the steps of a case, found before any of them is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from icarus.control.attributes import Attribute
from icarus.control.resource import Resource
from icarus.core.signatures import Parameter, parameters
from icarus.core.values import conform
from icarus.design.case_models import CaseResource, CaseStep
from icarus.design.placeholders import GIVEN, unknown_placeholders
from icarus.design.sweep_models import checked
from icarus.errors import suggestion
from icarus.planning.job_kinds import CASE
from icarus.registry import RESOURCE

__all__ = ["RUN", "Means", "check", "means_of"]

RUN = "run"
"""The command that starts a resource and waits for its end; all have it."""
SET_UP = "set-up"
"""The phase before the first step."""
Finding = tuple[str, str]


@dataclass(frozen=True)
class Means:
    """What a step works with."""

    resource: type[Resource]
    command: Callable[..., Any] | None
    """None for ``run``."""
    is_own: bool
    """Whether the resource is made for this step, by its parameters."""

    @property
    def attributes(self) -> dict[str, Attribute]:
        """Attributes that the step may give."""
        return self.resource.declared_attributes() if self.is_own else {}

    @property
    def arguments(self) -> dict[str, Parameter]:
        """Parameters of the command."""
        return {} if self.command is None else dict(parameters(self.command, positional=1))


def means_of(step: Mapping[str, Any], resources: Mapping[str, Any]) -> Means:
    """Return what a step works with that has been found to be right."""
    name = step["resource"]
    is_own = name not in resources
    resource = RESOURCE[name if is_own else resources[name]["type"]]
    command = None if step["command"] == RUN and is_own else resource.commands()[step["command"]]
    return Means(resource, command, is_own)


def check(experiment: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with a case: all problems, each with its place in the tree."""
    case, details = experiment.get(CASE), experiment.get("details")
    if not isinstance(case, Mapping) or not isinstance(details, Mapping):
        text = "is a name with parameters, beside a section 'details' with steps"
        return [(CASE, f"{text}; icarus.cases.discover makes experiments of case files")]
    found: list[Finding] = []
    known = [*GIVEN, *(name for name, _ in case.items())]
    resources = dict((details.get("resources") or {}).items())
    for name, entry in resources.items():
        found += _of_resource(entry, f"details.resources.{name}", known)
    for number, step in enumerate(details.get("steps") or ()):
        found += _of_step(step, f"details.steps[{number}]", resources, known)
    return found


def _of_resource(entry: Any, place: str, known: list[str]) -> Iterator[Finding]:
    model, problems = checked(CaseResource, _plain(entry), place)
    yield from problems
    if model is None:
        return
    if model.type not in RESOURCE:
        text = f"unknown resource {model.type!r}; {suggestion(model.type, RESOURCE)}"
        yield f"{place}.type", text
        return
    declared = RESOURCE[model.type].declared_attributes()
    yield from _of_values(model.attributes, f"{place}.attributes", declared, {}, model.type, known)


def _of_step(
    step: Any, place: str, resources: Mapping[str, Any], known: list[str]
) -> Iterator[Finding]:
    model, problems = checked(CaseStep, _plain(step), place)
    yield from problems
    if model is None:
        return
    if model.id == SET_UP:
        yield f"{place}.id", f"{SET_UP!r} is what comes before the first step; choose another name"
    own = model.resource not in resources
    if own and model.resource not in RESOURCE:
        names = [*resources, *RESOURCE]
        text = f"unknown resource {model.resource!r}; {suggestion(model.resource, names)}"
        yield f"{place}.resource", text
        return
    kind = model.resource if own else str(resources[model.resource].get("type"))
    if kind not in RESOURCE:
        return
    commands = {**({RUN: None} if own else {}), **RESOURCE[kind].commands()}
    if model.command not in commands:
        text = f"{kind} has no command {model.command!r}; {suggestion(model.command, commands)}"
        yield f"{place}.command", text
        return
    means = Means(RESOURCE[kind], commands[model.command], own)
    yield from _of_values(
        model.parameters,
        f"{place}.parameters",
        means.attributes,
        means.arguments,
        f"{kind}.{model.command}",
        known,
    )


def _of_values(
    given: Mapping[str, Any],
    place: str,
    attributes: Mapping[str, Attribute],
    arguments: Mapping[str, Parameter],
    owner: str,
    known: list[str],
) -> Iterator[Finding]:
    names: dict[str, Attribute | Parameter] = {**attributes, **arguments}
    for name, value in given.items():
        if name not in names:
            text = f"{owner} has no parameter {name!r}; {suggestion(name, names)}"
            yield f"{place}.{name}", text
            continue
        wrong = list(unknown_placeholders(value, known, f"{place}.{name}"))
        yield from wrong
        if not wrong and "{" not in repr(value):
            yield from _of_value(value, f"{place}.{name}", name, attributes, arguments)
    for one in names.values():
        if one.required and one.name not in given:
            yield place, f"{owner} needs the parameter {one.name!r}"


def _of_value(
    value: Any,
    place: str,
    name: str,
    attributes: Mapping[str, Attribute],
    arguments: Mapping[str, Parameter],
) -> Iterator[Finding]:
    if name in arguments:
        if arguments[name].typed:
            _, problems = conform(arguments[name].annotation, value)
            yield from ((place, text) for text in problems)
        return
    try:
        attributes[name].taken(value)
    except ValueError as error:
        yield place, str(error)


def _plain(value: Any) -> Any:
    return value.dict() if hasattr(value, "dict") else value
