"""Twins of the policies that are several LRU lists: S4LRU and K_LRU; with sizes."""

from __future__ import annotations

from twins.byte_queue import ByteQueue
from twins.sized import Item, SizedTwin
from twins.sized_queues import SizedLru

__all__ = ["SizedKLru", "SizedS4Lru"]


class SizedS4Lru(SizedTwin):
    """A hit lifts a content into the next segment; what that has no place for falls by one.

    `_segments` has the lowest first. Hits may evict from the lowest segment, if it is over its
    limit when something falls into it: `evicted_by_hit` has what the last hit evicted.
    """

    def __init__(self, capacity: int, segments: int = 4) -> None:
        super().__init__(capacity)
        self._limit = capacity // segments
        self._segments = [ByteQueue() for _ in range(segments)]
        self.evicted_by_hit: list[Item] = []

    def dump(self) -> list[Item]:
        """Return all items: the highest segment first, each from front to back."""
        return [k for segment in reversed(self._segments) for k in segment]

    def _hit(self, k: Item) -> None:
        self.evicted_by_hit = []
        level = self._level_of(k)
        if level == len(self._segments) - 1:
            self._segments[level].move_to_front(k)
            return
        self._segments[level + 1].push_front(k, self._segments[level].take(k))
        self._cool(level + 1)

    def _cool(self, level: int) -> None:
        """Have the segment keep its limit by letting the back fall, and so those below."""
        segment = self._segments[level]
        while segment.units > self._limit:
            if level == 0:
                self.evicted_by_hit.append(self._evict_from(segment))
            else:
                self._segments[level - 1].push_front(*segment.pop_back())
                self._cool(level - 1)

    def _insert(self, k: Item, size: int) -> list[Item]:
        if size > self._limit:
            return []
        evicted = self._make_room(size)
        with_space = [one for one in self._segments if one.units + size <= self._limit]
        self._store(k, size)
        (with_space or self._segments)[0].push_front(k, size)
        return evicted

    def _evict(self) -> list[Item]:
        return [self._evict_from(next(one for one in self._segments if one))]

    def _evict_from(self, segment: ByteQueue) -> Item:
        k, _ = segment.pop_back()
        self._drop(k)
        return k

    def _level_of(self, k: Item) -> int:
        return next(level for level, one in enumerate(self._segments) if k in one)

    def _leave(self, k: Item) -> None:
        self._segments[self._level_of(k)].take(k)

    def _resized(self, k: Item) -> None:
        self._segments[self._level_of(k)].resize(k, self.sizes[k])


class SizedKLru(SizedLru):
    """An LRU cache behind `k` - 1 LRU lists of ids, which contents have to pass one by one.

    The lists hold ids of `names` units each, as many as the cache by default. Every look-up is
    shown to all lists, so that ``get`` is told the size of the request; the cache stores what was
    in the last list when it was last looked up.
    """

    def __init__(self, capacity: int, k: int = 2, names: int | None = None) -> None:
        super().__init__(capacity)
        self._names = capacity if names is None else names
        self._lists = [ByteQueue() for _ in range(k - 1)]
        self._passed: dict[Item, bool] = {}  # of the last look-up alone

    def get(self, k: Item, size: int = 1) -> bool:
        """Return whether `k` is cached, which makes it the most recent in the cache and all lists.

        Lists that lack it take it up, `size` units of it, if the one before had it.
        """
        passed = True
        for names in self._lists:
            had = k in names
            if had:
                names.move_to_front(k)
            elif passed and size <= self._names:
                while names.units + size > self._names:
                    names.pop_back()
                names.push_front(k, size)
            passed = had
        self._passed = {k: passed}
        return super().get(k)

    def _put_cached(self, k: Item) -> None:
        pass

    def _insert(self, k: Item, size: int) -> list[Item]:
        return super()._insert(k, size) if self._passed.get(k, False) else []

    def _forget(self, k: Item) -> None:
        for names in self._lists:
            if k in names:
                names.take(k)
