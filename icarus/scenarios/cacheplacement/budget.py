"""What cache placements share: the candidates, and dividing the budget exactly."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import fnss
from annotated_types import Ge

from icarus.util import apportionment, iround

__all__ = [
    "SiteCount",
    "divided",
    "fit_candidates",
    "fit_sites",
    "place",
    "place_equally",
    "require_budget",
    "site_count",
    "some_candidates",
    "warn_of_missing",
    "whole_budget",
    "write_sizes",
]

logger = logging.getLogger("cacheplacement")

SiteCount: TypeAlias = Annotated[float, Ge(1)]
"""A number of caches; settings may compute it, and a fraction is cut off."""


def some_candidates(topology: fnss.Topology) -> list[Any]:
    """Return the candidates for caches in the order of the topology."""
    named = topology.graph.get("icr_candidates")
    if not named:
        raise ValueError(
            "caches cannot be placed: the topology has no candidates; its factory must set "
            "topology.graph['icr_candidates'] to the set of nodes where caches may go"
        )
    known = set(named)
    candidates = [node for node in topology if node in known]
    for node in candidates:
        known.discard(node)
        if "stack" not in topology.nodes[node]:
            raise ValueError(f"icr_candidates: node {node!r} has no stack to place a cache in")
    if known:
        raise ValueError(f"icr_candidates: there is no node {next(iter(known))!r} in the topology")
    return candidates


def fit_candidates(topology: fnss.Topology, parameters: Mapping[str, Any]) -> None:
    """Check that there are candidates."""
    some_candidates(topology)


def fit_sites(topology: fnss.Topology, parameters: Mapping[str, Any]) -> None:
    """Check that there are as many candidates as caches are to be placed."""
    site_count(parameters["n_cache_nodes"], some_candidates(topology))


def site_count(n_cache_nodes: float, candidates: Sequence[Any]) -> int:
    """Return how many caches to place, a number from 1 to that of the candidates."""
    if not 1 <= n_cache_nodes < len(candidates) + 1:
        raise ValueError(
            f"n_cache_nodes must be from 1 to {len(candidates)}, the number of candidates for "
            f"caches, found {n_cache_nodes!r}"
        )
    return int(n_cache_nodes)


def whole_budget(budget: float) -> int:
    """Return the budget rounded to a whole number."""
    if not 0 <= budget < math.inf:
        raise ValueError(f"the cache budget must be a number, 0 or more, found {budget!r}")
    return iround(budget)


def divided(budget: int, weights: Mapping[Any, float]) -> dict[Any, int]:
    """Divide a whole budget by weights, equally if these are all 0."""
    total = math.fsum(weights.values())
    shares = [weight / total if total > 0 else 1 / len(weights) for weight in weights.values()]
    return dict(zip(weights, apportionment(budget, shares), strict=True))


def place(topology: fnss.Topology, budget: float, weights: Mapping[Any, float]) -> None:
    """Divide the budget by the weights of all candidates, and place the caches."""
    sizes = divided(whole_budget(budget), weights)
    write_sizes(topology, sizes)
    warn_of_missing(budget, {node: size for node, size in sizes.items() if weights[node] > 0})


def warn_of_missing(budget: float, sizes: Mapping[Any, int]) -> None:
    """Say so if the budget is too small for all that were to get a part of it."""
    without = sum(size == 0 for size in sizes.values())
    if without:
        logger.warning(
            "%s %d candidates get no cache: the cache budget, %g contents, is too small",
            "all" if without == len(sizes) else f"{without} of",
            len(sizes),
            budget,
        )


def place_equally(
    topology: fnss.Topology, budget: float, candidates: Sequence[Any], chosen: Iterable[Any]
) -> None:
    """Divide the budget equally over the candidates chosen, each of which gets a cache."""
    sites = set(chosen)
    require_budget(budget, len(sites))
    place(topology, budget, {node: float(node in sites) for node in candidates})


def require_budget(budget: float, n_sites: int) -> None:
    """Refuse a budget that leaves a cache without a place for one content."""
    if whole_budget(budget) < n_sites:
        raise ValueError(f"a cache budget of {budget!r} contents is too small for {n_sites} caches")


def write_sizes(topology: fnss.Topology, sizes: Mapping[Any, int]) -> None:
    """Set the size of the cache of each candidate; those of size 0 get no cache."""
    for node, size in sizes.items():
        properties = topology.nodes[node]["stack"][1]
        properties.pop("cache_size", None)
        if size > 0:
            properties["cache_size"] = size
