"""Loads on the network: a map for each experiment, means over its replications."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from icarus.errors import PlotError
from icarus.results._roles import Campaign, caption_of
from icarus.results.filenames import FileNames
from icarus.results.labels import replications_text
from icarus.results.visualize import load_figure, loads_of, shares_of

__all__ = ["mean_over", "network_figures"]

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
    members: dict[tuple[Hashable, ...], list[int]] = {}
    for i in range(len(campaign.results)):
        members.setdefault(tuple(one.keys[i] for one in campaign.dimensions), []).append(i)
    if len(members) > _MOST:
        varying = ", ".join(".".join(map(str, one.path)) for one in campaign.dimensions)
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


def mean_over(found: Sequence[Mapping[Any, float]]) -> dict[Any, float]:
    """Return means over replications; what one of them lacks, it had nothing of."""
    keys = dict.fromkeys(key for one in found for key in one)
    return {key: sum(one.get(key, 0.0) for one in found) / len(found) for key in keys}


def _network_of(campaign: Campaign, i: int) -> Any:
    """Return the network that a simulation ran on, with its caches."""
    from icarus.execution.building import build_scenario

    seed: Any = campaign.metadata[i].get("seed") or {}
    try:
        topology, _ = build_scenario(
            campaign.params[i], np.random.SeedSequence(seed.get("entropy"))
        )
    except Exception as error:
        raise PlotError(
            f"the network of an experiment cannot be made again: {error}; components of your own "
            "have to be imported first"
        ) from error
    return topology
