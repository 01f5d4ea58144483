"""Twins of admission rules, around the twin of any policy."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_sketches import MASK, counts_of, mix64
from twins.sized_tinylfu import beats
from twins.sized_wrapping import WrappingTwin

__all__ = [
    "AdmissionRule",
    "AdmittingTwin",
    "ProbabilityRule",
    "RotatingBloomFilters",
    "SecondHitRule",
    "SizeProbabilityRule",
    "SizeRule",
    "TinyLfuRule",
]


class AdmissionRule:
    """Says at each miss whether the item may be stored; it is asked once, also if it is too large.

    ``asked`` is told of each request before the look-up, ``hit`` after one that hit.
    """

    def asked(self, k: Item) -> None:
        """See a request of `k`."""

    def hit(self, k: Item, size: int) -> None:
        """See that `k`, stored with `size` units, was found."""

    def admits(self, k: Item, size: int, cache: ScoredTwin) -> bool:
        """Return whether `k` may be stored in `cache`, which misses it."""
        raise NotImplementedError


class AdmittingTwin(WrappingTwin):
    """A cache that stores only what a rule admits.

    Parameters
    ----------
    cache : ScoredTwin
        What it is asked, stores and evicts is as without the rule.
    rule : AdmissionRule
        A put of a cached item does not ask it. ``remove`` and ``resize_item`` do not tell it.
    """

    def __init__(self, cache: ScoredTwin, rule: AdmissionRule) -> None:
        super().__init__(cache)
        self.rule = rule

    def get(self, k: Item) -> bool:
        """Look `k` up in the cache, telling the rule."""
        self.rule.asked(k)
        found = super().get(k)
        if found:
            # A policy may drop an item at its last hit.
            self.rule.hit(k, self.sizes.get(k, 1))
        return found

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` if the rule admits it; return what is evicted for it."""
        if k not in self.sizes and not self.rule.admits(k, size, self.cache):
            return []
        return super().put(k, size)


class SizeRule(AdmissionRule):
    """Admit what is smaller than `max` units."""

    def __init__(self, max: int) -> None:  # noqa: A002
        self._max = max

    def admits(self, k: Item, size: int, cache: ScoredTwin) -> bool:
        """Return whether the size is below the limit."""
        return size < self._max


class ProbabilityRule(AdmissionRule):
    """Admit if ``generator.random() < p``: one draw at each miss."""

    def __init__(self, p: float, seed: np.random.Generator) -> None:
        self._p = p
        self._generator = seed

    def admits(self, k: Item, size: int, cache: ScoredTwin) -> bool:
        """Draw."""
        return self._generator.random() < self._p


class SizeProbabilityRule(AdmissionRule):
    """Admit if ``generator.random() < exp(-size * c)``: one draw at each miss."""

    def __init__(self, c: float, seed: np.random.Generator) -> None:
        self._c = c
        self._generator = seed

    def admits(self, k: Item, size: int, cache: ScoredTwin) -> bool:
        """Draw."""
        return self._generator.random() < math.exp(-size * self._c)


class RotatingBloomFilters:
    """Remembers at least the last `memory` ids, at most twice as many, in two Bloom filters.

    Parameters
    ----------
    memory : int
        Ids that a filter takes.
    fpp : float
        Probability that a filter with `memory` ids says yes to another id.

    Notes
    -----
    A filter has ``m = ceil(-memory * ln(fpp) / ln(2)**2)`` bits and ``max(1, floor(m / memory *
    ln(2) + 0.5))`` hashes. With ``h = mix64(id modulo 2**64)``, ``low = h & (2**32 - 1)`` and
    ``high = (h >> 32) | 1``, hash i (from 0) is the bit ``(low + i * high) % m``, where the sum is
    below 2**64. An id is known if all its bits are set in the newer filter, or all in the older.
    An id that is not known is added to the newer; once that has taken `memory` of them, it becomes
    the older, and an empty one the newer. An id that is known is not added again.

    References
    ----------
    B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 13(7), 1970.
    """

    def __init__(self, memory: int, fpp: float = 0.01) -> None:
        self._memory = memory
        self._bits = math.ceil(-memory * math.log(fpp) / math.log(2) ** 2)
        self._hashes = max(1, math.floor(self._bits / memory * math.log(2) + 0.5))
        self._newer: set[int] = set()
        self._older: set[int] = set()
        self._taken = 0

    def knows(self, k: Any) -> bool:
        """Return whether `k` is known, and add it if not."""
        h = mix64(k & MASK)
        low, high = h & (2**32 - 1), (h >> 32) | 1
        bits = {(low + i * high) % self._bits for i in range(self._hashes)}
        if bits <= self._newer or bits <= self._older:
            return True
        self._newer |= bits
        self._taken += 1
        if self._taken == self._memory:
            self._older, self._newer, self._taken = self._newer, set(), 0
        return False


