"""Statistics and request traces: what simulations share with their analysis."""

from __future__ import annotations

from icarus.tools.stats import (
    DiscreteDist,
    TruncatedZipfDist,
    cdf,
    means_confidence_interval,
    pdf,
    proportions_confidence_interval,
)
from icarus.tools.tracefile import TraceBlock, TraceReader
from icarus.tools.traces import frequencies, one_timers, parse_url_list, trace_stats, zipf_fit

__all__ = [
    "DiscreteDist",
    "TraceBlock",
    "TraceReader",
    "TruncatedZipfDist",
    "cdf",
    "frequencies",
    "means_confidence_interval",
    "one_timers",
    "parse_url_list",
    "pdf",
    "proportions_confidence_interval",
    "trace_stats",
    "zipf_fit",
]
