"""Networks that are made for benchmarks, entered in the registry of topologies."""

from __future__ import annotations

from typing import Any

import fnss
import networkx as nx

from icarus.registry import register_topology_factory
from icarus.scenarios.topology.icn_topology import IcnTopology, deploy_stacks, label_links

__all__ = ["random_network"]


def random_network(n_routers: int) -> dict[str, Any]:
    """Return the topology of an experiment: routers, a tenth receivers, a hundredth sources."""
    return {"name": "BENCHMARK_RANDOM", "n_routers": n_routers}


@register_topology_factory("BENCHMARK_RANDOM")
def topology_random(n_routers: int, **kwargs: Any) -> IcnTopology:
    """Scale-free graph of routers (Barabasi and Albert), two links for each that joins.

    Receivers are attached to a tenth of the routers and sources to a hundredth, spread evenly
    over the order in which they joined.
    """
    topology = IcnTopology(fnss.Topology(nx.barabasi_albert_graph(n_routers, 2, seed=1)))
    receivers = [f"receiver{i}" for i in range(max(n_routers // 10, 1))]
    sources = [f"source{i}" for i in range(max(n_routers // 100, 1))]
    for users in (receivers, sources):
        step = n_routers // len(users)
        topology.add_edges_from((i * step + step // 2, user) for i, user in enumerate(users))
    deploy_stacks(topology, receivers, sources)
    label_links(topology, 2.0, 34.0, external_weight=1000.0)
    return topology
