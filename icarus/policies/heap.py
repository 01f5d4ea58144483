"""Heaps, one to a cache, that find the content of least key; each node has four children.

Contents lie in slots, whose places in the heap are known, so that keys can be changed. All keys
in one heap differ. What moves when a heap is put in order is as small as the cache, and stays
near at hand however many contents there are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.policies.room import Room, write

__all__ = ["Heaps", "make_heaps"]

KEY, SLOT = 0, 1
"""Columns of the entries."""


class Heaps(NamedTuple):
    """The heaps of all caches."""

    entries: np.ndarray
    """int64, (2 * n_slots,), row by row: key and slot; behind those of a cache stand its free
    slots."""
    place_of: np.ndarray
    """int32, (n_slots,): the place of a slot in the heap of its cache, from 0."""
    base: np.ndarray
    """int64, (n_caches + 1,): the first slot of each cache."""
    size: np.ndarray
    """int64, (n_caches,): contents of each cache."""

    def is_full(self, cache):
        """Return whether a cache has no free slot."""
        return self.size[cache] == self.base[cache + 1] - self.base[cache]

    def least_key(self, cache):
        """Return the least key of a cache that is not empty."""
        return self.entries[(self.base[cache] << 1) + KEY]

    def least_slot(self, cache):
        """Return the slot of least key of a cache that is not empty."""
        return self.entries[(self.base[cache] << 1) + SLOT]

    def add(self, cache, key):
        """Enter a key into a heap that is not full; return the slot that belongs to it from now."""
        base = self.base[cache]
        size = self.size[cache]
        slot = self.entries[((base + size) << 1) + SLOT]
        self.size[cache] = size + 1
        self._rise(base, size, key, slot)
        return slot

    def replace_least(self, cache, key):
        """Give the slot of least key another, greater one; return the slot."""
        base = self.base[cache]
        slot = self.entries[(base << 1) + SLOT]
        self._sink(base, self.size[cache], 0, key, slot)
        return slot

    def change_key(self, cache, key, slot):
        """Give a slot another key."""
        self._settle(cache, int(self.place_of[slot]), key, slot)

    def remove(self, cache, slot):
        """Take a slot out of the heap; it is free from now on."""
        place = int(self.place_of[slot])
        last = self.size[cache] - 1
        entry = (self.base[cache] + last) << 1
        moved_key = self.entries[entry + KEY]
        moved_slot = self.entries[entry + SLOT]
        self.size[cache] = last
        self.entries[entry + SLOT] = slot
        if place != last:
            self._settle(cache, place, moved_key, moved_slot)

    def clear(self, cache: int) -> None:
        """Take out all slots of a cache."""
        # Free slots stand behind the others, in any order.
        self.size[cache] = 0

    def take_over(self, cache: int, other: Heaps) -> tuple[np.ndarray, np.ndarray]:
        """Have the heap of a new cache have the greatest keys of another one.

        Returns
        -------
        kept : ndarray of int64
            Slots of the other heap, least key first. Their keys belong to the first slots of this
            one from now on, in this order.
        gone : ndarray of int64
            Slots of the other heap whose keys have no place in this one.
        """
        first, before = int(self.base[cache]), int(other.base[cache])
        size, room = int(other.size[cache]), int(self.base[cache + 1]) - first
        both = np.asarray(other.entries[2 * before : 2 * (before + size)], dtype=np.int64)
        by_key = both.reshape(-1, 2)[np.argsort(both[KEY::2])]
        gone, kept = by_key[: max(size - room, 0)], by_key[max(size - room, 0) :]
        # Keys in order are a heap.
        n = len(kept)
        write(self.entries, slice(2 * first + KEY, 2 * (first + n), 2), kept[:, KEY])
        write(self.place_of, slice(first, first + n), np.arange(n))
        self.size[cache] = n
        return kept[:, SLOT], gone[:, SLOT]

    def slots(self, cache: int) -> list[int]:
        """Return the slots of a cache that have contents, greatest key first."""
        first = self.base[cache]
        entries = self.entries[first << 1 : (first + self.size[cache]) << 1]
        ranked = sorted(zip(entries[KEY::2], entries[SLOT::2], strict=True), reverse=True)
        return [int(slot) for _, slot in ranked]

    def _settle(self, cache, place, key, slot):
        """Put a slot at a place or, if it does not belong there, above or below it."""
        base = self.base[cache]
        if place > 0 and key < self.entries[((base + ((place - 1) >> 2)) << 1) + KEY]:
            self._rise(base, place, key, slot)
        else:
            self._sink(base, self.size[cache], place, key, slot)

    def _set(self, base, place, key, slot):
        entry = (base + place) << 1
        self.entries[entry + KEY] = key
        self.entries[entry + SLOT] = slot
        self.place_of[slot] = place

    def _rise(self, base, place, key, slot):
        while place > 0:
            above = (place - 1) >> 2
            entry = (base + above) << 1
            above_key = self.entries[entry + KEY]
            if key >= above_key:
                break
            self._set(base, place, above_key, self.entries[entry + SLOT])
            place = above
        self._set(base, place, key, slot)

    def _sink(self, base, size, place, key, slot):
        entries = self.entries
        while True:
            child = 4 * place + 1
            if child >= size:
                break
            below = child
            below_key = entries[((base + child) << 1) + KEY]
            for other in range(child + 1, min(child + 4, size)):
                other_key = entries[((base + other) << 1) + KEY]
                if other_key < below_key:
                    below, below_key = other, other_key
            if key <= below_key:
                break
            self._set(base, place, below_key, entries[((base + below) << 1) + SLOT])
            place = below
        self._set(base, place, key, slot)


def make_heaps(room: Room) -> Heaps:
    """Return empty heaps for the caches of a network."""
    base = np.zeros(room.n_caches + 1, dtype=np.int64)
    np.cumsum(room.maxlens, out=base[1:])
    n_slots = int(base[-1])
    entries = np.zeros((n_slots, 2), dtype=np.int64)
    entries[:, SLOT] = np.arange(n_slots)
    in_rows: Any = room.array(entries.ravel())
    place_of = room.zeros(n_slots, np.int32)
    return Heaps(in_rows, place_of, room.array(base), room.zeros(room.n_caches))
