"""Shortest paths in hops that cross each node, counted in lists, which Python is quick with."""

from __future__ import annotations

__all__ = ["paths_crossed_in_lists"]


def paths_crossed_in_lists(neighbours: list[list[int]]) -> list[float]:
    """Return for each node the share of shortest paths between others that cross it.

    Parameters
    ----------
    neighbours : list of list of int
        Of each node.
    """
    crossed = [0.0] * len(neighbours)
    for source in range(len(neighbours)):
        _add_paths_from(source, neighbours, crossed)
    return crossed


def _add_paths_from(source: int, neighbours: list[list[int]], crossed: list[float]) -> None:
    """Add to each node the share of shortest paths from a source that cross it."""
    n = len(neighbours)
    before: list[list[int]] = [[] for _ in range(n)]
    n_paths = [0.0] * n
    hops = [-1] * n
    n_paths[source], hops[source] = 1.0, 0
    reached = [source]
    for node in reached:
        further, paths = hops[node] + 1, n_paths[node]
        for neighbour in neighbours[node]:
            if hops[neighbour] < 0:
                hops[neighbour] = further
                reached.append(neighbour)
            if hops[neighbour] == further:
                n_paths[neighbour] += paths
                before[neighbour].append(node)
    share = [0.0] * n
    for node in reversed(reached):
        part = (1 + share[node]) / n_paths[node]
        for one in before[node]:
            share[one] += n_paths[one] * part
        if node != source:
            crossed[node] += share[node]
