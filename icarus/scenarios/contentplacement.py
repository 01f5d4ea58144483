"""Content placement: which source holds which contents.

Every source of the topology gets the property ``contents``, a set, be it empty: an
``OriginatedContents``, which takes next to no memory by content.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from typing import Any

import fnss
import numpy as np

from icarus.core.catalogue import Catalogue
from icarus.core.randomness import generator
from icarus.registry import register_content_placement
from icarus.scenarios.origins import HASHED_FROM, OriginatedContents, Origins
from icarus.types import Content, Node, NonNegative, Seed

__all__ = [
    "apply_content_placement",
    "get_sources",
    "uniform_content_placement",
    "weighted_content_placement",
]


def get_sources(topology: fnss.Topology) -> list[Any]:
    """Return the nodes with a source stack, in the order of the topology."""
    stacks = topology.nodes(data="stack")
    return [node for node, stack in stacks if stack is not None and stack[0] == "source"]


def apply_content_placement(
    placement: Mapping[Any, Iterable[Any]], topology: fnss.Topology
) -> None:
    """Place contents on the sources of a topology.

    Parameters
    ----------
    placement : mapping from node to iterable
        The contents of each source. Sources that it does not name hold nothing.
    topology : fnss.Topology
        The network.

    Raises
    ------
    ValueError
        If a node named is not a source.
    """
    sources = get_sources(topology)
    _require_sources(placement.keys(), sources, "the placement")
    for source in sources:
        contents = placement.get(source, ())
        properties = topology.nodes[source]["stack"][1]
        properties["contents"] = contents if isinstance(contents, Set) else set(contents)


def _fit_uniform(topology: fnss.Topology, parameters: Mapping[str, Any]) -> None:
    _some_sources(topology)


def _fit_weighted(topology: fnss.Topology, parameters: Mapping[str, Any]) -> None:
    _weights(topology, parameters["source_weights"])


@register_content_placement("UNIFORM", fit=_fit_uniform)
def uniform_content_placement(
    topology: fnss.Topology, contents: Iterable[Content], seed: Seed = None
) -> None:
    """Each content on a source drawn uniformly.

    Parameters
    ----------
    topology : fnss.Topology
        The network. Its sources get the property ``contents``, a set.
    contents : iterable
        All contents; one that is repeated counts once.
    seed : int, SeedSequence, Generator or None, optional
        For the draws.

    Raises
    ------
    ValueError
        If the topology has no source.

    Notes
    -----
    From 2**26 contents on, the source of each is found by a hash of its position and of one
    number drawn, as a table would not fit.
    """
    sources = _some_sources(topology)
    rng = generator(seed)
    names = Catalogue.of(contents)
    if len(names) >= HASHED_FROM or len(sources) == 1:
        # Of one source every hash chooses that, and no table is needed.
        _place(names, int(rng.integers(2**62)), sources, topology)
        return
    _place(names, rng.integers(len(sources), size=len(names)), sources, topology)


@register_content_placement("WEIGHTED", fit=_fit_weighted)
def weighted_content_placement(
    topology: fnss.Topology,
    contents: Iterable[Content],
    source_weights: Mapping[Node, NonNegative],
    seed: Seed = None,
) -> None:
    """Each content on a source drawn in proportion to the sources' weights.

    Parameters
    ----------
    topology : fnss.Topology
        The network. Its sources get the property ``contents``, a set.
    contents : iterable
        All contents; one that is repeated counts once.
    source_weights : mapping from node to float
        Weights, 0 or more, of any sum; 0 for sources that it does not name.
    seed : int, SeedSequence, Generator or None, optional
        For the draws. Equal weights given in another order give the same placement.

    Raises
    ------
    ValueError
        If the topology has no source, a node named is not one, a weight is negative or not a
        finite number, or all are 0.
    """
    sources, weights = _weights(topology, source_weights)
    names = Catalogue.of(contents)
    shares = np.array(weights) / math.fsum(weights)
    choice = generator(seed).choice(len(sources), size=len(names), p=shares)
    _place(names, choice, sources, topology)


def _weights(
    topology: fnss.Topology, source_weights: Mapping[Node, float]
) -> tuple[list[Any], list[float]]:
    """Return the sources and the weight of each, one of which at least is above 0."""
    sources = _some_sources(topology)
    _require_sources(source_weights.keys(), sources, "source_weights")
    for source, weight in source_weights.items():
        if not 0 <= weight < math.inf:
            raise ValueError(f"the weight of source {source!r} must be 0 or more, found {weight!r}")
    # Not .get(): settings pass a tree, whose missing branches are trees.
    weights = [float(source_weights[v]) if v in source_weights else 0.0 for v in sources]
    if not math.fsum(weights) > 0:
        raise ValueError("source_weights must have a weight above 0 for at least one source")
    return sources, weights


def _some_sources(topology: fnss.Topology) -> list[Any]:
    sources = get_sources(topology)
    if not sources:
        raise ValueError("contents cannot be placed: no node of the topology is a source")
    return sources


def _require_sources(nodes: Iterable[Any], sources: list[Any], where: str) -> None:
    known = set(sources)
    for node in nodes:
        if node not in known:
            shown = ", ".join(repr(source) for source in sources[:8])
            more = ", ..." if len(sources) > 8 else ""
            raise ValueError(f"{where}: node {node!r} is not a source; sources are {shown}{more}")


def _place(
    names: range | Catalogue, choice: np.ndarray | int, sources: list[Any], topology: fnss.Topology
) -> None:
    """Place contents, `choice` being the positions of their sources, or the salt of a hash."""
    if isinstance(choice, np.ndarray):
        choice = choice.astype(np.min_scalar_type(len(sources)))
    origins = Origins(names, sources, choice)
    placement = {source: OriginatedContents(origins, i) for i, source in enumerate(sources)}
    apply_content_placement(placement, topology)
