"""Nearest replica routing: a request travels straight to the nearest node that has the content.

It knows what every cache holds at any moment, which no protocol does; what it reaches is a bound
for those that have to find out.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self, get_args

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from icarus.registry import register_strategy
from icarus.strategies.known_network import KnownNetwork
from icarus.strategies.strategy import DefinedStrategy, require_one_of
from icarus.types import Content, Node, NonNegativeInt
from icarus.verbs.network import AGAIN, DONE

__all__ = ["NearestReplicaRouting"]

_MOST_DISTANCES = 10**7
"""Between receivers and other nodes that are held at a time; 80 MB."""
_Metacaching = Literal["LCE", "LCD"]
_Implementation = Literal["ideal", "approx_1", "approx_2"]


class Delays:
    """Delays of links, and what they sum up to on the fastest paths.

    Parameters
    ----------
    topology : networkx.Graph
        Nodes are numbers here, their positions in it.
    """

    def __init__(self, topology: nx.Graph[Any]) -> None:
        # NetworkX makes the matrix in 0.3 ms for GEANT, of which others are left out here.
        position = {node: i for i, node in enumerate(topology)}
        rows = [neighbors for _, neighbors in topology.adjacency()]
        values = [link.get("delay", 1) for row in rows for link in row.values()]
        heads = map(position.__getitem__, itertools.chain.from_iterable(rows))
        # csgraph of scipy 1.11 refuses int64.
        first = np.cumsum([0, *map(len, rows)], dtype=np.int32)
        columns = np.fromiter(heads, np.int32, len(values))
        shape = len(position), len(position)
        self._of_links = csr_array((np.array(values, dtype=float), columns, first), shape=shape)
        self._known: dict[tuple[int, ...], np.ndarray] = {}
        self._are_few = len(position) ** 2 <= _MOST_DISTANCES

    def sums_from(self, origins: Sequence[int]) -> np.ndarray:
        """Return the least sums of delays from some nodes to all, a row for each of the former."""
        if not self._are_few:
            return self._computed(origins)
        # Compiled code asks for all receivers at once: a call takes 0.03 ms before it begins.
        asked = tuple(origins)
        if asked not in self._known:
            self._known[asked] = self._computed(origins)
        return self._known[asked]

    def _computed(self, origins: Sequence[int]) -> np.ndarray:
        found: np.ndarray = dijkstra(self._of_links, indices=origins)
        return found


class NumberedCandidates(NamedTuple):
    """Caches and sources, as each receiver looks for contents in them."""

    row_of: np.ndarray
    """int32, (n_nodes,): the row of a receiver in `nearest`."""
    nearest: np.ndarray
    """int32, (n_receivers, n_candidates): caches and sources, by distance, then by number."""

    def number(self):
        """Return how many candidates there are."""
        return self.nearest.shape[1]

    def node(self, receiver, place):
        """Return the candidate at a place, from 0, in the order of a receiver."""
        return self.nearest[self.row_of[receiver], place]


class NamedCandidates(NamedTuple):
    """The same in the interpreter."""

    delays: Delays
    number_of: dict[Node, int]
    candidates: list[Node]
    nearest: dict[Node, list[Node]]
    """By receiver, as far as they have requested."""

    def of(self, receiver: Node) -> list[Node]:
        """Return all candidates in the order of a receiver."""
        if receiver not in self.nearest:
            (away,) = self.delays.sums_from([self.number_of[receiver]])
            places = [self.number_of[node] for node in self.candidates]
            ordered = sorted(zip(away[places], places, self.candidates, strict=True), key=_rank)
            self.nearest[receiver] = [node for _, _, node in ordered]
        return self.nearest[receiver]


def _rank(candidate: tuple[float, int, Node]) -> tuple[float, int]:
    return candidate[:2]


class NearestReplicaState(NamedTuple):
    """Nearest replica routing: where to look, and who keeps a copy."""

    candidates: Any
    down_only: bool
    """Whether only the first cache on the way back keeps a copy."""

    @classmethod
    def new(
        cls,
        network: KnownNetwork,
        metacaching: _Metacaching,
        implementation: _Implementation = "ideal",
        radius: NonNegativeInt = 4,
    ) -> Self:
        """Return what the strategy knows."""
        topology, numbering = network.topology, network.numbering
        delays = network.once(Delays)
        down_only = metacaching == "LCD"
        if numbering is None:
            number_of = {node: i for i, node in enumerate(topology)}
            candidates = [v for v in topology if v in network.cache_sizes or network.is_source(v)]
            named = NamedCandidates(delays, number_of, candidates, {})
            return cls(named, down_only)
        position = {node: i for i, node in enumerate(topology)}
        known = {*numbering.caches, *numbering.sources}
        places = np.array(sorted(position[node] for node in known), dtype=np.int32)
        numbers = np.array([numbering.nodes[node] for node in topology], dtype=np.int32)
        # Of a receiver that is removed requests fail, wherever they would go.
        origins = [position.get(receiver, 0) for receiver in numbering.receivers]
        nearest = np.empty((len(origins), len(places)), dtype=np.int32)
        some = max(_MOST_DISTANCES // max(len(topology), 1), 1)
        for first in range(0, len(origins), some):
            distances = delays.sums_from(origins[first : first + some])[:, places]
            # Stable, so that of nodes at one distance the one that comes first stays first.
            order = np.argsort(distances, axis=1, kind="stable")
            nearest[first : first + some] = numbers[places[order]]
        rows = {receiver: row for row, receiver in enumerate(numbering.receivers)}
        return cls(NumberedCandidates(network.by_node(rows, -1, np.int32), nearest), down_only)

    def process(self, request):
        """Serve a request."""
        holder = request.first_holder(self.candidates)
        path = request.path(request.receiver, holder)
        if request.lacks(path):
            return AGAIN
        last = request.last(path)
        if holder == request.source:
            request.fetch(path, last)
        else:
            request.look_up(path, last)
        for position in range(last - 1, 0, -1):
            if not request.has_cache(path, position):
                continue
            if self.down_only:
                request.put(path, position)
                break
            if not request.holds_at(path, position):
                request.put(path, position)
        request.deliver(path, last)
        return DONE


def _check_implementation(parameters: dict[str, Any]) -> list[str]:
    """Refuse, before anything runs, what would fail at the first request."""
    implementation = parameters.get("implementation", "ideal")
    return [] if implementation == "ideal" else [_unavailable(implementation)]


def _unavailable(implementation: str) -> str:
    return f"the implementation {implementation!r} does not exist yet; 'ideal' does"


@register_strategy("NRR", check=_check_implementation)
class NearestReplicaRouting(DefinedStrategy, definition=NearestReplicaState):
    """Nearest replica routing: the nearest node that has the content serves, wherever it is.

    Near is meant in delay. Caches off the way to the origin count as any other, and no cache
    is asked that does not have the content.

    Parameters
    ----------
    metacaching : {"LCE", "LCD"}
        Who keeps a copy on the way back: every cache that has none yet (Leave Copy
        Everywhere), or the first one after the serving node (Leave Copy Down).
    implementation : {"ideal", "approx_1", "approx_2"}, optional
        How the nearest copy is found. Only "ideal", which knows them all, exists.
    radius : int, optional
        Hops within which the approximations were to look for copies; without effect.

    Raises
    ------
    ValueError
        If `metacaching` or `implementation` is none of these.
    NotImplementedError
        From ``process_event``, if `implementation` is not "ideal".

    Notes
    -----
    Distances are sums of the links' attribute `delay`, in ms, where a missing one counts 1,
    and are those of the network at construction. Of nodes at the same distance the one that
    comes first in the topology serves. The request travels on the path of least weight, and
    the content returns on it.

    References
    ----------
    S. K. Fayazbakhsh et al., "Less pain, most of the gain: incrementally deployable ICN",
    ACM SIGCOMM 2013, doi 10.1145/2486001.2486023; G. Rossini, D. Rossi, "Coupling caching and
    forwarding: benefits, analysis, and implementation", ACM SIGCOMM ICN 2014,
    doi 10.1145/2660129.2660153.
    """

    def __init__(
        self,
        view: Any,
        controller: Any,
        metacaching: _Metacaching,
        implementation: _Implementation = "ideal",
        radius: NonNegativeInt = 4,
        **kwargs: Any,
    ) -> None:
        require_one_of("metacaching", metacaching, get_args(_Metacaching))
        require_one_of("implementation", implementation, get_args(_Implementation))
        super().__init__(view, controller, metacaching, implementation, radius)
        self.metacaching = metacaching
        self.implementation = implementation
        self.radius = radius

    @staticmethod
    def lacks(parameters: Mapping[str, Any]) -> str | None:
        """Return what of the parameters cannot be compiled."""
        implementation = parameters.get("implementation", "ideal")
        return None if implementation == "ideal" else f"implementation {implementation!r}"

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the nearest node that has `content`."""
        if self.implementation != "ideal":
            raise NotImplementedError(_unavailable(self.implementation))
        super().process_event(time, receiver, content, log)
