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

`-c` replaces what varies, by a name in upper case or by its path: `-c "TOPOLOGIES=['GEANT']"`,
`-c "workload.alpha=[0.6, 0.8]"`.
"""

from icarus import design as d

# TISCALI is of this kind too; it needs RocketFuel's map, see `icarus list topologies TISCALI`.
TOPOLOGIES = ["GEANT", "WIDE", "GARR"]

ON_PATH = [
    {"name": "LCE"},
    {"name": "LCD"},
    {"name": "PROB_CACHE"},
    {"name": "CL4M"},
    {"name": "RAND_CHOICE"},
]
OFF_PATH = [
    {"name": "HR_SYMM"},
    {"name": "HR_ASYMM"},
    {"name": "HR_MULTICAST"},
    {"name": "NRR", "metacaching": "LCD"},
]

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

base = {
    "workload": {
        "name": "STATIONARY",
        "n_contents": N_CONTENTS,
        "alpha": ALPHA,
        "n_warmup": N_WARMUP_REQUESTS,
        "n_measured": N_MEASURED_REQUESTS,
        "rate": REQUEST_RATE,
    },
    "cache_placement": {"name": "UNIFORM"},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}

EXPERIMENT_QUEUE = d.product(
    base,
    {
        "topology.name": TOPOLOGIES,
        "strategy": [{"name": "NO_CACHE"}, *ON_PATH, *OFF_PATH],
        "cache_placement.network_cache": NETWORK_CACHE,
    },
)
