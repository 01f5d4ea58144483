"""Shortest paths as kernels see them: entered where they are first asked for.

A path is found by its two ends in a hash table and lies in one array with all others. A path
that is not there yet is copied from a shortest-path tree; a tree that is not there either, or
more room, is asked of Python, which then has the request done again. This is why strategies
look up all the paths of a request before they touch a cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.hash_tables import place_of

__all__ = [
    "NEED_NOTHING",
    "NEED_PATH_ROOM",
    "NEED_TREE",
    "UNREACHABLE",
    "Paths",
    "cache_at",
    "find_link",
    "find_path",
    "known_path",
    "last_position",
    "node_at",
]

NEED_NOTHING, NEED_TREE, NEED_PATH_ROOM, UNREACHABLE = range(4)
"""What ``Paths.need`` asks for."""


class Paths(NamedTuple):
    """Paths between nodes, which are numbers."""

    table: np.ndarray
    """int32, a power of two: path + 1, found by the hash of its ends; 0 where there is none."""
    ends: np.ndarray
    """int64, by path: first node times the number of nodes, plus last node."""
    start: np.ndarray
    """int64, by path, one more than there are: where its nodes begin."""
    nodes: np.ndarray
    """int32, (room, 2): the nodes of all paths, and the caches that they have, or -1."""
    used: np.ndarray
    """int64, (2,): paths entered, nodes entered."""
    trees: np.ndarray
    """int32, (rows, n_nodes): predecessors towards a root."""
    row_of: np.ndarray
    """int32, (n_nodes,): the row of the tree of a root, or -1."""
    cache_of: np.ndarray
    """int32, (n_nodes,): the cache of a node, or -1."""
    need: np.ndarray
    """int64, (3,): what is lacking, and the ends of the path that it is for."""


def _ends(paths, u, v):
    return np.int64(u) * len(paths.row_of) + v


def find_path(paths, u, v):
    """Return the path from `u` to `v`; -1 if Python has to provide something first."""
    place = place_of(paths.table, paths.ends, _ends(paths, u, v))
    path = paths.table[place] - 1
    return path if path >= 0 else _enter_path(paths, u, v, place)


def known_path(paths, u, v):
    """Return the path from `u` to `v` if it has been asked for before, else -1."""
    return paths.table[place_of(paths.table, paths.ends, _ends(paths, u, v))] - 1


def find_link(paths, u, v):
    """Return the link from `u` to `v` as a path, whether or not it is the shortest way.

    It is -1 if Python has to make room first.
    """
    # No path between two nodes has ends this large.
    ends = _ends(paths, len(paths.row_of), 0) + _ends(paths, u, v)
    place = place_of(paths.table, paths.ends, ends)
    path = paths.table[place] - 1
    if path >= 0:
        return path
    if not _has_room(paths, 2):
        return -1
    first = paths.used[1]
    _set_node(paths, first, u)
    _set_node(paths, first + 1, v)
    return _enter(paths, ends, place, 2)


def _enter_path(paths, u, v, place):
    # The tree is that of whichever end stands later among the nodes, so that paths are symmetric.
    root, other = (v, u) if u < v else (u, v)
    paths.need[1] = u
    paths.need[2] = v
    row = paths.row_of[root]
    if row < 0:
        paths.need[0] = NEED_TREE
        return -1
    hops = 0
    node = other
    while node != root:
        node = paths.trees[row, node]
        hops += 1
        if node < 0:
            paths.need[0] = UNREACHABLE
            return -1
    if not _has_room(paths, hops + 1):
        return -1
    node = other
    for i in range(hops + 1):
        _set_node(paths, paths.used[1] + (i if u == other else hops - i), node)
        if node != root:
            node = paths.trees[row, node]
    return _enter(paths, _ends(paths, u, v), place, hops + 1)


def _has_room(paths, n_nodes):
    """Return whether there is room for another path; ask Python for more if not."""
    if 2 * (paths.used[0] + 1) > len(paths.table) or paths.used[1] + n_nodes > len(paths.nodes):
        paths.need[0] = NEED_PATH_ROOM
        return False
    return True


def _set_node(paths, position, node):
    paths.nodes[position, 0] = node
    paths.nodes[position, 1] = paths.cache_of[node]


def _enter(paths, ends, place, n_nodes):
    """Enter a path whose nodes stand behind those of all others; return it."""
    path = paths.used[0]
    paths.used[0] = path + 1
    paths.used[1] += n_nodes
    paths.ends[path] = ends
    paths.start[path + 1] = paths.used[1]
    paths.table[place] = path + 1
    return path


def last_position(paths, path):
    """Return the position of the last node on a path, which is its number of hops."""
    return paths.start[path + 1] - paths.start[path] - 1


def node_at(paths, path, position):
    """Return the node at a position on a path, counted from 0."""
    return paths.nodes[paths.start[path] + position, 0]


def cache_at(paths, path, position):
    """Return the cache at a position on a path, or -1."""
    return paths.nodes[paths.start[path] + position, 1]
