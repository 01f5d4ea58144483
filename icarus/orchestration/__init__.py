"""Running campaigns: jobs, where they run, what happens to them and who is told.

Names are imported when they are first used, so that looking at a journal needs none of this.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icarus.orchestration.by_hand import run_scenario
    from icarus.orchestration.events import (
        CampaignEnded,
        CampaignStarted,
        Event,
        Heartbeat,
        JobEnded,
        JobPaused,
        JobRetried,
        JobsAdded,
        JobStarted,
        Progress,
        Running,
        Snapshot,
    )
    from icarus.orchestration.jobs import Job, Outcome
    from icarus.orchestration.kinds import JobContext, Product, Task, register_job_kind
    from icarus.orchestration.orchestrator import Orchestrator
    from icarus.orchestration.signals import stopped_by_signals
    from icarus.orchestration.source import JobSource
    from icarus.orchestration.status import Status

__all__ = [
    "CampaignEnded",
    "CampaignStarted",
    "Event",
    "Heartbeat",
    "Job",
    "JobContext",
    "JobEnded",
    "JobPaused",
    "JobRetried",
    "JobSource",
    "JobStarted",
    "JobsAdded",
    "Orchestrator",
    "Outcome",
    "Product",
    "Progress",
    "Running",
    "Snapshot",
    "Status",
    "Task",
    "register_job_kind",
    "run_scenario",
    "stopped_by_signals",
]

_HOMES = {
    "Job": "jobs",
    **dict.fromkeys(("JobContext", "Product", "Task", "register_job_kind"), "kinds"),
    "JobSource": "source",
    "Outcome": "jobs",
    "Orchestrator": "orchestrator",
    "Status": "status",
    "run_scenario": "by_hand",
    "stopped_by_signals": "signals",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"icarus.orchestration.{_HOMES.get(name, 'events')}")
    return getattr(module, name)
