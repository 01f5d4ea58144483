"""HYPERBOLIC: of some contents drawn, evict the one with the fewest requests for its time here."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.bagged import clear_bags, evict_from_bags, remove_from_bags, reserve_bags
from icarus.policies.bags import Bags, make_bags
from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.policies.victims import no_choices
from icarus.registry import register_cache_policy
from icarus.types import PositiveInt, Seed

__all__ = ["HyperbolicCache", "HyperbolicCaches"]

COUNT, ENTERED = 0, 1
"""Of each slot: requests since it entered, and the number of the request when it did."""


@on_queues
class HyperbolicCaches(NamedTuple):
    """HYPERBOLIC caches."""

    queues: Queues
    bags: Bags
    facts: SlotValues
    """By 2 * slot: see ``COUNT`` and ``ENTERED``, which lie side by side as they are read so."""
    requests: np.ndarray
    """int64, (n_caches,): look-ups so far."""
    chosen: np.ndarray
    rng: Any
    """The Generator that all caches share."""
    samples: int

    @classmethod
    def new(cls, room: Room, samples: PositiveInt = 64, seed: Seed = None) -> Self:
        """Return empty caches."""
        facts, requests = make_slot_values(room), room.zeros(room.n_caches)
        queues, bags, chosen = make_queues(room), make_bags(room), no_choices(room)
        return cls(queues, bags, facts, requests, chosen, seed, samples)

    def get(self, cache, content):
        """Return whether a content is cached, and count the request."""
        self.requests[cache] += 1
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        self.facts.set(2 * slot + COUNT, self.facts.of(2 * slot + COUNT) + 1)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            evicted = make_room(self, cache)
            slot = queues.insert(cache, 0, content)
            self.bags.add(cache, slot)
            self.facts.set(2 * slot + ENTERED, self.requests[cache])
            self.facts.set(2 * slot + COUNT, 1)
        return evicted

    def choose(self, cache):
        """Draw slots; return the first of the lowest priority."""
        bags, rng, now = self.bags, self.rng, self.requests[cache]
        victim = bags.draw(cache, rng)
        lowest = self._priority(victim, now)
        for _ in range(1, self.samples):
            slot = bags.draw(cache, rng)
            priority = self._priority(slot, now)
            if priority < lowest:
                victim, lowest = slot, priority
        return victim

    def _priority(self, slot, now):
        age = max(1, now - self.facts.of(2 * slot + ENTERED))
        return self.facts.of(2 * slot + COUNT) / age

    def dump(self, cache: int) -> list[Any]:
        """Return all contents of a cache, that of the lowest priority last."""
        now = self.requests[cache]
        slots = self.bags.slots(cache)
        slots.sort(key=lambda slot: self._priority(slot, now), reverse=True)
        return [self.queues.item(slot) for slot in slots]

    def clear(self, cache: int) -> None:
        """Have a cache be as new; draws go on where they are."""
        clear_bags(self, cache)
        self.requests[cache] = 0

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        state = reserve_bags(self, n_requests)
        grown: Self = state._replace(facts=state.facts.reserve(2 * state.queues.n_slots()))
        return grown

    remove, evict_slot = remove_from_bags, evict_from_bags  # type: ignore[misc]


@register_cache_policy("HYPERBOLIC")
class HyperbolicCache(DefinedCache, definition=HyperbolicCaches):
    """Of some items drawn, evict the one with the fewest requests in relation to its time here.

    The priority of an item is its requests since it was inserted, that one among them, over the
    number of look-ups since then. The first drawn of those of the lowest priority leaves.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    samples : int, optional
        Draws for each victim, with replacement, however few items there are.
    seed : int, SeedSequence, Generator or None, optional
        Where draws come from. The caches of one network share a Generator.

    References
    ----------
    A. Blankstein, S. Sen, M. J. Freedman, "Hyperbolic caching: flexible caching for web
    applications", USENIX ATC 2017.

    Notes
    -----
    Items lie in places; a new one behind the last, and the last takes the place of one that leaves.
    A draw is of the item in place ``int(random() * n)`` of n.
    """
