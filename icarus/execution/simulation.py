"""One simulation from its parameters: everything is built, run and measured here."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from icarus.core.kinds import conformed
from icarus.core.random_streams import legacy_seed, root_seed, stream
from icarus.core.randomness import unseeded_from
from icarus.errors import NoKernelError
from icarus.execution.building import build_scenario
from icarus.execution.compiled.engine_choice import (
    Demand,
    EngineName,
    choose_engine,
    requests_of,
)
from icarus.execution.engine import Heartbeat, exec_experiment
from icarus.util import Tree

__all__ = ["Simulation", "SimulationResult", "legacy_random_state", "simulate"]


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
    pair_requests: float | None = None
    """How many requests the campaign has for the code of its strategy and policy; by default its
    own are all."""


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
            demand=None if asked_for == "compiled" else demand,
        )

    asked_for = params.get("engine") or simulation.engine
    own, together = requests_of(params["workload"]), simulation.pair_requests
    demand = Demand(own, own if together is None else together)
    engine, reason = choose_engine(params, simulation.collectors, asked_for)
    if asked_for == "compiled" and engine != asked_for:
        raise NoKernelError(f"it was to run on the compiled engine, but {reason}")
    with legacy_random_state(root):
        try:
            results = run(engine)
        except NoKernelError as error:
            if asked_for == "compiled":
                raise
            engine, reason = "python", str(error)
            results = run(engine)
    return SimulationResult(results, engine, reason, processed)


@contextmanager
def legacy_random_state(root: np.random.SeedSequence) -> Iterator[None]:
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
