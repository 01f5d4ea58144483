"""Compare twelve policies on one cache that replays a request trace, in bytes.

    icarus run config/modern_policies.py -c TRACE=path/to/cdn.trace.xz -c TIME_COLUMN=0 \\
        -c CONTENT_COLUMN=1 -c SIZE_COLUMN=2
    icarus plot results/modern_policies.pickle

draws the hit ratio of each policy, by requests and by bytes, against the size of the cache. Of a
trace without sizes, `-c UNIT=contents` counts contents. The whole curve of a policy, for very many
sizes at once, is one command without settings:

    icarus mrc path/to/cdn.trace.xz --policy LRU,SIEVE --bytes --plot curves.png
"""

from icarus import design as d
from icarus.errors import SettingsError

# The trace. Columns are names of a header, or numbers from 0; None if the format says them.
TRACE = None
CONTENT_COLUMN = None
TIME_COLUMN = None
SIZE_COLUMN = None
DELIMITER = None
FORMAT = None

# Share of the trace that fills the cache before anything is measured; 0 counts all misses.
WARMUP_RATIO = 0.0

# What the size of the cache counts, and its sizes as shares of all there is.
UNIT = "bytes"
SIZES = [0.003, 0.01, 0.03, 0.1]
POLICIES = [
    *("FIFO", "LRU", "CLOCK", "SIEVE", "S3_FIFO", "TWO_Q"),
    *("ARC", "LIRS", "LFUDA", "GDSF", "W_TINYLFU", "BELADY"),
]

N_REPLICATIONS = 1
DATA_COLLECTORS = ["CACHE_HIT_RATIO"]
PARALLEL_EXECUTION = True
RESULTS_FORMAT = "PICKLE"
LOG_LEVEL = "INFO"

if TRACE is None:
    raise SettingsError(
        ["TRACE: found None; give a request trace, e.g. -c TRACE=path/to/cdn.trace.xz"]
    )

FILE = {
    "reqs_file": TRACE,
    "content_column": CONTENT_COLUMN,
    "time_column": TIME_COLUMN,
    "size_column": SIZE_COLUMN,
    "delimiter": DELIMITER,
    "format": FORMAT,
}

base = {
    # One receiver, one cache, one source.
    "topology": {"name": "PATH", "n": 3},
    "workload": {"name": "TRACE_DRIVEN", **FILE, "warmup_ratio": WARMUP_RATIO},
    "cache_placement": {"name": "UNIFORM", "capacity_unit": UNIT},
    "content_placement": {"name": "UNIFORM"},
    "strategy": {"name": "LCE"},
}


def policy(name):
    """Return the section of a policy; the one that looks ahead reads the trace, too."""
    section = {"name": name}
    return {**section, "trace": FILE} if name == "BELADY" else section


EXPERIMENT_QUEUE = d.product(
    base,
    {
        "cache_policy": [policy(name) for name in POLICIES],
        "cache_placement.network_cache": SIZES,
    },
)
