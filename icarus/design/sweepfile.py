"""Sweep files: designs that are written down in TOML or JSON, in layers, and nothing executed.

A file has the sections that ``sweep_models`` lists. Each layer is checked by itself, so that a
problem names the file that it is in; then the later layers are laid over the earlier ones.
"""

from __future__ import annotations

import copy
import datetime
import json
import os
import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from icarus.core.kinds import KINDS
from icarus.design import combining
from icarus.design.axes import Lhs, choice
from icarus.design.designs import Design
from icarus.design.expressions import Expression, ExpressionError
from icarus.design.factors import path_of
from icarus.design.overriding import without
from icarus.design.points import Path, leaves_of
from icarus.design.sweep_axes import axis_of, is_axis
from icarus.design.sweep_models import (
    AxisTable,
    CoverTable,
    LhsTable,
    SweepFile,
    checked,
    joined,
)
from icarus.design.sweep_reading import read_layers
from icarus.errors import DesignError

__all__ = ["Sweep", "read_sweep"]


@dataclass
class Sweep:
    """What a sweep file says, with all that it extends."""

    settings: dict[str, Any] = field(default_factory=dict)
    base: dict[str, Any] = field(default_factory=dict)
    axes: dict[str, list[Any] | AxisTable] = field(default_factory=dict)
    """By path; so are those of `zips` and `lhs`."""
    zips: list[dict[str, list[Any] | AxisTable]] = field(default_factory=list)
    lhs: list[Lhs] = field(default_factory=list)
    derive: dict[str, str] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    strength: int | None = None
    """Of a covering design; None for all combinations."""
    seed: int | None = None
    title: str = ""
    description: str = ""
    problems: list[str] = field(default_factory=list)
    """What is wrong with what is not here."""
    files: list[str] = field(default_factory=list)
    """What it was read from, in the order of reading."""
    places: dict[str, str] = field(default_factory=dict)
    """Where, and in which of them, stands what a setting or a problem of a design names."""

    def forget(self, paths: Container[Path], but: Container[str]) -> None:
        """Take out how parameters vary; those of `but` keep their places among the axes."""
        self.axes = {
            name: axis
            for name, axis in self.axes.items()
            if name in but or path_of(name) not in paths
        }
        self.derive = without(self.derive, paths)
        self.zips = [left for axes in self.zips if (left := without(axes, paths))]
        self.lhs = [left for axes in self.lhs if (left := without(axes, paths))]

    def design(self) -> Design:
        """Return the design, with the overrides that are in force.

        Raises
        ------
        DesignError
            With all problems, each with its place in one of the files.
        """
        axes = {path: _made(axis) for path, axis in self.axes.items()}
        zips = [
            combining.zip({path: _made(axis) for path, axis in axes.items()}) for axes in self.zips
        ]
        options: dict[str, Any] = {"where": self.where, "derive": self.derive}
        if self.seed is not None:
            options["seed"] = self.seed
        try:
            if self.strength is None:
                return combining.product(self.base, axes, *zips, *self.lhs, **options)
            return combining.cover(
                self.base, axes, *zips, *self.lhs, strength=self.strength, **options
            )
        except DesignError as error:
            raise DesignError(list(map(self._placed, error.problems))) from None

    def _placed(self, problem: str) -> str:
        """Return a problem of the design with the place that it has in a file."""
        # Names of constraints may have colons in them.
        ends = [found.start() for found in re.finditer(": ", problem)]
        names = [problem[:end] for end in ends if problem[:end] in self.places]
        if not names:
            return f"{self.files[-1]}: {problem}"
        return self.places[names[-1]] + problem.removeprefix(names[-1])

    def text(self) -> str:
        """Return a sweep file, in JSON, that says the same and extends nothing."""
        sections = {
            "title": self.title,
            "description": self.description,
            "settings": self.settings,
            "base": self.base,
            "axes": _written(self.axes),
            "zip": [_written(axes) for axes in self.zips],
            "lhs": [_written_lhs(axes) for axes in self.lhs],
            "derive": self.derive,
            "where": self.where,
            "cover": {} if self.strength is None else {"strength": self.strength},
        }
        given = {name: value for name, value in sections.items() if value}
        return json.dumps(given if self.seed is None else {**given, "seed": self.seed}, indent=1)


