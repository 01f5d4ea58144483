"""Overrides from the command line that are in force while designs are made.

``-c workload.alpha=[0.8]`` names what a design varies or a parameter that it starts from. Designs
ask for what is in force when they are made, in a settings module as of a sweep file.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from icarus.design.axes import Lhs
from icarus.design.factors import Zip, path_of
from icarus.design.points import MISSING, Path, dotted, leaves_of, value_at
from icarus.design.sweep_axes import axis_of, is_axis
from icarus.design.sweep_models import AxisTable
from icarus.errors import nearest
from icarus.util import Tree

__all__ = ["Overrides", "overridden", "overriding", "without"]

_SECTIONS = ("axes", "base", "derive")
"""With which of them a path begins that is to be there, whatever the design says of it."""


@dataclass
class Overrides:
    """Axes and values by path, and what designs made of them."""

    values: Mapping[str, Any]
    known: dict[str, None] = field(default_factory=dict)
    """The paths that designs have."""
    used: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def problems(self, file: str) -> list[str]:
        """Return what is wrong with overrides, once all designs of a file are made."""
        return [*dict.fromkeys(self.wrong), *self._unused(file)]

    def _unused(self, file: str) -> Iterator[str]:
        for name in self.values:
            if name in self.used:
                continue
            if not self.known:
                yield f"-c {name}: {file} has no design, and a setting has an upper-case name"
                continue
            near = nearest(name, self.known)
            hint = f"did you mean {near!r}?" if near else f"-c base.{name}=VALUE sets it anew"
            yield f"-c {name}: no axis or parameter of {file}; {hint}"


_in_force: ContextVar[Overrides | None] = ContextVar("overrides", default=None)


@contextmanager
def overriding(values: Mapping[str, Any]) -> Iterator[Overrides]:
    """Have designs that are made meanwhile take axes and values by their paths."""
    overrides = Overrides(values)
    token = _in_force.set(overrides)
    try:
        yield overrides
    finally:
        _in_force.reset(token)


def overridden(base: Any, given: Sequence[Any], derive: Any) -> tuple[Any, Sequence[Any], Any]:
    """Return what a design is made of, with the overrides that are in force.

    Parameters
    ----------
    base : mapping
        What all points start from; it is not changed.
    given : sequence
        Mappings of axes, zips and Latin hypercubes; designs were made with their overrides.
    derive : mapping or None
        Derived parameters.
    """
    overrides = _in_force.get()
    # What is no mapping is found to be wrong where designs are made.
    if overrides is None or not isinstance(base, Mapping):
        return base, given, derive
    parts = _Parts(base, given, derive)
    overrides.known.update(dict.fromkeys(parts.known()))
    for name, value in overrides.values.items():
        section, _, rest = name.partition(".")
        if section not in _SECTIONS:
            section, rest = parts.section_of(path_of(name), value), name
        if section and (problem := parts.put(section, path_of(rest), copy.deepcopy(value))):
            overrides.wrong.append(f"-c {name}: {problem}")
        if section:
            overrides.used.add(name)
    return parts.base, parts.given, parts.derive


class _Parts:
    """What a design is made of, to be changed."""

    def __init__(self, base: Mapping[Any, Any], given: Sequence[Any], derive: Any) -> None:
        self.base = Tree(copy.deepcopy(base))
        self.given = list(given)
        self.derive = dict(derive) if isinstance(derive, Mapping) else {}

    def known(self) -> Iterator[str]:
        """Yield all paths that there are."""
        for part in self.given:
            yield from (dotted(path) for path in _names(part))
        yield from (dotted(_path(name)) for name in self.derive)
        yield from (dotted(path) for path, _ in leaves_of(self.base))

    def section_of(self, path: Path, value: Any) -> str:
        """Return where a path is to be set that is here already; nothing if it is not."""
        for part in self.given:
            if path in _names(part):
                one = isinstance(part, Zip | Lhs) and not _varies(value, path)
                return "base" if one else "axes"
        if path in map(_path, self.derive):
            return "derive" if isinstance(value, str) else "base"
        there = value_at(self.base, path)
        if there is MISSING:
            return ""
        # Where a list or a section was, another one is a value.
        single = isinstance(there, str | int | float)
        return "axes" if single and _varies(value, path) else "base"

    def put(self, section: str, path: Path, value: Any) -> str | None:
        """Set what stands at a path; return what is wrong with it, if anything."""
        place = next((i for i, part in enumerate(self.given) if path in _names(part)), None)
        if section == "axes":
            axis, problem = _axis(value, path)
            if problem is not None:
                return problem
            if place is not None:
                self.given[place] = _with(self.given[place], path, axis)
                return None
        if place is not None:
            self.given[place] = without(self.given[place], {path})
        self.derive = without(self.derive, {path})
        match section:
            case "axes":
                self.given.append({path: axis})
            case "derive":
                self.derive[path] = value
            case _:
                self.base.setval(path, value)
        return None


def _names(part: Any) -> list[Path]:
    """Return the paths of axes that go together, or are combined."""
    axes = part.bounds if isinstance(part, Lhs) else part.axes if isinstance(part, Zip) else part
    return [_path(name) for name in axes] if isinstance(axes, Mapping) else []


def _path(name: Any) -> Path:
    """Return the path that is written as a name; an empty one for what is none."""
    try:
        return path_of(name)
    except ValueError:
        return ()


def _with(part: Any, path: Path, axis: Any) -> Any:
    """Return axes with another in the place of one."""
    if isinstance(part, Lhs):
        return replace(part, bounds=_replaced(part.bounds, path, axis))
    if isinstance(part, Zip):
        return replace(part, axes=_replaced(part.axes, path, axis))
    return _replaced(part, path, axis)


def _replaced(axes: Mapping[Any, Any], path: Path, axis: Any) -> dict[Any, Any]:
    return {name: axis if _path(name) == path else one for name, one in axes.items()}


def without(part: Any, paths: Container[Path]) -> Any:
    """Return axes without some of them: a mapping, a zip or an lhs, or {} if none is left."""

    def kept(axes: Any) -> Any:
        # Options of an lhs may be of single axes, or of all.
        if isinstance(axes, Mapping):
            return {name: axis for name, axis in axes.items() if _path(name) not in paths}
        return (
            [n for n in axes if _path(n) not in paths] if isinstance(axes, list | tuple) else axes
        )

    match part:
        case Lhs():
            bounds = kept(part.bounds)
            log = [part.log] if isinstance(part.log, str) else part.log
            left = replace(part, bounds=bounds, round=kept(part.round), log=kept(log))
            return left if bounds else {}
        case Zip():
            axes = kept(part.axes)
            return Zip(axes) if axes else {}
    return kept(part)


def _axis(value: Any, path: Path) -> tuple[Any, str | None]:
    """Return the axis that is written as a value, a single one being the only one; or a problem."""
    if not _varies(value, path):
        return [value], None
    axis, problems = axis_of(value, "")
    text = "; ".join(f"{place}: {text}" if place else text for place, text in problems)
    return axis.axis() if isinstance(axis, AxisTable) else axis, text or None


def _varies(value: Any, path: Path) -> bool:
    return isinstance(value, list) or (isinstance(value, Mapping) and is_axis(value, len(path)))
