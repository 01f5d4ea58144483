"""Settings with four mistakes, for the page on settings."""

from icarus.util import Tree

N_REPLICATIONS = 0

EXPERIMENT_QUEUE = []
for strategy in ["LCE", "PROBCACHE"]:
    experiment = Tree()
    experiment["topology"]["name"] = "GEANT"
    experiment["workload"] = {
        "name": "STATIONARY",
        "n_contents": 10_000,
        "alpha": -0.8,
        "n_warmups": 10_000,
    }
    experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.01}
    experiment["content_placement"]["name"] = "UNIFORM"
    experiment["strategy"]["name"] = strategy
    experiment["cache_policy"]["name"] = "LRU"
    EXPERIMENT_QUEUE.append(experiment)
