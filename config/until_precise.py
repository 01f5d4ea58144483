"""Until precise: strategies on the GEANT network, each replicated until its hit ratio is known.

    icarus run config/until_precise.py
    icarus results show results/until_precise.pickle --metric CACHE_HIT_RATIO.MEAN

An experiment is run with other requests each time, 5 times at least and 40 times at most, until
the 95 % confidence interval of its hit ratio is within PRECISION of the mean. Small caches need
more replications than large ones, and nobody has to guess how many:
`-c PRECISION=0.01` asks for more. What varies is replaced likewise, by a name in upper case or by
its path: `-c "NETWORK_CACHE=[0.02]"`, `-c "workload.alpha=[0.6, 0.8]"`.
"""

from icarus import design as d

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

base = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "STATIONARY",
        "n_contents": N_CONTENTS,
        "n_warmup": N_WARMUP_REQUESTS,
        "n_measured": N_MEASURED_REQUESTS,
        "rate": 100.0,
        "alpha": ALPHA,
    },
    "cache_placement": {"name": "UNIFORM"},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}

EXPERIMENT_QUEUE = d.product(
    base, {"strategy.name": STRATEGIES, "cache_placement.network_cache": NETWORK_CACHE}
)
