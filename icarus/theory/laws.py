"""Laws that settings give a quantity by, such as the sizes of contents: quantiles and means.

A law is a mapping with its name under ``dist``, and its parameters. It is continuous where whole
numbers are no part of its definition; who asks rounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.special import ndtri

from icarus.core.values import check_value, shown
from icarus.errors import TraceError, suggestion
from icarus.traces.trace_file import missing_file
from icarus.types import NonNegative, Positive

__all__ = ["Constant", "Law", "Quantity", "WholeUniform", "law_of", "levels_of"]

_LEVELS = 2.0**-53


def levels_of(hashes: np.ndarray) -> np.ndarray:
    """Return the share, from 0 to below 1, that each of some 64-bit hashes stands for."""
    shares: np.ndarray = (hashes >> np.uint64(11)).astype(np.float64)
    shares *= _LEVELS
    return shares


class Law(Protocol):
    """A law of a quantity."""

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return the values below which shares `u` of all are, float64; `u` from 0 to below 1."""

    @property
    def mean(self) -> float:
        """The mean value."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """What laws are of."""

    what: str
    """Its name in messages, such as "size"."""
    value: Callable[[Any], float]
    """Returns a value as settings give it; a ValueError says what it should be."""
    read: Callable[[str], float]
    """Returns a value that stands in a file; a ValueError says that it is no number."""
    problem: Callable[[float], str | None]
    """Returns what a value of a file should be, if it is not."""
    own: Mapping[str, type[Any]] = field(default_factory=dict)
    """Laws that take the place of those of the same name."""

    @property
    def laws(self) -> dict[str, type[Any]]:
        """From the name of each law to its class."""
        return {**_LAWS, **self.own}


@dataclass(frozen=True)
class Constant:
    """All values are one."""

    value: float

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return the value for every share."""
        return np.full(len(u), float(self.value))

    @property
    def mean(self) -> float:
        """The value."""
        return float(self.value)


@dataclass(frozen=True)
class Uniform:
    """Numbers from `low` to `high`, equally likely."""

    low: float
    high: float

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles."""
        drawn: np.ndarray = self.low + u * (self.high - self.low)
        np.minimum(drawn, float(self.high), out=drawn)
        return drawn

    @property
    def mean(self) -> float:
        """The mean value."""
        return (self.low + self.high) / 2

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong between its parameters."""
        return _order(self.low, self.high, strictly=False)


class WholeUniform(Uniform):
    """Whole numbers from `low` to `high`, both included, equally likely."""

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles, which are whole numbers."""
        drawn: np.ndarray = self.low + np.floor(u * (self.high - self.low + 1))
        np.minimum(drawn, float(self.high), out=drawn)
        return drawn


@dataclass(frozen=True)
class Exponential:
    """Exponential values of a `mean`."""

    mean: float

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles."""
        drawn: np.ndarray = -self.mean * np.log1p(-u)
        return drawn


