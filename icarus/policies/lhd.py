"""LHD: of some contents drawn, evict the one of the least hit density."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.bagged import clear_bags, evict_from_bags, reserve_bags
from icarus.policies.bags import Bags, make_bags
from icarus.policies.cache import DefinedCache
from icarus.policies.hit_density import AGES, HitDensities, make_hit_densities
from icarus.policies.queued import carry_on_queues, make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.policies.victims import no_choices
from icarus.registry import register_cache_policy
from icarus.types import NonNegativeInt, PositiveInt, Seed

__all__ = ["LhdCache", "LhdCaches"]

LAST, LATEST_AGE, OLDER_AGE, EXPLORED = 0, 1, 2, 3
"""Of each slot: the number of its last request, its ages at its last two hits, and its size while
it is an explorer, else 0."""

EXPLORERS = 32
"""One of so many is an explorer, on average."""

EXPLORING = 50
"""Updates before which there are explorers; until then fewer contents are drawn."""

FEW_SAMPLES = 8


@on_queues
class LhdCaches(NamedTuple):
    """LHD caches."""

    queues: Queues
    bags: Bags
    densities: HitDensities
    facts: SlotValues
    """By 4 * slot: see ``LAST`` and those behind it."""
    requests: np.ndarray
    """int64, (n_caches,): look-ups so far."""
    due: np.ndarray
    """int64, (n_caches,): the number of the request that ends a period."""
    budget: np.ndarray
    """float64, (n_caches,): what further explorers may take, less than 0 if the last was larger."""
    average_victim: np.ndarray
    """float64, (n_caches,): the average rank of victims, which fades."""
    recent: Any
    """By cache * n_recent: contents that were admitted with a low rank."""
    admitted: np.ndarray
    """int64, (n_caches,): how many these were so far."""
    chosen: np.ndarray
    rng: Any
    """The Generator that all caches share."""
    samples: int
    n_recent: int
    period: int

    @classmethod
    def new(
        cls,
        room: Room,
        samples: PositiveInt = 32,
        recent: NonNegativeInt = 8,
        period: PositiveInt = 2**20,
        seed: Seed = None,
    ) -> Self:
        """Return empty caches."""
        n_caches = room.n_caches
        return cls(
            make_queues(room),
            make_bags(room),
            make_hit_densities(room),
            make_slot_values(room),
            room.zeros(n_caches),
            room.array(np.full(n_caches, period)),
            room.array(0.01 * np.asarray(room.maxlens, dtype=np.float64)),
            room.zeros(n_caches, np.float64),
            room.zeros(n_caches * recent),
            room.zeros(n_caches),
            no_choices(room),
            seed,
            samples,
            recent,
            period,
        )

    def get(self, cache, content):
        """Return whether a content is cached, and count the hit by its age."""
        if self.requests[cache] == self.due[cache]:
            self._end_period(cache)
        self.requests[cache] += 1
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        facts, age = self.facts, self._age(cache, slot)
        self.densities.count_hit(cache, self._class(slot), age)
        facts.set(4 * slot + OLDER_AGE, facts.of(4 * slot + LATEST_AGE))
        facts.set(4 * slot + LATEST_AGE, age)
        facts.set(4 * slot + LAST, self.requests[cache])
        self._give_back(cache, slot)
        self._explore(cache, slot)
        if self.requests[cache] == self.due[cache]:
            self._end_period(cache)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            evicted = make_room(self, cache)
            self._enter(cache, content, queues.insert(cache, 0, content))
        if self.requests[cache] == self.due[cache]:
            self._end_period(cache)
        return evicted

    def _enter(self, cache, content, slot):
        """Take note of a newcomer."""
        facts = self.facts
        self.bags.add(cache, slot)
        facts.set(4 * slot + EXPLORED, 0)
        facts.set(4 * slot + OLDER_AGE, AGES)
        facts.set(4 * slot + LATEST_AGE, 0)
        facts.set(4 * slot + LAST, self.requests[cache])
        explores = self._explore(cache, slot)
        if explores or self.n_recent == 0:
            return
        if self._rank(cache, slot) < self.average_victim[cache]:
            place = self.admitted[cache] % self.n_recent
            self.recent[cache * self.n_recent + place] = content
            self.admitted[cache] += 1

    def choose(self, cache):
        """Return the first slot of the lowest rank of those drawn and of those admitted lately."""
        queues, bags, samples = self.queues, self.bags, self.samples
        if self.densities.updates[cache] < EXPLORING:
            samples = min(FEW_SAMPLES, samples)
        victim = bags.draw(cache, self.rng)
        lowest = self._rank(cache, victim)
        for _ in range(1, samples):
            slot = bags.draw(cache, self.rng)
            rank = self._rank(cache, slot)
            if rank < lowest:
                victim, lowest = slot, rank
        for place in range(min(self.admitted[cache], self.n_recent)):
            slot = int(queues.find(cache, self.recent[cache * self.n_recent + place]))
            if slot >= 0:
                rank = self._rank(cache, slot)
                if rank < lowest:
                    victim, lowest = slot, rank
        return victim

    def evict_slot(self, cache, slot):
        """Evict the content in a slot, and take note of its rank, class and age; return it."""
        rank = self._rank(cache, slot)
        self.average_victim[cache] = 0.9 * self.average_victim[cache] + 0.1 * rank
        self.densities.count_eviction(cache, self._class(slot), self._age(cache, slot))
        self._give_back(cache, slot)
        return evict_from_bags(self, cache, slot)

    def _age(self, cache, slot):
        return self.densities.age(cache, self.requests[cache] - self.facts.of(4 * slot + LAST))

    def _class(self, slot):
        facts = self.facts
        return self.densities.class_of(
            facts.of(4 * slot + OLDER_AGE), facts.of(4 * slot + LATEST_AGE)
        )

    def _rank(self, cache, slot):
        """Return the hit density of a content by its size; explorers rank higher by one."""
        density = self.densities.of(cache, self._class(slot), self._age(cache, slot))
        rank = density / self.queues.size_of(slot)
        return rank + 1.0 if self.facts.of(4 * slot + EXPLORED) > 0 else rank

    def _explore(self, cache, slot):
        """Draw whether a content becomes an explorer, if these may take more room."""
        drawn = int(self.rng.random() * EXPLORERS) == 0
        if drawn and self.budget[cache] > 0 and self.densities.updates[cache] < EXPLORING:
            size = self.queues.size_of(slot)
            self.facts.set(4 * slot + EXPLORED, size)
            self.budget[cache] -= size
        return drawn

    def _give_back(self, cache, slot):
        """Have a content be no explorer."""
        self.budget[cache] += self.facts.of(4 * slot + EXPLORED)
        self.facts.set(4 * slot + EXPLORED, 0)

    def _end_period(self, cache):
        self.due[cache] += self.period
        self.densities.update(cache, self.bags.size[cache])

    def remove(self, cache, content):
        """Remove a content; return whether it was cached."""
        slot = self.queues.find(cache, content)
        if slot < 0:
            return False
        self._give_back(cache, slot)
        self.bags.remove(cache, slot)
        self.queues.drop(cache, slot)
        return True

    def dump(self, cache: int) -> list[Any]:
        """Return all contents of a cache, that of the lowest rank last."""
        slots = self.bags.slots(cache)
        slots.sort(key=lambda slot: self._rank(cache, slot), reverse=True)
        return [self.queues.item(slot) for slot in slots]

    def clear(self, cache: int) -> None:
        """Have a cache be as new; draws go on where they are."""
        clear_bags(self, cache)
        self.densities.clear(cache)
        self.requests[cache] = self.admitted[cache] = 0
        self.due[cache] = self.period
        self.average_victim[cache] = 0.0
        self.budget[cache] = 0.01 * self.queues.capacity(cache)

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        carried: Self = carry_on_queues(self, other)
        for cache in range(len(self.budget)):
            grown = self.queues.capacity(cache) - other.queues.capacity(cache)
            carried.budget[cache] += 0.01 * grown
        return carried

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        state = reserve_bags(self, n_requests)
        grown: Self = state._replace(facts=state.facts.reserve(4 * state.queues.n_slots()))
        return grown


@register_cache_policy("LHD")
class LhdCache(DefinedCache, definition=LhdCaches):
    """Of some items drawn, evict that which promises the fewest hits for its room and time.

    Items fall into 16 classes by their ages at their last two hits. The rank of one is the hit
    density of its class and age, hits still to come over time still to come, by its size. Densities
    follow from what was hit and evicted at what age; until the first period is over they are
    ``(class + 1) / (age + 1)``. Ages are requests since the last one of the item, 1024 of which
    are one age until it is seen how many items there are, at most 19999. The last items
    admitted with a rank below the average victim's are compared, too.

    One of 32 items, at each of its requests, is an explorer, which ranks higher by 1, as long as
    explorers take no more than 1 % of the cache and fewer than 50 periods are over.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    samples : int, optional
        Draws for each victim, with replacement; no more than 8 in the first 50 periods.
    recent : int, optional
        How many items admitted last are compared, too.
    period : int, optional
        Requests after which densities are computed again. A trace that is shorter only sees those
        of the beginning.
    seed : int, SeedSequence, Generator or None, optional
        Where draws come from. The caches of one network share a Generator.

    References
    ----------
    N. Beckmann, H. Chen, A. Cidon, "LHD: improving cache hit rate by maximizing hit density", NSDI
    2018.

    Notes
    -----
    libCacheSim 0.3.5 has this policy, with these constants. On a trace of a CDN of 67,000 requests
    it misses 45554 of them with 2000 items, and 41525 with 16 MiB; this one 44039 and 40703, 3.3 %
    and 2 % fewer. Memory is up to 8 megabytes a cache.
    """
