"""Extending Icarus by classes: a strategy, a cache policy and a data collector of Icarus 0.8.

    icarus run config/extension_classes.py
    icarus plot results/extension_classes.pickle

Each handles one event in each call, in plain Python, and may use any of it; they run on the Python
engine. What is to run at full speed is written as in config/extension.py. The page "Classes of
Icarus 0.8" of the manual walks through this file.

The queue is built by loops and copies, as in settings for Icarus 0.8, which work as they are. New
ones say the same in a few lines: see EXPERIMENT_QUEUE in config/extension.py. `-c` replaces names
in upper case: `-c "POLICIES=['MRU']"`. Paths, such as workload.alpha, are for designs.
"""

from collections import Counter, deque
from copy import deepcopy

from icarus.execution import DataCollector
from icarus.models import Cache, Strategy
from icarus.registry import (
    register_cache_policy,
    register_data_collector,
    register_strategy,
)
from icarus.util import Tree, path_links

# --------------------------------------------------------------------------------------------
# A strategy serves one request in each call of process_event, by what the view shows and the
# controller does. Parameters of experiment["strategy"] arrive as keyword arguments.
# --------------------------------------------------------------------------------------------


@register_strategy("MIDWAY")
class Midway(Strategy):
    """Leave a copy in the middle: of the caches on the way back, the one halfway keeps it.

    Parameters
    ----------
    copies : int
        How many caches around the middle keep a copy.
    """

    def __init__(self, view, controller, copies: int = 1):
        super().__init__(view, controller)
        self.copies = copies

    def process_event(self, time, receiver, content, log):
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        self.controller.start_session(time, receiver, content, log)
        for u, v in path_links(path):
            self.controller.forward_request_hop(u, v)
            if self.view.has_cache(v) and self.controller.get_content(v):
                serving_node = v
                break
        else:
            serving_node = source
            self.controller.get_content(source)
        way_back = path[: path.index(serving_node) + 1][::-1]
        caches = [v for v in way_back[1:] if self.view.has_cache(v)]
        first = max(0, (len(caches) - self.copies) // 2)
        for u, v in path_links(way_back):
            self.controller.forward_content_hop(u, v)
            if v in caches[first : first + self.copies]:
                self.controller.put_content(v)
        self.controller.end_session()


# --------------------------------------------------------------------------------------------
# A cache policy holds at most `maxlen` contents. `put` returns what it evicted, or None.
# --------------------------------------------------------------------------------------------


@register_cache_policy("MRU")
class MostRecentlyUsedCache(Cache):
    """Evict the most recently used content: good where contents are requested in turn."""

    def __init__(self, maxlen, **kwargs):
        super().__init__(maxlen)
        self._contents = {}  # a dict keeps the order of insertion

    def __len__(self):
        return len(self._contents)

    def has(self, k):
        return k in self._contents

    def get(self, k):
        if k not in self._contents:
            return False
        self._contents[k] = self._contents.pop(k)
        return True

    def put(self, k):
        if self.get(k):
            return None
        evicted = None
        if len(self) == self.maxlen:
            evicted, _ = self._contents.popitem()
        self._contents[k] = True
        return evicted

    def remove(self, k):
        return self._contents.pop(k, False)

    def dump(self):
        return list(self._contents)

    def clear(self):
        self._contents.clear()


# --------------------------------------------------------------------------------------------
# A data collector hears of what happens in sessions that are measured. It implements those
# events that it needs; what `results` returns is found in the results under its name.
# --------------------------------------------------------------------------------------------


@register_data_collector("SERVING_DISTANCE")
class ServingDistanceCollector(DataCollector):
    """Hops from the receiver to the node that served, as a distribution over sessions."""

    def __init__(self, view):
        super().__init__(view)
        self.sessions = Counter()
        self.hops = 0

    def start_session(self, timestamp, receiver, content):
        self.hops = 0

    def content_hop(self, u, v, main_path=True):
        if main_path:
            self.hops += 1

    def end_session(self, success=True):
        if success:
            self.sessions[self.hops] += 1

    def results(self):
        total = self.sessions.total() or 1
        mean = sum(hops * number for hops, number in self.sessions.items()) / total
        shares = {hops: number / total for hops, number in sorted(self.sessions.items())}
        return {"MEAN": mean, "SHARE": shares}


# --------------------------------------------------------------------------------------------
# The campaign, which names them like built-in ones.
# --------------------------------------------------------------------------------------------

STRATEGIES = ["LCE", "LCD", "MIDWAY"]
POLICIES = ["LRU", "MRU"]
NETWORK_CACHE = [0.01, 0.05, 0.2]

N_CONTENTS = 1000
N_WARMUP_REQUESTS = 5_000
N_MEASURED_REQUESTS = 10_000

N_REPLICATIONS = 3
PARALLEL_EXECUTION = True
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "SERVING_DISTANCE"]

default = Tree()
default["topology"] = {"name": "TREE", "k": 2, "h": 5}
default["workload"] = {
    "name": "STATIONARY",
    "n_contents": N_CONTENTS,
    "alpha": 0.8,
    "n_warmup": N_WARMUP_REQUESTS,
    "n_measured": N_MEASURED_REQUESTS,
    "rate": 100.0,
}
default["cache_placement"]["name"] = "UNIFORM"
default["content_placement"]["name"] = "UNIFORM"

# Without deepcopy all experiments would be one object, changed again and again.
EXPERIMENT_QUEUE = deque()
for policy in POLICIES:
    for strategy in STRATEGIES:
        for network_cache in NETWORK_CACHE:
            experiment = deepcopy(default)
            experiment["strategy"]["name"] = strategy
            experiment["cache_policy"]["name"] = policy
            experiment["cache_placement"]["network_cache"] = network_cache
            experiment["desc"] = f"{strategy}, {policy}, network cache {network_cache}"
            EXPERIMENT_QUEUE.append(experiment)
