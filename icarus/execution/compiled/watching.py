"""What is noted of every single request: how its session went, and what caches evicted for it.

A session that is measured is a walk through a trie of steps (see ``sessions``), so that its last
step says all of it. Caches that are watched are those of a policy inside another state, whose
``put`` takes note of what the policy's evicts; strategies see no difference.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.policies.around import around_caches
from icarus.policies.room import NOTHING

__all__ = ["Notes", "WatchedCaches"]


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


@around_caches
class WatchedCaches(NamedTuple):
    """The caches of a policy, of whose evictions notes are taken."""

    caches: Any
    notes: Notes

    def get(self, cache, content):
        """Look a content up in a cache, which may evict if it is larger than it was."""
        measure = self.caches.measure()
        measure.begin()
        found = self.caches.get(cache, content)
        self._note(cache, measure, NOTHING)
        return found

    def put(self, cache, content):
        """Insert a content into a cache, and take note of what is evicted for it."""
        measure = self.caches.measure()
        # Not every put comes to the policy, which would begin anew itself.
        measure.begin()
        evicted = self.caches.put(cache, content)
        self._note(cache, measure, evicted)
        return evicted

    def _note(self, cache, measure, evicted):
        notes = self.notes
        for victim in range(measure.n_gone(evicted)):
            place = notes.used[0]
            notes.used[0] = place + 1
            if place < len(notes.evicted):
                notes.evicted[place, 0] = cache
                notes.evicted[place, 1] = measure.gone(victim, evicted)
