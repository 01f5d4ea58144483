"""Expiry: contents that are valid for a limited time after they were put.

Settings say so with ``ttl``, beside the name of any policy. It is the same for all contents, so
that what was put last expires last, and a line of what is cached tells what is out of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.core.values import conform
from icarus.errors import suggestion
from icarus.policies.around import around_caches
from icarus.policies.cache import reserved
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import make_slot_values
from icarus.policies.slots import BothPlaces
from icarus.types import Positive

__all__ = ["ExpiringCaches", "conformed_ttl"]


@around_caches
class ExpiringCaches(NamedTuple):
    """Caches whose contents are valid for `ttl` seconds after they were put.

    A content is valid while the time is before its expiry. What is out of date is missed; it is
    removed when it is looked up, and all of it before something is put for which there is no room.
    To be put again renews a content; to be looked up does only if `renews` says so.
    """

    caches: Any
    """The state of the caches."""
    queues: Queues
    """What is cached, in one queue, the soonest to expire at its back."""
    expiry: Any
    """SlotValues of float64: when the content in a slot of the queues expires."""
    now: np.ndarray
    """float64, (1,): the time."""
    ttl: float
    renews: bool

    @classmethod
    def new(
        cls, room: Room, caches: Any, ttl: float, now: Any = None, *, renews: bool = False
    ) -> Self:
        """Return what goes around the state of empty caches.

        Parameters
        ----------
        room : Room
            That of the caches.
        caches : NamedTuple
            Their state.
        ttl : float
            How long contents are valid, in seconds.
        now : list, optional
            Where others write the time, as its only element; by default ``set_time`` is told it.
        renews : bool, optional
            Whether a hit has a content be valid for as long again.
        """
        # Caches of no size, as those of NULL, have nothing that could expire.
        queues = make_queues(room.of_sizes([max(maxlen, 1) for maxlen in room.maxlens]))
        clock = room.zeros(1, np.float64) if now is None else now
        return cls(caches, queues, make_slot_values(room, np.float64), clock, float(ttl), renews)

    def set_time(self, time):
        """Take note of the time."""
        self.now[0] = time
        self.caches.set_time(time)

    def set_size(self, size):
        """Take note of the size of the requested content."""
        self.caches.set_size(size)
        self.queues.units.set_requested(size)

    def has(self, cache, content):
        """Return whether a content is cached and valid, changing nothing."""
        slot = self.queues.find(cache, content)
        if slot >= 0 and self.expiry.of(slot) <= self.now[0]:
            return False
        return self.caches.has(cache, content)

    def get(self, cache, content):
        """Look a content up; what is out of date is missed, though the policy takes note of it."""
        found = self.caches.get(cache, content)
        slot = self.queues.find(cache, content)
        if slot >= 0 and self.expiry.of(slot) <= self.now[0]:
            self._drop(cache, slot)
            return False
        if found and self.renews:
            self._renew(cache, content, self.now[0] + self.ttl)
        return found

    def next_victim(self, cache, content):
        """Return what would leave first for a content, once what is out of date has left."""
        if self.now[0] + self.ttl <= self.now[0]:
            return NOTHING
        if self.queues.lacks_room(cache):
            self._drop_outdated(cache)
        if self.caches.has(cache, content):
            return NOTHING
        return self.caches.next_victim(cache, content)

    def put(self, cache, content):
        """Put a content, or renew it; return what was evicted for it, of what is valid."""
        queues = self.queues
        expires = self.now[0] + self.ttl
        if expires <= self.now[0]:
            # Too short for the precision of so large a time.
            return NOTHING
        if queues.lacks_room(cache):
            self._drop_outdated(cache)
        measure = self.caches.measure()
        measure.begin()
        evicted = self.caches.put(cache, content)
        for victim in range(measure.n_gone(evicted)):
            queues.remove(cache, measure.gone(victim, evicted))
        if self.caches.has(cache, content):
            self._renew(cache, content, expires)
        else:
            queues.remove(cache, content)
        return evicted

    def remove(self, cache, content):
        """Remove a content; return whether it was cached and valid."""
        valid = self.has(cache, content)
        self.queues.remove(cache, content)
        self.caches.remove(cache, content)
        return valid

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        self.caches.clear(cache)
        self.queues.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return the same state with what another one knows of what is cached, and its time."""
        return self._replace(
            caches=self.caches.carry_on(other.caches),
            queues=self.queues.carry_on(other.queues),
            expiry=other.expiry,
            now=other.now,
        )

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, until the same times.

        Where it has no room for all, what is out of date leaves first, as before an insertion.
        """
        if self.queues.overflows(cache):
            other._drop_outdated(cache)
        self.caches.take_over(cache, other.caches)
        held = set(self.caches.dump(cache))
        for slot in self.queues.order(cache, 0):
            if self.queues.item(slot) not in held:
                self.queues.drop(cache, slot)

    def places(self):
        """Return what tells where contents are looked up."""
        return BothPlaces(self.caches.places(), self.queues.slots)

    def _renew(self, cache, content, expires):
        queues = self.queues
        slot = queues.find(cache, content)
        if slot >= 0:
            queues.move(cache, 0, slot)
        else:
            while queues.lacks_room(cache):
                self._make_room(cache)
            slot = queues.insert(cache, 0, content)
        self.expiry.set(slot, expires)
        # At the front, unless the time went back.
        before = queues.before(slot)
        behind = queues.behind(slot)
        while not queues.is_end(behind) and self.expiry.of(behind) > expires:
            before = behind
            behind = queues.behind(behind)
        queues.move_behind(cache, before, slot)

    def _make_room(self, cache):
        """Forget one that the policy dropped without telling; else drop the next to expire."""
        queues = self.queues
        slot = queues.back(cache, 0)
        while not queues.is_end(slot) and self.caches.has(cache, queues.item(slot)):
            slot = queues.before(slot)
        if queues.is_end(slot):
            slot = queues.back(cache, 0)
            self.caches.remove(cache, queues.item(slot))
        queues.drop(cache, slot)

    def _drop(self, cache, slot):
        self.caches.remove(cache, self.queues.item(slot))
        self.queues.drop(cache, slot)

    def _drop_outdated(self, cache):
        queues = self.queues
        slot = queues.back(cache, 0)
        while not queues.is_end(slot) and self.expiry.of(slot) <= self.now[0]:
            self._drop(cache, slot)
            slot = queues.back(cache, 0)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents that are valid, the one to be evicted next last."""
        return [content for content in self.caches.dump(cache) if self.has(cache, content)]

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        caches = reserved(self.caches, n_requests)
        expiry = self.expiry.reserve(queues.n_slots())
        return self._replace(caches=caches, queues=queues, expiry=expiry)


_VALIDITY: dict[str, Any] = {"seconds": Positive, "renew": bool}


def conformed_ttl(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Return what settings give as ``ttl``, and what is wrong with it; None is no limit."""
    if value is None:
        return None, []
    given = dict(value.items()) if isinstance(value, Mapping) else {"seconds": value}
    if "seconds" not in given:
        return None, [("", "needs 'seconds', a time in seconds")]
    problems = [
        (
            f".{name}",
            f"there is no such parameter{suggestion(name, _VALIDITY)}; there are "
            + ", ".join(_VALIDITY),
        )
        for name in given
        if name not in _VALIDITY
    ]
    conformed: dict[str, Any] = {}
    for name, kind in _VALIDITY.items():
        if name in given:
            conformed[name], texts = conform(kind, given[name])
            hint = "; it is a time in seconds" if name == "seconds" else ""
            place = f".{name}" if isinstance(value, Mapping) else ""
            problems += [(place, f"{text}{hint}") for text in texts]
    return (conformed if conformed.get("renew") else conformed.get("seconds")), problems
