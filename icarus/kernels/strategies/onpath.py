"""On-path strategies, compiled; see ``icarus.models.strategy.onpath`` for what they do.

Positions are counted from the receiver, which has no cache; nor has the source at the other
end of a path. A content therefore passes the positions below the serving one, down to 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.errors import NoKernelError
from icarus.kernels.kernel_registry import Numbering, register_strategy_kernel
from icarus.kernels.network import AGAIN
from icarus.kernels.path_table import cache_at, find_path, last_position, node_at
from icarus.kernels.sessions import content_leg, request_leg, round_trip
from icarus.models.strategy.onpath import (
    CacheLessForMore,
    Edge,
    LeaveCopyDown,
    LeaveCopyEverywhere,
    Partition,
    ProbCache,
    RandomBernoulli,
    RandomChoice,
)

__all__ = [
    "CacheLessForMoreState",
    "EdgeState",
    "LeaveCopyDownState",
    "LeaveCopyEverywhereState",
    "PartitionState",
    "ProbCacheState",
    "RandomBernoulliState",
    "RandomChoiceState",
]


class LeaveCopyEverywhereState(NamedTuple):
    """Leave Copy Everywhere needs to know nothing."""

    nothing: int


class LeaveCopyDownState(NamedTuple):
    """Leave Copy Down needs to know nothing."""

    nothing: int


class ProbCacheState(NamedTuple):
    """ProbCache: capacities, the target time window, and where chance comes from."""

    size_of: np.ndarray
    """int64, (n_caches,): capacities."""
    t_tw: float
    rng: Any
    """numpy.random.Generator"""


class CacheLessForMoreState(NamedTuple):
    """Cache Less for More: how central nodes are."""

    rank: np.ndarray
    """float64, (n_nodes,)"""


class RandomBernoulliState(NamedTuple):
    """RAND_BERNOULLI: the probability of a copy, and where chance comes from."""

    p: float
    rng: Any
    """numpy.random.Generator"""


class RandomChoiceState(NamedTuple):
    """RAND_CHOICE: where chance comes from."""

    rng: Any
    """numpy.random.Generator"""


class EdgeState(NamedTuple):
    """Edge caching needs to know nothing."""

    nothing: int


class PartitionState(NamedTuple):
    """Partition: who goes where."""

    assigned: np.ndarray
    """int32, (n_nodes,): the node whose cache a receiver has; -1 for other nodes."""


def _serving_position(paths, caches, path, content):
    """Ask the caches on a path; return the position of the one that serves, or of the source."""
    last = last_position(paths, path)
    for position in range(1, last):
        cache = cache_at(paths, path, position)
        if cache >= 0 and caches.get(cache, content):
            return position
    return last


def _back(net, sessions, walk, path, served_at, content):
    """Record that the content came from a position of the request's path, and back on it."""
    from_cache = cache_at(net.paths, path, served_at) >= 0
    return round_trip(sessions, walk, path, served_at, from_cache, content)


