"""Hash-routing: how contents return, and how space is divided between near and shared caches.

    icarus run config/hashrouting.py
    icarus plot results/hashrouting.pickle

Two campaigns in one queue, a union of designs, told apart by the section "study" of the results:

"schemes"
    How a content returns from its origin: by the cache responsible for it (SYMM), past it
    (ASYMM), on both ways (MULTICAST), or the better of two (hybrids). As in L. Saino, I. Psaras,
    G. Pavlou, "Hash-routing schemes for information centric networking", ACM SIGCOMM ICN 2013, doi
    10.1145/2491224.2491232.
"near caches"
    A share of each cache is kept for what is popular nearby, at the edge or on the path, or
    contents are shared out within clusters of the network only. As in V. Sourlas, I. Psaras,
    L. Saino, G. Pavlou, "Efficient hash-routing and domain clustering techniques for
    information-centric networks", Computer Networks 103, 2016.

Sizes of the catalogue and of the caches are chosen so that this runs in minutes.

`-c` replaces what varies, by a name in upper case, `-c "NEAR_RATIO=[0.5]"`, or for all designs that
have it by its path, `-c cache_placement.network_cache=0.1`.
"""

from icarus import design as d

TOPOLOGIES = ["GEANT", "WIDE", "GARR"]
SCHEMES = ["HR_SYMM", "HR_ASYMM", "HR_MULTICAST", "HR_HYBRID_AM", "HR_HYBRID_SM"]
ALPHA = [0.6, 0.8, 1.0]
NETWORK_CACHE = 0.04

# The second study needs a topology whose receivers and sources each hang on one router that may
# have a cache. Where ROCKET_FUEL's maps are there, those are larger:
# -c "NEAR_TOPOLOGY={'name': 'ROCKET_FUEL', 'asn': 3257}"
NEAR_TOPOLOGY = {"name": "RING", "n": 16, "delay_int": 5, "delay_ext": 34}
NEAR_RATIO = [0.0, 0.25, 0.5, 0.75]
N_CLUSTERS = [1, 2, 4]
NEAR_ALPHA = 0.8

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
        "n_warmup": N_WARMUP_REQUESTS,
        "n_measured": N_MEASURED_REQUESTS,
        "rate": REQUEST_RATE,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": NETWORK_CACHE},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}

near = {
    **base,
    "topology": NEAR_TOPOLOGY,
    "workload": {**base["workload"], "alpha": NEAR_ALPHA},
    "study": {"name": "near caches"},
}

EXPERIMENT_QUEUE = d.union(
    d.product(
        {**base, "study": {"name": "schemes"}},
        {"topology.name": TOPOLOGIES, "strategy.name": SCHEMES, "workload.alpha": ALPHA},
    ),
    d.product(
        near,
        {
            "strategy": [
                {"name": name, parameter: ratio, "routing": "SYMM"}
                for ratio in NEAR_RATIO
                for name, parameter in (
                    ("HR_EDGE_CACHE", "edge_cache_ratio"),
                    ("HR_ON_PATH", "on_path_cache_ratio"),
                )
            ]
        },
    ),
    d.product(
        {
            **near,
            "strategy": {"name": "HR_CLUSTER", "intra_routing": "SYMM"},
            "cache_placement": {
                "name": "CLUSTERED_HASHROUTING",
                "network_cache": NETWORK_CACHE,
                "policy": "node_const",
            },
        },
        {"cache_placement.n_clusters": N_CLUSTERS},
    ),
)
