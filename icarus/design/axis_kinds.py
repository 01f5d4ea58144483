"""Kinds of axes: what they are made of, and the values that this gives.

An axis is a description. Its values come to be where a design binds it to a path and a seed: those
of sampled axes are drawn from a stream that depends on the two and on nothing else. Values are
numbers as one would write them: bounds and steps are taken for the decimals that they are written
as, so that steps of 0.1 give 0.3 and not 0.30000000000000004, on every machine.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from icarus.core.hashing import stable_hash
from icarus.core.values import nesting_problem, shown
from icarus.design.axis_values import (
    Listed,
    Stepped,
    Values,
    exact,
    grid,
    plain,
    repeated,
    snapping,
)

__all__ = ["Axis", "Choice", "Lhs", "Range", "Sampled", "Spaced"]

_MOST_DRAWN = 100_000
"""Values of an axis that are computed one by one."""
_TRIES = 100
"""Draws a value, on average, before an axis is given up that wants no value twice."""
_DECIMALS = Context(prec=25)
"""Digits of powers and logarithms, whose last bit differs between machines in doubles."""


class Axis(ABC):
    """What values a parameter takes; see ``icarus.design.axes``, which makes one."""

    kind: str

    @abstractmethod
    def problems(self) -> list[str]:
        """Return what is wrong with the description."""

    @abstractmethod
    def values(self, name: str, seed: int) -> Values:
        """Return the values; ValueError if there are none, or not as many as asked for.

        Parameters
        ----------
        name : str
            What the axis is called; draws depend on it.
        seed : int
            Of the design.
        """


def generator(name: str, seed: int) -> np.random.Generator:
    """Return the generator of the axis called `name`."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stable_hash(name),)))


@dataclass(frozen=True)
class Choice(Axis):
    """The axis that `choice` makes."""

    given: Any
    repeats: bool
    kind = "choice"

    def problems(self) -> list[str]:
        if isinstance(self.given, str | Mapping) or not isinstance(
            self.given, list | tuple | range | np.ndarray | Sequence
        ):
            return [f"should be a list of values or an axis, found {shown(self.given)}"]
        if isinstance(self.given, np.ndarray) and self.given.ndim != 1:
            return [f"should be a list of values, found an array of {self.given.ndim} dimensions"]
        if not len(self.given):
            return ["a list without values"]
        nested = nesting_problem(self.given)
        return [] if nested is None else [nested[1]]

    def values(self, name: str, seed: int) -> Values:
        values = [plain(value) for value in self.given]
        again = None if self.repeats else repeated(values)
        if again is not None:
            raise ValueError(f"{shown(values[again[0]])} is in it twice")
        return Listed(values)


@dataclass(frozen=True)
class Range(Axis):
    """The axis that `range` makes."""

    start: Any
    stop: Any
    step: Any
    kind = "range"

    def problems(self) -> list[str]:
        found = _unreal(start=self.start, stop=self.stop, step=self.step)
        if not found and self.step == 0:
            found.append("range: step should not be 0")
        elif not found and (self.stop - self.start) * self.step < 0:
            found.append(f"range: no step of {self.step} leads from {self.start} to {self.stop}")
        return [
            problem if problem.startswith("range") else f"range: {problem}" for problem in found
        ]

    def values(self, name: str, seed: int) -> Values:
        start, step = exact(self.start), exact(self.step)
        n = math.floor((exact(self.stop) - start) / step) + 1
        return Stepped(start, step, n, whole=type(self.start) is type(self.step) is int)


