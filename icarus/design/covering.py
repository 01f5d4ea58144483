"""Few points of a product in which all values of any some axes meet.

The points are covertable's. That every combination occurs that the constraints admit is checked
here, and what is left out is added: constraints may make covertable try all points that there are,
so that it is stopped after a while.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from covertable.main import Controller

from icarus.design.products import Product
from icarus.design.rules import BoundRule, Digits, RuleError
from icarus.errors import DesignError

__all__ = ["covering_rows"]

_MOST_COMBINATIONS = 10_000
"""Of values that are to meet; covertable takes 2 s for 4,500, and four times that for 9,000."""
_MOST_ASKED = 100_000
"""Times that constraints are asked until covertable is stopped: it may try all points there are."""
_STEPS = 50_000
"""Digits that are tried to complete one combination."""
_ENTANGLED = "where: it takes too long to find out which combinations these constraints admit"


def covering_rows(product: Product, strength: int, seed: int) -> set[int]:
    """Return the indices of points that cover a product.

    Raises
    ------
    DesignError
        If there is nothing to cover, too much, or no telling what the constraints admit.
    """
    sizes = product.sizes
    if not product.size:
        return set()
    if type(strength) is not int or not 1 <= strength <= len(sizes):
        axes = f"{len(sizes)} axes" if len(sizes) != 1 else "1 axis"
        raise DesignError(
            [f"strength: should be from 1 to {len(sizes)} for {axes}, found {strength}"]
        )
    combinations = sum(
        math.prod(sizes[factor] for factor in chosen)
        for chosen in itertools.combinations(range(len(sizes)), strength)
    )
    if combinations > _MOST_COMBINATIONS:
        most = f"{_MOST_COMBINATIONS:,}"
        raise DesignError(
            [f"strength: {combinations:,} combinations to cover; the most are {most}"]
        )
    completion = _Completion(product)
    rows = [row for row in _drafted(product, strength, seed) if completion.admits(row)]
    rows += completion.missing(rows, strength)
    return {product.number_of(row) - 1 for row in rows}


class _Stopped(Exception):  # noqa: N818
    """Constraints have been asked too often."""


def _drafted(product: Product, strength: int, seed: int) -> list[list[int]]:
    """Return what covertable makes of the product, until it is stopped."""
    asked = itertools.count(1)

    def condition(rule: BoundRule) -> Mapping[str, object]:
        def holds(row: Mapping[int, int]) -> bool:
            if next(asked) > _MOST_ASKED:
                raise _Stopped
            return _holds(rule, [row.get(factor, 0) for factor in range(len(product.sizes))])

        return {"operator": "fn", "requires": list(rule.factors), "evaluate": holds}

    rows: list[list[int]] = []
    with suppress(_Stopped):
        made = Controller(
            [list(range(n)) for n in product.sizes],
            strength=strength,
            salt=str(seed),
            constraints=[condition(rule) for rule in product.bound_constraints],
        )
        rows.extend(map(list, made.make_async()))
    return rows


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
        order = [factor for factor in sorted(constrained) if factor not in fixed]
        # Each constraint is asked when the last of its digits is known.
        asked: list[list[BoundRule]] = [[] for _ in range(len(order) + 1)]
        for rule in self._rules:
            asked[
                max((order.index(one) + 1 for one in rule.factors if one in order), default=0)
            ].append(rule)
        digits = [fixed.get(factor, 0) for factor in range(len(self._sizes))]
        if all(_holds(rule, digits) for rule in asked[0]) and self._search(digits, order, asked, 0):
            return digits
        return None

    def _search(
        self, digits: list[int], order: Sequence[int], asked: Sequence[Sequence[BoundRule]], at: int
    ) -> bool:
        """Find digits for the factors from a place in the order on."""
        if at == len(order):
            return True
        for digit in range(self._sizes[order[at]]):
            self._steps += 1
            if self._steps > _STEPS:
                raise DesignError([_ENTANGLED])
            digits[order[at]] = digit
            if all(_holds(rule, digits) for rule in asked[at + 1]) and self._search(
                digits, order, asked, at + 1
            ):
                return True
        return False
