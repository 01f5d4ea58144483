"""Replay a request trace on the GEANT network, for five strategies and three cache sizes.

    icarus run config/trace_replay.py -c TRACE=path/to/requests.txt

The trace holds one content id a line, or is a table such as CSV. Where columns cannot be told
from a header, say which they are, by name or by number from 0:

    icarus run config/trace_replay.py -c TRACE=cdn.trace.xz \\
        -c CONTENT_COLUMN=1 -c TIME_COLUMN=0 -c SIZE_COLUMN=2

Names that end in .gz, .bz2, .xz or .zst are decompressed. `-c` replaces all upper-case names, and
what varies also by its path: `-c "NETWORK_CACHE=[0.05]"`, `-c "cache_policy.name=['LRU', 'FIFO']"`.
"""

from icarus import design as d
from icarus.errors import SettingsError

# The trace. Without a time column requests arrive as a Poisson process of RATE a second.
TRACE = None
CONTENT_COLUMN = None
TIME_COLUMN = None
SIZE_COLUMN = None
DELIMITER = None
FORMAT = None
RATE = 1.0

# Share of the trace that fills the caches before anything is measured.
WARMUP_RATIO = 0.25

# Space of all caches together, as a share of the catalogue.
NETWORK_CACHE = [0.01, 0.03, 0.1]
STRATEGIES = ["LCE", "LCD", "PROB_CACHE", "HR_SYMM", "EDGE"]
CACHE_POLICY = "LRU"

# The receivers of the requests are drawn anew in each replication.
N_REPLICATIONS = 3
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]
PARALLEL_EXECUTION = True
RESULTS_FORMAT = "PICKLE"
LOG_LEVEL = "INFO"

if TRACE is None:
    raise SettingsError(
        ["TRACE: found None; give a request trace, e.g. -c TRACE=path/to/requests.txt"]
    )

base = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "TRACE_DRIVEN",
        "reqs_file": TRACE,
        "content_column": CONTENT_COLUMN,
        "time_column": TIME_COLUMN,
        "size_column": SIZE_COLUMN,
        "delimiter": DELIMITER,
        "format": FORMAT,
        "rate": RATE,
        "warmup_ratio": WARMUP_RATIO,
    },
    "cache_placement": {"name": "UNIFORM"},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": CACHE_POLICY},
}

EXPERIMENT_QUEUE = d.product(
    base, {"strategy.name": STRATEGIES, "cache_placement.network_cache": NETWORK_CACHE}
)
