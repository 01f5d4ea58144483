"""Maps of the Internet Topology Zoo, from its files or from the facts that are part of Icarus.

Both give equal networks: nodes and links in the same order, with the same attributes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fnss
import networkx as nx
from fnss.util import geographical_distance

from icarus.errors import TopologyError
from icarus.scenarios.topology.maps import ZOO_MAPS, map_file
from icarus.scenarios.topology.readers import bounded, check_graphml

__all__ = ["PACKAGED_MAPS", "load_zoo_map", "read_zoo_file"]

PACKAGED_MAPS = Path(__file__).parent / "data"
"""Folder of the facts, which ``scripts/extract_zoo_maps.py`` writes."""

ZooMap = tuple[fnss.Topology, dict[int, Any]]
"""A network, and of each node whether the Zoo says that it belongs to it: 1, or 0 for outside."""


def load_zoo_map(name: str, path: str | Path | None) -> tuple[ZooMap, str]:
    """Return the map that a topology of the Zoo takes, and what to call it in errors.

    Parameters
    ----------
    name : str
        Name of the topology in the registry.
    path : str, Path or None
        As its parameter says.

    Raises
    ------
    TopologyError
        If the file is missing or no map of the Topology Zoo.
    """
    file = map_file(name, path)
    if file is None:
        return _packaged(ZOO_MAPS[name]), f"{name}'s own map"
    return read_zoo_file(file), str(file)


def read_zoo_file(file: Path) -> ZooMap:
    """Read a GraphML file of the Topology Zoo."""
    if file.suffix != ".graphml":
        raise TopologyError(f"{file}: not a map of the Topology Zoo: its suffix is not .graphml")
    with bounded(file, "not a map of the Topology Zoo"):
        check_graphml(file)
        network = fnss.parse_topology_zoo(str(file)).to_undirected()
        flags = nx.read_graphml(file).nodes(data="Internal")
    if not network or not all(isinstance(node, int) for node in network):
        raise TopologyError(f"{file}: not a map of the Topology Zoo: its nodes are not numbered")
    return network, {int(node): flag for node, flag in flags}


def _packaged(stem: str) -> ZooMap:
    facts = json.loads((PACKAGED_MAPS / f"{stem}.json").read_text(encoding="utf-8"))
    network = fnss.Topology(
        type="topology_zoo", distance_unit="Km", link_bundling=facts["link_bundling"]
    )
    internal = {}
    for node, label, longitude, latitude, flag in facts["nodes"]:
        place = {} if longitude is None else {"longitude": longitude, "latitude": latitude}
        network.add_node(node, **({} if label is None else {"label": label}), **place)
        internal[node] = flag
    for u, v, capacity, bundle in facts["links"]:
        ends = network.nodes[u], network.nodes[v]
        network.add_edge(u, v)
        if all("latitude" in end for end in ends):
            places = [end[axis] for end in ends for axis in ("latitude", "longitude")]
            network.edges[u, v]["length"] = geographical_distance(*places)
        if bundle is not None:
            network.edges[u, v]["bundle"] = bundle
        if capacity is not None:
            network.edges[u, v]["capacity"] = capacity
            network.graph["capacity_unit"] = "bps"
    return network, internal
