"""A second order of the contents that queues have, some of which are in it and some are not."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from icarus.policies.queues import Queues
from icarus.policies.room import Room
from icarus.policies.slot_values import SlotValues

__all__ = ["Stacks", "make_stacks"]


class Stacks(NamedTuple):
    """A stack to a cache, of slots of queues; its end is that of the first queue of the cache."""

    links: SlotValues
    """int32, by 2 * slot: the slot before, towards the front, plus 1; and then the one behind. Both
    are 0 for what is not there."""

    def has(self, slot):
        """Return whether a slot is there."""
        return self.links.of(2 * slot) > 0

    def before(self, slot):
        """Return the slot before another one; before an end stands the back."""
        return self.links.of(2 * slot) - 1

    def behind(self, slot):
        """Return the slot behind another one; behind an end stands the front."""
        return self.links.of(2 * slot + 1) - 1

    def push(self, end, slot):
        """Put a slot in front, which is not there."""
        front = self.behind(end)
        self.links.set(2 * slot, end + 1)
        self.links.set(2 * slot + 1, front + 1)
        self.links.set(2 * front, slot + 1)
        self.links.set(2 * end + 1, slot + 1)

    def take(self, slot):
        """Take a slot out that is there."""
        before, behind = self.before(slot), self.behind(slot)
        self.links.set(2 * before + 1, behind + 1)
        self.links.set(2 * behind, before + 1)
        self.links.set(2 * slot, 0)
        self.links.set(2 * slot + 1, 0)

    def order(self, end: int) -> list[int]:
        """Return the slots of a stack, front to back."""
        slots, slot = [], int(self.behind(end))
        while slot != end:
            slots.append(slot)
            slot = int(self.behind(slot))
        return slots

    def reserve(self, n_slots: int) -> Self:
        """Return the same with room for so many slots."""
        return self._replace(links=self.links.reserve(2 * n_slots))


def make_stacks(room: Room, queues: Queues) -> Stacks:
    """Return empty stacks for contents of queues.

    Parameters
    ----------
    room : Room
        That of the queues.
    queues : Queues
        There is nothing in them yet.
    """
    ends = np.arange(queues.n_slots(), dtype=np.int32)
    return Stacks(SlotValues(room.array(np.repeat(ends + 1, 2))))
