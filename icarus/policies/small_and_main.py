"""What policies have in common that keep newcomers in a small queue before the main one.

Their state has the fields ``queues``, in which the main queue comes first, ``small_limit`` and
``ghost_limit``, and a method ``evict``. What leaves the small queue is remembered in a third one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from icarus.policies.queued import take_over_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import Room

__all__ = [
    "GHOST",
    "MAIN",
    "SMALL",
    "carry_on_small",
    "forget_ghost",
    "is_ghost",
    "limits_of",
    "make_small_and_main",
    "take_over_small",
]

MAIN, SMALL, GHOST = 0, 1, 2
"""Numbers of the queues."""


def make_small_and_main(room: Room) -> Queues:
    """Return a main queue, a small one and one of ghosts for each cache, all empty."""
    return make_queues(room, 2, 1, several=True)


def limits_of(room: Room, share: float, least: int = 0) -> Any:
    """Return a share of each cache, cut, and no less than `least`; int64, (n_caches,)."""
    limits = [max(least, int(maxlen * share)) for maxlen in room.maxlens]
    return room.array(np.array(limits, dtype=np.int64))


def is_ghost(queues, cache, content):
    """Return whether a content is remembered, and not held."""
    slot = queues.find(cache, content)
    return slot >= 0 and not queues.holds(slot)


def forget_ghost(queues, cache, content):
    """Have a content, which is not held, no longer remembered; return whether it was."""
    slot = queues.find(cache, content)
    if slot < 0:
        return False
    queues.drop(cache, slot)
    return True


def carry_on_small(self: Any, other: Any) -> Any:
    """Return what another state has, in caches of the sizes of these."""
    return other._replace(
        queues=self.queues.carry_on(other.queues),
        small_limit=self.small_limit,
        ghost_limit=self.ghost_limit,
    )


def take_over_small(self: Any, cache: int, other: Any) -> None:
    """Evict and forget what does not fit into a cache that was carried on."""
    take_over_queues(self, cache, other)
    self.queues.bound(cache, GHOST, self.ghost_limit[cache])
