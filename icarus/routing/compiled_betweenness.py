"""Shortest paths in hops that cross each node, by compiled code: sum by sum as in lists."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from icarus.compiler.jit import entry_point
from icarus.routing.betweenness_in_lists import paths_crossed_in_lists

__all__ = ["paths_crossed"]


class _Space(NamedTuple):
    """Working space: arrays of a place for each node."""

    n_paths: np.ndarray
    share: np.ndarray
    hops: np.ndarray
    reached: np.ndarray


def paths_crossed(neighbours: list[list[int]]) -> list[float]:
    """Return for each node the share of shortest paths between others that cross it.

    Parameters
    ----------
    neighbours : list of list of int
        Of each node.
    """
    n = len(neighbours)
    first = np.cumsum([0, *map(len, neighbours)])
    flat = np.fromiter(itertools.chain.from_iterable(neighbours), np.int64, first[-1])
    space = _Space(np.empty(n), np.empty(n), np.empty(n, np.int64), np.empty(n, np.int64))
    crossed = np.zeros(n)
    _add_paths(first, flat, crossed, space)
    found: list[float] = crossed.tolist()
    return found


def _add_paths(first, neighbours, crossed, space):
    """Add to each node the share of shortest paths between others that cross it.

    ``neighbours[first[node] : first[node + 1]]`` are those of a node.
    """
    for source in range(len(crossed)):
        n_reached = _find_paths(first, neighbours, source, space)
        for place in range(n_reached - 1, -1, -1):
            node = space.reached[place]
            part = (1.0 + space.share[node]) / space.n_paths[node]
            for link in range(first[node], first[node + 1]):
                before = neighbours[link]
                if space.hops[before] == space.hops[node] - 1:
                    space.share[before] += space.n_paths[before] * part
            if node != source:
                crossed[node] += space.share[node]


def _find_paths(first, neighbours, source, space):
    """Find how many shortest paths lead from a source to each node; return how many it reaches."""
    space.n_paths[:] = 0.0
    space.share[:] = 0.0
    space.hops[:] = -1
    space.n_paths[source], space.hops[source], space.reached[0] = 1.0, 0, source
    n_reached, place = 1, 0
    while place < n_reached:
        node = space.reached[place]
        further = space.hops[node] + 1
        for link in range(first[node], first[node + 1]):
            neighbour = neighbours[link]
            if space.hops[neighbour] < 0:
                space.hops[neighbour] = further
                space.reached[n_reached] = neighbour
                n_reached += 1
            if space.hops[neighbour] == further:
                space.n_paths[neighbour] += space.n_paths[node]
        place += 1
    return n_reached


def _add_paths_in_lists(first, neighbours, crossed, space):
    """Do the same in the interpreter."""
    crossed[:] = paths_crossed_in_lists(
        [neighbours[a:b].tolist() for a, b in itertools.pairwise(first)]
    )


# It takes a second of processor to compile.
_add_paths = entry_point(_add_paths, patience=1, meanwhile=_add_paths_in_lists)
