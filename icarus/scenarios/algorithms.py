"""Clustering and location algorithms for placing caches.

Everything random is drawn from a parameter ``seed``; small instances are solved exactly and
draw nothing. Orders of nodes are those of the topology.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import fnss
import networkx as nx
import numpy as np

from icarus.core.randomness import generator
from icarus.routing.clusters import extract_cluster_level_topology
from icarus.scenarios.location import best_sites
from icarus.scenarios.location import distances as network_distances
from icarus.types import Seed

__all__ = [
    "compute_clusters",
    "compute_p_median",
    "deploy_clusters",
    "extract_cluster_level_topology",
    "pam",
]


def pam(
    distances: Any, k: int, n_iter: int = 10, seed: Seed = None
) -> tuple[np.ndarray, np.ndarray, float]:
    """Group points around k of them, the medoids (k-medoids).

    Parameters
    ----------
    distances : array_like of float, shape (n_points, n_points)
        Entry (i, j) is the distance from point i to point j, 0 or more. It need not be
        symmetric.
    k : int
        The number of medoids, from 1 to n_points.
    n_iter : int, optional
        The number of random starts where the instance is too large to try all choices.
    seed : int, SeedSequence, Generator or None, optional
        For the starts.

    Returns
    -------
    clusters : ndarray of int, shape (n_points,)
        The medoid of each point, as the number of a point: the nearest, of equally near ones
        the lowest. A medoid's medoid is itself.
    medoids : ndarray of int, shape (k,)
        The medoids, ascending.
    cost : float
        The sum of the distances from points to their medoids.

    Raises
    ------
    ValueError
        If `distances` is no square matrix of distances, or `k` or `n_iter` is out of range.

    Notes
    -----
    The result is optimal where all choices of medoids can be tried quickly. Elsewhere it is
    the best of `n_iter` descents, each from medoids drawn at random, that exchange one medoid
    for another point while that lowers the cost (the swap phase of PAM).

    References
    ----------
    L. Kaufman and P. J. Rousseeuw, Finding Groups in Data, Wiley, 1990, chapter 2,
    doi 10.1002/9780470316801.ch2.

    Examples
    --------
    >>> clusters, medoids, cost = pam([[0, 1, 9], [1, 0, 9], [9, 9, 0]], k=2)
    >>> clusters.tolist(), medoids.tolist(), cost
    ([0, 0, 2], [0, 2], 1.0)
    """
    matrix = np.asarray(distances, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"distances must be a square matrix, found the shape {matrix.shape}")
    if not (np.isfinite(matrix).all() and (matrix >= 0).all()):
        raise ValueError("distances must be numbers, 0 or more")
    _require_count("k", k, len(matrix), "points")
    if n_iter < 1:
        raise ValueError(f"n_iter must be 1 or more, found {n_iter!r}")
    medoids, _ = best_sites(matrix, k, n_iter, lambda: generator(seed))
    clusters = medoids[matrix[:, medoids].argmin(axis=1)]
    clusters[medoids] = medoids
    return clusters, medoids, float(matrix[np.arange(len(matrix)), clusters].sum())


def compute_p_median(
    distances: Mapping[Any, Mapping[Any, float]], p: int, n_iter: int = 20, seed: Seed = None
) -> tuple[dict[Any, Any], set[Any], float]:
    """Choose the p nodes that are nearest to all nodes on average (p-median).

    Parameters
    ----------
    distances : dict of dict of float
        ``distances[v][u]`` is the distance from node v to node u. Every node is a key at both
        levels.
    p : int
        The number of medians, from 1 to the number of nodes.
    n_iter : int, optional
        The number of random starts where the instance is too large to try all choices.
    seed : int, SeedSequence, Generator or None, optional
        For the starts.

    Returns
    -------
    allocation : dict
        The median that serves each node, itself for a median.
    medians : set
        The nodes chosen.
    cost : float
        The sum over nodes of the distance from the median to the node.

    Raises
    ------
    ValueError
        If `p` is out of range or a distance is missing, negative or infinite.

    Notes
    -----
    Nodes are taken in sorted order, so that the order of keys does not matter; those that
    cannot be compared are sorted by type first. Optimality is that of `pam`.

    Examples
    --------
    >>> line = {u: {v: abs(u - v) for v in range(5)} for u in range(5)}
    >>> compute_p_median(line, 1)
    ({0: 2, 1: 2, 2: 2, 3: 2, 4: 2}, {2}, 6.0)
    """
    nodes = _in_order(distances)
    _require_count("p", p, len(nodes), "nodes")
    for v in nodes:
        for u in nodes:
            if u not in distances[v]:
                raise ValueError(f"distances[{v!r}] has no distance to node {u!r}")
    costs = [[distances[v][u] for v in nodes] for u in nodes]
    clusters, medoids, cost = pam(costs, p, n_iter, seed)
    allocation = {nodes[i]: nodes[j] for i, j in enumerate(clusters)}
    return allocation, {nodes[j] for j in medoids}, cost


def compute_clusters(
    topology: fnss.Topology,
    k: int,
    distance: str | None = "delay",
    nbunch: Iterable[Hashable] | None = None,
    n_iter: int = 10,
    seed: Seed = None,
) -> list[set[Any]]:
    """Divide the nodes of a network into k clusters of nodes near each other.

    Parameters
    ----------
    topology : fnss.Topology
        A connected network; the direction of links is ignored.
    k : int
        The number of clusters, from 1 to the number of nodes.
    distance : str or None, optional
        The attribute of links that is added up along paths. None counts hops.
    nbunch : iterable of nodes, optional
        The nodes to divide, all by default. Paths use only these.
    n_iter : int, optional
        The number of random starts where the instance is too large to try all choices.
    seed : int, SeedSequence, Generator or None, optional
        For the starts.

    Returns
    -------
    list of set
        The clusters, in the order in which their medoids stand in the topology.

    Raises
    ------
    ValueError
        If `k` is out of range, the network or the part of it that `nbunch` names is not
        connected, a node is unknown, or a link lacks the attribute or has a negative one.

    Notes
    -----
    The distance of two nodes is that of the path on which it is least, whatever the number of
    hops. Clusters are those of `pam`: they minimise the sum of distances to the medoids.
    """
    network: nx.Graph[Any] = nx.Graph(topology)
    wanted = set(network) if nbunch is None else set(nbunch)
    nodes = [node for node in network if node in wanted]
    if len(nodes) < len(wanted):
        unknown = next(node for node in nbunch or () if node not in network)
        raise ValueError(f"nbunch: there is no node {unknown!r} in the topology")
    _require_count("k", k, len(nodes), "nodes")
    if not nx.is_connected(network):
        raise ValueError("the topology is not connected: there are nodes without a path between")
    between = network_distances(network, nodes, nodes, distance, within=nodes)
    assignment, medoids, _ = pam(between, k, n_iter, seed)
    return [
        {node for node, own in zip(nodes, assignment, strict=True) if own == medoid}
        for medoid in medoids
    ]


def deploy_clusters(
    topology: fnss.Topology, clusters: Sequence[Iterable[Any]], assign_src_rcv: bool = True
) -> None:
    """Label the nodes of a topology with their clusters.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``. Its graph attribute
        ``clusters`` becomes `clusters`, and the attribute ``cluster`` of each node the position
        of its cluster there. Labels of an earlier call go.
    clusters : list of sets of nodes
        Clusters without common nodes that make up the candidates.
    assign_src_rcv : bool, optional
        Whether sources and receivers get the label of their only neighbour.

    Raises
    ------
    ValueError
        If clusters overlap, are not the candidates in all, or `assign_src_rcv` is set and a
        source or receiver has several neighbours or one without a cluster. The topology is
        then as it was.
    """
    labels: dict[Any, int] = {}
    for i, cluster in enumerate(clusters):
        for node in cluster:
            if node in labels:
                raise ValueError(f"clusters {labels[node]} and {i} overlap: both have {node!r}")
            labels[node] = i
    candidates = set(topology.graph.get("icr_candidates") or ())
    if labels.keys() != candidates:
        everything = [*topology, *labels, *candidates]
        odd = next(node for node in everything if (node in labels) != (node in candidates))
        place = "in a cluster, but no candidate" if odd in labels else "a candidate without one"
        raise ValueError(f"clusters must have the candidates for caches: node {odd!r} is {place}")
    if assign_src_rcv:
        labels.update(labels_of_users(topology, labels))
    topology.graph["clusters"] = clusters
    for node, attributes in topology.nodes(data=True):
        attributes.pop("cluster", None)
        if node in labels:
            attributes["cluster"] = labels[node]


def labels_of_users(topology: fnss.Topology, labels: Mapping[Any, int]) -> dict[Any, int]:
    """Return the cluster of each source and receiver, that of its only neighbour."""
    found = {}
    for node, stack in topology.nodes(data="stack"):
        if stack is None or stack[0] not in ("source", "receiver"):
            continue
        neighbours = list(topology.neighbors(node))
        if len(neighbours) != 1:
            raise ValueError(
                f"{stack[0]} {node!r} has {len(neighbours)} neighbours: clusters need sources "
                f"and receivers with a single one, of which they share the cluster"
            )
        if neighbours[0] not in labels:
            raise ValueError(
                f"{stack[0]} {node!r} is attached to {neighbours[0]!r}, which is in no cluster: "
                f"it must be a candidate for caches"
            )
        found[node] = labels[neighbours[0]]
    return found


def _in_order(nodes: Iterable[Any]) -> list[Any]:
    """Return nodes sorted, by type where they cannot be compared."""
    try:
        return sorted(nodes)
    except TypeError:
        return sorted(nodes, key=lambda node: (type(node).__name__, str(node)))


def _require_count(name: str, value: int, most: int, things: str) -> None:
    if not 1 <= value <= most:
        raise ValueError(
            f"{name} must be from 1 to {most}, the number of {things}, found {value!r}"
        )
