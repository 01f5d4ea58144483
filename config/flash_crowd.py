"""A flash crowd: for five minutes four times as many requests come, and most are for 20 contents.

    icarus run config/flash_crowd.py
    icarus plot results/flash_crowd.pickle

Hardly anybody asked for these contents before. How soon a strategy has copies of them where they
are wanted, and of what is wanted otherwise once the crowd is gone, shows over time.
"""

from icarus import design as d

STRATEGIES = ["LCE", "LCD", "PROB_CACHE", "HR_SYMM"]
N_CONTENTS = 10_000
CROWD = [*range(N_CONTENTS - 19, N_CONTENTS + 1)]  # the least popular ones
COMES, GOES = 900.0, 1200.0  # seconds; requests are measured from about 500 to 1800

N_REPLICATIONS = 10
PARALLEL_EXECUTION = True
DATA_COLLECTORS = {"TIMELINE": {"window": 30.0}}

base = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "STATIONARY",
        "n_contents": N_CONTENTS,
        "n_warmup": 49_500,
        "n_measured": 219_000,
        "rate": 100.0,
        "alpha": 0.8,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.1},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
    "timeline": [
        {"at": COMES, "event": "mark", "text": "the crowd comes"},
        {"at": COMES, "event": "rate", "factor": 4},
        {"at": COMES, "event": "popularity", "alpha": 1.1, "promote": CROWD},
        {"at": GOES, "event": "mark", "text": "the crowd goes"},
        {"at": GOES, "event": "rate", "factor": 1},
        {"at": GOES, "event": "popularity", "restore": True},
    ],
}

EXPERIMENT_QUEUE = d.product(base, {"strategy.name": STRATEGIES})
