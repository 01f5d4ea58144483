"""The experiments of a campaign, each with its replications, and those of two that are the same.

An experiment is known by its parameters. What is the same throughout each campaign but differs
between the two, or differs by one factor or one amount throughout, is not part of that: it is what
the campaigns are compared for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np

from icarus.core.hashing import digest
from icarus.errors import PlotError, ResultsError
from icarus.plaintext import one_line, some_of
from icarus.results._completeness import missing_jobs
from icarus.results.labels import value_text
from icarus.results.merging import CHANGES_NOTHING, merge, seed_of
from icarus.results.resultset import ResultSet
from icarus.results.selecting import shared_rows
from icarus.results.variation import MISSING, Path, Row, dotted, key_of, matching, paths_of
from icarus.util import Tree

__all__ = [
    "Change",
    "Experiment",
    "Key",
    "Matched",
    "Side",
    "match",
    "side_of",
    "varying_in",
]

Key = Hashable
"""What stands for the value of a parameter, or for a replication."""

_MOST_SHOWN = 4
"""Values, or experiments, that a message lists."""
_LONGEST = 200
"""Characters of a value that a message shows."""
_SAME_FACTOR = 1e-9
"""How far two factors, or amounts, may be apart and are one, as 0.1 x 1.05 is not quite 0.105."""


@dataclass(frozen=True)
class Change:
    """A parameter that differs between two campaigns by design, and so matches no experiments.

    Attributes
    ----------
    parameter : str
        Its section and name, such as ``cache_placement.network_cache``.
    a, b : list
        Its values in either campaign, those that correspond at the same place; ``[None]`` for a
        campaign whose experiments do not have it.
    """

    parameter: str
    a: list[Any]
    b: list[Any]


@dataclass
class Experiment:
    """The results of one combination of parameters."""

    row: Row
    keys: dict[Path, Key]
    """By parameter what stands for its value."""
    results: dict[Key, list[int]] = field(default_factory=dict)
    """By replication the numbers of its results; more than one if it is recorded twice."""


@dataclass
class Side:
    """One of the two campaigns that are compared."""

    name: str
    trees: list[Tree] = field(default_factory=list)
    """Results, by their number."""
    experiments: list[Experiment] = field(default_factory=list)
    n_jobs: int = 0
    """Replications that the campaign was to run, as far as it is recorded."""
    n_results: int = 0
    """Replications that gave results."""
    seeds: list[int] = field(default_factory=list)
    """``SEED`` of its results, each once; empty where it is not recorded."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Matched:
    """Which experiments of two campaigns belong together."""

    pairs: list[tuple[Experiment, Experiment]]
    changes: list[Change]
    only_a: list[Experiment]
    only_b: list[Experiment]


def varying_in(side: Side) -> list[Path]:
    """Return the parameters that differ between the experiments of a campaign."""
    paths = paths_of([one.row for one in side.experiments])
    return [path for path in paths if len(_values(path, side)) > 1]


def side_of(
    name: str, results: ResultSet, conditions: Sequence[Mapping[str, Any] | Iterable[str] | None]
) -> Side:
    """Return the experiments of a campaign that fulfil all conditions.

    Parameters
    ----------
    name : str
        What messages call it.
    results : ResultSet
    conditions : sequence
        Each as ``variation.matching`` takes it.

    Raises
    ------
    ResultsError
        If there are no results, or none that fulfil them.
    """
    if not len(results):
        failed = f"; {len(results.failures)} simulations failed" if results.failures else ""
        raise ResultsError(f"{name}: there are no results to compare{failed}")
    entries = [*zip(results, results.metadata, strict=True)]
    without_results = [params for params, _ in results.failures]
    rows = shared_rows([*(params for (params, _), _ in entries), *without_results])
    chosen = list(range(len(rows)))
    for condition in conditions:
        try:
            found = matching([rows[i] for i in chosen], condition)
        except PlotError as error:
            raise ResultsError(f"{name}: {error}") from error
        chosen = [chosen[i] for i in found]
    side = Side(name)
    kept = [i for i in chosen if i < len(entries)]
    if not kept:
        raise ResultsError(f"{name}: none of the simulations that were asked for gave results")
    _enter(side, [entries[i] for i in kept], [rows[i] for i in kept])
    failures = [results.failures[i - len(entries)] for i in chosen if i >= len(entries)]
    _count_jobs(side, [entries[i][1] for i in kept], [facts for _, facts in failures])
    return side


