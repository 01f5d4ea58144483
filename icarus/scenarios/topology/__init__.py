"""Topologies: networks whose nodes are receivers, sources and routers.

Synthetic ones, measured ones (Topology Zoo, RocketFuel, topohub) and those of the user's own
files. Every factory returns an `IcnTopology` in which each node has a stack and each link a
weight, a delay in milliseconds and a type; caches and contents are placed on it later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from icarus.scenarios.topology.graphfile import topology_graph
from icarus.scenarios.topology.icn_topology import (
    EXTERNAL_LINK_DELAY,
    INTERNAL_LINK_DELAY,
    IcnTopology,
    largest_connected_component_subgraph,
)
from icarus.scenarios.topology.maps import resources_dir
from icarus.scenarios.topology.rocketfuel import (
    topology_rocketfuel_latency,
    topology_tiscali,
)
from icarus.scenarios.topology.rocketfuel import topology_tiscali2 as topology_tiscali2
from icarus.scenarios.topology.synthetic import (
    topology_mesh,
    topology_path,
    topology_ring,
    topology_tree,
)
from icarus.scenarios.topology.variants import topology_garr2 as topology_garr2
from icarus.scenarios.topology.variants import topology_geant2 as topology_geant2
from icarus.scenarios.topology.zoo import (
    topology_garr,
    topology_geant,
    topology_topohub,
    topology_wide,
)

__all__ = [
    "EXTERNAL_LINK_DELAY",
    "INTERNAL_LINK_DELAY",
    "TOPOLOGY_RESOURCES_DIR",
    "IcnTopology",
    "largest_connected_component_subgraph",
    "resources_dir",
    "topology_garr",
    "topology_geant",
    "topology_graph",
    "topology_mesh",
    "topology_path",
    "topology_ring",
    "topology_rocketfuel_latency",
    "topology_tiscali",
    "topology_topohub",
    "topology_tree",
    "topology_wide",
]

if TYPE_CHECKING:
    TOPOLOGY_RESOURCES_DIR: str
    """Folder of map files as `resources_dir` finds it at the time the name is read."""
else:

    def __getattr__(name: str) -> str:
        if name == "TOPOLOGY_RESOURCES_DIR":
            return resources_dir()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
