"""What figures of panels have in common: labels, legends and points of a campaign."""

from __future__ import annotations

from collections.abc import Sequence

from icarus.results._roles import Roles
from icarus.results.panels import Point, Sheet
from icarus.theory.distributions import means_confidence_interval

__all__ = ["point_of", "sheet_of"]


def point_of(data: Sequence[float]) -> Point:
    """Return the mean of replications and its interval."""
    mean, half = means_confidence_interval(data, 0.95)
    return Point(float(mean), float(half), len(data))


def sheet_of(roles: Roles, n_panels: int, caption: Sequence[str], ylabel: str) -> Sheet:
    """Return all that a figure needs but its panels and ticks."""
    series = roles.series
    inner = roles.facets[-1] if roles.facets else None
    # Four stand in a square.
    columns = 2 if n_panels == 4 else 3
    if inner is not None and len(roles.facets) > 1 and len(inner.values) <= 4:
        # The innermost panels side by side, in two sets where that leaves few rows.
        columns = len(inner.values) * (2 if n_panels > 4 and len(inner.values) == 2 else 1)
    return Sheet(
        xlabel="" if roles.x is None else roles.x.label,
        ylabel=ylabel,
        labels={0: "all"} if series is None else series.labels,
        legend_title="" if series is None else series.label,
        caption=caption,
        columns=columns,
    )
