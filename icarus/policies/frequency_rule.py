"""TINYLFU: admission of what is asked for more often than what would leave for it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

import numpy as np

from icarus.policies.request_counts import beats, expected_contents, make_counts
from icarus.policies.room import Room, is_content
from icarus.policies.slots import Nowhere
from icarus.policies.units import make_units
from icarus.types import PositiveInt, Seed

__all__ = ["AdmitMoreFrequent"]


class AdmitMoreFrequent(NamedTuple):
    """Each request counts; a content without room is admitted if it beats the next victim.

    That is the first of what the policy would evict for it. Of what else would have to leave,
    nothing is compared: contents leave only for one that then enters. Caffeine's simulator compares
    with one after the other, and what lost by then is gone even if the newcomer loses in the end.
    Where a policy has the newcomer compete itself, the victim is that of what is there already.

    References
    ----------
    G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM
    Transactions on Storage 13(4), 2017, doi 10.1145/3149371.
    """

    units: Any
    """Ones or Bytes"""
    counts: Any
    """ExactCounts or CountMinSketch"""
    capacity: np.ndarray
    """int64, (n_caches,)"""
    rng: Any
    """The Generator that all caches share."""

    @classmethod
    def new(
        cls,
        room: Room,
        sketch: Literal["count_min", "exact"] = "count_min",
        contents: PositiveInt | None = None,
        *,
        seed: Seed = None,
    ) -> Self:
        """Return the rule, with nothing counted; parameters are as of the policy W_TINYLFU."""
        counts = make_counts(room, sketch, expected_contents(room, contents))
        capacity = room.array(np.asarray(room.maxlens, dtype=np.int64))
        return cls(make_units(room), counts, capacity, seed)

    def asked(self, cache, content):
        """Count the request."""
        self.counts.increment(cache, content)

    def admits_to(self, caches, cache, content):
        """Compare a content that is not cached with the next victim, if there is no room for it."""
        if caches.has(cache, content):
            return True
        if self.units.requested() > self.capacity[cache]:
            return False
        victim = caches.next_victim(cache, content)
        if not is_content(victim):
            return True
        admitted = beats(self.counts, cache, content, victim, self.rng)
        if not admitted:
            caches.spare(cache, content)
        return admitted

    def set_size(self, size):
        """Take note of how much the requested content takes."""
        self.units.set_requested(size)

    def clear(self, cache: int) -> None:
        """Have nothing be counted of a cache; draws go on where they are."""
        self.counts.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return what another state has counted, for caches of the sizes of these."""
        return other._replace(capacity=self.capacity)

    def places(self):
        """Return that nothing is to be fetched before."""
        return Nowhere(0)

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests have counted."""
        counts: Any = self.counts
        if hasattr(counts, "reserve"):
            counts = counts.reserve(n_requests)
        return self._replace(counts=counts)
