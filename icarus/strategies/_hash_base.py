"""What hash-routing schemes share: who is responsible for a content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args

from icarus.core.randomness import hash_salt
from icarus.strategies._hash_authorities import number_of
from icarus.strategies.strategy import DefinedStrategy, Strategy, require_one_of
from icarus.types import Content, Node, Seed

Routing = Literal["SYMM", "ASYMM", "MULTICAST"]
"""How a content that the authoritative cache lacks gets from its origin to the receiver.

Through that cache, which keeps it; on the shortest path; or on the shortest path with a second
branch to the cache, which keeps it. Where the cache lies on the shortest path, all three are the
first.
"""

Assignment = Literal["hash", "round_robin"]
"""How contents are assigned to the caches, which are taken in node order.

By a salted hash of the name; or in turn, content i to cache ``i % n``, names that are no whole
numbers by a hash.
"""


class BaseHashrouting(Strategy):
    """What hash-routing schemes share: the map from content to authoritative cache.

    Contents are spread over the caches, taken in node order, by a hash; each cache is
    responsible for an equal share of the names. Which contents meet in which cache is a draw,
    and each replication of a campaign has one of its own: the hash is salted.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None, optional
        Where the salt comes from. In a campaign that is a stream of the replication; without a
        seed a script has no salt.
    salt : int, optional
        The salt instead, for one draw in all replications; 0 is no salt.
    assignment : {"hash", "round_robin"}, optional
        "round_robin" makes no draw: content i belongs to cache i modulo their number, as with
        Icarus 0.8, where it spreads popularity evenly. Names that are no whole numbers are
        hashed all the same.

    Attributes
    ----------
    cache_nodes : list of nodes
        The nodes that have a cache at construction, in node order.
    n_cache_nodes : int
        How many there are.
    cache_assignment : dict
        From position to node.
    clusters : list of lists of nodes
        The topology's graph attribute ``clusters``, if it has one: its members become lists,
        sets in node order.
    cluster_size : dict
        From position of a cluster to its number of nodes.

    Raises
    ------
    ValueError
        If the network has no cache, or `assignment` is none of these.
    """

    def __init__(
        self,
        view: Any,
        controller: Any,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        Strategy.__init__(self, view, controller)
        require_one_of("assignment", assignment, get_args(Assignment))
        self._salt = hash_salt(salt, seed, "hash-routing")
        self._in_turn = assignment == "round_robin"
        _require_caches(view.cache_nodes())
        self._hashes: dict[Content, int] = {}
        self._look_at_caches()

    def network_changed(self) -> None:
        """Spread contents over the caches that there are now."""
        self._look_at_caches()

    def _look_at_caches(self) -> None:
        topology = self.view.topology()
        # A node of which the whole cache is local is responsible all the same.
        local = self.view.model.local_cache
        own = dict.fromkeys(self.view.cache_nodes())
        self.cache_nodes: list[Node] = (
            [node for node in topology if node in own or node in local] if local else list(own)
        )
        # Where none is left, nobody is responsible, and requests fail.
        self.cache_assignment: dict[int, Node] = dict(enumerate(self.cache_nodes or [None]))
        self.n_cache_nodes = len(self.cache_assignment)
        if "clusters" in topology.graph:
            # Nodes that are removed come back into the lists that the topology has.
            self.clusters = [
                [node for node in nodes if node in topology] or [None]
                for nodes in _clusters_as_lists(topology)
            ]
            self.cluster_size = {i: len(nodes) for i, nodes in enumerate(self.clusters)}

    def authoritative_cache(self, content: Content, cluster: int | None = None) -> Node:
        """Return the node whose cache is responsible for `content`.

        Parameters
        ----------
        content : content
        cluster : int, optional
            Position of the cluster in which to look; by default the whole network.
        """
        number = self._hashes.get(content)
        if number is None:
            number = self._hashes[content] = number_of(content, self._salt, self._in_turn)
        if cluster is None:
            return self.cache_assignment[number % self.n_cache_nodes]
        return self.clusters[cluster][number % self.cluster_size[cluster]]


class DefinedHashrouting(BaseHashrouting, DefinedStrategy):
    """Hash-routing by a definition, which is told of the strategy and made once that is complete.

    Users' own schemes, which are classes, are based on ``BaseHashrouting`` instead.
    """

    def _define(self) -> None:
        """Have requests served as the definition says, from what the strategy knows by now."""
        self._look_around()
        DefinedStrategy.__init__(self, self.view, self.controller, strategy=self)

    def _look_around(self) -> None:
        """Take note of what is needed of the network beside its caches."""

    def network_changed(self) -> None:
        """Know the network as it is now."""
        self._look_at_caches()
        self._look_around()
        DefinedStrategy.network_changed(self)


def fit_hashrouting(topology: Any, parameters: Mapping[str, Any]) -> None:
    """Check that a topology has caches."""
    _require_caches(topology.cache_nodes())


def _require_caches(nodes: Collection[Node]) -> None:
    if not nodes:
        raise ValueError("hash-routing needs a cache; the network has none")


def require_routing(parameter: str, value: object) -> None:
    """Raise ValueError unless `value` is a routing."""
    require_one_of(parameter, value, get_args(Routing))


def _clusters_as_lists(topology: Any) -> list[list[Node]]:
    """Return the clusters of a topology, their members made lists in place."""
    clusters = topology.graph["clusters"] = list(topology.graph["clusters"])
    position = {node: i for i, node in enumerate(topology)}
    for i, nodes in enumerate(clusters):
        if not isinstance(nodes, list):
            clusters[i] = sorted(nodes, key=position.__getitem__)
    return clusters
