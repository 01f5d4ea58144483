"""Twins of the policies that remember what they evicted: S3_FIFO and its kin, TWO_Q, ARC."""

from __future__ import annotations

from typing import Any

from twins.byte_queue import ByteQueue, GhostQueue
from twins.sized import Item, SizedTwin

__all__ = ["SizedArc", "SizedClock2qPlus", "SizedQdLpFifo", "SizedS3Fifo", "SizedTwoQ"]


class _SmallAndMain(SizedTwin):
    """A small queue for newcomers, a main one for what proves itself there, and a ghost.

    `_limit_small` and `_limit_main` are the units that each is meant for, `_count` has the hits
    that count. Ghosts are looked up when the missed content is put.
    """

    def __init__(self, capacity: int, limit_small: int, limit_ghost: int) -> None:
        super().__init__(capacity)
        self._limit_small = limit_small
        self._limit_main = capacity - limit_small
        self._small, self._main = ByteQueue(), ByteQueue()
        self._ghost = GhostQueue(limit_ghost)
        self._count: dict[Item, int] = {}

    def dump(self) -> list[Item]:
        """Return all items: those of the main queue first, each queue from front to back."""
        return [*self._main, *self._small]

    def _hit(self, k: Item) -> None:
        self._count[k] += 1

    def _insert(self, k: Item, size: int) -> list[Item]:
        was_ghost = self._ghost.recall(k)
        if size > self._limit_small:
            return []
        evicted = self._make_room(size)
        if size == self._limit_small and not was_ghost:
            return evicted
        self._store(k, size)
        self._count[k] = 0
        if was_ghost or self._is_filling():
            evicted += self._enter_main(k, size)
        else:
            self._enter_small(k, size)
        return evicted

    def _is_filling(self) -> bool:
        """Return whether the cache is filling, and newcomers are to go to the main queue."""
        return False

    def _enter_small(self, k: Item, size: int) -> None:
        self._small.push_front(k, size)

    def _enter_main(self, k: Item, size: int) -> list[Item]:
        """Put `k` in front of the main queue; return what that evicts."""
        self._main.push_front(k, size)
        return []

    def _evict_small_back(self) -> Item:
        """Evict the back of the small queue into the ghost."""
        k, size = self._small.pop_back()
        self._ghost.remember(k, size)
        return self._gone(k)

    def _gone(self, k: Item) -> Item:
        del self._count[k]
        self._drop(k)
        return k

    def _queue_of(self, k: Item) -> ByteQueue:
        return self._small if k in self._small else self._main

    def _leave(self, k: Item) -> None:
        self._queue_of(k).take(k)
        del self._count[k]

    def _forget(self, k: Item) -> None:
        self._ghost.recall(k)

    def _resized(self, k: Item) -> None:
        self._queue_of(k).resize(k, self.sizes[k])


class SizedS3Fifo(_SmallAndMain):
    """Both queues are FIFO; what was hit `threshold` times in the small one moves to the main.

    In the main queue what was hit goes round again. ``variant="paper"`` evicts from the small
    queue while that is full, and from the main one only otherwise.
    """

    def __init__(
        self,
        capacity: int,
        small: float = 0.1,
        ghost: float = 0.9,
        threshold: int = 2,
        variant: str = "revised",
    ) -> None:
        if variant not in ("revised", "paper"):
            raise ValueError(f"variant must be 'revised' or 'paper', found {variant!r}")
        self._paper = variant == "paper"
        limit_small = int(capacity * small)
        super().__init__(
            capacity, max(1, limit_small) if self._paper else limit_small, int(capacity * ghost)
        )
        self._threshold = threshold
        self._has_evicted = False

    def _hit(self, k: Item) -> None:
        super()._hit(k)
        if self._paper:
            self._count[k] = min(self._count[k], 3)

    def _insert(self, k: Item, size: int) -> list[Item]:
        if not self._paper:
            return super()._insert(k, size)
        if size > self.capacity:
            self._ghost.recall(k)
            return []
        evicted = self._make_room(size)
        self._store(k, size)
        self._count[k] = 0
        (self._main if self._ghost.recall(k) else self._small).push_front(k, size)
        return evicted

    def scan(self) -> None:
        """Move what was hit, as far as it is looked at to find out what is to leave first."""
        if self._is_to_leave_small():
            while self._small and self._count[self._small.back()] >= self._threshold:
                k, size = self._small.pop_back()
                self._count[k] = 0
                self._main.push_front(k, size)
                if self._paper and self._main.units > self._limit_main:
                    self._turn_main()
                    return
            if self._small:
                return
        self._turn_main()

    def _is_to_leave_small(self) -> bool:
        """Return whether the small queue is the one to look at first."""
        if self._paper:
            return self._small.units >= self._limit_small or not self._main
        return self._main.units <= self._limit_main and len(self._small) > 0

    def _evict(self) -> list[Item]:
        from_small = self._is_to_leave_small()
        return self._evict_from_small() if from_small else [self._evict_from_main()]

    def _is_filling(self) -> bool:
        return not self._has_evicted and self._small.units >= self._limit_small

    def _gone(self, k: Item) -> Item:
        self._has_evicted = True
        return super()._gone(k)

    def _evict_from_small(self) -> list[Item]:
        """Move what was hit to the main queue until one goes, or none is left."""
        evicted = []
        while self._small:
            if self._count[self._small.back()] < self._threshold:
                return [*evicted, self._evict_small_back()]
            k, size = self._small.pop_back()
            self._count[k] = 0
            self._main.push_front(k, size)
            if self._paper and self._main.units > self._limit_main:
                evicted.append(self._evict_from_main())
        return evicted

    def _turn_main(self) -> None:
        while self._count[self._main.back()] >= 1:
            k = self._main.back()
            self._count[k] = self._count_of_reinserted(self._count[k])
            self._main.move_to_front(k)

    def _evict_from_main(self) -> Item:
        self._turn_main()
        k, _ = self._main.pop_back()
        return self._gone(k)

    def _count_of_reinserted(self, count: int) -> int:
        return min(count, 3) - 1


