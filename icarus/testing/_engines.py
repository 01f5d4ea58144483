"""Small simulations on both engines, and whether results are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from icarus.execution.compiled.engine_choice import choose_engine
from icarus.execution.simulation import Simulation, simulate
from icarus.registry import STRATEGY, Registry
from icarus.testing._values import difference
from icarus.util import Tree

__all__ = ["COLLECTORS", "TOPOLOGIES", "compared", "entered", "experiment", "first_difference"]

TOPOLOGIES: tuple[dict[str, Any], ...] = (
    {"name": "PATH", "n": 5},
    {"name": "TREE", "k": 2, "h": 3},
    {"name": "RING", "n": 4},
)
"""A line, a tree, and a ring in which paths tie."""

COLLECTORS: dict[str, dict[str, Any]] = {
    "CACHE_HIT_RATIO": {"off_path_hits": True, "content_hits": True},
    "LATENCY": {"cdf": True},
    "LINK_LOAD": {},
    "PATH_STRETCH": {"cdf": True},
}

_NAME = "COMPONENT_UNDER_TEST"


@contextmanager
def entered(registry: Registry, component: Any) -> Iterator[str]:
    """Have a component in a registry for a while, as simulations name what they use."""
    known = [name for name, one in registry.items() if one is component]
    if known:
        yield known[0]
        return
    registry[_NAME] = component
    try:
        yield _NAME
    finally:
        del registry[_NAME]


def experiment(topology: Mapping[str, Any], strategy: Mapping[str, Any], **workload: Any) -> Tree:
    """Return an experiment with LRU caches of half a catalogue of 20 contents."""
    requests = {"n_contents": 20, "alpha": 0.7, "n_warmup": 50, "n_measured": 250}
    return Tree(
        {
            "topology": dict(topology),
            "workload": {"name": "STATIONARY", **requests, **workload},
            "cache_placement": {"name": "UNIFORM", "network_cache": 0.5},
            "content_placement": {"name": "UNIFORM"},
            "strategy": dict(strategy),
            "cache_policy": {"name": "LRU"},
        }
    )


def compared(params: Tree, collectors: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return where results of the compiled engine are others; None if nowhere.

    None too where the compiled engine does not run it.
    """
    if choose_engine(params, collectors).engine != "compiled":
        return None
    compiled, python = (
        simulate(Simulation(params, collectors, seed=1, replication=0, engine=engine))
        for engine in ("compiled", "python")
    )
    return difference(compiled.results, python.results, place="results")


def first_difference(
    strategy: Any,
    parameters: Mapping[str, Any],
    topology: Mapping[str, Any],
    cache_placement: Mapping[str, Any],
) -> str | None:
    """Return where the compiled form of a strategy gives other results, or None."""
    with entered(STRATEGY, strategy) as name:
        params = experiment(topology, {"name": name, **parameters})
        params["cache_placement"] = dict(cache_placement)
        return compared(params, COLLECTORS)
