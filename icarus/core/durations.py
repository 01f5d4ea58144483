"""Durations as people write them: ``250us``, ``500ms``, ``2m30s``, ``1h``, or seconds."""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["seconds_of"]

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|min|s|m|h|d)\s*", re.ASCII)


def seconds_of(value: Any) -> float:
    """Return how many seconds a duration is.

    Parameters
    ----------
    value : float or str
        Seconds, or numbers with units (us, ms, s, m or min, h, d), the largest unit first.

    Raises
    ------
    ValueError
        If it is neither, negative, or endless.

    Examples
    --------
    >>> seconds_of("2m30s"), seconds_of(90)
    (150.0, 90.0)
    """
    wanted = f"should be seconds, or a duration such as '90s' or '1h30m', found {value!r}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value < math.inf:
            raise ValueError(wanted)
        return float(value)
    if not isinstance(value, str) or len(value) > 100:
        raise ValueError(wanted)
    total, end, last = 0.0, 0, math.inf
    for part in _PART.finditer(value.strip()):
        unit = _UNITS[part[2]]
        if part.start() != end or unit >= last:
            raise ValueError(wanted)
        total, end, last = total + float(part[1]) * unit, part.end(), unit
    if end != len(value.strip()) or end == 0:
        raise ValueError(wanted)
    return total
