"""Cache placement by a rule: UNIFORM, DEGREE, BETWEENNESS_CENTRALITY, CONSOLIDATED, RANDOM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import fnss
import networkx as nx

from icarus.core.randomness import generator
from icarus.registry import register_cache_placement
from icarus.scenarios.cacheplacement.budget import (
    SiteCount,
    fit_candidates,
    fit_sites,
    place,
    site_count,
    sites_of_spread,
    some_candidates,
)
from icarus.types import Fraction, Node, NonNegative, Seed

__all__ = [
    "betweenness_centrality_cache_placement",
    "degree_centrality_cache_placement",
    "random_cache_placement",
    "uniform_cache_placement",
    "uniform_consolidated_cache_placement",
]


@register_cache_placement("UNIFORM", fit=fit_candidates)
def uniform_cache_placement(
    topology: fnss.Topology, cache_budget: NonNegative, **kwargs: Any
) -> None:
    """Equal caches on all candidates.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``. Routers that get a cache get
        the property ``cache_size``, in contents or bytes.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
        Where it leaves a remainder, the first candidates in the order of the topology get one more
        each, and of a budget smaller than their number the last ones get no cache.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If the budget is negative or the topology has no candidates.
    """
    candidates = some_candidates(topology)
    place(topology, cache_budget, dict.fromkeys(candidates, 1.0))


@register_cache_placement("DEGREE", fit=fit_candidates)
def degree_centrality_cache_placement(
    topology: fnss.Topology, cache_budget: NonNegative, **kwargs: Any
) -> None:
    """Caches in proportion to the degree of candidates.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``. Degrees count all links,
        those to receivers and sources included.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
        Candidates of which the share rounds to 0 get no cache.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If the budget is negative or the topology has no candidates.
    """
    candidates = some_candidates(topology)
    place(topology, cache_budget, {node: topology.degree(node) for node in candidates})


@register_cache_placement("BETWEENNESS_CENTRALITY", fit=fit_candidates)
def betweenness_centrality_cache_placement(
    topology: fnss.Topology, cache_budget: NonNegative, **kwargs: Any
) -> None:
    """Caches in proportion to the betweenness centrality of candidates.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``. Betweenness is that of the
        whole network by hops, ends of paths not counted.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
        Candidates of which the share rounds to 0 get no cache. If all have betweenness 0,
        shares are equal.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If the budget is negative or the topology has no candidates.
    """
    candidates = some_candidates(topology)
    betweenness = _betweenness(topology)
    place(topology, cache_budget, {node: betweenness[node] for node in candidates})


def _fit_consolidated(topology: fnss.Topology, parameters: Mapping[str, Any]) -> None:
    candidates = some_candidates(topology)
    given = parameters.get("metric_dict")
    if given is not None and parameters.get("spread", 0.5) < 1:
        _metric(topology, given, candidates)


@register_cache_placement("CONSOLIDATED", fit=_fit_consolidated)
def uniform_consolidated_cache_placement(
    topology: fnss.Topology,
    cache_budget: NonNegative,
    spread: Fraction = 0.5,
    metric_dict: Mapping[Node, float] | None = None,
    target: Literal["top", "bottom"] = "top",
    **kwargs: Any,
) -> None:
    """Equal caches on the most, or least, central part of the candidates.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
    spread : float, optional
        Part of the candidates that share the budget, from 0 to 1; one at least.
    metric_dict : mapping from node to float, optional
        What candidates are ranked by, betweenness centrality by default. Of equal ones, those
        last in the topology are taken first for "top", and those first in it for "bottom".
    target : {"top", "bottom"}, optional
        Whether those with the highest or the lowest values are taken.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If a parameter is outside its range, `metric_dict` lacks a candidate, or the topology
        has no candidates.
    """
    if not 0 <= spread <= 1:
        raise ValueError(f"spread must be within 0 and 1, found {spread!r}")
    if target not in ("top", "bottom"):
        raise ValueError(f"target is either 'top' or 'bottom', found {target!r}")
    candidates = some_candidates(topology)
    chosen = candidates
    if spread < 1:
        metric = _metric(topology, metric_dict, candidates)
        ranked = sorted(candidates, key=metric.__getitem__)
        if target == "top":
            ranked.reverse()
        taken = set(ranked[: sites_of_spread(spread, ranked)])
        chosen = [node for node in candidates if node in taken]
    # Candidates left out are named too, so that sizes of an earlier placement go.
    place(topology, cache_budget, {node: float(node in set(chosen)) for node in candidates})


@register_cache_placement("RANDOM", fit=fit_sites)
def random_cache_placement(
    topology: fnss.Topology,
    cache_budget: NonNegative,
    n_cache_nodes: SiteCount,
    seed: Seed = None,
    **kwargs: Any,
) -> None:
    """Equal caches on candidates drawn uniformly.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with the graph attribute ``icr_candidates``.
    cache_budget : float
        Size of all caches together, in contents or bytes; met exactly after rounding.
        Of a budget smaller than their number, the last of the candidates drawn get no cache.
    n_cache_nodes : int
        How many candidates are drawn, without replacement; a fraction is cut off.
    seed : int, SeedSequence, Generator or None, optional
        For the draw, which is a single one.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If the budget is negative, the topology has no candidates, or `n_cache_nodes` is not
        within 1 and their number.
    """
    candidates = some_candidates(topology)
    n_sites = site_count(n_cache_nodes, candidates)
    drawn = generator(seed).choice(len(candidates), size=n_sites, replace=False)
    chosen = set(drawn.tolist())
    place(topology, cache_budget, {v: float(i in chosen) for i, v in enumerate(candidates)})


def _metric(
    topology: fnss.Topology, given: Mapping[Any, float] | None, candidates: Sequence[Any]
) -> Mapping[Any, float]:
    if given is None:
        return _betweenness(topology)
    for node in candidates:
        if node not in given:
            raise ValueError(f"metric_dict has no value for the candidate {node!r}")
    return given


def _betweenness(topology: fnss.Topology) -> dict[Any, float]:
    # Rounded, so that nodes in like positions are not told apart by errors of summation.
    return {
        node: round(value, 12)
        for node, value in nx.betweenness_centrality(topology, normalized=True).items()
    }
