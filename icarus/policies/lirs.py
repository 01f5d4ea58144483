"""LIRS: keep what is asked for again soon, and pass all else through a short queue."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.stacks import Stacks, make_stacks
from icarus.policies.victims import evict_victim
from icarus.registry import register_cache_policy
from icarus.types import Fraction, NonNegative

__all__ = ["LirsCache", "LirsCaches"]

HOT, COLD, GONE = 0, 1, 2
"""Queues: hot contents, in no order; cold ones, Q; and ghosts, by when they were evicted."""


@on_queues
class LirsCaches(NamedTuple):
    """LIRS caches."""

    queues: Queues
    stacks: Stacks
    """S, of hot contents, and of those cold ones and ghosts that were asked for after one of them
    was; at the back is a hot one."""
    hot_limit: np.ndarray
    """int64, (n_caches,): how much may be hot."""
    gone_limit: np.ndarray
    """int64, (n_caches,): how much may be remembered."""

    @classmethod
    def new(cls, room: Room, hot: Fraction = 0.99, nonresident: NonNegative = 2.0) -> Self:
        """Return empty caches."""
        queues = make_queues(room, holding=2, ghosts=1)
        limits = [
            np.array([int(int(maxlen) * share) for maxlen in room.maxlens], dtype=np.int64)
            for share in (hot, nonresident)
        ]
        return cls(queues, make_stacks(room, queues), *map(room.array, limits))

    def get(self, cache, content):
        """Return whether a content is cached, and note the hit."""
        queues, stacks = self.queues, self.stacks
        slot = queues.find(cache, content)
        if slot < 0 or not queues.holds(slot):
            return False
        end = queues.end(cache, HOT)
        in_stack = stacks.has(slot)
        was_front, was_back = stacks.behind(end) == slot, stacks.before(end) == slot
        if in_stack:
            stacks.take(slot)
        stacks.push(end, slot)
        if queues.queue_of(slot) == HOT:
            if was_back:
                self._prune(cache)
        elif in_stack and not was_front:
            queues.move(cache, HOT, slot)
            self._cool(cache)
        else:
            queues.renew_slot(cache, slot)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if not queues.is_new(cache, content) or not queues.admits(cache, queues.capacity(cache)):
            return evicted
        had_room = not queues.lacks_room(cache)
        evicted = make_room(self, cache)
        # What is remembered may have been forgotten for that.
        slot = queues.find(cache, content)
        remembered = slot >= 0
        hot = remembered
        if had_room:
            hot = queues.held_in(cache, HOT) + queues.requested() <= self.hot_limit[cache]
        queue = HOT if hot else COLD
        if remembered:
            self.stacks.take(slot)
            queues.store_again(cache, queue, slot)
        else:
            slot = queues.insert(cache, queue, content)
        self.stacks.push(queues.end(cache, HOT), slot)
        if hot:
            self._cool(cache)
        return evicted

    def victim(self, cache):
        """Return the slot of the cold content that was asked for first, or of the next to be it."""
        queues = self.queues
        if not queues.is_empty(cache, COLD):
            return np.int64(queues.back(cache, COLD))
        # Behind the last hot content there may be others, until the stack is pruned.
        slot = self.stacks.before(queues.end(cache, HOT))
        while queues.queue_of(slot) != HOT:
            slot = self.stacks.before(slot)
        return np.int64(slot)

    def evict_slot(self, cache, slot):
        """Evict the content in a slot, which is cold by then; return it."""
        queues = self.queues
        if queues.queue_of(slot) == HOT:
            self._demote(cache)
        self._prune(cache)
        if self.stacks.has(slot):
            return queues.evict_to(cache, GONE, slot)
        return queues.evict(cache, slot)

    def _cool(self, cache):
        """Demote hot contents until no more is hot than may be."""
        while self.queues.held_in(cache, HOT) > self.hot_limit[cache]:
            self._demote(cache)

    def _demote(self, cache):
        """Have the hot content at the back of the stack be cold."""
        self._prune(cache)
        slot = self.stacks.before(self.queues.end(cache, HOT))
        self.stacks.take(slot)
        self.queues.move(cache, COLD, slot)
        self._prune(cache)

    def _prune(self, cache):
        """Have a hot content at the back of the stack, and not too much be remembered."""
        queues, stacks = self.queues, self.stacks
        end = queues.end(cache, HOT)
        slot = stacks.before(end)
        while slot != end and queues.queue_of(slot) != HOT:
            stacks.take(slot)
            if queues.queue_of(slot) == GONE:
                queues.drop(cache, slot)
            slot = stacks.before(end)
        while queues.held_in(cache, GONE) > self.gone_limit[cache]:
            slot = queues.back(cache, GONE)
            stacks.take(slot)
            queues.drop(cache, slot)

    def remove(self, cache, content):
        """Remove a content; return whether it was cached. What is remembered stays so."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0 or not queues.holds(slot):
            return False
        in_stack = self.stacks.has(slot)
        if in_stack:
            self.stacks.take(slot)
        queues.drop(cache, slot)
        if in_stack:
            self._prune(cache)
        return True

    def update(self, cache, content):
        """Have a content take as much as the request says; return the last that left for it."""
        queues = self.queues
        evicted = NOTHING
        queues.units.begin()
        queues.update_size(cache, queues.find(cache, content))
        self._cool(cache)
        while queues.overflows(cache):
            evicted = evict_victim(self, cache)
        return evicted

    def dump(self, cache: int) -> list[Any]:
        """Return all contents: hot ones as they are in the stack, then the queue of cold ones."""
        queues = self.queues
        stack = self.stacks.order(int(queues.end(cache, HOT)))
        hot = [slot for slot in stack if queues.queue_of(slot) == HOT]
        return [queues.item(slot) for slot in hot + queues.order(cache, COLD)]

    def clear(self, cache: int) -> None:
        """Remove everything from a cache, and forget what was there before."""
        for slot in self.stacks.order(int(self.queues.end(cache, HOT))):
            self.stacks.take(slot)
        self.queues.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        return self._replace(queues=self.queues.carry_on(other.queues), stacks=other.stacks)

    def take_over(self, cache: int, other: Self) -> None:
        """Evict and forget what does not fit into a cache, which was carried on, any more."""
        queues = self.queues
        queues.units.begin()
        if queues.capacity(cache) != other.queues.capacity(cache):
            self._cool(cache)
            while queues.overflows(cache):
                evict_victim(self, cache)
            self._prune(cache)

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        queues = self.queues.reserve(n_requests)
        return self._replace(queues=queues, stacks=self.stacks.reserve(queues.n_slots()))


@register_cache_policy("LIRS")
class LirsCache(DefinedCache, definition=LirsCaches):
    """Keep items hot that are asked for again within as few others as the hot ones are.

    A stack has the hot items, and of the others, evicted ones included, those that were asked for
    after the hot item at its back was. Cold items stand in a queue, from whose back they are
    evicted. One that is hit in the stack, or put again while it is remembered there, becomes hot,
    and hot items from the back of the stack become cold until no more is hot than may be. While
    there is room, new items are hot as far as they may be.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    hot : float, optional
        Hot items take at most ``int(maxlen * hot)``.
    nonresident : float, optional
        Evicted items that are remembered would take at most ``int(maxlen * nonresident)``; those
        that were evicted first are forgotten.

    References
    ----------
    S. Jiang, X. Zhang, "LIRS: an efficient low inter-reference recency set replacement policy to
    improve buffer cache performance", SIGMETRICS 2002, doi 10.1145/511334.511340.

    Notes
    -----
    Counting items, it misses what Caffeine's simulator does. In bytes, items are demoted and
    evicted until what is put fits. libCacheSim 0.3.5 demotes a hot item at every hit in the queue
    there, and misses something else.
    """
