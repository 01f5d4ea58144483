"""Regions: arrays in which each cache has a part of its own, which moves when it has to be longer.

How many contents fit into a cache is not known where these have sizes. Elements are known by their
place in the region of their cache, from 0, so that to move a region changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["lengthen", "moved", "widened"]


def widened(base: np.ndarray, used: np.ndarray, n_more: int) -> np.ndarray | None:
    """Return where regions begin that have room for further elements; None if these have it.

    Parameters
    ----------
    base : ndarray of int64, shape (n_caches + 1,)
        Where the region of each cache begins, and where the last one ends.
    used : ndarray of int64, shape (n_caches,)
        Elements that each has, in its first places.
    n_more : int
        Elements to come in each.
    """
    if not len(used) or int((used + n_more - np.diff(base)).max()) <= 0:
        return None
    wider = np.zeros_like(base)
    # All at once and by half as much again, so that moving takes no time in the long run.
    np.cumsum(used + np.maximum(n_more, used >> 1), out=wider[1:])
    return wider


def moved(values: np.ndarray, base: np.ndarray, used: np.ndarray, wider: np.ndarray) -> np.ndarray:
    """Return the elements of all regions in regions that begin elsewhere.

    Parameters
    ----------
    values : ndarray, shape (base[-1],)
    base, used : ndarray of int64
        As of ``widened``.
    wider : ndarray of int64
        What that returned.
    """
    result = np.zeros(int(wider[-1]), dtype=values.dtype)
    for cache, n_used in enumerate(used.tolist()):
        before, now = int(base[cache]), int(wider[cache])
        result[now : now + n_used] = values[before : before + n_used]
    return result


def lengthen(lists: tuple[Any, ...], base: Any, cache: int) -> None:
    """Have a region in lists be longer, and those behind it stand further behind.

    Parameters
    ----------
    lists : tuple of list
    base : list of int
    cache : int
    """
    stop = base[cache + 1]
    n_more = stop - base[cache] + 8
    for values in lists:
        values[stop:stop] = [0] * n_more
    for behind in range(cache + 1, len(base)):
        base[behind] += n_more
