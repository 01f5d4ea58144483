"""BELADY: evict the content that is needed latest, whatever comes in for it."""

from __future__ import annotations

from typing import Any, NamedTuple, Self, cast

import numpy as np

from icarus.policies.next_uses import (
    NEVER,
    LookAheadCache,
    TraceGiven,
    check_trace,
    next_uses,
    order_of_ids,
)
from icarus.policies.ranks import Ranks, make_ranks
from icarus.policies.records import IN_SLOT, KNOWN, NamedRecords, Records, make_records
from icarus.policies.room import NOTHING, Room
from icarus.policies.units import Bytes, make_units
from icarus.policies.victims import evict_victim
from icarus.registry import register_cache_policy

__all__ = ["BeladyCache", "BeladyCaches", "make_belady", "row_of", "update_row"]

NEVER_KEY = -(2**62)
"""What ranks below all that is needed again."""


class BeladyCaches(NamedTuple):
    """Caches that evict what is needed latest; the slot of a content is the row of its record."""

    records: Records | NamedRecords
    """Next uses, and 1 while the content is cached."""
    ranks: Ranks
    """What is cached, by next use, the latest first, and then in the order of identifiers."""
    units: Any
    """Ones or Bytes"""
    held: np.ndarray
    """int64, (n_caches,): what each cache holds, in units."""
    first_use: np.ndarray
    """int64, (n_contents,): where the trace first has a content."""
    use_after: np.ndarray
    """int64, (length of the trace,): where the trace has the same content next."""
    place: np.ndarray
    """int64, (n_contents,): places in the order of identifiers, -1 of what is not in the trace."""
    n_places: int
    inserted: np.ndarray
    """int64, (1,): how many contents were inserted that are not in the trace; they stand behind."""
    bypass: bool
    """Whether what is inserted may leave at once."""

    @classmethod
    def new(cls, room: Room, trace: TraceGiven) -> Self:
        """Return empty caches, all of which read the same trace."""
        return cast(Self, make_belady(room, trace))

    def get(self, cache, content):
        """Return whether a content is cached, and move on to its next use."""
        row = row_of(self, cache, content)
        rows = self.records.rows
        next_use = rows[(row << 1) + KNOWN]
        cached = rows[(row << 1) + IN_SLOT] > 0
        if next_use != NEVER:
            next_use = self.use_after[next_use]
            rows[(row << 1) + KNOWN] = next_use
            if cached:
                self.ranks.advance(cache, row, self._key(next_use), self.ranks.tie[row])
        return cached

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that left for it."""
        units = self.units
        units.begin()
        row = row_of(self, cache, content)
        rows = self.records.rows
        if rows[(row << 1) + IN_SLOT] > 0:
            return NOTHING
        size, capacity = units.requested(), units.capacity[cache]
        if size > capacity:
            units.refused[cache] += 1
            return NOTHING
        evicted = NOTHING
        if not self.bypass:
            while self.held[cache] + size > capacity:
                evicted = self.evict(cache)  # type: ignore[attr-defined]
        rows[(row << 1) + IN_SLOT] = 1
        units.store(row)
        self.held[cache] += units.of(row)
        self.ranks.add(cache, row, self._key(rows[(row << 1) + KNOWN]), self._tie(content))
        while self.held[cache] > capacity:
            evicted = self.evict(cache)  # type: ignore[attr-defined]
        return evicted

    def victim(self, cache):
        """Return the row of what is needed latest."""
        return self.ranks.least(cache)

    def next_victim(self, cache, content):
        """Return what would leave first of what is there; NOTHING if there is room."""
        if self.held[cache] + self.units.requested() <= self.units.capacity[cache]:
            return NOTHING
        return self.records.content(self.victim(cache))

    def evict_slot(self, cache, row):
        """Evict the content of a record; return it."""
        self._take_out(cache, row)
        content = self.records.content(row)
        self.units.note(content)
        return content

    (evict,) = (evict_victim,)  # type: ignore[misc]

    def _take_out(self, cache, row):
        """Have the content of a record no longer cached."""
        self.ranks.remove(cache, row)
        self.held[cache] -= self.units.of(row)
        self.records.rows[(row << 1) + IN_SLOT] = 0

    def _key(self, next_use):
        return -next_use if next_use != NEVER else NEVER_KEY

    def _tie(self, content):
        place = self.place[content]
        if place != NEVER:
            return place
        self.inserted[0] += 1
        return self.n_places + self.inserted[0]

    def has(self, cache, content):
        """Return whether a cache holds a content."""
        row = self.records.find(cache, content)
        return row >= 0 and self.records.rows[(row << 1) + IN_SLOT] > 0

    def differs(self, cache, content):
        """Return whether a cache holds a content in another size than the requested one."""
        return self.has(cache, content) and not self.units.holds_size(
            self.records.find(cache, content)
        )

    def update(self, cache, content):
        """Have a content take as much as the request says; return the last that left for it."""
        return update_row(self, cache, self.records.find(cache, content))

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        if not self.has(cache, content):
            return False
        self._take_out(cache, self.records.find(cache, content))
        return True

    def measure(self):
        """Return what counts in the caches: contents or bytes."""
        return self.units

    def used(self, cache: int) -> int:
        """Return how much a cache holds, in contents or bytes."""
        return int(self.held[cache])

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return int(self.ranks.size[cache])

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of a cache, that needed soonest first."""
        return [self.records.content(row) for row in self.ranks.order(cache)]

    def clear(self, cache: int) -> None:
        """Remove everything from a cache; it is as far in the trace as before."""
        self.ranks.clear(cache)
        self.records.reset(cache, IN_SLOT)
        self.held[cache] = 0

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        return other._replace(units=other.units._replace(capacity=self.units.capacity))

    def take_over(self, cache: int, other: Self) -> None:
        """Evict from a cache, which was carried on, what does not fit into it any more."""
        self.units.begin()
        while self.held[cache] > self.units.capacity[cache]:
            self.evict(cache)  # type: ignore[attr-defined]

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        records: Any = self.records.reserve(n_requests)  # type: ignore[union-attr]
        n_slots = len(records.rows) >> 1
        units = self.units.reserve(n_slots) if records is not self.records else self.units
        return self._replace(
            records=records, units=units, ranks=self.ranks.reserve(n_slots, n_requests)
        )

    def places(self):
        """Return what tells where contents are looked up."""
        return self.records


