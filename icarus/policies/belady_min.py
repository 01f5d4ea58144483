"""Belady's MIN: evict the content that is needed latest."""

from __future__ import annotations

from typing import NamedTuple, Self, cast

import numpy as np

from icarus.policies.belady import BeladyCaches, make_belady
from icarus.policies.cache import Item
from icarus.policies.heap import Heaps, make_heaps
from icarus.policies.next_uses import NEVER, LookAheadCache, TraceGiven, check_trace, next_uses
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
from icarus.policies.room import NOTHING, Room, taken, write
from icarus.policies.units import Whole
from icarus.registry import register_cache_policy

__all__ = ["BeladyMinCache", "BeladyMinCaches"]

NEVER_KEY = -(2**62)
# Among contents never needed again, the one inserted first is evicted; all others follow.


class BeladyMinCaches(NamedTuple):
    """MIN caches."""

    records: Records | NamedRecords
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

    @classmethod
    def new(cls, room: Room, trace: TraceGiven) -> Self:
        """Return empty caches, all of which read the same trace."""
        if room.in_bytes:
            # Several may have to leave for one, and nobody knows how many fit.
            return cast(Self, make_belady(room, trace, bypass=True))
        first_use, use_after, _ = next_uses(trace, room.names)
        n_slots = sum(room.maxlens)
        return cls(
            make_records(room),
            make_heaps(room),
            room.zeros(n_slots, np.int32),
            room.zeros(n_slots),
            room.zeros(room.n_caches),
            first_use,
            use_after,
        )

    def get(self, cache, content):
        """Return whether a content is cached, and move on to its next use."""
        row = self._row(cache, content)
        rows = self.records.rows
        next_use = rows[(row << 1) + KNOWN]
        slot = rows[(row << 1) + IN_SLOT] - 1
        if next_use != NEVER:
            next_use = self.use_after[next_use]
            rows[(row << 1) + KNOWN] = next_use
            if slot >= 0:
                self.heaps.change_key(cache, self._key(next_use, self.number[slot]), slot)
        return slot >= 0

    def put(self, cache, content):
        """Insert a content where there is room, or it is needed sooner than another."""
        row = self._row(cache, content)
        rows, heaps = self.records.rows, self.heaps
        if rows[(row << 1) + IN_SLOT] > 0:
            return NOTHING
        next_use = rows[(row << 1) + KNOWN]
        full = heaps.is_full(cache)
        if full and (next_use == NEVER or -next_use <= heaps.least_key(cache)):
            return NOTHING
        number = self.inserted[cache] + 1
        self.inserted[cache] = number
        evicted = NOTHING
        if full:
            slot = heaps.replace_least(cache, self._key(next_use, number))
            rows[(self.row_in[slot] << 1) + IN_SLOT] = 0
            evicted = self.records.content(self.row_in[slot])
        else:
            slot = heaps.add(cache, self._key(next_use, number))
        rows[(row << 1) + IN_SLOT] = slot + 1
        self.row_in[slot] = row
        self.number[slot] = number
        return evicted

    def _key(self, next_use, number):
        return -next_use if next_use != NEVER else NEVER_KEY + number

    def _row(self, cache, content):
        """Return the record of a content and a cache, made if there was none."""
        row = self.records.find(cache, content)
        if row < 0:
            row = self.records.make(cache, content)
            self.records.rows[(row << 1) + KNOWN] = self.first_use[content]
        return row

    def clear(self, cache: int) -> None:
        """Remove everything from a cache; it is as far in the trace as before."""
        self.heaps.clear(cache)
        self.inserted[cache] = 0
        self.records.reset(cache, IN_SLOT)

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what is needed soonest of what it held in another state."""
        slots = take_over_ranked(self, cache, other)
        first = int(self.heaps.base[cache])
        numbers = np.array(taken(other.number, slots), dtype=np.int64)
        write(self.number, slice(first, first + len(slots)), numbers)
        self.inserted[cache] = other.inserted[cache]

    def measure(self):
        """Return what counts in the caches: contents."""
        return Whole(0)

    has, remove, dump = has_ranked, remove_ranked, dump_ranked  # type: ignore[misc]
    places, size = rank_places, ranked_size  # type: ignore[misc]
    carry_on, reserve = carry_on_ranked, reserve_ranked  # type: ignore[misc]
    (next_victim,) = (next_victim_ranked,)  # type: ignore[misc]


BeladyMinCaches.form_in_bytes = BeladyCaches  # type: ignore[attr-defined]


@register_cache_policy("MIN", check=check_trace)
class BeladyMinCache(LookAheadCache, definition=BeladyMinCaches):
    """Evict the item that the trace asks for latest, the optimum (Belady).

    Look each request of the trace up before putting its item: ``get`` moves on to the item's
    next occurrence. Into a full cache an item is only put if it is needed sooner than the
    cached item that is needed last, which it then replaces; among items never needed again
    the one inserted first goes. Otherwise nothing changes and ``put`` returns None. Items
    that are not in the trace, or no longer, are never needed again.

    Where items have sizes, one is inserted first, and then those needed latest leave until all fit,
    maybe itself; of several that are never needed again, that with the lowest identifier first.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    trace : iterable of hashable, str, Path or mapping
        All requests that this cache will see, in order; or the file that has them, which is read
        as the workload TRACE_DRIVEN does, or a mapping with the file as ``reqs_file`` and what else
        that workload is told of it, such as ``content_column``. In settings a file, a mapping or a
        list: every cache of the network reads it from its start. Where TRACE_DRIVEN is the
        workload, its ``zero_size`` and ``size_change`` hold for the file too, unless the mapping
        has them.

    References
    ----------
    L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
    Systems Journal 5(2), 1966, doi 10.1147/sj.52.0078.
    """

    def dump(self) -> list[Item]:
        """Return all items by their next request, soonest first; the next to be evicted last.

        Items that are never needed again come last, the one inserted first, or where items have
        sizes that with the lowest identifier, at the very end.
        """
        return super().dump()