class SizedClock2qPlus(SizedS3Fifo):
    """S3_FIFO in which hits soon after entering do not count, and one hit is enough."""

    def __init__(self, capacity: int, small: float = 0.1, ghost: float = 0.9) -> None:
        super().__init__(capacity, small, ghost, threshold=1)
        self._window = 0.5 * self._limit_small
        self._entered_small = 0
        self._number: dict[Item, int] = {}  # how many had entered the small queue, itself included

    def _hit(self, k: Item) -> None:
        if k in self._main or self._entered_small - self._number[k] >= self._window:
            super()._hit(k)

    def _enter_small(self, k: Item, size: int) -> None:
        super()._enter_small(k, size)
        self._entered_small += 1
        self._number[k] = self._entered_small

    def _count_of_reinserted(self, count: int) -> int:
        return 0


class SizedQdLpFifo(_SmallAndMain):
    """A small FIFO queue before a CLOCK of two bits; what was hit in the small one moves there.

    The small queue has all the room that the main one leaves, and is the first to lose it; what it
    is meant for limits the contents that are taken.
    """

    def __init__(self, capacity: int, small: float = 0.1, ghost: float = 0.9) -> None:
        super().__init__(capacity, int(capacity * small), int(capacity * ghost))

    def _hit(self, k: Item) -> None:
        self._count[k] = min(self._count[k] + 1, 3)

    def _enter_main(self, k: Item, size: int) -> list[Item]:
        evicted = []
        while self._main and self._main.units + size > self._limit_main:
            evicted.append(self._evict_from_main())
        self._main.push_front(k, size)
        return evicted

    def _evict(self) -> list[Item]:
        if not self._small:
            return [self._evict_from_main()]
        if self._count[self._small.back()] < 1:
            return [self._evict_small_back()]
        k, size = self._small.pop_back()
        self._count[k] = 0
        return self._enter_main(k, size)

    def scan(self) -> None:
        """Move what was hit to the main queue, until that has no room for it."""
        while self._small and self._count[self._small.back()] > 0:
            k = self._small.back()
            if self._main and self._main.units + self.sizes[k] > self._limit_main:
                break
            _, size = self._small.pop_back()
            self._count[k] = 0
            self._main.push_front(k, size)
        if not self._small or self._count[self._small.back()] > 0:
            self._turn_main()

    def _turn_main(self) -> None:
        while self._count[self._main.back()] > 0:
            k = self._main.back()
            self._count[k] -= 1
            self._main.move_to_front(k)

    def _evict_from_main(self) -> Item:
        self._turn_main()
        k, _ = self._main.pop_back()
        return self._gone(k)


