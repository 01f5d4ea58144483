"""Hash-routing: each content has one authoritative cache, found by hashing its name.

References
----------
L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
"""

from __future__ import annotations

from typing import Any, ClassVar

import networkx as nx

from icarus.registry import register_strategy
from icarus.strategies._hash_base import (
    Assignment,
    DefinedHashrouting,
    Routing,
    fit_hashrouting,
    require_routing,
)
from icarus.strategies._hash_base import BaseHashrouting as BaseHashrouting
from icarus.strategies._hash_clusters import HashroutingClustered
from icarus.strategies._hash_delivery import HashroutingState
from icarus.strategies._hash_local import HashroutingEdge, HashroutingOnPath
from icarus.types import NonNegative, Seed

__all__ = [
    "Hashrouting",
    "HashroutingAsymmetric",
    "HashroutingClustered",
    "HashroutingEdge",
    "HashroutingHybridAM",
    "HashroutingHybridSM",
    "HashroutingMulticast",
    "HashroutingOnPath",
    "HashroutingSymmetric",
]


@register_strategy("HASHROUTING", fit=fit_hashrouting)
class Hashrouting(DefinedHashrouting, definition=HashroutingState):
    """Hash-routing: requests go to the cache responsible for their content, then to the origin.

    Parameters
    ----------
    routing : {"SYMM", "ASYMM", "MULTICAST"}
        How a content that the cache lacks is delivered: back through the cache, which keeps a
        copy; directly, with a copy only if the cache lies on the way; or directly with a
        second branch to the cache, which keeps a copy. The branch begins at the last node that
        the paths from the source to the receiver and to the cache have in common, and does not
        count for the latency. Where the cache lies on the way, all three are the first.
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number, as with Icarus 0.8, where that spreads
        popularity evenly. Names that are no whole numbers are hashed all the same.

    Raises
    ------
    ValueError
        If `routing` or `assignment` is none of these, or the network has no cache.
    RuntimeError
        From ``process_event``, if the source does not have the content.

    References
    ----------
    L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """

    def __init__(
        self,
        view: Any,
        controller: Any,
        routing: Routing,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller, seed=seed, salt=salt, assignment=assignment)
        require_routing("routing", routing)
        self.routing = routing
        self._define()


class _FixedRouting(Hashrouting):
    """Hash-routing of one form, for whose users the routing is no parameter."""

    _routing: ClassVar[Routing]
    """Where no rule chooses among several."""

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
        super().__init__(
            view, controller, self._routing, seed=seed, salt=salt, assignment=assignment
        )


@register_strategy("HR_SYMM", fit=fit_hashrouting)
class HashroutingSymmetric(_FixedRouting):
    """Hash-routing, symmetric: contents return through the authoritative cache, which keeps them.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number; see HASHROUTING.

    References
    ----------
    L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """

    _routing = "SYMM"
    definition = HashroutingState


@register_strategy("HR_ASYMM", fit=fit_hashrouting)
class HashroutingAsymmetric(_FixedRouting):
    """Hash-routing, asymmetric: contents return directly, and are kept if they pass the cache.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number; see HASHROUTING.

    References
    ----------
    L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """

    _routing = "ASYMM"
    definition = HashroutingState


@register_strategy("HR_MULTICAST", fit=fit_hashrouting)
class HashroutingMulticast(_FixedRouting):
    """Hash-routing, multicast: contents return directly and branch off to the cache as well.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number; see HASHROUTING.

    References
    ----------
    L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """

    _routing = "MULTICAST"
    definition = HashroutingState


@register_strategy("HR_HYBRID_AM", fit=fit_hashrouting)
class HashroutingHybridAM(_FixedRouting):
    """Hash-routing, asymmetric or multicast: contents branch off only to caches that are near.

    Contents are delivered directly. The authoritative cache keeps a copy if it lies on the
    way, or if it is fewer hops from the fork than a share of the network's diameter.

    Parameters
    ----------
    max_stretch : float, optional
        That share.
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number; see HASHROUTING.

    Attributes
    ----------
    max_stretch : float
        The number of hops that a branch must stay below: the share, times the longest of the
        shortest paths in hops between any two nodes, receivers and sources included.

    Raises
    ------
    ValueError
        If the network is not connected, or has no cache.

    References
    ----------
    L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """

    _routing = "ASYMM"
    definition = HashroutingState
    _hybrid = "HYBRID_AM"

    def __init__(
        self,
        view: Any,
        controller: Any,
        max_stretch: NonNegative = 0.2,
        *,
        seed: Seed = None,
        salt: int | None = None,
        assignment: Assignment = "hash",
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller, seed=seed, salt=salt, assignment=assignment)
        if not nx.is_connected(view.topology()):
            raise ValueError("the network is not connected, so that it has no diameter")
        self._share = max_stretch
        # Anew, as the number of hops is known only now.
        self._define()

    def _look_around(self) -> None:
        super()._look_around()
        if hasattr(self, "_share"):
            self.max_stretch = _diameter(self.view.topology()) * self._share


@register_strategy("HR_HYBRID_SM", fit=fit_hashrouting)
class HashroutingHybridSM(_FixedRouting):
    """Hash-routing, symmetric or multicast: contents take whichever of both has fewer hops.

    The authoritative cache always keeps a copy. Where both have as many hops, delivery is
    symmetric.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None, optional
        Where the salt of the hash comes from; each replication of a campaign has its own.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.
    assignment : {"hash", "round_robin"}, optional
        Whether the cache responsible for a content is found by a hash of its name, or content i
        belongs to cache i modulo their number; see HASHROUTING.

    References
    ----------
    L. Saino, I. Psaras, G. Pavlou, "Hash-routing schemes for information centric networking",
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """

    _routing = "SYMM"
    definition = HashroutingState
    _hybrid = "HYBRID_SM"


def _diameter(topology: nx.Graph[Any]) -> int:
    """Return the most hops between any two nodes that reach each other."""
    parts = (topology.subgraph(nodes) for nodes in nx.connected_components(topology))
    return max((nx.diameter(part, usebounds=True) for part in parts), default=0)
