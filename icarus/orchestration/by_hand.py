"""Running a single simulation by hand, as scripts written for Icarus 0.8 do."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Mapping
from typing import Any

from icarus.execution.simulation import Simulation, simulate
from icarus.planning.settings import general_setting
from icarus.util import Settings, Tree

__all__ = ["run_scenario"]


def run_scenario(
    settings: Settings, params: Mapping[str, Any], curr_exp: int, n_exp: int
) -> tuple[Mapping[str, Any], Tree, float] | None:
    """Run one simulation in this process.

    Parameters
    ----------
    settings : Settings
        Only ``DATA_COLLECTORS`` and, if there, ``SEED`` and ``ENGINE`` are read.
    params : Tree or mapping
        The experiment.
    curr_exp, n_exp : int
        Its number, from 1, and how many there are: for the log. The number is also that of the
        replication the random streams are derived for.

    Returns
    -------
    (params, results, duration) or None
        The object passed in, a Tree, and seconds. None if it failed; the log says why.
    """
    logger = logging.getLogger(f"runner-{multiprocessing.current_process().name}")
    collectors = settings.DATA_COLLECTORS
    if not isinstance(collectors, Mapping):
        collectors = {name: {} for name in collectors}
    seed = general_setting(settings, "SEED")
    engine = general_setting(settings, "ENGINE")
    replication = max(curr_exp - 1, 0)
    logger.info("experiment %d of %d starts", curr_exp, n_exp)
    begin = time.perf_counter()
    try:
        done = simulate(Simulation(Tree(params), collectors, seed, replication, engine))
    except Exception:
        logger.exception("experiment %d of %d failed", curr_exp, n_exp)
        return None
    duration = time.perf_counter() - begin
    logger.info("experiment %d of %d ends", curr_exp, n_exp)
    return params, done.results, duration
