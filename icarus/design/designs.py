"""Designs: lazy sequences of points, whatever they are made of."""

from __future__ import annotations

import bisect
import itertools
import sys
from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, overload

from icarus.core.hashing import digest
from icarus.core.values import shown
from icarus.design.counting import Counts, counted, described
from icarus.design.drawing import distinct_integers
from icarus.design.factors import AxisInfo, Change
from icarus.design.points import MISSING, Path, Point, value_at
from icarus.design.rules import MOST_TABULATED, Constraint, Derived
from icarus.errors import DesignError
from icarus.util import Tree

__all__ = ["MOST_LISTED", "Design", "Occurrence", "Part", "SectionValue"]

MOST_LISTED = 1_000_000
"""Points that are looked at one by one."""


class Occurrence(NamedTuple):
    """Where something occurs first in a design."""

    first: int
    """The least index, from 0, of a point that has it."""
    admitted: int | None
    """The least index of one that is admitted, or None if there is none."""


class SectionValue(NamedTuple):
    """A value that a section of experiments takes, and where."""

    value: Any
    """A Tree, mostly; None where points do not have the section."""
    first: int
    """The least index, from 0, of a point that has it."""
    admitted: int | None
    """The least index of one that is admitted, or None if there is none."""


class Design(Sequence[Point]):
    """A lazy sequence of points, which are trees of experiments.

    Nothing is stored: point *i* is computed when it is asked for. Designs are made by `product`,
    `union`, `concat` and `cover`, and from each other.

    Attributes
    ----------
    size : int
        How many points there are, which is more than ``len`` can tell, perhaps.
    axes : tuple of AxisInfo
    constraints : tuple of Constraint
    derived : tuple of Derived
        Parameters that follow from others.
    """

    size: int
    axes: tuple[AxisInfo, ...]
    constraints: tuple[Constraint, ...]
    derived: tuple[Derived, ...]
    base: Tree
    """What all points have, apart from what is written over it; nobody may change it."""
    writes: tuple[Path, ...]
    """What some points have in other ways than others."""
    reads: frozenset[Path]
    """What constraints and derived parameters read."""

    @abstractmethod
    def _point(self, index: int) -> Point:
        """Return a point by its index, from 0 up to `size`."""

    @abstractmethod
    def changes(self, index: int) -> Sequence[Change]:
        """Return what a point has beyond `base`; nobody may change the values."""

    @abstractmethod
    def broken(self, index: int) -> tuple[str, ...]:
        """Return the names of the constraints that a point does not satisfy, in their order."""

    @abstractmethod
    def candidates(self, tree: Tree, below: Callable[[Path], Sequence[Path]]) -> Iterable[int]:
        """Return in order the indices that a tree may have; see ``Factor.candidates``."""

    @abstractmethod
    def leaves(self) -> Iterable[Path]:
        """Return the paths of all parameters that points have."""

    @abstractmethod
    def section_key(self, index: int, *sections: str) -> Hashable:
        """Return what points share only if they have the same values of some sections.

        It takes a tenth of the time of making the point. Keys of two points may differ though
        the sections are the same.
        """

    @abstractmethod
    def occurrences(self, *sections: str) -> list[Occurrence] | None:
        """Return where the values that some sections take together occur first.

        Parameters
        ----------
        *sections : str
            Top-level keys of experiments.

        Returns
        -------
        list of Occurrence or None
            In every point these sections are as in one of them; two may have the same. None
            if there would be more than 100,000, or if points would have to be listed for it.
            Points are taken as admitted that only constraints exclude which are not tabulated.
        """

    def __len__(self) -> int:
        if self.size > sys.maxsize:
            raise OverflowError(f"{self.size} points are more than len() can tell; use .size")
        return self.size

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Design: ...
    def __getitem__(self, index: int | slice) -> Point | Design:
        if isinstance(index, slice):
            return Part(self, range(self.size)[index])
        place = index + self.size if index < 0 else index
        if not 0 <= place < self.size:
            raise IndexError(f"no point {index} in a design of {self.size}")
        return self._point(place)

    def __iter__(self) -> Iterator[Point]:
        return map(self._point, _up_to(self.size))

    def __contains__(self, tree: object) -> bool:
        try:
            self.index(tree)
        except ValueError:
            return False
        return True

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis.name} ({axis.n})" for axis in self.axes)
        return f"<Design of {self.size:,} points: {axes or 'no axes'}>"

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the index of the first point that is equal to a tree.

        Parameters
        ----------
        value : mapping
            Compared by content: 1 and 1.0 are equal, and the order of keys does not matter.
        start, stop : int, optional
            Look at points from `start` up to `stop` only; negative ones count from the end.

        Raises
        ------
        ValueError
            If there is none.
        """
        within = range(self.size)[start:stop]
        if isinstance(value, dict):
            tree, wanted = Tree(value), digest(value)
            tried = itertools.islice(self.candidates(tree, self._below), MOST_TABULATED)
            for index in tried:
                if index in within and digest(self._point(index)) == wanted:
                    return index
        raise ValueError(f"no such point: {shown(value)}")

    def _below(self, path: Path) -> Sequence[Path]:
        depth = len(path)
        return [one for one in self.writes if len(one) > depth and one[:depth] == path]

    def sample(self, n: int, seed: int = 1) -> Design:
        """Return `n` different admitted points, drawn at random, in the order of the design.

        Parameters
        ----------
        n : int
        seed : int, optional
            Every subset of `n` admitted points is as likely as another.

        Raises
        ------
        DesignError
            If there are not so many, or they are too rare to be found.
        """
        for name, value in (("n", n), ("seed", seed)):
            if type(value) is not int or value < 0:
                raise DesignError(
                    [f"sample: {name} should be a whole number from 0 up, found {shown(value)}"]
                )
        return Part(self, self._sampled(n, seed))

    def _sampled(self, n: int, seed: int) -> Sequence[int]:
        return self._sampled_from(range(self.size), n, seed)

    def _sampled_from(self, indices: Any, n: int, seed: int) -> Sequence[int]:
        """Return indices of admitted points out of some, without looking at all of them."""
        found: list[int] = []
        looked = itertools.islice(distinct_integers(_size_of(indices), seed), MOST_LISTED)
        for place in looked if n > 0 else ():
            index = indices[place]
            if not self._excluded(index):
                found.append(index)
                if len(found) == n:
                    return sorted(found)
        if n > 0:
            raise DesignError(
                [f"sample: {n:,} points asked for, {len(found):,} admitted ones found"]
            )
        return []

    def _excluded(self, index: int) -> str | None:
        return next(iter(self.broken(index)), None)

    def shard(self, k: int, n: int) -> Design:
        """Return one of `n` parts that together are the design and have no point in common.

        Parameters
        ----------
        k : int
            Which part, from 1 to `n`: every `n`-th point, from the `k`-th.
        n : int

        Raises
        ------
        DesignError
            If there is no such part.
        """
        if n < 1 or not 1 <= k <= n:
            raise DesignError([f"shard: should be one of 1/N to N/N, found {k}/{n}"])
        return self[k - 1 :: n]

    def admitted(self) -> Design:
        """Return the points that satisfy all constraints, in their order.

        Raises
        ------
        DesignError
            If constraints are not tabulated and there are more than a million points to look at.
        """
        if self.size > MOST_LISTED:
            raise DesignError(
                [
                    f"admitted: {self.size:,} points, whose constraints depend on more than "
                    f"{MOST_TABULATED:,} combinations; take a sample of them"
                ]
            )
        return Part(self, [index for index in range(self.size) if not self._excluded(index)])

    def counts(self) -> Counts:
        """Return how many points there are, are admitted, and are excluded by each constraint."""
        return self._counts

    @cached_property
    def _counts(self) -> Counts:
        return counted(self)

    def describe(self) -> list[str]:
        """Return the axes, the constraints and the counts in lines of text."""
        return described(self)

    def sections(self) -> dict[str, list[SectionValue] | None]:
        """Return the values that each section of experiments takes, for checks by section.

        Returns
        -------
        dict of str to list of SectionValue
            From top-level keys to the different values, each with the first points that have it;
            None for a section that takes more than 100,000, or whose points would have to be
            listed.
        """
        names = dict.fromkeys([*self.base.keys(), *(path[0] for path in self.writes)])
        return {name: self._section(name) for name in names}

    def _section(self, name: str) -> list[SectionValue] | None:
        occurrences = self.occurrences(name)
        if occurrences is None:
            return None
        values: dict[str, SectionValue] = {}
        for first, admitted in occurrences:
            value = self.section(first, name)
            key = digest(value)
            known = values.get(key)
            if known is not None:
                first = min(first, known.first)
                both = [one for one in (admitted, known.admitted) if one is not None]
                admitted = min(both, default=None)
            values[key] = SectionValue(value, first, admitted)
        return sorted(values.values(), key=lambda value: value.first)

    def section(self, index: int, name: str) -> Any:
        """Return the section called `name` of a point; None if it has none."""
        value = value_at(self._point(index), (name,))
        return None if value is MISSING else value


class Part(Design):
    """Some points of a design, which keep their numbers.

    Parameters
    ----------
    whole : Design
    indices : sequence of int
        In the whole: a range, ascending integers, or what finds the admitted ones.
    renumbered : bool
        Whether the points are numbered anew.
    """

    def __init__(self, whole: Design, indices: Any, *, renumbered: bool = False) -> None:
        self.whole = whole
        self.size = _size_of(indices)
        self.axes, self.constraints, self.derived = whole.axes, whole.constraints, whole.derived
        self.base, self.writes, self.reads = whole.base, whole.writes, whole.reads
        self._indices = indices
        self._renumbered = renumbered

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Design: ...
    def __getitem__(self, index: int | slice) -> Point | Design:
        if isinstance(index, slice) and isinstance(self._indices, range) and not self._renumbered:
            return Part(self.whole, self._indices[index])
        return super().__getitem__(index)

    def _point(self, index: int) -> Point:
        point = self.whole._point(self._indices[index])
        if self._renumbered:
            point.number = index + 1
        return point

    def changes(self, index: int) -> Sequence[Change]:
        """Return what a point has beyond `base`; nobody may change the values."""
        return self.whole.changes(self._indices[index])

    def broken(self, index: int) -> tuple[str, ...]:
        """Return the names of the constraints that a point does not satisfy, in their order."""
        return self.whole.broken(self._indices[index])

    def candidates(self, tree: Tree, below: Callable[[Path], Sequence[Path]]) -> Iterable[int]:
        """Return in order the indices that a tree may have; see ``Factor.candidates``."""
        places = (_place_of(self._indices, index) for index in self.whole.candidates(tree, below))
        if isinstance(self._indices, range) and self._indices.step < 0:
            return sorted(place for place in places if place is not None)
        return (place for place in places if place is not None)

    def leaves(self) -> Iterable[Path]:
        """Return the paths of all parameters that points have."""
        return self.whole.leaves()

    def section_key(self, index: int, *sections: str) -> Hashable:
        """Return what points share only if they have the same values of some sections."""
        return self.whole.section_key(self._indices[index], *sections)

    def occurrences(self, *sections: str) -> list[Occurrence] | None:
        """Return where the values that some sections take together occur first."""
        if self.size > MOST_LISTED:
            return None
        first: dict[Hashable, int] = {}
        admitted: dict[Hashable, int] = {}
        for index in range(self.size):
            key = self.section_key(index, *sections)
            first.setdefault(key, index)
            if key not in admitted and not self._excluded(index):
                admitted[key] = index
            if len(first) > MOST_TABULATED:
                return None
        return [Occurrence(index, admitted.get(key)) for key, index in first.items()]


def _up_to(size: int) -> Iterable[int]:
    return range(size) if size <= sys.maxsize else itertools.count()


def _size_of(indices: Any) -> int:
    """Return the length of indices, also of a range that is too long for ``len``."""
    if isinstance(indices, range):
        return max(0, -((indices.start - indices.stop) // indices.step))
    return indices.size if hasattr(indices, "size") else len(indices)


def _place_of(indices: Any, index: int) -> int | None:
    """Return where an index is among ascending ones or those of a range; None if it is not."""
    if isinstance(indices, range):
        return indices.index(index) if index in indices else None
    if hasattr(indices, "place_of"):
        place: int | None = indices.place_of(index)
        return place
    place = bisect.bisect_left(indices, index)
    return place if place < len(indices) and indices[place] == index else None
