"""Synthetic topologies: tree, path, ring and full mesh.

Nodes are consecutive integers, weights are 1.0, delays are in milliseconds.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, SupportsIndex

import fnss
from annotated_types import Ge

from icarus.registry import register_topology_factory
from icarus.scenarios.topology.icn_topology import IcnTopology, deploy_stacks, label_links
from icarus.types import NonNegative, PositiveInt

__all__ = ["topology_mesh", "topology_path", "topology_ring", "topology_tree"]


@register_topology_factory("TREE")
def topology_tree(
    k: Annotated[int, Ge(2)], h: PositiveInt, delay: NonNegative = 1, **kwargs: Any
) -> IcnTopology:
    """Complete k-ary tree: the root is the source, the leaves are the receivers.

    Parameters
    ----------
    k : int
        Children of each node, at least 2.
    h : int
        Levels of links, at least 1. Below 2 there are no routers.
    delay : float, optional
        Delay of each link, in ms.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        Nodes are numbered breadth-first from the root, 0, and have the attributes ``depth``
        (0 to `h`) and ``type`` (root, intermediate or leaf). All nodes between root and
        leaves are candidates for caches. All links are internal.

    Raises
    ------
    TypeError
        If `k` or `h` is not an integer.
    ValueError
        If a parameter is too small.

    Examples
    --------
    >>> tree = topology_tree(k=2, h=3)
    >>> len(tree), len(tree.receivers()), len(tree.graph["icr_candidates"])
    (15, 8, 6)
    """
    k, h = _whole("k", k, 2), _whole("h", h, 1)
    topology = IcnTopology(fnss.k_ary_tree_topology(k, h))
    leaves = {node for node, kind in topology.nodes(data="type") if kind == "leaf"}
    deploy_stacks(topology, receivers=leaves, sources={0})
    _label_uniformly(topology, delay)
    return topology


@register_topology_factory("PATH")
def topology_path(n: Annotated[int, Ge(3)], delay: NonNegative = 1, **kwargs: Any) -> IcnTopology:
    """Line of nodes from a receiver through routers to the source.

    Parameters
    ----------
    n : int
        Nodes, at least 3: node 0 is the receiver, n-1 the source, the others are routers and
        candidates for caches.
    delay : float, optional
        Delay of each link, in ms.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        All links are internal.

    Raises
    ------
    TypeError
        If `n` is not an integer.
    ValueError
        If a parameter is too small.
    """
    n = _whole("n", n, 3)
    topology = IcnTopology(fnss.line_topology(n))
    deploy_stacks(topology, receivers={0}, sources={n - 1})
    _label_uniformly(topology, delay)
    return topology


@register_topology_factory("RING")
def topology_ring(
    n: Annotated[int, Ge(3)], delay_int: NonNegative = 1, delay_ext: NonNegative = 5, **kwargs: Any
) -> IcnTopology:
    """Ring of routers, each with a receiver; one of them also has the source.

    Parameters
    ----------
    n : int
        Routers, at least 3. Router i, all of them candidates for caches, has receiver n+i;
        the source 2n is attached to router 0.
    delay_int, delay_ext : float, optional
        Delay of internal links and of the link to the source, in ms.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        2n+1 nodes and as many links.

    Raises
    ------
    TypeError
        If `n` is not an integer.
    ValueError
        If a parameter is too small.
    """
    n = _whole("n", n, 3)
    return _with_users(fnss.ring_topology(n), n, 1, delay_int, delay_ext)


def _check_mesh(given: dict[str, Any]) -> list[str]:
    n, m = given.get("n"), given.get("m")
    return [_too_many_sources(n, m)] if isinstance(n, int) and isinstance(m, int) and m > n else []


def _too_many_sources(n: int, m: int) -> str:
    return f"a mesh of n = {n} routers has room for as many sources at most, found m = {m}"


@register_topology_factory("MESH", check=_check_mesh)
def topology_mesh(
    n: PositiveInt,
    m: PositiveInt,
    delay_int: NonNegative = 1,
    delay_ext: NonNegative = 5,
    **kwargs: Any,
) -> IcnTopology:
    """Full mesh of routers, each with a receiver; the first of them also have sources.

    Parameters
    ----------
    n : int
        Routers. Router i, all of them candidates for caches, has receiver n+i.
    m : int
        Sources, at most `n`: source 2n+j is attached to router j.
    delay_int, delay_ext : float, optional
        Delay of internal links and of links to sources, in ms.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        2n+m nodes.

    Raises
    ------
    TypeError
        If `n` or `m` is not an integer.
    ValueError
        If `m` exceeds `n` or a parameter is too small.
    """
    n, m = _whole("n", n, 1), _whole("m", m, 1)
    if m > n:
        raise ValueError(_too_many_sources(n, m))
    return _with_users(fnss.full_mesh_topology(n), n, m, delay_int, delay_ext)


def _with_users(
    routers: fnss.Topology, n: int, n_sources: int, delay_int: float, delay_ext: float
) -> IcnTopology:
    topology = IcnTopology(routers)
    topology.add_edges_from((i, n + i) for i in range(n))
    topology.add_edges_from((j, 2 * n + j) for j in range(n_sources))
    deploy_stacks(topology, range(n, 2 * n), range(2 * n, 2 * n + n_sources))
    _require_delays(delay_int, delay_ext)
    label_links(topology, delay_int, delay_ext, external_weight=1.0)
    return topology


def _label_uniformly(topology: IcnTopology, delay: float) -> None:
    _require_delays(delay)
    topology.graph["delay_unit"] = "ms"
    for _, _, link in topology.edges(data=True):
        link.update(weight=1.0, delay=delay, type="internal")


def _whole(name: str, value: SupportsIndex, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, found {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, found {number}")
    return number


def _require_delays(*delays: float) -> None:
    for delay in delays:
        if not delay >= 0:
            raise ValueError(f"a delay must be 0 ms or more, found {delay!r}")