@dataclass(frozen=True)
class Spaced(Axis):
    """The axes that `linspace` and `logspace` make."""

    kind: str
    lo: Any
    hi: Any
    n: Any
    round: Any

    def problems(self) -> list[str]:
        lazy = self.kind == "linspace" and self.round is None
        found = _unreal(lo=self.lo, hi=self.hi)
        found += _uncountable(self.n, math.inf) if lazy else _uncountable(self.n)
        if not found and self.n == 1 and self.lo != self.hi:
            found.append(f"1 value cannot be both {self.lo} and {self.hi}")
        if not found and self.kind == "logspace" and min(self.lo, self.hi) <= 0:
            found.append(f"lo and hi should be above 0, found {self.lo} and {self.hi}")
        found += _unsnappable(self.round, self.lo, self.hi) if not found else []
        return [f"{self.kind}: {problem}" for problem in found]

    def values(self, name: str, seed: int) -> Values:
        lo, hi, n = exact(self.lo), exact(self.hi), int(self.n)
        step = (hi - lo) / max(n - 1, 1)
        if self.kind == "linspace" and self.round is None:
            return Stepped(lo, step, n, whole=False)
        if self.kind == "linspace":
            places: Iterable[Any] = (lo + k * step for k in range(n))
        else:
            places = (_between_logarithms(lo, hi, Fraction(k, max(n - 1, 1))) for k in range(n))
        snap = snapping(self.round, self.lo, self.hi)
        # Steps may be wider than the space between values.
        return Listed(list(dict.fromkeys(map(snap, places))))


@dataclass(frozen=True)
class Sampled(Axis):
    """The axes that `uniform`, `loguniform` and `normal` make."""

    kind: str
    first: Any
    second: Any
    n: Any
    lo: Any
    hi: Any
    round: Any

    def problems(self) -> list[str]:
        names = ("mean", "sd") if self.kind == "normal" else ("lo", "hi")
        found = _unreal(**dict(zip(names, (self.first, self.second), strict=True)))
        bounds = {"lo": self.lo, "hi": self.hi}
        found += _unreal(**{k: v for k, v in bounds.items() if v is not None and k not in names})
        found += _uncountable(self.n)
        if found:
            pass
        elif self.kind == "normal" and self.second <= 0:
            found.append(f"sd should be above 0, found {self.second}")
        elif None not in (self.lo, self.hi) and self.lo >= self.hi:
            found.append(f"lo should be below hi, found {self.lo} and {self.hi}")
        elif self.kind == "loguniform" and self.lo <= 0:
            found.append(f"lo should be above 0, found {self.lo}")
        found += _unsnappable(self.round, self.lo, self.hi) if not found else []
        return [f"{self.kind}: {problem}" for problem in found]

    def values(self, name: str, seed: int) -> Values:
        draws = generator(name, seed)
        snap = snapping(self.round, self.lo, self.hi)
        draw: Callable[[], Any] = getattr(self, f"_{self.kind}")(draws, snap)
        drawn: dict[Any, None] = {}
        for _ in range(_TRIES * int(self.n) + 1000):
            value = draw()
            if value is not None:
                drawn[value] = None
            if len(drawn) == self.n:
                return Listed(list(drawn))
        raise ValueError(f"{self.kind}: {len(drawn)} different values, {self.n} asked for")

    def _uniform(self, draws: np.random.Generator, snap: Callable[[Any], Any]) -> Any:
        lo, hi = exact(self.lo), exact(self.hi)
        if self.round is None:
            return lambda: snap(lo + (hi - lo) * Fraction(float(draws.random())))
        # Snapping alone would give the outermost values half the chance of the others.
        step = exact(self.round)
        least, most = math.ceil(lo / step), math.floor(hi / step)
        return lambda: snap((least + int(draws.random() * (most - least + 1))) * step)

    def _loguniform(self, draws: np.random.Generator, snap: Callable[[Any], Any]) -> Any:
        lo, hi = exact(self.lo), exact(self.hi)
        return lambda: snap(_between_logarithms(lo, hi, Fraction(float(draws.random()))))

    def _normal(self, draws: np.random.Generator, snap: Callable[[Any], Any]) -> Any:
        lo = -math.inf if self.lo is None else self.lo
        hi = math.inf if self.hi is None else self.hi

        def draw() -> Any:
            value = self.first + self.second * float(draws.standard_normal())
            return snap(value) if lo <= value <= hi else None

        return draw


