"""Kinds of jobs: what an experiment can be, beside a simulation.

``task`` has what all kinds share and how a kind is registered, ``simulation`` the kind of
experiments that have no section of another one, ``walk`` that of walks in stages. ``files`` is
what jobs leave in a folder, ``differing`` how results are compared.
"""

from icarus.orchestration.kinds.simulation import SimulationTask
from icarus.orchestration.kinds.task import JobContext, Product, Task, register_job_kind
from icarus.orchestration.kinds.walk import WalkContext, WalkTask

__all__ = [
    "JobContext",
    "Product",
    "SimulationTask",
    "Task",
    "WalkContext",
    "WalkTask",
    "register_job_kind",
]
