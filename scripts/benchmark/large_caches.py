"""A tree of 15 caches with up to a million contents in each, as others measured it.

The network and the requests are those of scenario V of Tortelli, Rossi and Leonardi, "Parallel
simulation of very large-scale general cache networks", IEEE JSAC 36(8), 2018: a binary tree of
four levels, clients at its leaves, the repository at its root, LCE, LRU. As many requests are
made as there are contents; hit ratios are means over the caches, each of the requests that reach
it. Here the first tenth of the requests is warm-up; no cache is full before some of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import fnss
import numpy as np
from scipy.optimize import brentq

from icarus.execution.collectors.collector import DataCollector
from icarus.registry import register_data_collector, register_topology_factory
from icarus.scenarios.topology.icn_topology import IcnTopology, deploy_stacks, label_links
from icarus.util import Tree
from scripts.benchmark.experiments import run, warm_up
from scripts.benchmark.measuring import MeasurementError, Row, attempted, peak_mb, timed
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT", "measure_tree"]

LEVELS = 4
RATE = 160.0
"""Requests per second, 20 of each client."""

PUBLISHED = {0.8: 0.0796, 1.0: 0.332, 1.2: 0.529}
"""Mean hit ratio by exponent, from event-driven simulation of 10^9 contents, 10^6 in a cache."""

WITHIN = 0.005
"""How far hit ratios may lie from what is published, or from theory."""


@register_topology_factory("BENCHMARK_TREE")
def topology_tree_of_caches(levels: int, **kwargs: Any) -> IcnTopology:
    """Binary tree of routers, a receiver at each leaf and the source at the root."""
    n_routers = 2**levels - 1
    topology = IcnTopology(fnss.k_ary_tree_topology(2, levels - 1))
    receivers = [f"receiver{leaf}" for leaf in range(n_routers // 2, n_routers)]
    topology.add_edges_from(enumerate(receivers, start=n_routers // 2))
    topology.add_edge(0, "source")
    deploy_stacks(topology, receivers, {"source"})
    label_links(topology)
    return topology


@register_data_collector("BENCHMARK_HIT_RATIO_OF_CACHES")
class HitRatioOfCaches(DataCollector):
    """Hits of each cache per request that reached it, by level of the tree, under LCE."""

    def __init__(self, view: Any) -> None:
        super().__init__(view)
        self._hits: dict[int, int] = defaultdict(int)
        self._requests: dict[int, int] = defaultdict(int)

    def absorb(self, counts: Any) -> None:
        """Count each session at all caches between its receiver and its server."""
        kinds = np.stack([counts.receiver, counts.server])
        pairs, kind = np.unique(kinds, axis=1, return_inverse=True)
        numbers = np.bincount(kind.ravel(), counts.number, pairs.shape[1]).astype(np.int64)
        for (receiver, server), number in zip(pairs.T.tolist(), numbers.tolist(), strict=True):
            node = int(counts.nodes[receiver].removeprefix("receiver"))
            served_by = counts.nodes[server]
            while True:
                self._requests[node] += number
                if node == served_by:
                    self._hits[node] += number
                if node in (served_by, 0):
                    break
                node = (node - 1) // 2

    def results(self) -> dict[str, Any]:
        """Return the mean over all caches, and those over the caches of each level."""
        ratios = {node: self._hits[node] / n for node, n in self._requests.items()}
        levels: dict[int, list[float]] = defaultdict(list)
        for node, hit_ratio in ratios.items():
            levels[(node + 1).bit_length() - 1].append(hit_ratio)
        by_level = [sum(levels[level]) / len(levels[level]) for level in sorted(levels)]
        return {"MEAN": sum(ratios.values()) / len(ratios), "BY_LEVEL": by_level}


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each size and exponent."""
    sizes = ((100_000, 100),) if options.quick else options.scale
    for n_contents, cache in sizes:
        for alpha in options.alphas:
            yield attempted(measure_tree, n_contents=n_contents, cache=cache, alpha=alpha)


