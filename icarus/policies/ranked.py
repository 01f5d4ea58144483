"""What PERFECT_LFU and MIN have in common: records of all contents, ranks of those cached.

Their states have the fields ``records`` (Records), ``heaps`` (Heaps) and ``row_in`` (int32,
(n_slots,): the row of the content in a slot), and these functions as methods.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from icarus.policies.records import IN_SLOT
from icarus.policies.room import NOTHING, taken, write

__all__ = [
    "carry_on_ranked",
    "dump_ranked",
    "has_ranked",
    "next_victim_ranked",
    "rank_places",
    "ranked_size",
    "remove_ranked",
    "reserve_ranked",
    "take_over_ranked",
]


def has_ranked(self, cache, content):
    """Return whether a cache holds a content."""
    row = self.records.find(cache, content)
    return row >= 0 and self.records.rows[(row << 1) + IN_SLOT] > 0


def remove_ranked(self, cache, content):
    """Remove a content from a cache; return whether it was there."""
    records = self.records
    row = records.find(cache, content)
    if row < 0 or records.rows[(row << 1) + IN_SLOT] <= 0:
        return False
    self.heaps.remove(cache, records.rows[(row << 1) + IN_SLOT] - 1)
    records.rows[(row << 1) + IN_SLOT] = 0
    return True


def next_victim_ranked(self, cache, content):
    """Return what ranks least in a full cache, with which a newcomer competes; else NOTHING."""
    victim = NOTHING
    if self.heaps.is_full(cache):
        victim = self.records.content(self.row_in[self.heaps.least_slot(cache)])
    return victim


def dump_ranked(self: Any, cache: int) -> list[Any]:
    """Return the contents of a cache, the one to be evicted next last."""
    slots = self.heaps.slots(cache)
    return [self.records.content(self.row_in[slot]) for slot in slots]


def reserve_ranked(self: Any, n_requests: int) -> Any:
    """Return the same state with room for the records of further requests."""
    return self._replace(records=self.records.reserve(n_requests))


def carry_on_ranked(self: Any, other: Any) -> Any:
    """Return the same state with the records of another one."""
    return self._replace(records=other.records)


def take_over_ranked(self: Any, cache: int, other: Any) -> np.ndarray:
    """Have a new cache hold what ranks highest in it in another state, whose records these are.

    Returns
    -------
    ndarray of int64
        The slots of the other state that held what is in the first slots of the cache now.
    """
    kept, gone = self.heaps.take_over(cache, other.heaps)
    first, rows = int(self.heaps.base[cache]), self.records.rows
    slots = np.arange(first, first + len(kept))
    row = np.array(taken(other.row_in, kept), dtype=np.int64)
    write(self.row_in, slice(first, first + len(kept)), row)
    write(rows, 2 * row + IN_SLOT, slots + 1)
    row_gone = np.array(taken(other.row_in, gone), dtype=np.int64)
    write(rows, 2 * row_gone + IN_SLOT, np.zeros_like(row_gone))
    return kept


def rank_places(self):
    """Return what tells where contents are looked up."""
    return self.records


def ranked_size(self: Any, cache: int) -> int:
    """Return how many contents a cache has."""
    return int(self.heaps.size[cache])
