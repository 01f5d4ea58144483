"""One simulation from its parameters: everything is built, run and measured here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
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


class Shared(Protocol):
    """A moment up to which several simulations are the same."""

    @property
    def until(self) -> float:
        """When it is, in seconds."""

    @property
    def requests(self) -> float:
        """After how many requests it is, if that is sooner."""

    def read(self) -> Any:
        """Return the state at this moment; None if there is none."""

    def write(self, state: Any) -> None:
        """Put the state aside, unless it is there. Where it cannot be, the log says why."""


def simulate(
    simulation: Simulation,
    heartbeat: Heartbeat | None = None,
    aside: Aside | None = None,
    shared: Sequence[Shared] = (),
) -> SimulationResult:
    """Run one simulation.

    Parameters
    ----------
    simulation : Simulation
    heartbeat : callable, optional
        Told now and then how many requests have been processed.
    aside : Aside, optional
        Where it is put aside now and then. If it was before, it goes on from there.
    shared : sequence of Shared, optional
        Moments up to which others are the same simulation, in order. It goes on from the last of
        them whose state is there, and puts aside what is not there for the others.

    Raises
    ------
    NoKernelError
        If it was to run on the compiled engine and some part has no kernel.
    """
    running = (
        _restored(aside, heartbeat)
        or _following(simulation, shared, heartbeat)
        or RunningSimulation(simulation, heartbeat)
    )
    if aside is not None:
        running.between = partial(_put_aside, aside)
    for state in shared:
        _share(running, state)
    running.advance()
    running.warn_of_nothing()
    results = running.results()
    told = running.engine, running.engine_reason, running.requests, running.taken_up
    return SimulationResult(results, *told)


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


def _following(
    simulation: Simulation, shared: Sequence[Shared], heartbeat: Heartbeat | None
) -> RunningSimulation | None:
    """Return a simulation that has come to a moment which others share, if its state is there."""
    for state in reversed(shared):
        running: RunningSimulation | None = state.read()
        if running is not None and running.follow(simulation):
            running.resume(heartbeat)
            return running
    return None


def _share(running: RunningSimulation, state: Shared) -> None:
    """Advance to a moment that others share, and put the state there aside."""
    if running.time > state.until or running.requests > state.requests:
        return
    running.advance_before(state.until, state.requests)
    state.write(running)


def _put_aside(aside: Aside, running: RunningSimulation) -> None:
    if not aside.is_due:
        return
    try:
        aside.put_aside(running)
    except (StateError, OSError) as error:
        logger.warning("after a crash it would begin anew: %s", error)
