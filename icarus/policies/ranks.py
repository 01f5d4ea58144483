"""Ranks: which of the contents of a cache ranks least, where nobody knows how many there are.

Contents lie in slots of a pool; see ``queues``. A slot has a key and a number that tells ties, and
ranks by both. No two numbers of one slot are the same, and no two ranks of one cache. Heaps, one to
a cache, have four children to a node, and lie in regions that ``reserve`` moves.

Most policies raise the key of what is hit. That writes the new rank only, and the heap keeps the
old one, which is lower, until it comes to the top: there the slot sinks to where it belongs.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.regions import lengthen, moved, widened
from icarus.policies.room import Room
from icarus.policies.units import slots_added

__all__ = ["Ranks", "make_ranks", "next_event"]


class Ranks(NamedTuple):
    """The ranks of all caches, and their heaps."""

    key: np.ndarray
    """int64 or float64, (n_slots,)"""
    tie: np.ndarray
    """int64, (n_slots,): of slots of one key, that with the lowest number ranks least."""
    place_of: np.ndarray
    """int32, (n_slots,): the place of a slot in the heap of its cache, from 0."""
    heap_key: np.ndarray
    """As `key`, (base[-1],), by place, and so the others of the heap: what a slot ranked by when
    it came there."""
    heap_tie: np.ndarray
    """int64"""
    heap_slot: np.ndarray
    """int32"""
    base: np.ndarray
    """int64, (n_caches + 1,): the first place of each cache."""
    size: np.ndarray
    """int64, (n_caches,): slots in the heap of each cache."""

    def is_empty(self, cache):
        """Return whether nothing is in the heap of a cache."""
        return self.size[cache] == 0

    def note(self, slot, key, tie):
        """Give a slot that is in no heap a rank, by which policies may compare it."""
        self._provide_slot(slot)
        self.key[slot] = key
        self.tie[slot] = tie

    def add(self, cache, slot, key, tie):
        """Put a slot into the heap of a cache."""
        self.note(slot, key, tie)
        self._provide_place(cache)
        size = self.size[cache]
        self.size[cache] = size + 1
        self._rise(self.base[cache], int(size), key, tie, slot)

    def put_off(self, slot, key, tie):
        """Give a slot of a heap a higher rank, with a number that it never had."""
        self.key[slot] = key
        self.tie[slot] = tie

    def advance(self, cache, slot, key, tie):
        """Give a slot of a heap a lower rank."""
        self.key[slot] = key
        self.tie[slot] = tie
        self._rise(self.base[cache], int(self.place_of[slot]), key, tie, slot)

    def least(self, cache):
        """Return the slot that ranks least in a heap that is not empty."""
        base = self.base[cache]
        slot = int(self.heap_slot[base])
        while self.heap_tie[base] != self.tie[slot]:
            self._sink(base, self.size[cache], 0, self.key[slot], self.tie[slot], slot)
            slot = int(self.heap_slot[base])
        return slot

    def remove(self, cache, slot):
        """Take a slot out of the heap of a cache."""
        base = self.base[cache]
        place = int(self.place_of[slot])
        last = self.size[cache] - 1
        self.size[cache] = last
        if place == last:
            return
        key, tie = self.heap_key[base + last], self.heap_tie[base + last]
        moved_slot = int(self.heap_slot[base + last])
        above = base + ((place - 1) >> 2)
        if place > 0 and self._is_before(key, tie, above):
            self._rise(base, place, key, tie, moved_slot)
        else:
            self._sink(base, last, place, key, tie, moved_slot)

    def ranks_before(self, slot, other):
        """Return whether a slot ranks below another one."""
        key, other_key = self.key[slot], self.key[other]
        return key < other_key or (key == other_key and self.tie[slot] < self.tie[other])

    def _is_before(self, key, tie, at):
        return key < self.heap_key[at] or (key == self.heap_key[at] and tie < self.heap_tie[at])

    def _set(self, base, place, key, tie, slot):
        self.heap_key[base + place] = key
        self.heap_tie[base + place] = tie
        self.heap_slot[base + place] = slot
        self.place_of[slot] = place

    def _rise(self, base, place, key, tie, slot):
        while place > 0:
            above = (place - 1) >> 2
            at = base + above
            if not self._is_before(key, tie, at):
                break
            self._set(base, place, self.heap_key[at], self.heap_tie[at], self.heap_slot[at])
            place = above
        self._set(base, place, key, tie, slot)

    def _sink(self, base, size, place, key, tie, slot):
        keys, ties = self.heap_key, self.heap_tie
        while True:
            child = 4 * place + 1
            if child >= size:
                break
            below = child
            below_key, below_tie = keys[base + child], ties[base + child]
            for other in range(child + 1, min(child + 4, size)):
                other_key = keys[base + other]
                if other_key < below_key or (
                    other_key == below_key and ties[base + other] < below_tie
                ):
                    below, below_key, below_tie = other, other_key, ties[base + other]
            if key < below_key or (key == below_key and tie < below_tie):
                break
            self._set(base, place, below_key, below_tie, self.heap_slot[base + below])
            place = below
        self._set(base, place, key, tie, slot)

    def order(self, cache: int) -> list[int]:
        """Return the slots in the heap of a cache, the one that ranks least last."""
        first = int(self.base[cache])
        slots = [int(slot) for slot in self.heap_slot[first : first + int(self.size[cache])]]
        return sorted(slots, key=lambda slot: (self.key[slot], self.tie[slot]), reverse=True)

    def clear(self, cache: int) -> None:
        """Have nothing in the heap of a cache."""
        self.size[cache] = 0

    def reserve(self, n_slots: int, n_requests: int) -> Self:
        """Return the same with room for what further requests enter.

        Parameters
        ----------
        n_slots : int
            Slots that there are from now on.
        n_requests : int
            How many of them may come into each heap.
        """
        grown = self
        if n_slots > len(self.key):
            grown = self._replace(
                key=slots_added(self.key, n_slots),
                tie=slots_added(self.tie, n_slots),
                place_of=slots_added(self.place_of, n_slots),
            )
        wider = widened(self.base, self.size, n_requests)
        if wider is None:
            return grown
        return grown._replace(
            heap_key=moved(self.heap_key, self.base, self.size, wider),
            heap_tie=moved(self.heap_tie, self.base, self.size, wider),
            heap_slot=moved(self.heap_slot, self.base, self.size, wider),
            base=wider,
        )

    def _provide_slot(self, slot):
        """Have a slot exist; in Python, lists become longer as it is needed."""
        if slot >= len(self.key):
            for values in (self.key, self.tie, self.place_of):
                slots_added(values, 2 * slot + 1)

    def _provide_place(self, cache):
        """Have a place be free in the heap of a cache, likewise."""
        if self.size[cache] == self.base[cache + 1] - self.base[cache]:
            lengthen((self.heap_key, self.heap_tie, self.heap_slot), self.base, cache)


def _provided(ranks, which):
    """Do nothing: there is room, see ``Ranks.reserve``."""


Ranks._provide_slot.compiled_form = _provided  # type: ignore[attr-defined]
Ranks._provide_place.compiled_form = _provided  # type: ignore[attr-defined]


def make_ranks(room: Room, dtype: Any = np.int64) -> Ranks:
    """Return heaps in which nothing is, for slots of which there are none yet.

    Parameters
    ----------
    room : Room
        That of the queues.
    dtype : dtype, optional
        What keys are: int64 or float64.
    """
    return Ranks(
        key=room.zeros(0, dtype),
        tie=room.zeros(0),
        place_of=room.zeros(0, np.int32),
        heap_key=room.zeros(0, dtype),
        heap_tie=room.zeros(0),
        heap_slot=room.zeros(0, np.int32),
        base=room.zeros(room.n_caches + 1),
        size=room.zeros(room.n_caches),
    )


def next_event(events, cache):
    """Return the number of a further event of a cache, which no other has: it tells ties."""
    number = events[cache] + 1
    events[cache] = number
    return number
