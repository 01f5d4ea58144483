"""What ``icarus list`` prints: the registries and what is in them."""

from __future__ import annotations

import inspect
import re
from typing import Any

from icarus.core.signatures import Parameter, summary, takes_any_keyword
from icarus.errors import ComponentError, suggestion
from icarus.registry import REGISTRIES, RESOURCE, Registry

__all__ = ["component", "components", "kinds", "registry_of"]


def kinds() -> list[str]:
    """Return a line for each kind of component."""
    width = max(len(registry.plural) for registry in REGISTRIES)
    return [
        f"{registry.plural:<{width}}  {len(registry):>3}  {', '.join(sorted(registry.keys()))}"
        for registry in REGISTRIES
    ]


def components(kind: str) -> list[str]:
    """Return a line for each component of a kind: its name and what it is.

    Raises
    ------
    ComponentError
        If there is no such kind.
    """
    registry, _ = _find(kind)
    width = max((len(name) for name in registry.keys()), default=0)  # noqa: SIM118
    return [f"{name:<{width}}  {summary(entry)}" for name, entry in sorted(registry.items())]


def component(kind: str, name: str) -> list[str]:
    """Return the description of one component: parameters, defaults, reference.

    Raises
    ------
    ComponentError
        If there is no such kind or component.
    """
    registry, section = _find(kind)
    entry = registry.resolve(name)
    module = str(getattr(entry, "__module__", ""))
    origin = f"{module}.{entry.__qualname__}" if hasattr(entry, "__qualname__") else repr(entry)
    lines = [f"{name} ({registry.kind}): {origin}", ""]
    lines += (inspect.getdoc(entry) or "It has no description.").splitlines()
    if registry is RESOURCE:
        return [*lines, *_of_resource(entry)]
    if section is None:
        return lines
    from icarus.core.kinds import common_parameters, is_built_in, settable_parameters

    settable = settable_parameters(section, entry).values()
    lines += ["", "In settings", "-----------"]
    if section == "cache_placement":
        lines += _CAPACITY
    lines += [_describe(parameter) for parameter in settable]
    if not settable and section != "cache_placement":
        lines.append("It takes no parameters.")
    if takes_any_keyword(entry) and not is_built_in(entry):
        lines.append("It takes any other parameter too.")
    if common := common_parameters(section, entry):
        title = f"With any {registry.kind}"
        lines += ["", title, "-" * len(title)]
        lines += [f"{name} : {one.summary}" for name, one in common.items()]
    return lines


_CAPACITY = [
    "network_cache : float > 0, required; all caches, as a fraction of the catalogue",
    'cache_budget : int or str, in its place; all caches, in contents or as "10 GiB"',
    "node_cache : int or str, in their place; each cache, on average",
    "capacity_unit : 'contents' or 'bytes', default 'bytes' if a size has a unit",
]


def _of_resource(entry: Any) -> list[str]:
    """Return the attributes, traces and commands of a type of resources."""
    from icarus.core.signatures import parameters

    commands = [
        f"{name}({', '.join(map(_in_signature, parameters(one, 1).values()))}): {summary(one)}"
        for name, one in entry.commands().items()
    ]
    parts = {
        "Attributes": [_attribute(one) for one in entry.declared_attributes().values()],
        "Traces": [f"{one.name} : {one.help}" for one in entry.declared_traces().values()],
        "Commands": commands,
    }
    return [
        line
        for title, listed in parts.items()
        if listed
        for line in ("", title, "-" * len(title), *listed)
    ]


def _in_signature(parameter: Parameter) -> str:
    default = "" if parameter.required else f" = {parameter.default!r}"
    kind = f": {_type_name(parameter.annotation)}" if parameter.typed else ""
    return f"{parameter.name}{kind}{default}"


def _attribute(one: Any) -> str:
    kind = "duration" if getattr(one.type, "__name__", "") == "Duration" else _type_name(one.type)
    unit = f" in {one.unit}" if one.unit and one.unit not in one.bounds else ""
    bounds = f" {one.bounds}" if one.bounds else ""
    default = "required" if one.required else f"default {one.default!r}"
    when = {"never": "fixed", "before start": "until it is started", "live": "at any time"}
    hidden = ", hidden in records" if one.secret else ""
    return f"{one.name} : {kind}{unit}{bounds}, {default}, {when[one.mutable]}{hidden}; {one.help}"


def registry_of(kind: str) -> Registry:
    """Return the registry of a kind of components, by any of its names.

    Raises
    ------
    ComponentError
        If there is no such kind.
    """
    return _find(kind)[0]


def _find(kind: str) -> tuple[Registry, str | None]:
    from icarus.core.kinds import KINDS

    wanted = _plain(kind)
    sections = {id(one.registry): one.section for one in KINDS.values()}
    for registry in REGISTRIES:
        section = sections.get(id(registry))
        names = (registry.plural, registry.kind, section or "")
        if wanted and wanted in map(_plain, names):
            return registry, section
    known = [registry.plural for registry in REGISTRIES]
    raise ComponentError(f"unknown kind of component {kind!r}; {suggestion(kind, known)}")


def _plain(kind: str) -> str:
    return re.sub(r"[\s_-]", "", kind).casefold()


def _describe(parameter: Parameter) -> str:
    kind = _type_name(parameter.annotation) if parameter.typed else "any"
    if parameter.name == "seed":
        return "seed : int, default derived from SEED and the replication"
    default = "required" if parameter.required else f"default {parameter.default!r}"
    return f"{parameter.name} : {kind}, {default}"


def _type_name(annotation: Any) -> str:
    text = inspect.formatannotation(annotation)
    text = re.sub(r"(typing|collections\.abc|icarus\.\w+|os|pathlib)\.", "", text)
    # Annotated[float, Ge(ge=0)] reads as "float >= 0".
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}

    def constrained(match: re.Match[str]) -> str:
        limits = re.findall(r"\b(ge|gt|le|lt)=([-\d.]+)", match[2])
        return match[1] + "".join(f" {signs[sign]} {value}" for sign, value in limits)

    return re.sub(r"Annotated\[(.*?), (\w+\([^\[\]]*\))\]", constrained, text)
