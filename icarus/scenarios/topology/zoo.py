"""Topologies of the Internet Topology Zoo and of the other collections in topohub.

GEANT, WIDE and GARR are networks of the Zoo with receivers, sources and candidates as the
caching literature has them; TOPOHUB is any map of topohub with users attached. topohub's maps of
the former three lack nodes, such as all those that belong to other networks.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

import fnss
import topohub

from icarus.errors import TopologyError, suggestion
from icarus.registry import register_topology_factory
from icarus.scenarios.topology.icn_topology import (
    EXTERNAL_LINK_DELAY,
    IcnTopology,
    deploy_stacks,
    label_links,
    largest_connected_component_subgraph,
    problems_when_built,
)
from icarus.scenarios.topology.maps import opened_by
from icarus.scenarios.topology.roles import Caches, Receivers, Rules, Sources, place_roles
from icarus.scenarios.topology.zoofile import load_zoo_map
from icarus.types import Fraction, NonNegative, PositiveInt

__all__ = ["topology_garr", "topology_geant", "topology_topohub", "topology_wide"]

MS_PER_KM = 0.005
"""Delay of light in fibre, where it travels at two thirds of its speed in vacuum."""

_TOPOHUB_DATA = Path(topohub.__file__).parent / "data"


def _check_geant(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_geant, given)


@register_topology_factory("GEANT", check=_check_geant, files=opened_by("GEANT"))
def topology_geant(path: str | Path | None = None, **kwargs: Any) -> IcnTopology:
    """GEANT, the European academic network, as of 2012.

    Parameters
    ----------
    path : str or Path, optional
        The file ``Geant2012.graphml`` of the Topology Zoo. By default the file of that name in the
        folder of map files (`resources_dir`), or else the same facts as part of Icarus.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        Nodes of degree 1 are receivers; each node v of degree 2 has a source ``v + 1000``
        attached; nodes of a higher degree are candidates for caches. That gives 53 nodes,
        8 receivers, 13 sources and 19 candidates.

    Raises
    ------
    TopologyError
        If the file is missing, cannot be read, or gives no receiver or source.

    Notes
    -----
    Internal links have a delay of 2 ms and the weight 1; links to sources 34 ms and 1000.

    References
    ----------
    S. Knight, H. X. Nguyen, N. Falkner, R. Bowden and M. Roughan, The Internet Topology Zoo, IEEE
    Journal on Selected Areas in Communications 29(9), 2011, doi 10.1109/JSAC.2011.111002.
    """
    (network, _), where = load_zoo_map("GEANT", path)
    topology = IcnTopology(largest_connected_component_subgraph(network))
    degree = dict(topology.degree())
    receivers = {node for node in degree if degree[node] == 1}
    attached = {node: node + 1000 for node in degree if degree[node] == 2}
    topology.add_edges_from(attached.items())
    candidates = [node for node in degree if degree[node] > 2]
    return _labelled(topology, receivers, set(attached.values()), candidates, where)


def _check_wide(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_wide, given)


@register_topology_factory("WIDE", check=_check_wide, files=opened_by("WIDE"))
def topology_wide(path: str | Path | None = None, **kwargs: Any) -> IcnTopology:
    """WIDE, a Japanese academic network.

    Parameters
    ----------
    path : str or Path, optional
        The file ``WideJpn.graphml`` of the Topology Zoo. By default the file of that name in the
        folder of map files (`resources_dir`), or else the same facts as part of Icarus.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        Networks outside WIDE are sources (11), nodes of WIDE itself with a single link are
        receivers (6) and all others candidates for caches (13).

    Raises
    ------
    TopologyError
        If the file is missing, cannot be read, does not tell which nodes are external (node
        attribute ``Internal``), or gives no receiver or source.

    Notes
    -----
    Internal links have a delay of 2 ms and the weight 1; links to sources 34 ms and 1000.

    References
    ----------
    S. Knight, H. X. Nguyen, N. Falkner, R. Bowden and M. Roughan, The Internet Topology Zoo, IEEE
    Journal on Selected Areas in Communications 29(9), 2011, doi 10.1109/JSAC.2011.111002.
    """
    return _with_external_sources("WIDE", path)


def _check_garr(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_garr, given)


@register_topology_factory("GARR", check=_check_garr, files=opened_by("GARR"))
def topology_garr(path: str | Path | None = None, **kwargs: Any) -> IcnTopology:
    """GARR, the Italian academic network, as of January 2012.

    Parameters
    ----------
    path : str or Path, optional
        The file ``Garr201201.graphml`` of the Topology Zoo. By default the file of that name in the
        folder of map files (`resources_dir`), or else the same facts as part of Icarus.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        Networks outside GARR are sources (13), nodes of GARR itself with a single link are
        receivers (21) and all others candidates for caches (27).

    Raises
    ------
    TopologyError
        If the file is missing, cannot be read, does not tell which nodes are external (node
        attribute ``Internal``), or gives no receiver or source.

    Notes
    -----
    Internal links have a delay of 2 ms and the weight 1; links to sources 34 ms and 1000.

    References
    ----------
    S. Knight, H. X. Nguyen, N. Falkner, R. Bowden and M. Roughan, The Internet Topology Zoo, IEEE
    Journal on Selected Areas in Communications 29(9), 2011, doi 10.1109/JSAC.2011.111002.
    """
    return _with_external_sources("GARR", path)


def _check_topohub(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_topohub, given)


@register_topology_factory("TOPOHUB", check=_check_topohub)
def topology_topohub(
    map: str,  # noqa: A002 - settings know the parameter by this name
    receivers: Receivers = "attached",
    sources: Sources = "attached",
    caches: Caches = "all",
    source_ratio: Fraction = 0.1,
    n_sources: PositiveInt | None = None,
    ext_delay: NonNegative = EXTERNAL_LINK_DELAY,
    routing: Literal["delay", "hops"] = "delay",
    **kwargs: Any,
) -> IcnTopology:
    """Any of some 700 maps of topohub, with delays from the lengths of links.

    Parameters
    ----------
    map : str
        Name of the map, such as ``topozoo/Abilene`` or ``sndlib/germany50``.
    receivers : {"attached", "leaves"} or list of nodes, optional
        A new receiver ``rec_0``, ``rec_1``.. without delay on each router, or the nodes of
        degree 1, or the nodes listed.
    sources : "attached" or list of nodes, optional
        New sources ``src_0``, ``src_1``.., one on each of the routers of highest degree (of
        equal ones, those first in the map), or the nodes listed.
    caches : "all", int or list of nodes, optional
        Candidates for caches: all routers, or those with at least so many links on the map,
        or those listed.
    source_ratio : float, optional
        Sources attached per router, rounded down, but one at least.
    n_sources : int, optional
        The number of sources attached, instead of `source_ratio`.
    ext_delay : float, optional
        Delay of the links to attached sources, in ms.
    routing : {"delay", "hops"}, optional
        Whether weights are delays, or 1 for internal links and 1000 for those to sources.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        Nodes of the map are integers, with the attributes ``label``, ``longitude`` and
        ``latitude`` where the map has them; its links have a ``length`` in km and a delay of
        0.005 ms per km, that of light in fibre.

    Raises
    ------
    TopologyError
        If there is no such map, or the rules leave it without a receiver, source or candidate.
    ValueError
        If a parameter is outside its range.

    References
    ----------
    P. Jurkiewicz, TopoHub: a repository of reference Gabriel graph and real-world topologies
    for networking research, SoftwareX 24, 2023, doi 10.1016/j.softx.2023.101540.
    """
    if routing not in ("delay", "hops"):
        raise ValueError(f"routing is either 'delay' or 'hops', found {routing!r}")
    rules = Rules(
        where=f"topohub map {map!r}",
        receivers=receivers,
        sources=sources,
        caches=caches,
        source_ratio=source_ratio,
        n_sources=n_sources,
        ext_delay=ext_delay,
    )
    topology = IcnTopology(largest_connected_component_subgraph(_load_topohub(map)))
    for _, _, link in topology.edges(data=True):
        link["delay"] = link["length"] * MS_PER_KM
    place_roles(topology, rules)
    if routing == "delay":
        for _, _, link in topology.edges(data=True):
            link["weight"] = link["delay"]
    return topology


def _with_external_sources(name: str, path: str | Path | None) -> IcnTopology:
    """Make the nodes outside a network its sources."""
    (network, internal), where = load_zoo_map(name, path)
    for node, flag in internal.items():
        if flag not in (0, 1):
            raise TopologyError(
                f"{where}: node {node!r} must have an attribute 'Internal', 0 or 1, found {flag!r}"
            )
    topology = IcnTopology(largest_connected_component_subgraph(network))
    external = {node for node in topology if internal[node] == 0}
    leaves = {node for node, degree in topology.degree() if degree == 1}
    return _labelled(topology, leaves - external, external, None, where)


def _labelled(
    topology: IcnTopology,
    receivers: set[Any],
    sources: set[Any],
    candidates: list[Any] | None,
    where: str,
) -> IcnTopology:
    deploy_stacks(topology, receivers, sources, candidates)
    label_links(topology)
    for role, nodes in (("receiver", receivers), ("source", sources)):
        if not nodes:
            raise TopologyError(f"{where}: no node of the map is a {role} by its rules")
    return topology


@functools.cache
def _topohub_names() -> frozenset[str]:
    files = _TOPOHUB_DATA.rglob("*.json")
    return frozenset(file.relative_to(_TOPOHUB_DATA).with_suffix("").as_posix() for file in files)


def _load_topohub(name: str) -> fnss.Topology:
    """Read a map of topohub, its nodes made integers."""
    if name not in _topohub_names():
        raise TopologyError(f"topohub has no map {name!r}; {_nearest_maps(str(name))}")
    # topohub.get() leaves its file open.
    data = json.loads((_TOPOHUB_DATA / f"{name}.json").read_text(encoding="utf-8"))
    network = fnss.Topology(type="topohub", name=data["graph"]["name"], distance_unit="Km")
    for node in data["nodes"]:
        network.add_node(int(node["id"]))
        attributes = network.nodes[int(node["id"])]
        if "name" in node:
            attributes["label"] = node["name"]
        if "pos" in node:
            attributes["longitude"], attributes["latitude"] = node["pos"]
    for link in data["edges"]:
        network.add_edge(int(link["source"]), int(link["target"]), length=link["dist"])
    return network


def _nearest_maps(name: str) -> str:
    """Return the hint for an unknown map; people leave out the collection it is in."""
    tail = name.rsplit("/", 1)[-1].casefold()
    same = sorted(n for n in _topohub_names() if n.rsplit("/", 1)[-1].casefold() == tail)
    if same and tail:
        return "did you mean " + " or ".join(repr(found) for found in same[:3]) + "?"
    return suggestion(name, _topohub_names())
