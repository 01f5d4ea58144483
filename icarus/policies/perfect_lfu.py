"""PERFECT_LFU: evict the least frequently requested content, counting all requests."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.heap import KEY, Heaps, make_heaps
from icarus.policies.ranked import (
    carry_on_ranked,
    dump_ranked,
    has_ranked,
    next_victim_ranked,
    rank_places,
    ranked_size,
    remove_ranked,
    reserve_ranked,
    take_over_ranked,
)
from icarus.policies.records import IN_SLOT, KNOWN, NamedRecords, Records, make_records
from icarus.policies.room import NOTHING, Room
from icarus.registry import register_cache_policy

__all__ = ["PerfectLfuCache", "PerfectLfuCaches"]

MISS_COUNTED = -1
# Stands for the slot of a content that is not cached, but whose latest look-up, which missed,
# has been counted.

ROW_BITS = 31
# A key is the number of requests and, below it, the row, which is the lower the earlier the
# first request was. Rows have no more bits, and no content has 2**32 requests.


class PerfectLfuCaches(NamedTuple):
    """Perfect LFU caches."""

    records: Records | NamedRecords
    """Numbers of requests. Records are made at first requests, in this order."""
    heaps: Heaps
    """What is cached, by number of requests and row."""
    row_in: np.ndarray
    """int32, (n_slots,): the row of the content in a slot."""

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_records(room), make_heaps(room), room.zeros(sum(room.maxlens), np.int32))

    def get(self, cache, content):
        """Return whether a content is cached, and count the request."""
        row = self._row(cache, content)
        rows = self.records.rows
        requests = rows[(row << 1) + KNOWN] + 1
        rows[(row << 1) + KNOWN] = requests
        in_slot = rows[(row << 1) + IN_SLOT]
        if in_slot > 0:
            self.heaps.change_key(cache, (requests << ROW_BITS) | row, in_slot - 1)
            return True
        rows[(row << 1) + IN_SLOT] = MISS_COUNTED
        return False

    def put(self, cache, content):
        """Insert a content if it is absent; return what was evicted, maybe the content itself."""
        row = self._row(cache, content)
        rows, heaps = self.records.rows, self.heaps
        in_slot = rows[(row << 1) + IN_SLOT]
        if in_slot > 0:
            return NOTHING
        if in_slot != MISS_COUNTED:
            rows[(row << 1) + KNOWN] += 1
        key = (rows[(row << 1) + KNOWN] << ROW_BITS) | row
        evicted = NOTHING
        if not heaps.is_full(cache):
            slot = heaps.add(cache, key)
        elif key < heaps.least_key(cache):
            rows[(row << 1) + IN_SLOT] = 0
            return content
        else:
            slot = heaps.replace_least(cache, key)
            rows[(self.row_in[slot] << 1) + IN_SLOT] = 0
            evicted = self.records.content(self.row_in[slot])
        rows[(row << 1) + IN_SLOT] = slot + 1
        self.row_in[slot] = row
        return evicted

    def _row(self, cache, content):
        """Return the record of a content and a cache, made if there was none."""
        row = self.records.find(cache, content)
        return row if row >= 0 else self.records.make(cache, content)

    def clear(self, cache: int) -> None:
        """Remove everything from a cache, and forget all counts."""
        self.heaps.clear(cache)
        moved = self.records.forget(cache)
        if moved is not None:
            self.row_in[:] = moved[self.row_in]
            keys = self.heaps.entries[KEY::2]
            keys += moved[keys & ((1 << ROW_BITS) - 1)] - (keys & ((1 << ROW_BITS) - 1))

    has, remove, dump = has_ranked, remove_ranked, dump_ranked  # type: ignore[misc]
    places, size, reserve = rank_places, ranked_size, reserve_ranked  # type: ignore[misc]
    carry_on, take_over = carry_on_ranked, take_over_ranked  # type: ignore[misc]
    (next_victim,) = (next_victim_ranked,)  # type: ignore[misc]


@register_cache_policy("PERFECT_LFU")
class PerfectLfuCache(DefinedCache, definition=PerfectLfuCaches):
    """Evict the least frequently requested item, counting requests for cached and other items.

    Each look-up counts as a request. An insertion counts as one only if no look-up of the item
    has missed since it was last put, so that a miss and the insertion that follows are one
    request. Counts outlive eviction and ``remove``; ``clear`` forgets them. A new item competes
    at once and may itself be what ``put`` returns. Among equals the one whose first request
    was earliest is evicted.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """
