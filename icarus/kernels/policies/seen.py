"""What policies know of contents beyond their eviction: a record for each content and cache.

Records come into being when a cache first hears of a content, so that memory follows what was
requested. Tables do not grow inside kernels: ``reserve_records`` makes room before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.jit import kernel
from icarus.kernels.index import Slots, enter, find, grow_slots, make_slots

__all__ = [
    "IN_SLOT",
    "KNOWN",
    "Seen",
    "content_of",
    "find_record",
    "make_record",
    "make_seen",
    "reserve_records",
]

KNOWN, IN_SLOT = 0, 1
"""Columns of a record: what the policy knows, and slot + 1 while the content is cached."""


class Seen(NamedTuple):
    """The records of all contents and caches, in the order in which they were made."""

    slots: Slots
    """Rows of the records, found by ``content * n_caches + cache``."""
    records: np.ndarray
    """int64, (n_rows, 2): see ``KNOWN`` and ``IN_SLOT``; 0 at first."""
    used: np.ndarray
    """int64, (1,): rows in use."""
    n_caches: int
    most: int
    """Rows that there may ever be: one for each content and cache."""


def make_seen(n_contents: int, n_caches: int) -> Seen:
    """Return a table without records and without room for any."""
    most = n_contents * n_caches
    slots = make_slots(most, np.zeros(1, dtype=np.int64), growing=True)
    records = np.zeros((0, 2), dtype=np.int64)
    return Seen(slots, records, np.zeros(1, dtype=np.int64), n_caches, most)


def reserve_records(seen: Seen, n_requests: int) -> Seen:
    """Return a table with the same records and room for those of further requests.

    Parameters
    ----------
    seen : Seen
        The table.
    n_requests : int
        How many requests there will be before this is called again. Each may look up, insert
        and remove one content in every cache, as often as it likes.
    """
    used = int(seen.used[0])
    needed = min(used + n_requests * seen.n_caches, seen.most)
    if needed <= len(seen.records):
        return seen
    room = min(max(needed, 2 * len(seen.records)), seen.most)
    records = np.zeros((room, 2), dtype=np.int64)
    records[:used] = seen.records[:used]
    return seen._replace(slots=grow_slots(seen.slots, room), records=records)


@kernel
def find_record(seen, cache, content):
    """Return the row of a content and a cache, or -1."""
    return find(seen.slots, 0, np.int64(content) * seen.n_caches + cache)


@kernel
def make_record(seen, cache, content):
    """Return a new row for a content and a cache that have none."""
    row = seen.used[0]
    seen.used[0] = row + 1
    enter(seen.slots, 0, np.int64(content) * seen.n_caches + cache, row)
    return row


@kernel
def content_of(seen, row):
    """Return the content that a row belongs to."""
    return seen.slots.item[row] // seen.n_caches
