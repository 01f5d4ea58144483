"""Beginning one simulation that is advanced step by step, checked as those of campaigns are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icarus.execution.compiled.engine_choice import EngineName
from icarus.execution.parameters import Simulation
from icarus.execution.running import RunningSimulation
from icarus.planning.plan import make_plan
from icarus.util import Settings, Tree

__all__ = ["ALL_COLLECTORS", "open_simulation"]

ALL_COLLECTORS = ("CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH")
"""What a simulation that is run step by step measures unless told otherwise."""


def open_simulation(
    experiment: Mapping[str, Any],
    seed: int = 1,
    replication: int = 0,
    *,
    collectors: Mapping[str, Mapping[str, Any]] | Sequence[str] = ALL_COLLECTORS,
    engine: EngineName = "auto",
) -> RunningSimulation:
    """Begin a simulation, to advance and change it step by step.

    Parameters
    ----------
    experiment : Tree or mapping
        As in ``EXPERIMENT_QUEUE``. The events of its timeline happen when they are due.
    seed : int, optional
        ``SEED`` of the campaign that it stands for.
    replication : int, optional
        Its replication, counted from 0: it has the requests that this one has in a campaign.
    collectors : mapping or sequence of str, optional
        As ``DATA_COLLECTORS``; by default hit ratio, latency, link load and path stretch.
    engine : {"auto", "python", "compiled"}, optional
        As ``ENGINE``.

    Returns
    -------
    RunningSimulation
        At its start, before the first request.

    Raises
    ------
    SettingsError
        If anything is wrong with the experiment or the collectors: all problems at once.
    ValueError
        If the replication is negative.

    Examples
    --------
    >>> run = open_simulation(experiment)  # doctest: +SKIP
    >>> run.advance(until=3600).apply({"event": "flush"})  # doctest: +SKIP
    >>> run.advance().results()["CACHE_HIT_RATIO"]["MEAN"]  # doctest: +SKIP
    """
    if replication < 0:
        raise ValueError(f"replications are counted from 0, found {replication!r}")
    settings = Settings()
    settings["EXPERIMENT_QUEUE"] = [Tree(experiment)]
    settings["DATA_COLLECTORS"] = collectors
    settings["SEED"] = seed
    settings["ENGINE"] = engine
    plan = make_plan(settings)
    return RunningSimulation(
        Simulation(
            *(plan.experiments[0], plan.collectors, plan.seed, replication, engine), steered=True
        )
    )
