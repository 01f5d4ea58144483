"""Executors: where jobs run. All give the same outcomes for the same jobs.

``SerialExecutor`` runs them in this process, one by one; ``PoolExecutor`` in a pool of processes
that survives the death of any of them.
"""

from icarus.orchestration.executors.choice import make_executor, planned_for
from icarus.orchestration.executors.interface import Executor, JobInterrupted
from icarus.orchestration.executors.pool import PoolExecutor
from icarus.orchestration.executors.serial import SerialExecutor

__all__ = [
    "Executor",
    "JobInterrupted",
    "PoolExecutor",
    "SerialExecutor",
    "make_executor",
    "planned_for",
]
