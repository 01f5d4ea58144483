"""K_LRU: LRU behind LRU lists of names, which contents pass one by one before they are cached."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.policies.cache import DefinedCache
from icarus.policies.queued import on_queues, take_over_queues
from icarus.policies.queues import Queues, make_queues
from icarus.policies.room import NOTHING, Room
from icarus.registry import register_cache_policy
from icarus.types import PositiveInt

__all__ = ["KLruCache", "KLruCaches"]


@on_queues
class KLruCaches(NamedTuple):
    """K_LRU caches, and ``k - 1`` lists of names before each.

    Lists are queues of caches of their own, as what is cached may be in lists, too.
    """

    queues: Queues
    lists: Queues
    n_lists: int
    """Of each cache."""
    latest: Any
    """int64, (n_caches,): the content that was looked up last."""
    passed: Any
    """bool, (n_caches,): whether that had been in the last list."""

    @classmethod
    def new(cls, room: Room, k: PositiveInt = 2, names: PositiveInt | None = None) -> Self:
        """Return empty caches."""
        queues = make_queues(room)
        n_lists = int(k) - 1
        limits = [maxlen if names is None else names for maxlen in room.maxlens]
        lists = make_queues(room.of_sizes([limit for limit in limits for _ in range(n_lists)]))
        if room.in_bytes:
            # There is one request, which has one size.
            lists = lists._replace(units=lists.units._replace(now=queues.units.now))
        latest = room.zeros(room.n_caches)
        return cls(queues, lists, n_lists, latest, room.zeros(room.n_caches, bool))

    def get(self, cache, content):
        """Return whether a content is cached, which renews it there and in all lists."""
        lists = self.lists
        first = cache * self.n_lists
        passed = True
        for place in range(first, first + self.n_lists):
            had = lists.renew(place, content)
            if not had and passed and lists.requested() <= lists.capacity(place):
                while lists.lacks_room(place):
                    lists.drop(place, lists.back(place, 0))
                lists.insert(place, 0, content)
            passed = had
        self.latest[cache] = content
        self.passed[cache] = passed
        return self.queues.renew(cache, content)

    def put(self, cache, content):
        """Insert a content that is absent and has passed; return the last evicted for it."""
        queues = self.queues
        is_new = queues.is_new(cache, content)
        if is_new and self.passed[cache] and self.latest[cache] == content:
            return queues.insert_first(cache, content)
        return NOTHING

    def victim(self, cache):
        """Return the slot of the least recently used content."""
        return self.queues.back(cache, 0)

    def next_victim(self, cache, content):
        """Return what would leave for a content; NOTHING if there is room, or it has not passed."""
        if self.passed[cache] and self.latest[cache] == content:
            return self.queues.next_victim(cache, content)
        return NOTHING

    def remove(self, cache, content):
        """Remove a content, from all lists too; return whether it was cached."""
        first = cache * self.n_lists
        for place in range(first, first + self.n_lists):
            self.lists.remove(place, content)
        return self.queues.remove(cache, content)

    def clear(self, cache: int) -> None:
        """Remove everything from a cache and its lists."""
        self.queues.clear(cache)
        for place in self._lists_of(cache):
            self.lists.clear(place)
        self.passed[cache] = False

    def _lists_of(self, cache: int) -> range:
        return range(cache * self.n_lists, (cache + 1) * self.n_lists)

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        lists = self.lists.reserve(n_requests) if self.n_lists else self.lists
        return self._replace(queues=self.queues.reserve(n_requests), lists=lists)

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        queues, lists = self.queues.carry_on(other.queues), self.lists.carry_on(other.lists)
        return other._replace(queues=queues, lists=lists)

    def take_over(self, cache: int, other: Self) -> None:
        """Evict and forget what does not fit into a cache that was carried on."""
        take_over_queues(self, cache, other)
        for place in self._lists_of(cache):
            self.lists.bound(place, 0, self.lists.capacity(place))


@register_cache_policy("K_LRU")
class KLruCache(DefinedCache, definition=KLruCaches):
    """Evict the least recently used item; new ones enter after `k` requests in quick succession.

    Before the cache are ``k - 1`` LRU lists of names. Each request is shown to the cache and all
    lists: one that has the item renews it, and each other takes it if it was in the list before.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    k : int, optional
        Of the lists, the last of which is the cache; 1 is LRU.
    names : int, optional
        How many items each list remembers, or bytes of them if the cache counts these; by default
        `maxlen`.

    Notes
    -----
    ``put`` inserts what was looked up last, if that has passed the lists, and nothing else.

    References
    ----------
    V. Martina, M. Garetto, E. Leonardi, "A unified approach to the performance analysis of caching
    systems", INFOCOM 2014. https://doi.org/10.1109/INFOCOM.2014.6848145
    """
