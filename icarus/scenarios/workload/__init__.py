"""Workloads: who requests which content, and when."""

from __future__ import annotations

from icarus.scenarios.workload.globetraff import GlobetraffWorkload
from icarus.scenarios.workload.requests import (
    BATCH_SIZE,
    RequestBatch,
    Workload,
    iterate_events,
)
from icarus.scenarios.workload.stationary import StationaryWorkload
from icarus.scenarios.workload.tracedriven import TraceDrivenWorkload
from icarus.scenarios.workload.ycsb import YCSBWorkload

__all__ = [
    "BATCH_SIZE",
    "GlobetraffWorkload",
    "RequestBatch",
    "StationaryWorkload",
    "TraceDrivenWorkload",
    "Workload",
    "YCSBWorkload",
    "iterate_events",
]
