"""Where Che's approximation holds for an experiment, and what hit ratio it gives there.

It is for one LRU cache under independent requests. In a network that is so where each request is
looked up in one cache only, which nothing stands before: at the edge with EDGE, and with LCE where
there is but one cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from icarus.results._networks import network_of
from icarus.theory.che import che_cache_hit_ratio
from icarus.theory.distributions import TruncatedZipfDist
from icarus.util import Tree

__all__ = ["NotModelledError", "modelled_hit_ratio", "reason_against"]


class NotModelledError(Exception):
    """The theory does not hold for an experiment; the text says why."""


def reason_against(params: Mapping[str, Any]) -> str | None:
    """Return why the theory does not hold for an experiment, as far as its settings say."""

    def name(section: str) -> Any:
        return (params.get(section) or {}).get("name")

    workload = params.get("workload") or {}
    if name("strategy") not in ("EDGE", "LCE"):
        return f"not for {name('strategy')}"
    if name("cache_policy") != "LRU":
        return f"not for {name('cache_policy')}"
    if name("workload") != "STATIONARY":
        return f"requests of {name('workload')} are not independent"
    if workload.get("beta"):
        return "receivers differ in their rates"
    if params.get("timeline"):
        return "the network changes"
    return None


def modelled_hit_ratio(params: Tree, facts: Mapping[str, Any]) -> float:
    """Return the hit ratio that Che's approximation gives for an experiment.

    Parameters
    ----------
    params : Tree
    facts : mapping
        The metadata of a simulation of it, which random topologies and placements follow from.

    Raises
    ------
    NotModelledError
        If the theory does not hold for it.
    """
    if (reason := reason_against(params)) is not None:
        raise NotModelledError(reason)
    topology = network_of(params, facts)
    if topology.graph.get("capacity_unit") == "bytes":
        raise NotModelledError("caches are filled by bytes")
    workload = params["workload"]
    pdf = TruncatedZipfDist(workload["alpha"], workload["n_contents"]).pdf
    by_size: dict[int, float] = {}
    sizes = _sizes_met(topology, params["strategy"]["name"])
    for size in sizes:
        if size not in by_size:
            by_size[size] = _of_one(pdf, size)
    return float(np.mean([by_size[size] for size in sizes]))


def _sizes_met(topology: Any, strategy: str) -> list[int]:
    """Return, for each receiver, the size of the one cache that its requests meet."""
    stacks = dict(topology.nodes(data="stack"))
    sizes = {
        node: int(stack[1].get("cache_size", 0))
        for node, stack in stacks.items()
        if stack is not None and stack[0] == "router" and "cache_size" in stack[1]
    }
    receivers = [node for node, stack in stacks.items() if stack and stack[0] == "receiver"]
    edges = []
    for receiver in receivers:
        neighbours = list(topology.neighbors(receiver))
        if len(neighbours) != 1 or neighbours[0] not in sizes:
            raise NotModelledError("not every receiver has a cache beside it")
        edges.append(neighbours[0])
    if strategy == "LCE" and (len(sizes) != 1 or len(set(edges)) != 1):
        raise NotModelledError("LCE has caches behind caches, whose requests are not independent")
    return [sizes[node] for node in edges]


def _of_one(pdf: np.ndarray, size: int) -> float:
    if size <= 0:
        return 0.0
    # The approximation needs a content more than fits; then next to nothing is missed.
    return 1.0 if size >= len(pdf) - 1 else float(che_cache_hit_ratio(pdf, size))
