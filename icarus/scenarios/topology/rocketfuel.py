"""Topologies measured by RocketFuel.

The maps are not part of Icarus: they are read from ``path=`` or from the folder of map files.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import fnss

from icarus.errors import TopologyError
from icarus.registry import register_topology_factory
from icarus.scenarios.topology.base import (
    EXTERNAL_LINK_DELAY,
    IcnTopology,
    MissingMapError,
    attach_receivers,
    attach_sources,
    by_degree,
    deploy_stacks,
    existing_file,
    find_map,
    largest_connected_component_subgraph,
    problems_when_built,
)
from icarus.types import Fraction, NonNegative

__all__ = ["topology_rocketfuel_latency"]

ROCKETFUEL_ORIGIN = "https://research.cs.washington.edu/networking/rocketfuel/"

LATENCY_MAPS = {
    1221: "Telstra",
    1239: "Sprintlink",
    1755: "EBONE",
    3257: "Tiscali",
    3967: "Exodus",
    6461: "Abovenet",
}
"""The autonomous systems that RocketFuel publishes latencies of."""


def _check_rocketfuel_latency(given: dict[str, Any]) -> list[str]:
    if given.get("source_ratio") == 0:
        return ["source_ratio = 0 leaves the network without a source"]
    return problems_when_built(topology_rocketfuel_latency, given)


@register_topology_factory("ROCKET_FUEL", check=_check_rocketfuel_latency)
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
    if path is not None:
        below = Path(path) / str(asn) / "latencies.intra"
        return existing_file(below if Path(path).is_dir() else path)
    try:
        return find_map(f"rocketfuel-latency/{asn}/latencies.intra", ROCKETFUEL_ORIGIN)
    except MissingMapError:
        if asn in LATENCY_MAPS:
            raise
        known = ", ".join(f"{number} ({name})" for number, name in LATENCY_MAPS.items())
        raise MissingMapError(
            f"RocketFuel has no latency map of AS {asn}; it has those of {known}"
        ) from None


_LATENCY_LINE = re.compile(r"\S+\s+\S+\s+\d+\s*(#.*)?|#.*")


def _read_latencies(path: Path) -> fnss.DirectedTopology:
    try:
        topology = fnss.parse_rocketfuel_isp_latency(str(path))
    except ValueError as error:
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if not _LATENCY_LINE.fullmatch(line.strip()):
                raise TopologyError(
                    f"{path}:{number}: a line gives two routers and a whole number of ms, "
                    f"found {line[:80]!r}"
                ) from error
        raise TopologyError(f"{path}: not a RocketFuel latency map: {error}") from error
    if not topology:
        raise TopologyError(f"{path}: the RocketFuel latency map is empty")
    return topology
