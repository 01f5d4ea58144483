"""Twins of the off-path strategies: a request travels straight to a node that has the content.

They know what every cache holds at any moment, which no protocol does; what they reach is a
bound for those that have to find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import networkx as nx
import numpy as np
from scipy.sparse.csgraph import dijkstra

from icarus.execution import NetworkController, NetworkView
from icarus.strategies.strategy import Strategy, require_one_of
from icarus.types import Content, Node, NonNegativeInt

__all__ = ["NearestReplicaRouting"]

_Metacaching = Literal["LCE", "LCD"]
_Implementation = Literal["ideal", "approx_1", "approx_2"]


def _unavailable(implementation: str) -> str:
    return f"the implementation {implementation!r} does not exist yet; 'ideal' does"


class NearestReplicaRouting(Strategy):
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
        view: NetworkView,
        controller: NetworkController,
        metacaching: _Metacaching,
        implementation: _Implementation = "ideal",
        radius: NonNegativeInt = 4,
        **kwargs: Any,
    ) -> None:
        super().__init__(view, controller)
        require_one_of("metacaching", metacaching, get_args(_Metacaching))
        require_one_of("implementation", implementation, get_args(_Implementation))
        self.metacaching = metacaching
        self.implementation = implementation
        self.radius = radius
        topology = view.topology()
        self._nodes: list[Node] = list(topology)
        self._number = {node: i for i, node in enumerate(self._nodes)}
        self._delays = nx.to_scipy_sparse_array(topology, weight="delay", dtype=np.dtype(float))
        self._distances: dict[Node, np.ndarray] = {}
        self._copy = self._copy_everywhere if metacaching == "LCE" else self._copy_down

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the nearest node that has `content`."""
        if self.implementation != "ideal":
            raise NotImplementedError(_unavailable(self.implementation))
        controller = self.controller
        holder = self._nearest_holder(receiver, content)
        path = self.view.shortest_path(receiver, holder)
        controller.start_session(time, receiver, content, log)
        controller.forward_request_path(receiver, holder, path)
        controller.get_content(holder)
        path = path[::-1]
        controller.forward_content_path(holder, receiver, path)
        self._copy(path, content)
        controller.end_session()

    def _nearest_holder(self, receiver: Node, content: Content) -> Node:
        distances = self._distances.get(receiver)
        if distances is None:
            distances = dijkstra(self._delays, indices=self._number[receiver])
            self._distances[receiver] = distances
        # Numbers are compared after distances, so that the order of a set decides nothing.
        places = [self._number[node] for node in self.view.content_locations(content)]
        if not places:
            raise RuntimeError(f"no node has content {content!r}")
        nearest = min(places, key=lambda i: (distances[i], i))
        return self._nodes[nearest]

    def _copy_everywhere(self, path: Sequence[Node], content: Content) -> None:
        """Store the content at every cache on its way that does not have it."""
        for node in path[1:-1]:
            if self.view.has_cache(node) and not self.view.cache_lookup(node, content):
                self.controller.put_content(node)

    def _copy_down(self, path: Sequence[Node], content: Content) -> None:
        """Store the content at the first cache on its way."""
        for node in path[1:-1]:
            if self.view.has_cache(node):
                self.controller.put_content(node)
                return
