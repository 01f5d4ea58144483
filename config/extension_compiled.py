"""Extending Icarus at full speed: a cache policy and a strategy of one's own that are compiled.

    icarus run config/extension_compiled.py
    icarus plot results/extension_compiled.pickle

Each is written twice: as a class, which says what is meant, and as a kernel, plain functions over
a NamedTuple of arrays, which does the same some hundred times faster. Both give equal results,
and `-c ENGINE=python` runs the classes. The page "Engines" of the manual walks through this file.
"""

from collections import deque
from copy import deepcopy
from typing import NamedTuple

import numpy as np

from icarus.kernels import (
    AGAIN,
    Slots,
    cache_at,
    cache_get,
    cache_put,
    enter,
    find,
    find_path,
    last_position,
    leave,
    make_slots,
    register_policy_kernel,
    register_strategy_kernel,
    round_trip,
)
from icarus.models import Cache, Strategy
from icarus.registry import register_cache_policy, register_strategy
from icarus.types import PositiveInt
from icarus.util import Tree

# --------------------------------------------------------------------------------------------
# A cache policy as a class.
# --------------------------------------------------------------------------------------------


@register_cache_policy("CLOCK")
class ClockCache(Cache):
    """Second chance: a hand goes round and evicts what was not used since it last came by.

    References
    ----------
    F. J. Corbato, "A paging experiment with the Multics system", MIT Project MAC, 1968.
    """

    def __init__(self, maxlen, **kwargs):
        super().__init__(maxlen)
        self.clear()

    def clear(self):
        self._held = [None] * self.maxlen
        self._used = [False] * self.maxlen
        self._place = {}
        self._hand = 0

    def __len__(self):
        return len(self._place)

    def has(self, k):
        return k in self._place

    def get(self, k):
        if k not in self._place:
            return False
        self._used[self._place[k]] = True
        return True

    def put(self, k):
        if self.get(k):
            return None
        while self._used[self._hand]:
            self._used[self._hand] = False
            self._hand = (self._hand + 1) % self.maxlen
        evicted = self._held[self._hand]
        self._place.pop(evicted, None)
        self._held[self._hand] = k
        self._place[k] = self._hand
        self._hand = (self._hand + 1) % self.maxlen
        return evicted

    def remove(self, k):
        if k not in self._place:
            return False
        place = self._place.pop(k)
        self._held[place] = None
        self._used[place] = False
        return True

    def dump(self):
        """Return all contents; what the hand comes to first is last."""
        in_turn = self._held[self._hand :] + self._held[: self._hand]
        return [k for k in reversed(in_turn) if k is not None]


# --------------------------------------------------------------------------------------------
# The same policy as a kernel. The state has the caches of the whole network, whose places, or
# slots, are numbered on from cache to cache. Caches and contents are numbers from 0.
# --------------------------------------------------------------------------------------------


class ClockCaches(NamedTuple):
    """All caches."""

    slots: Slots  # which content is in which slot, and where slots of a cache begin
    used: np.ndarray  # bool, by slot
    hand: np.ndarray  # int64, by cache: the slot that its hand points to


def clock_has(caches, cache, content):
    return find(caches.slots, cache, content) >= 0


def clock_get(caches, cache, content):
    slot = find(caches.slots, cache, content)
    if slot < 0:
        return False
    caches.used[slot] = True
    return True


def clock_put(caches, cache, content):
    slots = caches.slots
    slot = find(slots, cache, content)
    if slot >= 0:
        caches.used[slot] = True
        return -1
    first, behind = slots.base[cache], slots.base[cache + 1]
    slot = caches.hand[cache]
    while caches.used[slot]:
        caches.used[slot] = False
        slot = slot + 1 if slot + 1 < behind else first
    evicted = slots.item[slot]
    if evicted >= 0:
        leave(slots, cache, evicted)
    enter(slots, cache, content, slot)
    caches.hand[cache] = slot + 1 if slot + 1 < behind else first
    return evicted


def clock_remove(caches, cache, content):
    slot = find(caches.slots, cache, content)
    if slot < 0:
        return False
    leave(caches.slots, cache, content)
    caches.slots.item[slot] = -1
    caches.used[slot] = False
    return True


