"""LCE against ProbCache on the maps of six ISPs, with the latencies that RocketFuel measured.

    ICARUS_DATA=path/to/maps icarus run config/lce_vs_probcache.py
    icarus plot results/lce_vs_probcache.pickle

The folder has the files rocketfuel-latency/ASN/latencies.intra, which RocketFuel publishes at
https://research.cs.washington.edu/networking/rocketfuel/ ; without them use
`-c "TOPOLOGIES=[{'name': 'TREE', 'k': 2, 'h': 6}]"`.

I. Psaras, W. K. Chai, G. Pavlou, "Probabilistic in-network caching for information-centric
networks", ACM SIGCOMM ICN 2012, doi 10.1145/2342488.2342501, propose ProbCache, with a target
time window of 10 as here, and compare it with caching everywhere. The maps are those of
N. Spring, R. Mahajan, D. Wetherall, T. Anderson, "Measuring ISP topologies with Rocketfuel",
IEEE/ACM Transactions on Networking 12(1), 2004, doi 10.1109/TNET.2003.822655. Sizes of the
catalogue and of the caches are chosen so that this runs in minutes.

`-c` replaces what varies, by a name in upper case or by its path: `-c "NETWORK_CACHE=[0.1]"`,
`-c "workload.alpha=[0.6, 0.8]"`.
"""

from icarus import design as d

# Autonomous systems: Telstra, Sprintlink, EBONE, Tiscali, Exodus, Abovenet.
TOPOLOGIES = [
    {"name": "ROCKET_FUEL", "asn": asn, "source_ratio": 0.1}
    for asn in (1221, 1239, 1755, 3257, 3967, 6461)
]
STRATEGIES = [
    {"name": "LCE"},
    {"name": "PROB_CACHE", "t_tw": 10},
]

# Space of all caches together, as a share of the catalogue.
NETWORK_CACHE = [0.05, 0.2]
ALPHA = 0.8

N_CONTENTS = 10_000
N_WARMUP_REQUESTS = 20_000
N_MEASURED_REQUESTS = 20_000
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
        "topology": TOPOLOGIES,
        "cache_placement.network_cache": NETWORK_CACHE,
        "strategy": STRATEGIES,
    },
)
