"""Hash-routing, compiled; see ``icarus.strategies.hashrouting`` for what it does.

All forms of it share one state and one function, which is then compiled once for all: the
routing is looked at once per miss, and always the same.
"""

from __future__ import annotations

from icarus.strategies._hash_tables import (
    HashroutingState,
    authoritative_node,
    build_hashrouting,
    find_routes,
    number_of_content,
    serve,
)
from icarus.strategies.definition import register_strategy_kernel
from icarus.strategies.hashrouting import (
    Hashrouting,
    HashroutingAsymmetric,
    HashroutingHybridAM,
    HashroutingHybridSM,
    HashroutingMulticast,
    HashroutingSymmetric,
)
from icarus.verbs.network import AGAIN

__all__ = ["HashroutingState"]


def _hashrouting(strategy, net, caches, sessions, walk, receiver, source, content):
    number = number_of_content(strategy.assignment, net, content)
    node = authoritative_node(strategy.nodes, number)
    routes = find_routes(strategy, net, receiver, node, source)
    if routes[0] < 0:
        return AGAIN
    return serve(strategy, net, caches, sessions, walk, routes, content)


for _strategy in (
    Hashrouting,
    HashroutingSymmetric,
    HashroutingAsymmetric,
    HashroutingMulticast,
    HashroutingHybridAM,
    HashroutingHybridSM,
):
    register_strategy_kernel(
        _strategy, HashroutingState, process=_hashrouting, build=build_hashrouting
    )
