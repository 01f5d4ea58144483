"""Bags: the contents of each cache in an array without holes, from which policies draw.

A new one takes the place behind the last; the last takes the place of one that leaves. Contents
lie in slots of a pool; see ``queues``. Bags lie in regions that ``reserve`` moves.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from icarus.policies.regions import lengthen, moved, widened
from icarus.policies.room import Room
from icarus.policies.units import slots_added

__all__ = ["Bags", "make_bags"]


class Bags(NamedTuple):
    """The bags of all caches."""

    slot_at: np.ndarray
    """int32, (base[-1],): slots by place."""
    place_of: np.ndarray
    """int32, (n_slots,): the place of a slot in the bag of its cache, from 0."""
    base: np.ndarray
    """int64, (n_caches + 1,): the first place of each cache."""
    size: np.ndarray
    """int64, (n_caches,): slots in each bag."""

    def at(self, cache, place):
        """Return the slot at a place of a bag."""
        return int(self.slot_at[self.base[cache] + place])

    def draw(self, cache, rng):
        """Return a slot of a bag that is not empty, each as likely: one draw."""
        return int(self.slot_at[self.base[cache] + int(rng.random() * self.size[cache])])

    def add(self, cache, slot):
        """Put a slot into a bag."""
        self._provide(cache, slot)
        size = self.size[cache]
        self.slot_at[self.base[cache] + size] = slot
        self.place_of[slot] = size
        self.size[cache] = size + 1

    def remove(self, cache, slot):
        """Take a slot out of a bag."""
        base = self.base[cache]
        last = self.size[cache] - 1
        self.size[cache] = last
        place = self.place_of[slot]
        moves = self.slot_at[base + last]
        self.slot_at[base + place] = moves
        self.place_of[moves] = place

    def slots(self, cache: int) -> list[int]:
        """Return the slots of a bag, by place."""
        first = int(self.base[cache])
        return [int(slot) for slot in self.slot_at[first : first + int(self.size[cache])]]

    def clear(self, cache: int) -> None:
        """Have nothing in a bag."""
        self.size[cache] = 0

    def reserve(self, n_slots: int, n_requests: int) -> Self:
        """Return the same with room for what further requests enter.

        Parameters
        ----------
        n_slots : int
            Slots that there are from now on.
        n_requests : int
            How many of them may come into each bag.
        """
        grown = self
        if n_slots > len(self.place_of):
            grown = self._replace(place_of=slots_added(self.place_of, n_slots))
        wider = widened(self.base, self.size, n_requests)
        if wider is None:
            return grown
        slot_at = moved(self.slot_at, self.base, self.size, wider)
        return grown._replace(slot_at=slot_at, base=wider)

    def _provide(self, cache, slot):
        """Have a slot and a place for it exist; in Python, lists become longer."""
        if slot >= len(self.place_of):
            slots_added(self.place_of, 2 * slot + 1)
        if self.size[cache] == self.base[cache + 1] - self.base[cache]:
            lengthen((self.slot_at,), self.base, cache)


def _provided(bags, cache, slot):
    """Do nothing: there is room, see ``Bags.reserve``."""


Bags._provide.compiled_form = _provided  # type: ignore[attr-defined]


def make_bags(room: Room) -> Bags:
    """Return empty bags, of slots of which there are none yet.

    Parameters
    ----------
    room : Room
        That of the queues.
    """
    return Bags(
        slot_at=room.zeros(0, np.int32),
        place_of=room.zeros(0, np.int32),
        base=room.zeros(room.n_caches + 1),
        size=room.zeros(room.n_caches),
    )
