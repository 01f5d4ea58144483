"""Until precise: strategies on the GEANT network, each replicated until its hit ratio is known.

    icarus run config/until_precise.py
    icarus results show results/until_precise.pickle --metric CACHE_HIT_RATIO.MEAN

An experiment is run with other requests each time, 5 times at least and 40 times at most, until
the 95 % confidence interval of its hit ratio is within PRECISION of the mean. Small caches need
more replications than large ones, and nobody has to guess how many:
`-c PRECISION=0.01` asks for more.
"""

from collections import deque
from copy import deepcopy

from icarus.util import Tree

# Half-width of the confidence interval, as a share of the mean.
PRECISION = 0.03
REPLICATIONS = {"min": 5, "max": 40, "until": {"CACHE_HIT_RATIO.MEAN": PRECISION}}

STRATEGIES = ["LCE", "LCD", "PROB_CACHE"]
NETWORK_CACHE = [0.005, 0.05]
ALPHA = 0.8
N_CONTENTS = 10_000
N_WARMUP_REQUESTS = 5_000
N_MEASURED_REQUESTS = 20_000

PARALLEL_EXECUTION = True
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]

default = Tree()
default["topology"]["name"] = "GEANT"
default["workload"] = {
    "name": "STATIONARY",
    "n_contents": N_CONTENTS,
    "n_warmup": N_WARMUP_REQUESTS,
    "n_measured": N_MEASURED_REQUESTS,
    "rate": 100.0,
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
