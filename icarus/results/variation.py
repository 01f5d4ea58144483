"""What varies over a result set, and how to name it.

Experiments are rows of parameters, ``(section, name)`` paths; a `Dimension` is something that
differs between them and can be an axis, a set of lines or a set of panels. Parameters that
only some of the components named in a section have are part of that component's label, so
that ``RAND_BERNOULLI(p=0.2)`` stands beside ``LCE``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from icarus.core.byte_sizes import bytes_of, has_unit
from icarus.core.capacities import CAPACITY_KEYS, CAPACITY_SIZES, unit_of
from icarus.core.kinds import DETAILS
from icarus.errors import PlotError, nearest
from icarus.results.labels import is_drawable, parameter_label, value_text
from icarus.util import Tree, literal

__all__ = ["Dimension", "constants_of", "dimensions_of", "matching", "resolve", "rows_of"]

Path = tuple[Any, ...]
Row = dict[Path, Any]

_NAMES_FIRST = ("strategy", "cache_policy", "cache_placement", "content_placement", "topology")
_NUMBERS_FIRST = ("network_cache", "alpha", "n_contents")
_LONG = 12


class _Missing:
    """The value of a parameter that an experiment does not have."""

    def __repr__(self) -> str:
        return "none"


MISSING = _Missing()


@dataclass
class Dimension:
    """Something that differs between experiments.

    Attributes
    ----------
    path : tuple
        The parameter that gives it its name.
    keys : list
        Its value in each experiment, hashable; MISSING where there is none.
    texts : dict
        From each value to how it is written.
    numeric : bool
        Whether all values are numbers.
    merged : list of tuple
        Further parameters that the values stand for.
    unit : str
        What the values count, where that is for the experiments to say.
    title : str
        What a user calls it.
    names : dict
        What a user calls values.
    first : list
        Values that come before the others, in this order.
    numbers : dict
        From each value to its number in the whole campaign, which stands for its colour.
    """

    path: Path
    keys: list[Hashable]
    texts: dict[Hashable, str]
    numeric: bool
    merged: list[Path] = field(default_factory=list)
    unit: str = ""
    title: str = ""
    names: dict[Hashable, str] = field(default_factory=dict)
    first: list[Hashable] = field(default_factory=list)
    numbers: dict[Hashable, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the values are, for an axis or the head of a legend."""
        if self.title:
            return self.title
        own = parameter_label(self.path)
        if self.unit:
            # One pair of brackets: (fraction of the catalogue, of its bytes).
            own = f"{own[:-1]}, {self.unit})" if own.endswith(")") else f"{own} ({self.unit})"
        return ", ".join([own, *map(parameter_label, self.merged)])

    @property
    def values(self) -> list[Hashable]:
        """The distinct values: numbers in ascending order, others as they first occur."""
        distinct = list(dict.fromkeys(self.keys))
        there: list[Any] = [key for key in distinct if key is not MISSING]
        if self.numeric:
            there.sort()
        there += [key for key in distinct if key is MISSING]
        ranks = {key: i for i, key in enumerate(self.first)}
        return sorted(there, key=lambda key: ranks.get(key, len(ranks)))

    def number(self, key: Hashable) -> int:
        """Return the number of a value, which stands for its colour and marker."""
        return self.numbers[key] if self.numbers else self.values.index(key)

    @property
    def labels(self) -> dict[int, str]:
        """From the number of each value to how it is written, in the order of values."""
        return {self.number(key): self.text(key) for key in self.values}

    def text(self, key: Hashable) -> str:
        """Return how a value is written in a figure."""
        return self.names.get(key, self.texts[key])

    def phrase(self, key: Hashable) -> str:
        """Return a value with what it is a value of, unless it speaks for itself."""
        if key in self.names or (self.path[-1] == "name" and key is not MISSING):
            return self.text(key)
        # A text such as "10 GiB" has a unit of its own.
        unit = f" {self.unit}" if self.unit and self.texts[key][-1:].isdecimal() else ""
        return f"{self.title or short_name(self.path)} = {self.texts[key]}{unit}"


def dotted(path: Path) -> str:
    """Return a parameter or a metric as users name it."""
    return ".".join(map(str, path))


def short_name(path: Path) -> str:
    """Return the last part of a path, or its section if it is the section's name."""
    return str(path[-2] if len(path) > 1 and path[-1] == "name" else path[-1])


