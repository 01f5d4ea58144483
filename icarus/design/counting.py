"""How many points a design has, and how many of them its constraints exclude."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from icarus.design.drawing import integers
from icarus.design.rules import MOST_TABULATED
from icarus.plaintext import hanging

if TYPE_CHECKING:
    from icarus.design.designs import Design

__all__ = ["DRAWN", "Counts", "Excluded", "counted", "described", "shares_of"]

DRAWN = 10_000
"""Points that shares are estimated from."""
_WIDEST_NAME = 40
"""Characters of the names of axes that the values beside them are set in a column for."""


class Excluded(NamedTuple):
    """How many points a constraint excludes."""

    first: int
    """Those that satisfy all constraints before it: what it excludes beyond these."""
    all: int
    """All that do not satisfy it."""


@dataclass(frozen=True)
class Counts:
    """How many points a design has."""

    points: int
    admitted: int
    """Those that satisfy all constraints."""
    excluded: dict[str, Excluded] = field(default_factory=dict)
    """By the name of the constraint."""
    drawn: int | None = None
    """Points drawn at random that the numbers are estimated from; None if they are exact."""

    @property
    def exact(self) -> bool:
        """Whether the numbers are no estimates."""
        return self.drawn is None


def counted(design: Design) -> Counts:
    """Count the points of a design one by one, or estimate from those that are drawn."""
    if design.size <= MOST_TABULATED:
        return shares_of(design, range(design.size), None)
    draws = itertools.islice(integers(design.size, seed=1), DRAWN)
    return shares_of(design, draws, DRAWN)


def shares_of(design: Design, indices: Iterable[int], drawn: int | None) -> Counts:
    """Return the counts of some points; of all, in proportion, if they were `drawn`."""
    first: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for index in indices:
        broken = design.broken(index)
        first.update(broken[:1])
        every.update(broken)

    def scaled(number: int) -> int:
        return number if drawn is None else (number * design.size + drawn // 2) // drawn

    excluded = {
        one.name: Excluded(scaled(first[one.name]), scaled(every[one.name]))
        for one in design.constraints
    }
    admitted = scaled((design.size if drawn is None else drawn) - first.total())
    return Counts(design.size, admitted, excluded, drawn)


def described(design: Design) -> list[str]:
    """Return the axes, the constraints and the counts of a design in lines of text."""
    counts = design.counts()
    about = "" if counts.exact else "about "
    lines = [f"points:        {counts.points:,}"]
    if design.constraints:
        told = "" if counts.exact else f", from {counts.drawn:,} drawn"
        lines.append(f"admitted:      {about}{counts.admitted:,}{told}")
    if design.axes:
        lines.append("axes:")
        widths = (len(axis.name) for axis in design.axes)
        width = max((one for one in widths if one <= _WIDEST_NAME), default=0)
        # Designs of a union may have the same axis.
        for axis in dict.fromkeys(design.axes):
            head = f"  {axis.name:<{width}}  {axis.n:,} ({axis.kind}): "
            lines += hanging(head, axis.values)
    if design.derived:
        lines.append("derived:")
        for parameter in design.derived:
            lines += hanging(f"  {parameter.path} = ", parameter.text)
    if design.constraints:
        lines.append("excluded:")
        for one in design.constraints:
            excluded = counts.excluded[one.name]
            more = "" if excluded.first == excluded.all else f" ({excluded.all:,} in all)"
            lines.append(f"  {one.name}: {about}{excluded.first:,}{more}")
    return lines
