"""Which points of a product are admitted: counted and indexed without listing them.

Constraints that have factors in common form a component. What each admits is tabulated over the
digits of its factors, up to `MOST_TABULATED` combinations; components do not depend on each other,
so that numbers of points multiply. Constraints of larger components are *open*: their
points are counted by sampling.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from icarus.design.rules import MOST_TABULATED, BoundRule, Digits, RuleError

__all__ = ["Admission"]

_Table = np.ndarray[Any, np.dtype[np.bool_]]


class Admission:
    """What the constraints of a product admit.

    Parameters
    ----------
    sizes : sequence of int
        Of the factors.
    constraints : sequence of BoundRule
        In the order in which they are asked.

    Attributes
    ----------
    open : list of int
        Constraints that are not tabulated, by their places.
    size : int
        How many points those that are tabulated admit.
    errors : list of tuple
        Constraints that give nothing for points that all before them admit: the error and the
        digits of the first such point.
    """

    def __init__(self, sizes: Sequence[int], constraints: Sequence[BoundRule]) -> None:
        self.sizes = sizes
        self.components: list[Component] = []
        self.open: list[int] = []
        for factors, numbers in _components(constraints):
            if math.prod(sizes[factor] for factor in factors) > MOST_TABULATED:
                self.open += numbers
            else:
                rules = {number: constraints[number] for number in numbers}
                self.components.append(Component(factors, sizes, rules))
        self.open.sort()
        self.errors = [error for component in self.components for error in component.errors()]
        self._of = {
            factor: (component, level)
            for component in self.components
            for level, factor in enumerate(component.factors)
        }
        free = math.prod(n for factor, n in enumerate(sizes) if factor not in self._of)
        self.size = free * math.prod(component.count for component in self.components)

    def digits(self, place: int) -> list[int]:
        """Return the digits of the admitted point at a place from 0."""
        digits: list[int] = []
        rest = self.size
        for factor, n in enumerate(self.sizes):
            within = self._of.get(factor)
            if within is None:
                rest //= n
                digit, place = divmod(place, rest)
            else:
                component, level = within
                ends = component.ends(level, digits)
                rest //= int(ends[-1])
                digit = int(np.searchsorted(ends, place // rest, side="right"))
                before = int(ends[digit - 1]) if digit else 0
                place -= before * rest
                rest *= int(ends[digit]) - before
            digits.append(digit)
        return digits

    def place(self, digits: Digits) -> int:
        """Return the place, among the points admitted, of one of them."""
        place, rest = 0, self.size
        for factor, n in enumerate(self.sizes):
            digit = digits[factor]
            within = self._of.get(factor)
            if within is None:
                rest //= n
                place += digit * rest
            else:
                component, level = within
                ends = component.ends(level, digits)
                rest //= int(ends[-1])
                before = int(ends[digit - 1]) if digit else 0
                place += before * rest
                rest *= int(ends[digit]) - before
        return place

    def breaking(self, number: int) -> int:
        """Return how many points do not satisfy a tabulated constraint."""
        component = self._component_with(number)
        return self._without(component) * component.breaking(number)

    def breaking_first(self, number: int) -> int:
        """Return the same of points that satisfy all constraints before it."""
        own = self._component_with(number)
        return (
            self._free()
            * own.breaking_first(number)
            * math.prod(one.holding(number) for one in self.components if one is not own)
        )

    def _component_with(self, number: int) -> Component:
        return next(one for one in self.components if number in one.tables)

    def _without(self, component: Component) -> int:
        return math.prod(self.sizes) // component.combinations if component.combinations else 0

    def _free(self) -> int:
        return math.prod(n for factor, n in enumerate(self.sizes) if factor not in self._of)


class Component:
    """Constraints that depend on each other, with what each admits of their factors' digits."""

    def __init__(
        self, factors: Sequence[int], sizes: Sequence[int], rules: dict[int, BoundRule]
    ) -> None:
        self.factors = tuple(factors)
        self.shape = tuple(sizes[factor] for factor in factors)
        self.combinations = math.prod(self.shape)
        self._digits = [0] * len(sizes)
        self._rules = dict(sorted(rules.items()))
        self._failing: dict[int, _Table] = {}
        self.tables = {number: self._table(number) for number in self._rules}
        self.admitted: _Table = np.logical_and.reduce(
            [np.broadcast_to(table, self.shape) for table in self.tables.values()]
        )
        self.count = int(self.admitted.sum())
        self._ends: list[np.ndarray[Any, Any]] = []
        left = self.admitted.astype(np.int64)
        for _ in self.factors:
            self._ends.insert(0, np.cumsum(left, axis=-1))
            left = left.sum(axis=-1)

    def _table(self, number: int) -> _Table:
        """Return which of the digits of its own factors a constraint admits."""
        rule = self._rules[number]
        values, failing = [], []
        for combination in itertools.product(*map(range, rule.sizes)):
            try:
                values.append(rule.value(self._digits_of(rule.factors, combination)))
                failing.append(False)
            except RuleError:
                values.append(False)
                failing.append(True)
        own = dict(zip(rule.factors, rule.sizes, strict=True))
        shape = [own.get(factor, 1) for factor in self.factors]
        self._failing[number] = np.array(failing, dtype=bool).reshape(shape)
        return np.array(values, dtype=bool).reshape(shape)

    def _digits_of(self, factors: Sequence[int], combination: Sequence[int]) -> list[int]:
        digits = self._digits.copy()
        for factor, digit in zip(factors, combination, strict=True):
            digits[factor] = int(digit)
        return digits

    def errors(self) -> Iterator[tuple[str, list[int]]]:
        """Yield what constraints fail with where all before them hold, and digits it happens for.

        A constraint may so rest on one before it, such as that of a number not being 0.
        """
        for number, failing in self._failing.items():
            if failing.any():
                asked = np.argwhere(self._before(number) & failing)
                if len(asked):
                    digits = self._digits_of(self.factors, asked[0])
                    try:
                        self._rules[number].value(digits)
                    except RuleError as error:
                        yield str(error), digits

    def ends(self, level: int, digits: Digits) -> np.ndarray[Any, Any]:
        """Return the running numbers of points admitted over the digits of a factor.

        Those of the component's factors before it are given.
        """
        before = tuple(digits[factor] for factor in self.factors[:level])
        ends: np.ndarray[Any, Any] = self._ends[level][before]
        return ends

    def breaking(self, number: int) -> int:
        """Return how many combinations do not satisfy a constraint."""
        breaking = ~self.tables[number] & ~self._failing[number]
        return int(np.broadcast_to(breaking, self.shape).sum())

    def breaking_first(self, number: int) -> int:
        """Return the same of those that satisfy all constraints before it."""
        return int((self._before(number) & ~self.tables[number]).sum())

    def holding(self, number: int) -> int:
        """Return how many combinations satisfy all constraints before one, of any component."""
        return int(self._before(number).sum())

    def _before(self, number: int) -> _Table:
        holding = np.ones(self.shape, dtype=bool)
        for other, table in self.tables.items():
            if other < number:
                holding &= table
        return holding

    def lowest(self, fixed: Sequence[int]) -> tuple[_Table, np.ndarray[Any, Any]]:
        """Return the lowest admitted combinations of the digits that are not fixed.

        Parameters
        ----------
        fixed : sequence of int
            Some of the factors, in order.

        Returns
        -------
        (ndarray of bool, ndarray of int)
            Over the digits of the fixed factors: whether anything is admitted, and the number of
            the combination of the other digits.
        """
        axes = [self.factors.index(factor) for factor in fixed]
        others = [axis for axis in range(len(self.shape)) if axis not in axes]
        table = self.admitted.transpose([*axes, *others])
        table = table.reshape([*(self.shape[axis] for axis in axes), -1])
        return np.asarray(table.any(axis=-1)), np.asarray(table.argmax(axis=-1))


def _components(constraints: Sequence[BoundRule]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the factors and the constraints of each component."""
    components: list[tuple[set[int], list[int]]] = []
    for number, rule in enumerate(constraints):
        factors, numbers = set(rule.factors), [number]
        for one in [one for one in components if not factors.isdisjoint(one[0])]:
            components.remove(one)
            factors |= one[0]
            numbers += one[1]
        components.append((factors, numbers))
    for factors, numbers in components:
        yield sorted(factors), sorted(numbers)
