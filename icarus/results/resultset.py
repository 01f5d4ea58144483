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
    import xarray

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
        table: str = "metrics",
    ) -> pd.DataFrame:
        """Return what was measured as a table of pandas.

        A simulation that is in the set twice has one place in the table.

        Parameters
        ----------
        wide : bool, optional
            Give a column for each metric, such as ``LATENCY.MEAN``, in place of a row for each.
        metrics : str or sequence of str, optional
            Which metrics, such as ``LATENCY`` or ``LATENCY.MEAN``; by default all of the table.
        where : mapping, or iterable of str, optional
            Which experiments, as ``plot_results`` takes it.
        table : {"metrics", "nodes", "links", "contents", "windows", "distributions"}, optional
            Single numbers, or what each simulation has many of: a row for each node, directed
            link or content, with 0 where nothing happened; for each window of ``TIMELINE``; or for
            each value of a distribution, with the share of what does not exceed it.

        Returns
        -------
        pandas.DataFrame
            Parameters, as ``alpha`` or, where two sections have one, ``workload.alpha``; ``seed``,
            ``replication`` and ``job``; then ``metric`` and ``value``, or the metrics.
            ``attrs["completeness"]`` is a text such as ``37 of 54 simulations``.

        Raises
        ------
        ResultsError
            If there are no results, or none for this table.
        PlotError
            If a metric, a condition or the table is unknown.

        Examples
        --------
        >>> results = ResultSet()
        >>> results.add({"strategy": {"name": "LCE"}}, {"LATENCY": {"MEAN": 71.2}})
        >>> results.to_frame()[["strategy", "metric", "value"]]
          strategy        metric  value
        0      LCE  LATENCY.MEAN   71.2
        """
        # Only here: it depends on this module.
        from icarus.results._long_tables import table_of

        return table_of(self, table, wide, metrics, where)

    def to_xarray(
        self,
        metrics: str | Sequence[str] | None = None,
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
    ) -> xarray.Dataset:
        """Return single numbers as labelled arrays; needs xarray, of the extra ``export``.

        Parameters
        ----------
        metrics, where : optional
            As for `to_frame`.

        Returns
        -------
        xarray.Dataset
            A variable for each metric, an axis for each parameter that varies and one for
            ``replication``; NaN where there is no simulation. Attributes are the parameters that
            are the same throughout.

        Raises
        ------
        ResultsError
            If there are no results, or xarray is missing.
        PlotError
            If a metric or a condition is unknown.
        """
        from icarus.results._statistics import array_of

        return array_of(self, metrics, where)

    def summary(
        self,
        by: str | Sequence[str] | None = None,
        metrics: str | Sequence[str] | None = None,
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Return means over replications with their 95 % confidence intervals (Student's t).

        Parameters
        ----------
        by : str or sequence of str, optional
            Parameters that tell experiments apart; by default all that vary.
        metrics, where : optional
            As for `to_frame`; metrics that are shown by default are those of
            ``icarus results show``.

        Returns
        -------
        pandas.DataFrame
            A row for each experiment and metric: the parameters, ``metric``, ``mean``,
            ``half_width`` of the interval (NaN of a single replication) and ``n``.

        Raises
        ------
        ResultsError
            If there are no results.
        PlotError
            If a name is unknown, or a mean would be over experiments that differ.
        """
        from icarus.results._statistics import summary_frame

        return summary_frame(self, by, metrics, where)

    def paired(
        self,
        metrics: str | Sequence[str],
        over: str = "strategy",
        against: Any = "LCE",
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Return by how much values of a parameter differ from one of them, request for request.

        Replications of the same number and ``SEED`` see the same requests, so that their
        differences vary far less than they do; see ``compare``, which tells also what is chance.

        Parameters
        ----------
        metrics : str or sequence of str
        over : str, optional
            The parameter, such as ``strategy`` or ``alpha``.
        against : object, optional
            Its value that all others are compared with.
        where : mapping, or iterable of str, optional
            As for `to_frame`.

        Returns
        -------
        pandas.DataFrame
            A row for each other value, metric and experiment: ``mean``, the mean ``against``
            which it is compared, their ``difference``, ``half_width`` of its 95 % confidence
            interval, the difference as a share of the magnitude of the latter mean,
            ``relative``, and ``n``, how many pairs there are.

        Raises
        ------
        ResultsError
            If there are no pairs.
        PlotError
            If a name or a value is unknown.
        """
        from icarus.results._statistics import paired_frame

        return paired_frame(self, metrics, over, against, where)

    def json(self, indent: int | None = None) -> str:
        """Return the pairs of parameters and results as a JSON list of lists.

        Keys become strings, arrays lists, NaN null, and very large integers hexadecimal text.
        """
        return json.dumps([jsonable(pair) for pair in self._results], indent=indent)

    def _repr_html_(self) -> str:
        """Return the results as a table of HTML, which notebooks show; see `results_as_html`."""
        from icarus.results.html_tables import results_as_html

        return results_as_html(self)

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
