"""Maps of networks for pages: where nodes stand, what each served and what each link carried."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from icarus.errors import PlotError
from icarus.plaintext import one_line
from icarus.report.chart_data import short
from icarus.results._layout import layout
from icarus.results._networks import loads_of, mean_over, root_of, shares_of
from icarus.results.resultset import ResultSet
from icarus.results.summaries import Summaries
from icarus.results.variation import members_of
from icarus.util import Tree

__all__ = ["network_maps"]

logger = logging.getLogger(__name__)

_MOST_NUMBERS = 120_000
"""Of nodes and links over all maps of a page, some 8 bytes each."""
_MOST_NODES = 600
"""Of a network that is laid out: more are a blot."""
_LONGEST_NAME = 60

Node = Hashable


class _Map:
    """A network, and how pages have it."""

    def __init__(self, topology: Any) -> None:
        self.nodes = {node: i for i, node in enumerate(topology)}
        links = [(u, v) for u, v in topology.edges() if u != v]
        self.links = {frozenset(link): i for i, link in enumerate(links)}
        positions = layout(topology)
        self.as_json = {
            "nodes": [
                [
                    one_line(node, _LONGEST_NAME),
                    _role(topology.nodes[node]),
                    *map(short, positions[node].tolist()),
                ]
                for node in self.nodes
            ],
            "links": [[self.nodes[u], self.nodes[v]] for u, v in links],
        }
        self.capacities = _capacities(topology)


def network_maps(results: ResultSet, summaries: Summaries | None) -> dict[str, Any]:
    """Return the networks of results, and what every experiment made of its own.

    Networks are built again from the parameters, by the topologies that Icarus has: the code of
    settings modules is not run.

    Parameters
    ----------
    results : ResultSet
    summaries : Summaries or None
        Of these results; None where there are none.

    Returns
    -------
    dict
        ``networks``; ``of``, from the number of a group to its network, the share of requests that
        each node served, the load of each link (bytes/s, both ways) and the number of replications
        behind them; ``left_out``, how many groups have none though they could; and ``over``, the
        links that carried more than they can.
    """
    networks, metadata = _Networks(), results.metadata
    found: dict[int, dict[str, Any]] = {}
    over: dict[tuple[str, str], float] = {}
    left, left_out = _MOST_NUMBERS, 0
    groups = members_of(summaries.dimensions, len(results)) if summaries else {}
    for number, places in enumerate(groups.values()):
        told = [one for i in places if (one := _told(results[i][1])) is not None]
        if not told:
            continue
        params, facts = results[places[0]][0], metadata[places[0]]
        index = networks.number(params, facts)
        if index is None:
            left_out += 1
            continue
        of_network = networks.maps[index]
        fitting = [one for one in told if _fits(of_network, one)]
        left -= len(of_network.nodes) + len(of_network.links)
        if not fitting or left < 0:
            left_out += 1
            continue
        shares = _means([served for served, _ in fitting], of_network.nodes)
        loads = _means([carried for _, carried in fitting], of_network.links)
        found[number] = {"network": index, "shares": shares, "loads": loads, "n": len(fitting)}
        _note_overload(over, of_network, loads)
    return {
        "networks": [one.as_json for one in networks.maps],
        "of": found,
        "left_out": left_out,
        "over": [[u, v, share] for (u, v), share in over.items()],
    }


class _Networks:
    """The networks of a campaign, each laid out once."""

    def __init__(self) -> None:
        self.maps: list[_Map] = []
        self._known: dict[Any, int | None] = {}

    def number(self, params: Tree, facts: Mapping[str, Any]) -> int | None:
        """Return which network an experiment had; None where it cannot be drawn."""
        section = dict.get(params, "topology")
        if not isinstance(section, Mapping) or "name" not in section:
            return None
        root = root_of(facts)
        key = repr((sorted(map(str, section.items())), root))
        if key not in self._known:
            self._known[key] = self._built(section, root)
        return self._known[key]

    def _built(self, section: Mapping[str, Any], root: np.random.SeedSequence) -> int | None:
        # Takes a second to import, and not all results have maps.
        from icarus.execution.building import Networks

        try:
            topology = Networks().bare(section, root).topology
            if len(topology) > _MOST_NODES:
                return None
            drawn = _Map(topology)
        except Exception as error:
            # What a user's topology raises, or that it is not known here, costs its map alone.
            logger.info("no map of %s: %s", one_line(section.get("name")), one_line(error, 200))
            return None
        for number, other in enumerate(self.maps):
            if other.as_json == drawn.as_json:
                return number
        self.maps.append(drawn)
        return len(self.maps) - 1


def _told(results: Tree) -> tuple[dict[Node, float], dict[frozenset[Node], float]] | None:
    """Return the share that each node served and the load of each link; None without both."""
    served: dict[Node, float] = {}
    carried: dict[frozenset[Node], float] = {}
    with suppress(PlotError):
        for part in shares_of(results):
            for node, share in part.items():
                served[node] = served.get(node, 0.0) + share
    with suppress(PlotError):
        carried = loads_of(results)
    return (served, carried) if served or carried else None


def _fits(network: _Map, told: tuple[Mapping[Node, Any], Mapping[frozenset[Node], Any]]) -> bool:
    served, carried = told
    return served.keys() <= network.nodes.keys() and carried.keys() <= network.links.keys()


def _means(tables: Sequence[Mapping[Any, float]], order: Mapping[Any, int]) -> list[float | None]:
    means = mean_over(tables)
    return [short(means.get(key, 0.0)) for key in order]


def _note_overload(
    over: dict[tuple[str, str], float], network: _Map, loads: Sequence[float | None]
) -> None:
    for link, load in zip(network.links, loads, strict=True):
        capacity = network.capacities.get(link)
        if capacity and load and load > capacity:
            u, v = sorted(one_line(node, _LONGEST_NAME) for node in link)
            over[u, v] = max(over.get((u, v), 0.0), load / capacity)


_BYTES_A_SECOND = {"bps": 1 / 8, "kbps": 1e3 / 8, "mbps": 1e6 / 8, "gbps": 1e9 / 8}


def _capacities(topology: Any) -> dict[frozenset[Node], float]:
    """Return what links can carry, both directions together, in bytes/s; those that say so."""
    unit = _BYTES_A_SECOND.get(str(topology.graph.get("capacity_unit")).lower())
    if unit is None:
        return {}
    directions = 1 if topology.is_directed() else 2
    return {
        frozenset((u, v)): directions * capacity * unit
        for u, v, capacity in topology.edges(data="capacity")
        if isinstance(capacity, int | float)
    }


def _role(properties: Mapping[str, Any]) -> str:
    stack = properties.get("stack")
    name = stack[0] if stack else "router"
    return name if name in ("source", "receiver") else "router"
