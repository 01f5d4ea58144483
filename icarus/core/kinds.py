"""The kinds of components that experiments name, and what settings may give each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from icarus.core.signatures import Parameter, parameters, takes_any_keyword
from icarus.core.values import conform
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
from icarus.util import Tree

__all__ = [
    "COMPONENT_SECTIONS",
    "REQUIRED_SECTIONS",
    "SECTION_REGISTRIES",
    "conformed",
    "conformed_section",
    "is_built_in",
    "settable_parameters",
]

REQUIRED_SECTIONS = ("topology", "workload", "content_placement", "strategy", "cache_policy")
"""Sections that every experiment has."""

COMPONENT_SECTIONS = (
    "topology",
    "workload",
    "cache_placement",
    "content_placement",
    "strategy",
    "cache_policy",
)
"""Sections that name a component, in the order in which the components are built."""

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

_READ_BY_FRAMEWORK = {"cache_placement": ("network_cache",)}
"""What settings give in a section that the component itself does not get."""


def is_built_in(component: Callable[..., Any]) -> bool:
    """Return whether a component is part of Icarus."""
    return str(getattr(component, "__module__", "")).startswith("icarus.")


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


def conformed_section(kind: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section as the component that it names takes it.

    Numbers have the types that the component annotates, and what a built-in component does not
    know, such as a tag for plots, is left out. A component that is not registered, or a value
    that is wrong, stays as it is: that is for validation to say.

    Parameters
    ----------
    kind : str
        Name of the section, or ``collector``.
    section : mapping
        The component's name under ``name``, and its parameters.
    """
    component = SECTION_REGISTRIES[kind].get(section.get("name", ""))
    if component is None:
        return dict(section.items())
    known = settable_parameters(kind, component)
    kept = ("name", *_READ_BY_FRAMEWORK.get(kind, ()))
    taken: dict[str, Any] = {}
    for key, value in section.items():
        if key in known:
            taken[key] = conform(known[key].annotation, value)[0] if known[key].typed else value
        elif key in kept or takes_any_keyword(component) or not is_built_in(component):
            taken[key] = value
    return taken


def conformed(experiment: Mapping[str, Any]) -> Tree:
    """Return an experiment with all its sections as the components that they name take them."""
    return Tree(
        {
            key: conformed_section(key, value)
            if key in SECTION_REGISTRIES and isinstance(value, Mapping)
            else value
            for key, value in experiment.items()
        }
    )
