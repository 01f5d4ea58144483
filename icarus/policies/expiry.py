"""Expiry: contents that are valid for a limited time after they were put.

Settings say so with ``ttl``, beside the name of any policy; see ``lifetimes``. Agendas tell which
contents are out of date.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.agendas import make_agenda
from icarus.policies.around import around_caches
from icarus.policies.cache import reserved
from icarus.policies.lifetimes import follows_a_law, lifetimes_of
from icarus.policies.room import NOTHING, Room
from icarus.policies.slots import BothPlaces

__all__ = ["ExpiringCaches"]


@around_caches
class ExpiringCaches(NamedTuple):
    """Caches whose contents are valid for some time after they were put.

    A content is valid while the time is before its expiry. What is out of date is missed; it is
    removed when it is looked up, and all of it before something is put for which there is no room.
    To be put again renews a content; to be looked up does only if `renews` says so.
    """

    caches: Any
    """The state of the caches."""
    agenda: Any
    """AgendaInTurn or AgendaByTime: what is cached, and when it expires."""
    now: np.ndarray
    """float64, (1,): the time."""
    lifetimes: Any
    """OneLifetime, NumberedLifetimes or NamedLifetimes"""
    renews: bool

    @classmethod
    def new(
        cls,
        room: Room,
        caches: Any,
        ttl: Any,
        now: Any = None,
        *,
        salt: int = 1,
        renews: bool = False,
    ) -> Self:
        """Return what goes around the state of empty caches.

        Parameters
        ----------
        room : Room
            That of the caches.
        caches : NamedTuple
            Their state.
        ttl : float or mapping
            How long contents are valid, as ``conformed_ttl`` returns it.
        now : list, optional
            Where others write the time, as its only element; by default ``set_time`` is told it.
        salt : int, optional
            From 1 to 2**63 - 1; which draw of times it is, where `ttl` is a law.
        renews : bool, optional
            Whether a hit has a content be valid for as long again.
        """
        # Caches of no size, as those of NULL, have nothing that could expire.
        inside = room.of_sizes([max(maxlen, 1) for maxlen in room.maxlens])
        agenda = make_agenda(inside, in_turn=not follows_a_law(ttl))
        clock = room.zeros(1, np.float64) if now is None else now
        return cls(caches, agenda, clock, lifetimes_of(room, ttl, salt), renews)

    def set_time(self, time):
        """Take note of the time."""
        self.now[0] = time
        self.caches.set_time(time)

    def set_size(self, size):
        """Take note of the size of the requested content."""
        self.caches.set_size(size)
        self.agenda.queues.units.set_requested(size)

    def has(self, cache, content):
        """Return whether a content is cached and valid, changing nothing."""
        slot = self.agenda.queues.find(cache, content)
        if slot >= 0 and self.agenda.expires(slot) <= self.now[0]:
            return False
        return self.caches.has(cache, content)

    def get(self, cache, content):
        """Look a content up; what is out of date is missed, though the policy takes note of it."""
        found = self.caches.get(cache, content)
        slot = self.agenda.queues.find(cache, content)
        if slot >= 0 and self.agenda.expires(slot) <= self.now[0]:
            self._drop(cache, slot)
            return False
        if found and self.renews:
            self._renew(cache, content, self.now[0] + self.lifetimes.of(content))
        return found

    def next_victim(self, cache, content):
        """Return what would leave first for a content, once what is out of date has left."""
        if self.now[0] + self.lifetimes.of(content) <= self.now[0]:
            return NOTHING
        if self.agenda.queues.lacks_room(cache):
            self._drop_outdated(cache)
        if self.caches.has(cache, content):
            return NOTHING
        return self.caches.next_victim(cache, content)

    def put(self, cache, content):
        """Put a content, or renew it; return what was evicted for it, of what is valid."""
        queues = self.agenda.queues
        expires = self.now[0] + self.lifetimes.of(content)
        if expires <= self.now[0]:
            # Too short for the precision of so large a time.
            self.caches.measure().begin()
            return NOTHING
        if queues.lacks_room(cache):
            self._drop_outdated(cache)
        measure = self.caches.measure()
        measure.begin()
        evicted = self.caches.put(cache, content)
        for victim in range(measure.n_gone(evicted)):
            self._forget(cache, measure.gone(victim, evicted))
        if self.caches.has(cache, content):
            self._renew(cache, content, expires)
        else:
            self._forget(cache, content)
        return evicted

    def remove(self, cache, content):
        """Remove a content; return whether it was cached and valid."""
        valid = self.has(cache, content)
        self._forget(cache, content)
        self.caches.remove(cache, content)
        return valid

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        self.caches.clear(cache)
        self.agenda.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return the same state with what another one knows of what is cached, and its time."""
        return self._replace(
            caches=self.caches.carry_on(other.caches),
            agenda=self.agenda.carry_on(other.agenda),
            now=other.now,
        )

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, until the same times.

        Where it has no room for all, what is out of date leaves first, as before an insertion.
        """
        if self.agenda.queues.overflows(cache):
            other._drop_outdated(cache)
        self.caches.take_over(cache, other.caches)
        held = set(self.caches.dump(cache))
        for slot in self.agenda.queues.order(cache, 0):
            if self.agenda.queues.item(slot) not in held:
                self.agenda.drop(cache, slot)

    def places(self):
        """Return what tells where contents are looked up."""
        return BothPlaces(self.caches.places(), self.agenda.queues.slots)

    def _renew(self, cache, content, expires):
        slot = self.agenda.queues.find(cache, content)
        if slot >= 0:
            self.agenda.renew(cache, slot, expires)
            return
        while self.agenda.queues.lacks_room(cache):
            self._make_room(cache)
        self.agenda.enter(cache, content, expires)

    def _forget(self, cache, content):
        slot = self.agenda.queues.find(cache, content)
        if slot >= 0:
            self.agenda.drop(cache, slot)

    def _make_room(self, cache):
        """Forget one that the policy dropped without telling; else drop the next to expire."""
        queues = self.agenda.queues
        slot = queues.back(cache, 0)
        while not queues.is_end(slot) and self.caches.has(cache, queues.item(slot)):
            slot = queues.before(slot)
        if queues.is_end(slot):
            slot = self.agenda.soonest(cache)
            self.caches.remove(cache, queues.item(slot))
        self.agenda.drop(cache, slot)

    def _drop(self, cache, slot):
        self.caches.remove(cache, self.agenda.queues.item(slot))
        self.agenda.drop(cache, slot)

    def _drop_outdated(self, cache):
        agenda = self.agenda
        slot = agenda.soonest(cache)
        while not agenda.queues.is_end(slot) and agenda.expires(slot) <= self.now[0]:
            self._drop(cache, slot)
            slot = agenda.soonest(cache)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents that are valid, the one to be evicted next last."""
        return [content for content in self.caches.dump(cache) if self.has(cache, content)]

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        return self._replace(
            caches=reserved(self.caches, n_requests), agenda=self.agenda.reserve(n_requests)
        )
