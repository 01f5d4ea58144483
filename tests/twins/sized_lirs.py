"""Twin of LIRS: two stacks, S of what was asked recently and Q of resident cold items."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from twins.sized import Item, SizedTwin

__all__ = ["SizedLirs"]


class SizedLirs(SizedTwin):
    """Evict the back of Q, the cold items; items asked twice within the span of S are hot.

    Parameters
    ----------
    capacity : int
    hot : float
        Hot items have at most ``int(capacity * hot)`` units.
    nonresident : float
        At most ``int(capacity * nonresident)`` units of evicted items are remembered.

    Notes
    -----
    With contents of size 1, that is the published policy. With sizes, a newcomer is hot while it
    fits among the hot ones; hot items are demoted from the back of S until they are within
    their limit, which may be the promoted one itself; Q's back is evicted until there is room, and
    where Q is empty the back of S is demoted first. An item that turned cold again in S stays there
    until it is pruned. ``remove`` takes the item out of S too.

    References
    ----------
    S. Jiang, X. Zhang, "LIRS", SIGMETRICS 2002. doi:10.1145/511334.511340
    """

    def __init__(
        self, capacity: int, hot: float = 0.99, nonresident: float = 2.0, **parameters: Any
    ) -> None:
        super().__init__(capacity, **parameters)
        self._hot_limit = int(capacity * hot)
        self._nonresident_limit = int(capacity * nonresident)
        # Orders are from back to front.
        self._s: OrderedDict[Item, None] = OrderedDict()
        self._q: OrderedDict[Item, None] = OrderedDict()
        self._hot: set[Item] = set()
        self._hot_used = 0
        self._nonresident: OrderedDict[Item, int] = OrderedDict()
        self._nonresident_used = 0

    def dump(self) -> list[Item]:
        """Return the hot items in the order of S, then the cold ones in that of Q."""
        hot = [k for k in reversed(self._s) if k in self._hot]
        return hot + list(reversed(self._q))

    def _hit(self, k: Item) -> None:
        in_s = k in self._s
        was_front = in_s and next(reversed(self._s)) == k
        was_back = in_s and next(iter(self._s)) == k
        self._to_front_of_s(k)
        if k in self._hot:
            if was_back:
                self._prune()
        elif in_s and not was_front:
            self._make_hot(k)
        else:
            self._to_front_of_q(k)

    def _enter(self, k: Item) -> None:
        in_s = k in self._s
        self._to_front_of_s(k)
        if in_s:
            self._nonresident_used -= self._nonresident.pop(k)
            self._make_hot(k)
        elif self._hot_used + self.sizes[k] <= self._hot_limit:
            self._make_hot(k)
        else:
            self._to_front_of_q(k)

    def _evict(self) -> Item:
        if not self._q:
            self._demote()
        victim, _ = self._q.popitem(last=False)
        if victim in self._s:
            self._nonresident[victim] = self.sizes[victim]
            self._nonresident_used += self.sizes[victim]
        self._prune()
        return victim

    def _forget(self, k: Item) -> None:
        if k in self._hot:
            self._hot.remove(k)
            self._hot_used -= self.sizes[k]
        self._q.pop(k, None)
        if k in self._s:
            del self._s[k]
            self._prune()

    def _resized(self, k: Item, change: int) -> None:
        if k in self._hot:
            self._hot_used += change
            self._demote_to_limit()

    def _make_hot(self, k: Item) -> None:
        self._q.pop(k, None)
        self._hot.add(k)
        self._hot_used += self.sizes[k]
        self._demote_to_limit()

    def _demote_to_limit(self) -> None:
        while self._hot_used > self._hot_limit:
            self._demote()

    def _demote(self) -> None:
        self._prune()
        k, _ = self._s.popitem(last=False)
        self._hot.remove(k)
        self._hot_used -= self.sizes[k]
        self._to_front_of_q(k)
        self._prune()

    def _prune(self) -> None:
        while self._s and (k := next(iter(self._s))) not in self._hot:
            del self._s[k]
            if k in self._nonresident:
                self._nonresident_used -= self._nonresident.pop(k)
        while self._nonresident_used > self._nonresident_limit:
            k, size = self._nonresident.popitem(last=False)
            self._nonresident_used -= size
            del self._s[k]

    def _to_front_of_s(self, k: Item) -> None:
        self._s[k] = None
        self._s.move_to_end(k)

    def _to_front_of_q(self, k: Item) -> None:
        self._q[k] = None
        self._q.move_to_end(k)
