"""Queues of items with sizes, of which twins of policies for contents with sizes are made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator

__all__ = ["ByteQueue", "GhostQueue"]

Item = Hashable


class ByteQueue:
    """Items in a line from *back* (oldest) to *front* (newest), and the units they take."""

    def __init__(self) -> None:
        self._size_of: OrderedDict[Item, int] = OrderedDict()
        self.units = 0

    def __len__(self) -> int:
        return len(self._size_of)

    def __contains__(self, k: Item) -> bool:
        return k in self._size_of

    def __iter__(self) -> Iterator[Item]:
        """Return the items from front to back."""
        return reversed(self._size_of)

    def push_front(self, k: Item, size: int) -> None:
        """Put the absent item `k` at the front."""
        assert k not in self._size_of
        self._size_of[k] = size
        self.units += size

    def move_to_front(self, k: Item) -> None:
        """Put `k`, which is here, at the front."""
        self._size_of.move_to_end(k)

    def back(self) -> Item:
        """Return the item at the back."""
        return next(iter(self._size_of))

    def front(self) -> Item:
        """Return the item at the front."""
        return next(reversed(self._size_of))

    def pop_back(self) -> tuple[Item, int]:
        """Take the item at the back out; return it and its size."""
        k, size = self._size_of.popitem(last=False)
        self.units -= size
        return k, size

    def pop_front(self) -> tuple[Item, int]:
        """Take the item at the front out; return it and its size."""
        k, size = self._size_of.popitem(last=True)
        self.units -= size
        return k, size

    def take(self, k: Item) -> int:
        """Take `k` out; return its size."""
        size = self._size_of.pop(k)
        self.units -= size
        return size

    def resize(self, k: Item, size: int) -> None:
        """Have `k` take `size` units where it is."""
        self.units += size - self._size_of[k]
        self._size_of[k] = size


class GhostQueue(ByteQueue):
    """Ids in order of their eviction, the oldest dropped to keep within `limit` units.

    An id already here stays where it is, and one that takes more than `limit` is not remembered.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def remember(self, k: Item, size: int) -> None:
        """Put `k` at the front, with what drops out for it."""
        if k in self or size > self.limit:
            return
        while self.units + size > self.limit:
            self.pop_back()
        self.push_front(k, size)

    def recall(self, k: Item) -> bool:
        """Take `k` out if it is here; return whether it was."""
        if k not in self:
            return False
        self.take(k)
        return True