def build_clock(caches, contents):
    """Return the state, from the objects that the class made, one for each cache."""
    slots = make_slots(len(contents.names), np.array([cache.maxlen for cache in caches]))
    return ClockCaches(slots, np.zeros(len(slots.item), dtype=bool), slots.base[:-1].copy())


def dump_clock(caches, cache):
    """Return what a cache holds, in the order of the class's `dump`."""
    first, behind = caches.slots.base[cache : cache + 2]
    in_turn = np.roll(caches.slots.item[first:behind], first - caches.hand[cache])
    return [int(content) for content in in_turn[::-1] if content >= 0]


register_policy_kernel(
    ClockCache,
    ClockCaches,
    get=clock_get,
    put=clock_put,
    has=clock_has,
    remove=clock_remove,
    build=build_clock,
    dump=dump_clock,
)

# --------------------------------------------------------------------------------------------
# A strategy as a class.
# --------------------------------------------------------------------------------------------


@register_strategy("LCE_NEAR")
class LeaveCopyNear(Strategy):
    """Leave Copy Everywhere near the receiver: farther away no cache keeps a copy.

    Parameters
    ----------
    hops : int
        How far from the receiver a cache may be that keeps a copy.
    """

    def __init__(self, view, controller, hops: PositiveInt = 2):
        super().__init__(view, controller)
        self.hops = hops

    def process_event(self, time, receiver, content, log):
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        self.controller.start_session(time, receiver, content, log)
        for serving in range(1, len(path)):
            self.controller.forward_request_hop(path[serving - 1], path[serving])
            if self.view.has_cache(path[serving]) and self.controller.get_content(path[serving]):
                break
        else:
            self.controller.get_content(source)
        for position in range(serving - 1, -1, -1):
            self.controller.forward_content_hop(path[position + 1], path[position])
            if self.view.has_cache(path[position]) and position <= self.hops:
                self.controller.put_content(path[position])
        self.controller.end_session()


# --------------------------------------------------------------------------------------------
# The same strategy as a kernel. Positions on a path are counted from the receiver, which is at
# 0 and has no cache; the source is at the last one.
# --------------------------------------------------------------------------------------------


class LeaveCopyNearState(NamedTuple):
    """What the strategy knows."""

    hops: int


def process_near(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    last = last_position(net.paths, path)
    serving = last
    for position in range(1, last):
        cache = cache_at(net.paths, path, position)
        if cache >= 0 and cache_get(caches, cache, content):
            serving = position
            break
    for position in range(min(serving - 1, strategy.hops), 0, -1):
        cache = cache_at(net.paths, path, position)
        if cache >= 0:
            cache_put(caches, cache, content)
    return round_trip(sessions, walk, path, serving, serving < last, content)


def build_near(strategy, numbering):
    """Return the state, from an object of the class."""
    return LeaveCopyNearState(strategy.hops)


register_strategy_kernel(LeaveCopyNear, LeaveCopyNearState, process=process_near, build=build_near)

# --------------------------------------------------------------------------------------------
# The campaign. With "compiled" it would be refused if a part had no kernel; "auto", the default,
# would run such experiments on the classes.
# --------------------------------------------------------------------------------------------

ENGINE = "compiled"

STRATEGIES = [{"name": "LCE"}, {"name": "LCE_NEAR", "hops": 1}, {"name": "LCE_NEAR", "hops": 2}]
POLICIES = ["LRU", "CLOCK"]
NETWORK_CACHE = [0.01, 0.05, 0.2]

N_CONTENTS = 10_000
N_WARMUP_REQUESTS = 200_000
N_MEASURED_REQUESTS = 500_000

N_REPLICATIONS = 3
PARALLEL_EXECUTION = True
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]

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

EXPERIMENT_QUEUE = deque()
for policy in POLICIES:
    for strategy in STRATEGIES:
        for network_cache in NETWORK_CACHE:
            experiment = deepcopy(default)
            experiment["strategy"] = deepcopy(strategy)
            experiment["cache_policy"]["name"] = policy
            experiment["cache_placement"]["network_cache"] = network_cache
            experiment["desc"] = f"{strategy}, {policy}, network cache {network_cache}"
            EXPERIMENT_QUEUE.append(experiment)
