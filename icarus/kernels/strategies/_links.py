"""Single links as paths, for requests that take a link whether or not it is the shortest way."""

from __future__ import annotations

import numpy as np

from icarus.kernels.hashing import mixed
from icarus.kernels.jit import kernel
from icarus.kernels.paths import NEED_PATH_ROOM

__all__ = ["find_link"]


@kernel
def find_link(paths, u, v):
    """Return the link from `u` to `v` as a path; -1 if Python has to make room first."""
    n_nodes = len(paths.row_of)
    # No path between two nodes has ends this large.
    ends = np.int64(n_nodes) * n_nodes + np.int64(u) * n_nodes + v
    mask = len(paths.table) - 1
    place = mixed(ends, 0) & mask
    while True:
        path = paths.table[place] - 1
        if path < 0:
            return _enter_link(paths, u, v, ends, place)
        if paths.ends[path] == ends:
            return path
        place = (place + 1) & mask


@kernel
def _enter_link(paths, u, v, ends, place):
    path, first = paths.used[0], paths.used[1]
    if 2 * (path + 1) > len(paths.table) or first + 2 > len(paths.nodes):
        paths.need[0] = NEED_PATH_ROOM
        paths.need[1] = u
        paths.need[2] = v
        return -1
    for i in range(2):
        node = u if i == 0 else v
        paths.nodes[first + i, 0] = node
        paths.nodes[first + i, 1] = paths.cache_of[node]
    paths.ends[path] = ends
    paths.start[path + 1] = first + 2
    paths.table[place] = path + 1
    paths.used[0] = path + 1
    paths.used[1] = first + 2
    return path
