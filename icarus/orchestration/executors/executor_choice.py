"""Which executor runs a campaign."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from icarus.core.machine import available_cores, cores
from icarus.errors import SettingsError, suggestion
from icarus.orchestration.executors.dask import DaskExecutor, cluster_address, survey
from icarus.orchestration.executors.executor import Executor
from icarus.orchestration.executors.pool import PoolExecutor
from icarus.orchestration.executors.serial import SerialExecutor
from icarus.planning.loading import SettingsSource
from icarus.planning.plan import Plan
from icarus.util import Settings

__all__ = ["make_executor", "planned_for"]

logger = logging.getLogger("orchestration")

_NAMES = ("serial", "pool", "dask://HOST:PORT")


def planned_for(executor: str | None, plan: Plan, settings: Settings) -> Plan:
    """Return a plan with the number of processes that an executor uses.

    Parameters
    ----------
    executor : str or None
        ``"serial"``, ``"pool"``, the address of a dask cluster such as ``"dask://host:8786"``, or
        None for what the settings say.
    plan : Plan
    settings : Settings

    Raises
    ------
    SettingsError
        If there is no such executor.
    ClusterError
        If the cluster cannot be used.
    """
    if executor is not None and cluster_address(executor) is not None:
        return replace(plan, n_processes=survey(executor))
    match executor:
        case None:
            return plan
        case "serial":
            return replace(plan, n_processes=1)
        case "pool":
            return replace(plan, n_processes=settings["N_PROCESSES"] or available_cores())
    raise SettingsError([f"executor {executor!r}: unknown; {suggestion(executor, _NAMES)}"])


def make_executor(
    executor: str | None,
    plan: Plan,
    settings: Settings,
    n_processes: int,
    tick: Callable[[], None],
) -> Executor:
    """Return an executor for a campaign.

    Parameters
    ----------
    executor : str or None
        As for ``planned_for``.
    plan : Plan
    settings : Settings
    n_processes : int
        Most jobs at a time.
    tick : callable
        For executors whose ``wait`` lasts as long as a job: to be called meanwhile.
    """
    if executor is not None and cluster_address(executor) is not None:
        return DaskExecutor(executor, _components(settings), plan.limits)
    serial = n_processes == 1 and not settings["PARALLEL_EXECUTION"]
    if executor == "serial" or (executor is None and serial):
        return SerialExecutor(tick, plan.limits)
    if settings["N_PROCESSES"] is None and (reason := cores().reason):
        logger.info("%d processes, one for each core: %s", n_processes, reason)
    if plan.simulations:
        # Here, so that no two workers compile the same and forked ones have it already. What is
        # not asked for is compiled beside them.
        from icarus.execution.compiled.ahead import compile_ahead

        compile_ahead(plan.simulations, plan.collectors, plan.engine)
    return PoolExecutor(n_processes, plan.start_method, _components(settings), plan.limits)


def _components(settings: Settings) -> SettingsSource | None:
    """Return the settings module for workers to execute; other files define no components."""
    source: SettingsSource | None = settings.source
    return None if source is None or not source.is_module else source
