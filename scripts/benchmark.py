"""Measure the engine: requests per second and peak memory of every strategy.

    python scripts/benchmark.py [--requests N] [--repeat N] [--json FILE]

The scenario is one that earlier simulators were measured on: GEANT, 300,000 contents, Zipf
exponent 0.8, all caches together 0.4 % of the catalogue, LRU, all four collectors. Machines
differ and one machine drifts, so each figure also stands as a ratio to a peer measured in the
same process a moment before: a bare LRU cache, an ``OrderedDict`` in a loop of plain Python.
Every strategy runs in a process of its own, whose peak memory is reported.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np

from icarus.execution.simulation import Simulation, simulate
from icarus.registry import STRATEGY
from icarus.tools import TruncatedZipfDist
from icarus.util import Tree

N_CONTENTS = 300_000
ALPHA = 0.8
NETWORK_CACHE = 0.004
COLLECTORS = ("CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH")

PARAMETERS = {
    "HASHROUTING": {"routing": "MULTICAST"},
    "HR_EDGE_CACHE": {"routing": "SYMM", "edge_cache_ratio": 0.5},
    "HR_ON_PATH": {"routing": "SYMM", "on_path_cache_ratio": 0.5},
    "NRR": {"metacaching": "LCE"},
}
"""Parameters of strategies that need some."""

PLACEMENTS = {"PARTITION": {"name": "OPTIMAL_MEDIAN", "n_cache_nodes": 8, "hit_ratio": 0.2}}
"""Cache placements of strategies that need one of their own."""

NEEDS_ANOTHER_NETWORK = {"HR_CLUSTER", "HR_EDGE_CACHE"}
"""Strategies that do not run on GEANT, where some receivers are attached to no cache."""


def peer_rate(requests: int) -> float:
    """Return the requests per second of the peer."""
    popularity = TruncatedZipfDist(ALPHA, N_CONTENTS)
    contents = popularity.sample(requests, np.random.default_rng(0)).tolist()
    capacity = int(N_CONTENTS * NETWORK_CACHE)
    cache: OrderedDict[int, None] = OrderedDict()
    hits = 0
    begin = time.perf_counter()
    for content in contents:
        if content in cache:
            hits += 1
            cache.move_to_end(content)
        else:
            if len(cache) >= capacity:
                cache.popitem(last=False)
            cache[content] = None
    return requests / (time.perf_counter() - begin)


def measure(strategy: str, requests: int, repeat: int) -> dict[str, float | str]:
    """Return the figures of one strategy, the best of several runs."""
    params = Tree(
        topology={"name": "GEANT"},
        workload={
            "name": "STATIONARY",
            "n_contents": N_CONTENTS,
            "alpha": ALPHA,
            "n_warmup": requests // 3,
            "n_measured": requests - requests // 3,
        },
        cache_placement={
            **PLACEMENTS.get(strategy, {"name": "UNIFORM"}),
            "network_cache": NETWORK_CACHE,
        },
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy, **PARAMETERS.get(strategy, {})},
        cache_policy={"name": "LRU"},
    )
    simulation = Simulation(params, {name: {} for name in COLLECTORS}, seed=1, replication=0)
    best: dict[str, float | str] = {"requests_per_second": 0.0}
    for _ in range(repeat):
        peer = peer_rate(requests)
        marks: list[tuple[float, int]] = []
        begin = time.perf_counter()
        done = simulate(simulation, lambda n, marks=marks: marks.append((time.perf_counter(), n)))
        rate = done.n_requests / (time.perf_counter() - begin)
        if rate > best["requests_per_second"]:
            # From one report of progress to the last: without building the scenario.
            loop = (marks[-1][1] - marks[0][1]) / max(marks[-1][0] - marks[0][0], 1e-9)
            best = {
                "strategy": strategy,
                "requests_per_second": rate,
                "loop_requests_per_second": loop,
                "peer_requests_per_second": peer,
                "ratio_to_peer": rate / peer,
                "hit_ratio": done.results.getval(["CACHE_HIT_RATIO", "MEAN"]),
            }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best["peak_mb"] = peak / (2**20 if sys.platform == "darwin" else 2**10)
    return best


def measure_apart(strategy: str, requests: int, repeat: int) -> dict[str, float | str]:
    """Measure one strategy in a process of its own."""
    options = ["--requests", str(requests), "--repeat", str(repeat), "--only", strategy]
    done = subprocess.run(
        [sys.executable, __file__, *options], check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float | str] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=900_000, help="requests of a run")
    parser.add_argument("--repeat", type=int, default=3, help="runs, of which the best counts")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    parser.add_argument("--only", metavar="STRATEGY", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        json.dump(measure(args.only, args.requests, args.repeat), sys.stdout)
        return
    print(
        f"GEANT, {N_CONTENTS:,} contents, alpha {ALPHA}, network cache {NETWORK_CACHE}, LRU, "
        f"{len(COLLECTORS)} collectors, {args.requests:,} requests, best of {args.repeat}"
    )
    print(f"{'strategy':<16}{'requests/s':>12}{'loop only':>12}{'of peer':>9}{'peak MB':>9}")
    figures = []
    for strategy in sorted(set(STRATEGY.keys()) - NEEDS_ANOTHER_NETWORK):
        one = measure_apart(strategy, args.requests, args.repeat)
        figures.append(one)
        print(
            f"{strategy:<16}{one['requests_per_second']:>12,.0f}"
            f"{one['loop_requests_per_second']:>12,.0f}{one['ratio_to_peer']:>9.3f}"
            f"{one['peak_mb']:>9.0f}",
            flush=True,
        )
    if args.json:
        text = json.dumps({"requests": args.requests, "figures": figures}, indent=2)
        Path(args.json).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
