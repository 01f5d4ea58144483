"""RAND: evict a content chosen at random."""

from __future__ import annotations

from typing import Any, NamedTuple, Self, cast

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.rand_bags import RandBagCaches
from icarus.policies.room import NOTHING, Room, taken
from icarus.policies.slots import make_slots
from icarus.policies.units import Whole
from icarus.policies.victims import no_choices, spare_chosen, victim_chosen
from icarus.registry import register_cache_policy
from icarus.types import Seed

__all__ = ["RandCaches", "RandEvictionCache"]


class RandCaches(NamedTuple):
    """Caches with random eviction: slots are places, filled from the first on."""

    slots: Any
    behind: np.ndarray
    """int64, (n_caches,): the slot behind the last content."""
    chosen: np.ndarray
    rng: Any
    """The Generator that all caches share."""

    @classmethod
    def new(cls, room: Room, seed: Seed = None) -> Self:
        """Return empty caches."""
        if room.in_bytes:
            return cast(Self, RandBagCaches.new(room, seed))
        slots = make_slots(room)
        return cls(slots, slots.base[:-1].copy(), no_choices(room), seed)

    def has(self, cache, content):
        """Return whether a content is cached."""
        return self.slots.find(cache, content) >= 0

    def get(self, cache, content):
        """Return whether a content is cached."""
        return self.slots.find(cache, content) >= 0

    def put(self, cache, content):
        """Insert a content if it is absent; return what was evicted for it."""
        slots = self.slots
        if slots.find(cache, content) >= 0:
            return NOTHING
        slot = self.behind[cache]
        evicted = NOTHING
        if slot < slots.base[cache + 1]:
            self.behind[cache] = slot + 1
        else:
            slot = victim_chosen(self, cache)
            self.chosen[cache] = -1
            evicted = slots.item[slot]
            slots.leave(cache, evicted)
        slots.enter(cache, content, slot)
        return evicted

    def choose(self, cache):
        """Return a slot drawn of a full cache."""
        first = self.slots.base[cache]
        return first + int(self.rng.random() * (self.behind[cache] - first))

    def next_victim(self, cache, content):
        """Return what would leave for a content; NOTHING if there is room."""
        victim = NOTHING
        if self.behind[cache] == self.slots.base[cache + 1]:
            victim = self.slots.item[victim_chosen(self, cache)]
        return victim

    victim, spare = victim_chosen, spare_chosen  # type: ignore[misc]

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        slots = self.slots
        slot = slots.find(cache, content)
        if slot < 0:
            return False
        slots.leave(cache, content)
        last = self.behind[cache] - 1
        self.behind[cache] = last
        if slot < last:
            moved = slots.item[last]
            slots.leave(cache, moved)
            slots.enter(cache, moved, slot)
        return True

    def measure(self):
        """Return what counts in the caches: contents."""
        return Whole(0)

    def places(self):
        """Return what tells where contents are looked up."""
        return self.slots

    def clear(self, cache: int) -> None:
        """Remove everything from a cache; draws go on where they are."""
        self.slots.clear(cache)
        self.behind[cache] = self.slots.base[cache]

    def carry_on(self, other: Self) -> Self:
        """Return the same state, drawing from where another one does."""
        return self._replace(rng=other.rng)

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, as if put there place by place."""
        held = other.slots.item[other.slots.base[cache] : other.behind[cache]]
        first = int(self.slots.base[cache])
        room = int(self.slots.base[cache + 1]) - first
        places = np.arange(min(len(held), room))
        if len(held) > room:
            # Of several that come into one place, the last is the one that stays.
            drawn = (self.rng.random(len(held) - room) * room).astype(np.int64)
            places[drawn] = np.arange(room, len(held))
        self.slots.enter_all(cache, taken(held, places), first)
        self.behind[cache] = first + len(places)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents, by place."""
        return list(self.slots.item[self.slots.base[cache] : self.behind[cache]])

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return int(self.behind[cache] - self.slots.base[cache])


RandCaches.form_in_bytes = RandBagCaches  # type: ignore[attr-defined]


@register_cache_policy("RAND")
class RandEvictionCache(DefinedCache, definition=RandCaches):
    """Evict an item chosen uniformly at random; hits change nothing.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    seed : int, SeedSequence, Generator or None, optional
        Where the choices come from. The caches of one network share a Generator.

    Notes
    -----
    Items lie in places, numbered from 0 in the order in which they were filled. The item in
    place ``int(random() * maxlen)`` is evicted, and the new one takes its place; there is one
    draw per eviction. Where an item is removed, the one in the last place moves into its place.
    Where items have sizes, the one in place ``int(random() * n)`` of n leaves, whose place the last
    one takes, until there is room; the new one comes behind the last.
    """
