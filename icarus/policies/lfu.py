"""LFU: evict what was requested least since it was inserted."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache
from icarus.policies.once import (
    MORE,
    ONCE,
    clear_once,
    dump_once,
    leave_ranks,
    remove_once,
    reserve_once,
)
from icarus.policies.queued import on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.ranks import Ranks, make_ranks, next_event
from icarus.policies.room import Room
from icarus.registry import register_cache_policy

__all__ = ["LfuCache", "LfuCaches"]


@on_queues
class LfuCaches(NamedTuple):
    """LFU caches: what was requested once stands in a queue, in order; the rest has ranks."""

    queues: Queues
    ranks: Ranks
    """Requests of what was requested more than once; of equal ones, that which had them first."""
    events: np.ndarray
    """int64, (n_caches,): hits so far."""

    @classmethod
    def new(cls, room: Room) -> Self:
        """Return empty caches."""
        return cls(make_queues(room, holding=2), make_ranks(room), room.zeros(room.n_caches))

    def get(self, cache, content):
        """Return whether a content is cached, and count the hit."""
        queues, ranks = self.queues, self.ranks
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        event = next_event(self.events, cache)
        if queues.queue_of(slot) == ONCE:
            queues.move(cache, MORE, slot)
            ranks.add(cache, slot, 2, event)
        else:
            ranks.put_off(slot, ranks.key[slot] + 1, event)
        return True

    def victim(self, cache):
        """Return the slot of what was requested least."""
        if not self.queues.is_empty(cache, ONCE):
            return int(self.queues.back(cache, ONCE))
        return self.ranks.least(cache)

    def evict_slot(self, cache, slot):
        """Evict the content in a slot; return it."""
        leave_ranks(self, cache, slot)
        return self.queues.evict(cache, slot)

    remove, dump, clear = remove_once, dump_once, clear_once  # type: ignore[misc]
    (reserve,) = (reserve_once,)  # type: ignore[misc]


@register_cache_policy("LFU")
class LfuCache(DefinedCache, definition=LfuCaches):
    """Evict the item that was requested least since it was inserted.

    Inserting counts as a request. Of equal counts, the one that was reached first goes. Unlike with
    IN_CACHE_LFU, room is made before an item is inserted, which so never has to compete itself.

    Parameters
    ----------
    maxlen : int
        How many items fit.

    Notes
    -----
    libCacheSim 0.3.5 and the simulator of Caffeine miss the same requests.
    """
