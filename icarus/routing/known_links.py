"""What follows from the links of a network alone, worked out once for all networks equal to it.

A campaign runs thousands of simulations on few networks, each with a topology of its own. Of one of
1,000 requests on GEANT, going through the links anew took an eighth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import networkx as nx

__all__ = ["MOST_LINKS", "KnownLinks", "known_links"]

MOST_LINKS = 2000
"""Links up to which a network is remembered; of larger ones the simulation itself takes longer."""
_MOST_NETWORKS = 4

T = TypeVar("T")


class KnownLinks:
    """What was worked out from the links of a network.

    Parameters
    ----------
    topology : networkx.Graph
    """

    def __init__(self, topology: nx.Graph[Any]) -> None:
        # Copies, since links and their attributes may change.
        self._links = {
            u: {v: dict(link) for v, link in neighbors.items()}
            for u, neighbors in topology.adjacency()
        }
        self._order = _order(topology)
        self._directed = topology.is_directed()
        self._known: dict[Callable[..., Any], Any] = {}

    def are_those_of(self, topology: nx.Graph[Any]) -> bool:
        """Return whether a topology has the same nodes and links, attributes and order included."""
        if topology.is_directed() is not self._directed:
            return False
        try:
            # Two comparisons in C, 0.03 ms for the 74 links of GEANT.
            return bool(_adjacency(topology) == self._links) and _order(topology) == self._order
        except Exception:
            # Of arrays, say, that are attributes of links.
            return False

    def once(self, compute: Callable[[nx.Graph[Any]], T], topology: nx.Graph[Any]) -> T:
        """Return what `compute` returned the first time for a topology with these links.

        Parameters
        ----------
        compute : callable
            Looks at nodes, links and their attributes only. Nobody changes what it returns.
        topology : networkx.Graph
        """
        if compute not in self._known:
            self._known[compute] = compute(topology)
        found: T = self._known[compute]
        return found


def _adjacency(topology: nx.Graph[Any]) -> dict[Any, dict[Any, Any]]:
    # ``adj`` makes a view of each node and of each link.
    found: dict[Any, dict[Any, Any]] = topology._adj  # type: ignore[attr-defined]
    return found


def _order(topology: nx.Graph[Any]) -> list[tuple[Any, ...]]:
    """Return nodes and neighbours in their order, which decides where paths tie."""
    return [(u, *neighbors) for u, neighbors in _adjacency(topology).items()]


_known: deque[KnownLinks] = deque(maxlen=_MOST_NETWORKS)


class _Unshared:
    """What is known from the links of a network of which there will be no other."""

    def once(self, compute: Callable[[nx.Graph[Any]], T], topology: nx.Graph[Any]) -> T:
        return compute(topology)


def known_links(topology: nx.Graph[Any], lasting: bool = True) -> KnownLinks | _Unshared:
    """Return what is known from the links of a topology, shared by all that are equal.

    Parameters
    ----------
    topology : networkx.Graph
    lasting : bool, optional
        Whether other networks are likely to be equal to this one, too, so that it is worth
        remembering. One that has just changed may be what another one was before, no more.
    """
    for known in _known:
        if known.are_those_of(topology):
            if known is not _known[0]:
                _known.remove(known)
                _known.appendleft(known)
            return known
    if not lasting:
        return _Unshared()
    new = KnownLinks(topology)
    if not topology.is_multigraph() and topology.number_of_edges() <= MOST_LINKS:
        _known.appendleft(new)
    return new
