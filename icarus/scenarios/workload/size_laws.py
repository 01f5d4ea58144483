"""Laws of content sizes: the quantile of each, and its mean.

Sizes are bytes. A law is continuous where whole bytes are no part of its definition; who asks
rounds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from scipy.special import ndtri

from icarus.core.byte_sizes import bytes_of
from icarus.core.values import check_value, shown
from icarus.errors import TraceError, suggestion
from icarus.traces.trace_file import missing_file
from icarus.types import NonNegative, Positive

__all__ = ["LARGEST", "ContentSize", "SizeLaw", "size_files", "size_law", "size_problems"]

ContentSize: TypeAlias = int | str | Mapping[str, Any]
"""What settings may give as sizes: one for all, or a law."""

LARGEST = 2**53
"""Bytes of a content at most: larger ones are no exact floats."""


class SizeLaw(Protocol):
    """A law of sizes."""

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return the sizes below which shares `u` of all are, float64; `u` from 0 to below 1."""

    @property
    def mean(self) -> float:
        """The mean size."""


@dataclass(frozen=True)
class Constant:
    """All contents have one size."""

    size: int

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return the size for every share."""
        return np.full(len(u), float(self.size))

    @property
    def mean(self) -> float:
        """The size."""
        return float(self.size)


@dataclass(frozen=True)
class Uniform:
    """Whole numbers from `low` to `high`, both included, equally likely."""

    low: int
    high: int

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles, which are whole numbers."""
        drawn: np.ndarray = self.low + np.floor(u * (self.high - self.low + 1))
        np.minimum(drawn, float(self.high), out=drawn)
        return drawn

    @property
    def mean(self) -> float:
        """The mean size."""
        return (self.low + self.high) / 2

    def problems(self) -> list[str]:
        """Return what is wrong between its parameters."""
        return _order(self.low, self.high, strictly=False)


@dataclass(frozen=True)
class LogNormal:
    """Sizes whose logarithm is normal: `median`, and `sigma` of the natural logarithm."""

    median: int
    sigma: NonNegative

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles."""
        with np.errstate(over="ignore"):
            return (
                self.median * np.exp(self.sigma * ndtri(u)) if self.sigma else 0 * u + self.median
            )

    @property
    def mean(self) -> float:
        """The mean size."""
        return self.median * math.exp(min(self.sigma**2 / 2, 600.0))


@dataclass(frozen=True)
class Pareto:
    """Sizes x from `low` to `high` with density in proportion to x**-(`shape` + 1)."""

    shape: Positive
    low: int
    high: int

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles."""
        # By expm1 and log1p, as for small shapes the powers are nearly 1.
        below = -np.expm1(-self.shape * self._span)
        drawn: np.ndarray = self.low * np.exp(-np.log1p(-u * below) / self.shape)
        np.minimum(drawn, float(self.high), out=drawn)
        return drawn

    @property
    def mean(self) -> float:
        """The mean size."""
        a, span = self.shape, self._span
        below = -math.expm1(-a * span)
        # The integral of x**-a, whose primitive is a logarithm at 1.
        drawn = span if a == 1 else -math.expm1((1 - a) * span) / (a - 1)
        return self.low * a / below * drawn

    @property
    def _span(self) -> float:
        return math.log(self.high / self.low)

    def problems(self) -> list[str]:
        """Return what is wrong between its parameters."""
        return _order(self.low, self.high, strictly=True)


