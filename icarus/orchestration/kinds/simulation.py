"""The kind of experiments that have no section of another kind: simulations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from icarus.execution.compiled.engine_choice import EngineName
from icarus.execution.simulation import Simulation, simulate
from icarus.orchestration.kinds.task import REQUESTS, TAKEN_UP, JobContext, Product, Task
from icarus.planning.job_kinds import SIMULATION
from icarus.registry import JOB_KIND
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.planning.plan import Plan

__all__ = ["SimulationTask"]


@dataclass(frozen=True)
class SimulationTask(Task):
    """One replication of a simulation."""

    collectors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameters of the data collectors by name."""
    engine: EngineName = "auto"
    """Which engine is to run it, unless the experiment says so itself."""
    pair_requests: float | None = None
    """How many requests the campaign has for the code of its strategy and policy; by default its
    own are all."""

    kind: ClassVar[str] = SIMULATION
    unit: ClassVar[str] = REQUESTS

    @classmethod
    def of(cls, plan: Plan, experiment: int, replication: int) -> Self:
        """Return the task of one replication of an experiment of a plan."""
        return cls(
            *(plan.experiments[experiment], plan.seed, replication, plan.collectors, plan.engine),
            pair_requests=plan.pair_requests[experiment],
        )

    @classmethod
    def restored(
        cls,
        params: Tree,
        seed: int,
        replication: int,
        facts: Mapping[str, Any],
        campaign: Mapping[str, Any],
    ) -> Self:
        """Return the task that was kept; its own requests are all there are."""
        return cls(params, seed, replication, campaign["collectors"], facts.get("engine", "auto"))

    def facts(self) -> dict[str, Any]:
        """Return which engine was asked for; collectors are facts of the campaign."""
        return {"engine": self.engine}

    def perform(self, context: JobContext) -> Product:
        """Run the simulation, which sees to global generators itself."""
        return self.run(context)

    def run(self, context: JobContext) -> Product:
        """Run the simulation."""
        simulation = Simulation(
            *(self.params, self.collectors, self.seed, self.replication, self.engine),
            pair_requests=self.pair_requests,
        )
        done = simulate(simulation, context.report, context.checkpoint, context.shared)
        told: dict[str, Any] = {"engine": done.engine, "engine_reason": done.engine_reason}
        if done.n_taken_up:
            told[TAKEN_UP] = done.n_taken_up
        return Product(done.results, done.n_requests, told)


JOB_KIND.add(SIMULATION, SimulationTask)
