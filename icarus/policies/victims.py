"""Who leaves next: what policies have in common that can say it before anything leaves.

A rule of admission may ask a policy, with ``next_victim(cache, content)``, what would leave for a
content that is about to be put, and then has it put, or has what was named stay, with ``spare``.
To ask is part of the policy's own scan: a hand moves on, what was hit moves up, numbers are drawn.
What was named is the first to leave if the content is put, and is named again if asked again.

Where a scan can be made again, from where it ended, nothing more is needed. Policies that draw, or
that would look elsewhere after it, have the field ``chosen`` (int64, (n_caches,): the slot that is
to leave next, or -1), a method ``choose(self, cache)``, and the functions here as methods.
"""

from __future__ import annotations

import numpy as np

from icarus.policies.room import NOTHING, Room

__all__ = [
    "evict_chosen",
    "evict_victim",
    "next_victim_learning",
    "no_choices",
    "spare_chosen",
    "victim_chosen",
]


def no_choices(room: Room) -> np.ndarray:
    """Return what ``chosen`` is at first."""
    choices: np.ndarray = room.array(np.full(room.n_caches, -1))
    return choices


def victim_chosen(self, cache):
    """Return the slot that leaves next, which stands from now on."""
    chosen = self.chosen
    if chosen[cache] < 0:
        chosen[cache] = self.choose(cache)
    return chosen[cache]


def spare_chosen(self, cache, content):
    """Have the next to leave be chosen anew, if one was chosen and did not leave."""
    self.chosen[cache] = -1


def evict_chosen(self, cache):
    """Evict the content that leaves next; return it."""
    slot = self.chosen[cache]
    if slot < 0:
        slot = np.int64(self.choose(cache))
    self.chosen[cache] = -1
    return self.evict_slot(cache, slot)


def evict_victim(self, cache):
    """Evict the content that leaves next; return it."""
    return self.evict_slot(cache, self.victim(cache))


def next_victim_learning(self, cache, content):
    """Return what would leave first for a content, once the policy had learnt from that.

    The policy has a method ``choose_for(self, cache, slot)``: return the slot that leaves for a
    content that is remembered in a slot, or new, at -1, and have learnt nothing.
    """
    queues = self.queues
    if not queues.lacks_room(cache):
        return NOTHING
    if self.chosen[cache] < 0:
        self.chosen[cache] = self.choose_for(cache, queues.find(cache, content))
    return queues.item(self.chosen[cache])
