"""Data collectors: what is measured while requests are served.

``collector`` has the events that a collector may handle, ``fanout`` passes them on, and
``session_records`` has the records that it may take instead; ``hits`` and ``traffic`` have the
built-in collectors, ``dummy`` one for tests of strategies.
"""

from icarus.execution.collectors.cache_use import CacheUseCollector
from icarus.execution.collectors.collector import CollectorProxy, DataCollector, build_collectors
from icarus.execution.collectors.dummy import DummyCollector
from icarus.execution.collectors.hits import CacheHitRatioCollector
from icarus.execution.collectors.session_records import Evictions, SessionRecords
from icarus.execution.collectors.timeline import TimelineCollector
from icarus.execution.collectors.traffic import (
    LatencyCollector,
    LinkLoadCollector,
    PathStretchCollector,
)

__all__ = [
    "CacheHitRatioCollector",
    "CacheUseCollector",
    "CollectorProxy",
    "DataCollector",
    "DummyCollector",
    "Evictions",
    "LatencyCollector",
    "LinkLoadCollector",
    "PathStretchCollector",
    "SessionRecords",
    "TimelineCollector",
    "build_collectors",
]
