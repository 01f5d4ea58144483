"""Rules that make nodes of a plain network receivers, sources and candidates for caches.

They are those documented at `topology_topohub`, which `topology_graph` shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from icarus.errors import TopologyError, suggestion
from icarus.scenarios.topology.icn_topology import (
    EXTERNAL_LINK_DELAY,
    EXTERNAL_LINK_WEIGHT,
    INTERNAL_LINK_DELAY,
    IcnTopology,
    attach_receivers,
    attach_sources,
    by_degree,
    deploy_stacks,
)
from icarus.types import PositiveInt

__all__ = ["Caches", "Nodes", "Receivers", "Rules", "Sources", "place_roles"]

Nodes: TypeAlias = Sequence[int | str]
"""Nodes of a map, by their names there."""

Receivers: TypeAlias = Literal["attached", "leaves"] | Nodes
Sources: TypeAlias = Literal["attached"] | Nodes
Caches: TypeAlias = Literal["all"] | PositiveInt | Nodes
"""All routers, those with at least so many links on the map, or those listed."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Who is what on a map; `where` names the map in errors."""

    where: str
    receivers: Receivers = "attached"
    sources: Sources = "attached"
    caches: Caches = "all"
    source_ratio: float = 0.1
    n_sources: int | None = None
    ext_delay: float = EXTERNAL_LINK_DELAY

    def __post_init__(self) -> None:
        if not 0 <= self.source_ratio <= 1:
            raise ValueError(f"source_ratio must be within 0 and 1, found {self.source_ratio!r}")
        if self.n_sources is not None and self.n_sources < 1:
            raise ValueError(f"n_sources must be 1 or more, found {self.n_sources!r}")
        if not self.ext_delay >= 0:
            raise ValueError(f"a delay must be 0 ms or more, found {self.ext_delay!r}")


def place_roles(topology: IcnTopology, rules: Rules) -> None:
    """Give each node a stack, after attaching what the rules say, and complete the links.

    Links keep the delay and weight they have; others get those of measured maps.
    """
    degree = dict(topology.degree())
    sources = _listed("sources", rules.sources, ("attached",), topology, rules)
    receivers = _listed("receivers", rules.receivers, ("attached", "leaves"), topology, rules)
    if rules.receivers == "leaves":
        receivers = {node for node in topology if degree[node] == 1} - sources
    for node in topology:
        if node in receivers and node in sources:
            raise TopologyError(f"{rules.where}: node {node!r} is both a receiver and a source")
    routers = [node for node in by_degree(topology) if node not in receivers | sources]
    candidates = _candidates(routers, degree, topology, rules)
    if rules.sources == "attached":
        count = _source_count(len(routers), rules)
        sources = set(attach_sources(topology, routers[:count], rules.ext_delay))
    if rules.receivers == "attached":
        receivers = set(attach_receivers(topology, routers))
    for role, nodes in (("receiver", receivers), ("source", sources), ("candidate", candidates)):
        if not nodes:
            raise TopologyError(f"{rules.where}: no node is a {role} by the rules given")
    deploy_stacks(topology, receivers, sources, candidates)
    _complete_links(topology, sources, rules.ext_delay)


def _complete_links(topology: IcnTopology, sources: set[Any], ext_delay: float) -> None:
    topology.graph["delay_unit"] = "ms"
    for u, v, link in topology.edges(data=True):
        external = u in sources or v in sources
        link["type"] = "external" if external else "internal"
        link.setdefault("delay", ext_delay if external else INTERNAL_LINK_DELAY)
        link.setdefault("weight", EXTERNAL_LINK_WEIGHT if external else 1.0)


def _source_count(n_routers: int, rules: Rules) -> int:
    if rules.n_sources is None:
        return max(1, int(rules.source_ratio * n_routers))
    if rules.n_sources > n_routers:
        raise TopologyError(
            f"{rules.where}: n_sources must not exceed the number of routers, {n_routers}, "
            f"each of which takes one source; found {rules.n_sources}"
        )
    return rules.n_sources


def _candidates(
    routers: list[Any], degree: dict[Any, int], topology: IcnTopology, rules: Rules
) -> set[Any]:
    if isinstance(rules.caches, int):
        return {node for node in routers if degree[node] >= rules.caches}
    listed = _listed("caches", rules.caches, ("all",), topology, rules)
    if rules.caches == "all":
        return set(routers)
    for node in topology:
        if node in listed and node not in routers:
            raise TopologyError(
                f"{rules.where}: caches: node {node!r} is a receiver or source, not a router"
            )
    return listed


def _listed(
    parameter: str, given: Any, names: tuple[str, ...], topology: IcnTopology, rules: Rules
) -> set[Any]:
    """Return the nodes listed, or none where a rule is named instead."""
    if isinstance(given, str):
        if given in names:
            return set()
        raise ValueError(
            f"{parameter} is a list of nodes or a rule; unknown rule {given!r}; "
            f"{suggestion(given, names)}"
        )
    for node in given:
        if node not in topology:
            raise TopologyError(
                f"{rules.where}: {parameter}: there is no node {node!r} in the network or the "
                f"largest connected part of it; {_near(node, topology)}"
            )
    return set(given)


def _near(name: Any, topology: IcnTopology) -> str:
    """Return the hint for an unknown node; text in place of a number is a usual mistake."""
    same = [node for node in topology if str(node) == str(name)]
    return f"did you mean {same[0]!r}?" if same else suggestion(str(name), topology)
