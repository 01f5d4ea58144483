"""Slots that all caches of a network share: for policies of which nobody knows how many they need.

How many contents fit into a cache is not known where these have sizes, nor how many ghosts are
remembered. Memory follows what there is; see ``reserve``.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.room import NOTHING, Room
from icarus.policies.slots import grow_slots, numbered_slots

__all__ = ["NamedPool", "Pool", "make_pool"]


class Pool(NamedTuple):
    """Slots of contents that are numbers."""

    slots: Any
    """Those of one cache, in which ``content * n_caches + cache`` is found."""
    n_caches: int

    def find(self, cache, content):
        """Return the slot of a content in a cache, or -1."""
        return self.slots.find(0, np.int64(content) * self.n_caches + cache)

    def enter(self, cache, content, slot):
        """Have a content found in a slot, for a cache in which it is not yet."""
        self.slots.enter(0, np.int64(content) * self.n_caches + cache, slot)

    def leave(self, cache, content):
        """Have a content no longer found in a cache."""
        self.slots.leave(0, np.int64(content) * self.n_caches + cache)

    def content(self, slot):
        """Return the content in a slot."""
        # To divide takes 5 ns, which a network of one cache, as of a trace, need not spend.
        key = np.int64(self.slots.item[slot])
        return key if self.n_caches == 1 else key // self.n_caches

    def expect(self, cache, content):
        """Say that a content will soon be looked up in a cache."""
        self.slots.expect(0, np.int64(content) * self.n_caches + cache)

    def expects_each(self):
        """Whether the places of one content lie apart, so that each is to be expected."""
        return self.slots.expects_each()

    def fetches(self):
        """Return False: that what is looked up leads to is not fetched before."""
        return False

    def fetch(self, cache, content):
        """Do nothing."""

    def reserve(self, n_slots: int) -> Self:
        """Return the same with room for so many slots."""
        return self._replace(slots=grow_slots(self.slots, n_slots))


class NamedPool(NamedTuple):
    """Slots of Python objects, whose items are any hashable values."""

    slot_of: list[dict[Any, int]]
    """By cache: from item to its slot."""
    items: list[Any]
    """By slot."""

    def find(self, cache: int, content: Any) -> int:
        """Return the slot of a content in a cache, or -1."""
        return self.slot_of[cache].get(content, -1)

    def enter(self, cache: int, content: Any, slot: int) -> None:
        """Have a content found in a slot, for a cache in which it is not yet."""
        self.items[slot] = content
        self.slot_of[cache][content] = slot

    def leave(self, cache: int, content: Any) -> None:
        """Have a content no longer found in a cache."""
        del self.slot_of[cache][content]

    def content(self, slot: int) -> Any:
        """Return the content in a slot."""
        return self.items[slot]

    def reserve(self, n_slots: int) -> Self:
        """Return the same with room for so many slots."""
        self.items.extend([NOTHING] * (n_slots - len(self.items)))
        return self


def make_pool(room: Room) -> Any:
    """Return a pool of no slots."""
    if not room.numbered:
        return NamedPool([{} for _ in room.maxlens], [])
    keys = room.n_contents * room.n_caches
    return Pool(numbered_slots(keys, np.zeros(2, dtype=np.int64), growing=True), room.n_caches)
