"""What varies in a campaign, and the part it has in a figure: x axis, lines or panels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np

from icarus.errors import PlotError
from icarus.results.labels import constants_text, metric_label
from icarus.results.metrics import Metric
from icarus.results.style import current_look
from icarus.results.variation import Dimension, Row, dotted, short_name
from icarus.util import Tree

__all__ = [
    "Campaign",
    "Group",
    "Roles",
    "caption_of",
    "collect",
    "panel_title",
    "roles_of",
    "split",
    "thinned",
]

Group: TypeAlias = tuple[Hashable, ...]
"""Values of the dimensions that make panels."""

_MOST_PANELS = 12
_MOST_NUMBERED_SERIES = 8


@dataclass
class Roles:
    """Which dimension is drawn as what."""

    x: Dimension | None = None
    series: Dimension | None = None
    facets: list[Dimension] = field(default_factory=list)

    def for_distributions(self) -> Roles:
        """Return the roles where x is taken by the metric itself."""
        if self.x is None or self.series is None:
            return Roles(None, self.series or self.x, self.facets)
        return Roles(None, self.series, [*self.facets, self.x])


@dataclass
class Campaign:
    """The results to draw, and what is said about all of them."""

    results: Sequence[Tree]
    roles: Roles
    constants: dict[Any, Any]
    notes: Sequence[str]
    params: Sequence[Tree] = ()
    metadata: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Row] = ()
    dimensions: Sequence[Dimension] = ()
    asked: Sequence[Metric | None] = ()
    """What a user wants on the x axis, as series and as panels."""
    warning: str = ""
    """That simulations are missing, if they are."""
    labels: dict[Metric, str] = field(default_factory=dict)
    """What a user calls metrics."""

    def label(self, metric: Metric, *, distribution: bool = False) -> str:
        """Return what a metric is called on an axis."""
        return self.labels.get(metric) or metric_label(metric, distribution=distribution)


def roles_of(
    dimensions: Sequence[Dimension], x: Metric | None, series: Metric | None, facets: list[Metric]
) -> Roles:
    """Give every dimension a part: those asked for theirs, the others by what suits them."""
    pool = list(dimensions)

    def take(path: Metric | None) -> Dimension | None:
        for one in pool:
            if path is not None and path in (one.path, *one.merged):
                pool.remove(one)
                return one
        if path is not None:
            raise PlotError(f"{dotted(path)} is asked for twice")
        return None

    roles = Roles(take(x), take(series))
    chosen = [one for path in facets if (one := take(path)) is not None]
    if roles.x is None:
        numbers = [one for one in pool if one.numeric]
        roles.x = take(numbers[0].path) if numbers else None
    names = [one for one in pool if not one.numeric]
    if roles.series is None and names and (roles.x is not None or len(names) > 1):
        roles.series = take(names[0].path)
    if roles.x is None:
        names = [one for one in pool if not one.numeric]
        roles.x = take(max(names, key=lambda one: len(one.texts)).path) if names else None
    if roles.series is None and roles.x is not None and pool:
        fewest = min(pool, key=lambda one: len(one.texts))
        if len(fewest.texts) <= _MOST_NUMBERED_SERIES:
            roles.series = take(fewest.path)
    if roles.x is None:
        roles.x, roles.series = roles.series, None
    roles.facets = [*chosen, *pool]
    return roles


def thinned(values: list[tuple[int, Any]], x: Dimension, notes: list[str]) -> list[tuple[int, Any]]:
    """Keep some values of a long numeric parameter, which distributions have no axis for."""
    if not x.numeric or len(x.values) <= _MOST_NUMBERED_SERIES:
        return values
    places = np.linspace(0, len(x.values) - 1, _MOST_NUMBERED_SERIES).round().astype(int)
    shown = {x.values[place] for place in places}
    notes.append(f"{len(shown)} of the {len(x.values)} values of {short_name(x.path)} are shown")
    return [(i, value) for i, value in values if x.keys[i] in shown]


def split(
    values: list[tuple[int, Any]],
    facets: Sequence[Dimension],
    most: int = _MOST_PANELS,
    depth: int = 0,
) -> Iterator[tuple[int, Group, list[tuple[int, Any]]]]:
    """Split by the outermost panel dimensions until each part has at most `most` panels."""
    inner = facets[depth:]
    n_panels = len({tuple(one.keys[i] for one in inner) for i, _ in values})
    if n_panels <= most or not inner:
        if values:
            yield depth, tuple(one.keys[values[0][0]] for one in facets[:depth]), values
        return
    for key in inner[0].values:
        part = [(i, value) for i, value in values if inner[0].keys[i] == key]
        yield from split(part, facets, most, depth + 1)


def collect(
    values: Iterable[tuple[int, Any]], roles: Roles
) -> dict[Group, dict[int, dict[Any, list[Any]]]]:
    """Return the values of all replications, by panel, series and x, each in its order."""
    places = [{key: n for n, key in enumerate(one.values)} for one in roles.facets]

    def group(i: int) -> Group:
        return tuple(one.keys[i] for one in roles.facets)

    def rank(item: tuple[int, Any]) -> tuple[int, ...]:
        return tuple(place[key] for place, key in zip(places, group(item[0]), strict=True))

    panels: dict[Group, dict[int, dict[Any, list[Any]]]] = {}
    for _, items in groupby(sorted(values, key=rank), key=rank):
        inside = list(items)
        cells: dict[int, dict[Any, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for i, value in inside:
            line = 0 if roles.series is None else roles.series.number(roles.series.keys[i])
            cells[line][None if roles.x is None else roles.x.keys[i]].append(value)
        lines = [0] if roles.series is None else roles.series.labels
        panels[group(inside[0][0])] = {line: dict(cells[line]) for line in lines if line in cells}
    return panels


def caption_of(campaign: Campaign, title: Sequence[str], replications: str) -> list[str]:
    """Return the parts of a caption: what is common to all that is drawn, and how it came about.

    That a campaign is incomplete is said in any case.
    """
    if not current_look().footnote:
        return [campaign.warning] if campaign.warning else []
    notes = "; ".join([replications, *campaign.notes])
    texts = (constants_text(campaign.constants, title), notes, campaign.warning)
    return [text for text in texts if text]


def panel_title(facets: Sequence[Dimension], group: Group) -> str:
    """Return what the values of `facets` are in one panel."""
    return ", ".join(one.phrase(key) for one, key in zip(facets, group, strict=True))
