"""One simulation from its parameters: everything is built, run and measured here."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from icarus.compiler import beside
from icarus.core.kinds import KINDS, conformed, is_built_in
from icarus.core.random_streams import legacy_seed, root_seed, stream
from icarus.core.randomness import unseeded_from
from icarus.errors import NoKernelError
from icarus.execution.building import build_scenario
from icarus.execution.compiled.engine_choice import (
    Choice,
    Demand,
    EngineName,
    choose_engine,
    pair_of,
    requests_of,
)
from icarus.execution.engine import Heartbeat, exec_experiment
from icarus.scenarios.workload.event_batches import Begun, EventBatches, SameEvents
from icarus.scenarios.workload.receivers import receivers_of
from icarus.scenarios.workload.requests import is_native
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
    attempts = _Attempts(simulation, heartbeat)
    engine, reason = attempts.choose()
    if engine == "python":
        results = attempts.python()
    else:
        results, lacking = attempts.compiled()
        if lacking is not None:
            engine, reason = "python", lacking
    if engine == "compiled" and attempts.interpreted:
        reason += (
            f"; {attempts.interpreted:,} of {attempts.processed:,} requests were interpreted before"
        )
    return SimulationResult(results, engine, reason, attempts.processed)


class _Attempts:
    """One simulation, which may be tried on the compiled engine before it runs on the other.

    Parameters
    ----------
    simulation : Simulation
    heartbeat : callable or None

    Attributes
    ----------
    processed : int
        Requests that the last attempt has served.
    interpreted : int
        Those among them that were served before there was code.
    """

    def __init__(self, simulation: Simulation, heartbeat: Heartbeat | None) -> None:
        self.processed = self.interpreted = 0
        self._simulation = simulation
        self._heartbeat = heartbeat
        self._own = _all_built_in(simulation)
        given = simulation.params
        self._params = conformed(given if self._own else copy.deepcopy(given))
        self._root = root_seed(simulation.seed, simulation.replication)
        self._asked_for = self._params.get("engine") or simulation.engine

    def choose(self) -> Choice:
        """Return which engine to try first, and why; NoKernelError if it cannot be the one."""
        choice = choose_engine(self._params, self._simulation.collectors, self._asked_for)
        if self._asked_for == "compiled" and choice.engine != self._asked_for:
            raise NoKernelError(f"it was to run on the compiled engine, but {choice.reason}")
        return choice

    def _random_state(self) -> AbstractContextManager[None]:
        # Components of ours draw from nothing global, whose state takes 0.4 ms to set and to put
        # back: a tenth of a simulation of 1,000 requests.
        if self._own:
            return unseeded_from(stream(self._root, "legacy"))
        return legacy_random_state(self._root)

    def python(self, begun: Begun | None = None) -> Tree:
        """Return the results of the python engine, on events that were `begun` before or not."""
        with self._random_state():
            topology, workload = self._build()
            if begun is not None:
                workload = SameEvents(workload, begun)
            return self._run("python", topology, workload)

    def compiled(self) -> tuple[Tree, str | None]:
        """Return the results, and why they are those of the python engine after all, or None."""
        with self._random_state():
            topology, workload = self._build()
            try:
                if not is_native(workload):
                    workload = EventBatches(workload, receivers_of(topology))
                return self._run("compiled", topology, workload), None
            except NoKernelError as error:
                if self._asked_for == "compiled":
                    raise
                lacking = str(error)
            begun = workload.begun if isinstance(workload, EventBatches) else None
            if isinstance(workload, EventBatches) and begun is None:
                # The first events have been read, and nothing may give them a second time.
                return self._run("python", topology, workload), lacking
        return self.python(begun), lacking

    def _build(self) -> tuple[Any, Any]:
        scenario = build_scenario(self._params, self._root, shared=self._own)
        # Nothing is processed yet, but set-up may have taken long, and what follows may too.
        self._count(0)
        return scenario

    def _run(self, engine: Literal["python", "compiled"], topology: Any, workload: Any) -> Tree:
        own, together = requests_of(self._params["workload"]), self._simulation.pair_requests
        demand = Demand(own, own if together is None else together, pair_of(self._params))
        return exec_experiment(
            topology,
            workload,
            self._params.get("netconf") or {},
            self._params["strategy"],
            self._params["cache_policy"],
            self._simulation.collectors,
            strategy_seed=stream(self._root, "strategy"),
            policy_seed=stream(self._root, "cache_policy"),
            heartbeat=self._count,
            engine=engine,
            demand=None if self._asked_for == "compiled" else demand,
            tell_interpreted=self._note_interpreted,
        )

    def _note_interpreted(self, requests: int) -> None:
        self.interpreted = requests

    def _count(self, requests: int) -> None:
        self.processed = requests
        beside.tend()
        if self._heartbeat is not None:
            self._heartbeat(requests)


def _all_built_in(simulation: Simulation) -> bool:
    """Return whether all components of a simulation are part of Icarus."""
    named = [(KINDS["collector"], name) for name in simulation.collectors]
    for section, given in simulation.params.items():
        if section in KINDS and given:
            named.append((KINDS[section], given["name"]))
    return all(is_built_in(kind.registry.resolve(name)) for kind, name in named)


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
