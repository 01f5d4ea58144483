"""Loads on the network: a map for each experiment, means over its replications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.figure import Figure

from icarus.errors import PlotError
from icarus.results._networks import loads_of, mean_over, network_of, shares_of
from icarus.results._roles import Campaign, caption_of
from icarus.results.filenames import FileNames
from icarus.results.labels import replications_text
from icarus.results.variation import dotted, members_of
from icarus.results.visualize import load_figure

__all__ = ["network_figures"]

_MOST = 12
"""Maps that are drawn without being asked for one by one."""


def network_figures(
    campaign: Campaign, metrics: str | Sequence[str] | None, names: FileNames
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the map of each experiment.

    Raises
    ------
    PlotError
        If there are too many, loads were not measured, or the network cannot be made again.
    """
    if metrics is not None:
        raise PlotError("a map has loads and shares of what was served; leave out which to draw")
    members = members_of(campaign.dimensions, len(campaign.results))
    if len(members) > _MOST:
        varying = ", ".join(dotted(one.path) for one in campaign.dimensions)
        raise PlotError(
            f"these would be {len(members)} maps, of at most {_MOST}; choose some with where: "
            f"{varying}"
        )
    for keys, places in members.items():
        chosen = list(zip(campaign.dimensions, keys, strict=True))
        title = [one.phrase(key) for one, key in chosen]
        text = replications_text([len(places)], interval=False)
        if len(places) > 1:
            text += ", mean"
        caches, sources = zip(*(shares_of(campaign.results[i]) for i in places), strict=True)
        figure = load_figure(
            _network_of(campaign, places[0]),
            (mean_over(caches), mean_over(sources)),
            mean_over([loads_of(campaign.results[i]) for i in places]),
            caption_of(campaign, title, text),
        )  # fmt: skip
        yield names.name(["network", *(one.texts[key] for one, key in chosen)]), figure


def _network_of(campaign: Campaign, i: int) -> Any:
    """Return the network that a simulation ran on, with its caches."""
    try:
        return network_of(campaign.params[i], campaign.metadata[i])
    except Exception as error:
        raise PlotError(
            f"the network of an experiment cannot be made again: {error}; components of your own "
            "have to be imported first"
        ) from error