def _enter(
    side: Side, entries: Sequence[tuple[tuple[Tree, Tree], Mapping[str, Any]]], rows: Sequence[Row]
) -> None:
    """Enter results into a side, by experiment and replication."""
    known: dict[frozenset[tuple[Path, Key]], Experiment] = {}
    of_row: dict[int, Experiment] = {}
    seeds: dict[int, None] = {}
    unknown: dict[int, Experiment] = {}
    for number, (((_, tree), facts), row) in enumerate(zip(entries, rows, strict=True)):
        if id(row) not in of_row:
            new = _experiment(row)
            of_row[id(row)] = known.setdefault(frozenset(new.keys.items()), new)
        experiment = of_row[id(row)]
        seed, replication = seed_of(facts), facts.get("replication")
        if isinstance(seed, Integral) and isinstance(replication, Integral):
            seeds[int(seed)] = None
            experiment.results.setdefault((int(seed), int(replication)), []).append(number)
        else:
            unknown[number] = experiment
            experiment.results[(side.name, number)] = [number]
        side.trees.append(tree)
    side.experiments, side.seeds = list(known.values()), list(seeds)
    _leave_out_copies(side.name, entries, unknown)
    side.n_results = sum(len(one.results) for one in side.experiments)
    if again := len(entries) - side.n_results:
        what = "1 result is" if again == 1 else f"{again} results are"
        side.notes.append(
            f"{side.name}: {what} there already and left out, as one simulation counts once"
        )


def _experiment(row: Row) -> Experiment:
    relevant = {path: value for path, value in row.items() if path[0] not in CHANGES_NOTHING}
    keys = {path: key for path, value in relevant.items() if (key := _key(value)) is not MISSING}
    return Experiment(relevant, keys)


def _key(value: Any) -> Key:
    key = key_of(value)
    # That of other values is a text, in which numbers are rounded.
    return digest(value) if isinstance(key, tuple) else key


def _leave_out_copies(name: str, entries: Sequence[Any], unknown: Mapping[int, Experiment]) -> None:
    """Leave out results without a known replication that are equal to others to the bit."""
    if not unknown:
        return
    all_of_them = ResultSet()
    for number in unknown:
        (params, tree), facts = entries[number]
        all_of_them.add(params, tree, {**facts, "number": number})
    left = {facts["number"] for facts in merge([(name, all_of_them)]).results.metadata}
    for number in unknown.keys() - left:
        del unknown[number].results[(name, number)]


def _count_jobs(
    side: Side, facts: Iterable[Mapping[str, Any]], failures: Iterable[Mapping[str, Any]]
) -> None:
    """Say how many jobs gave no result; those that the settings excluded were none to run."""
    missing = missing_jobs(facts, failures)
    side.n_jobs = side.n_results + missing
    if missing:
        side.notes.append(f"{side.name}: {side.n_results} of {side.n_jobs} jobs gave results")


def match(a: Side, b: Side, ignored: Sequence[Path] = ()) -> Matched:
    """Find the experiments that two campaigns both have.

    Parameters
    ----------
    a, b : Side
    ignored : sequence of tuple
        Parameters that are not looked at.

    Raises
    ------
    ResultsError
        If there are none, or if it cannot be told which belong together.
    """
    paths = paths_of([one.row for side in (a, b) for one in side.experiments])
    changes: list[Change] = []
    compared: list[Path] = []
    moved: dict[Path, dict[Key, Key]] = {}
    for path in paths:
        if path in ignored:
            continue
        in_a, in_b = _values(path, a), _values(path, b)
        images = None if in_a.keys() & in_b.keys() - {MISSING} else _images(in_a, in_b)
        if images is None:
            compared.append(path)
            continue
        if images:
            moved[path] = images
            compared.append(path)
        if in_a.keys() != in_b.keys():
            changes.append(_change(path, in_a, in_b, images))
    of_a = _by_key(a, compared, {}, ignored)
    of_b = _by_key(b, compared, moved, ignored)
    if isinstance(of_a, str) or isinstance(of_b, str):
        raise ResultsError(*(text for text in (of_a, of_b) if isinstance(text, str)))
    pairs = [(one, of_b[key]) for key, one in of_a.items() if key in of_b]
    if not pairs:
        raise ResultsError(_why_none(a, b, compared, moved))
    return Matched(
        pairs,
        changes,
        [one for key, one in of_a.items() if key not in of_b],
        [one for key, one in of_b.items() if key not in of_a],
    )


def _values(path: Path, side: Side) -> dict[Key, Any]:
    """Return the values of a parameter by what stands for them, numbers in ascending order."""
    found = {one.keys.get(path, MISSING): one.row.get(path) for one in side.experiments}
    if all(isinstance(key, Real) for key in found if key is not MISSING):
        return dict(sorted(found.items(), key=lambda item: (item[0] is MISSING, _number(item[0]))))
    return found


