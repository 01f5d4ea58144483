"""Where the nodes of a network stand in a picture of it.

Where their longitude and latitude say, or else at distances close to those in hops. The same
network gives the same picture every time.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

if TYPE_CHECKING:
    import fnss

__all__ = ["Positions", "layout"]

_FLATTEST, _MOST_STRETCH = 0.6, 3.0
"""Height of a layout as a share of its width, and by how much it may be stretched for that."""

Positions = dict[Hashable, np.ndarray]
"""From node to its position, float64, (2,)."""


def layout(topology: fnss.Topology) -> Positions:
    """Return the position of each node, the whole picture being about as wide as 1."""
    if not len(topology):
        return {}
    placed = _geographic(topology)
    if len(placed) < max(2, len(topology) / 3):
        placed = _by_distance(topology)
    positions = _spread(placed)
    _hang(topology, positions)
    return positions


def _geographic(topology: fnss.Topology) -> Positions:
    """Return the positions of the nodes that have coordinates, true to scale at their centre."""
    given = {
        node: (data["longitude"], data["latitude"])
        for node, data in topology.nodes(data=True)
        if _is_finite(data.get("longitude")) and _is_finite(data.get("latitude"))
    }
    if not given:
        return {}
    centre = math.radians(float(np.mean([latitude for _, latitude in given.values()])))
    stretch = np.array([math.cos(centre), 1.0])
    return {node: np.array(place, dtype=float) * stretch for node, place in given.items()}


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _by_distance(topology: fnss.Topology) -> Positions:
    """Return positions whose distances are close to those in hops, leaves left out."""
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from(topology)
    graph.add_edges_from((u, v) for u, v in topology.edges() if u != v)
    core = graph.subgraph([node for node in graph if graph.degree(node) != 1])
    drawn: nx.Graph[Any] = nx.Graph(core if len(core) > 2 and nx.is_connected(core) else graph)
    if nx.is_connected(drawn) and len(drawn) <= 400:
        found = nx.kamada_kawai_layout(drawn)
    else:
        found = nx.spring_layout(drawn, seed=1, iterations=100)
    points = _lying(np.array(list(found.values())))
    width, height = np.ptp(points, axis=0)
    if 0 < height < _FLATTEST * width:  # room that would be left empty sets nodes apart
        points[:, 1] *= min(_FLATTEST * width / height, _MOST_STRETCH)
    return dict(zip(found, points, strict=True))


def _lying(points: np.ndarray) -> np.ndarray:
    """Return points turned so that they reach farthest from left to right, the first one left."""
    points = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(points.T @ points)
    turned: np.ndarray = points @ axes[:, ::-1]
    return turned * np.where(turned[0] > 0, -1, 1)


def _spread(placed: Positions) -> Positions:
    """Return positions scaled to a width of 1, nodes in the same place set a little apart."""
    points = np.array(list(placed.values()))
    span = float(np.ptp(points, axis=0).max()) or 1.0
    points = (points - points.min(axis=0)) / span
    gap = 0.35 / math.sqrt(len(points))
    # A few rounds of pushing apart what is too close keep the map's shape and make it legible.
    for _ in range(100):
        away = points[:, None] - points[None]
        distance = np.hypot(away[..., 0], away[..., 1])
        np.fill_diagonal(distance, np.inf)
        i, j = np.nonzero(distance < gap)
        if not len(i):
            break
        # Nodes in the very same place leave it in the directions of their numbers.
        angle = 2.4 * (i - j) * (i + j + 1)
        fallback = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.sign(i - j)[:, None]
        near = distance[i, j][:, None]
        direction = np.where(near > 1e-9, away[i, j] / np.maximum(near, 1e-9), fallback)
        np.add.at(points, i, 0.3 * (gap - near) * direction)
    return dict(zip(placed, points, strict=True))


def _hang(topology: fnss.Topology, positions: Positions) -> None:
    """Give nodes without a position one beside a neighbour, away from what is there already."""
    reach = 0.35 / math.sqrt(len(positions))
    missing = [node for node in topology if node not in positions]
    while missing:
        hung = [node for node in missing if any(n in positions for n in topology.neighbors(node))]
        if not hung:  # a part of its own
            positions[missing[0]] = np.array([0.0, -2 * reach * len(missing)])
        for node in hung:
            anchor = next(n for n in topology.neighbors(node) if n in positions)
            linked = [positions[n] for n in topology.neighbors(anchor) if n in positions]
            others = np.array([place for n, place in positions.items() if n != anchor])
            positions[node] = _beside(positions[anchor], reach, np.array(linked), others)
        missing = [node for node in missing if node not in positions]


def _beside(anchor: np.ndarray, reach: float, linked: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return a place around `anchor` that is far from other nodes and off the links there."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ring = anchor + reach * directions
    score = np.zeros(len(ring))
    if len(others):
        distances = np.hypot(*(ring[:, None] - others[None]).transpose(2, 0, 1))
        score += 2 * np.minimum(distances.min(axis=1) / reach, 1.2)
    if len(linked):
        towards = linked - anchor
        towards /= np.maximum(np.hypot(*towards.T), 1e-9)[:, None]
        score -= (directions @ towards.T).max(axis=1)
    # Rounded, so that directions that are as good do not change places with the machine.
    return np.asarray(ring[int(np.argmax(score.round(6)))])
