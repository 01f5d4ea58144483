"""Twin of LIRS: two stacks, S of what was asked recently and Q of resident cold items."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from twins.scored_twin import Item, ScoredTwin

__all__ = ["SizedLirs"]


class SizedLirs(ScoredTwin):
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
    Hits are as published: one in the hot set moves to the front of S; a cold item that is in S, but
    not its front, becomes hot; any other cold one moves to the front of S and of Q. At a miss
    with room, the newcomer is hot if it fits among the hot ones, else cold, whether or not it is
    remembered. Without room, Q's back is evicted until there is, and where Q is empty S's back is
    demoted first; then S is pruned, and only then the victim is remembered, if it is still in S.
    If the newcomer is remembered even now, it becomes hot, else cold. Items are demoted from the
    back of S to the front of Q until the hot ones are within their limit, the promoted one, too, if
    it is larger than that; S is pruned after each. Pruning drops cold items from S's back until
    that is hot, then the remembered ones that were evicted first until the rest is within its
    limit. ``remove`` takes the item out of S, too.

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
        self._had_room = True

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

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` if it is not cached; return what is evicted for it."""
        self._had_room = self.used + size <= self.capacity
        return super().put(k, size)

    def _enter(self, k: Item) -> None:
        remembered = k in self._nonresident
        if remembered:
            self._nonresident_used -= self._nonresident.pop(k)
        self._to_front_of_s(k)
        if self._had_room:
            becomes_hot = self._hot_used + self.sizes[k] <= self._hot_limit
        else:
            becomes_hot = remembered
        if becomes_hot:
            self._make_hot(k)
        else:
            self._to_front_of_q(k)

    def _evict(self) -> Item:
        if not self._q:
            self._demote()
        victim, _ = self._q.popitem(last=False)
        self._prune()
        if victim in self._s:
            self._nonresident[victim] = self.sizes[victim]
            self._nonresident_used += self.sizes[victim]
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
