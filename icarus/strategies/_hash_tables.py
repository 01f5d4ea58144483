"""What hash-routing kernels share; see ``icarus.strategies._hash_base`` for what they do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.strategies.hashrouting import HashroutingHybridAM, HashroutingHybridSM
from icarus.strategies.known_network import Numbering
from icarus.verbs.network import AGAIN
from icarus.verbs.path_table import cache_at, find_path, last_position, node_at
from icarus.verbs.sessions import (
    branch_leg,
    content_leg,
    request_leg,
    round_trip,
    source_serves,
)

__all__ = [
    "ASYMM",
    "HYBRID_AM",
    "HYBRID_SM",
    "MULTICAST",
    "SYMM",
    "Assignment",
    "HashroutingState",
    "Marks",
    "assignment_of",
    "authoritative_node",
    "build_hashrouting",
    "find_routes",
    "is_marked",
    "make_marks",
    "mark_node",
    "mark_path",
    "new_mark",
    "number_of_content",
    "numbers_of",
    "position_on",
    "routing_number",
    "serve",
    "unmark",
]

SYMM, ASYMM, MULTICAST, HYBRID_AM, HYBRID_SM = range(5)
"""Ways of delivering what the authoritative cache lacks."""


def routing_number(routing: str) -> int:
    """Return the number of a routing that is the same for all requests."""
    return ("SYMM", "ASYMM", "MULTICAST").index(routing)


def numbers_of(nodes: Any, numbering: Numbering) -> np.ndarray:
    """Return the numbers of nodes."""
    return np.array([numbering.nodes[node] for node in nodes], dtype=np.int32)


class Marks(NamedTuple):
    """A set of nodes that is emptied at once: those that have the latest mark."""

    of: np.ndarray
    """int64, (n_nodes,): the mark of each node, 0 before the first."""
    latest: np.ndarray
    """int64, (1,)"""


def make_marks(numbering: Numbering) -> Marks:
    """Return marks of which no node has any."""
    n_nodes = len(numbering.nodes)
    return Marks(np.zeros(n_nodes, dtype=np.int64), np.zeros(1, dtype=np.int64))


def new_mark(marks):
    """Empty the set."""
    marks.latest[0] += 1


def mark_node(marks, node):
    """Put a node into the set."""
    marks.of[node] = marks.latest[0]


def unmark(marks, node):
    """Take a node out of the set, if it is in there."""
    marks.of[node] = 0


def is_marked(marks, node):
    """Return whether a node is in the set."""
    return marks.of[node] == marks.latest[0]


def mark_path(marks, paths, path, first, last):
    """Put the nodes from one position of a path up to another into the set."""
    for position in range(first, last + 1):
        mark_node(marks, node_at(paths, path, position))


def position_on(paths, path, node):
    """Return the position of a node on a path, or -1."""
    for position in range(last_position(paths, path) + 1):
        if node_at(paths, path, position) == node:
            return position
    return -1


class Assignment(NamedTuple):
    """How contents are assigned to caches."""

    salt: int
    """Of the hash of their names."""
    in_turn: bool
    """Whether their names, which are whole numbers, are taken instead of hashes."""
    turns: np.ndarray
    """uint64, (n_contents,): these numbers; (0,) where names are a range."""


def assignment_of(strategy: Any, numbering: Numbering) -> Assignment:
    """Return how a strategy assigns contents."""
    names, turns = numbering.contents, np.zeros(0, dtype=np.uint64)
    if strategy._in_turn and not isinstance(names, range):
        numbers = (strategy._number_of(name) for name in names)
        turns = np.fromiter(numbers, dtype=np.uint64, count=len(names))
    return Assignment(strategy._salt, strategy._in_turn, turns)


def number_of_content(assignment, net, content):
    """Return the number, uint64, whose remainder says which node is responsible."""
    if not assignment.in_turn:
        return np.uint64(net.hashes.of(content, assignment.salt))
    if len(assignment.turns) > 0:
        return assignment.turns[content]
    return np.uint64(net.hashes.names[0] + net.hashes.names[1] * content)


def authoritative_node(nodes, number):
    """Return which of the nodes is responsible for a content with this number."""
    # Both unsigned: of an unsigned and a signed integer NumPy makes a float.
    return nodes[np.int64(np.uint64(number) % np.uint64(len(nodes)))]


class HashroutingState(NamedTuple):
    """Hash-routing: who is responsible, and how contents are delivered."""

    nodes: np.ndarray
    """int32, (n,): the authoritative nodes, in the order of the reference's assignment."""
    assignment: Assignment
    routing: int
    max_stretch: float
    """Hops that a branch must stay below under HYBRID_AM."""
    marks: Marks


