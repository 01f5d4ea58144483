"""What a user asks a figure for, and the results, dimensions and words that it is made of."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, Unpack

from matplotlib.axes import Axes

from icarus.errors import PlotError, suggestion
from icarus.results._completeness import counted
from icarus.results._roles import Campaign, roles_of
from icarus.results.merging import once
from icarus.results.resultset import ResultSet
from icarus.results.selecting import part_of
from icarus.results.style import Look, inches
from icarus.results.variation import (
    Dimension,
    Path,
    Row,
    constants_of,
    dimensions_of,
    dotted,
    matching,
    paths_of,
    resolve,
    rows_of,
)
from icarus.util import Tree

__all__ = ["Options", "Results", "labelled", "look_of", "selected"]

Results: TypeAlias = Iterable[tuple[Tree, Tree]]


class Options(TypedDict, total=False):
    """What a user may say of figures; all of it is found out where it is not said."""

    metrics: str | Sequence[str] | None
    x: str | None
    series: str | None
    facet: str | Sequence[str] | None
    where: Mapping[str, Any] | str | Iterable[str] | None
    labels: Mapping[str, str] | None
    order: Sequence[str] | None
    style: str
    width: str | float | None
    footnote: bool
    x_scale: str | None


def look_of(options: Options, axes: Axes | None = None) -> Look:
    """Return how figures are to look."""
    return Look(
        options.get("style") or "screen",
        inches(options.get("width")),
        options.get("footnote", True),
        options.get("x_scale"),
        axes,
    )


def selected(resultset: Results, **options: Unpack[Options]) -> Campaign:
    """Return what is to be drawn, each parameter with its part.

    Raises
    ------
    PlotError
        If there is nothing to draw, or a name means nothing here.
    """
    warning, where = "", options.get("where")
    if isinstance(resultset, ResultSet):
        # A job that is there twice would make intervals narrower.
        resultset = once(resultset)
        warning = counted(part_of(resultset, where), whole=not where).warning
    pairs = list(resultset)
    metadata = getattr(resultset, "metadata", None) or [{} for _ in pairs]
    # Experiments that failed have parameters but no results.
    there = [i for i, (_, results) in enumerate(pairs) if len(results)]
    if not there:
        raise PlotError("there are no results to plot")
    everywhere = rows_of(pairs[i][0] for i in there)
    chosen = matching(everywhere, where)
    rows = [everywhere[i] for i in chosen]
    known = paths_of(rows)
    x, series = (
        None if name is None else resolve(name, known)
        for name in (options.get("x"), options.get("series"))
    )
    facet = options.get("facet")
    facets = [resolve(name, known) for name in ([facet] if isinstance(facet, str) else facet or ())]
    dimensions, notes = dimensions_of(
        rows, [path for path in (x, series, *facets) if path is not None]
    )
    for one in dimensions:
        _number(one, everywhere, chosen)
    _put_in_order(dimensions, options.get("order") or ())
    numbers = [there[i] for i in chosen]
    return Campaign(
        [pairs[i][1] for i in numbers],
        roles_of(dimensions, x, series, facets),
        constants_of(rows),
        notes,
        params=[pairs[i][0] for i in numbers],
        metadata=[metadata[i] for i in numbers],
        rows=rows,
        dimensions=dimensions,
        asked=(x, series, *facets),
        warning=warning,
    )


def _number(one: Dimension, everywhere: Sequence[Row], chosen: Sequence[int]) -> None:
    """Give the values of a dimension the numbers that they have in the whole campaign."""
    dimensions, _ = dimensions_of(everywhere, [one.path])
    [whole] = [other for other in dimensions if other.path == one.path]
    places = {key: i for i, key in enumerate(whole.values)}
    numbers: dict[Hashable, int] = {}
    for key, i in zip(one.keys, chosen, strict=True):
        numbers.setdefault(key, places[whole.keys[i]])
    if len(set(numbers.values())) == len(numbers):
        one.numbers = numbers


def _put_in_order(dimensions: Sequence[Dimension], order: Sequence[str]) -> None:
    found = {text.casefold() for one in dimensions for text in one.texts.values()}
    for name in order:
        if name.casefold() not in found:
            known = [text for one in dimensions for text in one.texts.values()]
            raise PlotError(f"order: no experiment has {name!r}; {suggestion(name, known)}")
    ranks = {name.casefold(): i for i, name in enumerate(order)}
    for one in dimensions:
        named = [key for key in one.values if one.texts[key].casefold() in ranks]
        one.first = sorted(named, key=lambda key: ranks[one.texts[key].casefold()])


def labelled(
    campaign: Campaign, metrics: Iterable[Path], labels: Mapping[str, str] | None
) -> Campaign:
    """Call parameters, their values and metrics what a user calls them.

    Raises
    ------
    PlotError
        If a key is none of them.
    """
    metrics = list(metrics)
    for key, text in (labels or {}).items():
        values = [
            (one, value)
            for one in campaign.dimensions
            for value, written in one.texts.items()
            if written.casefold() == key.casefold()
        ]
        for one, value in values:
            one.names[value] = text
        if values:
            continue
        parameters = [one.path for one in campaign.dimensions]
        try:
            path = resolve(key, [*metrics, *parameters])
        except PlotError as error:
            if "may mean" in str(error):
                raise
            written = [text for one in campaign.dimensions for text in one.texts.values()]
            known = [dotted(path) for path in (*metrics, *parameters)]
            raise PlotError(
                f"label: nothing is called {key!r}; {suggestion(key, [*known, *written], 30)}"
            ) from error
        for one in campaign.dimensions:
            if one.path == path:
                one.title = text
        campaign.labels[path] = text
    return campaign
