"""Hash-routing by clusters, compiled; see ``icarus.strategies._hash_clusters``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.errors import NoKernelError
from icarus.strategies._hash_tables import (
    ASYMM,
    MULTICAST,
    SYMM,
    Assignment,
    Marks,
    assignment_of,
    is_marked,
    make_marks,
    mark_node,
    mark_path,
    new_mark,
    number_of_content,
    numbers_of,
    position_on,
    routing_number,
    unmark,
)
from icarus.strategies.definition import register_strategy_kernel
from icarus.strategies.hashrouting import HashroutingClustered
from icarus.strategies.known_network import Numbering
from icarus.verbs.network import AGAIN
from icarus.verbs.path_table import find_path, last_position, node_at
from icarus.verbs.sessions import (
    branch_leg,
    cache_serves,
    content_leg,
    request_leg,
    round_trip,
    source_serves,
)

__all__ = ["HashroutingClusterState"]


class HashroutingClusterState(NamedTuple):
    """Hash-routing by clusters; the legs of a request are the paths between who is asked."""

    assignment: Assignment
    routing: int
    receivers_only: bool
    """Whether only the receiver's cluster is asked."""
    cluster_of: np.ndarray
    """int32, (n_nodes,)"""
    members: np.ndarray
    """int32: the nodes of all clusters."""
    members_start: np.ndarray
    """int64, (n_clusters + 1,): where those of each begin."""
    ways: np.ndarray
    """int32: clusters on the ways from each cluster to each other."""
    ways_start: np.ndarray
    """int64, (n_clusters**2 + 1,): where those from one to another begin, by the first one."""
    legs: np.ndarray
    """int64, (n_clusters + 1,): the paths of the present request, the last one to the source."""
    marks: Marks


def _clusters(strategy, net, caches, sessions, walk, receiver, source, content):
    number = number_of_content(strategy.assignment, net, content)
    asked = _find_legs(strategy, net, receiver, source, number)
    if asked < 0:
        return AGAIN
    legs = strategy.legs
    serving = _serving_leg(net, caches, legs, asked, content)
    found = serving < asked
    if not (found and strategy.receivers_only) and not _know_ways(strategy, net, receiver, serving):
        return AGAIN
    for i in range(min(serving + 1, asked)):
        cache = net.cache_of[_end_of(net.paths, legs[i])]
        if cache >= 0:
            caches.get(cache, content)
    if found and strategy.receivers_only:
        last = last_position(net.paths, legs[0])
        return round_trip(sessions, walk, legs[0], last, True, content)
    for i in range(serving):
        walk = request_leg(sessions, walk, legs[i], 0, last_position(net.paths, legs[i]))
    if strategy.routing == SYMM:
        _store_on_legs(strategy, net, caches, receiver, serving, number, content)
        return _back_on_legs(net, sessions, walk, legs, serving, found, content)
    walk = _back_directly(net, sessions, walk, legs[serving], receiver, found, content)
    if strategy.routing == ASYMM:
        _store_on_way(strategy, net, caches, receiver, serving, number, content)
        return walk
    return _branch_off(strategy, net, caches, sessions, walk, receiver, serving, content)


def _authority(strategy, cluster, number):
    """Return which node of a cluster is responsible for a content with this hash."""
    first = strategy.members_start[cluster]
    size = strategy.members_start[cluster + 1] - first
    return strategy.members[first + np.int64(np.uint64(number) % np.uint64(size))]


def _end_of(paths, path):
    return node_at(paths, path, last_position(paths, path))


def _find_legs(strategy, net, receiver, source, number):
    """Look up the legs of a request that nobody but the source serves.

    Return how many clusters are asked, which is the number of the leg to the source; -1 if
    Python has to provide something first.
    """
    cluster_of = strategy.cluster_of
    n_clusters = len(strategy.members_start) - 1
    way = np.int64(cluster_of[receiver]) * n_clusters + cluster_of[source]
    first = strategy.ways_start[way]
    asked = 1 if strategy.receivers_only else strategy.ways_start[way + 1] - first
    here = receiver
    for i in range(asked + 1):
        if i == asked:
            there = source
        elif strategy.receivers_only:
            there = _authority(strategy, cluster_of[receiver], number)
        else:
            there = _authority(strategy, strategy.ways[first + i], number)
        leg = find_path(net.paths, here, there)
        if leg < 0:
            return -1
        strategy.legs[i] = leg
        here = there
    return asked


def _serving_leg(net, caches, legs, asked, content):
    """Return the leg at whose end the content is, changing nothing."""
    for i in range(asked):
        cache = net.cache_of[_end_of(net.paths, legs[i])]
        if cache >= 0 and caches.has(cache, content):
            return i
    return asked


def _know_ways(strategy, net, receiver, serving):
    """Whether all paths are known that the content takes beside the legs."""
    server = _end_of(net.paths, strategy.legs[serving])
    if (strategy.routing != SYMM or strategy.receivers_only) and find_path(
        net.paths, server, receiver
    ) < 0:
        return False
    if strategy.routing == MULTICAST:
        for i in range(serving, 0, -1):
            keeper = node_at(net.paths, strategy.legs[i], 0)
            if find_path(net.paths, server, keeper) < 0:
                return False
    return True


