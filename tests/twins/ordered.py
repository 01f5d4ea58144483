"""Twins of the policies that keep items in a line: LRU, FIFO, CLIMB and segmented LRU."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from icarus.policies.cache import Cache, Item
from icarus.types import Fraction, PositiveInt
from icarus.util import apportionment

__all__ = ["ClimbCache", "FifoCache", "LruCache", "SegmentedLruCache"]


class _OrderedCache(Cache):
    """Items in a line, the one to be evicted next first."""

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._line: OrderedDict[Item, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._line)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self._line

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        if k not in self._line:
            return False
        del self._line[k]
        return True

    def position(self, k: Item) -> int:
        """Return the place of `k` in ``dump()``, counted from 0.

        Raises
        ------
        ValueError
            If `k` is not cached.
        """
        if k not in self._line:
            raise ValueError(f"{k!r} is not cached")
        return self.dump().index(k)

    def dump(self) -> list[Item]:
        """Return all items, the one to be evicted next last."""
        return list(reversed(self._line))

    def clear(self) -> None:
        """Remove everything."""
        self._line.clear()

    def _append(self, k: Item) -> Item | None:
        evicted = None
        if len(self._line) >= self._maxlen:
            evicted = self._line.popitem(last=False)[0]
        self._line[k] = None
        return evicted


class LruCache(_OrderedCache):
    """Evict the least recently used item.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def __init__(self, maxlen: int, **kwargs: Any) -> None:
        super().__init__(maxlen)

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, which makes it the most recently used item."""
        if k not in self._line:
            return False
        self._line.move_to_end(k)
        return True

    def put(self, k: Item) -> Item | None:
        """Make `k` the most recently used item; return the item evicted for it, or None."""
        if k in self._line:
            self._line.move_to_end(k)
            return None
        return self._append(k)


class FifoCache(_OrderedCache):
    """Evict the item that was inserted first; hits change nothing.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    """

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached."""
        return k in self._line

    def put(self, k: Item) -> Item | None:
        """Insert `k` if absent; return the item evicted for it, or None."""
        return None if k in self._line else self._append(k)


