"""What LFU, LFUDA and LRU_K have in common: newcomers in a queue, and ranks for the others.

A newcomer ranks above the newcomers before it, so that these need no heap; of most traces they are
nearly all that is evicted. States have the fields ``queues``, the first of which is of newcomers
and the second of what is in the heaps of ``ranks``; and ``events``, int64, (n_caches,).
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "MORE",
    "ONCE",
    "clear_once",
    "dump_once",
    "leave_ranks",
    "remove_once",
    "reserve_once",
]

ONCE, MORE = 0, 1
"""Queues."""


def leave_ranks(self, cache, slot):
    """Have a slot not be among the ranks, if it is."""
    if self.queues.queue_of(slot) == MORE:
        self.ranks.remove(cache, slot)


def remove_once(self, cache, content):
    """Remove a content; return whether it was cached."""
    slot = self.queues.find(cache, content)
    if slot < 0:
        return False
    leave_ranks(self, cache, slot)
    self.queues.drop(cache, slot)
    return True


def dump_once(self: Any, cache: int) -> list[Any]:
    """Return all contents of a cache, newcomers behind the others, lower ranks last in each."""
    slots = [*self.ranks.order(cache), *self.queues.order(cache, ONCE)]
    return [self.queues.item(slot) for slot in slots]


def clear_once(self: Any, cache: int) -> None:
    """Have a cache be as new."""
    self.queues.clear(cache)
    self.ranks.clear(cache)
    self.events[cache] = 0


def reserve_once(self: Any, n_requests: int) -> Any:
    """Return the same state with room for what further requests enter."""
    queues = self.queues.reserve(n_requests)
    return self._replace(queues=queues, ranks=self.ranks.reserve(queues.n_slots(), n_requests))
