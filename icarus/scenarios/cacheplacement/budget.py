"""What cache placements share: the candidates, and dividing the budget exactly."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, TypeAlias

import fnss
from annotated_types import Ge

from icarus.core.byte_sizes import MOST_BYTES
from icarus.core.capacities import CapacityUnit
from icarus.core.signatures import parameters
from icarus.util import apportionment, iround

__all__ = [
    "SiteCount",
    "count_in",
    "divided",
    "fit_candidates",
    "fit_sites",
    "number_of_caches",
    "place",
    "place_equally",
    "require_budget",
    "site_count",
    "sites_of_spread",
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


def number_of_caches(
    topology: fnss.Topology, placement: Callable[..., Any], given: Mapping[str, Any]
) -> int:
    """Return how many caches a placement places: `n_cache_nodes`, or by `spread`, or on all.

    Parameters
    ----------
    topology : fnss.Topology
        The network.
    placement : callable
    given : mapping
        Its parameters.
    """
    known = {name: one.default for name, one in parameters(placement).items()}
    given = {**known, **given}
    candidates = some_candidates(topology)
    if "n_cache_nodes" in given:
        return site_count(given["n_cache_nodes"], candidates)
    return sites_of_spread(given["spread"], candidates) if "spread" in given else len(candidates)


def sites_of_spread(spread: float, candidates: Sequence[Any]) -> int:
    """Return how many candidates are a part of all."""
    return max(1, iround(spread * len(candidates)))


def count_in(topology: fnss.Topology, unit: CapacityUnit) -> None:
    """Have a topology say what sizes of its caches count; contents is what it need not say.

    Raises
    ------
    ValueError
        If nodes that are no candidates have caches whose sizes count something else.
    """
    if topology.graph.get("capacity_unit", "contents") != unit:
        candidates = topology.graph.get("icr_candidates") or ()
        for node, stack in topology.nodes(data="stack"):
            if node not in candidates and stack is not None and "cache_size" in stack[1]:
                raise ValueError(
                    f"the cache of node {node!r}, which is no candidate, has a size in "
                    f"{'contents' if unit == 'bytes' else 'bytes'}, but caches are placed whose "
                    f"sizes are in {unit}"
                )
    topology.graph.pop("capacity_unit", None)
    if unit == "bytes":
        topology.graph["capacity_unit"] = unit


def whole_budget(budget: float) -> int:
    """Return the budget rounded to a whole number."""
    if not 0 <= budget < math.inf:
        raise ValueError(f"the cache budget must be a number, 0 or more, found {budget!r}")
    if budget > MOST_BYTES:
        raise ValueError(f"the cache budget must be at most 2**62, found {budget!r}")
    return budget if isinstance(budget, int) else iround(budget)


def divided(budget: int, weights: Mapping[Any, float], topology: fnss.Topology) -> dict[Any, int]:
    """Divide a whole budget by weights, equally if these are all 0."""
    if _unit(topology) == "bytes":
        return dict(zip(weights, _exactly(budget, list(weights.values())), strict=True))
    total = math.fsum(weights.values())
    shares = [weight / total if total > 0 else 1 / len(weights) for weight in weights.values()]
    return dict(zip(weights, apportionment(budget, shares), strict=True))


def _exactly(budget: int, weights: Sequence[float]) -> list[int]:
    """Divide bytes by largest remainder, ties to the first.

    Of so many units doubles do not tell the remainders, as they do of contents.
    """
    exact = [Fraction(weight) for weight in weights]
    total = sum(exact)
    if not total:
        exact, total = [Fraction(1)] * len(exact), Fraction(len(exact))
    quotas = [budget * weight / total for weight in exact]
    sizes = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(sizes)), key=lambda i: sizes[i] - quotas[i])
    for i in by_remainder[: budget - sum(sizes)]:
        sizes[i] += 1
    return sizes


def _unit(topology: fnss.Topology) -> str:
    return str(topology.graph.get("capacity_unit", "contents"))


def place(topology: fnss.Topology, budget: float, weights: Mapping[Any, float]) -> None:
    """Divide the budget by the weights of all candidates, and place the caches."""
    sizes = divided(whole_budget(budget), weights, topology)
    write_sizes(topology, sizes)
    wanted = {node: size for node, size in sizes.items() if weights[node] > 0}
    warn_of_missing(topology, budget, wanted)


def warn_of_missing(topology: fnss.Topology, budget: float, sizes: Mapping[Any, int]) -> None:
    """Say so if the budget is too small for all that were to get a part of it."""
    without = sum(size == 0 for size in sizes.values())
    if without:
        logger.warning(
            "%s %d candidates get no cache: the cache budget, %g %s, is too small",
            "all" if without == len(sizes) else f"{without} of",
            len(sizes),
            *(budget, _unit(topology)),
        )


def place_equally(
    topology: fnss.Topology, budget: float, candidates: Sequence[Any], chosen: Iterable[Any]
) -> None:
    """Divide the budget equally over the candidates chosen, each of which gets a cache."""
    sites = set(chosen)
    require_budget(topology, budget, len(sites))
    place(topology, budget, {node: float(node in sites) for node in candidates})


def require_budget(topology: fnss.Topology, budget: float, n_sites: int) -> None:
    """Refuse a budget that leaves a cache without a place for one content, or for a byte."""
    if whole_budget(budget) < n_sites:
        raise ValueError(
            f"a cache budget of {budget!r} {_unit(topology)} is too small for {n_sites} caches"
        )


def write_sizes(topology: fnss.Topology, sizes: Mapping[Any, int]) -> None:
    """Set the size of the cache of each candidate; those of size 0 get no cache."""
    for node, size in sizes.items():
        properties = topology.nodes[node]["stack"][1]
        properties.pop("cache_size", None)
        if size > 0:
            properties["cache_size"] = size
