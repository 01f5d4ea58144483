"""What PERFECT_LFU and MIN have in common: records of all contents, ranks of those cached.

Their states have the fields ``seen`` (Seen), ``heaps`` (Heaps) and ``row_in`` (int32, (n_slots,):
the row of the content in a slot).
"""

from __future__ import annotations

from typing import Any

from icarus.kernels.policies.heap import heap_slots, remove_slot
from icarus.kernels.policies.seen import IN_SLOT, content_of, find_record, reserve_records

__all__ = ["dump_ranked", "has_ranked", "remove_ranked", "reserve_ranked"]


def has_ranked(caches, cache, content):
    """Return whether a cache holds a content."""
    row = find_record(caches.seen, cache, content)
    return row >= 0 and caches.seen.records[row, IN_SLOT] > 0


def remove_ranked(caches, cache, content):
    """Remove a content from a cache; return whether it was there."""
    records = caches.seen.records
    row = find_record(caches.seen, cache, content)
    if row < 0 or records[row, IN_SLOT] <= 0:
        return False
    remove_slot(caches.heaps, cache, records[row, IN_SLOT] - 1)
    records[row, IN_SLOT] = 0
    return True


def dump_ranked(caches: Any, cache: int) -> list[int]:
    """Return the contents of a cache, the one to be evicted next last."""
    rows = caches.row_in[heap_slots(caches.heaps, cache)]
    return [int(content_of(caches.seen, row)) for row in rows]


def reserve_ranked(caches: Any, n_requests: int) -> Any:
    """Make room for the records of further requests; see ``reserve_records``."""
    return caches._replace(seen=reserve_records(caches.seen, n_requests))
