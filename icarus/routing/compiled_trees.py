"""Shortest-path trees by Dijkstra's algorithm, with the choice that NetworkX makes where paths tie.

Nodes are numbers. A node's links are looked at in the order of the graph, and the way to a node
is replaced only by a strictly shorter one. Of nodes at the same distance the one that was entered
first comes first; a node that is found nearer is entered again.

For 11,100 nodes and 42,192 links a tree takes 1.8 ms, where scipy's Fibonacci heap takes 2.0 and
a heap of nodes alone, whose distances lie elsewhere, took 3.2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.jit import entry_point

__all__ = ["Links", "grow_trees", "make_frontier"]

_NONE = -1


class Links(NamedTuple):
    """The links of a network, by the node that they start from."""

    first: np.ndarray
    """int64, (n_nodes + 1,): the first link of each node."""
    head: np.ndarray
    """int32, (n_links,): where it leads to."""
    length: np.ndarray
    """float64, (n_links,): 0 or more."""


class _Frontier(NamedTuple):
    """Ways not yet followed, as a heap in which each has four children, and what is known."""

    length: np.ndarray
    """float64, (n_links + 1,): of a way in the heap."""
    entry: np.ndarray
    """int64, (n_links + 1,): how many were entered before it, times the number of nodes, plus
    the node that it leads to."""
    distance: np.ndarray
    """float64, (n_nodes,): from the root as far as it is known, NaN before."""
    done: np.ndarray
    """bool, (n_nodes,): whether it has been gone on from a node."""


def make_frontier(n_nodes: int, n_links: int) -> _Frontier:
    """Return working space for a network of so many nodes and links."""
    return _Frontier(
        length=np.empty(n_links + 1, dtype=np.float64),
        entry=np.empty(n_links + 1, dtype=np.int64),
        distance=np.empty(n_nodes, dtype=np.float64),
        done=np.empty(n_nodes, dtype=np.bool_),
    )


def _grow_trees(links, roots, trees, frontier):
    """Enter the trees of some roots.

    Parameters
    ----------
    links : Links
    roots : ndarray of int32, shape (n_roots,)
    trees : ndarray of int32, shape (n_roots, n_nodes)
        Gets the predecessor of each node on the way from each root, -1 where there is none.
    frontier : _Frontier
        Working space.
    """
    for row in range(len(roots)):
        _grow_tree(links, roots[row], trees, row, frontier)


def _grow_tree(links, root, trees, row, frontier):
    n_nodes = len(frontier.done)
    for node in range(n_nodes):
        frontier.done[node] = False
        frontier.distance[node] = np.nan
        trees[row, node] = _NONE
    frontier.distance[root] = 0.0
    _rise(frontier, 0, 0.0, np.int64(root))
    size, entered = 1, 1
    while size > 0:
        so_far = frontier.length[0]
        node = frontier.entry[0] % n_nodes
        size -= 1
        if size > 0:
            _sink(frontier, size, frontier.length[size], frontier.entry[size])
        if frontier.done[node]:
            continue
        frontier.done[node] = True
        for link in range(links.first[node], links.first[node + 1]):
            head = links.head[link]
            length = so_far + links.length[link]
            # This way round NaN, which is nothing known yet, is replaced by any length.
            if frontier.distance[head] <= length:
                continue
            frontier.distance[head] = length
            trees[row, head] = node
            _rise(frontier, size, length, entered * n_nodes + head)
            size += 1
            entered += 1


def _rise(frontier, place, length, entry):
    """Put a way at a place, or as far above it as it belongs."""
    while place > 0:
        above = (place - 1) >> 2
        other = frontier.length[above]
        if length > other or (length == other and entry > frontier.entry[above]):
            break
        frontier.length[place] = other
        frontier.entry[place] = frontier.entry[above]
        place = above
    frontier.length[place] = length
    frontier.entry[place] = entry


def _sink(frontier, size, length, entry):
    """Put a way at the top, or as far below as it belongs."""
    place = 0
    while 4 * place + 1 < size:
        least = 4 * place + 1
        least_length, least_entry = frontier.length[least], frontier.entry[least]
        for child in range(least + 1, min(least + 4, size)):
            other = frontier.length[child]
            if other < least_length or (
                other == least_length and frontier.entry[child] < least_entry
            ):
                least, least_length, least_entry = child, other, frontier.entry[child]
        if length < least_length or (length == least_length and entry < least_entry):
            break
        frontier.length[place] = least_length
        frontier.entry[place] = least_entry
        place = least
    frontier.length[place] = length
    frontier.entry[place] = entry


grow_trees = entry_point(_grow_trees)
