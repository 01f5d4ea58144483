"""Whether what a job returned can be kept, which is found out before the job counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from itertools import chain
from typing import Any

import numpy as np

from icarus.errors import UnwritableError
from icarus.orchestration.jobs import Outcome
from icarus.orchestration.kinds import Product
from icarus.orchestration.status import Status
from icarus.results.encoding import Encoder
from icarus.util import Tree

__all__ = ["keepable"]

_MEMBERS = dataclasses.fields(Product)


def keepable(outcome: Outcome) -> Outcome:
    """Return an outcome that journal and results file can keep.

    Parameters
    ----------
    outcome : Outcome
        How a job ended.

    Returns
    -------
    Outcome
        The same, or FAILED in the place of one whose value contains itself, is nested too deeply
        or is too large; the error names the metric.
    """
    if outcome.value is None or _is_small(outcome.value):
        return outcome
    encoder = Encoder()
    try:
        told = [encoder.encode(getattr(outcome.value, one.name)) for one in _MEMBERS]
        encoder.payload([*told, encoder.encode(outcome.messages)])
    except UnwritableError as error:
        return dataclasses.replace(
            outcome,
            status=Status.FAILED,
            value=None,
            error=f"its result cannot be kept: {error}",
        )
    return outcome


_SMALL = 1 << 16
"""Values, characters and bytes up to which what is plain can be kept for certain."""
_FLAT = 8
"""Levels of mappings within each other that are looked at."""
_FIGURES = {float, bool, type(None)}


def _size_of_keys(keys: Collection[Any]) -> int | None:
    """Return the size of keys that are names, or links between nodes that have names or numbers."""
    if set(map(type, keys)) == {tuple}:
        keys = list(chain.from_iterable(keys))
    if not {int, str}.issuperset(map(type, keys)):
        return None
    numbers = [key for key in keys if type(key) is int]
    if max(map(int.bit_length, numbers), default=0) > 64:
        return None
    return len(keys) + sum(map(len, [key for key in keys if type(key) is str]))


def _is_small(product: Product) -> bool:
    """Whether there is little in a product, and nothing but plain values: as in almost all of them.

    That is known in a tenth of the time that it takes to encode it.
    """
    left = _SMALL
    waiting: list[tuple[Any, int]] = [(getattr(product, member.name), 0) for member in _MEMBERS]
    while waiting:
        value, depth = waiting.pop()
        kind = type(value)
        if kind is str:
            left -= len(value)
        elif kind is np.ndarray:
            if value.dtype.kind not in "bfiu":
                return False
            left -= value.nbytes
        elif kind is int:
            if value.bit_length() > 64:
                return False
        elif kind is Tree or kind is dict:
            size = _size_of_keys(value.keys())
            if depth == _FLAT or size is None:
                return False
            left -= size
            if _FIGURES.issuperset(map(type, value.values())):
                left -= len(value)
            else:
                waiting += [(item, depth + 1) for item in value.values()]
        elif value is not None and kind is not float and kind is not bool:
            return False
        left -= 1
        if left < 0:
            return False
    return True
