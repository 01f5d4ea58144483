"""Changes to a network while it runs: caches that are split, links and nodes that come and go.

They are rare beside requests, which is why they are kept apart from the inner loop. After each
of them the tables of the model are those of a model built afresh on the present topology.
"""

from __future__ import annotations

import math
from typing import Any

from icarus.execution.network.model import NetworkModel
from icarus.routing.paths import ShortestPaths
from icarus.types import Node
from icarus.util import apportionment

__all__ = ["NetworkChanges"]

Link = tuple[Node, Node]


class NetworkChanges:
    """What a controller may change about the network itself.

    Links have no direction: ``(u, v)`` and ``(v, u)`` name the same one. Links and nodes are
    removed and restored independently of each other: a link is there if it is not removed
    itself and neither of its ends is, whatever the order in which these came about. Restoring
    all that was removed gives the network as it was, its order of nodes and of each node's
    neighbours, and with them its paths, included.

    Parameters
    ----------
    model : NetworkModel

    Notes
    -----
    Each method but ``reserve_local_cache`` takes `recompute_paths`. If it is true, paths are
    computed anew on the changed topology, in place of any that the user supplied; they are
    symmetric, and computed where they are asked for. If it is false, paths stay as they are,
    which is meant for several changes in a row.
    """

    def __init__(self, model: NetworkModel) -> None:
        self.model = model

    def rewire_link(
        self, u: Node, v: Node, up: Node, vp: Node, recompute_paths: bool = True
    ) -> None:
        """Move the link between `u` and `v`, with its attributes, to between `up` and `vp`.

        Raises
        ------
        KeyError
            If there is no such link, or no node `up` or `vp`.
        ValueError
            If `up` and `vp` are the same node or have a link already, be it a removed one.
        """
        model = self.model
        topology = model.topology
        if not topology.has_edge(u, v):
            raise KeyError(f"there is no link between {u!r} and {v!r} to rewire")
        for node in (up, vp):
            if node not in topology:
                raise KeyError(f"there is no node {node!r} to rewire a link to")
        if {up, vp} != {u, v}:
            if up == vp:
                raise ValueError(f"a link cannot have node {up!r} at both ends")
            if topology.has_edge(up, vp) or self._removed_key(up, vp) is not None:
                raise ValueError(f"there is a link between {up!r} and {vp!r} already")
            attributes = topology.adj[u][v]
            model._link_order.note(topology)
            model._link_order.move((u, v), (up, vp))
            topology.remove_edge(u, v)
            model._drop_link(u, v)
            topology.add_edges_from([(up, vp, attributes)])
            model._enter_link(up, vp, attributes)
        self._changed(recompute_paths)

    def remove_link(self, u: Node, v: Node, recompute_paths: bool = True) -> None:
        """Remove the link between `u` and `v`, keeping its attributes for ``restore_link``.

        A link that is away because one of its ends is can be removed too; it then stays away
        when the node returns.

        Raises
        ------
        KeyError
            If there is no such link.
        """
        if self.model.topology.has_edge(u, v):
            self._take_link(u, v)
        elif (holder := self._left_with(u, v)) is not None:
            node, neighbor = holder
            self.model.disconnected_neighbors[node].remove(neighbor)
        else:
            raise KeyError(f"there is no link between {u!r} and {v!r} to remove")
        self._changed(recompute_paths)

    def restore_link(self, u: Node, v: Node, recompute_paths: bool = True) -> None:
        """Put the link between `u` and `v` back as it was.

        If one of its ends is removed, the link comes back when that node does.

        Raises
        ------
        KeyError
            If the link was not removed, or only went with a node: that node is to be restored.
        """
        key = self._removed_key(u, v)
        if key is None:
            raise KeyError(f"no link between {u!r} and {v!r} was removed")
        if (holder := self._left_with(u, v)) is not None:
            raise KeyError(
                f"the link between {u!r} and {v!r} was removed with node {holder[0]!r}; "
                f"restore that node"
            )
        self._put_link_back(key)
        self._changed(recompute_paths)

    def remove_node(self, v: Node, recompute_paths: bool = True) -> None:
        """Remove node `v` with its links and its caches; what it originates is not available.

        A content that another source has too is from now on that one's.

        Raises
        ------
        KeyError
            If there is no such node.
        """
        model = self.model
        topology = model.topology
        if v not in topology:
            raise KeyError(f"there is no node {v!r} to remove")
        neighbors = list(topology.adj[v])
        for u in neighbors:
            self._take_link(v, u)
        model.disconnected_neighbors[v] = set(neighbors)
        model.removed_nodes[v] = topology.nodes[v]
        topology.remove_node(v)
        for present, removed in self._tables():
            if v in present:
                removed[v] = present.pop(v)
        if v in model.removed_sources:
            model._enter_contents()
        self._changed(recompute_paths)

    def restore_node(self, v: Node, recompute_paths: bool = True) -> None:
        """Put node `v` back with its links, its caches as they were, and what it originates.

        Links that were removed by themselves stay away until ``restore_link``. A link to a
        neighbour that is still removed comes back when that one does.

        Raises
        ------
        KeyError
            If the node was not removed.
        """
        model = self.model
        if v not in model.removed_nodes:
            raise KeyError(f"no node {v!r} was removed")
        model.topology.add_nodes_from([(v, model.removed_nodes.pop(v))])
        self._move_into_order(v)
        neighbors = model.disconnected_neighbors.pop(v)
        for key in [(a, b) for a, b in model.removed_links if v in (a, b)]:
            if (key[1] if key[0] == v else key[0]) in neighbors:
                self._put_link_back(key)
        for present, removed in self._tables():
            if v in removed:
                present[v] = removed.pop(v)
                model._sort(present)
        if v in model.source_node:
            model._enter_contents()
        self._changed(recompute_paths)

    def reserve_local_cache(self, ratio: float = 0.1) -> None:
        """Set aside a share of every cache for the requests of its own node.

        All caches are built anew, empty, under the policy of the network and with its
        parameters. The two parts of a cache have the size of the whole between them; a part
        of size 0 does not exist. Done again, it divides the whole anew. Caches of removed
        nodes are not touched.

        Parameters
        ----------
        ratio : float, optional
            The share of the local part, from 0 to 1. Sizes are rounded to the nearest, a half
            in favour of the coordinated part.

        Raises
        ------
        ValueError
            If `ratio` is not from 0 to 1.
        """
        if not 0 <= ratio <= 1:
            raise ValueError(f"ratio must be from 0 to 1, got {ratio!r}")
        model = self.model
        for node in model.topology:
            parts = [table[node] for table in (model.cache, model.local_cache) if node in table]
            size = sum(part.maxlen for part in parts)
            if size == 0:
                continue  # no cache, or one of the NULL policy, with nothing to divide
            shares = apportionment(size, [1 - ratio, ratio])
            for table, share in zip((model.cache, model.local_cache), shares, strict=True):
                table.pop(node, None)
                if share:
                    table[node] = model._cache_like(parts[0], share)
        model._sort(model.cache)
        model._sort(model.local_cache)

    def recompute_paths(self) -> None:
        """Have paths computed anew on the network as it is now."""
        self.model.shortest_path = ShortestPaths(self.model.topology, lasting=False)
        self.model._is_whole = None

    def _changed(self, recompute_paths: bool) -> None:
        if recompute_paths:
            self.recompute_paths()
        elif isinstance(self.model.shortest_path, ShortestPaths):
            self.model._is_whole = None

    def _tables(self) -> tuple[tuple[dict[Node, Any], dict[Node, Any]], ...]:
        """Return what nodes have: the table of those present, and that of those removed."""
        model = self.model
        return (
            (model.cache, model.removed_caches),
            (model.local_cache, model.removed_local_caches),
            (model.source_node, model.removed_sources),
        )

    def _removed_key(self, u: Node, v: Node) -> Link | None:
        """Return the key under which a link is kept while it is removed, or None."""
        removed = self.model.removed_links
        return (u, v) if (u, v) in removed else (v, u) if (v, u) in removed else None

    def _left_with(self, u: Node, v: Node) -> Link | None:
        """Return the removed node that a link went with and the link's other end, or None."""
        left = self.model.disconnected_neighbors
        return next(((a, b) for a, b in ((u, v), (v, u)) if b in left.get(a, ())), None)

    def _take_link(self, u: Node, v: Node) -> None:
        model = self.model
        model._link_order.note(model.topology)
        model.removed_links[u, v] = model.topology.adj[u][v]
        model.topology.remove_edge(u, v)
        model._drop_link(u, v)

    def _put_link_back(self, key: Link) -> None:
        """Put a removed link back, or leave it to the end that is removed."""
        model = self.model
        for node, neighbor in (key, key[::-1]):
            if node in model.removed_nodes:
                model.disconnected_neighbors[node].add(neighbor)
                return
        attributes = model.removed_links.pop(key)
        model.topology.add_edges_from([(*key, attributes)])
        model._link_order.restore(model.topology, key)
        model._enter_link(*key, attributes)

    def _move_into_order(self, v: Node) -> None:
        """Move a node that was added last to where it stood at first.

        Where paths tie, the order of nodes decides: without this a network that failed and
        recovered would not route as before.
        """
        topology = self.model.topology
        position = self.model.position
        place = position.get(v, math.inf)
        later = [node for node in topology if position.get(node, math.inf) > place]
        nodes = [(node, topology.nodes[node]) for node in later]
        links = list(topology.edges(later, data=True))
        topology.remove_nodes_from(later)
        topology.add_nodes_from(nodes)
        topology.add_edges_from(links)
        self.model._link_order.restore(topology, topology)
