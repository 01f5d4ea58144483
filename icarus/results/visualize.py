"""Maps of a network: who its nodes are, and what each node and link had to do.

Nodes stand where their longitude and latitude say, or else where a layout that is the same
every time puts them. Roles are told apart by colour and by shape, loads by colour and by width.
Names stand where they cover nothing; those without such a place are left out.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from icarus.errors import PlotError
from icarus.results._frame import MULTIPLES, captioned, scale, tick_text
from icarus.results._layout import Positions, layout
from icarus.results._name_places import draw_names
from icarus.results._networks import loads_of, shares_of
from icarus.results.style import current_look, font, local_style, save

if TYPE_CHECKING:
    import fnss

__all__ = [
    "COLORMAP",
    "draw_network_load",
    "draw_stack_deployment",
    "load_figure",
    "stack_figure",
    "stack_map",
]

COLORMAP = {"source": "#0072B2", "receiver": "#009E73", "router": "white", "cache": "#D55E00"}
"""Colour of the nodes of each role: blue, green, white and red, as the colour-blind can tell
them apart."""

_HANDLE = {"source": 6.0, "receiver": 4.5, "router": 7.0, "cache": 7.0}
"""Sizes of markers in the legend, in points."""

_SHAPES = {"source": "s", "receiver": "^", "router": "o", "cache": "o"}
_NAMES = {
    "source": "source",
    "receiver": "receiver",
    "router": "router, no cache",
    "cache": "router, cache",
}

_LOADS = LinearSegmentedColormap.from_list("load", ["#9CC3E6", "#0072B2", "#8E3B7F", "#D7191C"])
"""From light blue over blue to red; lightness falls before the hue turns."""

_SMALLEST, _LARGEST = 50.0, 320.0
"""Areas of caches that serve nothing, and the most of all, in points squared."""

_ENDS = {"source": 36.0, "receiver": 16.0}
"""Areas of nodes at the ends of paths, which are many and say little."""

_MARGIN = 0.07
"""Of the map, beyond its outermost nodes."""
_FLATTEST, _HIGHEST = 0.5, 1.1
"""Height of a map as a share of its width."""

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
    with local_style():
        save(stack_figure(topology), Path(plotdir) / filename)


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
    The area of a router grows linearly from 50 to 600 square points with the share of all
    contents that its cache served; receivers and sources are small. The load of a link is that of
    both directions together.
    """
    shares, loads = shares_of(result), loads_of(result)
    with local_style():
        save(load_figure(topology, shares, loads), Path(plotdir) / filename)


def stack_figure(topology: fnss.Topology, caption: Sequence[str] = ()) -> Figure:
    """Return the picture of a network with the role of each node."""
    roles = stack_map(topology)
    canvas = _Canvas.about(topology, caption, _role_handles(roles))
    links = list(topology.edges())
    _draw_links(canvas.axes, canvas.positions, links, ["0.6"], [1.0])
    area = _node_area(len(roles))
    areas = {node: min(area, 2 * _ENDS.get(role, area)) for node, role in roles.items()}
    canvas.finish(roles, areas)
    return canvas.figure


def load_figure(
    topology: fnss.Topology,
    shares: tuple[Mapping[Node, float], Mapping[Node, float]],
    loads: Mapping[frozenset[Node], float],
    caption: Sequence[str] = (),
) -> Figure:
    """Return the picture of a network with what its caches served and its links carried.

    Parameters
    ----------
    topology : fnss.Topology
    shares : pair of dict
        From caches and from sources to the share of all contents that each served.
    loads : dict
        From link to bytes per second, both directions together.
    caption : sequence of str, optional

    Raises
    ------
    PlotError
        If they are of nodes and links that `topology` does not have; it is a ValueError.
    """
    caches, sources = shares
    _check_fit(topology, [*caches, *sources], loads)
    roles = stack_map(topology)
    roles.update(dict.fromkeys(caches, "cache"))
    most = max(caches.values(), default=0.0) or 1.0
    areas = {
        node: _ENDS.get(role, _area(caches.get(node, 0.0) / most)) for node, role in roles.items()
    }
    links = [(u, v) for u, v in topology.edges() if u != v]
    values = np.array([loads.get(frozenset(link), 0.0) for link in links])
    values = np.nan_to_num(values, nan=0.0)
    highest = float(values.max(initial=0.0)) or 1.0
    many, divisor = next((one for one in MULTIPLES if highest >= one[1]), ("bytes", 1.0))
    unit = f"{many}/s"
    canvas = _Canvas.about(topology, caption, [*_role_handles(roles), *_size_handles(most)])
    order = np.argsort(values, kind="stable")  # the busiest on top
    drawn = _draw_links(
        canvas.axes,
        canvas.positions,
        [links[i] for i in order],
        _LOADS(values[order] / highest),
        1.0 + 3.0 * values[order] / highest,
    )
    drawn.set(array=None, cmap=_LOADS, norm=Normalize(0, highest))
    bar = canvas.figure.colorbar(
        drawn, ax=canvas.axes, shrink=0.8, aspect=30, pad=0.01,
        format=lambda value, _: tick_text(float(f"{value / divisor:.6g}")),
    )  # fmt: skip
    bar.set_label(f"Link load, both ways ({unit})")
    bar.outline.set_visible(False)
    canvas.finish(roles, areas)
    return canvas.figure


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


