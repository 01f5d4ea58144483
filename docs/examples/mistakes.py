"""Settings with four mistakes, for the page on settings."""

from icarus import design as d

N_REPLICATIONS = 0

base = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "STATIONARY",
        "n_contents": 10_000,
        "alpha": -0.8,
        "n_warmups": 10_000,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.01},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}

EXPERIMENT_QUEUE = d.product(base, {"strategy.name": ["LCE", "PROBCACHE"]})
