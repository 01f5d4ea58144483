"""Heaps, one to a cache, that find the content of least key; each node has four children.

Contents lie in slots, whose places in the heap are known, so that keys can be changed. All keys
in one heap differ. What moves when a heap is put in order is as small as the cache, and stays
near at hand however many contents there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.jit import kernel

__all__ = [
    "Heaps",
    "add",
    "change_key",
    "heap_slots",
    "is_full",
    "least_key",
    "make_heaps",
    "remove_slot",
    "replace_least",
]

KEY, SLOT = 0, 1


class Heaps(NamedTuple):
    """The heaps of all caches."""

    entries: np.ndarray
    """int64, (n_slots, 2): key and slot; behind those of a cache stand its free slots."""
    place_of: np.ndarray
    """int32, (n_slots,): the place of a slot in the heap of its cache, from 0."""
    base: np.ndarray
    """int64, (n_caches + 1,): the first slot of each cache."""
    size: np.ndarray
    """int64, (n_caches,): contents of each cache."""


def make_heaps(maxlens: list[int]) -> Heaps:
    """Return empty heaps with room for `maxlens` contents."""
    base = np.zeros(len(maxlens) + 1, dtype=np.int64)
    np.cumsum(maxlens, out=base[1:])
    n_slots = int(base[-1])
    entries = np.zeros((n_slots, 2), dtype=np.int64)
    entries[:, SLOT] = np.arange(n_slots)
    place_of = np.zeros(n_slots, dtype=np.int32)
    return Heaps(entries, place_of, base, np.zeros(len(maxlens), dtype=np.int64))


def heap_slots(heaps: Heaps, cache: int) -> np.ndarray:
    """Return the slots of a cache that have contents, greatest key first."""
    first = heaps.base[cache]
    entries = heaps.entries[first : first + heaps.size[cache]]
    slots: np.ndarray = entries[np.argsort(entries[:, KEY])[::-1], SLOT]
    return slots


@kernel
def is_full(heaps, cache):
    """Return whether a cache has no free slot."""
    return heaps.size[cache] == heaps.base[cache + 1] - heaps.base[cache]


@kernel
def least_key(heaps, cache):
    """Return the least key of a cache that is not empty."""
    return heaps.entries[heaps.base[cache], KEY]


@kernel
def add(heaps, cache, key):
    """Enter a key into a heap that is not full; return the slot that it belongs to from now on."""
    base = heaps.base[cache]
    size = heaps.size[cache]
    slot = heaps.entries[base + size, SLOT]
    heaps.size[cache] = size + 1
    _rise(heaps, base, size, key, slot)
    return slot


@kernel
def replace_least(heaps, cache, key):
    """Give the slot of least key another, greater one; return the slot."""
    base = heaps.base[cache]
    slot = heaps.entries[base, SLOT]
    _sink(heaps, base, heaps.size[cache], 0, key, slot)
    return slot


@kernel
def change_key(heaps, cache, key, slot):
    """Give a slot another key."""
    _settle(heaps, cache, np.int64(heaps.place_of[slot]), key, slot)


@kernel
def remove_slot(heaps, cache, slot):
    """Take a slot out of the heap; it is free from now on."""
    place = np.int64(heaps.place_of[slot])
    last = heaps.size[cache] - 1
    entry = heaps.base[cache] + last
    moved_key = heaps.entries[entry, KEY]
    moved_slot = heaps.entries[entry, SLOT]
    heaps.size[cache] = last
    heaps.entries[entry, SLOT] = slot
    if place != last:
        _settle(heaps, cache, place, moved_key, moved_slot)


@kernel
def _settle(heaps, cache, place, key, slot):
    """Put a slot at a place or, if it does not belong there, above or below it."""
    base = heaps.base[cache]
    if place > 0 and key < heaps.entries[base + ((place - 1) >> 2), KEY]:
        _rise(heaps, base, place, key, slot)
    else:
        _sink(heaps, base, heaps.size[cache], place, key, slot)


@kernel
def _set(heaps, base, place, key, slot):
    heaps.entries[base + place, KEY] = key
    heaps.entries[base + place, SLOT] = slot
    heaps.place_of[slot] = place


@kernel
def _rise(heaps, base, place, key, slot):
    while place > 0:
        above = (place - 1) >> 2
        above_key = heaps.entries[base + above, KEY]
        if key >= above_key:
            break
        _set(heaps, base, place, above_key, heaps.entries[base + above, SLOT])
        place = above
    _set(heaps, base, place, key, slot)


@kernel
def _sink(heaps, base, size, place, key, slot):
    entries = heaps.entries
    while True:
        child = 4 * place + 1
        if child >= size:
            break
        below = child
        below_key = entries[base + child, KEY]
        for other in range(child + 1, min(child + 4, size)):
            other_key = entries[base + other, KEY]
            if other_key < below_key:
                below, below_key = other, other_key
        if key <= below_key:
            break
        _set(heaps, base, place, below_key, entries[base + below, SLOT])
        place = below
    _set(heaps, base, place, key, slot)
