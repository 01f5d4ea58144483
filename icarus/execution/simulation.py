"""One simulation from its parameters: everything is built, run and measured here."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from icarus.core.kinds import conformed
from icarus.errors import NoKernelError
from icarus.execution.compiled.choice import EngineName, choose_engine
from icarus.execution.engine import Heartbeat, exec_experiment
from icarus.execution.reuse import Copies, key_of
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

__all__ = ["Simulation", "SimulationResult", "build_scenario", "simulate"]


_topologies = Copies()


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
    engine: EngineName = "auto"
    """Which engine is to run it, unless the experiment says so itself."""


@dataclass(frozen=True)
class SimulationResult:
    """What came out of a simulation."""

    results: Tree
    """Results of each collector under its name."""
    engine: str
    """Which engine ran it."""
    engine_reason: str
    """Why it was that one."""
    n_requests: int
    """Requests processed, warm-up included."""


def simulate(simulation: Simulation, heartbeat: Heartbeat | None = None) -> SimulationResult:
    """Run one simulation.

    Parameters
    ----------
    simulation : Simulation
    heartbeat : callable, optional
        Told now and then how many requests have been processed.

    Raises
    ------
    NoKernelError
        If it was to run on the compiled engine and some part has no kernel.
    """
    params = conformed(copy.deepcopy(simulation.params))
    root = root_seed(simulation.seed, simulation.replication)
    processed = 0

    def count(requests: int) -> None:
        nonlocal processed
        processed = requests
        if heartbeat is not None:
            heartbeat(requests)

    def run(engine: Literal["python", "compiled"]) -> Tree:
        topology, workload = build_scenario(params, root)
        # Nothing is processed yet, but set-up may have taken long, and what follows may too.
        count(0)
        return exec_experiment(
            topology,
            workload,
            params.get("netconf") or {},
            params["strategy"],
            params["cache_policy"],
            simulation.collectors,
            strategy_seed=stream(root, "strategy"),
            policy_seed=stream(root, "cache_policy"),
            heartbeat=count,
            engine=engine,
        )

    asked_for = params.get("engine") or simulation.engine
    engine, reason = choose_engine(params, simulation.collectors, asked_for)
    if asked_for == "compiled" and engine != asked_for:
        raise NoKernelError(f"it was to run on the compiled engine, but {reason}")
    with _legacy_random_state(root):
        try:
            results = run(engine)
        except NoKernelError as error:
            if asked_for == "compiled":
                raise
            engine, reason = "python", str(error)
            results = run(engine)
    return SimulationResult(results, engine, reason, processed)


def build_scenario(params: Tree, root: np.random.SeedSequence) -> tuple[Any, Any]:
    """Return the topology, with caches and contents placed, and the workload.

    Parameters
    ----------
    params : Tree
        The experiment.
    root : SeedSequence
        The seed of the replication.
    """

    def component(registry: Registry, section: str) -> tuple[Callable[..., Any], dict[str, Any]]:
        given = dict(params[section].items())
        built = registry.resolve(given.pop("name"), section)
        return built, with_seed(built, given, stream(root, section))

    factory, kwargs = component(TOPOLOGY_FACTORY, "topology")
    key = key_of(factory, kwargs)
    topology = _topologies.get(key, lambda: factory(**kwargs))
    workload_class, workload_kwargs = component(WORKLOAD, "workload")
    workload = workload_class(topology, **workload_kwargs)
    if params.get("cache_placement"):
        place_caches, placement_kwargs = component(CACHE_PLACEMENT, "cache_placement")
        budget = workload.n_contents * placement_kwargs.pop("network_cache")
        topology = _with_caches(topology, key, place_caches, budget, placement_kwargs)
    place_contents, kwargs = component(CONTENT_PLACEMENT, "content_placement")
    place_contents(topology, workload.contents, **kwargs)
    return topology, workload


def _with_caches(
    topology: Any,
    key: str | None,
    place_caches: Callable[..., Any],
    budget: float,
    kwargs: dict[str, Any],
) -> Any:
    """Return the topology with caches placed, or a copy of one on which they were before."""

    def place() -> Any:
        place_caches(topology, cache_budget=budget, **kwargs)
        return topology

    placement = key_of(place_caches, {**kwargs, "cache_budget": budget})
    known = None if key is None or placement is None else (key, placement)
    return _topologies.get(known, place)


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
