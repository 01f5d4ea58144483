"""On-path against off-path caching on three academic networks.

    icarus run config/onpath_vs_offpath.py
    python scripts/plot_onpath_vs_offpath.py results/onpath_vs_offpath.pickle

On-path strategies look for a content only where the way to its origin leads; off-path ones
send requests to wherever a copy is (NRR) or must be (hash-routing). L. Saino, I. Psaras,
G. Pavlou, "Hash-routing schemes for information centric networking", ACM SIGCOMM ICN 2013, doi
10.1145/2491224.2491232, compare both on such networks: off-path caching serves more from
caches, at the price of longer ways inside the network. NRR with an ideal knowledge of all
copies is that of S. K. Fayazbakhsh et al., "Less pain, most of the gain: incrementally
deployable ICN", ACM SIGCOMM 2013, doi 10.1145/2486001.2486023. Sizes of the catalogue and of the
caches are chosen so that this runs in minutes.
"""

from collections import deque
from copy import deepcopy

from icarus.util import Tree

# TISCALI is of this kind too; it needs RocketFuel's map, see `icarus list topologies TISCALI`.
TOPOLOGIES = ["GEANT", "WIDE", "GARR"]

ON_PATH = ["LCE", "LCD", "PROB_CACHE", "CL4M", "RAND_CHOICE"]
OFF_PATH = ["HR_SYMM", "HR_ASYMM", "HR_MULTICAST", "NRR"]
PARAMETERS = {"NRR": {"metacaching": "LCD"}}

# Space of all caches together, as a share of the catalogue.
NETWORK_CACHE = [0.004, 0.02, 0.1]
ALPHA = 0.8

N_CONTENTS = 5_000
N_WARMUP_REQUESTS = 8_000
N_MEASURED_REQUESTS = 12_000
REQUEST_RATE = 100.0  # requests per second, over the whole network

N_REPLICATIONS = 3
PARALLEL_EXECUTION = True
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]

default = Tree()
default["workload"] = {
    "name": "STATIONARY",
    "n_contents": N_CONTENTS,
    "alpha": ALPHA,
    "n_warmup": N_WARMUP_REQUESTS,
    "n_measured": N_MEASURED_REQUESTS,
    "rate": REQUEST_RATE,
}
default["cache_placement"]["name"] = "UNIFORM"
default["content_placement"]["name"] = "UNIFORM"
default["cache_policy"]["name"] = "LRU"

EXPERIMENT_QUEUE = deque()
for topology in TOPOLOGIES:
    for strategy in ["NO_CACHE", *ON_PATH, *OFF_PATH]:
        for network_cache in NETWORK_CACHE:
            experiment = deepcopy(default)
            experiment["topology"]["name"] = topology
            experiment["cache_placement"]["network_cache"] = network_cache
            experiment["strategy"] = {"name": strategy, **PARAMETERS.get(strategy, {})}
            experiment["desc"] = f"{topology}, {strategy}, network cache {network_cache}"
            EXPERIMENT_QUEUE.append(experiment)
