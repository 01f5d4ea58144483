"""Components as users write them; test_own_components.py puts mistakes into them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from icarus.execution import DataCollector
from icarus.models import Cache, Strategy
from icarus.scenarios import RequestBatch
from icarus.scenarios.workload import iterate_events
from icarus.util import path_links


class Mru(Cache):
    """Evict the most recently used content."""

    def __init__(self, maxlen):
        super().__init__(maxlen)
        self._contents = {}

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


class Midway(Strategy):
    """Leave a copy in the caches halfway back."""

    def __init__(self, view, controller, copies=1):
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


class ServingDistance(DataCollector):
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


class RoundRobin:
    """Every receiver asks for every content in turn."""

    def __init__(self, topology, n_contents, n_rounds=10):
        self.receivers = sorted(topology.receivers())
        self.n_contents = n_contents
        self.contents = range(1, n_contents + 1)
        self.n_rounds = n_rounds

    def __iter__(self):
        time = 0.0
        for round_number in range(self.n_rounds):
            for receiver in self.receivers:
                for content in self.contents:
                    time += 1.0
                    log = round_number > 0
                    yield time, {"receiver": receiver, "content": content, "log": log}


class Uniform:
    """Requests in batches, drawn from a seed."""

    def __init__(self, topology, n_contents, n_warmup=10, n_measured=40, seed=None):
        self.receivers = sorted(topology.receivers())
        self.n_contents = n_contents
        self.contents = range(1, n_contents + 1)
        self.n_warmup, self.n_measured = n_warmup, n_measured
        self.n_requests = n_warmup + n_measured
        self.seed = seed

    def batches(self, size=7):
        rng = np.random.default_rng(self.seed)
        receivers = rng.integers(len(self.receivers), size=self.n_requests)
        contents = rng.integers(self.n_contents, size=self.n_requests)
        times = np.arange(float(self.n_requests))
        measured = np.arange(self.n_requests) >= self.n_warmup
        for start in range(0, self.n_requests, size):
            part = slice(start, start + size)
            yield RequestBatch(times[part], receivers[part], contents[part], measured[part])

    def __iter__(self):
        return iterate_events(self)
