"""Request traces: the formats they come in, reading, statistics, and conversion to a quick one."""

from icarus.traces.conversion import TraceInfo, convert_trace, trace_info
from icarus.traces.trace_file import TraceBlock, TraceReader

__all__ = ["TraceBlock", "TraceInfo", "TraceReader", "convert_trace", "trace_info"]
