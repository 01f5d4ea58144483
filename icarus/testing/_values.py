"""Whether two values that components gave are the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["difference"]


def difference(found: Any, expected: Any, *, close: bool = False, place: str = "") -> str | None:
    """Return where and how two values differ, or None.

    Numbers that are no numbers (NaN) are equal to each other.

    Parameters
    ----------
    found, expected : object
        Containers are compared entry by entry.
    close : bool, optional
        Whether floating-point numbers may differ by what another order of sums makes.
    place : str, optional
        Where they stand.
    """
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        return _in_mappings(found, expected, close, place)
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        found_in_order, in_order = dict(enumerate(found)), dict(enumerate(expected))
        return _in_mappings(found_in_order, in_order, close, place)
    if isinstance(found, np.ndarray) or isinstance(expected, np.ndarray):
        return difference(np.asarray(found).tolist(), np.asarray(expected).tolist(), place=place)
    if _same(found, expected, close):
        return None
    return f"{place + ': ' if place else ''}{found!r} instead of {expected!r}"


def _in_mappings(
    found: Mapping[Any, Any], expected: Mapping[Any, Any], close: bool, place: str
) -> str | None:
    # By `keys`: iterating over a Tree gives its leaves.
    for key in expected.keys():  # noqa: SIM118
        here = f"{place}[{key!r}]"
        if key not in found:
            return f"{here} is missing"
        differs = difference(found[key], expected[key], close=close, place=here)
        if differs is not None:
            return differs
    more = [key for key in found.keys() if key not in expected]  # noqa: SIM118
    return f"{place}[{more[0]!r}] should not be there" if more else None


def _same(found: Any, expected: Any, close: bool) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        if math.isnan(found) or math.isnan(expected):
            return math.isnan(found) and math.isnan(expected)
        if close:
            return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    return bool(found == expected)
