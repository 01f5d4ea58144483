"""One simulation from its parameters: everything is built, run and measured here."""

from __future__ import annotations

from icarus.execution.engine import Heartbeat
from icarus.execution.parameters import Simulation, SimulationResult
from icarus.execution.running import RunningSimulation

__all__ = ["Simulation", "SimulationResult", "simulate"]


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
    running = RunningSimulation(simulation, heartbeat).advance()
    running.warn_of_nothing()
    results = running.results()
    return SimulationResult(results, running.engine, running.engine_reason, running.requests)
