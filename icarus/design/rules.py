"""Constraints and derived parameters: what they read, and what they give.

A rule is an expression or a function. A `Rule` knows which paths its names stand for; a
`BoundRule` knows, beside that, which factors of a product these depend on, and keeps what it
gave for their digits.
"""

from __future__ import annotations

import inspect
import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from icarus.core.values import shown
from icarus.design.axis_values import plain
from icarus.design.expressions import Expression, ExpressionError
from icarus.design.naming import NUMBER, Names
from icarus.design.points import MISSING, Path, own_copy
from icarus.plaintext import one_line

__all__ = [
    "MOST_TABULATED",
    "BoundRule",
    "Constraint",
    "Derived",
    "Digits",
    "Rule",
    "RuleError",
    "rule_of",
]

MOST_TABULATED = 100_000
"""Combinations of digits up to which what rules give is kept."""

WHOLE = "experiment"
"""The parameter of functions that takes the whole tree."""

Digits = Sequence[int]
Reader = Callable[[Digits], Any]
"""Returns a value for digits, or MISSING."""


class RuleError(ValueError):
    """A rule that gives nothing, with its place and why."""


@dataclass(frozen=True)
class Constraint:
    """A constraint of a design, for people."""

    name: str
    text: str
    """The expression, or the name of the function."""


@dataclass(frozen=True)
class Derived:
    """A derived parameter of a design, for people."""

    path: str
    text: str
    """The expression, or the name of the function."""


@dataclass(frozen=True)
class Rule:
    """A constraint, or a derived parameter."""

    place: str
    """Such as ``where.small caches``."""
    name: str
    """Of the constraint, or the path of the parameter."""
    given: Expression | Callable[..., Any]
    path: Path | None
    """Where what it gives is written; None for a constraint."""
    reads: Mapping[str, Path]
    """What its names stand for, besides the number of the point and the whole tree."""
    optional: frozenset[str] = frozenset()
    """Parameters of a function that have defaults."""
    numbered: bool = False
    """Whether it reads the number of the point."""
    whole: bool = False
    """Whether it reads the whole tree."""
    stated: str | None = None
    """What `text` is, where it is not that of `given`."""

    @property
    def text(self) -> str:
        """The expression, or the name of the function."""
        if self.stated is not None:
            return self.stated
        if isinstance(self.given, Expression):
            return self.given.text
        return getattr(self.given, "__name__", type(self.given).__name__)


def rule_of(place: str, name: str, given: Any, path: Path | None, names: Names) -> Rule:
    """Return the rule that is given as an expression's text or a function.

    Raises
    ------
    ValueError
        If it cannot be read, or has names that stand for no parameter. The message has a line
        for each problem.
    """
    optional: set[str] = set()
    if isinstance(given, str):
        made: Expression | Callable[..., Any] = Expression(given)
        wanted = made.names if isinstance(made, Expression) else ()
    elif callable(given):
        made = given
        wanted, optional = _parameters(given)
    else:
        raise ValueError(f"should be an expression or a function, found {shown(given)}")
    # An expression has no use for a whole tree.
    whole = callable(made) and tuple(wanted) == (WHOLE,)
    reads: dict[str, Path] = {}
    problems = []
    for one in () if whole else wanted:
        if one == NUMBER:
            continue
        try:
            reads[one] = names.path(one)
        except ValueError as error:
            if one not in optional:
                problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    numbered = NUMBER in wanted
    return Rule(place, name, made, path, reads, frozenset(optional), numbered, whole)


def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], set[str]]:
    """Return the names of a function's parameters, and of those that have defaults."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ValueError("its parameters cannot be known; wrap it in a function") from None
    for one in parameters:
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD, one.POSITIONAL_ONLY):
            raise ValueError(
                f"parameter {one}: functions take parameters by name, or one called {WHOLE!r}"
            )
    defaults = {one.name for one in parameters if one.default is not one.empty}
    return tuple(one.name for one in parameters), defaults


class _Values(dict[str, Any]):
    """Values by name, read when they are first asked for."""

    def __init__(self, readers: Mapping[str, Reader], digits: Digits) -> None:
        super().__init__()
        self._readers = readers
        self._digits = digits

    def __missing__(self, name: str) -> Any:
        value = self._readers[name](self._digits)
        if value is MISSING:
            raise KeyError(name)
        self[name] = value
        return value


@dataclass
class BoundRule:
    """A rule of a product.

    Parameters
    ----------
    rule : Rule
    factors : tuple of int
        The factors that it depends on, in order.
    sizes : tuple of int
        Of these.
    readers : mapping of str to callable
        What gives the values of its names.
    """

    rule: Rule
    factors: tuple[int, ...]
    sizes: tuple[int, ...]
    readers: Mapping[str, Reader]
    _kept: dict[tuple[int, ...], Any] = field(default_factory=dict)

    @property
    def combinations(self) -> int:
        """Of the digits that it depends on."""
        return math.prod(self.sizes)

    def value(self, digits: Digits) -> Any:
        """Return what the rule gives for the point with these digits.

        Raises
        ------
        RuleError
            If it gives nothing.
        """
        key = tuple([digits[factor] for factor in self.factors])
        try:
            return self._kept[key]
        except KeyError:
            value = self._computed(digits)
        if len(self._kept) < MOST_TABULATED:
            self._kept[key] = value
        return value

    def _computed(self, digits: Digits) -> Any:
        given = self.rule.given
        try:
            if isinstance(given, Expression):
                value = given.evaluate(_Values(self.readers, digits))
            else:
                value = given(**self._arguments(digits))
            return _truth(value) if self.rule.path is None else plain(value)
        except RuleError:
            raise
        except ExpressionError as error:
            what = str(error)
        except Exception as error:
            what = f"raised {type(error).__name__}: {one_line(error, 200)}{_raised_at(error)}"
        raise RuleError(f"{self.rule.place}: {what}")

    def _arguments(self, digits: Digits) -> dict[str, Any]:
        arguments = {}
        for name, reader in self.readers.items():
            value = reader(digits)
            if value is not MISSING:
                arguments[name] = own_copy(value)
            elif name not in self.rule.optional:
                raise ExpressionError(f"{name} has no value here")
        return arguments

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": {}}


def _truth(value: Any) -> bool:
    """Return what a constraint gave; a text, as a veto is one, or nothing is no answer."""
    if value is None or isinstance(value, str):
        raise ExpressionError(f"should give True or False, found {shown(value)}")
    return bool(value)


def _raised_at(error: Exception) -> str:
    """Return where an exception was raised; nothing if that is where it is handled."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return "" if last.filename == __file__ else f" at {last.filename}:{last.lineno}"