def rows_of(experiments: Iterable[Tree]) -> list[Row]:
    """Return the parameters of experiments as flat dicts, two levels deep."""
    rows = []
    for params in experiments:
        row: Row = {}
        for section, value in params.items():
            if isinstance(value, Tree):
                row.update({(section, name): item for name, item in value.items()})
            elif section != "timeline" or not _is_empty(value):
                row[(section,)] = value
        rows.append(row)
    return rows


def _is_empty(value: Any) -> bool:
    """Whether an experiment has no events, which it may say with None or without events."""
    return value is None or (isinstance(value, (list, tuple)) and len(value) == 0)


def key_of(value: Any) -> Hashable:
    """Return what stands for `value` where values are compared and counted."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)) and is_drawable(value):
        return value
    return value if isinstance(value, str) else (type(value).__name__, _exact(value))


def _exact(value: Any) -> Hashable:
    """Return what differs wherever values do that are made of others; texts round numbers."""
    if isinstance(value, (list, tuple)):
        return tuple(map(key_of, value))
    if isinstance(value, dict):
        return frozenset((key_of(key), key_of(item)) for key, item in value.items())
    return value_text(value)


def _dimension(path: Path, rows: Sequence[Row]) -> Dimension:
    keys = [_number_of(path, key_of(row.get(path))) for row in rows]
    texts: dict[Hashable, str] = {}
    taken: Counter[str] = Counter()
    for key, row in zip(keys, rows, strict=True):
        if key not in texts:
            text = value_text(row.get(path))
            taken[text] += 1
            # Also what differs in its last digits only has a name and a file of its own.
            texts[key] = text if taken[text] == 1 else f"{text} ({taken[text]})"
    there = [key for key in texts if key is not MISSING]
    numeric = bool(there) and all(isinstance(key, Real) for key in there)
    return Dimension(path, keys, texts, numeric, unit=_unit(path, rows))


_SIZES = tuple(("cache_placement", name) for name in CAPACITY_SIZES)


def _number_of(path: Path, key: Hashable) -> Hashable:
    """Return the number of bytes that a text such as "10 GiB" stands for, where sizes are given."""
    if path in _SIZES and has_unit(key):
        with suppress(ValueError):
            return bytes_of(key)
    return key


def _unit(path: Path, rows: Sequence[Row]) -> str:
    """Return what sizes of caches count; empty for shares of a number of contents and the rest."""
    if path not in _SIZES:
        return ""
    units = {
        unit_of({key: row.get((path[0], key)) for key in CAPACITY_KEYS})
        for row in rows
        if row.get(path) is not None
    }
    if path[1] == "network_cache":
        return "of its bytes" if units == {"bytes"} else ""
    return " or ".join(sorted(units, reverse=True))


def paths_of(rows: Sequence[Row]) -> list[Path]:
    """Return the paths of all parameters, in the order of their first occurrence."""
    return list(dict.fromkeys(path for row in rows for path in row))


def constants_of(rows: Sequence[Row]) -> Row:
    """Return the parameters that are the same in all experiments."""
    return {
        path: rows[0].get(path)
        for path in paths_of(rows)
        if len({key_of(row.get(path)) for row in rows}) == 1
    }


def dimensions_of(
    rows: Sequence[Row], asked: Iterable[Path] = ()
) -> tuple[list[Dimension], list[str]]:
    """Find what differs between experiments.

    Parameters
    ----------
    rows : list of dict
        The experiments, as `rows_of` gives them.
    asked : iterable of tuple
        Parameters that must be dimensions of their own.

    Returns
    -------
    dimensions : list of Dimension
        Together they tell apart all experiments that differ in more than a seed. Names come
        first, then numbers, each in order of preference.
    notes : list of str
        One per parameter that is left out because it only ever changes together with another.
    """
    asked = list(asked)
    found = {path: _dimension(path, rows) for path in paths_of(rows)}
    varying = [
        path
        for path, dimension in found.items()
        if path in asked or (len(dimension.texts) > 1 and not _is_seed(path))
    ]
    dimensions = _with_components([found[path] for path in varying], rows, asked)
    # What only repeats what the parameters say, such as free text, is no parameter of its own.
    details = [one for one in dimensions if one.path[0] in DETAILS and one.path not in asked]
    if details:
        others = [one for one in dimensions if one not in details]
        together = list(zip(*(one.keys for one in others), strict=True)) or [()] * len(rows)
        repeated = [one.path for one in details if _determines(together, one.keys)]
        dimensions = [one for one in dimensions if one.path not in repeated]
    return _without_followers(dimensions, asked)


def members_of(
    dimensions: Sequence[Dimension], n_results: int
) -> dict[tuple[Hashable, ...], list[int]]:
    """Return the numbers of the results that have the same value of each dimension, by these."""
    members: dict[tuple[Hashable, ...], list[int]] = {}
    for i in range(n_results):
        members.setdefault(tuple(one.keys[i] for one in dimensions), []).append(i)
    return members


def _is_seed(path: Path) -> bool:
    return bool(path[-1] == "seed")


def _with_components(
    dimensions: Sequence[Dimension], rows: Sequence[Row], asked: Sequence[Path]
) -> list[Dimension]:
    """Merge parameters that only some components of a section have into the component's name."""
    named = {one.path[0]: one for one in dimensions if one.path[1:] == ("name",)}
    own: dict[Any, list[Dimension]] = {section: [] for section in named}
    kept = []
    for one in dimensions:
        section = one.path[0]
        if section in named and one.path not in asked and one is not named[section]:
            has_name = [key is not MISSING for key in named[section].keys]
            missing = [key is MISSING for key in one.keys]
            if any(a and b for a, b in zip(has_name, missing, strict=True)):
                own[section].append(one)
                continue
        kept.append(one)
    return [_labelled(one, own[one.path[0]], rows) if named.get(one.path[0]) is one else one
            for one in kept]  # fmt: skip


