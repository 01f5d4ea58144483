"""Quickstart: five caching strategies on the GEANT network, for three sizes of cache.

    icarus run config/quickstart.py
    icarus plot results/quickstart.pickle

Every upper-case name is a setting; `-c NAME=VALUE` replaces one for a run, for example
`-c ALPHA=1.0` or `-c "STRATEGIES=['LCE', 'LCD']"`. See config/reference.py for all settings.
"""

from collections import deque
from copy import deepcopy

from icarus.util import Tree

# What is compared.
STRATEGIES = ["LCE", "LCD", "PROB_CACHE", "EDGE", "HR_SYMM"]

# Total size of all caches, as a fraction of the number of contents.
NETWORK_CACHE = [0.005, 0.02, 0.08]

# Requests: popularity of contents is Zipf with exponent ALPHA, arrivals are Poisson.
ALPHA = 0.8
N_CONTENTS = 10_000
N_WARMUP_REQUESTS = 10_000
N_MEASURED_REQUESTS = 20_000
REQUEST_RATE = 100.0  # requests per second, over the whole network

# Each experiment is run three times, each time with other requests.
N_REPLICATIONS = 3
PARALLEL_EXECUTION = True

DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]

default = Tree()
default["topology"]["name"] = "GEANT"
default["workload"] = {
    "name": "STATIONARY",
    "n_contents": N_CONTENTS,
    "n_warmup": N_WARMUP_REQUESTS,
    "n_measured": N_MEASURED_REQUESTS,
    "rate": REQUEST_RATE,
    "alpha": ALPHA,
}
default["cache_placement"]["name"] = "UNIFORM"
default["content_placement"]["name"] = "UNIFORM"
default["cache_policy"]["name"] = "LRU"

EXPERIMENT_QUEUE = deque()
for strategy in STRATEGIES:
    for network_cache in NETWORK_CACHE:
        experiment = deepcopy(default)
        experiment["strategy"]["name"] = strategy
        experiment["cache_placement"]["network_cache"] = network_cache
        experiment["desc"] = f"{strategy}, network cache {network_cache}"
        EXPERIMENT_QUEUE.append(experiment)
