"""Link failures: each of 30 links of GEANT goes down for a while, under five caching strategies.

    icarus run config/link_failures.py
    icarus plot results/link_failures.pickle

Requests go round the link that is down: links carry more, and answers take longer. Where caches lie
on other paths than before, contents have to come to them anew. Then the link comes up again, and
everything goes back, at once or not.

`-c` replaces what varies, by a name in upper case or by its path: `-c "LINKS=[(2, 4)]"`,
`-c "workload.alpha=[0.6, 0.8]"`.
"""

from icarus import design as d

STRATEGIES = [
    {"name": "LCE"},
    {"name": "LCD"},
    {"name": "CL4M"},
    {"name": "NRR", "metacaching": "LCD"},
    {"name": "HR_SYMM"},
]

# Links inside of the network, those first over which most paths from receivers to sources lead.
LINKS = [
    *[(2, 4), (4, 29), (22, 23), (3, 4), (5, 23), (4, 5), (0, 4), (28, 29), (0, 1), (27, 28)],
    *[(12, 15), (2, 36), (15, 29), (4, 8), (13, 22), (8, 9), (2, 38), (2, 32), (4, 6), (4, 16)],
    *[(4, 17), (1, 33), (12, 14), (24, 25), (4, 31), (2, 35), (30, 39), (12, 22), (9, 25), (3, 30)],
]

N_WARMUP_REQUESTS = 66_000
N_MEASURED_REQUESTS = 348_000
REQUEST_RATE = 300.0  # requests per second, over the whole network
DOWN, UP = 600.0, 1000.0  # seconds; requests are measured from about 220 to 1380

# What is measured, in windows of so many seconds.
DATA_COLLECTORS = {"TIMELINE": {"window": 50.0}}

PARALLEL_EXECUTION = True

base = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "STATIONARY",
        "n_contents": 10_000,
        "n_warmup": N_WARMUP_REQUESTS,
        "n_measured": N_MEASURED_REQUESTS,
        "rate": REQUEST_RATE,
        "alpha": 0.9,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.02},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}


def failure(link):
    """The timeline of a link that goes down and comes up again."""
    return [
        {"at": DOWN, "event": "link_down", "link": list(link)},
        {"at": UP, "event": "link_up", "link": list(link)},
    ]


EXPERIMENT_QUEUE = d.product(
    base, {"timeline": [failure(link) for link in LINKS], "strategy": STRATEGIES}
)
