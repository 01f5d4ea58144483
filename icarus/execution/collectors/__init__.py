"""Data collectors: what is measured while requests are served.

``interface`` has the events that a collector may handle and ``fanout`` passes them on; ``hits``
and ``traffic`` have the built-in collectors, ``dummy`` one for tests of strategies.
"""

from icarus.execution.collectors.collector import CollectorProxy, DataCollector, build_collectors
from icarus.execution.collectors.dummy import DummyCollector
from icarus.execution.collectors.hits import CacheHitRatioCollector
from icarus.execution.collectors.traffic import (
    LatencyCollector,
    LinkLoadCollector,
    PathStretchCollector,
)

__all__ = [
    "CacheHitRatioCollector",
    "CollectorProxy",
    "DataCollector",
    "DummyCollector",
    "LatencyCollector",
    "LinkLoadCollector",
    "PathStretchCollector",
    "build_collectors",
]
