"""What a simulation is made from, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from icarus.execution.compiled.engine_choice import EngineName
from icarus.util import Tree

__all__ = ["Simulation", "SimulationResult"]


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
    steered: bool = False
    """Whether things may happen to its network of which its timeline does not tell."""


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
    n_taken_up: int = 0
    """Those among them that had been processed before, and whose state was taken up."""
