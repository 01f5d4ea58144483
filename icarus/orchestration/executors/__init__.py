"""Executors: where jobs run. All give the same outcomes for the same jobs.

``SerialExecutor`` runs them in this process, one by one; ``PoolExecutor`` in a pool of processes
that survives the death of any of them; ``DaskExecutor`` on the workers of a dask cluster.
"""

from icarus.orchestration.executors.dask import DaskExecutor
from icarus.orchestration.executors.executor import Executor, JobInterrupted
from icarus.orchestration.executors.executor_choice import make_executor, planned_for
from icarus.orchestration.executors.pool import PoolExecutor
from icarus.orchestration.executors.serial import SerialExecutor

__all__ = [
    "DaskExecutor",
    "Executor",
    "JobInterrupted",
    "PoolExecutor",
    "SerialExecutor",
    "make_executor",
    "planned_for",
]
