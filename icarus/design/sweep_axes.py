"""Axes as plain data, in sweep files and on the command line: what is one, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from icarus.core.values import shown
from icarus.design.sweep_models import AXIS_TABLES, AxisTable, checked
from icarus.errors import suggestion

__all__ = ["axis_of", "is_axis"]

_OPTIONS = frozenset(name for table in AXIS_TABLES.values() for name in table.model_fields)
_OPTIONS -= AXIS_TABLES.keys()
_NEARLY = 0.8
"""How alike a key and the name of a kind of axis are, for this to be meant."""


def is_axis(value: Any, depth: int) -> bool:
    """Whether what stands at a path is an axis, right or wrong, and not a table of axes.

    Parameters
    ----------
    value : object
        What stands there.
    depth : int
        The number of keys in the path.
    """
    if not isinstance(value, Mapping) or not value or any(kind in value for kind in AXIS_TABLES):
        return True
    # Few parameters are tables. One that has no axes in it, or a key that is nearly the name of
    # a kind of axis, is an axis with its name misspelt.
    tables = all(isinstance(item, list | Mapping) for item in value.values())
    return depth > 1 and not (tables and max(map(_likeness, value)) < _NEARLY)


def axis_of(value: Any, place: str) -> tuple[list[Any] | AxisTable | None, list[tuple[str, str]]]:
    """Return the list or table that an axis is, or None and what is wrong with it.

    Parameters
    ----------
    value : object
        As it was read.
    place : str
        Where it stands.

    Returns
    -------
    axis : list or AxisTable or None
    problems : list of (str, str)
        Each with its place.
    """
    if isinstance(value, list):
        return value, []
    if not isinstance(value, Mapping):
        return None, [
            (
                place,
                "should be a list of values, or an axis such as { linspace = [0, 1], n = 5 }, "
                f"found {shown(value)}; what does not vary belongs to base",
            )
        ]
    kinds = [kind for kind in AXIS_TABLES if kind in value]
    if len(kinds) > 1:
        return None, [(place, f"should be one kind of axis, found {' and '.join(kinds)}")]
    if kinds:
        return checked(AXIS_TABLES[kinds[0]], value, place)
    if not value:
        return None, [(place, f"a table without an axis; known: {', '.join(AXIS_TABLES)}")]
    meant = max(value, key=lambda key: (key not in _OPTIONS, _likeness(key)))
    return None, [(place, f"unknown axis {meant!r}; {suggestion(meant, AXIS_TABLES)}")]


@lru_cache(maxsize=1024)
def _likeness(key: str) -> float:
    return max(SequenceMatcher(None, key, kind).ratio() for kind in AXIS_TABLES)
