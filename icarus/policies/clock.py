"""CLOCK: a FIFO queue in which what was hit goes round again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

from annotated_types import Interval

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import make_room, on_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.registry import register_cache_policy
from icarus.types import NonNegativeInt

__all__ = ["ClockCache", "ClockCaches"]

Bits = Annotated[int, Interval(ge=1, le=30)]


@on_queues
class ClockCaches(NamedTuple):
    """CLOCK caches: one queue to a cache; values are the counters."""

    queues: Queues
    most: int
    """How far a counter goes."""
    initial: int

    @classmethod
    def new(cls, room: Room, bits: Bits = 1, initial: NonNegativeInt = 0) -> Self:
        """Return empty caches."""
        return cls(make_queues(room), _most(bits, initial), int(initial))

    def get(self, cache, content):
        """Return whether a content is cached, which counts the hit."""
        queues = self.queues
        slot = queues.find(cache, content)
        if slot < 0:
            return False
        count = queues.value(slot)
        if count < self.most:
            queues.set_value(slot, count + 1)
        return True

    def put(self, cache, content):
        """Insert a content if it is absent; return the last that was evicted for it."""
        queues = self.queues
        evicted = NOTHING
        if queues.is_new(cache, content) and queues.admits(cache, queues.capacity(cache)):
            evicted = make_room(self, cache)
            queues.set_value(queues.insert(cache, 0, content), self.initial)
        return evicted

    def victim(self, cache):
        """Return the first slot from the back on whose counter is 0; the others lose 1."""
        return self.queues.spend(cache, 0)


def _most(bits: int, initial: int) -> int:
    """Return how far a counter of `bits` goes; ValueError if `initial` is beyond."""
    most = (1 << int(bits)) - 1
    if initial > most:
        raise ValueError(f"initial must not exceed 2^bits - 1, {most}, got {initial}")
    return most


def _check_clock(parameters: Mapping[str, Any]) -> list[str]:
    try:
        _most(parameters.get("bits", 1), parameters.get("initial", 0))
    except ValueError as error:
        return [str(error)]
    return []


@register_cache_policy("CLOCK", check=_check_clock)
class ClockCache(DefinedCache, definition=ClockCaches):
    """Evict, in the order of insertion, the first item that was not hit since its last round.

    Each item has a counter, which hits increase. The oldest item, if its counter is above 0, loses
    1 and becomes the latest one instead of being evicted.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    bits : int, optional
        Of a counter, which goes up to ``2**bits - 1``; from 1 to 30.
    initial : int, optional
        The counter of a new item.

    References
    ----------
    F. J. Corbato, "A paging experiment with the Multics system", in: H. Feshbach, K. U. Ingard
    (eds.), "In Honor of Philip M. Morse", MIT Press, 1969.
    """
