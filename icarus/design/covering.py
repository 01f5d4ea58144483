"""Few points of a product in which all values of any some axes meet.

The points are covertable's. That every combination occurs that the constraints admit is checked
here, and what it leaves out is added: in version 3.2 constraints make it give up on combinations
that some point has.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import covertable

from icarus.design.products import Product
from icarus.design.rules import MOST_TABULATED, BoundRule, Digits, RuleError
from icarus.errors import DesignError

__all__ = ["covering_rows"]

_STEPS = 100_000
"""Digits that are tried to complete one combination."""


def covering_rows(product: Product, strength: int, seed: int) -> set[int]:
    """Return the indices of points that cover a product.

    Raises
    ------
    DesignError
        If there is nothing to cover, too much, or no telling what the constraints admit.
    """
    sizes = product.sizes
    if type(strength) is not int or not 1 <= strength <= len(sizes):
        axes = f"{len(sizes)} axes" if len(sizes) != 1 else "1 axis"
        raise DesignError(
            [f"strength: should be from 1 to {len(sizes)} for {axes}, found {strength}"]
        )
    combinations = sum(
        math.prod(sizes[factor] for factor in chosen)
        for chosen in itertools.combinations(range(len(sizes)), strength)
    )
    if combinations > MOST_TABULATED:
        raise DesignError(
            [f"strength: {combinations:,} combinations to cover; the most are {MOST_TABULATED:,}"]
        )
    completion = _Completion(product)
    rows = [row for row in _drafted(product, strength, seed) if completion.admits(row)]
    rows += completion.missing(rows, strength)
    return {product.number_of(row) - 1 for row in rows}


def _drafted(product: Product, strength: int, seed: int) -> list[list[int]]:
    """Return what covertable makes of the product."""
    constraints = [_condition(product, rule) for rule in product.bound_constraints]
    made = covertable.main.Controller(
        [list(range(n)) for n in product.sizes],
        strength=strength,
        salt=str(seed),
        constraints=constraints,
    )
    return [list(row) for row in made.make_async()]


def _condition(product: Product, rule: BoundRule) -> Mapping[str, object]:
    def holds(row: Mapping[int, int]) -> bool:
        return _holds(rule, [row.get(factor, 0) for factor in range(len(product.sizes))])

    return {"operator": "fn", "requires": list(rule.factors), "evaluate": holds}


def _holds(rule: BoundRule, digits: Digits) -> bool:
    try:
        return bool(rule.value(digits))
    except RuleError:
        # It rests on one before it, or is reported when points are counted.
        return False


class _Completion:
    """Completes combinations of some digits to points that are admitted."""

    def __init__(self, product: Product) -> None:
        self._sizes = product.sizes
        self._rules = product.bound_constraints
        self._steps = 0

    def admits(self, row: Digits) -> bool:
        """Whether a point satisfies all constraints."""
        return all(_holds(rule, row) for rule in self._rules)

    def missing(self, rows: Iterable[Digits], strength: int) -> Iterator[list[int]]:
        """Yield rows for all combinations that are in none of those there are."""
        chosen = list(itertools.combinations(range(len(self._sizes)), strength))
        covered = {one: {tuple(row[f] for f in one) for row in rows} for one in chosen}
        for factors in chosen:
            for combination in itertools.product(*(range(self._sizes[one]) for one in factors)):
                if combination in covered[factors]:
                    continue
                row = self._completed(dict(zip(factors, combination, strict=True)))
                if row is not None:
                    for one in chosen:
                        covered[one].add(tuple(row[factor] for factor in one))
                    yield row

    def _completed(self, fixed: Mapping[int, int]) -> list[int] | None:
        """Return the first point that has some digits; None if none is admitted."""
        self._steps = 0
        constrained = {factor for rule in self._rules for factor in rule.factors}
        order = [one for one in range(len(self._sizes)) if one in constrained and one not in fixed]
        digits = [fixed.get(factor, 0) for factor in range(len(self._sizes))]
        known = set(fixed) | (set(range(len(self._sizes))) - constrained)
        return digits if self._search(digits, known, order) else None

    def _search(self, digits: list[int], known: set[int], order: Sequence[int]) -> bool:
        self._steps += 1
        if self._steps > _STEPS:
            raise DesignError(
                ["where: it takes too long to find out which combinations these constraints admit"]
            )
        complete = (rule for rule in self._rules if known.issuperset(rule.factors))
        if not all(_holds(rule, digits) for rule in complete):
            return False
        if not order:
            return True
        factor, *rest = order
        for digit in range(self._sizes[factor]):
            digits[factor] = digit
            if self._search(digits, known | {factor}, rest):
                return True
        return False
