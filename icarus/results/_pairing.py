"""The numbers of two campaigns side by side: which replications are compared with which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from icarus.errors import ResultsError
from icarus.metering.group import is_resource
from icarus.plaintext import one_line
from icarus.results._differences import Samples
from icarus.results._experiments import Experiment, Key, Matched, Side
from icarus.results.metrics import Metric, number
from icarus.results.variation import dotted

__all__ = ["SideBySide", "side_by_side"]

_MOST_CONFLICTS = 20
"""Replications recorded twice, with other results, that are named."""


@dataclass(frozen=True)
class SideBySide:
    """The values of matched experiments.

    Attributes
    ----------
    a, b : Samples
        Pairs first, each at the place of its partner.
    paired : ndarray of bool, shape (n_experiments,)
        Whether an experiment's replications are paired.
    notes : list of str
        What was left out.
    """

    a: Samples
    b: Samples
    paired: np.ndarray
    notes: list[str]


def side_by_side(matched: Matched, a: Side, b: Side, metrics: Sequence[Metric]) -> SideBySide:
    """Return the values of matched experiments, in pairs where replications share their requests.

    They do if number and ``SEED`` are the same, whatever else differs. An experiment of which the
    campaigns have such replications is compared by these alone.

    Raises
    ------
    ResultsError
        If a replication is there twice and differs from itself.
    """
    columns_a, columns_b = _Column(a, metrics), _Column(b, metrics)
    paired = np.zeros(len(matched.pairs), dtype=bool)
    later: list[tuple[int, Experiment, Experiment]] = []
    left_a = left_b = 0
    for place, (one, other) in enumerate(matched.pairs):
        shared = [key for key in one.results if key in other.results]
        if not shared:
            later.append((place, one, other))
            continue
        paired[place] = True
        columns_a.enter(place, one, shared)
        columns_b.enter(place, other, shared)
        left_a += len(one.results) - len(shared)
        left_b += len(other.results) - len(shared)
    for place, one, other in later:
        columns_a.enter(place, one, one.results)
        columns_b.enter(place, other, other.results)
    if conflicts := columns_a.conflicts + columns_b.conflicts:
        more = len(conflicts) - _MOST_CONFLICTS
        raise ResultsError(
            *conflicts[:_MOST_CONFLICTS], *([f"and {more} more"] if more > 0 else [])
        )
    notes = [
        f"{left} replications of {side.name} are left out, as the other campaign has none of "
        "their number"
        for side, left in ((a, left_a), (b, left_b))
        if left
    ]
    return SideBySide(columns_a.samples(), columns_b.samples(), paired, notes)


class _Column:
    """The values of one side, as they are entered."""

    def __init__(self, side: Side, metrics: Sequence[Metric]) -> None:
        self.conflicts: list[str] = []
        self._side = side
        self._metrics = metrics
        self._values: list[list[float]] = []
        self._places: list[int] = []

    def enter(self, place: int, experiment: Experiment, replications: Iterable[Key]) -> None:
        for replication in replications:
            first, *again = experiment.results[replication]
            values = self._read(first)
            for result in again:
                self._take_up(values, self._read(result), replication)
            self._values.append(values)
            self._places.append(place)

    def samples(self) -> Samples:
        return Samples(np.array(self._values, dtype=np.float64), np.array(self._places))

    def _read(self, result: int) -> list[float]:
        tree = self._side.trees[result]
        found = (number(tree.getval(path)) for path in self._metrics)
        return [np.nan if value is None else value for value in found]

    def _take_up(self, values: list[float], again: list[float], replication: Key) -> None:
        """Add what another record of a replication has; what both have must be the same."""
        for metric, (value, other) in enumerate(zip(values, again, strict=True)):
            if np.isnan(value):
                values[metric] = other
            elif is_resource(self._metrics[metric]):
                # It was run twice, and the first of both is as good as the other.
                continue
            elif not np.isnan(other) and other != value:
                name = one_line(dotted(self._metrics[metric]))
                self.conflicts.append(
                    f"{self._side.name}: replication (SEED, number) {replication} of one "
                    f"experiment is there twice, with {name} {value:g} and {other:g}; keep one"
                )
                return
