"""A study of one's own: three strategies under four popularities."""

from icarus import design as d

N_REPLICATIONS = 5
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]

base = {
    "topology": {"name": "WIDE"},
    "workload": {"name": "STATIONARY", "n_contents": 2_000, "n_warmup": 4_000, "n_measured": 4_000},
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.05},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}

EXPERIMENT_QUEUE = d.product(
    base,
    {"strategy.name": ["LCE", "LCD", "EDGE"], "workload.alpha": [0.6, 0.8, 1.0, 1.2]},
)
