"""Hash-routing with local caches, compiled; see ``icarus.strategies._hash_local``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.strategies._hash_tables import (
    MULTICAST,
    SYMM,
    Assignment,
    HashroutingState,
    Marks,
    assignment_of,
    authoritative_node,
    build_hashrouting,
    find_routes,
    is_marked,
    make_marks,
    mark_node,
    new_mark,
    number_of_content,
    numbers_of,
    routing_number,
    serve,
)
from icarus.strategies.definition import register_strategy_kernel
from icarus.strategies.hashrouting import HashroutingEdge, HashroutingOnPath
from icarus.strategies.known_network import Numbering
from icarus.verbs.network import AGAIN
from icarus.verbs.path_table import find_link, find_path, last_position, node_at
from icarus.verbs.sessions import (
    branch_leg,
    cache_serves,
    content_leg,
    request_leg,
    round_trip,
    source_serves,
)

__all__ = ["HashroutingEdgeState", "HashroutingOnPathState"]


class HashroutingEdgeState(NamedTuple):
    """Hash-routing with edge caches: hash-routing, and where receivers are attached."""

    hashrouting: HashroutingState
    proxy_of: np.ndarray
    """int32, (n_nodes,): the first neighbour of a receiver; -1 for other nodes."""


class HashroutingOnPathState(NamedTuple):
    """Hash-routing with local caches on the way."""

    nodes: np.ndarray
    """int32, (n,): the authoritative nodes, in the order of the reference's assignment."""
    assignment: Assignment
    routing: int
    marks: Marks


def _edge_cache(strategy, net, caches, sessions, walk, receiver, source, content):
    hashrouting = strategy.hashrouting
    number = number_of_content(hashrouting.assignment, net, content)
    node = authoritative_node(hashrouting.nodes, number)
    proxy = strategy.proxy_of[receiver]
    link = find_link(net.paths, receiver, proxy)
    if link < 0:
        return AGAIN
    routes = find_routes(hashrouting, net, proxy, node, source)
    if routes[0] < 0:
        return AGAIN
    local = -1 if proxy == node else net.local_of[proxy]
    if local >= 0 and caches.get(local, content):
        return round_trip(sessions, walk, link, 1, True, content)
    walk = request_leg(sessions, walk, link, 0, 1)
    walk = serve(hashrouting, net, caches, sessions, walk, routes, content)
    if local >= 0:
        caches.put(local, content)
    return content_leg(sessions, walk, link, 1, 0)


def _on_path(strategy, net, caches, sessions, walk, receiver, source, content):
    paths, marks = net.paths, strategy.marks
    number = number_of_content(strategy.assignment, net, content)
    node = authoritative_node(strategy.nodes, number)
    to_cache = find_path(paths, receiver, node)
    if to_cache < 0:
        return AGAIN
    to_source = find_path(paths, node, source)
    if to_source < 0:
        return AGAIN
    if strategy.routing != SYMM and not _know_ways(
        strategy, net, caches, receiver, to_source, content
    ):
        return AGAIN
    new_mark(marks)
    up = last_position(paths, to_cache)
    served_at = _ask_local_caches(marks, net, caches, to_cache, content)
    cache = net.cache_of[node]
    if served_at < 0 and cache >= 0 and caches.get(cache, content):
        served_at = up
    if served_at >= 0:
        new_mark(marks)
        mark_node(marks, receiver)
        _store_down(marks, net, caches, to_cache, served_at, node, content)
        return round_trip(sessions, walk, to_cache, served_at, True, content)
    served_at = _ask_local_caches(marks, net, caches, to_source, content)
    walk = request_leg(sessions, walk, to_cache, 0, up)
    from_cache = served_at >= 0
    if not from_cache:
        served_at = last_position(paths, to_source)
    ways = (to_cache, to_source, served_at, from_cache)
    new_mark(marks)
    mark_node(marks, receiver)
    if strategy.routing == SYMM:
        return _back_through_cache(marks, net, caches, sessions, walk, ways, content)
    return _back_directly(strategy, net, caches, sessions, walk, receiver, ways, content)


