"""Twin of hash-routing by clusters, each of which has authoritative caches of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import networkx as nx

from icarus.routing.clusters import extract_cluster_level_topology
from icarus.strategies._hash_base import Assignment, Routing, require_routing
from icarus.strategies.strategy import require_one_of
from icarus.types import Content, Node, Seed
from twins.hash_routing import BaseHashrouting

_InterRouting = Literal["LCE", "EDGE"]


def _require_clusters(topology: Any) -> None:
    if "clusters" not in topology.graph:
        raise ValueError(
            "the topology has no clusters; the cache placement CLUSTERED_HASHROUTING makes them"
        )


class HashroutingClustered(BaseHashrouting):
    """Each cluster has its own cache responsible for a content."""

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
        level = extract_cluster_level_topology(view.topology())
        self._cluster_paths: dict[int | None, dict[int | None, list[int | None]]] = dict(
            nx.all_pairs_shortest_path(level)
        )

    def _check_clusters(self) -> None:
        _require_clusters(self.view.topology())
        for node, label in self.view.topology().nodes(data="cluster"):
            if label is not None and not self.cluster_size.get(label):
                raise ValueError(
                    f"node {node!r} is labelled with the cluster {label!r}, which has no nodes "
                    f"in the graph attribute 'clusters'"
                )

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the first authoritative cache on its way, or from the origin."""
        clusters = self._clusters_to_ask(receiver, content)
        self.controller.start_session(time, receiver, content, log)
        legs: list[Sequence[Node]] = []
        here, hit = receiver, False
        for cluster in clusters:
            cache = self.authoritative_cache(content, cluster)
            legs.append(self.view.shortest_path(here, cache))
            self._send_request(legs[-1])
            here = cache
            hit = self.controller.get_content(cache)
            if hit:
                break
        if not hit:
            legs.append(self._fetch_from_source(content, here))
        if hit and self.inter_routing == "EDGE":
            self._send_content(legs[0][::-1])
        else:
            self._deliver(content, legs)
        self.controller.end_session()

    def _clusters_to_ask(self, receiver: Node, content: Content) -> list[int | None]:
        """Return the clusters whose caches are asked, in that order."""
        first = self.view.cluster(receiver)
        if self.inter_routing == "EDGE":
            return [first]
        source = self.view.content_source(content)
        if source is None:
            raise RuntimeError(f"no source has content {content!r}")
        return self._cluster_paths[first][self.view.cluster(source)]

    def _deliver(self, content: Content, legs: Sequence[Sequence[Node]]) -> None:
        """Send the content to the receiver, given the legs of its request."""
        receiver, server = legs[0][0], legs[-1][-1]
        keepers = [leg[0] for leg in legs[:0:-1]]
        direct = self.view.shortest_path(server, receiver)
        if self.intra_routing == "MULTICAST":
            self._send_content(direct)
            self._send_branches(server, keepers, direct)
        elif self.intra_routing == "ASYMM":
            self._send_and_store(direct, self._authoritative_on(direct, content))
        else:
            way_back = [server, *(node for leg in legs[::-1] for node in leg[-2::-1])]
            wanted = set(keepers)
            if self.inter_routing == "EDGE":
                wanted |= self._authoritative_on(direct, content)
            self._send_and_store(way_back, wanted)

    def _authoritative_on(self, path: Sequence[Node], content: Content) -> set[Node]:
        """Return the nodes of `path` responsible for `content` in a cluster that it crosses."""
        crossed = dict.fromkeys(self.view.cluster(node) for node in path)
        responsible = {self.authoritative_cache(content, cluster) for cluster in crossed}
        return responsible.intersection(path)

    def _send_and_store(self, path: Sequence[Node], wanted: set[Node]) -> None:
        """Send the content along `path`; what is `wanted` stores it when reached first."""
        remaining = wanted - {path[0]}
        u = path[0]
        for v in path[1:]:
            self.controller.forward_content_hop(u, v)
            if v in remaining:
                remaining.remove(v)
                self.controller.put_content(v)
            u = v

    def _send_branches(self, server: Node, keepers: Sequence[Node], direct: Sequence[Node]) -> None:
        """Send the content to all `keepers`, each from the nearest node that it has reached."""
        reached = set(direct)
        for keeper in keepers:
            branch = self._branch(server, keeper, reached)
            self._send_content(branch, main_path=False)
            self.controller.put_content(keeper)
            reached.update(branch)