def _labelled(name: Dimension, own: Sequence[Dimension], rows: Sequence[Row]) -> Dimension:
    shown = [
        one
        for one in own
        if max(map(len, one.texts.values())) <= _LONG or not _determines(name.keys, one.keys)
    ]
    keys: list[Hashable] = []
    texts = {}
    for i in range(len(rows)):
        extras = [(one.path[1], one.keys[i], one.texts[one.keys[i]]) for one in shown]
        extras = [extra for extra in extras if extra[1] is not MISSING]
        text = name.texts[name.keys[i]]
        if extras:
            text += "({})".format(", ".join(f"{label}={value}" for label, _, value in extras))
        keys.append((name.keys[i], *(extra[:2] for extra in extras)) if extras else name.keys[i])
        texts[keys[-1]] = text
    return Dimension(name.path, keys, texts, numeric=False)


def _without_followers(
    dimensions: Sequence[Dimension], asked: Sequence[Path]
) -> tuple[list[Dimension], list[str]]:
    """Leave out what another dimension determines, and merge names that change together."""
    kept: list[Dimension] = []
    notes = []
    for one in sorted(dimensions, key=lambda one: _preference(one, asked)):
        leader = None if one.path in asked else _leader(one, kept)
        if leader is None:
            kept.append(one)
        elif sum(key is not MISSING for key in one.texts) > 1:
            if one.numeric:
                notes.append(f"{short_name(one.path)} varies with {short_name(leader.path)}")
            else:
                kept[kept.index(leader)] = _together(leader, one)
    return kept, notes


def _leader(one: Dimension, kept: Sequence[Dimension]) -> Dimension | None:
    for other in kept:
        if other.numeric and not one.numeric:
            continue
        follows = _determines(other.keys, one.keys)
        if follows or (not one.numeric and not other.numeric and _determines(one.keys, other.keys)):
            return other
    return None


def _together(first: Dimension, second: Dimension) -> Dimension:
    keys: list[Hashable] = list(zip(first.keys, second.keys, strict=True))
    texts: dict[Hashable, str] = {
        (a, b): first.texts[a] if b is MISSING else f"{first.texts[a]}, {second.texts[b]}"
        for a, b in zip(first.keys, second.keys, strict=True)
    }
    return Dimension(first.path, keys, texts, False, [*first.merged, second.path])


def _determines(leading: Sequence[Hashable], following: Sequence[Hashable]) -> bool:
    seen: dict[Hashable, Hashable] = {}
    pairs = zip(leading, following, strict=True)
    return all(bool(seen.setdefault(a, b) == b) for a, b in pairs)


