"""LFUDA: LFU whose counts age, so that what was popular once leaves in the end."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.once import (
    MORE,
    ONCE,
    clear_once,
    leave_ranks,
    remove_once,
    reserve_once,
)
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.ranks import Ranks, make_ranks, next_event
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_values import SlotValues, make_slot_values
from icarus.registry import register_cache_policy

__all__ = ["LfudaCache", "LfudaCaches"]


@on_queues
class LfudaCaches(NamedTuple):
    """LFUDA caches: what was requested once stands in a queue, in order; the rest in a heap."""

    queues: Queues
    ranks: Ranks
    """Priorities, of what stands in the queue too; of equal ones, that which is older."""
    counts: SlotValues
    """Requests of the content in a slot since it entered."""
    age: np.ndarray
    """int64, (n_caches,): the priority of the last victim, 0 at first."""
    events: np.ndarray
    """int64, (n_caches,): insertions and hits so far."""

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        queues, counts = make_queues(room, holding=2), make_slot_values(room)
        n_caches = room.n_caches
        return cls(queues, make_ranks(room), counts, room.zeros(n_caches), room.zeros(n_caches))

    def get(self, cache, content):
        """Return whether a content is cached, and count the hit."""
        queues, ranks = self.queues, self.ranks
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        event = next_event(self.events, cache)
        count = self.counts.of(slot) + 1
        self.counts.set(slot, count)
        if queues.queue_of(slot) == ONCE:
            queues.move(cache, MORE, slot)
            ranks.add(cache, slot, self.age[cache] + count, event)
        else:
            ranks.put_off(slot, self.age[cache] + count, event)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            evicted = make_room(self, cache)
            slot = queues.insert(cache, ONCE, content)
            event = next_event(self.events, cache)
            self.counts.set(slot, 1)
            self.ranks.note(slot, self.age[cache] + 1, event)
        return evicted

    def victim(self, cache):
        """Return the slot of the lowest priority."""
        queues, ranks = self.queues, self.ranks
        # The age never falls, so that the oldest in the queue is the lowest there.
        slot = int(queues.back(cache, ONCE))
        if not ranks.is_empty(cache):
            least = ranks.least(cache)
            if queues.is_empty(cache, ONCE) or ranks.ranks_before(least, slot):
                slot = least
        return slot

    def evict_slot(self, cache, slot):
        """Evict the content in a slot, whose priority is the age from now on; return it."""
        leave_ranks(self, cache, slot)
        self.age[cache] = self.ranks.key[slot]
        return self.queues.evict(cache, slot)

    def dump(self, cache: int) -> list[Any]:
        """Return all contents of a cache, that of the lowest priority last."""
        slots = [*self.ranks.order(cache), *self.queues.order(cache, ONCE)]
        ranks = self.ranks
        slots.sort(key=lambda slot: (ranks.key[slot], ranks.tie[slot]), reverse=True)
        return [self.queues.item(slot) for slot in slots]

    def clear(self, cache: int) -> None:
        """Have a cache be as new."""
        clear_once(self, cache)
        self.age[cache] = 0

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        state = reserve_once(self, n_requests)
        grown: Self = state._replace(counts=state.counts.reserve(state.queues.n_slots()))
        return grown

    (remove,) = (remove_once,)  # type: ignore[misc]


@register_cache_policy("LFUDA")
class LfudaCache(DefinedCache, definition=LfudaCaches):
    """Evict the item of the lowest priority: its requests, and the age of the cache then.

    At each request of an item, the one that inserts it among them, its priority becomes L plus its
    requests since it was inserted; L, the age, is the priority of the last victim, 0 at first. Of
    equal priorities the older one goes. Sizes play no part but for the room that items take.

    Parameters
    ----------
    maxlen : int
        How many items fit.

    References
    ----------
    M. Arlitt, L. Cherkasova, J. Dilley, R. Friedrich, T. Jin, "Evaluating content management
    techniques for Web proxy caches", ACM SIGMETRICS Performance Evaluation Review 27(4), 2000,
    doi 10.1145/346000.346003.

    Notes
    -----
    webcachesim counts before it adds to the priority, and stores nothing as large as the cache.
    libCacheSim's LFUDA adds L at every hit to what was there, which is another policy.
    """
