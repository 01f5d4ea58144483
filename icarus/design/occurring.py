"""Where the values of sections occur first in a product."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from icarus.design.designs import Occurrence
from icarus.design.rules import MOST_TABULATED

if TYPE_CHECKING:
    from icarus.design.admitting import Component
    from icarus.design.products import Product

__all__ = ["occurrences_in"]


def occurrences_in(product: Product, factors: Sequence[int]) -> list[Occurrence] | None:
    """Return the first points with each combination of the digits of some factors.

    Parameters
    ----------
    product : Product
    factors : sequence of int
        In order.

    Returns
    -------
    list of Occurrence or None
        None if there are more than 100,000 combinations.
    """
    sizes = [product.sizes[factor] for factor in factors]
    if math.prod(sizes) > MOST_TABULATED:
        return None
    lowest = [_Lowest(product, one, factors) for one in product.admission.components]
    found = []
    for combination in itertools.product(*map(range, sizes)):
        first = sum(
            digit * product.strides[factor]
            for factor, digit in zip(factors, combination, strict=True)
        )
        beyond = [one.beyond(combination) for one in lowest]
        admitted = None if None in beyond else first + sum(filter(None, beyond))
        found.append(Occurrence(first, admitted))
    return found


class _Lowest:
    """The least that a component adds to an index for a point to be admitted."""

    def __init__(self, product: Product, component: Component, factors: Sequence[int]) -> None:
        fixed = [factor for factor in component.factors if factor in factors]
        others = [factor for factor in component.factors if factor not in factors]
        self._places = [factors.index(factor) for factor in fixed]
        self._strides = [product.strides[factor] for factor in others]
        self._shape = [product.sizes[factor] for factor in others]
        self._any, self._first = component.lowest(fixed)

    def beyond(self, combination: Sequence[int]) -> int | None:
        """Return it for the digits of all factors that are fixed; None if none is admitted."""
        at = tuple(combination[place] for place in self._places)
        if not self._any[at]:
            return None
        digits = np.unravel_index(int(self._first[at]), self._shape) if self._shape else ()
        return sum(int(digit) * stride for digit, stride in zip(digits, self._strides, strict=True))
