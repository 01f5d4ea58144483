"""Statistics, analytical models of caches and request traces: what goes with simulations."""

from __future__ import annotations

from icarus.tools import cacheperf, stats, traces
from icarus.tools.cacheperf import *  # noqa: F403 - the interface of Icarus 0.8
from icarus.tools.convert import TraceInfo, convert_trace, trace_info
from icarus.tools.stats import *  # noqa: F403
from icarus.tools.tracefile import TraceBlock, TraceReader
from icarus.tools.traces import *  # noqa: F403

__all__ = [
    "TraceBlock",
    "TraceInfo",
    "TraceReader",
    "convert_trace",
    "trace_info",
    *cacheperf.__all__,
    *stats.__all__,
    *traces.__all__,
]
