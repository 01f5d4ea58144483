"""Agendas: what is cached, and which of it expires next.

Where all contents are valid for the same time, what was put last expires last, and a queue is in
order by itself. Where each has a time of its own, ranks tell the next one.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.queues import Queues, make_queues
from icarus.policies.ranks import Ranks, make_ranks, next_event
from icarus.policies.room import Room
from icarus.policies.slot_values import SlotValues, make_slot_values

__all__ = ["AgendaByTime", "AgendaInTurn", "make_agenda"]


class AgendaInTurn(NamedTuple):
    """An agenda in which what is entered last expires last."""

    queues: Queues
    """What is cached, in one queue, the soonest to expire at its back."""
    expiry: SlotValues
    """float64: when the content in a slot of the queues expires."""

    def expires(self, slot):
        """Return when the content in a slot expires."""
        return self.expiry.of(slot)

    def soonest(self, cache):
        """Return the slot of the next to expire in a cache; the end of its queue if none is."""
        return self.queues.back(cache, 0)

    def enter(self, cache, content, expires):
        """Enter a content that is not known."""
        self._set(cache, self.queues.insert(cache, 0, content), expires)

    def renew(self, cache, slot, expires):
        """Have a content expire at another time."""
        self.queues.move(cache, 0, slot)
        self._set(cache, slot, expires)

    def _set(self, cache, slot, expires):
        self.expiry.set(slot, expires)
        queues = self.queues
        # At the front, unless the time went back.
        before = queues.before(slot)
        behind = queues.behind(slot)
        while not queues.is_end(behind) and self.expiry.of(behind) > expires:
            before = behind
            behind = queues.behind(behind)
        queues.move_behind(cache, before, slot)

    def drop(self, cache, slot):
        """Strike a content out."""
        self.queues.drop(cache, slot)

    def clear(self, cache: int) -> None:
        """Strike out all of a cache."""
        self.queues.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return what another one has, for caches of the sizes of these."""
        return other._replace(queues=self.queues.carry_on(other.queues))

    def reserve(self, n_requests: int) -> Self:
        """Return the same with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        return self._replace(queues=queues, expiry=self.expiry.reserve(queues.n_slots()))


class AgendaByTime(NamedTuple):
    """An agenda in which anything may expire next."""

    queues: Queues
    """What is cached, in one queue, whose order says nothing."""
    ranks: Ranks
    """Times of expiry; of equal ones, that which was set first comes first."""
    events: np.ndarray
    """int64, (n_caches,): how many times were set so far."""

    def expires(self, slot):
        """Return when the content in a slot expires."""
        return self.ranks.key[slot]

    def soonest(self, cache):
        """Return the slot of the next to expire in a cache; the end of its queue if none is."""
        if self.ranks.is_empty(cache):
            return self.queues.end(cache, 0)
        return self.ranks.least(cache)

    def enter(self, cache, content, expires):
        """Enter a content that is not known."""
        slot = self.queues.insert(cache, 0, content)
        self.ranks.add(cache, slot, expires, next_event(self.events, cache))

    def renew(self, cache, slot, expires):
        """Have a content expire at another time."""
        tie = next_event(self.events, cache)
        if expires >= self.ranks.key[slot]:
            self.ranks.put_off(slot, expires, tie)
        else:
            # The time went back.
            self.ranks.remove(cache, slot)
            self.ranks.add(cache, slot, expires, tie)

    def drop(self, cache, slot):
        """Strike a content out."""
        self.ranks.remove(cache, slot)
        self.queues.drop(cache, slot)

    def clear(self, cache: int) -> None:
        """Strike out all of a cache."""
        self.queues.clear(cache)
        self.ranks.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return what another one has, for caches of the sizes of these."""
        return other._replace(queues=self.queues.carry_on(other.queues))

    def reserve(self, n_requests: int) -> Self:
        """Return the same with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        return self._replace(queues=queues, ranks=self.ranks.reserve(queues.n_slots(), n_requests))


def make_agenda(room: Room, *, in_turn: bool) -> Any:
    """Return an agenda in which nothing is.

    Parameters
    ----------
    room : Room
        That of the caches.
    in_turn : bool
        Whether all contents are valid for the same time.
    """
    queues = make_queues(room)
    if in_turn:
        return AgendaInTurn(queues, make_slot_values(room, np.float64))
    return AgendaByTime(queues, make_ranks(room, np.float64), room.zeros(room.n_caches))
