"""BELADY_SIZE: evict what is large and needed late."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.bags import Bags, make_bags
from icarus.policies.belady import BeladyCaches, row_of, update_row
from icarus.policies.next_uses import NEVER, LookAheadCache, TraceGiven, check_trace, next_uses
from icarus.policies.records import IN_SLOT, KNOWN, NamedRecords, Records, make_records
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.policies.units import make_units
from icarus.policies.victims import evict_chosen, no_choices, spare_chosen, victim_chosen
from icarus.registry import register_cache_policy
from icarus.types import PositiveInt, Seed

__all__ = ["BeladySizeCache", "BeladySizeCaches"]


class BeladySizeCaches(NamedTuple):
    """BELADY_SIZE caches; the slot of a content is the row of its record."""

    records: Records | NamedRecords
    """Next uses, and 1 while the content is cached."""
    bags: Bags
    units: Any
    """Ones or Bytes"""
    held: np.ndarray
    """int64, (n_caches,): what each cache holds, in units."""
    first_use: np.ndarray
    """int64, (n_contents,): where the trace first has a content."""
    use_after: np.ndarray
    """int64, (length of the trace,): where the trace has the same content next."""
    now: np.ndarray
    """int64, (n_caches,): where in the trace the last request of each cache is."""
    log_size: SlotValues
    """float64, by row: of contents that are cached."""
    chosen: np.ndarray
    rng: Any
    """The Generator that all caches share."""
    samples: int
    exact: bool

    @classmethod
    def new(
        cls,
        room: Room,
        trace: TraceGiven,
        samples: PositiveInt = 128,
        exact: bool = False,
        seed: Seed = None,
    ) -> Self:
        """Return empty caches, all of which read the same trace."""
        first_use, use_after, _ = next_uses(trace, room.names)
        return cls(
            make_records(room),
            make_bags(room),
            make_units(room),
            room.zeros(room.n_caches),
            first_use,
            use_after,
            room.zeros(room.n_caches),
            make_slot_values(room, np.float64),
            no_choices(room),
            seed,
            samples,
            exact,
        )

    def get(self, cache, content):
        """Return whether a content is cached, and drop it if this was its last use."""
        row = row_of(self, cache, content)
        rows = self.records.rows
        use = rows[(row << 1) + KNOWN]
        if use != NEVER:
            self.now[cache] = use
            use = self.use_after[use]
            rows[(row << 1) + KNOWN] = use
        if rows[(row << 1) + IN_SLOT] == 0:
            return False
        if use == NEVER:
            self._take_out(cache, row)
        return True

    def put(self, cache, content):
        """Insert a content that is absent and needed again; return the last that was evicted."""
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
        if rows[(row << 1) + KNOWN] != NEVER:
            while self.held[cache] + size > capacity:
                evicted = evict_chosen(self, cache)
            rows[(row << 1) + IN_SLOT] = 1
            units.store(row)
            self.held[cache] += size
            self.log_size.set(row, math.log(size))
            self.bags.add(cache, row)
        return evicted

    def choose(self, cache):
        """Return the row, of all contents or of some drawn, of the first that costs most."""
        bags, now = self.bags, self.now[cache]
        row = bags.at(cache, 0) if self.exact else bags.draw(cache, self.rng)
        most = self._cost(row, now)
        for place in range(1, bags.size[cache] if self.exact else self.samples):
            other = bags.at(cache, place) if self.exact else bags.draw(cache, self.rng)
            cost = self._cost(other, now)
            if cost > most:
                row, most = other, cost
        return row

    def next_victim(self, cache, content):
        """Return what would leave first for a content; NOTHING if there is room, or never is."""
        row = row_of(self, cache, content)
        lacks_room = self.held[cache] + self.units.requested() > self.units.capacity[cache]
        if lacks_room and self.records.rows[(row << 1) + KNOWN] != NEVER:
            return self.records.content(victim_chosen(self, cache))
        return NOTHING

    victim, spare, evict = victim_chosen, spare_chosen, evict_chosen  # type: ignore[misc]
    (evict_slot,) = (BeladyCaches.evict_slot,)  # type: ignore[misc]

    def _cost(self, row, now):
        """Return the logarithm of a content's size times the requests until it is needed."""
        # What was not looked up when it was to be may be needed in the past.
        coming = max(1, self.records.rows[(row << 1) + KNOWN] - now)
        return self.log_size.of(row) + math.log(coming)

    def _take_out(self, cache, row):
        """Have the content of a record no longer cached."""
        self.bags.remove(cache, row)
        self.held[cache] -= self.units.of(row)
        self.records.rows[(row << 1) + IN_SLOT] = 0

    def update(self, cache, content):
        """Have a content take as much as the request says; return the last that left for it."""
        row = self.records.find(cache, content)
        self.log_size.set(row, math.log(self.units.requested()))
        return update_row(self, cache, row)

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return int(self.bags.size[cache])

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of a cache, that which costs most last."""
        rows, now = self.bags.slots(cache), self.now[cache]
        rows.sort(key=lambda row: self._cost(row, now))
        return [self.records.content(row) for row in rows]

    def clear(self, cache: int) -> None:
        """Remove everything from a cache; it is as far in the trace as before."""
        self.bags.clear(cache)
        self.records.reset(cache, IN_SLOT)
        self.held[cache] = 0

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        records: Any = self.records.reserve(n_requests)  # type: ignore[union-attr]
        n_slots = len(records.rows) >> 1
        return self._replace(
            records=records,
            units=self.units.reserve(n_slots) if records is not self.records else self.units,
            bags=self.bags.reserve(n_slots, n_requests),
            log_size=self.log_size.reserve(n_slots),
        )

    has, remove = BeladyCaches.has, BeladyCaches.remove  # type: ignore[misc]
    differs, used = BeladyCaches.differs, BeladyCaches.used  # type: ignore[misc]
    measure, places = BeladyCaches.measure, BeladyCaches.places  # type: ignore[misc]
    carry_on, take_over = BeladyCaches.carry_on, BeladyCaches.take_over  # type: ignore[misc]


@register_cache_policy("BELADY_SIZE", check=check_trace)
class BeladySizeCache(LookAheadCache, definition=BeladySizeCaches):
    """Of some items drawn, evict that with the largest product of size and time until its next use.

    Look each request of the trace up before putting its item: ``get`` moves on to the item's next
    occurrence. An item that the trace does not ask for again leaves at its last hit, and is not
    stored at all if that is a miss. Time is counted in requests of the trace. The logarithms of
    both are added; of equal sums that of the first one drawn leaves.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    trace : iterable of hashable, or str or Path
        As of MIN.
    samples : int, optional
        Draws for each victim, with replacement, however few items there are.
    exact : bool, optional
        Compare all items, in the order of their places, and draw nothing.
    seed : int, SeedSequence, Generator or None, optional
        Where draws come from. The caches of one network share a Generator.

    Notes
    -----
    Items lie in places; a new one behind the last, and the last takes the place of one that leaves.
    A draw is of the item in place ``int(random() * n)`` of n. libCacheSim 0.3.5 has this policy, as
    BeladySize; misses are the same on average.
    """
