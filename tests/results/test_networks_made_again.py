"""The network that a figure or a report makes again is the one that was simulated."""

from __future__ import annotations

from typing import Any

import pytest

from icarus.execution.parameters import Simulation
from icarus.execution.running import RunningSimulation
from icarus.results._networks import network_of
from icarus.util import Tree

EXPERIMENT = {
    "topology": {"name": "GEANT"},
    "workload": {
        "name": "STATIONARY", "n_contents": 100, "alpha": 0.8, "n_warmup": 0, "n_measured": 1,
    },
    "cache_placement": {"name": "RANDOM", "network_cache": 0.3, "n_cache_nodes": 4},
    "content_placement": {"name": "UNIFORM"},
    "strategy": {"name": "LCE"},
    "cache_policy": {"name": "LRU"},
}  # fmt: skip


def simulated(seed: int, replication: int) -> dict[Any, int]:
    run = RunningSimulation(Simulation(Tree(EXPERIMENT), {}, seed, replication, "python"))
    return run.view.cache_nodes(size=True)


def made_again(seed: int, replication: int) -> dict[Any, int]:
    facts = {"seed": {"entropy": seed}, "replication": replication}
    stacks = network_of(Tree(EXPERIMENT), facts).stacks()
    return {
        node: stack[1]["cache_size"] for node, stack in stacks.items() if stack[1].get("cache_size")
    }


@pytest.mark.parametrize(("seed", "replication"), [(1, 0), (1, 1), (7, 2)])
def test_caches_drawn_at_random_are_where_they_were(seed, replication):
    assert made_again(seed, replication) == simulated(seed, replication)
    assert made_again(seed, replication) != simulated(seed, replication + 1)