class SecondHitRule(AdmissionRule):
    """Refuse the first miss of an id, admit later ones.

    Parameters
    ----------
    memory : int, optional
        Ids remembered by each of two `RotatingBloomFilters`; all of them, exactly, by default.
    """

    def __init__(self, memory: int | None = None) -> None:
        self._filters = RotatingBloomFilters(memory) if memory else None
        self._missed: set[Item] = set()

    def admits(self, k: Item, size: int, cache: ScoredTwin) -> bool:
        """Return whether `k` was missed before."""
        if self._filters:
            return self._filters.knows(k)
        if k in self._missed:
            return True
        self._missed.add(k)
        return False


class TinyLfuRule(AdmissionRule):
    """Admit if there is room, or if the item `beats` the next victim in frequency.

    Parameters
    ----------
    contents : int
        What the counts are meant for, see ``counts_of``.
    sketch : {"count_min", "exact"}
    seed : numpy.random.Generator, optional
        For ``count_min``, see ``beats``.

    Notes
    -----
    Every request is counted before the look-up. The next victim is the first that the item would
    have leave, see ``next_victim``; more that would have to leave are not compared. What is larger
    than the capacity is refused first, without a draw.

    A policy has looked for its victim even if that stays: what it drew is drawn, and a policy with
    a method ``scan`` has moved on.
    """

    def __init__(
        self,
        contents: int,
        sketch: str = "count_min",
        seed: np.random.Generator | None = None,
    ) -> None:
        self._counts = counts_of(sketch, contents)
        self._sketch = sketch
        self._generator = seed

    def asked(self, k: Item) -> None:
        """Count the request."""
        self._counts.increment(k)

    def admits(self, k: Item, size: int, cache: ScoredTwin) -> bool:
        """Compare `k` with the next victim if there is no room."""
        if size > cache.capacity:
            return False
        victim, drawn = next_victim(cache, k, size)
        if victim is None:
            return True
        frequency = self._counts.frequency
        if beats(frequency(k), frequency(victim), self._sketch, self._generator):
            return True
        stays(cache, drawn)
        return False


def next_victim(cache: Any, k: Item, size: int) -> tuple[Item | None, Any]:
    """Return what leaves first, of what is there, if `k` is put; and what a Generator is like then.

    It is put into a copy. Where the newcomer is stored first, and may leave at once, the victim is
    the last of ``dump()``, or what the twin says with ``uncompared``.
    """
    probe = copy.deepcopy(cache)
    if getattr(cache, "store_first", False):
        if cache.used + size <= cache.capacity:
            return None, None
        uncompared = getattr(cache, "uncompared", None)
        return (cache.dump()[-1] if uncompared is None else uncompared()), None
    evict = getattr(probe, "_evict", None)
    states: list[Any] = []

    def noting() -> Any:
        evicted = evict()
        states.append(state_of(probe))
        return evicted

    if evict is not None:
        probe._evict = noting
    evicted = probe.put(k, size)
    if not evicted or evicted[0] == k:
        return None, None
    return evicted[0], (states[0] if states else state_of(probe))


def state_of(cache: Any) -> Any:
    """Return the state of the Generator of a twin, None if it has none."""
    generator = getattr(cache, "_generator", None)
    return None if generator is None else generator.bit_generator.state


def stays(cache: Any, drawn: Any) -> None:
    """Have a twin be as it is once it was asked for a victim that stays."""
    if drawn is not None:
        cache._generator.bit_generator.state = drawn
    if hasattr(cache, "scan"):
        cache.scan()
