"""Numbers of bytes, as settings give them: whole numbers, or texts such as ``"10 GiB"``."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from pydantic import ByteSize, TypeAdapter, ValidationError

from icarus.core.values import shown

__all__ = ["MOST_BYTES", "bytes_of", "has_unit", "shown_bytes"]

MOST_BYTES = 2**62
"""Engines count bytes in 64 bits."""

_bytes = TypeAdapter(ByteSize)
_WITH_UNIT = re.compile(r"\s*\d*\.?\d+\s*[a-z]+\s*", re.IGNORECASE)


def bytes_of(value: Any) -> int:
    """Return a number of bytes, 0 or more.

    Parameters
    ----------
    value : int or str
        A text has a unit: B, kB, MB, GB.. (powers of 1000) or KiB, MiB, GiB.. (of 1024).

    Raises
    ------
    ValueError
        If it is none, or more than engines count.

    Examples
    --------
    >>> bytes_of("10 GiB"), bytes_of("1.5kB"), bytes_of(7)
    (10737418240, 1500, 7)
    """
    number: int | None = None
    if isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_):
        number = int(value) if np.isfinite(value) and float(value).is_integer() else None
    elif has_unit(value):
        try:
            number = int(_bytes.validate_python(value))
        except ValidationError:
            number = None
    if number is None or number < 0:
        raise ValueError(
            f'should be a whole number of bytes, or a text such as "10 GB" or "256 MiB", '
            f"found {shown(value)}"
        )
    if number > MOST_BYTES:
        raise ValueError(f"should be at most 2**62 bytes, found {shown(value)}")
    return number


def has_unit(value: Any) -> bool:
    """Whether a value is a text of a number and a unit, be there such a unit or not."""
    return isinstance(value, str) and _WITH_UNIT.fullmatch(value) is not None


def shown_bytes(number: float) -> str:
    """Return a number of bytes as people read it, such as ``4.1 GB``."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while abs(number) >= 1000 and len(units) > 1:
        number /= 1000
        del units[0]
    return f"{number:.1f}".removesuffix(".0") + f" {units[0]}"
