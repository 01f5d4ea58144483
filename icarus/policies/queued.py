"""What policies have in common whose state has the field ``queues``.

They have a method ``victim(self, cache)`` that returns the slot of the content that leaves next, or
``choose`` and what else ``victims`` says; and ``evict_slot(self, cache, slot)`` where there is more
to be done as it leaves. ``on_queues`` gives them all the methods here that they do not have
themselves, among them ``evict(self, cache)``, which evicts one content and returns it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from icarus.core.definitions import filled_in
from icarus.policies.room import NOTHING
from icarus.policies.victims import evict_chosen, evict_victim, spare_chosen, victim_chosen

__all__ = [
    "carry_on_queues",
    "clear_queues",
    "differs_in_queues",
    "dump_queues",
    "evict_slot_of_queues",
    "has_in_queues",
    "make_room",
    "measure_queues",
    "next_victim_of_queues",
    "on_queues",
    "places_of_queues",
    "put_in_queues",
    "remove_from_queues",
    "reserve_queues",
    "size_of_queues",
    "take_over_queues",
    "update_in_queues",
    "used_in_queues",
]


def has_in_queues(self, cache, content):
    """Return whether a content is cached, changing nothing."""
    return self.queues.has(cache, content)


def put_in_queues(self, cache, content):
    """Insert a content at the front of the first queue if it is absent; return the last victim."""
    queues = self.queues
    evicted = NOTHING
    if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
        evicted = make_room(self, cache)
        queues.insert(cache, 0, content)
    return evicted


def make_room(self, cache):
    """Evict until the requested content fits into a cache; return the last that left."""
    evicted = NOTHING
    while self.queues.lacks_room(cache):
        evicted = self.evict(cache)
    return evicted


def evict_slot_of_queues(self, cache, slot):
    """Evict the content in a slot; return it."""
    return self.queues.evict(cache, slot)


def next_victim_of_queues(self, cache, content):
    """Return what would leave first for a content; NOTHING if there is room."""
    if not self.queues.lacks_room(cache):
        return NOTHING
    return self.queues.item(self.victim(cache))


def remove_from_queues(self, cache, content):
    """Remove a content, and forget it; return whether it was cached."""
    return self.queues.remove(cache, content)


def places_of_queues(self):
    """Return what tells where contents are looked up."""
    return self.queues.slots


def measure_queues(self):
    """Return what counts in the caches: contents or bytes."""
    return self.queues.measure()


def used_in_queues(self, cache):
    """Return how much a cache holds, in contents or bytes."""
    return self.queues.used(cache)


def differs_in_queues(self, cache, content):
    """Return whether a cache holds a content in another size than the requested one."""
    return self.queues.differs(cache, content)


def update_in_queues(self, cache, content):
    """Have a content take as much as the request says; return the last that left for it."""
    queues = self.queues
    evicted = NOTHING
    queues.units.begin()
    queues.update_size(cache, queues.find(cache, content))
    while queues.overflows(cache):
        evicted = self.evict(cache)
    return evicted


def size_of_queues(self: Any, cache: int) -> int:
    """Return how many contents a cache has."""
    size: int = self.queues.size(cache)
    return size


def dump_queues(self: Any, cache: int) -> list[Any]:
    """Return all contents of a cache, queue by queue, each front to back."""
    contents: list[Any] = self.queues.dump(cache)
    return contents


def clear_queues(self: Any, cache: int) -> None:
    """Remove everything from a cache, and forget what was there before."""
    self.queues.clear(cache)


def carry_on_queues(self: Any, other: Any) -> Any:
    """Return what another state has, in caches of the sizes of these."""
    return other._replace(queues=self.queues.carry_on(other.queues))


def reserve_queues(self: Any, n_requests: int) -> Any:
    """Return the same state with room for what further requests enter."""
    return self._replace(queues=self.queues.reserve(n_requests))


def take_over_queues(self: Any, cache: int, other: Any) -> None:
    """Evict from a cache, which was carried on, what does not fit into it any more."""
    self.queues.units.begin()
    while self.queues.overflows(cache):
        self.evict(cache)


_ON_QUEUES = {
    "put": put_in_queues,
    "has": has_in_queues,
    "evict": evict_victim,
    "evict_slot": evict_slot_of_queues,
    "next_victim": next_victim_of_queues,
    "remove": remove_from_queues,
    "places": places_of_queues,
    "measure": measure_queues,
    "used": used_in_queues,
    "differs": differs_in_queues,
    "update": update_in_queues,
    "size": size_of_queues,
    "dump": dump_queues,
    "clear": clear_queues,
    "carry_on": carry_on_queues,
    "reserve": reserve_queues,
    "take_over": take_over_queues,
}
"""What a definition on queues does where it has no way of its own."""

_THAT_CHOOSE = {"victim": victim_chosen, "evict": evict_chosen, "spare": spare_chosen}
"""What one does beside that, if it has the field ``chosen``."""

_Definition = TypeVar("_Definition", bound=type)


def on_queues(definition: _Definition) -> _Definition:
    """Return a definition that has the field ``queues`` with all methods that follow from these.

    Parameters
    ----------
    definition : type
        A NamedTuple class; its own methods stay.
    """
    methods = _ON_QUEUES
    if "chosen" in definition._fields:  # type: ignore[attr-defined]
        methods = {**_ON_QUEUES, **_THAT_CHOOSE}
    return filled_in(definition, methods)