def update_row(caches, cache, row):
    """Have the content of a record take as much as the request says; return the last that left."""
    units, evicted = caches.units, NOTHING
    units.begin()
    caches.held[cache] -= units.of(row)
    units.store(row)
    caches.held[cache] += units.of(row)
    while caches.held[cache] > units.capacity[cache]:
        evicted = caches.evict(cache)
    return evicted


def row_of(caches, cache, content):
    """Return the record of a content and a cache, made if there was none."""
    row = caches.records.find(cache, content)
    if row < 0:
        row = caches.records.make(cache, content)
        caches.records.rows[(row << 1) + KNOWN] = caches.first_use[content]
        _provide(caches.units, row)
    return row


def _provide(units, row):
    """Have a slot exist; in Python, lists become longer as it is needed."""
    if isinstance(units, Bytes) and row >= len(units.sizes):
        units.reserve(2 * row + 1)


def _provided(units, row):
    """Do nothing: there is room, see ``BeladyCaches.reserve``."""


_provide.compiled_form = _provided  # type: ignore[attr-defined]


def make_belady(room: Room, trace: TraceGiven, *, bypass: bool = False) -> BeladyCaches:
    """Return empty caches that evict what is needed latest.

    Parameters
    ----------
    room : Room
        How large the caches are, and what contents there are.
    trace : iterable of hashable, or str or Path
        As of ``BeladyCache``.
    bypass : bool, optional
        Whether a content may leave at once for which there is no room, instead of others.
    """
    uses = next_uses(trace, room.names)
    place, n_places = order_of_ids(uses, room.names)
    return BeladyCaches(
        make_records(room),
        make_ranks(room),
        make_units(room),
        room.zeros(room.n_caches),
        uses.first_use,
        uses.use_after,
        place,
        n_places,
        room.zeros(1),
        bypass,
    )


@register_cache_policy("BELADY", check=check_trace)
class BeladyCache(LookAheadCache, definition=BeladyCaches):
    """Evict the item that the trace asks for latest, for every item that is put.

    Look each request of the trace up before putting its item: ``get`` moves on to the item's next
    occurrence. Items that are not in the trace, or no longer, are never needed again; of several,
    that with the lowest identifier goes first, those of the trace before others. Unlike with MIN,
    what is put is stored, though it may be needed later than all else.

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

    Notes
    -----
    libCacheSim 0.3.5 misses the same requests, with sizes too. With sizes it is no optimum.
    """
