"""CLIMB, compiled; see ``icarus.models.cache`` for what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from icarus.kernels.dispatch import cache_get
from icarus.kernels.index import Slots, enter, find, leave, make_slots
from icarus.kernels.kernel_registry import Contents, register_policy_kernel
from icarus.models.cache import ClimbCache

__all__ = ["ClimbCaches"]


class ClimbCaches(NamedTuple):
    """CLIMB caches: contents stay in their slots, and slots change places."""

    slots: Slots
    slot_at: np.ndarray
    """int32, (n_slots,): the slot at a place; the places of a cache are numbered as its slots,
    top first, and slots without a content stand below all others."""
    place_of: np.ndarray
    """int32, (n_slots,): the place of a slot."""
    below: np.ndarray
    """int64, (n_caches,): the place below the lowest content."""


def _get(caches, cache, content):
    slot = find(caches.slots, cache, content)
    if slot < 0:
        return False
    place = caches.place_of[slot]
    if place > caches.slots.base[cache]:
        above = caches.slot_at[place - 1]
        caches.slot_at[place - 1] = slot
        caches.slot_at[place] = above
        caches.place_of[slot] = place - 1
        caches.place_of[above] = place
    return True


def _has(caches, cache, content):
    return find(caches.slots, cache, content) >= 0


def _put(caches, cache, content):
    if cache_get(caches, cache, content):
        return -1
    slots = caches.slots
    place = caches.below[cache]
    evicted = -1
    if place < slots.base[cache + 1]:
        slot = caches.slot_at[place]
        caches.below[cache] = place + 1
    else:
        slot = caches.slot_at[place - 1]
        evicted = slots.item[slot]
        leave(slots, cache, evicted)
    enter(slots, cache, content, slot)
    return evicted


def _remove(caches, cache, content):
    slot = find(caches.slots, cache, content)
    if slot < 0:
        return False
    leave(caches.slots, cache, content)
    lowest = caches.below[cache] - 1
    for place in range(caches.place_of[slot], lowest):
        lower = caches.slot_at[place + 1]
        caches.slot_at[place] = lower
        caches.place_of[lower] = place
    caches.slot_at[lowest] = slot
    caches.place_of[slot] = lowest
    caches.below[cache] = lowest
    return True


def _build(caches: Sequence[ClimbCache], contents: Contents) -> ClimbCaches:
    sizes = np.array([cache.maxlen for cache in caches], dtype=np.int64)
    slots = make_slots(len(contents.names), sizes)
    places = np.arange(len(slots.item), dtype=np.int32)
    return ClimbCaches(slots, places, places.copy(), slots.base[:-1].copy())


def _dump(caches: ClimbCaches, cache: int) -> list[int]:
    filled = caches.slot_at[caches.slots.base[cache] : caches.below[cache]]
    return [int(content) for content in caches.slots.item[filled]]


register_policy_kernel(
    ClimbCache,
    ClimbCaches,
    get=_get,
    put=_put,
    has=_has,
    remove=_remove,
    build=_build,
    dump=_dump,
)
