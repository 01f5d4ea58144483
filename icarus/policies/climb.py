"""CLIMB: a hit moves a content up by one place."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.one_line import line_position
from icarus.policies.room import NOTHING, Room, taken
from icarus.policies.slots import make_slots
from icarus.registry import register_cache_policy

__all__ = ["ClimbCache", "ClimbCaches"]


class ClimbCaches(NamedTuple):
    """CLIMB caches: contents stay in their slots, and slots change places."""

    slots: Any
    slot_at: np.ndarray
    """int32, (n_slots,): the slot at a place; the places of a cache are numbered as its slots,
    top first, and slots without a content stand below all others."""
    place_of: np.ndarray
    """int32, (n_slots,): the place of a slot."""
    below: np.ndarray
    """int64, (n_caches,): the place below the lowest content."""

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        slots = make_slots(room)
        places = np.arange(len(slots.item), dtype=np.int32)
        return cls(slots, room.array(places), room.array(places.copy()), slots.base[:-1].copy())

    def get(self, cache, content):
        """Return whether a content is cached, which moves it up by one place."""
        slot = self.slots.find(cache, content)
        if slot < 0:
            return False
        place = self.place_of[slot]
        if place > self.slots.base[cache]:
            above = self.slot_at[place - 1]
            self.slot_at[place - 1] = slot
            self.slot_at[place] = above
            self.place_of[slot] = place - 1
            self.place_of[above] = place
        return True

    def has(self, cache, content):
        """Return whether a content is cached, changing nothing."""
        return self.slots.find(cache, content) >= 0

    def put(self, cache, content):
        """Insert a content at the bottom, or move it up; return what was evicted for it."""
        if self.get(cache, content):
            return NOTHING
        slots = self.slots
        place = self.below[cache]
        evicted = NOTHING
        if place < slots.base[cache + 1]:
            slot = self.slot_at[place]
            self.below[cache] = place + 1
        else:
            slot = self.slot_at[place - 1]
            evicted = slots.item[slot]
            slots.leave(cache, evicted)
        slots.enter(cache, content, slot)
        return evicted

    def next_victim(self, cache, content):
        """Return the content at the bottom of a full cache; NOTHING of another one."""
        place, victim = self.below[cache], NOTHING
        if place == self.slots.base[cache + 1]:
            victim = self.slots.item[self.slot_at[place - 1]]
        return victim

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        slot = self.slots.find(cache, content)
        if slot < 0:
            return False
        self.slots.leave(cache, content)
        lowest = self.below[cache] - 1
        for place in range(self.place_of[slot], lowest):
            lower = self.slot_at[place + 1]
            self.slot_at[place] = lower
            self.place_of[lower] = place
        self.slot_at[lowest] = slot
        self.place_of[slot] = lowest
        self.below[cache] = lowest
        return True

    def places(self):
        """Return what tells where contents are looked up."""
        return self.slots

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        # Which slots the places have makes no difference while these are empty.
        self.slots.clear(cache)
        self.below[cache] = self.slots.base[cache]

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold the uppermost of what it held in another state."""
        first, stop = int(self.slots.base[cache]), int(self.slots.base[cache + 1])
        slots = other.slot_at[other.slots.base[cache] : other.below[cache]][: stop - first]
        self.slots.enter_all(cache, taken(other.slots.item, slots), first)
        self.below[cache] = first + len(slots)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents, from top to bottom."""
        filled = self.slot_at[self.slots.base[cache] : self.below[cache]]
        return [self.slots.item[slot] for slot in filled]

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return int(self.below[cache] - self.slots.base[cache])


@register_cache_policy("CLIMB")
class ClimbCache(DefinedCache, definition=ClimbCaches):
    """Move an item up by one place on a hit; evict the one at the bottom.

    A new item enters at the bottom, in the place of the one that was there if the cache is full.

    Parameters
    ----------
    maxlen : int
        How many items fit.

    References
    ----------
    O. I. Aven, E. G. Coffman, Y. A. Kogan, "Stochastic Analysis of Computer Storage",
    Reidel, 1987.
    """

    position = line_position
