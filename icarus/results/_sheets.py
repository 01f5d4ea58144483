"""What figures of panels have in common: labels, legends and points of a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icarus.results._grid import Point, Sheet
from icarus.results._roles import Group, Roles
from icarus.results.drawntext import shortened
from icarus.results.variation import MISSING, Dimension
from icarus.theory.distributions import means_confidence_interval

__all__ = ["counts_of", "of_group", "point_of", "points_of", "sheet_of"]

_LONGEST_PHRASE = 80
"""Characters of the value of a parameter in a caption."""


def of_group(facets: Sequence[Dimension], group: Group) -> tuple[list[str], list[str]]:
    """Return what the caption and the file name say of a figure that is one of several."""
    there = list(zip(facets, group, strict=False))
    title = [shortened(one.phrase(key), _LONGEST_PHRASE) for one, key in there]
    return title, [one.texts[key] for one, key in there]


def counts_of(cells: Mapping[Group, Mapping[int, Mapping[Any, Sequence[Any]]]]) -> list[int]:
    """Return how many replications each point of a figure is of."""
    return [
        len(data) for lines in cells.values() for by_x in lines.values() for data in by_x.values()
    ]


def points_of(
    lines: Mapping[int, Mapping[Any, Sequence[float]]], *, as_numbers: bool = True
) -> dict[int, dict[Any, Point]]:
    """Return the points of a panel, by line and x.

    Parameters
    ----------
    lines : dict
        As ``collect`` has them.
    as_numbers : bool, optional
        Whether x is an axis of numbers, on which a value that is missing has no place.
    """
    return {
        line: {
            (None if as_numbers and x is MISSING else x): point_of(data) for x, data in by_x.items()
        }
        for line, by_x in lines.items()
    }


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
