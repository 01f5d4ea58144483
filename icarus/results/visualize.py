"""Maps of a network: who its nodes are, and what each node and link had to do.

Nodes stand where their longitude and latitude say, or else where a layout that is the same
every time puts them. Roles are told apart by colour and by shape, loads by colour and by width.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from icarus.errors import PlotError
from icarus.results._layout import Positions, layout
from icarus.results.drawntext import drawn
from icarus.results.style import local_style, save

if TYPE_CHECKING:
    import fnss

__all__ = ["COLORMAP", "draw_network_load", "draw_stack_deployment", "stack_map"]

COLORMAP = {"source": "#0072B2", "receiver": "#009E73", "router": "white", "cache": "#D55E00"}
"""Colour of the nodes of each role: blue, green, white and red, as the colour-blind can tell
them apart."""

_SHAPES = {"source": "s", "receiver": "^", "router": "o", "cache": "o"}
_NAMES = {
    "source": "source",
    "receiver": "receiver",
    "router": "router without cache",
    "cache": "router with cache",
}

_LOADS = LinearSegmentedColormap.from_list("load", ["#9CC3E6", "#0072B2", "#8E3B7F", "#D7191C"])
"""From light blue over blue to red; lightness falls before the hue turns."""

_SMALLEST, _LARGEST = 50.0, 600.0
"""Areas of nodes that serve nothing and everything, in points squared."""

_MOST_NAMES = 120
"""Nodes up to which their names are written."""

Node = Hashable


def stack_map(topology: fnss.Topology) -> dict[Any, str]:
    """Return the role of each node.

    Parameters
    ----------
    topology : fnss.Topology
        The network.

    Returns
    -------
    dict
        From node to ``source``, ``receiver``, ``cache`` (a router whose cache has room for
        at least one content) or ``router`` (any other, nodes without a stack included).
    """
    roles = {}
    for node, stack in topology.nodes(data="stack"):
        name, properties = ("router", {}) if stack is None else stack
        if name == "router" and properties.get("cache_size", 0) > 0:
            name = "cache"
        roles[node] = name if name in COLORMAP else "router"
    return roles


def draw_stack_deployment(
    topology: fnss.Topology, filename: str, plotdir: str | PathLike[str]
) -> None:
    """Draw a network with the role of each node.

    Parameters
    ----------
    topology : fnss.Topology
        The network. Routers are drawn as caches once a cache placement was applied.
    filename : str
        Name of the file; its suffix gives the format.
    plotdir : path-like
        Its folder.
    """
    roles = stack_map(topology)
    with local_style():
        positions = layout(topology)
        figure, axes = _canvas(positions)
        _draw_links(axes, positions, list(topology.edges()), ["0.6"], [1.0])
        sizes = dict.fromkeys(roles, _node_area(len(roles)))
        _draw_nodes(axes, positions, roles, sizes)
        _draw_names(axes, positions, sizes)
        _draw_legend(axes, _role_handles(roles))
        save(figure, Path(plotdir) / filename, bbox_inches="tight")


def draw_network_load(
    topology: fnss.Topology,
    result: Mapping[str, Any] | Sequence[Any],
    filename: str,
    plotdir: str | PathLike[str],
) -> None:
    """Draw a network with the share of contents that each node served and the load of each link.

    Parameters
    ----------
    topology : fnss.Topology
        The network on which the experiment was run.
    result : mapping, or pair of mappings
        The results of one experiment, or the pair of its parameters and results, as a
        ``ResultSet`` has it. CACHE_HIT_RATIO must have been collected per node (its
        default) and LINK_LOAD too.
    filename : str
        Name of the file; its suffix gives the format.
    plotdir : path-like
        Its folder.

    Raises
    ------
    PlotError
        If `result` lacks these metrics, or they are of nodes and links that `topology` does
        not have; it is a ValueError.

    Notes
    -----
    The area of a node grows linearly from 50 to 600 square points with the share that it
    served of all contents, be it a cache or a source. The load of a link is that of both
    directions together.
    """
    shares, cached = _node_shares(result)
    loads = _link_loads(result)
    _check_fit(topology, shares, loads)
    roles = stack_map(topology)
    roles.update(dict.fromkeys(cached, "cache"))
    sizes = {node: _SMALLEST + (_LARGEST - _SMALLEST) * shares.get(node, 0.0) for node in roles}
    links = [(u, v) for u, v in topology.edges() if u != v]
    values = np.array([loads.get(frozenset(link), 0.0) for link in links])
    values = np.nan_to_num(values, nan=0.0)
    highest = float(values.max(initial=0.0)) or 1.0
    with local_style():
        positions = layout(topology)
        figure, axes = _canvas(positions)
        order = np.argsort(values, kind="stable")  # the busiest on top
        drawn = _draw_links(
            axes,
            positions,
            [links[i] for i in order],
            _LOADS(values[order] / highest),
            1.0 + 3.0 * values[order] / highest,
        )
        drawn.set(array=None, cmap=_LOADS, norm=Normalize(0, highest))
        _draw_nodes(axes, positions, roles, sizes)
        _draw_names(axes, positions, sizes)
        _draw_legend(axes, [*_role_handles(roles), *_size_handles()])
        bar = figure.colorbar(drawn, cax=axes.inset_axes((1.01, 0.1, 0.02, 0.8)))
        bar.set_label("Link load, both ways (bytes/s)")
        bar.outline.set_visible(False)
        save(figure, Path(plotdir) / filename, bbox_inches="tight")


# What results say


def _node_shares(result: Any) -> tuple[dict[Node, float], set[Node]]:
    """Return the share of contents that each node served, and the nodes that served from caches."""
    needed = ("PER_NODE_CACHE_HIT_RATIO", "PER_NODE_SERVER_HIT_RATIO")
    caches, servers = (_metric(result, "CACHE_HIT_RATIO", name) for name in needed)
    shares: dict[Node, float] = {}
    for part in (caches, servers):
        for node, share in part.items():
            shares[node] = shares.get(node, 0.0) + share
    return shares, set(caches.keys())


def _link_loads(result: Any) -> dict[frozenset[Node], float]:
    """Return the load of each link in bytes per second, both directions together."""
    loads: dict[frozenset[Node], float] = {}
    for name in ("PER_LINK_INTERNAL", "PER_LINK_EXTERNAL"):
        for link, load in _metric(result, "LINK_LOAD", name).items():
            loads[frozenset(link)] = loads.get(frozenset(link), 0.0) + load
    return loads


def _metric(result: Any, collector: str, metric: str) -> Mapping[Any, float]:
    results = result if isinstance(result, Mapping) else result[1]
    # `get`, as trees grow branches when they are asked for what they lack.
    found = (results.get(collector) or {}).get(metric)
    if not isinstance(found, Mapping):
        option = " with per_node=True" if collector == "CACHE_HIT_RATIO" else ""
        raise PlotError(
            f"the result has no {collector}.{metric}; add {collector}{option} to DATA_COLLECTORS"
        )
    return found


def _check_fit(
    topology: fnss.Topology, shares: Iterable[Node], loads: Iterable[frozenset[Node]]
) -> None:
    alien = [node for node in shares if node not in topology]
    if alien:
        raise PlotError(f"the result is of another topology: this one has no node {alien[0]!r}")
    for link in loads:
        if not topology.has_edge(*link):
            u, v = sorted(link, key=str)
            raise PlotError(
                f"the result is of another topology: this one has no link {u!r} - {v!r}"
            )


# What is drawn


def _canvas(positions: Positions) -> tuple[Figure, Axes]:
    """Return a figure that is larger the more nodes it has, and axes about them, not too flat."""
    side = min(20.0, max(6.0, 0.95 * math.sqrt(len(positions))))
    figure = Figure(figsize=(1.25 * side, side))
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.set_axis_off()
    points = np.array(list(positions.values()) or [np.zeros(2)])
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    extent = np.ptp(points, axis=0)
    width, height = np.maximum(extent, 0.4 * extent.max() or 1.0) * 0.56
    axes.set_xlim(middle[0] - width, middle[0] + width)
    axes.set_ylim(middle[1] - height, middle[1] + height)
    return figure, axes


def _node_area(n_nodes: int) -> float:
    return float(np.interp(n_nodes, [10, 60, 400], [170, 100, 45]))


def _draw_links(
    axes: Axes,
    positions: Positions,
    links: Sequence[tuple[Node, Node]],
    colours: Any,
    widths: Any,
) -> LineCollection:
    segments = [np.array([positions[u], positions[v]]) for u, v in links]
    drawn = LineCollection(segments, colors=colours, linewidths=widths, zorder=1)
    drawn.set_capstyle("round")
    axes.add_collection(drawn)
    return drawn


def _draw_nodes(
    axes: Axes,
    positions: Positions,
    roles: Mapping[Node, str],
    sizes: Mapping[Node, float],
) -> None:
    for role in COLORMAP:
        # The largest first, so that none hides another.
        nodes = sorted((n for n in roles if roles[n] == role), key=lambda node: -sizes[node])
        if not nodes:
            continue
        x, y = np.array([positions[node] for node in nodes]).T
        axes.scatter(
            *(x, y, [sizes[node] for node in nodes]),
            c=COLORMAP[role],
            marker=_SHAPES[role],
            edgecolors="black",
            linewidths=0.8,
            zorder=2,
        )


def _draw_names(axes: Axes, positions: Positions, sizes: Mapping[Node, float]) -> None:
    if len(sizes) > _MOST_NAMES:
        return
    size = float(np.interp(len(sizes), [30, _MOST_NAMES], [8, 6]))
    for node, area in sizes.items():
        offset = 0.36 * math.sqrt(area) + 1.5
        axes.annotate(
            drawn(node, 40),
            tuple(positions[node]),
            xytext=(offset, offset),
            textcoords="offset points",
            fontsize=size,
            zorder=3,
            path_effects=[withStroke(linewidth=1.8, foreground="white")],
        )


def _role_handles(roles: Mapping[Node, str]) -> list[Line2D]:
    there = set(roles.values())
    return [
        _handle(_NAMES[role], 9, marker=_SHAPES[role], markerfacecolor=colour)
        for role, colour in COLORMAP.items()
        if role in there
    ]


def _size_handles() -> list[Line2D]:
    return [
        _handle(
            f"served {share:.0%} of contents",
            math.sqrt(_SMALLEST + (_LARGEST - _SMALLEST) * share),
            marker="o",
            markerfacecolor="0.85",
        )
        for share in (0.0, 0.1, 0.5)
    ]


def _handle(label: str, size: float, **look: Any) -> Line2D:
    return Line2D(
        [], [], linestyle="", label=label, markersize=size, markeredgecolor="black", **look
    )


def _draw_legend(axes: Axes, handles: list[Line2D]) -> None:
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=4,
        handletextpad=0.4,
        labelspacing=1.4,
    )
