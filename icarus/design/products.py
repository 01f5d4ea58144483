"""Products: every value of every factor with every other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from icarus.design.admitting import Admission
from icarus.design.counting import DRAWN, Counts, Excluded, counted, shares_of
from icarus.design.designs import Design, Occurrence, Part
from icarus.design.drawing import integers
from icarus.design.factors import Change, Factor
from icarus.design.occurring import occurrences_in
from icarus.design.points import (
    Path,
    Point,
    Template,
    is_part,
    leaves_of,
    value_at,
    write,
)
from icarus.design.rule_reading import ReadDerived, ReadDigit, ReadPath, ReadWhole, Satisfied
from icarus.design.rules import BoundRule, Constraint, Derived, Digits, Reader, Rule, RuleError
from icarus.errors import DesignError
from icarus.util import Tree

__all__ = ["Nested", "Product"]

_TRIED = 1000
"""Combinations of digits that a derived parameter is tried for at once."""


class Nested(Factor):
    """A design as a factor; its constraints exclude points of the product too.

    Parameters
    ----------
    design : Design
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.partial = True
        self.size = design.size
        self.writes = design.writes
        self.axes = design.axes

    def changes(self, digit: int) -> Sequence[Change]:
        """Return what is written for a digit; nobody may change the values."""
        return self.design.changes(digit)

    def leaves(self) -> Iterable[Path]:
        """Return the paths of all values that are no sections."""
        return self.design.leaves()

    def candidates(self, tree: Tree, below: Callable[[Path], Sequence[Path]]) -> Iterable[int]:
        """Return in order the digits that a tree may come from."""
        return self.design.candidates(tree, below)


