"""Belady's MIN, compiled; see ``icarus.models.cache`` for what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from icarus.kernels.catalogue import Contents, register_policy_kernel
from icarus.kernels.jit import kernel
from icarus.kernels.policies.heap import (
    Heaps,
    add,
    change_key,
    heap_slots,
    is_full,
    least_key,
    make_heaps,
    remove_slot,
    replace_least,
)
from icarus.kernels.policies.seen import (
    IN_SLOT,
    KNOWN,
    Seen,
    content_of,
    find_record,
    make_record,
    make_seen,
    reserve_records,
)
from icarus.models.cache import BeladyMinCache

__all__ = ["BeladyMinCaches"]

NEVER = -1
"""The next use of a content that is not needed again."""

NEVER_KEY = -(2**62)
# Among contents never needed again, the one inserted first is evicted; all others follow.


class BeladyMinCaches(NamedTuple):
    """MIN caches."""

    seen: Seen
    """Next uses."""
    heaps: Heaps
    """What is cached, by next use, the latest first; see ``_key``."""
    row_in: np.ndarray
    """int32, (n_slots,): the row of the content in a slot."""
    number: np.ndarray
    """int64, (n_slots,): the number of the content in a slot, in order of insertion."""
    inserted: np.ndarray
    """int64, (n_caches,): contents inserted so far."""
    first_use: np.ndarray
    """int64, (n_contents,): where the trace first has a content."""
    use_after: np.ndarray
    """int64, (length of the trace,): where the trace has the same content next."""


@kernel
def _key(next_use, number):
    return -next_use if next_use != NEVER else NEVER_KEY + number


@kernel
def _new_record(caches, cache, content):
    row = make_record(caches.seen, cache, content)
    caches.seen.records[row, KNOWN] = caches.first_use[content]
    return row


def _get(caches, cache, content):
    records = caches.seen.records
    row = find_record(caches.seen, cache, content)
    if row < 0:
        row = _new_record(caches, cache, content)
    next_use = records[row, KNOWN]
    slot = records[row, IN_SLOT] - 1
    if next_use != NEVER:
        next_use = caches.use_after[next_use]
        records[row, KNOWN] = next_use
        if slot >= 0:
            change_key(caches.heaps, cache, _key(next_use, caches.number[slot]), slot)
    return slot >= 0


def _has(caches, cache, content):
    row = find_record(caches.seen, cache, content)
    return row >= 0 and caches.seen.records[row, IN_SLOT] > 0


def _put(caches, cache, content):
    heaps = caches.heaps
    records = caches.seen.records
    row = find_record(caches.seen, cache, content)
    if row < 0:
        row = _new_record(caches, cache, content)
    if records[row, IN_SLOT] > 0:
        return -1
    next_use = records[row, KNOWN]
    full = is_full(heaps, cache)
    if full and (next_use == NEVER or -next_use <= least_key(heaps, cache)):
        return -1
    number = caches.inserted[cache] + 1
    caches.inserted[cache] = number
    evicted = -1
    if full:
        slot = replace_least(heaps, cache, _key(next_use, number))
        records[caches.row_in[slot], IN_SLOT] = 0
        evicted = content_of(caches.seen, caches.row_in[slot])
    else:
        slot = add(heaps, cache, _key(next_use, number))
    records[row, IN_SLOT] = slot + 1
    caches.row_in[slot] = row
    caches.number[slot] = number
    return evicted


def _remove(caches, cache, content):
    records = caches.seen.records
    row = find_record(caches.seen, cache, content)
    if row < 0 or records[row, IN_SLOT] == 0:
        return False
    remove_slot(caches.heaps, cache, records[row, IN_SLOT] - 1)
    records[row, IN_SLOT] = 0
    return True


def _uses(cache: BeladyMinCache, contents: Contents) -> tuple[np.ndarray, np.ndarray]:
    """Return where the trace first has each content, and where it has the same one next."""
    uses_of = cache._uses_of
    length = max((uses[-1] for uses in uses_of.values() if uses), default=-1) + 1
    first_use = np.full(len(contents.names), NEVER, dtype=np.int64)
    use_after = np.full(length, NEVER, dtype=np.int64)
    for content, name in enumerate(contents.names):
        if uses_of.get(name):
            uses = np.array(uses_of[name], dtype=np.int64)
            first_use[content] = uses[0]
            use_after[uses[:-1]] = uses[1:]
    return first_use, use_after


def _build(caches: Sequence[BeladyMinCache], contents: Contents) -> BeladyMinCaches:
    seen = make_seen(len(contents.names), len(caches))
    heaps = make_heaps([cache.maxlen for cache in caches])
    n_slots = len(heaps.entries)
    # All caches have read the same trace.
    first_use, use_after = _uses(caches[0], contents)
    return BeladyMinCaches(
        seen,
        heaps,
        np.zeros(n_slots, dtype=np.int32),
        np.zeros(n_slots, dtype=np.int64),
        np.zeros(len(caches), dtype=np.int64),
        first_use,
        use_after,
    )


def _dump(caches: BeladyMinCaches, cache: int) -> list[int]:
    rows = caches.row_in[heap_slots(caches.heaps, cache)]
    return [int(content_of(caches.seen, row)) for row in rows]


def _reserve(caches: BeladyMinCaches, n_requests: int) -> BeladyMinCaches:
    """Make room for the records of further requests; see ``reserve_records``."""
    return caches._replace(seen=reserve_records(caches.seen, n_requests))


def _lacks(parameters: Mapping[str, Any]) -> str | None:
    # Of an iterator the first cache would leave nothing to the others.
    if hasattr(parameters.get("trace"), "__next__"):
        return "a trace that can only be read once; a list would be compiled"
    return None


register_policy_kernel(
    BeladyMinCache,
    BeladyMinCaches,
    get=_get,
    put=_put,
    has=_has,
    remove=_remove,
    build=_build,
    dump=_dump,
    lacks=_lacks,
    reserve=_reserve,
)