@dataclass
class _Canvas:
    """A figure with a map, the room for whose names is known once all else is there."""

    figure: Figure
    axes: Axes
    positions: Positions
    links: Sequence[tuple[Node, Node]]

    @classmethod
    def about(
        cls, topology: fnss.Topology, caption: Sequence[str], handles: Sequence[Line2D]
    ) -> _Canvas:
        """Return a figure that is larger the more nodes it has, and axes that the map fills."""
        positions = layout(topology)
        points = np.array(list(positions.values()) or [np.zeros(2)])
        extent = np.ptp(points, axis=0)
        ratio = float(np.clip(extent[1] / (extent[0] or 1.0), _FLATTEST, _HIGHEST))
        look = current_look()
        if look.axes is not None:
            figure, axes = look.axes.figure, look.axes
            axes.legend(handles=handles, loc="best")
        else:
            width = look.total or min(20.0, max(7.0, 1.1 * math.sqrt(len(positions)))) * scale()
            longest = max((len(str(handle.get_label())) for handle in handles), default=1)
            columns = max(1, int(width / scale() / (0.45 + 0.065 * longest)))
            rows = math.ceil(len(handles) / columns)
            height = 0.85 * width * ratio + (0.1 + 0.3 * rows) * scale()
            figure, _ = captioned(width, height, caption)
            axes = figure.add_subplot()
            figure.legend(
                handles=list(handles),
                loc="outside upper center",
                ncols=columns,
                handletextpad=0.3,
                columnspacing=1.0,
                labelspacing=0.6,
            )
        axes.set_axis_off()
        axes.update_datalim(points)
        axes.margins(_MARGIN)
        axes.autoscale_view()
        axes.set_aspect("equal", adjustable="datalim")
        return cls(
            figure, axes, positions, [link for link in topology.edges() if link[0] != link[1]]
        )

    def finish(self, roles: Mapping[Node, str], areas: Mapping[Node, float]) -> None:
        """Draw nodes, and the names for which there is room."""
        # On paper there are as many nodes in less room.
        smaller = _growth()
        areas = {node: area * smaller for node, area in areas.items()}
        _draw_nodes(self.axes, self.positions, roles, areas)
        if len(areas) > _MOST_NAMES:
            return
        self.figure.draw_without_rendering()
        matter = list(reversed(COLORMAP))
        order = sorted(areas, key=lambda node: (matter.index(roles[node]), -areas[node]))
        size = font(float(np.interp(len(areas), [30, _MOST_NAMES], [0.75, 0.6])))
        draw_names(self.axes, self.positions, areas, order, max(5.0, size), self.links)


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
    widths = np.asarray(widths) * current_look().strength
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


def _role_handles(roles: Mapping[Node, str]) -> list[Line2D]:
    there = set(roles.values())
    return [
        _handle(_NAMES[role], _HANDLE[role], marker=_SHAPES[role], markerfacecolor=colour)
        for role, colour in COLORMAP.items()
        if role in there
    ]


def _area(part: float) -> float:
    """Return the area of a cache that served this part of what the busiest of them did."""
    return _SMALLEST + (_LARGEST - _SMALLEST) * part


def _size_handles(most: float) -> list[Line2D]:
    return [
        _handle(
            f"served {100 * most * part:.2g} %" if part else "served 0",
            math.sqrt(_area(part) * _growth()),
            marker="o",
            markerfacecolor="0.85",
        )
        for part in (0.0, 1.0)
    ]


def _growth() -> float:
    """By how much areas are smaller or larger than on the screen, also those in the legend."""
    total = current_look().total
    return 1.0 if total is None else min(2.0, (total / 7.0) * current_look().strength ** 0.5)


def _handle(label: str, size: float, **look: Any) -> Line2D:
    return Line2D(
        [], [], linestyle="", label=label, markersize=size, markeredgecolor="black", **look
    )
