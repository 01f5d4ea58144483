"""Workloads: who requests which content, and when."""

from __future__ import annotations

from icarus.scenarios.workload.requests import (
    BATCH_SIZE,
    RequestBatch,
    Workload,
    iterate_events,
)
from icarus.scenarios.workload.stationary import StationaryWorkload
from icarus.scenarios.workload.tracedriven import TraceDrivenWorkload

__all__ = [
    "BATCH_SIZE",
    "RequestBatch",
    "StationaryWorkload",
    "TraceDrivenWorkload",
    "Workload",
    "iterate_events",
]
