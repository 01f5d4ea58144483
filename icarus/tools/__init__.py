"""Statistics, analytical models of caches and request traces, under the names of Icarus 0.8.

They live in ``icarus.theory`` and ``icarus.traces``.
"""

from __future__ import annotations

from icarus.tools import cacheperf, stats, traces
from icarus.tools.cacheperf import *  # noqa: F403
from icarus.tools.stats import *  # noqa: F403
from icarus.tools.traces import *  # noqa: F403
from icarus.traces import TraceBlock, TraceInfo, TraceReader, convert_trace, trace_info

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
