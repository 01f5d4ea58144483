"""Quickstart: five caching strategies on the GEANT network, for three sizes of cache.

    icarus run config/quickstart.py
    icarus plot results/quickstart.pickle

For one run, `-c` replaces an upper-case name, which is a setting, or what varies, by its path:
`-c ALPHA=1.0`, `-c "STRATEGIES=['LCE', 'LCD']"`, `-c "workload.alpha=[0.6, 0.8, 1.0]"`. See
config/reference.py for all settings.
"""

from icarus import design as d

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

base = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "STATIONARY",
        "n_contents": N_CONTENTS,
        "n_warmup": N_WARMUP_REQUESTS,
        "n_measured": N_MEASURED_REQUESTS,
        "rate": REQUEST_RATE,
        "alpha": ALPHA,
    },
    "cache_placement": {"name": "UNIFORM"},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}

# Every strategy meets every size of cache; the first axis changes slowest.
EXPERIMENT_QUEUE = d.product(
    base, {"strategy.name": STRATEGIES, "cache_placement.network_cache": NETWORK_CACHE}
)
