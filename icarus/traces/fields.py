"""What the cells of a table stand for: times, sizes and counts.

A column is converted at once, as fast as Python does it. Only ASCII digits count, without
separators: Python itself would take ``1_000`` for a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import numpy as np

from icarus.plaintext import cut

__all__ = [
    "MOST_REPEATS",
    "TIME_UNITS",
    "counted",
    "iso_column",
    "repeat_column",
    "seconds_column",
    "shown",
    "size_column",
    "takes",
]

TIME_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Units of times, and how many of them are a second."""

MOST_REPEATS = 10**6
"""How often a row may say that its request is repeated."""

_LONGEST_SHOWN = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(?<=\d)[.,](\d+)(?=[Zz+-]|\Z)", re.ASCII)


def seconds_column(cells: Sequence[str], unit: str = "s") -> np.ndarray:
    """Return numbers in a unit of `TIME_UNITS` as seconds, float64; ValueError if one is none."""
    _refuse_odd_digits(cells)
    per_second = TIME_UNITS[unit]
    if per_second == 1:
        seconds = np.array(list(map(float, cells)))
    else:
        try:
            whole = np.array(list(map(int, cells)), dtype=np.int64)
            # Nanoseconds since 1970 have more digits than a float.
            seconds = whole // per_second + whole % per_second / per_second
        except (ValueError, OverflowError):
            seconds = np.array(list(map(float, cells))) / per_second
    if not np.isfinite(seconds).all():
        raise ValueError
    return seconds


def iso_column(cells: Sequence[str]) -> np.ndarray:
    """Return ISO 8601 dates as seconds since 1970, float64; ValueError if one is none.

    Dates that name no zone are in UTC.
    """
    return np.array([_iso_seconds(cell.strip()) for cell in cells])


def _iso_seconds(cell: str) -> float:
    fraction = _FRACTION.search(cell, 10)
    if fraction is not None:
        cell = cell[: fraction.start()] + cell[fraction.end() :]
    moment = datetime.fromisoformat(cell)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    if fraction is None:
        return float(seconds)
    scale = 10 ** len(fraction[1])
    return float((seconds * scale + int(fraction[1])) / scale)


def size_column(cells: Sequence[str]) -> np.ndarray:
    """Return whole numbers >= 0, such as 10, 10.0 and 1e3, int64; ValueError if one is none."""
    _refuse_odd_digits(cells)
    try:
        numbers = list(map(int, cells))
    except ValueError:
        numbers = list(map(_whole, cells))
    try:
        sizes = np.array(numbers, dtype=np.int64)
    except OverflowError:
        raise ValueError from None
    if len(sizes) and sizes.min() < 0:
        raise ValueError
    return sizes


def repeat_column(cells: Sequence[str]) -> np.ndarray:
    """Return whole numbers from 0 to `MOST_REPEATS`, int64; ValueError if one is none."""
    repeats = size_column(cells)
    if len(repeats) and repeats.max() > MOST_REPEATS:
        raise ValueError
    return repeats


def takes(column: Callable[[Sequence[str]], np.ndarray], cell: str) -> bool:
    """Whether a conversion of columns takes a cell."""
    try:
        column([cell])
    except (ValueError, OverflowError):
        return False
    return True


def counted(items: Sequence[object], noun: str) -> str:
    """Return how many items there are, such as ``1 column`` and ``2 columns``."""
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def shown(cell: str) -> str:
    """Return a cell as a message shows it."""
    return repr(cut(cell, _LONGEST_SHOWN))


def _whole(cell: str) -> int:
    try:
        number = Decimal(cell.strip())
        if not 0 <= number < 2**63 or number != number.to_integral_value():
            raise ValueError
    except InvalidOperation:
        raise ValueError from None
    return int(number)


def _refuse_odd_digits(cells: Sequence[str]) -> None:
    joined = "".join(cells)
    if "_" in joined or not joined.isascii():
        raise ValueError