def build_hashrouting(strategy: Any, numbering: Numbering) -> HashroutingState:
    """Return the state of any strategy that delivers as ``Hashrouting`` does."""
    nodes = [strategy.cache_assignment[i] for i in range(strategy.n_cache_nodes)]
    routing, max_stretch = routing_number(strategy.routing), 0.0
    if type(strategy) is HashroutingHybridAM:
        routing, max_stretch = HYBRID_AM, float(strategy.max_stretch)
    elif type(strategy) is HashroutingHybridSM:
        routing = HYBRID_SM
    return HashroutingState(
        nodes=numbers_of(nodes, numbering),
        assignment=assignment_of(strategy, numbering),
        routing=routing,
        max_stretch=max_stretch,
        marks=make_marks(numbering),
    )


def find_routes(state, net, node, cache_node, source):
    """Look up the paths that a request from a node may need.

    Returns
    -------
    tuple of int
        The paths from `node` to its authoritative cache, from there to the source, and from
        `node` to the source, which is missing under SYMM. If Python has to provide something
        first, the first is ``AGAIN``.
    """
    to_cache = find_path(net.paths, node, cache_node)
    if to_cache < 0:
        return AGAIN, AGAIN, AGAIN
    to_source = find_path(net.paths, cache_node, source)
    if to_source < 0:
        return AGAIN, AGAIN, AGAIN
    direct = to_source
    if state.routing != SYMM:
        direct = find_path(net.paths, node, source)
        if direct < 0:
            return AGAIN, AGAIN, AGAIN
    return to_cache, to_source, direct


def serve(state, net, caches, sessions, walk, routes, content):
    """Have a node get a content from its authoritative cache, or from the source.

    Parameters
    ----------
    routes : tuple of int
        See ``find_routes``.
    """
    paths = net.paths
    to_cache, to_source, direct = routes
    up, further = last_position(paths, to_cache), last_position(paths, to_source)
    cache = cache_at(paths, to_cache, up)
    if cache >= 0 and caches.get(cache, content):
        return round_trip(sessions, walk, to_cache, up, True, content)
    walk = request_leg(sessions, walk, to_cache, 0, up)
    fork = _fork(state, paths, to_source, direct)
    routing = _settled(state, paths, to_cache, to_source, direct, fork)
    if routing == SYMM:
        walk = round_trip(sessions, walk, to_source, further, False, content)
        walk = content_leg(sessions, walk, to_cache, up, 0)
    else:
        walk = request_leg(sessions, walk, to_source, 0, further)
        walk = source_serves(sessions, walk, node_at(paths, to_source, further), content)
        walk = content_leg(sessions, walk, direct, last_position(paths, direct), 0)
        if routing == ASYMM:
            return walk
        walk = branch_leg(sessions, walk, to_source, fork, 0)
    if cache >= 0:
        caches.put(cache, content)
    return walk


def _fork(state, paths, to_source, direct):
    """Return how many hops from the cache the way to it leaves that to the receiver.

    It is 0 where the cache lies on that, and not counted where only that matters.
    """
    if state.routing == SYMM:
        return 0
    if state.routing == ASYMM:
        return 0 if position_on(paths, direct, node_at(paths, to_source, 0)) >= 0 else 1
    marks = state.marks
    new_mark(marks)
    mark_path(marks, paths, direct, 0, last_position(paths, direct))
    fork = 0
    while not is_marked(marks, node_at(paths, to_source, fork)):
        fork += 1
    return fork


def _settled(state, paths, to_cache, to_source, direct, fork):
    """Return the routing of one request: through a cache on the way, else as the scheme has it."""
    if fork == 0:
        return SYMM
    if state.routing == HYBRID_AM:
        return MULTICAST if fork < state.max_stretch else ASYMM
    if state.routing == HYBRID_SM:
        symmetric = last_position(paths, to_source) + last_position(paths, to_cache)
        return SYMM if symmetric <= last_position(paths, direct) + fork else MULTICAST
    return state.routing
