"""What policies have in common that draw what they evict: fields ``queues``, ``bags`` and ``rng``.

All contents stand in one queue, whose order says nothing. Where more is known of slots, a policy
has its own ``reserve`` and ``clear`` around those here.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "clear_bags",
    "dump_bags",
    "evict_from_bags",
    "remove_from_bags",
    "reserve_bags",
]


def evict_from_bags(self, cache, slot):
    """Evict the content in a slot; return it."""
    self.bags.remove(cache, slot)
    return self.queues.evict(cache, slot)


def remove_from_bags(self, cache, content):
    """Remove a content; return whether it was cached."""
    slot = self.queues.find(cache, content)
    if slot < 0:
        return False
    self.bags.remove(cache, slot)
    self.queues.drop(cache, slot)
    return True


def dump_bags(self: Any, cache: int) -> list[Any]:
    """Return all contents of a cache, by place."""
    return [self.queues.item(slot) for slot in self.bags.slots(cache)]


def clear_bags(self: Any, cache: int) -> None:
    """Remove everything from a cache; draws go on where they are."""
    self.queues.clear(cache)
    self.bags.clear(cache)


def reserve_bags(self: Any, n_requests: int) -> Any:
    """Return the same state with room for what further requests enter."""
    queues = self.queues.reserve(n_requests)
    return self._replace(queues=queues, bags=self.bags.reserve(queues.n_slots(), n_requests))
