"""Expiry: contents that are valid for a limited time after they were put.

Settings say so with ``ttl``, beside the name of any policy. It is the same for all contents, so
that what was put last expires last, and a line of what is cached tells what is out of date.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.core.values import conform
from icarus.policies.admission import reserved
from icarus.policies.lines import Lines, make_lines
from icarus.policies.room import NOTHING, Room, is_content, taken, write
from icarus.policies.slots import BothPlaces
from icarus.types import Positive

__all__ = ["ExpiringCaches", "conformed_ttl"]


class ExpiringCaches(NamedTuple):
    """Caches whose contents are valid for `ttl` seconds after they were put.

    A content is valid while the time is before its expiry. What is out of date is missed; it is
    removed when it is looked up, and all of it before something is put into a full cache. To be put
    again renews a content, to be looked up does not.
    """

    caches: Any
    """The state of the caches."""
    lines: Lines
    """What is cached, the soonest to expire last."""
    expiry: np.ndarray
    """float64, (n_slots,): when the content in a slot of the lines expires."""
    now: np.ndarray
    """float64, (1,): the time."""
    ttl: float

    @classmethod
    def new(cls, room: Room, caches: Any, ttl: float, now: Any = None) -> Self:
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
        """
        # Caches of no size, as those of NULL, have nothing that could expire.
        lines = make_lines(room.of_sizes([max(maxlen, 1) for maxlen in room.maxlens]))
        expiry = room.zeros(len(lines.slots.item), np.float64)
        clock = room.zeros(1, np.float64) if now is None else now
        return cls(caches, lines, expiry, clock, float(ttl))

    def set_time(self, time):
        """Take note of the time."""
        self.now[0] = time

    def has(self, cache, content):
        """Return whether a content is cached and valid, changing nothing."""
        slot = self.lines.find(cache, content)
        if slot >= 0 and self.expiry[slot] <= self.now[0]:
            return False
        return self.caches.has(cache, content)

    def get(self, cache, content):
        """Look a content up; what is out of date is missed, though the policy takes note of it."""
        found = self.caches.get(cache, content)
        slot = self.lines.find(cache, content)
        if slot >= 0 and self.expiry[slot] <= self.now[0]:
            self._drop(cache, slot)
            return False
        return found

    def put(self, cache, content):
        """Put a content, or renew it; return what was evicted for it, of what is valid."""
        lines = self.lines
        expires = self.now[0] + self.ttl
        if expires <= self.now[0]:
            # Too short for the precision of so large a time.
            return NOTHING
        if lines.free[cache] < 0:
            self._drop_outdated(cache)
        evicted = self.caches.put(cache, content)
        if is_content(evicted):
            lines.remove(cache, evicted)
        if self.caches.has(cache, content):
            self._renew(cache, content, expires)
        else:
            lines.remove(cache, content)
        return evicted

    def remove(self, cache, content):
        """Remove a content; return whether it was cached and valid."""
        valid = self.has(cache, content)
        self.lines.remove(cache, content)
        self.caches.remove(cache, content)
        return valid

    def clear(self, cache: int) -> None:
        """Remove everything from a cache."""
        self.caches.clear(cache)
        self.lines.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return the same state with the time of another one."""
        return self._replace(caches=self.caches.carry_on(other.caches), now=other.now)

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, until the same times.

        Where it has no room for all, what is out of date leaves first, as before an insertion.
        """
        end = int(self.lines.end(cache))
        room = self.lines.slots.base[cache + 1] - end - 1
        if len(other.lines.order(cache)[0]) > room:
            other._drop_outdated(cache)
        self.caches.take_over(cache, other.caches)
        held = set(self.caches.dump(cache))
        (slots,) = other.lines.order(cache)
        contents = taken(other.lines.slots.item, slots)
        kept = [place for place, content in enumerate(contents) if content in held]
        first = self.lines.fill(cache, end, [contents[place] for place in kept])
        expiries = np.array(taken(other.expiry, [slots[place] for place in kept]))
        write(self.expiry, slice(first, first + len(kept)), expiries)

    def places(self):
        """Return what tells where contents are looked up."""
        return BothPlaces(self.caches.places(), self.lines.slots)

    def _renew(self, cache, content, expires):
        lines = self.lines
        slot = lines.find(cache, content)
        if slot >= 0:
            lines.unlink(slot)
        else:
            slot = lines.take_free(cache)
            if slot < 0:
                slot = self._make_room(cache)
            lines.slots.enter(cache, content, slot)
        self.expiry[slot] = expires
        # At the front, unless the time went back.
        end = lines.end(cache)
        before = end
        behind = lines.behind(end)
        while behind != end and self.expiry[behind] > expires:
            before = behind
            behind = lines.behind(behind)
        lines.link_first(before, slot)

    def _make_room(self, cache):
        """Return a slot of one that the policy dropped without telling; else of the next to go."""
        lines = self.lines
        end = lines.end(cache)
        slot = lines.before(end)
        while slot != end and self.caches.has(cache, lines.item(slot)):
            slot = lines.before(slot)
        if slot == end:
            slot = lines.before(end)
            self.caches.remove(cache, lines.item(slot))
        lines.evict(cache, slot)
        return slot

    def _drop(self, cache, slot):
        content = self.lines.item(slot)
        self.caches.remove(cache, content)
        self.lines.remove(cache, content)

    def _drop_outdated(self, cache):
        end = self.lines.end(cache)
        slot = self.lines.before(end)
        while slot != end and self.expiry[slot] <= self.now[0]:
            self._drop(cache, slot)
            slot = self.lines.before(end)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents that are valid, the one to be evicted next last."""
        return [content for content in self.caches.dump(cache) if self.has(cache, content)]

    def size(self, cache: int) -> int:
        """Return how many contents a cache has, some of which may be out of date."""
        size: int = self.caches.size(cache)
        return size

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        return self._replace(caches=reserved(self.caches, n_requests))


def conformed_ttl(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Return what settings give as ``ttl``, and what is wrong with it; None is no limit."""
    if value is None:
        return None, []
    value, problems = conform(Positive, value)
    return value, [("", f"{text}; it is a time in seconds") for text in problems]