@dataclass(frozen=True)
class Lhs:
    """Several parameters at once, of which `lhs` says what values they take together."""

    bounds: Any
    n: Any
    round: Any
    log: Any

    def problems(self) -> dict[str, list[str]]:
        """Return what is wrong with the description, by path; under "" what is with the whole."""
        if not isinstance(self.bounds, Mapping) or not len(self.bounds):
            return {"": [f"lhs: should be a mapping of paths to (lo, hi), found {self.bounds!r}"]}
        found: dict[str, list[str]] = {"": [f"lhs: {text}" for text in _uncountable(self.n)]}
        for option, paths in (("round", self._steps()), ("log", self._logarithmic())):
            unknown = [path for path in paths if path not in self.bounds]
            found[""] += [f"lhs: {option}: {path} is none of its axes" for path in unknown]
        for path, bounds in self.bounds.items():
            found[path] = [f"lhs: {text}" for text in self._problems_of(path, bounds)]
        return {path: problems for path, problems in found.items() if problems}

    def _problems_of(self, path: str, bounds: Any) -> list[str]:
        if not isinstance(bounds, tuple | list) or len(bounds) != 2:
            return [f"should be (lo, hi), found {shown(bounds)}"]
        lo, hi = bounds
        found = _unreal(lo=lo, hi=hi)
        if not found and lo >= hi:
            found.append(f"lo should be below hi, found {lo} and {hi}")
        if not found and path in self._logarithmic() and lo <= 0:
            found.append(f"lo should be above 0, found {lo}")
        return found or _unsnappable(self._steps().get(path), lo, hi)

    def _steps(self) -> Mapping[str, Any]:
        return (
            self.round
            if isinstance(self.round, Mapping)
            else dict.fromkeys(self.bounds, self.round)
        )

    def _logarithmic(self) -> Sequence[str]:
        if isinstance(self.log, bool):
            return list(self.bounds) if self.log else []
        return [self.log] if isinstance(self.log, str) else list(self.log)

    def values(self, seed: int) -> dict[str, Values]:
        """Return the values of each path, which belong together by their place."""
        # Importing it takes two seconds.
        from scipy.stats import qmc

        paths = sorted(self.bounds)
        sampler = qmc.LatinHypercube(len(paths), seed=generator("lhs " + " ".join(paths), seed))
        columns = sampler.random(int(self.n)).T
        drawn = dict(zip(paths, columns.tolist(), strict=True))
        return {path: self._column(path, drawn[path]) for path in self.bounds}

    def _column(self, path: str, shares: Iterable[float]) -> Values:
        lo, hi = map(exact, self.bounds[path])
        snap = snapping(self._steps().get(path), *self.bounds[path])
        if path in self._logarithmic():
            places = [_between_logarithms(lo, hi, Fraction(share)) for share in shares]
        else:
            places = [lo + (hi - lo) * Fraction(share) for share in shares]
        return Listed([snap(place) for place in places])


def _real(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _unreal(**numbers: Any) -> list[str]:
    return [
        f"{name} should be a number, found {shown(value)}"
        for name, value in numbers.items()
        if not _real(value)
    ]


def _uncountable(n: Any, most: float = _MOST_DRAWN) -> list[str]:
    if not _real(n) or n != int(n) or n < 1:
        return [f"n should be a whole number from 1 up, found {shown(n)}"]
    if n > most:
        return [f"n should be at most {most:,}, as values are computed one by one, found {n:,}"]
    return []


def _unsnappable(step: Any, lo: Any, hi: Any) -> list[str]:
    if step is None:
        return []
    if not _real(step) or step <= 0:
        return [f"round should be a number above 0, found {shown(step)}"]
    least, most = grid(step, lo, hi)
    if least is not None and most is not None and least > most:
        return [f"round: there is no multiple of {step} from {lo} to {hi}"]
    return []


def _between_logarithms(lo: Fraction, hi: Fraction, share: Fraction) -> Fraction:
    """Return what is at a share of the way from `lo` to `hi`, by logarithms."""
    if share == 0 or share == 1:
        return hi if share else lo
    ratio, power = _decimal(hi / lo), _DECIMALS.power
    return lo * Fraction(power(ratio, _decimal(share)))


def _decimal(number: Fraction) -> Decimal:
    return _DECIMALS.divide(Decimal(number.numerator), Decimal(number.denominator))
