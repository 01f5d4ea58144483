"""How much a value stands for once it is written out, which may be far more than it takes.

A list in which each element is the same list, and so on for forty levels, takes a few kilobytes
and never ends when it is printed, hashed or compared.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from icarus.errors import ResultsError

__all__ = ["DEEPEST", "Weights", "leaves"]

DEEPEST = 300
"""Levels of containers within each other that are read."""
_MOST_FIELDS = 10_000
_DEEPEST_FIELDS = 20
_SEQUENCES = (list, tuple, set, frozenset, deque)


class Weights:
    """Says how much values stand for: one for each value, and one for each byte of the long ones.

    Parameters
    ----------
    most : int
        What no value may exceed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[int, tuple[int, int]] = {}

    def of(self, value: Any) -> int:
        """Return how much `value` stands for.

        It must not change, or go, for as long as this object is asked.

        Raises
        ------
        ResultsError
            If it is too much, nested too deeply or contains itself.
        """
        total = [0]
        depths = [0]
        opened: list[int] = []
        rest = [iter((value,))]
        while rest:
            for child in rest[-1]:
                parts = _parts(child)
                weight, depth = (_own(child), 0) if parts is None else self._weighed(child)
                if weight:
                    self._add(total, depths, weight, depth)
                    continue
                assert parts is not None
                if id(child) in opened or len(opened) >= DEEPEST:
                    raise ResultsError("it is damaged: a value contains itself, or is too deep")
                opened.append(id(child))
                rest.append(parts)
                total.append(1)
                depths.append(0)
                break
            else:
                rest.pop()
                weight, depth = total.pop(), depths.pop() + 1
                if not opened:
                    return weight
                self._known[opened.pop()] = weight, depth
                self._add(total, depths, weight, depth)
        raise AssertionError

    def _weighed(self, value: Any) -> tuple[int, int]:
        return self._known.get(id(value), (0, 0))

    def _add(self, total: list[int], depths: list[int], weight: int, depth: int) -> None:
        total[-1] += weight
        depths[-1] = max(depths[-1], depth)
        if total[-1] > self._most or len(depths) + depth > DEEPEST:
            raise ResultsError("it is damaged: a value stands for more than it can be of")


def _parts(value: Any) -> Iterator[Any] | None:
    """Return what a value consists of, None for one that consists of nothing else."""
    if isinstance(value, dict):
        return iter([*dict.keys(value), *dict.values(value)])
    if isinstance(value, _SEQUENCES):
        return iter(value)
    if isinstance(value, slice):
        return iter((value.start, value.stop, value.step))
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return iter(value.ravel().tolist())
    return None


def _own(value: Any) -> int:
    if isinstance(value, (str, bytes, bytearray)):
        return 1 + len(value)
    if isinstance(value, int):
        return 1 + value.bit_length() // 8
    return 1 + value.nbytes if isinstance(value, (np.ndarray, np.generic)) else 1


def leaves(dtype: np.dtype[Any]) -> int:
    """Return of how many fields a type of NumPy consists, those of fields included.

    Raises
    ------
    ResultsError
        If they are too many, or nested too deeply.
    """
    return _leaves(dtype, {}, 0)


def _leaves(dtype: np.dtype[Any], known: dict[int, int], depth: int) -> int:
    if id(dtype) in known:
        return known[id(dtype)]
    number = 1
    if dtype.subdtype is not None:
        number += _leaves(dtype.subdtype[0], known, depth + 1)
    elif dtype.fields is not None and depth < _DEEPEST_FIELDS:
        number += sum(_leaves(part[0], known, depth + 1) for part in dtype.fields.values())
    if number > _MOST_FIELDS or depth >= _DEEPEST_FIELDS:
        raise ResultsError("it is damaged: the type of an array makes no sense")
    known[id(dtype)] = number
    return number