class ClimbCache(Cache):
    """Move an item up by one place on a hit; evict the one at the bottom.

    A new item enters at the bottom, in the place of the one that was there if the cache is full.

    Parameters
    ----------
    maxlen : int
        How many items fit.

    References
    ----------
    O. I. Aven, E. G. Coffman, Y. A. Kogan, "Stochastic Analysis of Computer Storage",
    Reidel, 1987.
    """

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self._line: list[Item] = []  # top first
        self._place_of: dict[Item, int] = {}

    def __len__(self) -> int:
        return len(self._line)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self._place_of

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, which moves it up by one place."""
        place = self._place_of.get(k)
        if place is None:
            return False
        if place > 0:
            above = self._line[place - 1]
            self._line[place - 1], self._line[place] = self._line[place], above
            self._place_of[self._line[place - 1]] = place - 1
            self._place_of[above] = place
        return True

    def put(self, k: Item) -> Item | None:
        """Insert `k` at the bottom, or move it up; return the item evicted for it, or None."""
        if self.get(k):
            return None
        evicted = None
        if len(self._line) >= self._maxlen:
            evicted = self._line.pop()
            del self._place_of[evicted]
        self._place_of[k] = len(self._line)
        self._line.append(k)
        return evicted

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        place = self._place_of.pop(k, None)
        if place is None:
            return False
        del self._line[place]
        for lower in range(place, len(self._line)):
            self._place_of[self._line[lower]] = lower
        return True

    def position(self, k: Item) -> int:
        """Return the place of `k` in ``dump()``, counted from 0.

        Raises
        ------
        ValueError
            If `k` is not cached.
        """
        if k not in self._place_of:
            raise ValueError(f"{k!r} is not cached")
        return self._place_of[k]

    def dump(self) -> list[Item]:
        """Return all items, from top to bottom."""
        return list(self._line)

    def clear(self) -> None:
        """Remove everything."""
        self._line.clear()
        self._place_of.clear()


def _segment_shares(segments: object, alloc: Sequence[float] | None) -> list[float]:
    """Return the share of each segment, summing to 1; ValueError if they make no sense."""
    if isinstance(segments, bool) or not isinstance(segments, (int, np.integer)):
        raise ValueError(f"segments must be a whole number, found {segments!r}")
    if segments <= 0:
        raise ValueError(f"segments must be positive, got {segments}")
    if alloc is None:
        return [1 / int(segments)] * int(segments)
    if len(alloc) != segments:
        raise ValueError(f"alloc must have one share per segment, {segments}, found {alloc!r}")
    total = sum(alloc)
    # Written so that a share that is not a number is refused too.
    if not (min(alloc) >= 0 and abs(total - 1) <= 0.001):
        raise ValueError(f"alloc must be shares from 0 on that sum to 1, found {alloc!r}")
    return [float(share) / total for share in alloc]


class SegmentedLruCache(Cache):
    """Segmented LRU: items move up one segment on each hit; new ones enter the lowest.

    Each segment is an LRU line. An item that is hit goes to the head of the next higher
    segment; where that overflows, its last item goes to the head of the segment that the
    hit one left. The last item of the lowest segment is evicted when that segment
    overflows, even where higher ones have room.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    segments : int, optional
        Number of segments, from 1 (plain LRU) to `maxlen`.
    alloc : sequence of float, shape (segments,), optional
        Share of `maxlen` that each segment gets, the highest first; they sum to 1. By default
        equal shares. Sizes are rounded by largest remainders. A segment that gets no place
        holds nothing; if that is the lowest, the cache declines every item.

    Raises
    ------
    ValueError
        If `segments` or `alloc` is not as described.

    References
    ----------
    R. Karedla, J. S. Love, B. G. Wherry, "Caching strategies to improve disk system
    performance", IEEE Computer 27(3), 1994, doi 10.1109/2.268884.
    """

    def __init__(
        self,
        maxlen: int,
        segments: PositiveInt = 2,
        alloc: Sequence[Fraction] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(maxlen)
        shares = _segment_shares(segments, alloc)
        if segments > self._maxlen:
            raise ValueError(
                f"segments must not exceed the size of the cache, {self._maxlen}, got {segments}"
            )
        self._segment_maxlen = apportionment(self._maxlen, shares)
        # In each segment the most recent item is last; the highest segment is first.
        self._segments: list[OrderedDict[Item, None]] = [OrderedDict() for _ in shares]
        self._segment_of: dict[Item, int] = {}

    def __len__(self) -> int:
        return len(self._segment_of)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return k in self._segment_of

    def get(self, k: Item) -> bool:
        """Return whether `k` is cached, which promotes it to the next higher segment."""
        segment = self._segment_of.get(k)
        if segment is None:
            return False
        if segment == 0:
            self._segments[0].move_to_end(k)
            return True
        del self._segments[segment][k]
        demoted = self._enter(k, segment - 1)
        if demoted:
            self._enter(demoted[0], segment)
        return True

    def put(self, k: Item) -> Item | None:
        """Insert `k` into the lowest segment, or promote it.

        Returns
        -------
        item or None
            The item evicted for `k`, which is `k` itself if the lowest segment has no place.
        """
        if self.get(k):
            return None
        evicted = self._enter(k, len(self._segments) - 1)
        return evicted[0] if evicted else None

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        segment = self._segment_of.pop(k, None)
        if segment is None:
            return False
        del self._segments[segment][k]
        return True

    def position(self, k: Item) -> int:
        """Return the place of `k` in ``dump()``, counted from 0.

        Raises
        ------
        ValueError
            If `k` is not cached.
        """
        if k not in self._segment_of:
            raise ValueError(f"{k!r} is not cached")
        return self.dump().index(k)

    def dump(self, serialized: bool = True) -> list[Any]:
        """Return all items, highest segment first, the most recently used first in each.

        Parameters
        ----------
        serialized : bool, optional
            Return one list; otherwise a list of the items of each segment.
        """
        lines = [list(reversed(segment)) for segment in self._segments]
        return list(chain.from_iterable(lines)) if serialized else lines

    def clear(self) -> None:
        """Remove everything."""
        for segment in self._segments:
            segment.clear()
        self._segment_of.clear()

    def _enter(self, k: Item, segment: int) -> tuple[Item, ...]:
        """Put `k` at the head of a segment; return the item that falls out of it, if one does."""
        line = self._segments[segment]
        line[k] = None
        self._segment_of[k] = segment
        if len(line) <= self._segment_maxlen[segment]:
            return ()
        last = line.popitem(last=False)[0]
        del self._segment_of[last]
        return (last,)
