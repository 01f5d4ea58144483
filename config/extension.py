"""Extending Icarus: a cache policy, a strategy and a data collector of one's own, in one file.

    icarus run config/extension.py
    icarus plot results/extension.pickle

The policy and the strategy are each written once, as a class of a few fields and methods. Of these
the compiler makes what runs at the speed of built-in components; `-c ENGINE=python` runs the same
lines in the interpreter, so that a breakpoint() in them stops there. The page "Components of your
own" of the manual walks through this file.

Components may as well stand in a module beside this file that is imported here, or in a package
with an entry point of the group "icarus.plugins". `icarus list` shows what there is. Classes of
Icarus 0.8 work too, at the speed of Python: see config/extension_classes.py.

`-c` replaces what varies, by a name in upper case or by its path: `-c "POLICIES=['MY_SIEVE']"`,
`-c "workload.alpha=[0.8, 1.0]"`.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from icarus import design as d
from icarus.execution import DataCollector
from icarus.policies import NOTHING, Lines, define_policy, make_lines
from icarus.registry import register_data_collector
from icarus.strategies import define_strategy
from icarus.types import PositiveInt

# --------------------------------------------------------------------------------------------
# A cache policy. The class has the state of all caches of a network; contents lie in slots, which
# are numbered on from cache to cache. Caches and contents are numbers from 0.
# --------------------------------------------------------------------------------------------


@define_policy("MY_SIEVE")
class Sieve(NamedTuple):
    """Evict what the hand, on its way from the oldest content to the latest, finds unvisited.

    References
    ----------
    Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is simpler than LRU: an
    efficient turn-key eviction algorithm for web caches", USENIX NSDI 2024.
    """

    lines: Lines  # a line to each cache, the latest content first
    visited: np.ndarray  # by slot, whether the content in it was asked for again
    hand: np.ndarray  # by cache, the slot that the hand is at; the end of the line at first

    @classmethod
    def new(cls, room):
        lines = make_lines(room)
        ends = room.array(np.array(lines.slots.base[:-1]))
        return cls(lines, room.zeros(len(lines.slots.item), bool), ends)

    def get(self, cache, content):
        slot = self.lines.find(cache, content)
        if slot >= 0:
            self.visited[slot] = True
        return slot >= 0

    def put(self, cache, content):
        if self.get(cache, content):
            return NOTHING
        lines, end, evicted = self.lines, self.lines.end(cache), NOTHING
        slot = lines.take_free(cache)
        if slot < 0:
            slot = self.hand[cache]
            while slot == end or self.visited[slot]:
                self.visited[slot] = False
                slot = lines.before(slot)
            evicted = lines.item(slot)
            self.hand[cache] = lines.before(slot)
            lines.evict(cache, slot)
        lines.insert(cache, content, slot, end)
        return evicted

    def has(self, cache, content):
        return self.lines.find(cache, content) >= 0

    def remove(self, cache, content):
        slot = self.lines.find(cache, content)
        if slot >= 0:
            self.visited[slot] = False
            if self.hand[cache] == slot:
                self.hand[cache] = self.lines.before(slot)
        return self.lines.remove(cache, content)

    def dump(self, cache):
        return self.lines.contents(self.lines.end(cache))

    def places(self):
        return self.lines.slots  # where contents are looked up, so that it can be fetched before


# --------------------------------------------------------------------------------------------
# A strategy. Positions on a path are counted from the receiver, which is at 0; the source is at
# the last one.
# --------------------------------------------------------------------------------------------


@define_strategy("LCE_NEAR")
class LeaveCopyNear(NamedTuple):
    """Leave Copy Everywhere near the receiver: farther away no cache keeps a copy."""

    hops: int  # how far from the receiver a cache may be that keeps a copy

    @classmethod
    def new(cls, network, hops: PositiveInt = 2):
        return cls(hops)

    def serve(self, request, path):
        served_at = request.look_up_on(path)
        for position in range(min(served_at - 1, self.hops), 0, -1):
            request.put(path, position)
        request.deliver(path, served_at)


# --------------------------------------------------------------------------------------------
# A data collector. It is plain Python that gets records of many sessions at a time, as arrays with
# a row for each session; what `results` returns is found in the results under its name.
# --------------------------------------------------------------------------------------------


@register_data_collector("HIT_RATIO_OVER_TIME")
class HitRatioOverTime(DataCollector):
    """Share of sessions served by caches, in consecutive periods of some seconds each."""

    def __init__(self, view, seconds: float = 3600.0):
        super().__init__(view)
        self.seconds = seconds
        self.hits, self.sessions = Counter(), Counter()

    def take_sessions(self, records):
        start = records.time // self.seconds * self.seconds
        first = np.flatnonzero(np.diff(start, prepend=np.nan))
        hits = np.add.reduceat(records.from_cache, first, dtype=int)
        sessions = np.diff(first, append=len(records))
        for total, part in ((self.hits, hits), (self.sessions, sessions)):
            total.update(dict(zip(start[first].tolist(), part.tolist(), strict=True)))

    def results(self):
        return {"MEAN_FROM": {t: self.hits[t] / n for t, n in self.sessions.items()}}


# --------------------------------------------------------------------------------------------
# The campaign. With "compiled" it would be refused if a part could not be compiled; "auto", the
# default, would run such experiments in the interpreter.
# --------------------------------------------------------------------------------------------

ENGINE = "compiled"

STRATEGIES = [{"name": "LCE"}, {"name": "LCE_NEAR", "hops": 1}, {"name": "LCE_NEAR", "hops": 2}]
POLICIES = ["LRU", "MY_SIEVE"]
NETWORK_CACHE = [0.01, 0.05, 0.2]

N_CONTENTS = 10_000
N_WARMUP_REQUESTS = 200_000
N_MEASURED_REQUESTS = 500_000

N_REPLICATIONS = 3
PARALLEL_EXECUTION = True
DATA_COLLECTORS = {
    "CACHE_HIT_RATIO": {},
    "LATENCY": {},
    "HIT_RATIO_OVER_TIME": {"seconds": 500.0},
}

base = {
    "topology": {"name": "TREE", "k": 2, "h": 5},
    "workload": {
        "name": "STATIONARY",
        "n_contents": N_CONTENTS,
        "alpha": 0.8,
        "n_warmup": N_WARMUP_REQUESTS,
        "n_measured": N_MEASURED_REQUESTS,
        "rate": 100.0,
    },
    "cache_placement": {"name": "UNIFORM"},
    "content_placement": {"name": "UNIFORM"},
}

EXPERIMENT_QUEUE = d.product(
    base,
    {
        "cache_policy.name": POLICIES,
        "strategy": STRATEGIES,
        "cache_placement.network_cache": NETWORK_CACHE,
    },
)
