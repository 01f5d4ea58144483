"""The metrics in result trees: which there are, which a user means, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from icarus.errors import PlotError
from icarus.metering.group import is_resource, shown_unasked
from icarus.results.labels import is_drawable
from icarus.results.variation import resolve
from icarus.util import Tree

__all__ = ["Metric", "mean_distribution", "metrics_in", "metrics_meant", "number", "pair"]

Metric: TypeAlias = tuple[Any, ...]

_ONLY_IF_ASKED = {("LINK_LOAD", "N_INTERNAL"), ("LINK_LOAD", "N_EXTERNAL")}
"""Numbers that say what others are the mean of."""


def metrics_in(results: Sequence[Tree]) -> dict[Metric, bool]:
    """Return the metrics there are, and whether each is a distribution."""
    found: dict[Metric, bool] = {}
    for tree in results:
        for collector, value in tree.items():
            entries = value.items() if isinstance(value, Tree) else [(None, value)]
            for key, item in entries:
                path = (collector,) if key is None else (collector, key)
                if path in found or isinstance(item, Tree):
                    continue
                if pair(item) is not None and str(key).startswith("CDF"):
                    found[path] = True
                elif number(item) is not None and isinstance(path[-1], str):
                    found[path] = False
    return found


def metrics_meant(
    found: Mapping[Metric, bool], asked: str | Sequence[str] | None
) -> dict[Metric, bool]:
    if not found:
        raise PlotError("the results hold no metric that can be drawn: no number, no distribution")
    if asked is None:
        return {path: kind for path, kind in found.items() if _is_shown(path)}
    wanted: dict[Metric, bool] = {}
    for name in [asked] if isinstance(asked, str) else asked:
        of_collector = [path for path in found if str(path[0]).casefold() == name.casefold()]
        for path in of_collector or [resolve(name, found, "metric")]:
            wanted[path] = found[path]
    return wanted


def _is_shown(metric: Metric) -> bool:
    """Whether a metric is one that is shown where nobody says which to show."""
    return shown_unasked(metric) if is_resource(metric) else metric not in _ONLY_IF_ASKED


def mean_distribution(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the distribution of the replications taken together, and how far each is from it.

    Parameters
    ----------
    pairs : sequence of pair of ndarray
        Of each replication, values in ascending order and the share of observations up to each.

    Returns
    -------
    values, mean, low, high : ndarray
        All values; at each the mean of the shares, each replication having equal weight, and the
        least and the greatest of them.
    """
    values = np.unique(np.concatenate([x for x, _ in pairs]))
    shares = [
        np.concatenate(([0.0], y))[np.searchsorted(x, values, side="right")] for x, y in pairs
    ]
    if len(pairs) == 1:
        values, shares = pairs[0][0], [pairs[0][1]]
    return values, np.mean(shares, axis=0), np.min(shares, axis=0), np.max(shares, axis=0)


def number(value: Any) -> float | None:
    if type(value) is float:
        return value if is_drawable(value) else None
    if isinstance(value, (bool, np.bool_, str, complex)) or _has_axes(value):
        return None
    try:
        as_float = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return as_float if np.ndim(value) == 0 and is_drawable(as_float) else None


def _has_axes(value: Any) -> bool:
    # NumPy takes an array of one element for a number yet, such as a single window of a timeline.
    return isinstance(value, np.ndarray) and value.ndim > 0


def pair(value: Any) -> tuple[np.ndarray, np.ndarray] | None:
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2:
        return None
    try:
        x, y = (np.asarray(part, dtype=float) for part in value)
    except (TypeError, ValueError, OverflowError):
        return None
    there = x.ndim == y.ndim == 1 and len(x) == len(y) > 0
    return (
        (x, y)
        if there and bool(is_drawable(x.min()) and is_drawable(x.max()) and np.isfinite(y).all())
        else None
    )
