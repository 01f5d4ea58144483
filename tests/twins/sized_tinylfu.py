"""Twins of W_TINYLFU, with a window of fixed size and with one that adapts."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_sketches import counts_of

__all__ = ["SizedWTinyLfu", "beats"]


def beats(candidate: int, victim: int, sketch: str, generator: np.random.Generator | None) -> bool:
    """Return whether a candidate of one frequency displaces a victim of another.

    It does if its frequency is higher. With a count-min sketch, one that is not higher but at least
    6 does all the same if ``int(generator.random() * 128) == 0``: one draw, in this case only, so
    that nobody who knows the hash can keep contents out. Exact counts draw nothing.
    """
    if candidate > victim:
        return True
    if sketch == "exact" or candidate < 6:
        return False
    assert generator is not None
    return int(generator.random() * 128) == 0


class _Line:
    """Items from front (newest) to back, and their units."""

    def __init__(self) -> None:
        self.items: OrderedDict[Item, int] = OrderedDict()  # from back to front
        self.used = 0

    def __contains__(self, k: Item) -> bool:
        return k in self.items

    def __bool__(self) -> bool:
        return bool(self.items)

    def back(self) -> Item:
        return next(iter(self.items))

    def add(self, k: Item, size: int, at_back: bool = False) -> None:
        self.items[k] = size
        self.items.move_to_end(k, last=not at_back)
        self.used += size

    def refresh(self, k: Item) -> None:
        self.items.move_to_end(k)

    def take(self, k: Item) -> int:
        size = self.items.pop(k)
        self.used -= size
        return size


class SizedWTinyLfu(ScoredTwin):
    """A window in LRU order before a main part that is entered by the more frequent only.

    Parameters
    ----------
    capacity : int
    window : float
        The main part has ``int(capacity * (1 - window))`` units, the window the rest.
    protected : float
        The protected segment has ``int(main * protected)`` units.
    sketch : {"count_min", "exact"}
    adaptive : bool
        Move units between window and protected segment as the hit ratio changes.
    contents : int, optional
        Number of contents that the sketch and the samples of the adaptation are meant for: the
        capacity by default, and where that is in bytes what the caller expects to fit.
    seed : numpy.random.Generator, optional
        For ``count_min``, see ``beats``.

    Notes
    -----
    Every call of ``get`` increments the sketch, before anything is looked up. A newcomer is stored
    in the window first. While the window is over its limit its back goes to probation's front;
    these are the candidates, in this order. While more than the capacity is used, the first
    candidate still there is compared with the victim, probation's back: the loser is evicted, and
    where both are the same item, that. Without candidates (after ``resize_item``) the back of
    probation, else of the protected segment, else of the window is evicted.

    Adaptive: see `_Climber`. The window's fill is a number of its own, a float that a newcomer
    raises by its size and a demotion lowers by that of the demoted item; it, and not the window's
    units, is compared with the limit, and demotions for one newcomer end once they have moved as
    many units as it brought. ``remove`` lowers the fill by the size if the item is in the window.

    References
    ----------
    G. Einziger, R. Friedman, B. Manes, "TinyLFU", ACM TOS 13(4), 2017. doi:10.1145/3149371
    G. Einziger et al., "Adaptive Software Cache Management", Middleware 2018.
    """

    store_first = True

    def __init__(
        self,
        capacity: int,
        window: float = 0.01,
        protected: float = 0.8,
        sketch: str = "count_min",
        adaptive: bool = False,
        contents: int | None = None,
        seed: np.random.Generator | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__(capacity, **parameters)
        main = int(capacity * (1 - window))
        self._window_limit = capacity - main
        self._protected_limit = int(main * protected)
        contents = contents or capacity
        self._sketch = sketch
        self._counts = counts_of(sketch, contents)
        self._generator = seed
        self._climber = _Climber(capacity, contents) if adaptive else None
        self._fill: float = 0.0
        self._window, self._probation, self._protected = _Line(), _Line(), _Line()
        self._candidates: list[Item] = []

    def get(self, k: Item) -> bool:
        """Look `k` up and count it, also in the sample; after a hit the window may adapt."""
        hit = super().get(k)
        if self._climber:
            self._climber.count(hit)
            if hit:
                self._adapt()
        return hit

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` if it is not cached; afterwards the window may adapt."""
        evicted = super().put(k, size)
        if self._climber:
            if evicted or self.used >= self.capacity:
                self._climber.full = True
            self._adapt()
        return evicted

    def dump(self) -> list[Item]:
        """Return the protected items, those of the window and of probation, each from the front."""
        return [
            k
            for line in (self._protected, self._window, self._probation)
            for k in reversed(line.items)
        ]

    def _seen(self, k: Item) -> None:
        self._counts.increment(k)

    def _hit(self, k: Item) -> None:
        if k not in self._probation:
            self._line_of(k).refresh(k)
            return
        self._protected.add(k, self._probation.take(k))
        self._demote_protected()

    def _enter(self, k: Item) -> None:
        size = self.sizes[k]
        self._window.add(k, size)
        self._fill += size
        self._candidates = []
        moved = 0
        while self._window and self._window_overflows() and (not self._climber or moved < size):
            candidate = self._window.back()
            moved += self._move_back(self._window, self._probation)
            self._fill -= self.sizes[candidate]
            self._candidates.append(candidate)

    def _window_overflows(self) -> bool:
        fill = self._fill if self._climber else self._window.used
        return fill > self._window_limit

    def _evict(self) -> Item:
        loser = self._loser()
        if loser in self._candidates:
            self._candidates.remove(loser)
        self._forget(loser)
        return loser

    def uncompared(self) -> Item:
        """Return what leaves if nothing is compared with it."""
        lines = (self._probation, self._protected, self._window)
        return next(line.back() for line in lines if line)

    def _loser(self) -> Item:
        victim = self.uncompared()
        if not self._candidates or self._candidates[0] == victim:
            return victim
        candidate = self._candidates[0]
        frequency = self._counts.frequency
        wins = beats(frequency(candidate), frequency(victim), self._sketch, self._generator)
        return victim if wins else candidate

    def _forget(self, k: Item) -> None:
        if k in self._window:
            self._fill -= self.sizes[k]
        self._line_of(k).take(k)

    def _resized(self, k: Item, change: int) -> None:
        line = self._line_of(k)
        line.items[k] += change
        line.used += change
        if line is self._window:
            self._fill += change
        self._candidates = []
        self._demote_protected()

    def _line_of(self, k: Item) -> _Line:
        return next(x for x in (self._window, self._probation, self._protected) if k in x)

    def _demote_protected(self) -> None:
        while self._protected.used > self._protected_limit:
            self._move_back(self._protected, self._probation)

    @staticmethod
    def _move_back(source: _Line, target: _Line, at_back: bool = False) -> int:
        k = source.back()
        size = source.take(k)
        target.add(k, size, at_back)
        return size

    def _adapt(self) -> None:
        assert self._climber is not None
        amount = self._climber.amount()
        if amount > 0:
            quota = min(amount, self._protected_limit)
            units = int(self._fill + quota) - int(self._fill)
            self._fill += quota
            self._shift(units, self._probation, self._window, grow=True)
        elif amount < 0:
            quota = min(-amount, self._window_limit, self._fill)
            units = int(self._fill) - int(self._fill - quota)
            self._fill -= quota
            self._shift(units, self._window, self._probation, grow=False)

    def _shift(self, units: int, source: _Line, target: _Line, grow: bool) -> None:
        """Move the limits by `units`, and with each share of them the item whose size that is.

        To the window's front when it grows, to probation's back when it shrinks. An item that is
        larger than what is left stays; the limits move all the same.
        """
        while units > 0:
            size = source.items[source.back()] if source else units + 1
            share = min(size, units)
            self._window_limit += share if grow else -share
            self._protected_limit -= share if grow else -share
            self._demote_protected()
            if size <= units:
                self._move_back(source, target, at_back=not grow)
            units -= share


