"""RAND where nobody knows how many contents fit: evict one drawn, until there is room."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.bagged import (
    clear_bags,
    dump_bags,
    evict_from_bags,
    remove_from_bags,
    reserve_bags,
)
from icarus.policies.bags import Bags, make_bags
from icarus.policies.cache import completed
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.policies.victims import no_choices

__all__ = ["RandBagCaches"]


@on_queues
class RandBagCaches(NamedTuple):
    """Caches with random eviction, which count in any units."""

    queues: Queues
    bags: Bags
    chosen: Any
    rng: Any
    """The Generator that all caches share."""

    @classmethod
    def new(cls, room: Room, rng: Any) -> Self:
        """Return empty caches."""
        return cls(make_queues(room), make_bags(room), no_choices(room), rng)

    def get(self, cache, content):
        """Return whether a content is cached."""
        return self.queues.find(cache, content) >= 0

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            evicted = make_room(self, cache)
            self.bags.add(cache, queues.insert(cache, 0, content))
        return evicted

    def choose(self, cache):
        """Return a slot drawn."""
        return self.bags.draw(cache, self.rng)

    remove, dump, evict_slot = remove_from_bags, dump_bags, evict_from_bags  # type: ignore[misc]
    clear, reserve = clear_bags, reserve_bags  # type: ignore[misc]


completed(RandBagCaches)