def _leave_copy_everywhere(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    served_at = _serving_position(net.paths, caches, path, content)
    for position in range(served_at - 1, 0, -1):
        cache = cache_at(net.paths, path, position)
        if cache >= 0:
            caches.put(cache, content)
    return _back(net, sessions, walk, path, served_at, content)


def _leave_copy_down(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    served_at = _serving_position(net.paths, caches, path, content)
    for position in range(served_at - 1, 0, -1):
        cache = cache_at(net.paths, path, position)
        if cache >= 0:
            caches.put(cache, content)
            break
    return _back(net, sessions, walk, path, served_at, content)


def _capacity(size_of, paths, path, served_at):
    """Return how many caches a content's way back has, and what these hold together."""
    number = 0
    total = 0
    for position in range(1, served_at + 1):
        cache = cache_at(paths, path, position)
        if cache >= 0:
            number += 1
            total += size_of[cache]
    return number, total


def _prob_cache(strategy, net, caches, sessions, walk, receiver, source, content):
    paths, size_of = net.paths, strategy.size_of
    path = find_path(paths, receiver, source)
    if path < 0:
        return AGAIN
    served_at = _serving_position(paths, caches, path, content)
    c, remaining = _capacity(size_of, paths, path, served_at)
    # The capacity that no longer counts behind a cache is that of the x-th cache of the way,
    # and the serving one is the first.
    counted = cache_at(paths, path, served_at)
    x = 0
    for position in range(served_at - 1, 0, -1):
        cache = cache_at(paths, path, position)
        if cache < 0:
            continue
        x += 1
        size = size_of[cache]
        # A capacity of 0 draws nothing. The exponent is a float, as an integer would become
        # repeated multiplication, whose last bits differ from those of pow.
        if size > 0 and strategy.rng.random() < remaining / (strategy.t_tw * size) * (
            x / c
        ) ** float(c):
            caches.put(cache, content)
        if counted < 0:
            remaining -= size
        else:
            remaining -= size_of[counted]
            counted = cache
    return _back(net, sessions, walk, path, served_at, content)


def _cache_less_for_more(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    served_at = _serving_position(net.paths, caches, path, content)
    chosen = -1
    most = 0.0
    for position in range(1, served_at):
        cache = cache_at(net.paths, path, position)
        if cache >= 0:
            rank = strategy.rank[node_at(net.paths, path, position)]
            if chosen < 0 or rank > most:
                chosen, most = cache, rank
    if chosen >= 0:
        caches.put(chosen, content)
    return _back(net, sessions, walk, path, served_at, content)


def _random_bernoulli(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    served_at = _serving_position(net.paths, caches, path, content)
    for position in range(served_at - 1, 0, -1):
        cache = cache_at(net.paths, path, position)
        if cache >= 0 and strategy.rng.random() < strategy.p:
            caches.put(cache, content)
    return _back(net, sessions, walk, path, served_at, content)


def _random_choice(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    served_at = _serving_position(net.paths, caches, path, content)
    number = 0
    for position in range(1, served_at):
        if cache_at(net.paths, path, position) >= 0:
            number += 1
    if number > 0:
        passed = int(number * strategy.rng.random())
        for position in range(served_at - 1, 0, -1):
            cache = cache_at(net.paths, path, position)
            if cache >= 0:
                if passed == 0:
                    caches.put(cache, content)
                    break
                passed -= 1
    return _back(net, sessions, walk, path, served_at, content)


def _edge(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    last = last_position(net.paths, path)
    for position in range(1, last):
        cache = cache_at(net.paths, path, position)
        if cache >= 0:
            if caches.get(cache, content):
                return round_trip(sessions, walk, path, position, True, content)
            caches.put(cache, content)
            break
    return round_trip(sessions, walk, path, last, False, content)


def _partition(strategy, net, caches, sessions, walk, receiver, source, content):
    node = strategy.assigned[receiver]
    to_cache = find_path(net.paths, receiver, node)
    if to_cache < 0:
        return AGAIN
    to_source = find_path(net.paths, node, source)
    if to_source < 0:
        return AGAIN
    last = last_position(net.paths, to_cache)
    cache = net.cache_of[node]
    if cache >= 0 and caches.get(cache, content):
        return round_trip(sessions, walk, to_cache, last, True, content)
    walk = request_leg(sessions, walk, to_cache, 0, last)
    walk = round_trip(
        sessions, walk, to_source, last_position(net.paths, to_source), False, content
    )
    if cache >= 0:
        caches.put(cache, content)
    return content_leg(sessions, walk, to_cache, last, 0)


def _build_prob_cache(strategy: Any, numbering: Numbering) -> ProbCacheState:
    sizes = [strategy.cache_size[node] for node in numbering.caches]
    return ProbCacheState(np.array(sizes, dtype=np.int64), float(strategy.t_tw), strategy._rng)


def _build_cache_less_for_more(strategy: Any, numbering: Numbering) -> CacheLessForMoreState:
    rank = np.array([strategy._rank[node] for node in numbering.nodes], dtype=np.float64)
    return CacheLessForMoreState(rank)


def _build_partition(strategy: Any, numbering: Numbering) -> PartitionState:
    assigned = np.full(len(numbering.nodes), -1, dtype=np.int32)
    for receiver in numbering.receivers:
        if receiver not in strategy.cache_assignment:
            raise NoKernelError(f"strategy: receiver {receiver!r} is assigned to no cache")
        node = strategy.cache_assignment[receiver]
        # A source would serve all that it holds, also what originates from another one.
        if node not in numbering.nodes or node in numbering.sources:
            raise NoKernelError(f"strategy: receiver {receiver!r} is assigned to {node!r}")
        assigned[numbering.nodes[receiver]] = numbering.nodes[node]
    return PartitionState(assigned)


register_strategy_kernel(
    LeaveCopyEverywhere,
    LeaveCopyEverywhereState,
    process=_leave_copy_everywhere,
    build=lambda strategy, numbering: LeaveCopyEverywhereState(0),
    hashes=False,
)
register_strategy_kernel(
    LeaveCopyDown,
    LeaveCopyDownState,
    process=_leave_copy_down,
    build=lambda strategy, numbering: LeaveCopyDownState(0),
    hashes=False,
)
register_strategy_kernel(
    ProbCache, ProbCacheState, process=_prob_cache, build=_build_prob_cache, hashes=False
)
register_strategy_kernel(
    CacheLessForMore,
    CacheLessForMoreState,
    process=_cache_less_for_more,
    build=_build_cache_less_for_more,
    hashes=False,
)
register_strategy_kernel(
    RandomBernoulli,
    RandomBernoulliState,
    process=_random_bernoulli,
    build=lambda strategy, numbering: RandomBernoulliState(float(strategy.p), strategy._rng),
    hashes=False,
)
register_strategy_kernel(
    RandomChoice,
    RandomChoiceState,
    process=_random_choice,
    build=lambda strategy, numbering: RandomChoiceState(strategy._rng),
    hashes=False,
)
register_strategy_kernel(
    Edge, EdgeState, process=_edge, build=lambda strategy, numbering: EdgeState(0), hashes=False
)
register_strategy_kernel(
    Partition, PartitionState, process=_partition, build=_build_partition, hashes=False
)
