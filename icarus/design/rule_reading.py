"""What reads values for constraints and derived parameters, from the digits of a point.

These are classes, and no closures, as designs can be pickled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from icarus.design.factors import Factor
from icarus.design.points import MISSING, Path, value_at
from icarus.design.rules import BoundRule, Digits

if TYPE_CHECKING:
    from icarus.design.designs import Design
    from icarus.design.products import Product

__all__ = ["ReadDerived", "ReadDigit", "ReadPath", "ReadWhole", "Satisfied"]


class ReadPath:
    """Reads a path from the factors that write it, or else from the base."""

    def __init__(self, factors: Sequence[tuple[int, Factor]], path: Path, base: Any) -> None:
        self._factors = factors
        self._path = path
        self._base = None if base is MISSING else (base,)

    def __call__(self, digits: Digits) -> Any:
        for number, factor in self._factors:
            value = factor.read(digits[number], self._path)
            # A section that a factor writes replaces that of the base with all that is in it.
            if value is not MISSING or not factor.partial:
                return value
        return MISSING if self._base is None else self._base[0]


class ReadDerived:
    """Reads what a derived parameter gives, or something in it."""

    def __init__(self, rule: BoundRule, path: Path) -> None:
        self._rule = rule
        self._path = path

    def __call__(self, digits: Digits) -> Any:
        return value_at(self._rule.value(digits), self._path)


class ReadWhole:
    """Makes the whole tree of a point."""

    def __init__(self, product: Product, n_derived: int) -> None:
        self._product = product
        self._n_derived = n_derived

    def __call__(self, digits: Digits) -> Any:
        return self._product.tree_of(digits, self._n_derived)


class ReadDigit:
    """Reads the digit of a factor."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(self, digits: Digits) -> int:
        return digits[self._number]


class Satisfied:
    """Says whether a point of a design satisfies one of its constraints."""

    def __init__(self, design: Design, name: str) -> None:
        self._design = design
        self._name = name

    def __call__(self, digit: int) -> bool:
        return self._name not in self._design.broken(digit)
