"""Topologies measured by RocketFuel: TISCALI and TISCALI_2 by routers, ROCKET_FUEL with latencies.

The maps are not part of Icarus: they are read from ``path=`` or from the folder of map files.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import fnss

from icarus.errors import TopologyError
from icarus.plaintext import one_line
from icarus.registry import register_topology_factory
from icarus.scenarios.topology.icn_topology import (
    EXTERNAL_LINK_DELAY,
    IcnTopology,
    attach_receivers,
    attach_sources,
    by_degree,
    deploy_stacks,
    label_links,
    largest_connected_component_subgraph,
    problems_when_built,
)
from icarus.scenarios.topology.maps import MissingMapError, map_file, opened_by
from icarus.scenarios.topology.readers import bounded, check_lines
from icarus.types import Fraction, NonNegative

__all__ = ["topology_rocketfuel_latency", "topology_tiscali", "topology_tiscali2"]

logger = logging.getLogger(__name__)

LATENCY_MAPS = {
    1221: "Telstra",
    1239: "Sprintlink",
    1755: "EBONE",
    3257: "Tiscali",
    3967: "Exodus",
    6461: "Abovenet",
}
"""The autonomous systems that RocketFuel publishes latencies of."""

TISCALI_2_DROPPED = frozenset({181, 208, 211, 220, 222, 250, 257})
TISCALI_2_ADDED = frozenset({232, 303, 326, 363, 378})
"""How the candidates of TISCALI_2 differ from those of TISCALI."""


def _check_rocketfuel_latency(given: dict[str, Any]) -> list[str]:
    if given.get("source_ratio") == 0:
        return ["source_ratio = 0 leaves the network without a source"]
    return problems_when_built(topology_rocketfuel_latency, given)


@register_topology_factory(
    "ROCKET_FUEL", check=_check_rocketfuel_latency, files=opened_by("ROCKET_FUEL")
)
def topology_rocketfuel_latency(
    asn: int,
    source_ratio: Fraction = 0.1,
    ext_delay: NonNegative = EXTERNAL_LINK_DELAY,
    path: str | Path | None = None,
    **kwargs: Any,
) -> IcnTopology:
    """RocketFuel map of an autonomous system with measured delays, which routing minimises.

    Parameters
    ----------
    asn : int
        Number of the autonomous system: 1221 (Telstra), 1239 (Sprintlink), 1755 (EBONE),
        3257 (Tiscali), 3967 (Exodus) or 6461 (Abovenet).
    source_ratio : float, optional
        Sources per router, from 0 to 1; their number is rounded down.
    ext_delay : float, optional
        Delay of links to sources, in ms.
    path : str or Path, optional
        The file ``latencies.intra`` of the system, or a folder that holds
        ``<asn>/latencies.intra``. By default ``rocketfuel-latency/<asn>/latencies.intra`` in
        the folder of map files (`resources_dir`).
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        The largest connected part of the map; its nodes, numbered in the order of the file,
        are routers and candidates for caches, with the attributes ``name`` and ``location``.
        In the order of decreasing degree, each router gets a receiver ``rec_0``, ``rec_1``..
        without delay, and the first ones a source ``src_0``, ``src_1``... Weights are delays.

    Raises
    ------
    ValueError
        If `source_ratio` is not within 0 and 1 or `ext_delay` is negative.
    FileNotFoundError
        If there is no such map.
    TopologyError
        If the file cannot be read.

    References
    ----------
    N. Spring, R. Mahajan, D. Wetherall and T. Anderson, Measuring ISP topologies with
    Rocketfuel, IEEE/ACM Transactions on Networking 12(1), 2004, doi 10.1109/TNET.2003.822655.
    """
    if not 0 <= source_ratio <= 1:
        raise ValueError(f"source_ratio must be within 0 and 1, found {source_ratio!r}")
    if not ext_delay >= 0:
        raise ValueError(f"a delay must be 0 ms or more, found {ext_delay!r}")
    measured = _read_latencies(_latencies_file(asn, path)).to_undirected()
    topology = IcnTopology(largest_connected_component_subgraph(measured))
    for _, _, link in topology.edges(data=True):
        link["type"] = "internal"
    routers = by_degree(topology)
    # The order of nodes, sources before receivers, is that of published results.
    sources = attach_sources(topology, routers[: int(source_ratio * len(routers))], ext_delay)
    receivers = attach_receivers(topology, routers)
    deploy_stacks(topology, set(receivers), set(sources))
    topology.graph["delay_unit"] = "ms"
    for _, _, link in topology.edges(data=True):
        link["weight"] = link["delay"]
    return topology


def _latencies_file(asn: int, path: str | Path | None) -> Path:
    try:
        return _file("ROCKET_FUEL", path, asn)
    except MissingMapError:
        if path is not None or asn in LATENCY_MAPS:
            raise
        known = ", ".join(f"{number} ({name})" for number, name in LATENCY_MAPS.items())
        raise MissingMapError(
            f"RocketFuel has no latency map of AS {asn}; it has those of {known}"
        ) from None


def _file(name: str, path: str | Path | None, asn: int | None = None) -> Path:
    file = map_file(name, path, asn)
    assert file is not None, "these maps are never part of Icarus"
    return file


def _check_tiscali(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_tiscali, given)


@register_topology_factory("TISCALI", check=_check_tiscali, files=opened_by("TISCALI"))
def topology_tiscali(path: str | Path | None = None, **kwargs: Any) -> IcnTopology:
    """Tiscali (AS 3257), a European provider, as a RocketFuel map of routers.

    Parameters
    ----------
    path : str or Path, optional
        The file ``3257.r0.cch`` of RocketFuel. By default the file of that name in the folder
        of map files (`resources_dir`).
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        The largest connected part of the map, 240 nodes and 404 links. A node of degree 1 is a
        source if its neighbour has a degree of 5 or more (44), else a receiver (36); nodes of
        degree 6 and more are candidates for caches (36).

    Raises
    ------
    TopologyError
        If the file is missing, cannot be read, or gives no receiver, source or candidate.

    Notes
    -----
    Internal links have a delay of 2 ms and the weight 1; links to sources 34 ms and 1000.

    References
    ----------
    N. Spring, R. Mahajan, D. Wetherall and T. Anderson, Measuring ISP topologies with
    Rocketfuel, IEEE/ACM Transactions on Networking 12(1), 2004, doi 10.1109/TNET.2003.822655.
    """
    file = _file("TISCALI", path)
    topology = IcnTopology(largest_connected_component_subgraph(_read_routers(file)))
    degree = dict(topology.degree())
    leaves = [node for node in topology if degree[node] == 1]
    sources = {node for node in leaves if degree[next(topology.neighbors(node))] >= 5}
    receivers = set(leaves) - sources
    candidates = [node for node in topology if degree[node] >= 6]
    for role, nodes in (("receiver", receivers), ("source", sources), ("candidate", candidates)):
        if not nodes:
            raise TopologyError(f"{file}: no node of the map is a {role} by its rules")
    deploy_stacks(topology, receivers, sources, candidates)
    label_links(topology)
    return topology


def _check_tiscali2(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_tiscali2, given)


@register_topology_factory("TISCALI_2", check=_check_tiscali2, files=opened_by("TISCALI_2"))
def topology_tiscali2(path: str | Path | None = None, **kwargs: Any) -> IcnTopology:
    """Tiscali (AS 3257) with another choice of candidates for caches.

    Parameters
    ----------
    path : str or Path, optional
        The file ``3257.r0.cch`` of RocketFuel. By default the file of that name in the folder
        of map files (`resources_dir`).
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        TISCALI, but of its candidates for caches seven are none and five other routers are
        (34). The choice is by hand, as in published results: no rule gives it.

    Raises
    ------
    TopologyError
        If the file is missing, cannot be read, or is not the map of Tiscali.

    Notes
    -----
    Internal links have a delay of 2 ms and the weight 1; links to sources 34 ms and 1000.

    References
    ----------
    N. Spring, R. Mahajan, D. Wetherall and T. Anderson, Measuring ISP topologies with
    Rocketfuel, IEEE/ACM Transactions on Networking 12(1), 2004, doi 10.1109/TNET.2003.822655.
    """
    topology: IcnTopology = topology_tiscali(path)
    for node in sorted(TISCALI_2_ADDED):
        if node not in topology or topology.nodes[node]["stack"][0] != "router":
            raise TopologyError(
                f"{_file('TISCALI', path)}: not the map of Tiscali: it has no router {node}"
            )
    candidates = topology.graph["icr_candidates"]
    topology.graph["icr_candidates"] = candidates - TISCALI_2_DROPPED | TISCALI_2_ADDED
    return topology


def _read_routers(path: Path) -> fnss.Topology:
    with bounded(path, "not a RocketFuel map of routers"):
        check_lines(path, links=b"<{")
        topology = fnss.parse_rocketfuel_isp_map(str(path)).to_undirected()
    if not topology:
        raise TopologyError(f"{path}: the RocketFuel map of routers is empty")
    return topology


_LATENCY_LINE = re.compile(r"\S+\s+\S+\s+\d{1,15}\s*(#.*)?|#.*")


def _read_latencies(path: Path) -> fnss.DirectedTopology:
    with bounded(path, "not a RocketFuel latency map"):
        check_lines(path)
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        for number, line in enumerate(lines, start=1):
            # The last line has no end, and nothing after it.
            if not _LATENCY_LINE.fullmatch(line.strip()) and (line or number < len(lines)):
                raise TopologyError(
                    f"{path}:{number}: a line gives two routers and a whole number of ms, "
                    f"found {line[:80]!r}"
                )
        topology = fnss.parse_rocketfuel_isp_latency(str(path))
    if not topology:
        raise TopologyError(f"{path}: the RocketFuel latency map is empty")
    _drop_loops(path, topology)
    _warn_of_asymmetry(path, topology)
    return topology


def _drop_loops(path: Path, topology: fnss.DirectedTopology) -> None:
    loops = [(u, v) for u, v in topology.edges() if u == v]
    topology.remove_edges_from(loops)
    if loops:
        logger.warning(
            "%s: links of routers to themselves are left out: %d, the first of them of %s",
            *(path, len(loops), one_line(topology.nodes[loops[0][0]]["name"])),
        )


def _warn_of_asymmetry(path: Path, topology: fnss.DirectedTopology) -> None:
    """Say where the two directions of a link have other delays; those published do not."""
    unequal = [
        (u, v)
        for u, v, delay in topology.edges(data="delay")
        if u < v and topology.has_edge(v, u) and topology.edges[v, u]["delay"] != delay
    ]
    if unequal:
        u, v = (topology.nodes[node]["name"] for node in unequal[0])
        logger.warning(
            "%s: %d links have another delay in each direction, of which one is taken for both; "
            "the first is that of %s and %s",
            *(path, len(unequal), one_line(u), one_line(v)),
        )
