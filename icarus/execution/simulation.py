"""One simulation from its parameters: everything is built, run and measured here."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from icarus.execution.engine import Heartbeat, exec_experiment
from icarus.experiment import legacy_seed, root_seed, stream, with_seed
from icarus.randomness import unseeded_from
from icarus.registry import (
    CACHE_PLACEMENT,
    CONTENT_PLACEMENT,
    TOPOLOGY_FACTORY,
    WORKLOAD,
    Registry,
)
from icarus.util import Tree

__all__ = ["Simulation", "SimulationResult", "simulate"]


@dataclass(frozen=True)
class Simulation:
    """One replication of one experiment, as it is sent to a worker."""

    params: Tree
    """The experiment, as the settings give it."""
    collectors: Mapping[str, Mapping[str, Any]]
    """Parameters of the data collectors by name."""
    seed: int
    """``SEED`` of the campaign."""
    replication: int
    """Counted from 0."""


@dataclass(frozen=True)
class SimulationResult:
    """What came out of a simulation."""

    results: Tree
    """Results of each collector under its name."""
    engine: str
    """Which engine ran it."""
    n_requests: int
    """Requests processed, warm-up included."""


def simulate(simulation: Simulation, heartbeat: Heartbeat | None = None) -> SimulationResult:
    """Run one simulation.

    Parameters
    ----------
    simulation : Simulation
    heartbeat : callable, optional
        Told now and then how many requests have been processed.
    """
    params = Tree(copy.deepcopy(simulation.params))
    root = root_seed(simulation.seed, simulation.replication)
    processed = 0

    def count(requests: int) -> None:
        nonlocal processed
        processed = requests
        if heartbeat is not None:
            heartbeat(requests)

    with _legacy_random_state(root):
        topology, workload = _build_scenario(params, root)
        results = exec_experiment(
            topology,
            workload,
            params.get("netconf") or {},
            params["strategy"],
            params["cache_policy"],
            simulation.collectors,
            strategy_seed=stream(root, "strategy"),
            policy_seed=stream(root, "cache_policy"),
            heartbeat=count,
        )
    return SimulationResult(results, "python", processed)


def _build_scenario(params: Tree, root: np.random.SeedSequence) -> tuple[Any, Any]:
    """Return the topology, with caches and contents placed, and the workload."""

    def component(registry: Registry, section: str) -> tuple[Callable[..., Any], dict[str, Any]]:
        given = dict(params[section].items())
        built = registry.resolve(given.pop("name"), section)
        return built, with_seed(built, given, stream(root, section))

    factory, kwargs = component(TOPOLOGY_FACTORY, "topology")
    topology = factory(**kwargs)
    workload_class, kwargs = component(WORKLOAD, "workload")
    workload = workload_class(topology, **kwargs)
    if params.get("cache_placement"):
        place_caches, kwargs = component(CACHE_PLACEMENT, "cache_placement")
        budget = workload.n_contents * kwargs.pop("network_cache")
        place_caches(topology, cache_budget=budget, **kwargs)
    place_contents, kwargs = component(CONTENT_PLACEMENT, "content_placement")
    place_contents(topology, workload.contents, **kwargs)
    return topology, workload


@contextmanager
def _legacy_random_state(root: np.random.SeedSequence) -> Iterator[None]:
    """Make what nobody gave a seed start from the replication's, global generators included.

    Nothing in Icarus draws from those of ``random`` and NumPy, but classes that users wrote for
    Icarus 0.8 do, or build components of ours without a seed; their results are to be
    reproducible too. The caller's state is put back afterwards.
    """
    legacy = stream(root, "legacy")
    seed = legacy_seed(legacy)
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.setstate(random.Random(seed).getstate())
    np.random.set_state(np.random.RandomState(seed).get_state())  # noqa: NPY002
    try:
        with unseeded_from(legacy):
            yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