def _number(key: Any) -> float:
    return math.inf if key is MISSING else key


def _images(a: Mapping[Key, Any], b: Mapping[Key, Any]) -> dict[Key, Key] | None:
    """Return which values of `b` stand for which of `a`, where the parameter differs by design.

    The dict is empty if it has one value in each campaign, or none, so that it tells nothing apart.
    None if values do not correspond.
    """
    if len(a) == len(b) == 1:
        return {}
    in_a, in_b = ([key for key in side if key is not MISSING] for side in (a, b))
    if not (in_a and in_b):
        return None
    if len(in_a) == len(in_b) == 1:
        return {in_b[0]: in_a[0]}
    if not all(isinstance(key, Real) for key in (*in_a, *in_b)):
        return None
    few, many = (in_a, in_b) if len(in_a) <= len(in_b) else (in_b, in_a)
    for move in (_by_one_factor, _by_one_amount):
        if (images := _moved(few, many, move)) is not None:
            return images if few is in_b else {image: key for key, image in images.items()}
    return None


def _by_one_factor(few: np.ndarray, last: float) -> np.ndarray:
    moved: np.ndarray = few * (last / few[-1] if few[-1] else np.nan)
    return moved


def _by_one_amount(few: np.ndarray, last: float) -> np.ndarray:
    moved: np.ndarray = few + (last - few[-1])
    return moved


def _moved(
    few: list[Any], many: list[Any], move: Callable[[np.ndarray, float], np.ndarray]
) -> dict[Key, Key] | None:
    """Return the one way in which all of `few` become some of `many`; None if there is not one.

    `move` is told what the last of them becomes, and moves all.
    """
    there = np.array(many, dtype=np.float64)
    ways = []
    for last in there[len(few) - 1 :]:
        images = move(np.array(few, dtype=np.float64), last)
        slack = _SAME_FACTOR * np.abs(images)
        places = np.minimum(np.searchsorted(there, images - slack), len(there) - 1)
        if (np.abs(there[places] - images) <= slack).all() and len({*places}) == len(few):
            ways.append(places)
    if len(ways) != 1:
        return None
    return {value: many[place] for value, place in zip(few, ways[0], strict=True)}


def _change(
    path: Path, a: Mapping[Key, Any], b: Mapping[Key, Any], images: Mapping[Key, Key]
) -> Change:
    if not images:
        return Change(dotted(path), list(a.values()), list(b.values()))
    back = {key: image for image, key in images.items()}
    keys = [key for key in a if key in back]
    return Change(dotted(path), [a[key] for key in keys], [b[back[key]] for key in keys])


def _by_key(
    side: Side,
    compared: Sequence[Path],
    moved: Mapping[Path, Mapping[Key, Key]],
    ignored: Iterable[Path],
) -> dict[tuple[Key, ...], Experiment] | str:
    """Return experiments by what they are matched by; what is wrong if that is not enough."""
    found: dict[tuple[Key, ...], Experiment] = {}
    for one in side.experiments:
        keys = [one.keys.get(path, MISSING) for path in compared]
        key = tuple(
            moved.get(path, {}).get(value, value)
            for path, value in zip(compared, keys, strict=True)
        )
        other = found.setdefault(key, one)
        if other is not one:
            differs = next(p for p in ignored if one.keys.get(p) != other.keys.get(p))
            texts = [_text(other.row.get(differs)), _text(one.row.get(differs))]
            return (
                f"{side.name}: with {dotted(differs)} ignored, experiments with "
                f"{' and '.join(texts)} cannot be told apart; choose one with "
                f"--where-{side.name.lower()} {dotted(differs)}={texts[0]}, or do not ignore it"
            )
    return found


def _text(value: Any) -> str:
    return one_line(value_text(value), _LONGEST)


def _why_none(
    a: Side, b: Side, compared: Sequence[Path], moved: Mapping[Path, Mapping[Key, Key]]
) -> str:
    """Say why no experiment of a campaign has its like in the other, and what to do."""
    apart = []
    for path in compared:
        in_a, in_b = _values(path, a), _values(path, b)
        if path not in moved and not in_a.keys() & in_b.keys():
            texts = [some_of(map(_text, values.values()), _MOST_SHOWN) for values in (in_a, in_b)]
            apart.append(f"{dotted(path)} is {texts[0]} in {a.name} and {texts[1]} in {b.name}")
    why = "; ".join(apart[:_MOST_SHOWN]) or (
        "each parameter has values that both have, but no experiment has them together"
    )
    return (
        f"nothing to compare: no experiment of {a.name} has its like in {b.name}: {why}; choose "
        "experiments with --where-a and --where-b, or leave a parameter out with --ignore"
    )