def _put_at(net, caches, node, content):
    cache = net.cache_of[node]
    if cache >= 0:
        caches.put(cache, content)


def _mark_authorities_on(strategy, net, path, number):
    """Mark the nodes of a path responsible for a content in a cluster that it crosses."""
    for position in range(last_position(net.paths, path) + 1):
        cluster = strategy.cluster_of[node_at(net.paths, path, position)]
        node = _authority(strategy, cluster, number)
        if position_on(net.paths, path, node) >= 0:
            mark_node(strategy.marks, node)


def _store_on_legs(strategy, net, caches, receiver, serving, number, content):
    """Have the content stored on its way back through those who were asked."""
    paths, legs, marks = net.paths, strategy.legs, strategy.marks
    new_mark(marks)
    # None of them serves: they were asked in vain.
    for i in range(1, serving + 1):
        mark_node(marks, node_at(paths, legs[i], 0))
    if strategy.receivers_only:
        direct = find_path(paths, _end_of(paths, legs[serving]), receiver)
        _mark_authorities_on(strategy, net, direct, number)
    for i in range(serving, -1, -1):
        for position in range(last_position(paths, legs[i]) - 1, -1, -1):
            node = node_at(paths, legs[i], position)
            if is_marked(marks, node):
                unmark(marks, node)
                _put_at(net, caches, node, content)


def _back_on_legs(net, sessions, walk, legs, serving, from_cache, content):
    last = last_position(net.paths, legs[serving])
    walk = round_trip(sessions, walk, legs[serving], last, from_cache, content)
    for i in range(serving - 1, -1, -1):
        walk = content_leg(sessions, walk, legs[i], last_position(net.paths, legs[i]), 0)
    return walk


def _back_directly(net, sessions, walk, leg, receiver, from_cache, content):
    paths = net.paths
    server = _end_of(paths, leg)
    walk = request_leg(sessions, walk, leg, 0, last_position(paths, leg))
    if from_cache:
        walk = cache_serves(sessions, walk, server, content)
    else:
        walk = source_serves(sessions, walk, server, content)
    direct = find_path(paths, server, receiver)
    return content_leg(sessions, walk, direct, 0, last_position(paths, direct))


def _store_on_way(strategy, net, caches, receiver, serving, number, content):
    """Have the content stored by those on its direct way who are responsible for it."""
    paths, marks = net.paths, strategy.marks
    direct = find_path(paths, _end_of(paths, strategy.legs[serving]), receiver)
    new_mark(marks)
    _mark_authorities_on(strategy, net, direct, number)
    for position in range(1, last_position(paths, direct) + 1):
        node = node_at(paths, direct, position)
        if is_marked(marks, node):
            _put_at(net, caches, node, content)


def _branch_off(strategy, net, caches, sessions, walk, receiver, serving, content):
    """Send the content to those who were asked in vain, from the nearest node it has reached."""
    paths, marks = net.paths, strategy.marks
    server = _end_of(paths, strategy.legs[serving])
    direct = find_path(paths, server, receiver)
    new_mark(marks)
    mark_path(marks, paths, direct, 0, last_position(paths, direct))
    for i in range(serving, 0, -1):
        keeper = node_at(paths, strategy.legs[i], 0)
        branch = find_path(paths, server, keeper)
        last = last_position(paths, branch)
        fork = last
        while not is_marked(marks, node_at(paths, branch, fork)):
            fork -= 1
        walk = branch_leg(sessions, walk, branch, fork, last)
        mark_path(marks, paths, branch, fork, last)
        _put_at(net, caches, keeper, content)
    return walk


def _build(strategy: Any, numbering: Numbering) -> HashroutingClusterState:
    n_clusters = len(strategy.clusters)
    members = [node for nodes in strategy.clusters for node in nodes]
    for node in members:
        # A source would serve all that it holds, also what originates from another one.
        if node in numbering.sources or node not in numbering.nodes:
            raise NoKernelError(f"strategy: {node!r} belongs to a cluster of caches")
    receivers_only = strategy.inter_routing == "EDGE"
    ways: list[int] = []
    ways_start = np.zeros(n_clusters**2 + 1, dtype=np.int64)
    for i in range(0 if receivers_only else n_clusters**2):
        first, last = divmod(i, n_clusters)
        ways += strategy._cluster_paths.get(first, {}).get(last, ())
        ways_start[i + 1] = len(ways)
    members_start = np.zeros(n_clusters + 1, dtype=np.int64)
    np.cumsum([len(nodes) for nodes in strategy.clusters], out=members_start[1:])
    return HashroutingClusterState(
        assignment=assignment_of(strategy, numbering),
        routing=routing_number(strategy.intra_routing),
        receivers_only=receivers_only,
        cluster_of=np.array(
            [strategy.view.cluster(node) for node in numbering.nodes], dtype=np.int32
        ),
        members=numbers_of(members, numbering),
        members_start=members_start,
        ways=np.array(ways, dtype=np.int32),
        ways_start=ways_start,
        legs=np.zeros(n_clusters + 1, dtype=np.int64),
        marks=make_marks(numbering),
    )


register_strategy_kernel(
    HashroutingClustered, HashroutingClusterState, process=_clusters, build=_build
)