@dataclass(frozen=True)
class LogNormal:
    """Values whose logarithm is normal: `median`, and `sigma` of the natural logarithm."""

    median: float
    sigma: NonNegative

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles."""
        with np.errstate(over="ignore"):
            return (
                self.median * np.exp(self.sigma * ndtri(u)) if self.sigma else 0 * u + self.median
            )

    @property
    def mean(self) -> float:
        """The mean value."""
        return self.median * math.exp(min(self.sigma**2 / 2, 600.0))


@dataclass(frozen=True)
class Pareto:
    """Values x from `low` to `high` with density in proportion to x**-(`shape` + 1)."""

    shape: Positive
    low: float
    high: float

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles."""
        # By expm1 and log1p, as for small shapes the powers are nearly 1.
        below = -np.expm1(-self.shape * self._span)
        drawn: np.ndarray = self.low * np.exp(-np.log1p(-u * below) / self.shape)
        np.minimum(drawn, float(self.high), out=drawn)
        return drawn

    @property
    def mean(self) -> float:
        """The mean value."""
        a, span = self.shape, self._span
        below = -math.expm1(-a * span)
        # The integral of x**-a, whose primitive is a logarithm at 1.
        drawn = span if a == 1 else -math.expm1((1 - a) * span) / (a - 1)
        return self.low * a / below * drawn

    @property
    def _span(self) -> float:
        return math.log(self.high / self.low)

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong between its parameters."""
        return _order(self.low, self.high, strictly=True)


@dataclass(frozen=True)
class Empirical:
    """Values of a file, a line each: the value and its share, separated by a comma.

    Shares may have any sum above 0. Lines that begin with ``#`` and empty ones are left out.
    """

    path: str
    quantity: Quantity

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles, which are values of the file."""
        values, cumulated = self._table
        # The first value whose cumulated share exceeds u: one of share 0 never comes up.
        return values[np.minimum(cumulated.searchsorted(u, side="right"), len(values) - 1)]

    @cached_property
    def mean(self) -> float:
        """The mean value."""
        values, cumulated = self._table
        return float(values @ np.diff(cumulated, prepend=0.0))

    @property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        path = Path(self.path)
        return _value_shares(str(path), path.stat().st_mtime_ns, self.quantity)

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong with the file."""
        if missing := missing_file(self.path):
            return [("path", f"{self.path}: {missing}")]
        try:
            _ = self._table
        except TraceError as error:
            return [("path", str(error))]
        return []


_LAWS: dict[str, type[Any]] = {
    "EMPIRICAL": Empirical,
    "EXPONENTIAL": Exponential,
    "LOGNORMAL": LogNormal,
    "PARETO": Pareto,
    "UNIFORM": Uniform,
}
_VALUES = ("low", "high", "mean", "median")
"""Parameters that are values of the quantity."""
_TYPES: dict[str, Any] = {"sigma": NonNegative, "shape": Positive, "path": str | Path}
"""Those of the others."""


def law_of(
    given: Mapping[str, Any], quantity: Quantity
) -> tuple[Law | None, list[tuple[str, str]]]:
    """Return the law that settings give, and what is wrong with it.

    Parameters
    ----------
    given : mapping
        The name of the law as `dist`, and its parameters.
    quantity : Quantity
        What it is a law of.

    Returns
    -------
    law : Law or None
        None if it cannot be told.
    problems : list of (str, str)
        Each a key, and what is wrong with its value.
    """
    parameters = dict(given.items())
    name = parameters.pop("dist", None)
    laws = quantity.laws
    if name not in laws:
        hint = suggestion(str(name), laws)
        what = "missing" if name is None else f"unknown distribution {shown(name)}"
        return None, [("dist", f"{what}; {hint}")]
    known = {one.name: one for one in fields(laws[name]) if one.name != "quantity"}
    problems = [
        (str(key), f"{name} has no such parameter; {suggestion(str(key), known)}")
        for key in parameters
        if key not in known
    ]
    taken: dict[str, Any] = {"quantity": quantity} if laws[name] is Empirical else {}
    for key, one in known.items():
        if key in parameters:
            taken[key], wrong = _parameter(key, parameters[key], quantity)
            problems += [(key, text) for text in wrong]
        elif one.default is MISSING:
            problems.append((key, f"missing; {name} needs it"))
    if problems:
        return None, problems
    law = laws[name](**taken)
    return law, law.problems() if hasattr(law, "problems") else []


def _parameter(key: str, value: Any, quantity: Quantity) -> tuple[Any, list[str]]:
    """Return a parameter of a law as it is taken, and what is wrong with it."""
    if key in _VALUES:
        try:
            return quantity.value(value), []
        except ValueError as error:
            return value, [str(error)]
    wrong = check_value(_TYPES[key], value)
    return (str(value) if key == "path" else value), wrong


def _order(low: float, high: float, strictly: bool) -> list[tuple[str, str]]:
    if low < high or (low == high and not strictly):
        return []
    wanted = "above" if strictly else "at least"
    return [("high", f"should be {wanted} low, {low}, found {high}")]


@lru_cache(maxsize=8)
def _value_shares(path: str, changed: int, quantity: Quantity) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of a file in increasing order, and the cumulated shares, the last one 1."""
    shares: dict[float, float] = {}
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            value, share = _value_share(path, text, number, quantity)
            shares[value] = shares.get(value, 0.0) + share
    total = math.fsum(shares.values())
    if not 0 < total < math.inf:
        raise TraceError(path, f"no {quantity.what} has a share above 0")
    values = np.array(sorted(shares), dtype=np.float64)
    cumulated = np.cumsum([shares[value] / total for value in sorted(shares)])
    return values, np.minimum(cumulated / cumulated[-1], 1.0)


def _value_share(path: str, text: str, line: int, quantity: Quantity) -> tuple[float, float]:
    cells = [cell.strip() for cell in text.split(",")]
    if len(cells) != 2:
        wanted = f"should be a {quantity.what} and a share"
        raise TraceError(path, f"{wanted}, found {shown(text)}", line)
    try:
        value, share = quantity.read(cells[0]), float(cells[1])
    except ValueError:
        raise TraceError(path, f"should be two numbers, found {shown(text)}", line) from None
    if problem := quantity.problem(value):
        text = f"the {quantity.what} should be {problem}, found {cells[0]}"
        raise TraceError(path, text, line)
    if not 0 <= share < math.inf:
        raise TraceError(path, f"the share should be 0 or more, found {cells[1]}", line)
    return value, share
