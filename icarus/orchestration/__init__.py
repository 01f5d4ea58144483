"""Running campaigns: jobs, where they run, what happens to them and who is told."""

from icarus.orchestration.events import (
    CampaignEnded,
    CampaignStarted,
    JobEnded,
    Progress,
    Snapshot,
)
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.orchestrator import Orchestrator
from icarus.orchestration.scenario import run_scenario
from icarus.orchestration.signals import stopped_by_signals
from icarus.orchestration.status import Status

__all__ = [
    "CampaignEnded",
    "CampaignStarted",
    "Job",
    "JobEnded",
    "Orchestrator",
    "Outcome",
    "Progress",
    "Snapshot",
    "Status",
    "run_scenario",
    "stopped_by_signals",
]
