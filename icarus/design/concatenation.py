"""Designs one after the other."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property

from icarus.core.hashing import digest
from icarus.design.axis_values import key_of
from icarus.design.counting import Counts, Excluded
from icarus.design.designs import MOST_LISTED, Design, Occurrence
from icarus.design.factors import Change
from icarus.design.points import MISSING, Path, Point, leaves_of, value_at, write
from icarus.errors import DesignError
from icarus.util import Tree

__all__ = ["Concatenation", "without_repeated"]


class Concatenation(Design):
    """The points of several designs, one design after the other.

    Parameters
    ----------
    designs : sequence of Design
    """

    def __init__(self, designs: Sequence[Design]) -> None:
        self.designs = tuple(designs)
        self._ends = list(itertools.accumulate(design.size for design in designs))
        self.size = self._ends[-1]
        self.axes = tuple(axis for design in designs for axis in design.axes)
        named = {one.name: one for design in reversed(designs) for one in design.constraints}
        self.constraints = tuple(
            named.pop(one.name)
            for design in designs
            for one in design.constraints
            if one.name in named
        )
        self.derived = tuple(dict.fromkeys(one for design in designs for one in design.derived))
        self.base = _common([design.base for design in designs])
        # What is not in common is written, by those that have it.
        self._own: list[list[Change]] = [
            [
                (path, value)
                for path, value in leaves_of(design.base)
                if value_at(self.base, path) is MISSING
            ]
            for design in designs
        ]
        own = [path for changes in self._own for path, _ in changes]
        self.writes = tuple(
            dict.fromkeys([*own, *(path for design in designs for path in design.writes)])
        )
        self.reads = frozenset[Path]().union(*(design.reads for design in designs))

    def _part_of(self, index: int) -> tuple[int, int]:
        """Return which design an index is in, and its index there."""
        number = bisect.bisect_right(self._ends, index)
        return number, index - (self._ends[number - 1] if number else 0)

    def _point(self, index: int) -> Point:
        number, place = self._part_of(index)
        point = self.designs[number]._point(place)
        point.number = index + 1
        return point

    def changes(self, index: int) -> Sequence[Change]:
        """Return what a point has beyond `base`; nobody may change the values."""
        number, place = self._part_of(index)
        return [*self._own[number], *self.designs[number].changes(place)]

    def broken(self, index: int) -> tuple[str, ...]:
        """Return the names of the constraints that a point does not satisfy, in their order."""
        number, place = self._part_of(index)
        return self.designs[number].broken(place)

    def _excluded(self, index: int) -> str | None:
        number, place = self._part_of(index)
        return self.designs[number]._excluded(place)

    def candidates(self, tree: Tree, below: Callable[[Path], Sequence[Path]]) -> Iterable[int]:
        """Return in order the indices that a tree may have; see ``Factor.candidates``."""
        for design, end in zip(self.designs, self._ends, strict=True):
            start = end - design.size
            yield from (start + index for index in design.candidates(tree, below))

    def leaves(self) -> Iterable[Path]:
        """Return the paths of all parameters that points have."""
        for design in self.designs:
            yield from design.leaves()

    @cached_property
    def _counts(self) -> Counts:
        parts = [design.counts() for design in self.designs]
        excluded = {}
        for one in self.constraints:
            found = [part.excluded[one.name] for part in parts if one.name in part.excluded]
            excluded[one.name] = Excluded(*map(sum, zip(*found, strict=True)))
        drawn = [part.drawn for part in parts if part.drawn is not None]
        admitted = sum(part.admitted for part in parts)
        return Counts(self.size, admitted, excluded, min(drawn, default=None))

    def section_key(self, index: int, *sections: str) -> Hashable:
        """Return what points share only if they have the same values of some sections."""
        number, place = self._part_of(index)
        return number, self.designs[number].section_key(place, *sections)

    def occurrences(self, *sections: str) -> list[Occurrence] | None:
        """Return where the values that some sections take together occur first."""
        found: list[Occurrence] = []
        for design, end in zip(self.designs, self._ends, strict=True):
            start = end - design.size
            own = design.occurrences(*sections)
            if own is None:
                return None
            found += [
                Occurrence(start + first, None if admitted is None else start + admitted)
                for first, admitted in own
            ]
        return found


def _common(trees: Sequence[Tree]) -> Tree:
    """Return what all trees have."""
    common = Tree()
    first, *others = trees
    for path, value in leaves_of(first):
        if all(
            (other := value_at(tree, path)) is not MISSING and key_of(other) == key_of(value)
            for tree in others
        ):
            write(common, path, value)
    return common


def without_repeated(design: Design) -> list[int]:
    """Return the indices of the different points of a design.

    Of equal ones the first that is admitted counts, or the first of all.

    Raises
    ------
    DesignError
        If there are more than a million points.
    """
    if design.size > MOST_LISTED:
        raise DesignError(
            [
                f"union: {design.size:,} points, which is too many to compare them with each "
                f"other; the most are {MOST_LISTED:,}; concat takes any number"
            ]
        )
    kept: dict[str, tuple[int, bool]] = {}
    for index, point in enumerate(design):
        key = digest(point)
        admitted = point.excluded is None
        known = kept.get(key)
        if known is None or (admitted and not known[1]):
            kept[key] = index, admitted
    return sorted(index for index, _ in kept.values())