class SizedTwoQ(SizedTwin):
    """Newcomers wait in a FIFO queue, A1in; what is asked for again after it goes to an LRU, Am.

    `in` is no name for a parameter in Python, so that parameters come as keywords: ``in``, ``out``.
    """

    def __init__(self, capacity: int, **parameters: Any) -> None:
        share_in, share_out = parameters.pop("in", 0.25), parameters.pop("out", 0.5)
        super().__init__(capacity, **parameters)
        self._limit_in = int(capacity * share_in)
        self._limit_main = capacity - self._limit_in
        self._in, self._main = ByteQueue(), ByteQueue()
        self._out = GhostQueue(int(capacity * share_out))

    def dump(self) -> list[Item]:
        """Return all items: Am first, each queue from front to back."""
        return [*self._main, *self._in]

    def _hit(self, k: Item) -> None:
        if k in self._main:
            self._main.move_to_front(k)

    def _insert(self, k: Item, size: int) -> list[Item]:
        was_ghost = self._out.recall(k)
        if size > self._limit_in:
            return []
        evicted = self._make_room(size)
        if was_ghost:
            while self._main and self._main.units + size > self._limit_main:
                evicted.append(self._evict_from_main())
        self._store(k, size)
        (self._main if was_ghost else self._in).push_front(k, size)
        return evicted

    def _evict(self) -> list[Item]:
        if self._main and self._in.units <= self._limit_in:
            return [self._evict_from_main()]
        k, size = self._in.pop_back()
        self._out.remember(k, size)
        self._drop(k)
        return [k]

    def _evict_from_main(self) -> Item:
        k, _ = self._main.pop_back()
        self._drop(k)
        return k

    def _queue_of(self, k: Item) -> ByteQueue:
        return self._in if k in self._in else self._main

    def _leave(self, k: Item) -> None:
        self._queue_of(k).take(k)

    def _forget(self, k: Item) -> None:
        self._out.recall(k)

    def _resized(self, k: Item) -> None:
        self._queue_of(k).resize(k, self.sizes[k])


class SizedArc(SizedTwin):
    """T1 has what was asked for once of late, T2 what was more often; B1 and B2 what left them.

    `_target` is p, the units that T1 is meant for.
    """

    def __init__(self, capacity: int, integer_step: bool = False) -> None:
        super().__init__(capacity)
        self._integer_step = integer_step
        self._target: float = 0 if integer_step else 0.0
        self._t1, self._t2, self._b1, self._b2 = (ByteQueue() for _ in range(4))

    def dump(self) -> list[Item]:
        """Return all items: T2 first, each list from front to back."""
        return [*self._t2, *self._t1]

    def _hit(self, k: Item) -> None:
        if k in self._t1:
            self._t2.push_front(k, self._t1.take(k))
        else:
            self._t2.move_to_front(k)

    def _insert(self, k: Item, size: int) -> list[Item]:
        ghost = self._look_up_ghosts(k)
        if size > self.capacity:
            return []
        evicted: list[Item] = []
        while self.used + size > self.capacity:
            evicted.append(self._step(size, ghost))
        self._store(k, size)
        (self._t2 if ghost else self._t1).push_front(k, size)
        return evicted

    def _look_up_ghosts(self, k: Item) -> str:
        """Return which of B1 and B2 had `k`, "" if none, having learned from it."""
        if k in self._b1:
            step = self._step_of_target(self._b2.units, self._b1.units)
            self._target = min(self._target + step, self.capacity)
            self._b1.take(k)
            return "B1"
        if k in self._b2:
            step = self._step_of_target(self._b1.units, self._b2.units)
            self._target = max(self._target - step, 0)
            self._b2.take(k)
            return "B2"
        return ""

    def _step_of_target(self, other: int, own: int) -> float:
        return max(other // own if self._integer_step else other / own, 1)

    def _step(self, size: int, ghost: str) -> Item:
        """Evict one item to make room for `size` units; return it."""
        if ghost:
            return self._replace(ghost)
        if self._t1.units + self._b1.units + size > self.capacity:
            if not self._b1:
                return self._evict_from(self._t1, None)
            self._b1.pop_back()
            return self._replace(ghost)
        lists = (self._t1, self._t2, self._b1, self._b2)
        if sum(one.units for one in lists) >= 2 * self.capacity and self._b2:
            self._b2.pop_back()
        return self._replace(ghost)

    def _replace(self, ghost: str) -> Item:
        above = self._t1.units > self._target
        even = self._t1.units == self._target and ghost == "B2"
        if (self._t1 and (above or even)) or not self._t2:
            return self._evict_from(self._t1, self._b1)
        return self._evict_from(self._t2, self._b2)

    def _evict_from(self, queue: ByteQueue, ghost: ByteQueue | None) -> Item:
        k, size = queue.pop_back()
        if ghost is not None:
            ghost.push_front(k, size)
        self._drop(k)
        return k

    def _evict(self) -> list[Item]:
        return [self._step(0, "")]

    def _queue_of(self, k: Item) -> ByteQueue:
        return self._t1 if k in self._t1 else self._t2

    def _leave(self, k: Item) -> None:
        self._queue_of(k).take(k)

    def _forget(self, k: Item) -> None:
        for ghost in (self._b1, self._b2):
            if k in ghost:
                ghost.take(k)

    def _resized(self, k: Item) -> None:
        self._queue_of(k).resize(k, self.sizes[k])