def _know_ways(strategy, net, caches, receiver, to_source, content):
    """Whether all paths are known on which nodes behind the authoritative one may deliver."""
    paths = net.paths
    node = node_at(paths, to_source, 0)
    last = last_position(paths, to_source)
    for position in range(1, last + 1):
        server = node_at(paths, to_source, position)
        if position < last:
            local = net.local_of[server]
            if local < 0 or not caches.has(local, content):
                continue
        if find_path(paths, server, receiver) < 0:
            return False
        if strategy.routing == MULTICAST and find_path(paths, server, node) < 0:
            return False
    return True


def _ask_local_caches(marks, net, caches, path, content):
    """Ask the local caches between the ends of a path; return the position that serves, or -1.

    Nodes are asked once; those that have been are marked.
    """
    for position in range(1, last_position(net.paths, path)):
        node = node_at(net.paths, path, position)
        if not is_marked(marks, node):
            mark_node(marks, node)
            local = net.local_of[node]
            if local >= 0 and caches.get(local, content):
                return position
    return -1


def _store(marks, net, caches, node, authoritative, content):
    """Have a node that the content reaches store it, once."""
    if is_marked(marks, node):
        return
    mark_node(marks, node)
    cache = net.cache_of[node] if node == authoritative else net.local_of[node]
    if cache >= 0:
        caches.put(cache, content)


def _store_down(marks, net, caches, path, served_at, authoritative, content):
    """Have the nodes store that the content reaches on its way down to the start of a path."""
    for position in range(served_at - 1, -1, -1):
        node = node_at(net.paths, path, position)
        _store(marks, net, caches, node, authoritative, content)


def _store_up(marks, net, caches, path, first, authoritative, content):
    """Have the nodes store that the content reaches on its way up to the end of a path."""
    for position in range(first + 1, last_position(net.paths, path) + 1):
        node = node_at(net.paths, path, position)
        _store(marks, net, caches, node, authoritative, content)


def _back_through_cache(marks, net, caches, sessions, walk, ways, content):
    to_cache, to_source, served_at, from_cache = ways
    up = last_position(net.paths, to_cache)
    node = node_at(net.paths, to_source, 0)
    _store_down(marks, net, caches, to_source, served_at, node, content)
    _store_down(marks, net, caches, to_cache, up, node, content)
    walk = round_trip(sessions, walk, to_source, served_at, from_cache, content)
    return content_leg(sessions, walk, to_cache, up, 0)


def _back_directly(strategy, net, caches, sessions, walk, receiver, ways, content):
    paths, marks = net.paths, strategy.marks
    _, to_source, served_at, from_cache = ways
    node = node_at(paths, to_source, 0)
    server = node_at(paths, to_source, served_at)
    walk = request_leg(sessions, walk, to_source, 0, served_at)
    if from_cache:
        walk = cache_serves(sessions, walk, server, content)
    else:
        walk = source_serves(sessions, walk, server, content)
    direct = find_path(paths, server, receiver)
    walk = content_leg(sessions, walk, direct, 0, last_position(paths, direct))
    _store_up(marks, net, caches, direct, 0, node, content)
    if strategy.routing == MULTICAST:
        to_cache = find_path(paths, server, node)
        # All nodes that the content has reached are marked, but for the one that served.
        fork = last_position(paths, to_cache)
        while fork > 0 and not is_marked(marks, node_at(paths, to_cache, fork)):
            fork -= 1
        walk = branch_leg(sessions, walk, to_cache, fork, last_position(paths, to_cache))
        _store_up(marks, net, caches, to_cache, fork, node, content)
    return walk


def _build_edge(strategy: Any, numbering: Numbering) -> HashroutingEdgeState:
    proxy_of = np.full(len(numbering.nodes), -1, dtype=np.int32)
    for receiver, proxy in strategy.proxy.items():
        proxy_of[numbering.nodes[receiver]] = numbering.nodes[proxy]
    return HashroutingEdgeState(build_hashrouting(strategy, numbering), proxy_of)


def _build_on_path(strategy: Any, numbering: Numbering) -> HashroutingOnPathState:
    nodes = [strategy.cache_assignment[i] for i in range(strategy.n_cache_nodes)]
    return HashroutingOnPathState(
        nodes=numbers_of(nodes, numbering),
        assignment=assignment_of(strategy, numbering),
        routing=routing_number(strategy.routing),
        marks=make_marks(numbering),
    )


register_strategy_kernel(
    HashroutingEdge, HashroutingEdgeState, process=_edge_cache, build=_build_edge
)
register_strategy_kernel(
    HashroutingOnPath, HashroutingOnPathState, process=_on_path, build=_build_on_path
)
