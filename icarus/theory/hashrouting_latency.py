"""Mean latency of hash-routing, from the delays of a network and the hit ratio of its caches.

All of them assume that each cache is responsible for an equal share of the requests.

L. Saino, I. Psaras and G. Pavlou, Modeling and analysis of hash-routing for cache networks, IEEE
Transactions on Network and Service Management 17(1), 2020, doi 10.1109/TNSM.2019.2956525.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.errors import suggestion
from icarus.types import Node

if TYPE_CHECKING:
    import fnss
    import networkx as nx

__all__ = ["hashrouting_model", "hashrouting_model_mesh", "hashrouting_model_ring"]

Paths = Mapping[Node, Mapping[Node, list[Node]]]

_ROUTINGS = ("SYMM", "MULTICAST")
_SHARE_TOLERANCE = 1e-4


def hashrouting_model(
    topology: fnss.Topology,
    routing: str,
    hit_ratio: float,
    source_content_ratio: Mapping[Node, float],
    req_rates: Mapping[Node, float],
    paths: Paths | None = None,
) -> float:
    """Return the mean latency of hash-routing in a network.

    Parameters
    ----------
    topology : Topology
        The network: its caches are those of ``topology.cache_nodes()``, of equal weight; links
        have the attribute ``delay`` in ms.
    routing : {"SYMM", "MULTICAST"}
        Whether contents return through the cache in charge, or straight from the source to the
        receiver with a copy to that cache.
    hit_ratio : float
        Of the caches together, from 0 to 1.
    source_content_ratio : dict
        Share of the contents at each source; they sum to 1 (within 0.0001).
    req_rates : dict
        Rate of requests of each receiver, in any unit.
    paths : dict of dict of list, optional
        Paths by origin and destination. By default the shortest ones by the attribute
        ``weight`` of links, which are those that simulations take.

    Returns
    -------
    float
        In ms.

    Raises
    ------
    ValueError
        If there is no such routing, a number is out of its range, there are no caches or no
        requests, nodes are not connected, or a link lacks a delay.
    """
    if routing not in _ROUTINGS:
        known = suggestion(routing, _ROUTINGS)
        raise ValueError(f"there is no model of routing {routing!r}; {known}")
    h = _checked_hit_ratio(hit_ratio)
    sources, share = _weights(source_content_ratio, "source_content_ratio")
    if not abs(share.sum() - 1) <= _SHARE_TOLERANCE:
        raise ValueError(
            f"the shares of source_content_ratio must sum to 1, found {float(share.sum())}"
        )
    receivers, rate = _weights(req_rates, "req_rates")
    if not rate.sum() > 0:
        raise ValueError("req_rates must hold a rate above 0")
    rate = rate / rate.sum()
    caches = list(topology.cache_nodes())
    if not caches:
        raise ValueError("the topology has no caches; place some first")
    delays = _Delays(topology, paths)
    to_cache = float((rate @ delays.between(receivers, caches)).mean())
    from_cache = float((delays.between(caches, receivers) @ rate).mean())
    to_source = float((delays.between(caches, sources) @ share).mean())
    if routing == "SYMM":
        from_source = float((share @ delays.between(sources, caches)).mean())
        return to_cache + from_cache + (1 - h) * (to_source + from_source)
    straight = float(share @ delays.between(sources, receivers) @ rate)
    return to_cache + h * from_cache + (1 - h) * (to_source + straight)


def hashrouting_model_mesh(n: int, m: int, h: float, delay_int: float, delay_ext: float) -> float:
    """Return the mean latency of hash-routing, symmetric, in a full mesh.

    Parameters
    ----------
    n : int
        Routers, each with a cache and a receiver.
    m : int
        How many of them, at most `n`, are gateways to the origin. Each of them reaches every
        content, so that a cache at a gateway uses its own.
    h : float
        Hit ratio of the caches together, from 0 to 1.
    delay_int, delay_ext : float
        Delay of a link between routers, and of a gateway's link to the origin.

    Returns
    -------
    float
        In the unit of the delays.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    The topology MESH differs: there contents are split among m sources, one at each gateway.
    """
    _checked_delays(delay_int, delay_ext)
    n, m, h = _checked_count(n, "n"), _checked_count(m, "m"), _checked_hit_ratio(h)
    if m > n:
        raise ValueError(f"m, the number of gateways, must be at most n = {n}, found {m}")
    to_cache = (n - 1) / n * delay_int
    to_origin = (n - m) / n * delay_int + delay_ext
    return 2 * (to_cache + (1 - h) * to_origin)


def hashrouting_model_ring(n: int, h: float, delay_int: float, delay_ext: float) -> float:
    """Return the mean latency of hash-routing, symmetric, in a ring with one gateway.

    Parameters
    ----------
    n : int
        Routers, each with a cache and a receiver.
    h : float
        Hit ratio of the caches together, from 0 to 1.
    delay_int, delay_ext : float
        Delay of a link between routers, and of the gateway's link to the origin.

    Returns
    -------
    float
        In the unit of the delays.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    _checked_delays(delay_int, delay_ext)
    n, h = _checked_count(n, "n"), _checked_hit_ratio(h)
    hops = n / 4 if n % 2 == 0 else (n * n - 1) / (4 * n)
    return 2 * (hops * delay_int + (1 - h) * (hops * delay_int + delay_ext))


class _Delays:
    """Delays along paths."""

    def __init__(self, topology: nx.Graph[Any], paths: Paths | None) -> None:
        # The network imports statistics from this package.
        from icarus.routing.paths import ShortestPaths

        self._links = topology.edges
        self._paths: Paths
        if paths is not None:
            self._paths = paths
        elif topology.is_directed():
            import networkx as nx

            self._paths = dict(nx.all_pairs_dijkstra_path(topology, weight="weight"))
        else:
            self._paths = ShortestPaths(topology)

    def between(self, origins: Iterable[Node], destinations: list[Node]) -> np.ndarray:
        """Return the delays from each origin to each destination, float64, (n, m)."""
        return np.array([[self._delay(u, v) for v in destinations] for u in origins])

    def _delay(self, u: Node, v: Node) -> float:
        if u == v:
            return 0.0
        try:
            path = self._paths[u][v]
        except KeyError:
            raise ValueError(f"there is no path from {u!r} to {v!r}") from None
        return sum(self._link_delay(link) for link in pairwise(path))

    def _link_delay(self, link: tuple[Node, Node]) -> float:
        try:
            return float(self._links[link]["delay"])
        except KeyError:
            raise ValueError(
                f"link {link!r} has no delay; fnss.set_delays_constant gives all links one"
            ) from None


def _weights(by_node: Mapping[Node, float], name: str) -> tuple[list[Node], np.ndarray]:
    nodes, weights = list(by_node), np.array(list(by_node.values()), dtype=np.float64)
    for node, weight in zip(nodes, weights.tolist(), strict=True):
        if not 0 <= weight < np.inf:
            raise ValueError(f"{name} must be at least 0, found {weight!r} for node {node!r}")
    return nodes, weights


def _checked_hit_ratio(hit_ratio: float) -> float:
    if not 0 <= hit_ratio <= 1:
        raise ValueError(f"the hit ratio must be from 0 to 1, found {hit_ratio!r}")
    return float(hit_ratio)


def _checked_count(count: int, name: str) -> int:
    if operator.index(count) < 1:
        raise ValueError(f"{name} must be at least 1, found {count!r}")
    return operator.index(count)


def _checked_delays(*delays: float) -> None:
    for delay in delays:
        if not 0 <= delay < np.inf:
            raise ValueError(f"delays must be at least 0, found {delay!r}")
