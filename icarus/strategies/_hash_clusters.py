"""Hash-routing by clusters: each cluster of routers has an authoritative cache of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import networkx as nx

from icarus.registry import register_strategy
from icarus.routing.clusters import cluster_links, extract_cluster_level_topology
from icarus.strategies._hash_base import (
    Assignment,
    DefinedHashrouting,
    Routing,
    fit_hashrouting,
    require_routing,
)
from icarus.strategies._hash_cluster_legs import HashroutingClusterState
from icarus.strategies.strategy import require_one_of
from icarus.types import Seed

_InterRouting = Literal["LCE", "EDGE"]


def _fit_clusters(topology: Any, parameters: Mapping[str, Any]) -> None:
    fit_hashrouting(topology, parameters)
    _require_clusters(topology)


def _require_clusters(topology: Any) -> None:
    if "clusters" not in topology.graph:
        raise ValueError(
            "the topology has no clusters; the cache placement CLUSTERED_HASHROUTING makes them"
        )


@register_strategy("HR_CLUSTER", fit=_fit_clusters)
class HashroutingClustered(DefinedHashrouting, definition=HashroutingClusterState):
    """Hash-routing by clusters: each cluster has its own cache responsible for a content.

    A request visits the authoritative caches of the clusters on the way from the receiver's to
    the source's, one after another, or that of the receiver's cluster only, and the source if
    none of them serves.

    Parameters
    ----------
    intra_routing : {"SYMM", "ASYMM", "MULTICAST"}
        How the content is delivered: back through the caches that were asked, which keep it;
        directly, kept by every authoritative cache on the way; or directly, with branches to
        the caches that were asked, which keep it.
    inter_routing : {"LCE", "EDGE"}, optional
        Which clusters' caches are asked: all on the way, or that of the receiver only.
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number
        within a cluster; see HASHROUTING.

    Raises
    ------
    ValueError
        If `intra_routing`, `inter_routing` or `assignment` is none of these, or the topology is
        not divided into connected clusters that each node has the label of. The cache placement
        CLUSTERED_HASHROUTING does that.
    RuntimeError
        From ``process_event``, if the source does not have the content.

    Notes
    -----
    The way from cluster to cluster is the shortest in clusters. Under EDGE and SYMM, other
    authoritative caches on the shortest path from the source to the receiver keep the content
    too if it passes them. Copies are put in the order in which the content reaches the nodes,
    those of branches last, nearest cluster to the serving node first.

    References
    ----------
    L. Saino, "On the design of efficient caching systems", PhD thesis, University College
    London, 2015; V. Sourlas, I. Psaras, L. Saino, G. Pavlou, "Efficient hash-routing and domain
    clustering techniques for information-centric networks", Computer Networks 103, 2016.
    """

    def __init__(
        self,
        view: Any,
        controller: Any,
        intra_routing: Routing,
        inter_routing: _InterRouting = "LCE",
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller, seed=seed, salt=salt, assignment=assignment)
        require_routing("intra_routing", intra_routing)
        require_one_of("inter_routing", inter_routing, get_args(_InterRouting))
        self.intra_routing = intra_routing
        self.inter_routing = inter_routing
        self._check_clusters()
        extract_cluster_level_topology(view.topology())
        self._define()

    def _look_around(self) -> None:
        """Take the clusters as they are now, and the ways between them."""
        super()._look_around()
        self._cluster_paths: dict[int | None, dict[int | None, list[int | None]]] = dict(
            nx.all_pairs_shortest_path(cluster_links(self.view.topology()))
        )

    def _check_clusters(self) -> None:
        _require_clusters(self.view.topology())
        for node, label in self.view.topology().nodes(data="cluster"):
            if label is not None and not self.cluster_size.get(label):
                raise ValueError(
                    f"node {node!r} is labelled with the cluster {label!r}, which has no nodes "
                    f"in the graph attribute 'clusters'"
                )