def _preference(one: Dimension, asked: Sequence[Path]) -> tuple[Any, ...]:
    def place(name: Any, order: Sequence[str]) -> int:
        return order.index(name) if name in order else len(order)

    first = 0 if one.path in asked else 1
    if not one.numeric:
        is_name = one.path[-1] == "name"
        return first, 0 if is_name else 1, place(one.path[0], _NAMES_FIRST), 0
    return first, 2, -len(one.texts), place(one.path[-1], _NUMBERS_FIRST)


def resolve(name: str, paths: Iterable[Path], kind: str = "parameter") -> Path:
    """Return the path that a user's short name means.

    Parameters
    ----------
    name : str
        ``workload.alpha``, ``alpha``, or ``strategy`` for ``strategy.name``; case is ignored.
    paths : iterable of tuple
        The paths there are.
    kind : str, optional
        What they are, for the message.

    Raises
    ------
    PlotError
        If no path or more than one is meant.
    """
    paths = list(paths)
    wanted = name.casefold()
    readings: tuple[Callable[[Path], str], ...] = (
        dotted,
        lambda path: str(path[0]) if path[-1] == "name" else "",
        lambda path: str(path[-1]),
    )
    for reading in readings:
        meant = [path for path in paths if reading(path).casefold() == wanted]
        if len(meant) == 1:
            return meant[0]
        if meant:
            both = " or ".join(map(dotted, meant))
            raise PlotError(f"{kind} {name!r} may mean {both}; write which")
    known = list(map(dotted, paths))
    near = nearest(name, [*known, *(short_name(path) for path in paths)])
    hint = f"did you mean {near!r}? " if near else ""
    raise PlotError(f"unknown {kind} {name!r}; {hint}known: {', '.join(sorted(known))}")


def matching(rows: Sequence[Row], where: Mapping[str, Any] | Iterable[str] | None) -> list[int]:
    """Return the numbers of the experiments that fulfil all conditions.

    Parameters
    ----------
    rows : list of dict
        The experiments.
    where : mapping, or iterable of str, optional
        From parameter to value, or ``"parameter=value"`` with a Python literal or else a
        string as value. Several values for one parameter are alternatives, and so are those of
        a list that is no value itself.

    Raises
    ------
    PlotError
        If a parameter is unknown, a condition is not written so, or nothing is left.
    """
    wanted: dict[Path, list[Any]] = {}
    for name, value in _conditions(where):
        path = resolve(name, paths_of(rows))
        wanted.setdefault(path, []).extend(_alternatives(value, [row.get(path) for row in rows]))
    for path, values in wanted.items():
        if not any(_is_one_of(row.get(path), values) for row in rows):
            found = _dimension(path, rows)
            texts = ", ".join(found.texts[key] for key in found.values)
            asked = " or ".join(map(value_text, values))
            raise PlotError(f"no experiment has {dotted(path)} = {asked}; found: {texts}")
    left = [
        i
        for i, row in enumerate(rows)
        if all(_is_one_of(row.get(path), values) for path, values in wanted.items())
    ]
    if not left and wanted:
        conditions = " and ".join(
            f"{dotted(path)} = {' or '.join(map(value_text, values))}"
            for path, values in wanted.items()
        )
        raise PlotError(f"no experiment has {conditions} at once, though each occurs")
    return left


def _conditions(where: Mapping[str, Any] | Iterable[str] | None) -> list[tuple[str, Any]]:
    if where is None:
        return []
    if isinstance(where, Mapping):
        return list(where.items())
    conditions = []
    for text in [where] if isinstance(where, str) else where:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise PlotError(f"a condition is written parameter=value, found {text!r}")
        conditions.append((name.strip(), literal(value.strip())))
    return conditions


def _alternatives(value: Any, there: Iterable[Any]) -> list[Any]:
    """Return the values that a condition allows, of those that are there."""
    is_list = isinstance(value, list | tuple | set | frozenset | range | np.ndarray)
    if is_list and len(value) and not any(_is_one_of(one, [value]) for one in there):
        return list(value)
    return [value]


def _is_one_of(value: Any, wanted: Sequence[Any]) -> bool:
    texts = (value_text(value).casefold(), str(value).casefold())
    return any(key_of(value) == key_of(one) or str(one).casefold() in texts for one in wanted)
