"""Scenario S3 of Tortelli et al.: hit ratios of a grid of caches, against models of LRU networks.

100 routers in a grid, each with an LRU cache of 50 contents; 30 receivers; one repository of
10,000 contents, alpha 1; leave copy everywhere. What was published of it are costs, not
hit ratios, and not where receivers and repository are. So the places are drawn by a fixed seed,
and the simulation is compared with the models of `lru_trees`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.figure import Figure

from icarus.execution.simulation import Simulation
from icarus.results.style import COLOURS
from icarus.routing.paths import ShortestPaths
from icarus.tools import TruncatedZipfDist
from icarus.types import Node
from scripts.verify import lru_trees
from scripts.verify.checks import SEED, Check, Effort, Results, Row, noise_of_ratio, simulation
from scripts.verify.verify_components import REPOSITORY, grid_topology

__all__ = ["CHECK", "expected_shares"]

NAME = "scenario_s3"
SIDE = 10
N_RECEIVERS = 30
N_CONTENTS = 10_000
CACHE = 50
ALPHA = 1.0
REQUESTS = {Effort.QUICK: 20_000, Effort.USUAL: 2_000_000, Effort.FULL: 10_000_000}
N_WARMUP = 200_000
"""A receiver's router sees a 30th of the requests, and its time is some 70 of these."""

AGREEMENT = 0.02
"""With the refined model, as a share of the hit ratio."""

AGREEMENT_BEYOND = 0.1
"""Of what is served beyond the first cache, a tenth of the hits, on which the errors of that
model gather."""


@cache
def expected_shares(refined: bool = True) -> dict[Node, float]:
    """Return the share of all requests that each cache serves by the model, origin's excluded."""
    topology = grid_topology(SIDE, N_RECEIVERS, SEED)
    paths = ShortestPaths(topology)
    next_hop = {node: paths[node][REPOSITORY][1] for node in topology if node != REPOSITORY}
    pdf = TruncatedZipfDist(ALPHA, N_CONTENTS).pdf
    streams: dict[Node, list[lru_trees.Stream]] = {}
    for receiver in topology.receivers():
        stream = lru_trees.Stream(pdf / N_RECEIVERS)
        streams.setdefault(next_hop[receiver], []).append(stream)
    downstream_first = sorted(
        set(topology.graph["icr_candidates"]),
        key=nx.single_source_shortest_path_length(topology, REPOSITORY).__getitem__,
        reverse=True,
    )
    shares = {}
    for router in downstream_first:
        if router in streams:
            each = np.ones(N_CONTENTS)
            node = lru_trees.lru_node(streams[router], CACHE, each, refined)
            shares[router] = float(node.hit.sum())
            streams.setdefault(next_hop[router], []).append(node.misses)
    return shares


def _simulations(effort: Effort) -> dict[str, Simulation]:
    return {
        "grid": simulation(
            topology={
                "name": "VERIFY_GRID",
                "side": SIDE,
                "n_receivers": N_RECEIVERS,
                "seed": SEED,
            },
            workload={
                "n_contents": N_CONTENTS,
                "alpha": ALPHA,
                "n_warmup": min(N_WARMUP, REQUESTS[effort] // 2),
                "n_measured": REQUESTS[effort],
            },
            network_cache=SIDE * SIDE * CACHE / N_CONTENTS,
            strategy={"name": "LCE"},
            policy="LRU",
            collectors={"CACHE_HIT_RATIO": {"per_node": True}},
        )
    }


def _simulated_shares(results: Results) -> dict[Any, float]:
    return dict(results["grid"].results["CACHE_HIT_RATIO"]["PER_NODE_CACHE_HIT_RATIO"].items())


def _first_hop() -> set[Node]:
    topology = grid_topology(SIDE, N_RECEIVERS, SEED)
    return {router for receiver in topology.receivers() for router in topology[receiver]}


def _rows(results: Results, effort: Effort) -> list[Row]:
    simulated, shares, first = _simulated_shares(results), expected_shares(), _first_hop()
    parts = {
        "hit ratio": (set(shares), AGREEMENT),
        "share of requests served by receivers' routers": (first, AGREEMENT),
        "share of requests served further on": (set(shares) - first, AGREEMENT_BEYOND),
    }
    rows = []
    for what, (routers, agreed) in parts.items():
        expected = sum(shares[router] for router in routers)
        measured = sum(simulated.get(router, 0.0) for router in routers)
        tolerance = agreed * expected + 4 * noise_of_ratio(expected, REQUESTS[effort])
        reason = f"{agreed:.0%} for the model, and 4 standard deviations"
        rows.append(Row(NAME, f"{what}, refined model", expected, measured, tolerance, reason))
    return rows


def _draw(results: Results, effort: Effort, figure: Figure) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    simulated = _simulated_shares(results)
    for i, (label, refined) in enumerate((("refined model", True), ("plain model", False))):
        shares = expected_shares(refined)
        left.loglog([shares[r] for r in shares], [simulated.get(r, np.nan) for r in shares],
                    "os"[i], markersize=4, color=COLOURS[i], markerfacecolor="none",
                    label=label)  # fmt: skip
    ends = [min(expected_shares().values()), max(expected_shares().values())]
    left.loglog(ends, ends, color="0.5", linewidth=0.8)
    left.set_xlabel("share of requests a cache serves, model")
    left.set_ylabel("the same, simulated")
    left.legend(frameon=False)
    grid = np.full((SIDE, SIDE), np.nan)
    for router, share in simulated.items():
        grid[divmod(router, SIDE)] = share
    picture = right.imshow(100 * grid, cmap="viridis")
    figure.colorbar(picture, ax=right, label="share of requests served, %")
    right.set_title("Simulated; blank: caches without hits")
    right.set_xticks([])
    right.set_yticks([])


CHECK = Check(NAME, "Scenario S3: a grid of caches", _simulations, _rows, _draw)
