"""Caches that are flushed: how long four strategies take to have them filled anew.

    icarus run config/cache_flush.py
    icarus plot results/cache_flush.pickle

All caches are emptied at once, as by a restart. Hit ratio and latency come back the sooner, the
more a strategy keeps of what passes.
"""

from icarus import design as d

STRATEGIES = ["LCE", "LCD", "PROB_CACHE", "RAND_CHOICE"]
FLUSH = 600.0  # seconds; requests are measured from about 400 to 1400

N_REPLICATIONS = 10
PARALLEL_EXECUTION = True
DATA_COLLECTORS = {"TIMELINE": {"window": 15.0}}

base = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "STATIONARY",
        "n_contents": 10_000,
        "n_warmup": 40_000,
        "n_measured": 100_000,
        "rate": 100.0,
        "alpha": 0.8,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.1},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
    "timeline": [{"at": FLUSH, "event": "flush"}],
}

EXPERIMENT_QUEUE = d.product(base, {"strategy.name": STRATEGIES})
