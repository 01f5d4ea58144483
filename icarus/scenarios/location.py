"""Facility location: distances in a network, and the sites that serve demands at least cost.

`distances` gives lengths of cheapest paths as an array; `best_sites` solves the p-median problem
over an array of costs, exactly where trying every choice is cheap, else by vertex substitution.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

__all__ = ["best_sites", "distances", "without_noise"]

EXHAUSTIVE_WORK = 5_000_000
"""Choices times demands times sites per choice up to which all are tried: about 0.2 s."""

_CHUNK = 500_000
"""Numbers held at a time while all choices are tried."""


def distances(
    topology: nx.Graph[Any],
    origins: Sequence[Hashable],
    destinations: Sequence[Hashable],
    attribute: str | None,
    missing: float | None = None,
    within: Iterable[Hashable] | None = None,
) -> np.ndarray:
    """Return the lengths of the cheapest paths between nodes.

    Parameters
    ----------
    topology : networkx.Graph
        The network, undirected.
    origins, destinations : sequences of nodes
        Between which nodes.
    attribute : str or None
        The attribute of links that adds up to the length of a path; None counts hops.
    missing : float, optional
        What a link counts that lacks the attribute; by default that is an error.
    within : iterable of nodes, optional
        The nodes that paths may use, all by default.

    Returns
    -------
    ndarray of float, shape (n_origins, n_destinations)

    Raises
    ------
    ValueError
        If two nodes are not connected, or a link lacks the attribute or has a negative one.
    """
    allowed = set(topology if within is None else within)
    number = {node: i for i, node in enumerate(node for node in topology if node in allowed)}
    matrix = _lengths(topology, number, attribute, missing)
    rows = [number[node] for node in origins]
    columns = [number[node] for node in destinations]
    if not rows or not columns:
        return np.zeros((len(rows), len(columns)))
    found = np.asarray(dijkstra(matrix, directed=True, indices=rows))[:, columns]
    apart = np.argwhere(np.isinf(found))
    if len(apart):
        u, v = origins[apart[0][0]], destinations[apart[0][1]]
        through = "" if within is None else " through the nodes chosen"
        raise ValueError(f"node {u!r} has no path to node {v!r}{through}")
    return found


def _lengths(
    topology: nx.Graph[Any],
    number: dict[Any, int],
    attribute: str | None,
    missing: float | None,
) -> csr_array:
    """Return the matrix of links; entries of 0 are stored, which scipy takes for links too."""
    ends: list[tuple[int, int]] = []
    lengths: list[float] = []
    for u, v, link in topology.edges(data=True):
        if u not in number or v not in number or u == v:
            continue
        length = 1 if attribute is None else link.get(attribute, missing)
        if length is None:
            raise ValueError(f"link ({u!r}, {v!r}) has no attribute {attribute!r}")
        if not 0 <= length < math.inf:
            raise ValueError(
                f"link ({u!r}, {v!r}): {attribute} must be a number, 0 or more, found {length!r}"
            )
        ends += [(number[u], number[v]), (number[v], number[u])]
        lengths += [length, length]
    rows, columns = np.array(ends, dtype=np.int32).reshape(-1, 2).T
    shape = (len(number), len(number))
    return csr_array((np.array(lengths, dtype=float), (rows, columns)), shape=shape)


def without_noise(values: np.ndarray) -> np.ndarray:
    """Return values in units of the largest, so rounded that errors of summation make no order."""
    largest = np.abs(values).max(initial=0.0)
    return np.round(values / largest, 12) if largest > 0 else values


def _slack(cost: float) -> float:
    """Return the difference from `cost` up to which another cost is equal: rounding errors.

    It is relative only, so that the unit of distances makes no difference.
    """
    return 1e-9 * abs(cost)


def best_sites(
    costs: np.ndarray, p: int, n_iter: int, rng: Callable[[], np.random.Generator]
) -> tuple[np.ndarray, float]:
    """Choose the sites that serve all demands at the least total cost (p-median).

    Parameters
    ----------
    costs : ndarray of float, shape (n_demands, n_sites)
        What it costs to serve each demand from each site.
    p : int
        How many sites to choose, from 1 to n_sites. Each demand is served by its cheapest.
    n_iter : int
        How many random choices vertex substitution starts from, 1 or more.
    rng : callable
        Gives the generator of the random choices; called only if any is drawn.

    Returns
    -------
    sites : ndarray of int, shape (p,)
        Columns of `costs`, ascending.
    cost : float
        The sum over demands.

    Notes
    -----
    Up to `EXHAUSTIVE_WORK` all choices are tried, and the first best in lexicographic order is
    returned. Beyond, the best result of `n_iter` descents is: each starts from p sites drawn
    without replacement, one draw per descent, and replaces one site by another, taking the
    exchange that saves most, while any saves. No exchange of one site improves the result.

    References
    ----------
    M. B. Teitz and P. Bart, Heuristic methods for estimating the generalized vertex median of a
    weighted graph, Operations Research 16(5), 1968, doi 10.1287/opre.16.5.955.

    E. Schubert and P. J. Rousseeuw, Fast and eager k-medoids clustering, Information Systems
    101, 2021, doi 10.1016/j.is.2021.101804 (how exchanges are evaluated all at once).
    """
    n_demands, n_sites = costs.shape
    if math.comb(n_sites, p) * n_demands * p <= EXHAUSTIVE_WORK:
        return _exhaustive(costs, p)
    generator = rng()
    best, least = np.arange(p), math.inf
    for _ in range(n_iter):
        start = np.sort(generator.choice(n_sites, size=p, replace=False))
        sites, cost = _descend(costs, start)
        if cost < least - (_slack(least) if least < math.inf else 0):
            best, least = sites, cost
    return best, least


def _exhaustive(costs: np.ndarray, p: int) -> tuple[np.ndarray, float]:
    n_demands, n_sites = costs.shape
    choices = itertools.combinations(range(n_sites), p)
    best, least = np.arange(p), math.inf
    step = max(1, _CHUNK // max(1, n_demands * p))
    while chunk := list(itertools.islice(choices, step)):
        sites = np.array(chunk)
        totals = costs[:, sites].min(axis=2).sum(axis=0)
        first = _first_least(totals, _slack(float(totals.min())))
        if least == math.inf or totals[first] < least - _slack(least):
            best, least = sites[first], float(totals[first])
    return best, least


def _descend(costs: np.ndarray, sites: np.ndarray) -> tuple[np.ndarray, float]:
    """Exchange sites one by one while that saves anything."""
    total = float(costs[:, sites].min(axis=1).sum())
    while True:
        savings = _exchanges(costs, sites)
        leave, enter = divmod(_first_least(savings, _slack(total)), costs.shape[1])
        exchanged = sites.copy()
        exchanged[leave] = enter
        exchanged.sort()
        cost = float(costs[:, exchanged].min(axis=1).sum())
        # The strict decrease, by more than rounding errors, is what makes the descent end.
        if not cost < total - _slack(total):
            return sites, total
        sites, total = exchanged, cost


def _exchanges(costs: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Return by how much the cost changes if site i of `sites` gives way to column j, for all."""
    served = costs[:, sites]
    by = served.argmin(axis=1)
    if len(sites) > 1:
        first, second = np.partition(served, 1, axis=1)[:, :2].T
    else:
        first, second = served[:, 0], np.full(len(costs), np.inf)
    with_site = np.minimum(costs, first[:, None])
    # What a demand loses, beyond what the new site gains it, when its present site goes.
    without = np.minimum(costs, second[:, None]) - with_site
    serves = (by == np.arange(len(sites))[:, None]).astype(float)
    changes: np.ndarray = (with_site - first[:, None]).sum(axis=0) + serves @ without
    return changes


def _first_least(values: np.ndarray, slack: float) -> int:
    """Return the flat index of the first value that is the least but for rounding errors."""
    flat = values.ravel()
    return int(np.flatnonzero(flat <= flat.min() + slack)[0])
