"""GEANT_2 and GARR_2: the networks of GEANT and GARR with other candidates and receivers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fnss
import networkx as nx

from icarus.errors import TopologyError
from icarus.registry import register_topology_factory
from icarus.scenarios.topology.icn_topology import IcnTopology, label_links, problems_when_built
from icarus.scenarios.topology.maps import map_file, opened_by
from icarus.scenarios.topology.zoo import topology_garr, topology_geant

__all__ = ["topology_garr2", "topology_geant2"]

_FIRST_RECEIVER = 1000
"""Number of the first receiver that GARR_2 adds."""


def _check_geant2(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_geant2, given)


@register_topology_factory("GEANT_2", check=_check_geant2, files=opened_by("GEANT_2"))
def topology_geant2(path: str | Path | None = None, **kwargs: Any) -> IcnTopology:
    """GEANT with caches on the more central half of its routers.

    Parameters
    ----------
    path : str or Path, optional
        As of GEANT.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        GEANT, but candidates for caches are the upper half of the 32 routers by betweenness
        centrality (16). Betweenness is that of the whole network, sources included, by hops;
        of equal routers, those later in the map count as the more central.

    Raises
    ------
    TopologyError
        If the file is missing, cannot be read, or gives no receiver or source.

    Notes
    -----
    Internal links have a delay of 2 ms and the weight 1; links to sources 34 ms and 1000.
    """
    topology: IcnTopology = topology_geant(path)
    betweenness: dict[Any, float] = nx.betweenness_centrality(topology)
    # Rounded, so that nodes in like positions are not told apart by errors of summation.
    ranked = sorted(_routers(topology), key=lambda node: round(betweenness[node], 12))
    topology.graph["icr_candidates"] = set(ranked[len(ranked) // 2 :])
    return topology


def _check_garr2(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_garr2, given)


@register_topology_factory("GARR_2", check=_check_garr2, files=opened_by("GARR_2"))
def topology_garr2(path: str | Path | None = None, **kwargs: Any) -> IcnTopology:
    """GARR with a further receiver on each router and caches on the larger ones.

    Parameters
    ----------
    path : str or Path, optional
        As of GARR.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        GARR, but the i-th of its 27 routers, in the order of the map, has a further receiver,
        ``1000 + i``. Routers that then have 4 links or more are candidates for caches (15). In all
        88 nodes and 48 receivers.

    Raises
    ------
    TopologyError
        If the file is missing, cannot be read, does not tell which nodes are external (node
        attribute ``Internal``), or gives no receiver or source.

    Notes
    -----
    Internal links have a delay of 2 ms and the weight 1; links to sources 34 ms and 1000.
    """
    topology: IcnTopology = topology_garr(path)
    routers = _routers(topology)
    for receiver, router in enumerate(routers, start=_FIRST_RECEIVER):
        if receiver in topology:
            file = map_file("GARR_2", path)
            raise TopologyError(
                f"{file}: the map has a node {receiver}, a number needed for a new receiver"
            )
        topology.add_edge(router, receiver)
        fnss.add_stack(topology, receiver, "receiver")
    label_links(topology)
    topology.graph["icr_candidates"] = {node for node in routers if topology.degree(node) >= 4}
    return topology


def _routers(topology: IcnTopology) -> list[Any]:
    return [node for node, stack in topology.stacks().items() if stack[0] == "router"]
