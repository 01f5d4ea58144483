"""The network that clusters of nodes form."""

from __future__ import annotations

import fnss
import networkx as nx

__all__ = ["extract_cluster_level_topology"]


def extract_cluster_level_topology(topology: fnss.Topology) -> fnss.Topology:
    """Return the network of clusters: a node for each, a link where a link joins two.

    Parameters
    ----------
    topology : fnss.Topology
        A network in which every node has the attribute ``cluster``.

    Returns
    -------
    fnss.Topology
        Its nodes are the labels of clusters, ascending.

    Raises
    ------
    ValueError
        If a node has no label, or the clusters are not connected.
    """
    labels = dict(topology.nodes(data="cluster"))
    for node, label in labels.items():
        if label is None:
            raise ValueError(f"node {node!r} is in no cluster: it lacks the attribute 'cluster'")
    level = cluster_links(topology)
    if len(level) == 0 or not nx.is_connected(level):
        raise ValueError("the clusters are not connected with each other")
    return level


def cluster_links(topology: fnss.Topology) -> fnss.Topology:
    """Return which clusters have links to one another, connected or not.

    Its nodes are the labels of clusters, ascending, as far as they have nodes.
    """
    labels = dict(topology.nodes(data="cluster"))
    level = fnss.Topology()
    level.add_nodes_from(sorted(set(labels.values())))
    level.add_edges_from(
        (labels[u], labels[v]) for u, v in topology.edges() if labels[u] != labels[v]
    )
    return level
