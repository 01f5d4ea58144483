"""What is noted of every single request: how its session went, and what caches evicted for it.

A session that is measured is a walk through a trie of steps (see ``sessions``), so that its last
step says all of it. Caches that are watched are those of a policy inside another state, whose
``put`` takes note of what the policy's evicts; strategies see no difference.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core.types import BaseNamedTuple
from numba.extending import overload

from icarus.compiler.jit import INLINED
from icarus.kernels.dispatch import cache_get, cache_has, cache_put, cache_remove, define

__all__ = ["Notes", "WatchedCaches", "plain_caches"]


class Notes(NamedTuple):
    """What is noted of the requests of a batch; arrays of shape (0,) or (0, 2) take no notes."""

    walk: np.ndarray
    """int32, (n_requests,): the last step of the session; negative if it is not measured."""
    evicted_before: np.ndarray
    """int64, (n_requests,): evictions noted before the request."""
    evicted: np.ndarray
    """int64, (room, 2): cache and content of evictions."""
    used: np.ndarray
    """int64, (1,): evictions there are; more than there is room for if some were lost."""


class WatchedCaches(NamedTuple):
    """The caches of a policy, of whose evictions notes are taken."""

    caches: Any
    notes: Notes


def _get(watched, cache, content):
    return cache_get(watched.caches, cache, content)


def _put(watched, cache, content):
    evicted = cache_put(watched.caches, cache, content)
    if evicted >= 0:
        notes = watched.notes
        place = notes.used[0]
        notes.used[0] = place + 1
        if place < len(notes.evicted):
            notes.evicted[place, 0] = cache
            notes.evicted[place, 1] = evicted
    return evicted


def _has(watched, cache, content):
    return cache_has(watched.caches, cache, content)


def _remove(watched, cache, content):
    return cache_remove(watched.caches, cache, content)


define(WatchedCaches, get=_get, put=_put, has=_has, remove=_remove)


def plain_caches(caches):
    """Return the state of the policy, whether caches are watched or not."""
    return caches.caches if isinstance(caches, WatchedCaches) else caches


@overload(plain_caches, jit_options=INLINED)
def _compiled_plain_caches(caches):
    if isinstance(caches, BaseNamedTuple) and caches.instance_class is WatchedCaches:
        return lambda caches: caches.caches
    return lambda caches: caches
