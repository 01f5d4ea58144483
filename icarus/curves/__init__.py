"""Miss-ratio curves of traces: what caches of many sizes miss, with one reading of the trace.

LRU is exact at all sizes in one pass; other policies are simulated at each size on all cores; of
very long traces a sample of the contents tells both, with an interval.
"""

from icarus.curves.computing import MissRatioCurves, miss_ratio_curves
from icarus.curves.curve import Curve
from icarus.curves.decoded import DecodedTrace, decode_trace
from icarus.curves.distances import LruDistances
from icarus.curves.replaying import Misses, PolicyAsked, SharedTrace, replay
from icarus.curves.sampling import (
    Sample,
    Shrinking,
    fixed_rate,
    fixed_size,
    miniature_curve,
    shards_curve,
)
from icarus.curves.tables import csv_of, json_of

__all__ = [
    "Curve",
    "DecodedTrace",
    "LruDistances",
    "MissRatioCurves",
    "Misses",
    "PolicyAsked",
    "Sample",
    "SharedTrace",
    "Shrinking",
    "csv_of",
    "decode_trace",
    "fixed_rate",
    "fixed_size",
    "json_of",
    "miniature_curve",
    "miss_ratio_curves",
    "replay",
    "shards_curve",
]
