"""One simulation from its parameters: everything is built, run and measured here."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Protocol

from icarus.errors import StateError
from icarus.execution.engine import Heartbeat
from icarus.execution.parameters import Simulation, SimulationResult
from icarus.execution.running import RunningSimulation

logger = logging.getLogger("simulation")

__all__ = ["Simulation", "SimulationResult", "simulate"]


class Aside(Protocol):
    """Where a simulation is put aside now and then, and was before."""

    @property
    def is_due(self) -> bool:
        """Whether it is to be put aside now."""

    def restored(self) -> Any:
        """Return what was put aside; None if nothing was."""

    def put_aside(self, state: Any) -> None:
        """Put it aside."""


def simulate(
    simulation: Simulation, heartbeat: Heartbeat | None = None, aside: Aside | None = None
) -> SimulationResult:
    """Run one simulation.

    Parameters
    ----------
    simulation : Simulation
    heartbeat : callable, optional
        Told now and then how many requests have been processed.
    aside : Aside, optional
        Where it is put aside now and then. If it was before, it goes on from there.

    Raises
    ------
    NoKernelError
        If it was to run on the compiled engine and some part has no kernel.
    """
    running = _restored(aside, heartbeat) or RunningSimulation(simulation, heartbeat)
    if aside is not None:
        running.between = partial(_put_aside, aside)
    running.advance()
    running.warn_of_nothing()
    results = running.results()
    return SimulationResult(results, running.engine, running.engine_reason, running.requests)


def _restored(aside: Aside | None, heartbeat: Heartbeat | None) -> RunningSimulation | None:
    """Return a simulation that was put aside before, if there is one that can go on."""
    if aside is None:
        return None
    try:
        running: RunningSimulation | None = aside.restored()
    except StateError as error:
        logger.warning("it begins anew: %s", error)
        return None
    if running is not None:
        logger.info(
            "it goes on after %s requests, from where it was put aside", f"{running.requests:,}"
        )
        running.resume(heartbeat)
    return running


def _put_aside(aside: Aside, running: RunningSimulation) -> None:
    if not aside.is_due:
        return
    try:
        aside.put_aside(running)
    except (StateError, OSError) as error:
        logger.warning("after a crash it would begin anew: %s", error)
