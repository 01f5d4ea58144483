"""Counts of requests for W_TINYLFU and TINYLFU: exact ones, and a count-min sketch."""

from __future__ import annotations

from typing import Any, Protocol

from twins.sized import Item

__all__ = ["CountMinSketch", "ExactCounts", "RequestCounts", "counts_of", "mix64"]

MASK = 2**64 - 1


def mix64(number: int) -> int:
    """Return the SplitMix64 output for the state `number`, from 0 to 2**64 - 1.

    All operations modulo 2**64: add 0x9E3779B97F4A7C15; z ^= z >> 30, times 0xBF58476D1CE4E5B9;
    z ^= z >> 27, times 0x94D049BB133111EB; z ^= z >> 31.
    """
    z = (number + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class RequestCounts(Protocol):
    """Counts of requests that fade."""

    def increment(self, k: Item) -> None:
        """Count a request of `k`."""

    def frequency(self, k: Item) -> int:
        """Return about how often `k` was asked lately."""


class ExactCounts:
    """A count for each item; all are halved when ``10 * contents`` increments are counted.

    An increment adds 1 to the item's count and to the number of events. When that has reached
    ``10 * contents``, each count is halved (floor; those of 0 are dropped), and so is the number of
    events (floor).
    """

    def __init__(self, contents: int) -> None:
        self._period = 10 * contents
        self._events = 0
        self._counts: dict[Item, int] = {}

    def increment(self, k: Item) -> None:
        """Count a request of `k`."""
        self._counts[k] = self._counts.get(k, 0) + 1
        self._events += 1
        if self._events >= self._period:
            self._counts = {k: n // 2 for k, n in self._counts.items() if n > 1}
            self._events //= 2

    def frequency(self, k: Item) -> int:
        """Return the count of `k`."""
        return self._counts.get(k, 0)


class CountMinSketch:
    """Four rows of counters from 0 to 15; the least of an item's four is its frequency.

    Parameters
    ----------
    contents : int
        With P the least power of two that is at least `contents`, a row has ``4 * P`` counters.

    Notes
    -----
    The item is an integer, taken modulo 2**64. With ``h = mix64(item)``, ``low = h & (2**32 - 1)``
    and ``high = (h >> 32) | 1``, its counter in row r (0 to 3) has the number
    ``(low + r * high) & (4 * P - 1)``. An increment adds 1 to each of the four that is below 15. If
    there was one, the number of events grows by 1; when that has reached ``10 * P``, every counter
    is halved (floor), and so is the number of events (floor).

    References
    ----------
    G. Cormode, S. Muthukrishnan, "An improved data stream summary", J. Algorithms 55(1), 2005.
    G. Einziger, R. Friedman, B. Manes, "TinyLFU", ACM TOS 13(4), 2017. doi:10.1145/3149371
    """

    ROWS = 4
    LARGEST = 15

    def __init__(self, contents: int) -> None:
        power = 1
        while power < contents:
            power *= 2
        self._width = 4 * power
        self._period = 10 * power
        self._events = 0
        self._rows = [[0] * self._width for _ in range(self.ROWS)]

    def increment(self, k: Any) -> None:
        """Count a request of `k`."""
        raised = False
        for row, place in zip(self._rows, self._places(k), strict=True):
            if row[place] < self.LARGEST:
                row[place] += 1
                raised = True
        if raised:
            self._events += 1
            if self._events >= self._period:
                self._rows = [[n // 2 for n in row] for row in self._rows]
                self._events //= 2

    def frequency(self, k: Any) -> int:
        """Return the least of the four counters of `k`."""
        return min(row[place] for row, place in zip(self._rows, self._places(k), strict=True))

    def _places(self, k: int) -> list[int]:
        h = mix64(k & MASK)
        low, high = h & (2**32 - 1), (h >> 32) | 1
        return [(low + r * high) & (self._width - 1) for r in range(self.ROWS)]


def counts_of(sketch: str, contents: int) -> RequestCounts:
    """Return the counts of a name, ``"exact"`` or ``"count_min"``, for a number of contents."""
    return {"exact": ExactCounts, "count_min": CountMinSketch}[sketch](contents)
