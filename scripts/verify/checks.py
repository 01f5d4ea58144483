"""What a check is: simulations to run, rows of comparisons made of their results, a figure.

A check runs nothing itself. Simulations are described by settings and run elsewhere, so that
independent ones share the processors and every engine is verified through the same door.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from matplotlib.figure import Figure

from icarus.execution.simulation import Simulation, SimulationResult
from icarus.util import Tree

__all__ = ["SEED", "Check", "Effort", "Results", "Row", "noise_of_ratio", "simulation"]

SEED = 20260
"""Of all simulations. Any other must do as well; tolerances allow for the noise of one run."""


class Effort(Enum):
    """How much is simulated."""

    QUICK = "quick"
    """Seconds: shows that the command works, within wide noise."""
    USUAL = "usual"
    """Minutes: every comparison that is required."""
    FULL = "full"
    """With the longest runs that were published too: half an hour and more."""


@dataclass(frozen=True)
class Row:
    """One comparison."""

    check: str
    """Name of the check."""
    what: str
    """What is compared with what."""
    expected: float
    measured: float
    tolerance: float
    """How far apart they may be, in the unit of both."""
    reason: str
    """Where the tolerance comes from."""

    @property
    def ok(self) -> bool:
        """Whether the two agree; a number that is missing (NaN) agrees with nothing."""
        return abs(self.measured - self.expected) <= self.tolerance


Results = Mapping[str, SimulationResult]
"""From the names of a check's simulations to what came out of them."""


@dataclass(frozen=True)
class Check:
    """One subject of verification.

    Parameters
    ----------
    name : str
        In lower case with underscores; names the figure's file too.
    title : str
        For people.
    simulations : callable
        From effort to the simulations needed, by name.
    rows : callable
        From results and effort to the comparisons.
    draw : callable
        Draws results on an empty figure; takes results, effort and the figure.
    left_out : callable, optional
        From effort to lines that say what cannot be checked here, and why.
    """

    name: str
    title: str
    simulations: Callable[[Effort], dict[str, Simulation]]
    rows: Callable[[Results, Effort], list[Row]]
    draw: Callable[[Results, Effort, Figure], None]
    left_out: Callable[[Effort], list[str]] = lambda effort: []


def simulation(
    *,
    topology: Mapping[str, Any],
    workload: Mapping[str, Any],
    network_cache: float,
    strategy: Mapping[str, Any],
    policy: str,
    collectors: Mapping[str, Mapping[str, Any]],
) -> Simulation:
    """Return a simulation of stationary requests, with caches and contents placed uniformly.

    Parameters
    ----------
    topology, strategy : mapping
        Registry name as ``name``, and parameters.
    workload : mapping
        Parameters of STATIONARY.
    network_cache : float
        Size of all caches together over that of the catalogue.
    policy : str
        Registry name of the cache policy.
    collectors : mapping
        From registry name of a data collector to its parameters.
    """
    params = Tree(
        topology=dict(topology),
        workload={"name": "STATIONARY", **workload},
        content_placement={"name": "UNIFORM"},
        cache_placement={"name": "UNIFORM", "network_cache": network_cache},
        strategy=dict(strategy),
        cache_policy={"name": policy},
    )
    return Simulation(params, collectors, seed=SEED, replication=0)


def noise_of_ratio(ratio: float, requests: int) -> float:
    """Return the standard deviation of a hit ratio that was measured over independent requests."""
    return math.sqrt(ratio * (1 - ratio) / requests)
