"""The experiments that are measured, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from icarus.compiler.jit import impatiently
from icarus.execution.simulation import Simulation, SimulationResult, simulate
from icarus.util import Tree
from scripts.benchmark.measuring import MeasurementError, Row, timed

__all__ = [
    "COLLECTORS",
    "MAPS",
    "beside_python",
    "network_experiment",
    "run",
    "same_results",
    "warm_up",
]

N_CONTENTS = 300_000
ALPHA = 0.8
NETWORK_CACHE = 0.004

COLLECTORS = ("CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH")

MAPS = {
    "GEANT": {"name": "GEANT"},
    "TATA": {"name": "TOPOHUB", "map": "topozoo/TataNld"},
}
"""GEANT, and a map of the size of those of RocketFuel that topohub brings: 143 routers."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "HASHROUTING": {"routing": "MULTICAST"},
    "HR_CLUSTER": {"intra_routing": "SYMM"},
    "HR_EDGE_CACHE": {"routing": "SYMM", "edge_cache_ratio": 0.5},
    "HR_ON_PATH": {"routing": "SYMM", "on_path_cache_ratio": 0.5},
    "NRR": {"metacaching": "LCE"},
}
"""Parameters of strategies that need some."""

PLACEMENTS: dict[str, dict[str, Any]] = {
    "HR_CLUSTER": {"name": "CLUSTERED_HASHROUTING", "n_clusters": 4, "policy": "node_const"},
    "PARTITION": {"name": "OPTIMAL_MEDIAN", "n_cache_nodes": 8, "hit_ratio": 0.2},
}
"""Cache placements of strategies that need one of their own."""

NOT_ON_GEANT = {"HR_CLUSTER", "HR_EDGE_CACHE"}
"""Strategies that want every receiver to be attached to a cache, which on GEANT some are not."""


def network_experiment(
    topology: dict[str, Any],
    strategy: str = "LCE",
    *,
    requests: int,
    n_contents: int = N_CONTENTS,
    alpha: float = ALPHA,
    network_cache: float = NETWORK_CACHE,
) -> Tree:
    """Return an experiment: LRU, a third of the requests warm-up, the rest measured."""
    return Tree(
        topology=topology,
        workload={
            "name": "STATIONARY",
            "n_contents": n_contents,
            "alpha": alpha,
            "n_warmup": requests // 3,
            "n_measured": requests - requests // 3,
        },
        cache_placement={
            **PLACEMENTS.get(strategy, {"name": "UNIFORM"}),
            "network_cache": network_cache,
        },
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy, **PARAMETERS.get(strategy, {})},
        cache_policy={"name": "LRU"},
    )


def run(
    experiment: Tree,
    engine: Any = "compiled",
    heartbeat: Callable[[int], None] | None = None,
    collectors: tuple[str, ...] = COLLECTORS,
) -> SimulationResult:
    """Run one simulation, always with the same seed."""
    parameters: dict[str, dict[str, Any]] = {name: {} for name in collectors}
    return simulate(Simulation(experiment, parameters, 1, 0, engine), heartbeat)


def warm_up(experiment: Tree) -> None:
    """Have all code of an experiment compiled or loaded, which is measured elsewhere."""
    short = Tree(experiment)
    short["workload"] = {**dict(short["workload"].items()), "n_warmup": 10, "n_measured": 10}
    with impatiently():
        run(short)


def beside_python(experiment: Tree, requests: int, collectors: tuple[str, ...] = COLLECTORS) -> Row:
    """Run an experiment on both engines; return the rate of the python engine.

    Parameters
    ----------
    experiment : Tree
    requests : int
        How many requests it has.
    collectors : tuple of str, optional
        What measures.

    Raises
    ------
    MeasurementError
        If the engines give different results.
    """
    spent, reference = timed(lambda: run(experiment, "python", collectors=collectors))
    if not same_results(run(experiment, collectors=collectors), reference):
        raise MeasurementError(f"the engines differ: {experiment}")
    return {"python_per_second": requests / spent.cpu, "engines_agree": True}


def same_results(one: SimulationResult, other: SimulationResult) -> bool:
    """Return whether two simulations gave the same results, to the last bit."""
    return one.n_requests == other.n_requests and _plain(one.results) == _plain(other.results)


def _plain(results: Any) -> Any:
    """Return results as dicts whose order does not matter, with numbers that are NaN equal."""
    if isinstance(results, Mapping):
        return {key: _plain(value) for key, value in results.items()}
    return repr(results)
