"""CLUSTERED_HASHROUTING: candidates grouped into clusters, each of which hash-routes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import fnss

from icarus.registry import register_cache_placement
from icarus.scenarios.algorithms import compute_clusters, deploy_clusters, labels_of_users
from icarus.scenarios.cacheplacement.budget import (
    divided,
    place,
    some_candidates,
    warn_of_missing,
    whole_budget,
    write_sizes,
)
from icarus.types import NonNegative, PositiveInt, Seed

__all__ = ["clustered_hashrouting_cache_placement"]

RESTARTS = 100
"""Random starts of the search for clusters."""


def _fit(topology: fnss.Topology, parameters: Mapping[str, Any]) -> None:
    candidates = _candidates(topology, parameters["n_clusters"])
    # Whether users have a cluster to share does not depend on which one it is.
    labels_of_users(topology, dict.fromkeys(candidates, 0))


@register_cache_placement("CLUSTERED_HASHROUTING", fit=_fit)
def clustered_hashrouting_cache_placement(
    topology: fnss.Topology,
    cache_budget: NonNegative,
    n_clusters: PositiveInt,
    policy: Literal["node_const", "cluster_const"],
    distance: str | None = "delay",
    seed: Seed = None,
    **kwargs: Any,
) -> None:
    """Caches on all candidates, divided into clusters of near ones for HR_CLUSTER.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``. It gets the graph attribute
        ``clusters``, a list of sets of candidates, and each candidate, source and receiver the
        node attribute ``cluster``, the number of its cluster there.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
    n_clusters : int
        The number of clusters, from 1 to that of the candidates.
    policy : {"node_const", "cluster_const"}
        Whether all caches are equal, or all clusters, in each of which caches are equal.
        Clusters get their shares by largest remainder, and their caches again.
    distance : str or None, optional
        The attribute of links by which nodes are near; None counts hops.
    seed : int, SeedSequence, Generator or None, optional
        For the random starts of the search for clusters.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If a parameter is outside its range, the topology has no candidates or these are not
        connected with each other, a link lacks the attribute, or a source or receiver has not
        exactly one neighbour, a candidate, of which it could share the cluster.

    References
    ----------
    L. Saino, On the design of efficient caching systems, PhD thesis, University College
    London, 2015.
    """
    if policy not in ("node_const", "cluster_const"):
        raise ValueError(f"policy is either 'node_const' or 'cluster_const', found {policy!r}")
    candidates = _candidates(topology, n_clusters)
    budget = whole_budget(cache_budget)
    clusters = _clusters(topology, candidates, n_clusters, distance, seed)
    deploy_clusters(topology, clusters)
    if policy == "node_const":
        place(topology, budget, dict.fromkeys(candidates, 1.0))
        return
    shares = divided(budget, dict.fromkeys(range(n_clusters), 1.0), topology)
    sizes: dict[Any, int] = {}
    for i, cluster in enumerate(clusters):
        members = [node for node in candidates if node in cluster]
        sizes.update(divided(shares[i], dict.fromkeys(members, 1.0), topology))
    write_sizes(topology, sizes)
    warn_of_missing(topology, budget, sizes)


def _candidates(topology: fnss.Topology, n_clusters: int) -> list[Any]:
    candidates = some_candidates(topology)
    if not 1 <= n_clusters <= len(candidates):
        raise ValueError(
            f"n_clusters must be from 1 to {len(candidates)}, the number of candidates for "
            f"caches, found {n_clusters!r}"
        )
    return candidates


def _clusters(
    topology: fnss.Topology,
    candidates: list[Any],
    n_clusters: int,
    distance: str | None,
    seed: Seed,
) -> list[set[Any]]:
    # The two extremes need no distances, and so no connected candidates either.
    if n_clusters == 1:
        return [set(candidates)]
    if n_clusters == len(candidates):
        return [{node} for node in candidates]
    return compute_clusters(
        topology, n_clusters, distance, nbunch=candidates, n_iter=RESTARTS, seed=seed
    )
