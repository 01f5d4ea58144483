import time
from pathlib import Path

from icarus.registry import register_strategy
from icarus.strategies import Strategy
from icarus.util import Tree

N_REPLICATIONS = 2
DATA_COLLECTORS = ["CACHE_HIT_RATIO"]
PARALLEL_EXECUTION = True
N_PROCESSES = 3
MAX_RETRIES = 1
ENGINE = "python"


@register_strategy("BROKEN")
class Broken(Strategy):
    """Fails at the first request."""

    def process_event(self, time, receiver, content, log):
        raise RuntimeError("nothing works")


@register_strategy("SLOW")
class Slow(Strategy):
    """Takes a minute for the first request, unless it is told not to."""

    def process_event(self, **event):
        if Path("slow").exists():
            time.sleep(60)


EXPERIMENT_QUEUE = []
for strategy in ["LCE", "NO_CACHE", "BROKEN", "SLOW"]:
    experiment = Tree()
    experiment["topology"] = {"name": "PATH", "n": 4}
    experiment["workload"] = {
        "name": "STATIONARY",
        "n_contents": 20,
        "alpha": 0.8,
        "n_warmup": 10,
        "n_measured": 50,
    }
    experiment["content_placement"] = {"name": "UNIFORM"}
    experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.2}
    experiment["strategy"] = {"name": strategy}
    experiment["cache_policy"] = {"name": "LRU"}
    experiment["desc"] = f"with {strategy}"
    EXPERIMENT_QUEUE.append(experiment)
