"""What all topologies share: the graph class, the labelling of nodes and links.

Delays are in milliseconds. Labelling goes by the order of nodes in the graph, so that equal
maps give equal topologies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import fnss
import networkx as nx

from icarus.errors import TopologyError
from icarus.htmltext import html_table

__all__ = [
    "EXTERNAL_LINK_DELAY",
    "INTERNAL_LINK_DELAY",
    "IcnTopology",
    "attach_receivers",
    "attach_sources",
    "by_degree",
    "deploy_stacks",
    "label_links",
    "largest_connected_component_subgraph",
    "problems_when_built",
]

INTERNAL_LINK_DELAY = 2
"""Milliseconds between two nodes of the same network."""

EXTERNAL_LINK_DELAY = 34
"""Milliseconds between a network and a source outside it."""

EXTERNAL_LINK_WEIGHT = 1000.0
"""Weight of links to sources: high, to keep sources from carrying the transit of others."""


class IcnTopology(fnss.Topology):  # type: ignore[misc]
    """An undirected network of receivers, sources and routers.

    Everything of `fnss.Topology` and `networkx.Graph` is there besides. The role of a node is
    the name of its stack; nodes without one are tolerated.

    Parameters
    ----------
    data : graph or edge list, optional
        What to fill the topology from. Attributes are copied shallowly: stack properties stay
        shared with the original.
    name : str, optional
        A name for the network.
    **kwargs
        Graph attributes.
    """

    def cache_nodes(self) -> dict[Any, int]:
        """Return the size of the cache of each node that has the property ``cache_size``."""
        return {
            node: properties["cache_size"]
            for node, (_, properties) in self.stacks().items()
            if "cache_size" in properties
        }

    def sources(self) -> set[Any]:
        """Return the nodes that are sources of contents."""
        return self._with_stack("source")

    def receivers(self) -> set[Any]:
        """Return the nodes that request contents."""
        return self._with_stack("receiver")

    def _with_stack(self, name: str) -> set[Any]:
        return {node for node, stack in self.stacks().items() if stack[0] == name}

    def _repr_html_(self) -> str:
        """Return what there is of nodes, caches and links as HTML, which notebooks show."""
        roles = Counter(stack[0] for stack in self.stacks().values())
        caches = self.cache_nodes()
        delays = [delay for _, _, delay in self.edges(data="delay") if delay is not None]
        unit = self.graph.get("delay_unit", "")
        rows: list[tuple[str, object]] = [
            *([("topology", self.name)] if self.name else []),
            *((f"{role}s", number) for role, number in sorted(roles.items())),
            ("nodes in all", len(self)),
            ("links", self.number_of_edges()),
        ]
        if caches:
            size = f"{sum(caches.values()):,}"
            rows.append(("caches", f"{len(caches)}, of {size} contents in all"))
        if delays:
            rows.append(("delays of links", f"{min(delays):g} to {max(delays):g} {unit}"))
        return html_table(rows)


def largest_connected_component_subgraph(topology: fnss.Topology) -> fnss.Topology:
    """Return a copy of the largest connected part of a topology.

    Parameters
    ----------
    topology : fnss.Topology or networkx.Graph
        An undirected graph.

    Returns
    -------
    fnss.Topology
        Nodes in their original order; of several largest parts, the one met first.
    """
    largest: set[Any] = max(nx.connected_components(topology), key=len, default=set())
    part = fnss.Topology(topology)
    part.remove_nodes_from([node for node in topology if node not in largest])
    return part


def deploy_stacks(
    topology: fnss.Topology,
    receivers: Collection[Any],
    sources: Collection[Any],
    candidates: Iterable[Any] | None = None,
) -> None:
    """Give every node a stack and the graph its caching candidates, by default all routers."""
    routers = []
    for node in topology:
        if node in sources:
            fnss.add_stack(topology, node, "source")
        elif node in receivers:
            fnss.add_stack(topology, node, "receiver")
        else:
            fnss.add_stack(topology, node, "router")
            routers.append(node)
    topology.graph["icr_candidates"] = set(routers if candidates is None else candidates)


def label_links(
    topology: fnss.Topology,
    internal_delay: float = INTERNAL_LINK_DELAY,
    external_delay: float = EXTERNAL_LINK_DELAY,
    external_weight: float = EXTERNAL_LINK_WEIGHT,
) -> None:
    """Set weight, delay and type of every link; those that touch a source are external."""
    topology.graph["delay_unit"] = "ms"
    sources = {node for node, stack in topology.nodes(data="stack") if stack[0] == "source"}
    for u, v, link in topology.edges(data=True):
        if u in sources or v in sources:
            link.update(weight=external_weight, delay=external_delay, type="external")
        else:
            link.update(weight=1.0, delay=internal_delay, type="internal")


def by_degree(topology: fnss.Topology) -> list[Any]:
    """Return the nodes by decreasing degree, those of equal degree in their original order."""
    return sorted(topology, key=topology.degree, reverse=True)


def attach_sources(topology: fnss.Topology, routers: Iterable[Any], delay: float) -> list[str]:
    """Attach a source ``src_0``, ``src_1``.. to each of `routers` and return their names."""
    return _attach(topology, "src", routers, delay=delay, type="external")


def attach_receivers(topology: fnss.Topology, routers: Iterable[Any]) -> list[str]:
    """Attach a receiver ``rec_0``, ``rec_1``.. without delay to each of `routers`."""
    return _attach(topology, "rec", routers, delay=0, type="internal")


def _attach(topology: fnss.Topology, prefix: str, routers: Iterable[Any], **link: Any) -> list[str]:
    names = []
    for i, router in enumerate(routers):
        name = f"{prefix}_{i}"
        if name in topology:
            raise TopologyError(f"the map has a node {name!r}, a name needed for a new node")
        topology.add_edge(router, name, **link)
        names.append(name)
    return names


def problems_when_built(factory: Callable[..., Any], given: Mapping[str, Any]) -> list[str]:
    """Return what `factory` says is wrong under the parameters `given`: a check of maps."""
    try:
        factory(**dict(given.items()))
    except ValueError as error:
        return [str(error)]
    except Exception:
        # Missing and mistyped parameters: these are found by comparison with the signature.
        return []
    return []
