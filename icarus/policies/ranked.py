"""What PERFECT_LFU and MIN have in common: records of all contents, ranks of those cached.

Their states have the fields ``records`` (Records), ``heaps`` (Heaps) and ``row_in`` (int32,
(n_slots,): the row of the content in a slot), and these functions as methods.
"""

from __future__ import annotations

from typing import Any

from icarus.policies.records import IN_SLOT

__all__ = [
    "dump_ranked",
    "has_ranked",
    "rank_places",
    "ranked_size",
    "remove_ranked",
    "reserve_ranked",
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


def dump_ranked(self: Any, cache: int) -> list[Any]:
    """Return the contents of a cache, the one to be evicted next last."""
    slots = self.heaps.slots(cache)
    return [self.records.content(self.row_in[slot]) for slot in slots]


def reserve_ranked(self: Any, n_requests: int) -> Any:
    """Return the same state with room for the records of further requests."""
    return self._replace(records=self.records.reserve(n_requests))


def rank_places(self):
    """Return what tells where contents are looked up."""
    return self.records


def ranked_size(self: Any, cache: int) -> int:
    """Return how many contents a cache has."""
    return int(self.heaps.size[cache])