class _Climber:
    """Says after each sample of requests by how much the window is to grow.

    Requests count from the moment the cache has been full. A sample has ``10 * contents`` requests.
    At its end, with the hit ratio r of it and r' of the sample before (0.0 at first): if r < r' the
    direction turns; if ``abs(r - r') >= 0.05`` the step and the sample have their initial sizes
    again; the step is what the window grows or shrinks by. Then the step is multiplied by 0.98,
    or, for at most 512 contents, by 0.995, in which case the next sample has
    ``int(10 * contents * min(4, initial step / step))`` requests. The step is ``0.0625 * capacity``
    at first, at least 2.0; the first direction is to shrink for more than 512 contents.
    """

    def __init__(self, capacity: int, contents: int) -> None:
        self.full = False
        self._few = contents <= 512
        self._growing = self._few
        self._first_step = max(2.0, 0.0625 * capacity)
        self._step = self._first_step
        self._first_sample = 10 * contents
        self._sample = self._first_sample
        self._hits = self._counted = 0
        self._before = 0.0

    def count(self, hit: bool) -> None:
        """Count a request."""
        if self.full:
            self._hits += hit
            self._counted += 1

    def amount(self) -> float:
        """Return what the window is to grow by, negative to shrink, 0.0 within a sample."""
        if not self.full or self._counted < self._sample:
            return 0.0
        ratio = self._hits / self._counted
        if ratio < self._before:
            self._growing = not self._growing
        if abs(ratio - self._before) >= 0.05:
            self._step, self._sample = self._first_step, self._first_sample
        amount = self._step if self._growing else -self._step
        self._step *= 0.995 if self._few else 0.98
        if self._few:
            self._sample = int(self._first_sample * min(4, self._first_step / self._step))
        self._before = ratio
        self._hits = self._counted = 0
        return amount
