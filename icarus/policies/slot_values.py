"""What is known of each slot of queues beyond their links: a number."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.room import Room
from icarus.policies.units import slots_added

__all__ = ["SlotValues", "make_slot_values"]


class SlotValues(NamedTuple):
    """A number for each slot, which says nothing before it is set."""

    values: np.ndarray
    """(n_slots,)"""

    def of(self, slot):
        """Return that of a slot."""
        return self.values[slot]

    def set(self, slot, value):
        """Give a slot another one."""
        if slot >= len(self.values):
            slots_added(self.values, 2 * slot + 1)
        self.values[slot] = value

    def reserve(self, n_slots: int) -> Self:
        """Return the same with room for so many slots."""
        if n_slots <= len(self.values):
            return self
        return self._replace(values=slots_added(self.values, n_slots))


def _set(values, slot, value):
    """Give a slot another value; there is room, see ``SlotValues.reserve``."""
    values.values[slot] = value


SlotValues.set.compiled_form = _set  # type: ignore[attr-defined]


def make_slot_values(room: Room, dtype: Any = np.int64) -> SlotValues:
    """Return values of no slots yet.

    Parameters
    ----------
    room : Room
        That of the queues.
    dtype : dtype, optional
        What the values are.
    """
    return SlotValues(room.zeros(0, dtype))