@dataclass(frozen=True)
class Empirical:
    """Sizes of a file, a line each: the size and its share of contents, separated by a comma.

    Shares may have any sum above 0. Lines that begin with ``#`` and empty ones are left out.
    """

    path: str

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles, which are sizes of the file."""
        sizes, cumulated = self._table
        # The first size whose cumulated share exceeds u: one of share 0 never comes up.
        return sizes[np.minimum(cumulated.searchsorted(u, side="right"), len(sizes) - 1)]

    @cached_property
    def mean(self) -> float:
        """The mean size."""
        sizes, cumulated = self._table
        return float(sizes @ np.diff(cumulated, prepend=0.0))

    @property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        path = Path(self.path)
        return _size_shares(str(path), path.stat().st_mtime_ns)

    def problems(self) -> list[str]:
        """Return what is wrong with the file."""
        if missing := missing_file(self.path):
            return [f"path: {self.path}: {missing}"]
        try:
            _ = self._table
        except TraceError as error:
            return [f"path: {error}"]
        return []


_LAWS: dict[str, type[Any]] = {
    "UNIFORM": Uniform,
    "LOGNORMAL": LogNormal,
    "PARETO": Pareto,
    "EMPIRICAL": Empirical,
}
_SIZES = ("low", "high", "median")
"""Parameters that are sizes."""


def size_law(given: ContentSize) -> SizeLaw:
    """Return the law that settings give.

    Raises
    ------
    ValueError
        With a line for each thing that is wrong.
    """
    law, problems = _read(given)
    if law is None or problems:
        raise ValueError("\n".join(problems))
    return law


def size_problems(given: Any) -> list[str]:
    """Return what is wrong with sizes that settings give, each with its place."""
    return _read(given)[1]


def size_files(parameters: Mapping[str, Any]) -> list[str]:
    """Return the files that sizes are read from, for what a workload is known by."""
    given = parameters.get("content_size")
    path = given.get("path") if isinstance(given, Mapping) else None
    return [path] if isinstance(path, str) else []


def _read(given: Any) -> tuple[SizeLaw | None, list[str]]:
    if not isinstance(given, Mapping):
        try:
            return Constant(_size(given)), []
        except ValueError as error:
            return None, [f"content_size {error}"]
    parameters = dict(given.items())
    name = parameters.pop("dist", None)
    if name not in _LAWS:
        hint = suggestion(str(name), _LAWS)
        what = "missing" if name is None else f"unknown distribution {shown(name)}"
        return None, [f"content_size.dist: {what}; {hint}"]
    known = {field.name: field for field in fields(_LAWS[name])}
    problems = [
        f"content_size.{key}: {name} has no such parameter; {suggestion(str(key), known)}"
        for key in parameters
        if key not in known
    ]
    taken: dict[str, Any] = {}
    for key, field in known.items():
        if key in parameters:
            taken[key], wrong = _parameter(key, field.type, parameters[key])
            problems += wrong
        elif field.default is MISSING:
            problems.append(f"content_size.{key}: missing; {name} needs it")
    if problems:
        return None, problems
    law = _LAWS[name](**taken)
    between = law.problems() if hasattr(law, "problems") else []
    return law, [f"content_size.{problem}" for problem in between]


_TYPES: dict[str, Any] = {"sigma": NonNegative, "shape": Positive, "path": str | Path}


def _parameter(key: str, kind: Any, value: Any) -> tuple[Any, list[str]]:
    """Return a parameter of a law as it is taken, and what is wrong with it."""
    if key in _SIZES:
        try:
            return _size(value), []
        except ValueError as error:
            return value, [f"content_size.{key} {error}"]
    wrong = [f"content_size.{key} {text}" for text in check_value(_TYPES[key], value)]
    return (str(value) if key == "path" else value), wrong


def _size(value: Any) -> int:
    size = bytes_of(value)
    if not 1 <= size <= LARGEST:
        raise ValueError(f"should be from 1 to 2**53 bytes, found {shown(value)}")
    return size


def _order(low: int, high: int, strictly: bool) -> list[str]:
    if low < high or (low == high and not strictly):
        return []
    wanted = "above" if strictly else "at least"
    return [f"high should be {wanted} low, {low}, found {high}"]


@lru_cache(maxsize=8)
def _size_shares(path: str, changed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes of a file in increasing order, and the cumulated shares, the last one 1."""
    shares: dict[int, float] = {}
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            size, share = _size_share(path, text, number)
            shares[size] = shares.get(size, 0.0) + share
    total = math.fsum(shares.values())
    if not 0 < total < math.inf:
        raise TraceError(path, "no size has a share above 0")
    sizes = np.array(sorted(shares), dtype=np.float64)
    cumulated = np.cumsum([shares[size] / total for size in sorted(shares)])
    return sizes, np.minimum(cumulated / cumulated[-1], 1.0)


def _size_share(path: str, text: str, line: int) -> tuple[int, float]:
    cells = [cell.strip() for cell in text.split(",")]
    if len(cells) != 2:
        raise TraceError(path, f"should be a size and a share, found {shown(text)}", line)
    try:
        size, share = int(cells[0]), float(cells[1])
    except ValueError:
        raise TraceError(path, f"should be two numbers, found {shown(text)}", line) from None
    if not 1 <= size <= LARGEST:
        raise TraceError(path, f"the size should be from 1 to 2**53, found {size}", line)
    if not 0 <= share < math.inf:
        raise TraceError(path, f"the share should be 0 or more, found {cells[1]}", line)
    return size, share
