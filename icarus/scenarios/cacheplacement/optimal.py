"""OPTIMAL_MEDIAN and OPTIMAL_HASHROUTING: the candidates from which serving costs least.

Both count the distance of a request to a cache, and of the part of requests that miss on to a
source: contents are not placed yet, so that each source is as likely to hold the one requested.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fnss
import numpy as np

from icarus.core.randomness import generator
from icarus.registry import register_cache_placement
from icarus.scenarios.cacheplacement.budget import (
    SiteCount,
    place_equally,
    require_budget,
    site_count,
    some_candidates,
)
from icarus.scenarios.location import best_sites, distances, without_noise
from icarus.types import Fraction, NonNegative, Seed

__all__ = ["optimal_hashrouting_cache_placement", "optimal_median_cache_placement"]

RESTARTS = 20
"""Random starts of the search for medians."""


def _fit(topology: fnss.Topology, parameters: Mapping[str, Any]) -> None:
    n_sites = site_count(parameters["n_cache_nodes"], some_candidates(topology))
    for role in ("receiver", "source"):
        _with_stack(topology, role)
    if "cache_budget" in parameters:
        require_budget(topology, parameters["cache_budget"], n_sites)


@register_cache_placement("OPTIMAL_MEDIAN", fit=_fit)
def optimal_median_cache_placement(
    topology: fnss.Topology,
    cache_budget: NonNegative,
    n_cache_nodes: SiteCount,
    hit_ratio: Fraction,
    weight: str = "delay",
    seed: Seed = None,
    **kwargs: Any,
) -> None:
    """Equal caches where requests cost least if each receiver uses one cache, for PARTITION.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``. It gets the graph attribute
        ``cache_assignment``, a dict from each receiver to its cache.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
    n_cache_nodes : int
        How many caches there are; a fraction is cut off.
    hit_ratio : float
        The hit ratio expected of a cache, from 0 to 1: the higher, the less the way from the
        cache to sources counts.
    weight : str, optional
        The attribute of links that distances add up; a link without it counts 1.
    seed : int, SeedSequence, Generator or None, optional
        For the random starts of the search, where there are too many choices to try them all.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If a parameter is outside its range, the budget is smaller than the number of caches,
        there are no candidates, receivers or sources, or some of these are not connected.

    Notes
    -----
    Minimised is the sum over receivers r of the least d(r, v) + (1 - `hit_ratio`) * m(v) over
    caches v, with d the distance and m(v) the mean distance from v to sources: a p-median
    problem, solved by `icarus.scenarios.location.best_sites`. Only candidates are chosen, and a
    router counts as often as it has receivers. Each receiver is assigned the cache of its least
    cost; of equal ones the nearest, then that of the fewest hops, then the first in the topology.
    With a cache on every candidate that is the router the receiver is attached to.

    References
    ----------
    S. L. Hakimi, Optimum locations of switching centers and the absolute centers and medians
    of a graph, Operations Research 12(3), 1964, doi 10.1287/opre.12.3.450.
    """
    candidates = some_candidates(topology)
    n_sites = site_count(n_cache_nodes, candidates)
    receivers, to_cache, to_source = _costs(topology, candidates, hit_ratio, weight)
    costs = to_cache + to_source
    hops = distances(topology, receivers, candidates, None)
    sites, _ = best_sites(costs, n_sites, RESTARTS, lambda: generator(seed))
    place_equally(topology, cache_budget, candidates, [candidates[j] for j in sites])
    keys = [without_noise(costs), without_noise(to_cache), hops]
    topology.graph["cache_assignment"] = {
        receiver: candidates[min(sites.tolist(), key=lambda j: [key[i, j] for key in keys])]
        for i, receiver in enumerate(receivers)
    }


@register_cache_placement("OPTIMAL_HASHROUTING", fit=_fit)
def optimal_hashrouting_cache_placement(
    topology: fnss.Topology,
    cache_budget: NonNegative,
    n_cache_nodes: SiteCount,
    hit_ratio: Fraction,
    weight: str = "delay",
    **kwargs: Any,
) -> None:
    """Equal caches where requests cost least if hash-routing spreads contents over all caches.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
    n_cache_nodes : int
        How many caches there are; a fraction is cut off.
    hit_ratio : float
        The hit ratio expected of the caches, from 0 to 1: the higher, the less the way from
        caches to sources counts.
    weight : str, optional
        The attribute of links that distances add up; a link without it counts 1.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If a parameter is outside its range, the budget is smaller than the number of caches,
        there are no candidates, receivers or sources, or some of these are not connected.

    Notes
    -----
    The candidates v chosen are those with the least mean d(r, v) over receivers r, plus
    (1 - `hit_ratio`) times the mean d(v, s) over sources s; of equal ones those first in the
    topology. With symmetric hash-routing each cache serves an equal share of the contents of all
    receivers, so that no other choice has a lower mean distance.

    References
    ----------
    L. Saino, I. Psaras and G. Pavlou, Hash-routing schemes for information centric networking,
    ACM SIGCOMM ICN 2013, doi 10.1145/2491224.2491232.
    """
    candidates = some_candidates(topology)
    n_sites = site_count(n_cache_nodes, candidates)
    _, to_cache, to_source = _costs(topology, candidates, hit_ratio, weight)
    scores = without_noise(to_cache.mean(axis=0) + to_source)
    sites = np.argsort(scores, kind="stable")[:n_sites]
    place_equally(topology, cache_budget, candidates, [candidates[j] for j in sites])


def _costs(
    topology: fnss.Topology, candidates: list[Any], hit_ratio: float, weight: str
) -> tuple[list[Any], np.ndarray, np.ndarray]:
    """Return the receivers, their distances to candidates, and what misses cost from there.

    Distances are those from receivers themselves. For one with a single link, such as all but
    those of users' own maps have, that adds the same to all candidates and changes no choice.
    """
    if not 0 <= hit_ratio <= 1:
        raise ValueError(f"hit_ratio must be within 0 and 1, found {hit_ratio!r}")
    receivers = _with_stack(topology, "receiver")
    sources = _with_stack(topology, "source")
    to_cache = distances(topology, receivers, candidates, weight, missing=1)
    to_sources = distances(topology, sources, candidates, weight, missing=1)
    return receivers, to_cache, (1 - hit_ratio) * to_sources.mean(axis=0)


def _with_stack(topology: fnss.Topology, name: str) -> list[Any]:
    found = [node for node, stack in topology.stacks().items() if stack[0] == name]
    if not found:
        raise ValueError(f"caches cannot be placed: no node of the topology is a {name}")
    return found