def read_sweep(path: str | os.PathLike[str], text: str) -> Sweep:
    """Return what a sweep file says.

    Parameters
    ----------
    path : str or path-like
        The file; what it extends is named relative to its folder.
    text : str
        Its text.

    Returns
    -------
    Sweep
        Without what is wrong; that is told among its problems.
    """
    layers, problems = read_layers(path, text)
    sweep = Sweep(problems=problems)
    for layer in layers:
        _lay_over(sweep, _Checking(layer.file).sweep(layer.content), layer.file)
    return sweep


class _Checking:
    """Checks one file and brings it to the form that it is merged in."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found = Sweep()

    def problem(self, place: str, text: str) -> None:
        where = f"{self.file}: {place}" if place else self.file
        self.found.problems.append(f"{where}: {text}")

    def checked(self, model: Any, value: Any, place: str) -> Any:
        table, problems = checked(model, value, place)
        for where, text in problems:
            self.problem(where, text)
        return table

    def sweep(self, content: Mapping[str, Any]) -> Sweep:
        """Return what a file says."""
        found = self.found
        given = dict(content)
        for place, text in _no_parameters(content, ""):
            self.problem(place, text)
        if isinstance(given.get("extends"), str):
            given["extends"] = [given["extends"]]
        one = isinstance(given.get("lhs"), Mapping)
        if one:
            given["lhs"] = [given["lhs"]]
        if isinstance(given.get("derive"), Mapping):
            given["derive"] = self._by_path(given["derive"], "derive", _is_no_table)
        self._misplaced(given)
        # Each section is checked, whatever is wrong with others.
        sound = {
            name: value
            for name, value in given.items()
            if self.checked(SweepFile, {name: value}, "") is not None
        }
        for name in ("settings", "where", "derive", "seed", "title", "description"):
            if name in sound:
                setattr(found, name, sound[name])
        for section in ("settings", "where", "derive"):
            names = [f"{section}.{name}" for name in getattr(found, section)]
            found.places |= {name: f"{self.file}: {name}" for name in names}
        found.base = self._base(sound.get("base", {}))
        found.axes = self._axes(sound.get("axes", {}), "axes")
        found.zips = [
            self._axes(table, f"zip[{number}]") for number, table in enumerate(sound.get("zip", []))
        ]
        for number, table in enumerate(sound.get("lhs", [])):
            self._lhs(table, "lhs" if one else f"lhs[{number}]")
        self._check_expressions()
        if "cover" in sound:
            cover = self.checked(CoverTable, sound["cover"], "cover")
            found.strength = cover.strength if cover is not None else None
        return found

    def _misplaced(self, given: dict[str, Any]) -> None:
        """Take out what stands outside of its section."""
        for name in list(given):
            setting = name.isidentifier() and name == name.upper()
            section = "base" if name in KINDS else "settings" if setting else ""
            if section:
                del given[name]
                self.problem("", f"unknown key {name!r}; did you mean '{section}.{name}'?")

    def _base(self, table: Mapping[str, Any]) -> dict[str, Any]:
        base: dict[str, Any] = {}
        for key, value in table.items():
            if not (parts := self._parts(key, "base")):
                continue
            *above, last = parts
            branch = base
            for part in above:
                branch = branch.setdefault(part, {})
                if not isinstance(branch, dict):
                    self.problem(f"base.{key}", f"{part!r} has a value already")
                    break
            else:
                _merge(branch, {last: copy.deepcopy(value)})
        return base

    def _axes(self, table: Mapping[str, Any], place: str) -> dict[str, list[Any] | AxisTable]:
        axes = {}
        for path, value in self._by_path(table, place, is_axis).items():
            axis = self._axis(value, joined(place, path))
            if axis is not None:
                axes[path] = axis
                self.found.places[f"axes.{path}"] = f"{self.file}: {joined(place, path)}"
        return axes

    def _axis(self, value: Any, place: str) -> list[Any] | AxisTable | None:
        axis, problems = axis_of(value, place)
        if axis is not None:
            made = axis.axis() if isinstance(axis, AxisTable) else choice(axis)
            problems = [(place, text) for text in made.problems()]
        for where, text in problems:
            self.problem(where, text)
        return None if problems else axis

    def _lhs(self, table: Mapping[str, Any], place: str) -> None:
        options = {key: table[key] for key in ("n", "round", "log") if key in table}
        if isinstance(options.get("round"), Mapping):
            options["round"] = self._by_path(options["round"], f"{place}.round", _is_no_table)
        bounds = {key: value for key, value in table.items() if key not in options}
        options["bounds"] = self._by_path(bounds, place, _is_no_table)
        found, problems = checked(LhsTable, options, place)
        if found is not None:
            self.found.lhs.append(found.axes())
            for path in found.bounds:
                self.found.places[f"axes.{path}"] = f"{self.file}: {joined(place, path)}"
            wrong = found.axes().problems()
            problems = [
                (joined(place, path) if path else place, text)
                for path, texts in wrong.items()
                for text in texts
            ]
        for where, text in problems:
            self.problem(where.replace(f"{place}.bounds", place, 1), text)

    def _check_expressions(self) -> None:
        for section in ("derive", "where"):
            for name, text in getattr(self.found, section).items():
                try:
                    Expression(text)
                except ExpressionError as error:
                    self.problem(f"{section}.{name}", str(error))

    def _by_path(
        self, table: Mapping[str, Any], place: str, is_leaf: Callable[[Any, int], bool]
    ) -> dict[str, Any]:
        """Return what nested tables hold, by path."""
        found: dict[str, Any] = {}
        for path, value in self._leaves(table, place, (), is_leaf):
            if path in found:
                self.problem(joined(place, path), "given twice")
            found[path] = value
        return found

    def _leaves(
        self,
        table: Mapping[str, Any],
        place: str,
        above: tuple[str, ...],
        is_leaf: Callable[[Any, int], bool],
    ) -> Iterator[tuple[str, Any]]:
        for key, value in table.items():
            own = self._parts(key, ".".join((place, *above)))
            parts = (*above, *own)
            if own and is_leaf(value, len(parts)):
                yield ".".join(parts), value
            elif own:
                yield from self._leaves(value, place, parts, is_leaf)

    def _parts(self, key: str, place: str) -> list[str]:
        """Return the parts of a key with dots; nothing, and a problem, if one is empty."""
        parts = key.split(".")
        if all(map(str.strip, parts)):
            return parts
        self.problem(place, f"{key!r}: a part of this name is empty")
        return []


def _no_parameters(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield where dates and times stand, which no parameter is."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _no_parameters(item, joined(place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _no_parameters(item, f"{place}[{number}]")
    elif isinstance(value, datetime.date | datetime.time):
        yield place, f"a date or a time, which no parameter is; as a text: {str(value)!r}"


def _is_no_table(value: Any, depth: int) -> bool:
    return not isinstance(value, Mapping)


def _made(axis: list[Any] | AxisTable) -> Any:
    return axis.axis() if isinstance(axis, AxisTable) else axis


def _written(axes: Mapping[str, list[Any] | AxisTable]) -> dict[str, Any]:
    return {
        path: axis.model_dump(exclude_unset=True) if isinstance(axis, AxisTable) else axis
        for path, axis in axes.items()
    }


def _written_lhs(axes: Lhs) -> dict[str, Any]:
    options = {"n": axes.n, "round": axes.round, "log": axes.log}
    given = {name: value for name, value in options.items() if value not in (None, False)}
    return {**given, **axes.bounds}


def _lay_over(sweep: Sweep, layer: Sweep, file: str) -> None:
    """Lay what a file says over what the files say that it extends."""
    sweep.problems += layer.problems
    parts = [layer.axes, layer.derive, *layer.zips, *(axes.bounds for axes in layer.lhs)]
    paths = {path_of(name) for part in parts for name in part}
    paths.update(path for path, _ in leaves_of(layer.base))
    sweep.forget(paths, but=layer.axes)
    sweep.files.append(file)
    _merge(sweep.base, layer.base)
    for name in ("settings", "axes", "derive", "where"):
        getattr(sweep, name).update(getattr(layer, name))
    sweep.places |= layer.places
    sweep.zips += layer.zips
    sweep.lhs += layer.lhs
    for name in ("strength", "seed", "title", "description"):
        if getattr(layer, name) not in (None, ""):
            setattr(sweep, name, getattr(layer, name))


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), dict):
            _merge(below[key], value)
        else:
            below[key] = value
