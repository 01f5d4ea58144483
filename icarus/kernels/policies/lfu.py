"""Both LFU policies, compiled; see ``icarus.models.cache`` for what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from icarus.compiler.jit import kernel
from icarus.kernels.index import enter, find, leave
from icarus.kernels.kernel_registry import Contents, register_policy_kernel
from icarus.kernels.policies.heap import (
    Heaps,
    add,
    change_key,
    is_full,
    least_key,
    make_heaps,
    replace_least,
)
from icarus.kernels.policies.lines import (
    NEXT,
    PREVIOUS,
    Lines,
    evict_last,
    has_in_line,
    link_first,
    make_lines,
    set_free,
    take_free,
    unlink,
)
from icarus.kernels.policies.ranked import (
    dump_ranked,
    has_ranked,
    remove_ranked,
    reserve_ranked,
)
from icarus.kernels.policies.seen import (
    IN_SLOT,
    KNOWN,
    Seen,
    content_of,
    find_record,
    make_record,
    make_seen,
)
from icarus.models.cache import InCacheLfuCache, PerfectLfuCache

__all__ = ["InCacheLfuCaches", "PerfectLfuCaches"]

COUNT, NUMBER = 0, 1

MISS_COUNTED = -1
# Stands for the slot of a content that is not cached, but whose latest look-up, which missed,
# has been counted.

ROW_BITS = 31
# A key is the number of requests and, below it, the row, which is the lower the earlier the
# first request was. Rows have no more bits, and no content has 2**32 requests.


class InCacheLfuCaches(NamedTuple):
    """In-cache LFU caches.

    A new content counts 1, and so loses against all that were hit: only contents without a hit
    are ever evicted, the oldest first. These stand in a line; the others need no order.
    """

    lines: Lines
    """One line to a cache: contents without a hit, the latest first."""
    uses: np.ndarray
    """int64, (n_slots, 2): how often a content was used, and its number."""
    inserted: np.ndarray
    """int64, (n_caches,): contents inserted so far, by which they are numbered."""


class PerfectLfuCaches(NamedTuple):
    """Perfect LFU caches."""

    seen: Seen
    """Numbers of requests. Records are made at first requests, in this order."""
    heaps: Heaps
    """What is cached, by number of requests and row."""
    row_in: np.ndarray
    """int32, (n_slots,): the row of the content in a slot."""


def _in_cache_get(caches, cache, content):
    slot = find(caches.lines.slots, cache, content)
    if slot < 0:
        return False
    count = caches.uses[slot, COUNT]
    if count == 1:
        unlink(caches.lines.links, slot)
    caches.uses[slot, COUNT] = count + 1
    return True


def _in_cache_put(caches, cache, content):
    lines = caches.lines
    if find(lines.slots, cache, content) >= 0:
        return -1
    caches.inserted[cache] += 1
    end = lines.slots.base[cache]
    slot = take_free(lines, cache)
    evicted = -1
    if slot < 0:
        if lines.links[end, PREVIOUS] == end:
            return content
        slot = evict_last(lines, cache, end)
        evicted = lines.slots.item[slot]
    enter(lines.slots, cache, content, slot)
    link_first(lines.links, end, slot)
    caches.uses[slot, COUNT] = 1
    caches.uses[slot, NUMBER] = caches.inserted[cache]
    return evicted


def _in_cache_remove(caches, cache, content):
    lines = caches.lines
    slot = find(lines.slots, cache, content)
    if slot < 0:
        return False
    leave(lines.slots, cache, content)
    if caches.uses[slot, COUNT] == 1:
        unlink(lines.links, slot)
    set_free(lines, cache, slot)
    return True


def _build_in_cache(caches: Sequence[InCacheLfuCache], contents: Contents) -> InCacheLfuCaches:
    lines = make_lines(len(contents.names), [cache.maxlen for cache in caches])
    uses = np.zeros((len(lines.slots.item), 2), dtype=np.int64)
    return InCacheLfuCaches(lines, uses, np.zeros(len(caches), dtype=np.int64))


def _dump_in_cache(caches: InCacheLfuCaches, cache: int) -> list[int]:
    slots, links, free = caches.lines
    held = set(range(int(slots.base[cache]) + 1, int(slots.base[cache + 1])))
    without = int(free[cache])
    while without >= 0:
        held.remove(without)
        without = int(links[without, NEXT])
    ranked = sorted(held, key=lambda slot: tuple(caches.uses[slot]), reverse=True)
    return [int(slots.item[slot]) for slot in ranked]


@kernel
def _key(requests, row):
    return (requests << ROW_BITS) | np.int64(row)


def _perfect_get(caches, cache, content):
    seen = caches.seen
    row = find_record(seen, cache, content)
    if row < 0:
        row = make_record(seen, cache, content)
    requests = seen.records[row, KNOWN] + 1
    seen.records[row, KNOWN] = requests
    in_slot = seen.records[row, IN_SLOT]
    if in_slot > 0:
        change_key(caches.heaps, cache, _key(requests, row), in_slot - 1)
        return True
    seen.records[row, IN_SLOT] = MISS_COUNTED
    return False


def _perfect_put(caches, cache, content):
    seen = caches.seen
    heaps = caches.heaps
    records = seen.records
    row = find_record(seen, cache, content)
    if row < 0:
        row = make_record(seen, cache, content)
    in_slot = records[row, IN_SLOT]
    if in_slot > 0:
        return -1
    if in_slot != MISS_COUNTED:
        records[row, KNOWN] += 1
    key = _key(records[row, KNOWN], row)
    evicted = -1
    if not is_full(heaps, cache):
        slot = add(heaps, cache, key)
    elif key < least_key(heaps, cache):
        records[row, IN_SLOT] = 0
        return content
    else:
        slot = replace_least(heaps, cache, key)
        records[caches.row_in[slot], IN_SLOT] = 0
        evicted = content_of(seen, caches.row_in[slot])
    records[row, IN_SLOT] = slot + 1
    caches.row_in[slot] = row
    return evicted


def _build_perfect(caches: Sequence[PerfectLfuCache], contents: Contents) -> PerfectLfuCaches:
    seen = make_seen(len(contents.names), len(caches))
    heaps = make_heaps([cache.maxlen for cache in caches])
    return PerfectLfuCaches(seen, heaps, np.zeros(len(heaps.entries), dtype=np.int32))


register_policy_kernel(
    InCacheLfuCache,
    InCacheLfuCaches,
    get=_in_cache_get,
    put=_in_cache_put,
    has=has_in_line,
    remove=_in_cache_remove,
    build=_build_in_cache,
    dump=_dump_in_cache,
)
register_policy_kernel(
    PerfectLfuCache,
    PerfectLfuCaches,
    get=_perfect_get,
    put=_perfect_put,
    has=has_ranked,
    remove=remove_ranked,
    build=_build_perfect,
    dump=dump_ranked,
    reserve=reserve_ranked,
)