def measure_tree(n_contents: int, cache: int, alpha: float) -> Row:
    """Return the figures of one size.

    Raises
    ------
    MeasurementError
        If some cache is missing, or a hit ratio is not what is published or what theory gives.
    """
    caches = 2**LEVELS - 1
    experiment = Tree(
        topology={"name": "BENCHMARK_TREE", "levels": LEVELS},
        workload={
            "name": "STATIONARY",
            "n_contents": n_contents,
            "alpha": alpha,
            "rate": RATE,
            "n_warmup": n_contents // 10,
            "n_measured": n_contents - n_contents // 10,
        },
        cache_placement={"name": "UNIFORM", "network_cache": caches * cache / n_contents},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": "LRU"},
    )
    collectors = ("BENCHMARK_HIT_RATIO_OF_CACHES", "CACHE_HIT_RATIO")
    warm_up(experiment)
    spent, done = timed(lambda: run(experiment, collectors=collectors))
    results = done.results["BENCHMARK_HIT_RATIO_OF_CACHES"]
    per_node = done.results.getval(["CACHE_HIT_RATIO", "PER_NODE_CACHE_HIT_RATIO"])
    if len(per_node) != caches:
        raise MeasurementError(f"{len(per_node)} caches served something instead of {caches}")
    leaf, theory = results["BY_LEVEL"][-1], leaf_hit_ratio(n_contents, cache, alpha)
    published = PUBLISHED.get(alpha) if (n_contents, cache) == (10**9, 10**6) else None
    # A small cache has not seen enough requests for its mean to be that close.
    within = WITHIN + 3 / math.sqrt(n_contents)
    for found, right in ((leaf, theory), (results["MEAN"], published)):
        if right is not None and abs(found - right) > within:
            raise MeasurementError(f"a hit ratio is {found:.4f} instead of {right:.4f}")
    return {
        "contents": n_contents,
        "cache": cache,
        "alpha": alpha,
        "requests": n_contents,
        "seconds": spent.wall,
        "cpu_seconds": spent.cpu,
        "per_second": n_contents / spent.cpu,
        "peak_mb": peak_mb(),
        "hit_ratio": results["MEAN"],
        "hit_ratio_by_level": list(results["BY_LEVEL"]),
        "leaf_hit_ratio": leaf,
        "leaf_theory": theory,
        "published": published,
    }


def leaf_hit_ratio(n_contents: int, cache: int, alpha: float) -> float:
    """Return the hit ratio of a cache at a leaf by Che's approximation.

    Contents of nearly equal popularity are taken together, so that there may be any number.
    """
    few = np.arange(1, min(n_contents, 10**4) + 1, dtype=np.float64)
    edges = np.unique(np.geomspace(len(few), n_contents, 20_001).round())
    ranks = np.concatenate([few, (edges[:-1] + edges[1:] + 1) / 2])
    number = np.concatenate([np.ones(len(few)), np.diff(edges)])
    popularity = ranks**-alpha
    popularity /= (number * popularity).sum()
    time = brentq(
        lambda t: float((number * -np.expm1(-popularity * t)).sum()) - cache, 1.0, 1e6 * n_contents
    )
    return float((number * popularity * -np.expm1(-popularity * time)).sum())


SUBJECT = Subject(
    name="large-caches",
    title="Tree of 15 LRU caches, LCE, as many requests as contents; published: 10^9 contents",
    columns=(
        Column("contents", "contents", ","),
        Column("in a cache", "cache", ","),
        Column("alpha", "alpha", "g"),
        Column("seconds", "seconds", ".1f"),
        Column("CPU s", "cpu_seconds", ".1f"),
        Column("requests/s", "per_second", ",.0f"),
        Column("MB", "peak_mb", ".0f"),
        Column("hit ratio", "hit_ratio", ".4f"),
        Column("leaves", "leaf_hit_ratio", ".4f"),
        Column("theory", "leaf_theory", ".4f"),
        Column("published", "published", ".4f"),
    ),
    measure=measure,
    x="contents",
    y=("seconds",),
    label="seconds",
)