class Product(Design):
    """Every digit of every factor with every other; the last factor changes fastest.

    Parameters
    ----------
    base : Tree
    factors : sequence of Factor
    derives, wheres : sequence of Rule
        In the order in which they are applied.

    Raises
    ------
    DesignError
        If a rule gives nothing for points that were tried.
    """

    def __init__(
        self,
        base: Tree,
        factors: Sequence[Factor],
        derives: Sequence[Rule],
        wheres: Sequence[Rule],
    ) -> None:
        self.base = base
        self.factors = tuple(factors)
        self.sizes = tuple(factor.size for factor in factors)
        self.strides = tuple(
            math.prod(self.sizes[number + 1 :]) for number in range(len(self.sizes))
        )
        self.size = math.prod(self.sizes)
        self.axes = tuple(axis for factor in factors for axis in factor.axes)
        written = [path for factor in factors for path in factor.writes]
        derived = [rule.path for rule in derives if rule.path is not None]
        self.writes = tuple(dict.fromkeys([*written, *derived]))
        self._template = Template(base)
        self._nested = any(isinstance(factor, Nested) for factor in factors)
        self._mixed = self._nested or len({len(path) for path in written}) > 1
        self._derived: list[tuple[Path, BoundRule]] = []
        for rule in derives:
            self._derived.append((rule.path or (), self._bound(rule)))
        inner = [
            self._bound_inner(number, one.name)
            for number, factor in enumerate(factors)
            if isinstance(factor, Nested)
            for one in factor.design.constraints
        ]
        self.bound_constraints = [*inner, *(self._bound(rule) for rule in wheres)]
        self.constraints = tuple(
            Constraint(one.rule.name, one.rule.text) for one in self.bound_constraints
        )
        nested = [factor.design for factor in factors if isinstance(factor, Nested)]
        inside = [one for design in nested for one in design.derived]
        own = [Derived(rule.name, rule.text) for rule in derives]
        self.derived = tuple(dict.fromkeys([*inside, *own]))
        self.rules = (*derives, *wheres)
        self.reads = frozenset(path for rule in self.rules for path in rule.reads.values()).union(
            *(design.reads for design in nested)
        )
        self._refuse_failing()

    # Points.

    def digits(self, index: int) -> list[int]:
        """Return the digits of a point by its index."""
        digits = []
        for stride in self.strides:
            digit, index = divmod(index, stride)
            digits.append(digit)
        return digits

    def number_of(self, digits: Digits) -> int:
        """Return the number of a point, from 1."""
        return 1 + sum(map(int.__mul__, digits, self.strides))

    def _point(self, index: int) -> Point:
        digits = self.digits(index)
        point: Point = self._template.tree(Point)
        try:
            for path, value in self._changes(digits):
                write(point, path, value)
            point.excluded = next((rule.rule.name for rule in self._failing(digits)), None)
        except RuleError as error:
            raise DesignError([f"{error}, at point {index + 1}"]) from error
        point.number = index + 1
        return point

    def _changes(self, digits: Digits) -> list[Change]:
        changes = self._written(digits)
        changes += [(path, rule.value(digits)) for path, rule in self._derived]
        return changes

    def _written(self, digits: Digits) -> list[Change]:
        """Return what factors write, what is in a section after the section."""
        changes = [
            change
            for factor, digit in zip(self.factors, digits, strict=True)
            for change in factor.changes(digit)
        ]
        if self._mixed:
            changes.sort(key=_depth)
        return changes

    def _failing(self, digits: Digits) -> Iterable[BoundRule]:
        """Yield the constraints that a point does not satisfy.

        One that gives nothing where another before it is not satisfied rests on that other one.
        """
        failed = False
        for rule in self.bound_constraints:
            try:
                if not rule.value(digits):
                    failed = True
                    yield rule
            except RuleError:
                if not failed:
                    raise

    def changes(self, index: int) -> Sequence[Change]:
        """Return what a point has beyond `base`; nobody may change the values."""
        try:
            return self._changes(self.digits(index))
        except RuleError as error:
            raise DesignError([f"{error}, at point {index + 1}"]) from error

    def broken(self, index: int) -> tuple[str, ...]:
        """Return the names of the constraints that a point does not satisfy, in their order."""
        if not self.bound_constraints:
            return ()
        try:
            return tuple(rule.rule.name for rule in self._failing(self.digits(index)))
        except RuleError as error:
            raise DesignError([f"{error}, at point {index + 1}"]) from error

    def _excluded(self, index: int) -> str | None:
        digits = self.digits(index)
        try:
            return next((rule.rule.name for rule in self._failing(digits)), None)
        except RuleError as error:
            raise DesignError([f"{error}, at point {index + 1}"]) from error

    def leaves(self) -> Iterable[Path]:
        """Return the paths of all parameters that points have."""
        yield from (path for path, _ in leaves_of(self.base))
        for factor in self.factors:
            yield from factor.leaves()
        yield from (path for path, _ in self._derived)

    def candidates(self, tree: Tree, below: Callable[[Path], Sequence[Path]]) -> Iterable[int]:
        """Return in order the indices that a tree may have; see ``Factor.candidates``."""
        found = [factor.candidates(tree, below) for factor in self.factors]
        return (self.number_of(digits) - 1 for digits in itertools.product(*found))

    # Rules.

    def factors_of(self, path: Path) -> list[int]:
        """Return the factors that write a path or something that it is in, the last one first."""
        depths = {
            number: max(len(written) for written in factor.writes if is_part(path, written))
            for number, factor in enumerate(self.factors)
            if any(is_part(path, written) for written in factor.writes)
        }
        return sorted(depths, key=lambda number: (depths[number], number), reverse=True)

    def _bound(self, rule: Rule) -> BoundRule:
        readers: dict[str, Reader] = {}
        needed: set[int] = set()
        for name, path in rule.reads.items():
            readers[name], factors = self._reader(path)
            needed |= factors
        if rule.numbered:
            readers["_i"] = self.number_of
        if rule.whole:
            readers["experiment"] = self._tree_reader()
        if rule.numbered or rule.whole:
            needed = set(range(len(self.factors)))
        return self._bound_to(rule, needed, readers)

    def _bound_to(
        self, rule: Rule, factors: Iterable[int], readers: Mapping[str, Reader]
    ) -> BoundRule:
        # What has one value only is no reason to depend on anything.
        ordered = tuple(sorted(factor for factor in factors if self.sizes[factor] != 1))
        return BoundRule(rule, ordered, tuple(self.sizes[one] for one in ordered), readers)

    def _bound_inner(self, number: int, name: str) -> BoundRule:
        """Return the constraint of a design that is a factor."""
        design = self.factors[number].design  # type: ignore[attr-defined]
        text = next(one.text for one in design.constraints if one.name == name)
        satisfied = Satisfied(design, name)
        rule = Rule(f"where.{name}", name, satisfied, None, {}, stated=text)
        return self._bound_to(rule, [number], {"digit": ReadDigit(number)})

    def _reader(self, path: Path) -> tuple[Reader, set[int]]:
        """Return what reads a path from digits, and the factors that it depends on."""
        for written, rule in reversed(self._derived):
            if is_part(path, written):
                return ReadDerived(rule, path[len(written) :]), set(rule.factors)
        factors = self.factors_of(path)
        base = value_at(self.base, path)
        return ReadPath([(number, self.factors[number]) for number in factors], path, base), set(
            factors
        )

    def _tree_reader(self) -> Reader:
        return ReadWhole(self, len(self._derived))

    def tree_of(self, digits: Digits, n_derived: int) -> Tree:
        """Return the tree of a point, with the first derived parameters only."""
        tree: Tree = self._template.tree()
        for path, value in self._written(digits):
            write(tree, path, value)
        for path, rule in self._derived[:n_derived]:
            write(tree, path, rule.value(digits))
        return tree

    def _refuse_failing(self) -> None:
        """Raise an error for rules that give nothing for some of the first points."""
        if not self.size:
            return
        problems = []
        for _, rule in self._derived:
            digits = [0] * len(self.factors)
            combinations = itertools.product(*map(range, rule.sizes))
            for combination in itertools.islice(combinations, _TRIED):
                for factor, digit in zip(rule.factors, combination, strict=True):
                    digits[factor] = digit
                try:
                    rule.value(digits)
                except RuleError as error:
                    problems.append(f"{error}, at point {self.number_of(digits)}")
                    break
        if not problems and sum(one.combinations for one in self.bound_constraints) <= _TRIED:
            problems = self._constraint_problems(self._admission)
        if problems:
            raise DesignError(list(dict.fromkeys(problems)))

    # Counting.

    @cached_property
    def _admission(self) -> Admission:
        return Admission(self.sizes, self.bound_constraints)

    def _constraint_problems(self, admission: Admission) -> list[str]:
        return [f"{error}, at point {self.number_of(at)}" for error, at in admission.errors]

    @property
    def admission(self) -> Admission:
        """What the constraints admit; DesignError where they give nothing for some points."""
        problems = self._constraint_problems(self._admission)
        if problems:
            raise DesignError(problems)
        return self._admission

    def admitted(self) -> Design:
        """Return the points that satisfy all constraints, in their order."""
        if not self.size or self.admission.open:
            return super().admitted()
        return Part(self, _Admitted(self))

    def _sampled(self, n: int, seed: int) -> Sequence[int]:
        if not self.size:
            return super()._sampled(n, seed)
        return self._sampled_from(_Admitted(self), n, seed)

    @cached_property
    def _counts(self) -> Counts:
        if not self.size:
            return counted(self)
        admission = self.admission
        every = {
            number: admission.breaking(number)
            for number in range(len(self.bound_constraints))
            if number not in admission.open
        }
        if not admission.open:
            excluded = {
                one.name: Excluded(admission.breaking_first(number), every[number])
                for number, one in enumerate(self.constraints)
            }
            return Counts(self.size, admission.size, excluded)
        draws = itertools.islice(integers(self.size, seed=1), DRAWN)
        counts = shares_of(self, draws, DRAWN)
        for number, total in every.items():
            name = self.constraints[number].name
            counts.excluded[name] = Excluded(min(counts.excluded[name].first, total), total)
        return counts

    # Sections.

    def section_factors(self, section: str) -> set[int]:
        """Return the factors that a section depends on."""
        found = {
            number
            for number, factor in enumerate(self.factors)
            if any(path[0] == section for path in factor.writes)
        }
        return found.union(*(rule.factors for path, rule in self._derived if path[0] == section))

    def section_key(self, index: int, *sections: str) -> Hashable:
        """Return what points share only if they have the same values of some sections."""
        digits = self.digits(index)
        return tuple([digits[factor] for factor in self._section_digits(sections)])

    def _section_digits(self, sections: tuple[str, ...]) -> tuple[int, ...]:
        if sections not in self._section_memo:
            needed = set[int]().union(*map(self.section_factors, sections))
            self._section_memo[sections] = tuple(sorted(needed))
        return self._section_memo[sections]

    @cached_property
    def _section_memo(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        return {}

    def occurrences(self, *sections: str) -> list[Occurrence] | None:
        """Return where the values that some sections take together occur first."""
        if not self.size:
            return []
        return occurrences_in(self, self._section_digits(sections))

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_admission"}


def _depth(change: Change) -> int:
    return len(change[0])


class _Admitted:
    """The indices of the points that the tabulated constraints of a product admit."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self.size = product.admission.size

    def __getitem__(self, place: int) -> int:
        return self._product.number_of(self._product.admission.digits(place)) - 1

    def place_of(self, index: int) -> int | None:
        """Return where an index is among them; None if it is not."""
        if self._product._excluded(index):
            return None
        return self._product.admission.place(self._product.digits(index))
