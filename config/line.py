"""Line: one receiver, a line of caches of equal size, one source.

    icarus run config/line.py
    icarus plot results/line.pickle

With one cache this is the scenario S1 by which M. Tortelli, D. Rossi, G. Boggia, L. A. Grieco,
"ICN software tools: survey and cross-comparison", Simulation Modelling Practice and Theory 63,
2016, compare four simulators and Che's approximation: 10^4 contents, an LRU cache of 100, 4
requests a second, Zipf exponents 0.8, 1 and 1.2. All strategies are the same there, and the
approximation gives a hit ratio of 0.3905 at exponent 1. They take 10^6 requests and more:
`-c N_MEASURED_REQUESTS=1000000`. What varies is replaced likewise, by a name in upper case or by
its path: `-c "N_CACHES=[1]"`, `-c "workload.alpha=[1.0]"`.

With more caches it is the tandem that N. Laoutaris, H. Che, I. Stavrakakis study in "The LCD
interconnection of LRU caches and its analysis", Performance Evaluation 63(7), 2006, doi
10.1016/j.peva.2005.05.003: with LCE caches behind the first one hold much the same contents, so
that they add little to the hit ratio, and with LCD they do not.
"""

from icarus import design as d

N_CACHES = [1, 2, 4]
CACHE_SIZE = 100  # contents in each cache
ALPHA = [0.8, 1.0, 1.2]
STRATEGIES = [
    {"name": "LCE"},
    {"name": "LCD"},
    {"name": "RAND_BERNOULLI", "p": 0.2},
]
CACHE_POLICY = "LRU"

N_CONTENTS = 10_000
REQUEST_RATE = 4.0  # requests per second
N_WARMUP_REQUESTS = 20_000
N_MEASURED_REQUESTS = 60_000

N_REPLICATIONS = 3
PARALLEL_EXECUTION = True
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]

base = {
    "topology": {"name": "PATH"},
    "workload": {
        "name": "STATIONARY",
        "n_contents": N_CONTENTS,
        "n_warmup": N_WARMUP_REQUESTS,
        "n_measured": N_MEASURED_REQUESTS,
        "rate": REQUEST_RATE,
    },
    "cache_placement": {"name": "UNIFORM"},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": CACHE_POLICY},
}

EXPERIMENT_QUEUE = d.product(
    base,
    {
        "strategy": STRATEGIES,
        "topology.n": [n_caches + 2 for n_caches in N_CACHES],
        "workload.alpha": ALPHA,
    },
    derive={"cache_placement.network_cache": f"(topology_n - 2) * {CACHE_SIZE} / n_contents"},
)
