"""Values of an axis, by their places, and numbers as one would write them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from icarus.core.hashing import digest
from icarus.plaintext import one_line
from icarus.results.labels import section_text
from icarus.util import Tree

__all__ = [
    "Listed",
    "Stepped",
    "Values",
    "exact",
    "grid",
    "key_of",
    "plain",
    "repeated",
    "snapping",
]

_MOST_KNOWN = 10_000
"""Values of an axis in steps that are kept; computing one takes five microseconds."""
_SHOWN = 5
"""Values that a text has from the beginning."""
_WIDEST = 160
"""Characters of values that a text has, which one value alone may have, too."""


class Values(ABC):
    """The values of an axis, by their places from 0.

    Attributes
    ----------
    n : int
        How many there are; more than a list could hold, perhaps.
    """

    n: int

    @abstractmethod
    def __getitem__(self, place: int) -> Any:
        """Return the value at a place from 0 up."""

    @abstractmethod
    def places(self, value: Any) -> Sequence[int]:
        """Return the places that have a value, in order."""

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(self.n))

    def __str__(self) -> str:
        first = [_text(self[place]) for place in range(min(self.n - 1, _SHOWN))]
        last = _text(self[self.n - 1])
        while len(first) > 1 and len(", ".join([*first, last])) > _WIDEST:
            first.pop()
        return ", ".join([*first, *(["..."] if self.n > len(first) + 1 else []), last])


def _text(value: Any) -> str:
    return one_line(section_text(value), _WIDEST)


class Listed(Values):
    """Values in a list; some may be equal."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.n = len(values)
        self._values = values
        self._places: dict[Hashable, list[int]] = {}

    def __getitem__(self, place: int) -> Any:
        return self._values[place]

    def places(self, value: Any) -> Sequence[int]:
        """Return the places that have a value, in order."""
        if not self._places:
            places: dict[Hashable, list[int]] = {}
            for place, one in enumerate(self._values):
                places.setdefault(key_of(one), []).append(place)
            self._places = places
        return self._places.get(key_of(value), ())


class Stepped(Values):
    """Values in equal steps, computed when they are asked for.

    Parameters
    ----------
    start, step : Fraction
    n : int
    whole : bool
        Whether values are integers.
    """

    def __init__(self, start: Fraction, step: Fraction, n: int, *, whole: bool) -> None:
        self.n = n
        self._start = start
        self._step = step
        self._number: Callable[[Fraction], Any] = int if whole else float
        self._known: dict[int, Any] = {}

    def __getitem__(self, place: int) -> Any:
        value = self._known.get(place)
        if value is None:
            value = self._number(self._start + place * self._step)
            if len(self._known) < _MOST_KNOWN:
                self._known[place] = value
        return value

    def places(self, value: Any) -> Sequence[int]:
        """Return the place that has a value, if any has."""
        if type(value) not in (int, float) or not math.isfinite(value):
            return ()
        place = round((Fraction(value) - self._start) / self._step) if self._step else 0
        return (place,) if 0 <= place < self.n and self[place] == value else ()


def plain(value: Any) -> Any:
    """Return a value with nothing of NumPy's scalars in it, and containers that are its own.

    Mappings become Trees; those in lists stay what they are, as in Trees.
    """
    if isinstance(value, Mapping):
        return Tree({_item(key): plain(item) for key, item in value.items()})
    return _item(value)


def _item(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_item(item) for item in value)
    if type(value) is dict:
        return {_item(key): _item(item) for key, item in value.items()}
    return plain(value) if isinstance(value, Tree) else value


def key_of(value: Any) -> Hashable:
    """Return what values of one meaning share: 1 and 1.0 are the same, True is another."""
    kind = type(value)
    if kind is str or kind is int:
        key: Hashable = value
    elif kind is float:
        key = value if not math.isnan(value) else (kind, "nan")
    elif kind is bool or value is None:
        key = (kind, value)
    elif hasattr(value, "__qualname__"):
        # All lambdas have the same name.
        key = (kind, value)
    else:
        key = ("digest", digest(value))
    return key


def repeated(values: Iterable[Any]) -> tuple[int, int] | None:
    """Return the places of two equal values, if there are such."""
    seen: dict[Hashable, int] = {}
    for place, value in enumerate(values):
        first = seen.setdefault(key_of(value), place)
        if first != place:
            return first, place
    return None


def exact(number: float) -> Fraction:
    """Return the number that is written so: 1/10 for 0.1, which a double is not."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def grid(step: float, lo: float | None, hi: float | None) -> tuple[int | None, int | None]:
    """Return the least and the greatest multiple of `step` from `lo` to `hi`, over `step`."""
    least = None if lo is None else math.ceil(exact(lo) / exact(step))
    most = None if hi is None else math.floor(exact(hi) / exact(step))
    return least, most


def snapping(
    step: float | None, lo: float | None, hi: float | None
) -> Callable[[Fraction | float], float]:
    """Return what makes a number the nearest multiple of `step` from `lo` to `hi`.

    Without a step, numbers are made doubles and stay as they are.
    """
    if step is None:
        return float
    least, most = grid(step, lo, hi)
    width = exact(step)
    number: Callable[[Fraction], float] = int if isinstance(step, int) else float

    def snap(place: Fraction | float) -> float:
        multiple = round(Fraction(place) / width)
        multiple = multiple if least is None else max(multiple, least)
        multiple = multiple if most is None else min(multiple, most)
        return number(multiple * width)

    return snap
