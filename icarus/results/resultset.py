"""The results of a campaign, as they are kept and handed on."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.util import Tree

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNFINISHED", "ResultSet", "jsonable"]

UNFINISHED = "unfinished"
"""Attribute of a set: ids of jobs that were planned and had not ended when results were taken from
the journal of a campaign. A campaign that ended, also before its time, has them as failures."""

_LONGEST_RANGE = 10**5
"""Numbers of a range that are written out."""
_LONGEST_INT = 10_000
"""Bits of an integer that is written in decimal digits."""


class ResultSet:
    """Pairs of parameters and results, one for each simulation that succeeded.

    Parameters
    ----------
    attr : dict, optional
        Facts about the set as a whole.

    Attributes
    ----------
    failures : list of (Tree, dict)
        Parameters and metadata of the simulations that did not succeed; the metadata has their
        status and traceback.

    Examples
    --------
    >>> results = ResultSet()
    >>> results.add({"strategy": {"name": "LCE"}}, {"LATENCY": {"MEAN": 71.2}})
    >>> results[0][1].getval(["LATENCY", "MEAN"])
    71.2
    """

    def __init__(self, attr: Mapping[str, Any] | None = None) -> None:
        self._results: deque[tuple[Tree, Tree]] = deque()
        self._metadata: deque[dict[str, Any]] = deque()
        self.failures: list[tuple[Tree, dict[str, Any]]] = []
        self.attr: dict[str, Any] = dict(attr or {})

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "entries" in state:
            # A results file that is read by ``pickle`` itself.
            from icarus.results._entries import restored

            state = restored(state["entries"]).__dict__
        # Files of Icarus 0.8 have no metadata.
        self.__dict__.update(state)
        self.__dict__.setdefault("attr", {})
        self.__dict__.setdefault("failures", [])
        if "_metadata" not in self.__dict__:
            self._metadata = deque({} for _ in self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[tuple[Tree, Tree]]:
        return iter(self._results)

    def __getitem__(self, i: int) -> tuple[Tree, Tree]:
        return self._results[i]

    def __add__(self, other: ResultSet) -> ResultSet:
        # Only here: it depends on this module.
        from icarus.results.merging import merged

        return merged([("the first set", self), ("the second set", other)])

    @property
    def metadata(self) -> list[dict[str, Any]]:
        """How each result came about, in the order of the results; empty dicts where unknown."""
        return list(self._metadata)

    def add(
        self,
        parameters: Mapping[str, Any],
        results: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Add the results of one simulation.

        Parameters
        ----------
        parameters, results : mapping
            Nested mappings; they become Trees.
        metadata : mapping, optional
            How the results came about.
        """
        self._results.append((Tree(parameters), Tree(results)))
        self._metadata.append(dict(metadata or {}))

    def add_failure(self, parameters: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """Record a simulation that gave no results."""
        self.failures.append((Tree(parameters), dict(metadata)))

    def dump(self) -> list[tuple[Tree, Tree]]:
        """Return all pairs of parameters and results."""
        return list(self._results)

    def filter(self, condition: Mapping[str, Any]) -> ResultSet:
        """Return the results, and failures, whose parameters match `condition`.

        See ``Tree.match``.
        """
        matching = ResultSet()
        for (parameters, results), metadata in zip(self._results, self._metadata, strict=True):
            if parameters.match(condition):
                matching.add(parameters, results, metadata)
        matching.failures = [one for one in self.failures if one[0].match(condition)]
        return matching

    def to_frame(
        self,
        wide: bool = False,
        metrics: str | Sequence[str] | None = None,
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Return the numbers that were measured as a table of pandas.

        A simulation that is in the set twice has one place in the table.

        Parameters
        ----------
        wide : bool, optional
            Give a row for each simulation with a column for each metric, such as
            ``LATENCY.MEAN``, in place of a row for each metric of each simulation.
        metrics : str or sequence of str, optional
            Which metrics, such as ``LATENCY`` or ``LATENCY.MEAN``; by default all single numbers.
        where : mapping, or iterable of str, optional
            Which experiments, as ``plot_results`` takes it.

        Returns
        -------
        pandas.DataFrame
            Parameters, as ``alpha`` or, where two sections have one, ``workload.alpha``; ``seed``,
            ``replication`` and ``job``; then ``metric`` and ``value``, or the metrics.

        Raises
        ------
        ResultsError
            If there are no results.
        PlotError
            If a metric or a condition is unknown.
        """
        # Only here: it depends on this module.
        from icarus.results.frames import frame_of

        return frame_of(self, wide, metrics, where)

    def json(self, indent: int | None = None) -> str:
        """Return the pairs of parameters and results as a JSON list of lists.

        Keys become strings, arrays lists, NaN null, and very large integers hexadecimal text.
        """
        return json.dumps([jsonable(pair) for pair in self._results], indent=indent)

    def prettyprint(self) -> str:
        """Return all experiments and their results as text."""
        blocks = []
        for i, (parameters, results) in enumerate(self._results, start=1):
            lines = [f"EXPERIMENT {i}/{len(self)}:", "  CONFIGURATION:"]
            for group, values in parameters.items():
                lines.append(f"   * {group} -> {_describe(values)}")
            lines.append("  RESULTS:")
            for collector, metrics in results.items():
                lines.append(f"    {collector}")
                named = metrics.items() if isinstance(metrics, Tree) else [("value", metrics)]
                lines += [f"     * {metric}: {_text(value)}" for metric, value in named]
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)


def _text(value: Any) -> str:
    try:
        return str(value)
    except ValueError:
        # Python makes no digits of very large integers.
        return str(jsonable(value))


def _describe(values: Any) -> str:
    if not isinstance(values, Tree):
        return _text(values)
    rest = [f"{key}: {_text(value)}" for key, value in values.items() if key != "name"]
    name = [f"name: {values['name']}"] if "name" in values else []
    return ", ".join(name + rest)


def jsonable(value: Any) -> Any:
    """Return what ``ResultSet.json`` makes of a value."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, range) and len(value) > _LONGEST_RANGE:
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset, deque, range)):
        return [jsonable(item) for item in value]
    if isinstance(value, int) and value.bit_length() > _LONGEST_INT:
        return hex(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return jsonable(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
