"""Factors of a product: what is combined with everything else.

A factor has a number of digits, and for each digit the values of the paths that it writes.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from icarus.core.values import shown
from icarus.design.axes import Axis, Lhs, choice
from icarus.design.axis_values import Listed, Values, key_of
from icarus.design.points import MISSING, Path, dotted, is_part, leaves_of, value_at
from icarus.util import Tree

__all__ = ["AxisInfo", "Change", "Columns", "Factor", "Zip", "columns_of", "path_of"]

Change = tuple[Path, Any]
"""A path and the value that is written there."""


class AxisInfo(NamedTuple):
    """An axis of a design, for people."""

    name: str
    """The path of its parameter; of axes that go together, all of them, with commas between."""
    paths: tuple[str, ...]
    n: int
    """How many values it has."""
    kind: str
    """Such as ``linspace``; ``zip`` for axes that go together, ``design`` for points of one."""
    values: str
    """The first and last values."""


class Factor(ABC):
    """What is combined with everything else in a product.

    Attributes
    ----------
    size : int
        Its digits are those from 0 up to it.
    writes : tuple of Path
        What it writes, for some digits at least.
    axes : tuple of AxisInfo
    partial : bool
        Whether it writes only some of that for some digits.
    """

    size: int
    writes: tuple[Path, ...]
    axes: tuple[AxisInfo, ...]
    partial: bool = False

    @abstractmethod
    def changes(self, digit: int) -> Sequence[Change]:
        """Return what is written for a digit; nobody may change the values."""

    @abstractmethod
    def leaves(self) -> Iterable[Path]:
        """Return the paths of all values that are no sections."""

    @abstractmethod
    def candidates(self, tree: Tree, below: Callable[[Path], Sequence[Path]]) -> Iterable[int]:
        """Return in order the digits that a tree may come from.

        Parameters
        ----------
        tree : Tree
        below : callable
            Returns the paths inside of one that others write.
        """

    def read(self, digit: int, path: Path) -> Any:
        """Return what is written at a path, or MISSING."""
        # Deeper changes come after those that they are inside of.
        for written, value in reversed(self.changes(digit)):
            if is_part(path, written):
                return value_at(value, path[len(written) :])
        return MISSING


class Columns(Factor):
    """Axes whose values go together by their places; mostly a single one."""

    def __init__(self, kind: str, columns: Mapping[Path, Values]) -> None:
        in_order = sorted(columns.items(), key=lambda column: len(column[0]))
        self.writes = tuple(path for path, _ in in_order)
        self._values = [values for _, values in in_order]
        self._by_path = dict(in_order)
        self.size = self._values[0].n
        names = tuple(map(dotted, columns))
        self.axes = (
            AxisInfo(
                ", ".join(names),
                names,
                self.size,
                kind,
                "; ".join(map(str, columns.values())),
            ),
        )
        self._without: dict[tuple[Path, ...], dict[Hashable, list[int]]] = {}

    def changes(self, digit: int) -> Sequence[Change]:
        """Return what is written for a digit; nobody may change the values."""
        return [
            (path, values[digit]) for path, values in zip(self.writes, self._values, strict=True)
        ]

    def read(self, digit: int, path: Path) -> Any:
        """Return what is written at a path, or MISSING."""
        values = self._by_path.get(path)
        return super().read(digit, path) if values is None else values[digit]

    def leaves(self) -> Iterable[Path]:
        """Return the paths of all values that are no sections."""
        for path, values in zip(self.writes, self._values, strict=True):
            if not isinstance(values, Listed):
                yield path
                continue
            for value in values:
                if isinstance(value, Tree):
                    yield from ((*path, *inside) for inside, _ in leaves_of(value))
                else:
                    yield path

    def candidates(self, tree: Tree, below: Callable[[Path], Sequence[Path]]) -> Iterable[int]:
        """Return in order the digits that a tree may come from."""
        found: list[Sequence[int]] = []
        for number, path in enumerate(self.writes):
            value = value_at(tree, path)
            if value is MISSING:
                return ()
            found.append(self._places(number, value, below(path)))
        shortest = min(found, key=len)
        others = [set(places) for places in found if places is not shortest]
        return [digit for digit in shortest if all(digit in places for places in others)]

    def _places(self, number: int, value: Any, overwritten: Sequence[Path]) -> Sequence[int]:
        values = self._values[number]
        if not overwritten or not isinstance(values, Listed):
            return values.places(value)
        inside = [path[len(self.writes[number]) :] for path in overwritten]
        known = self._without.setdefault((self.writes[number], *overwritten), {})
        if not known:
            for digit, one in enumerate(values):
                known.setdefault(key_of(_without(one, inside)), []).append(digit)
        return known.get(key_of(_without(value, inside)), ())


def _without(value: Any, paths: Sequence[Path]) -> Any:
    """Return a section as it is apart from what stands at some paths."""
    if not isinstance(value, Tree):
        return value
    value = copy.deepcopy(value)
    for path in paths:
        _remove(value, path)
    return value


def _remove(tree: Tree, path: Path) -> None:
    """Remove what is at a path or in its way, and branches that were there only for it."""
    inside = tree.get(path[0])
    if len(path) > 1 and isinstance(inside, Tree):
        _remove(inside, path[1:])
        if inside:
            return
    tree.pop(path[0], None)


@dataclass(frozen=True)
class Zip:
    """Axes whose values go together by their places; see ``icarus.design.zip``."""

    axes: Mapping[Any, Any] = field(default_factory=dict)


def path_of(name: Any) -> Path:
    """Return the path that is written as `name`, or a ValueError.

    Parameters
    ----------
    name : str or tuple
        Keys with dots between them, or the keys.
    """
    path = tuple(name.split(".")) if isinstance(name, str) else name
    if not isinstance(path, tuple) or not path or not all(str(key).strip() for key in path):
        raise ValueError(f"should be a path such as 'workload.alpha', found {shown(name)}")
    return path


def columns_of(given: Any, seed: int, problems: list[str]) -> list[Columns]:
    """Return the factors that a mapping of axes, a zip or an lhs stands for.

    Parameters
    ----------
    given : mapping, Zip or Lhs
    seed : int
        What sampled axes draw from, with their names.
    problems : list of str
        Gets what is wrong, by path.
    """
    if isinstance(given, Lhs):
        return _hypercube(given, seed, problems)
    zipped = isinstance(given, Zip)
    axes = given.axes if isinstance(given, Zip) else given
    if not isinstance(axes, Mapping) or (zipped and not axes):
        found = shown(axes)
        problems.append(f"axes: should be a mapping of paths to values, found {found}")
        return []
    before = len(problems)
    columns: dict[Path, tuple[str, Values]] = {}
    for name, axis in axes.items():
        try:
            path = path_of(name)
        except ValueError as error:
            problems.append(f"axes: {error}")
            continue
        if path in columns:
            problems.append(f"axes.{dotted(path)}: it is given twice")
        elif (values := _values_of(path, axis, zipped, seed, problems)) is not None:
            columns[path] = values
    if not zipped:
        return [Columns(kind, {path: values}) for path, (kind, values) in columns.items()]
    lengths = {dotted(path): values.n for path, (_, values) in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{path} has {n}" for path, n in lengths.items())
        problems.append(f"axes.{next(iter(lengths))}: zipped axes need as many values each: {told}")
    if len(problems) > before:
        return []
    return [Columns("zip", {path: values for path, (_, values) in columns.items()})]


def _values_of(
    path: Path, given: Any, repeats: bool, seed: int, problems: list[str]
) -> tuple[str, Values] | None:
    """Return the kind and the values of an axis; None, and what is wrong with it."""
    place = f"axes.{dotted(path)}"
    if isinstance(given, Lhs | Zip):
        what = "lhs" if isinstance(given, Lhs) else "zip"
        problems.append(f"{place}: {what} has paths of its own; give it beside the mapping")
        return None
    axis = given if isinstance(given, Axis) else choice(given, repeats=repeats)
    wrong = axis.problems()
    if wrong:
        problems += [f"{place}: {problem}" for problem in wrong]
        return None
    try:
        return axis.kind, axis.values(dotted(path), seed)
    except ValueError as error:
        problems.append(f"{place}: {error}")
        return None


def _hypercube(given: Lhs, seed: int, problems: list[str]) -> list[Columns]:
    wrong = given.problems()
    for name, found in wrong.items():
        place = "axes" if name == "" else f"axes.{name}"
        problems += [f"{place}: {problem}" for problem in found]
    if wrong:
        return []
    try:
        paths = {name: path_of(name) for name in given.bounds}
    except ValueError as error:
        problems.append(f"axes: {error}")
        return []
    values = given.values(seed)
    return [Columns("lhs", {paths[name]: column for name, column in values.items()})]
