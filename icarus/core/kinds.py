"""The kinds of components that experiments name, and what settings may give each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from icarus.core.capacities import CAPACITY_KEYS
from icarus.core.plain_values import plain_key
from icarus.core.signatures import Parameter, parameters, takes_any_keyword
from icarus.core.values import conform
from icarus.registry import (
    CACHE_PLACEMENT,
    CACHE_POLICY,
    CONTENT_PLACEMENT,
    DATA_COLLECTOR,
    NETWORK_EVENT,
    STRATEGY,
    TOPOLOGY_FACTORY,
    WORKLOAD,
    Common,
    Registry,
    is_built_in,
)
from icarus.util import Tree

__all__ = [
    "COMPONENT_SECTIONS",
    "DETAILS",
    "KINDS",
    "REQUIRED_SECTIONS",
    "Kind",
    "common_parameters",
    "conformed",
    "conformed_section",
    "is_built_in",
    "settable_parameters",
]


DETAILS = ("desc", "details", "stages", "order", "barriers", "share")
"""Sections of experiments that say how something is done which other sections have a name for."""


@dataclass(frozen=True)
class Kind:
    """A kind of component, and what holds for all components of it."""

    section: str
    """Where experiments name one. Data collectors are named by settings (``collector``), network
    events in the list ``timeline`` of an experiment."""
    registry: Registry
    positional: int
    """How many leading parameters the framework gives, and settings cannot."""
    by_name: frozenset[str] = frozenset()
    """Those that it gives by name."""
    read: tuple[str, ...] = ()
    """What settings give in the section that the component itself does not get."""
    required: bool = True
    """Whether every experiment has one."""

    @property
    def title(self) -> str:
        """What it is called in figures and tables."""
        return self.registry.kind.capitalize()


KINDS: dict[str, Kind] = {
    kind.section: kind
    for kind in (
        Kind("topology", TOPOLOGY_FACTORY, 0),
        Kind("workload", WORKLOAD, 1),  # topology
        Kind(
            "cache_placement",
            CACHE_PLACEMENT,
            1,  # topology
            by_name=frozenset({"cache_budget"}),
            read=CAPACITY_KEYS,
            required=False,
        ),
        Kind("content_placement", CONTENT_PLACEMENT, 2),  # topology, contents
        Kind("strategy", STRATEGY, 2),  # view, controller
        Kind("cache_policy", CACHE_POLICY, 1),  # maxlen
        Kind("collector", DATA_COLLECTOR, 1, required=False),  # view
        Kind("network_event", NETWORK_EVENT, 1, required=False),  # network
    )
}
"""By section, in the order in which the components of an experiment are built."""

COMPONENT_SECTIONS = tuple(
    section for section in KINDS if section not in ("collector", "network_event")
)
"""Sections of an experiment that name a component."""

REQUIRED_SECTIONS = tuple(section for section in COMPONENT_SECTIONS if KINDS[section].required)
"""Sections that every experiment has."""


def settable_parameters(kind: str, component: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the parameters of a component that settings may give, by name.

    These are all but the leading ones that the framework gives, or but those that a component
    itself names in `given_by_framework`.
    """
    named: tuple[str, ...] | None = getattr(component, "given_by_framework", None)
    positional = KINDS[kind].positional if named is None else 0
    left_out = KINDS[kind].by_name.union(named or ())
    return {
        parameter.name: parameter
        for parameter in parameters(component, positional=positional).values()
        if parameter.name not in left_out
    }


def common_parameters(kind: str, component: Callable[..., Any]) -> dict[str, Common]:
    """Return what settings may give with any component of a kind, by name.

    A component that has a parameter of the same name gets that itself.
    """
    own = settable_parameters(kind, component)
    common = KINDS[kind].registry.common
    return {name: one for name, one in common.items() if name not in own}


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
    component = KINDS[kind].registry.get(section.get("name", ""))
    given = dict(section.items())
    if component is None:
        return given
    key = plain_key(given) if is_built_in(component) else None
    if key is None:
        return _conformed(kind, component, given)
    return dict(_conformed_alike(kind, component, key))


@lru_cache(1024)
def _conformed_alike(
    kind: str, component: Callable[..., Any], key: tuple[Any, ...]
) -> dict[str, Any]:
    return _conformed(kind, component, dict(key[0]))


def _conformed(kind: str, component: Callable[..., Any], section: dict[str, Any]) -> dict[str, Any]:
    known = settable_parameters(kind, component)
    common = common_parameters(kind, component)
    kept = ("name", *KINDS[kind].read)
    taken: dict[str, Any] = {}
    for key, value in section.items():
        if key in known:
            taken[key] = conform(known[key].annotation, value)[0] if known[key].typed else value
        elif key in common:
            taken[key] = common[key].conform(value)[0]
        elif key in kept or takes_any_keyword(component) or not is_built_in(component):
            taken[key] = value
    return taken


def conformed(experiment: Mapping[str, Any]) -> Tree:
    """Return an experiment with all its sections as the components that they name take them."""
    return Tree(
        {
            key: conformed_section(key, value)
            if key in KINDS and isinstance(value, Mapping)
            else value
            for key, value in experiment.items()
        }
    )
