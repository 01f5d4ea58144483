"""PARTITION: requests go to their origin by way of the one cache that their receiver has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.errors import NoKernelError
from icarus.registry import register_strategy
from icarus.strategies.known_network import KnownNetwork
from icarus.strategies.strategy import DefinedStrategy
from icarus.types import Content, Node
from icarus.verbs.network import AGAIN, DONE

__all__ = ["Partition"]


class PartitionState(NamedTuple):
    """Partition: who goes where."""

    assigned: np.ndarray
    """int32, (n_nodes,): the node whose cache a receiver has; -1 for other nodes."""

    @classmethod
    def new(cls, network: KnownNetwork) -> Self:
        """Return what the strategy knows."""
        assignment = _assignment_of(network.topology)
        numbering = network.numbering
        if numbering is None:
            return cls(assignment)  # type: ignore[arg-type]
        assigned = {}
        for receiver in numbering.receivers:
            if receiver not in assignment:
                raise NoKernelError(f"strategy: receiver {receiver!r} is assigned to no cache")
            node = assignment[receiver]
            # A source would serve all that it holds, also what originates from another one.
            if node not in numbering.nodes or node in numbering.sources:
                raise NoKernelError(f"strategy: receiver {receiver!r} is assigned to {node!r}")
            assigned[receiver] = numbering.nodes[node]
        return cls(network.by_node(assigned, -1, np.int32))

    def process(self, request):
        """Serve a request."""
        node = self.assigned[request.receiver]
        to_cache = request.path(request.receiver, node)
        if request.lacks(to_cache):
            return AGAIN
        to_source = request.path(node, request.source)
        if request.lacks(to_source):
            return AGAIN
        last = request.last(to_cache)
        if request.look_up(to_cache, last):
            request.deliver(to_cache, last)
            return DONE
        request.ask(to_cache, last)
        request.deliver(to_source, request.last(to_source))
        request.put(to_cache, last)
        request.pass_on(to_cache, last)
        return DONE


def _fit_partition(topology: Any, parameters: Mapping[str, Any]) -> None:
    _assignment_of(topology)


def _assignment_of(topology: Any) -> Mapping[Node, Node]:
    """Return what cache each receiver has."""
    assignment: Mapping[Node, Node] | None = topology.graph.get("cache_assignment")
    if assignment is None:
        raise ValueError(
            "the topology has no graph attribute 'cache_assignment', which says what cache "
            "each receiver has; the cache placement OPTIMAL_MEDIAN sets it"
        )
    return assignment


@register_strategy("PARTITION", fit=_fit_partition)
class Partition(DefinedStrategy, definition=PartitionState):
    """Each receiver has one cache, which gets all its requests and keeps what the origin delivers.

    It models caches that an operator places at the edge and that each serve a part of the
    users. Which receiver has which cache is read from the topology's graph attribute
    ``cache_assignment``, a mapping from receiver to node, such as the cache placement
    OPTIMAL_MEDIAN makes.

    Raises
    ------
    ValueError
        If the topology has no such attribute.

    References
    ----------
    M. Calder et al., "Mapping the expansion of Google's serving infrastructure", ACM IMC 2013,
    doi 10.1145/2504730.2504754, describes such caches.
    """

    def __init__(self, view: Any, controller: Any) -> None:
        super().__init__(view, controller)
        self.cache_assignment = _assignment_of(view.topology())

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request from the receiver's cache, which fetches what it lacks."""
        if receiver not in self.cache_assignment:
            raise ValueError(f"receiver {receiver!r} has no cache in 'cache_assignment'")
        super().process_event(time, receiver, content, log)
