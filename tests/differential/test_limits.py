"""Both engines agree where tables of the compiled one are too small, hashed or handed over."""

from __future__ import annotations

import numpy as np
import pytest
from comparison import COLLECTORS, QUICK, assert_same_caches, assert_same_results

from icarus.execution.compiled import compiled_engine as engine
from icarus.execution.compiled import counting
from icarus.execution.compiled import network_tables as tables
from icarus.execution.simulation import Simulation, simulate
from icarus.policies import slots
from icarus.scenarios import contentplacement
from icarus.util import Tree

STRATEGIES, POLICIES = ["LCE", "NRR", "HR_MULTICAST"], ["LRU", "RAND", "PERFECT_LFU"]
if QUICK:
    STRATEGIES, POLICIES = STRATEGIES[:1], POLICIES[:1]


def experiment(strategy, policy="LRU", **workload):
    given = {"NRR": {"metacaching": "LCE"}}.get(strategy, {})
    return {
        "topology": {"name": "TREE", "k": 3, "h": 3},
        "workload": {
            "name": "STATIONARY",
            "n_contents": 300,
            "alpha": 0.8,
            "n_warmup": 200,
            "n_measured": 1500,
            **workload,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.4},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": strategy, **given},
        "cache_policy": {"name": policy},
    }


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_trees_and_paths_that_come_when_they_are_asked_for(strategy, monkeypatch):
    monkeypatch.setattr(tables, "_FEW_NODES", 0)
    monkeypatch.setattr(tables, "_FIRST_PATHS", 2)
    assert_same_results(experiment(strategy))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_sessions_that_are_handed_over_now_and_then(strategy, monkeypatch):
    monkeypatch.setattr(tables, "_FIRST_STEPS", 32)
    handed_over = []
    original = counting.Counting.hand_over
    monkeypatch.setattr(
        counting.Counting,
        "hand_over",
        lambda counted, layouts: (handed_over.append(1), original(counted, layouts)),
    )
    monkeypatch.setattr(counting, "_MOST_STEPS", 64)
    assert_same_results(experiment(strategy))
    assert len(handed_over) > 2


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("policy", POLICIES)
def test_indexes_that_are_hashed(strategy, policy):
    with slots.all_hashed():
        assert_same_results(experiment(strategy, policy))
        assert_same_caches(experiment(strategy, policy))


@pytest.mark.parametrize("policy", ["PERFECT_LFU"] if QUICK else ["PERFECT_LFU", "MIN"])
def test_records_for_which_room_is_made_often(policy, monkeypatch):
    monkeypatch.setattr(engine, "_MOST_ENTERED", 16)
    given = experiment("LCE", policy)
    if policy == "MIN":
        given["cache_policy"]["trace"] = list(range(1, 300)) * 3
    assert_same_results(given)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_sources_that_are_found_by_a_hash(strategy, monkeypatch):
    monkeypatch.setattr(contentplacement, "HASHED_FROM", 10)
    mesh = {"name": "MESH", "n": 5, "m": 3}
    assert_same_results({**experiment(strategy), "topology": mesh})


def test_a_catalogue_larger_than_any_memory():
    given = experiment("LCE", n_contents=10**12, alpha=1.1, n_measured=3000)
    given["cache_placement"]["network_cache"] = 1e-10
    given["topology"] = {"name": "MESH", "n": 5, "m": 3}
    done = simulate(Simulation(Tree(given), {"CACHE_HIT_RATIO": {}}, 1, 0, "compiled"))
    results = done.results["CACHE_HIT_RATIO"]
    assert 0 < results["MEAN"] < 1
    shares = np.array(list(results["PER_NODE_SERVER_HIT_RATIO"].values()))
    assert len(shares) == 3
    # The most popular contents decide, so that shares are no thirds; but each source has some.
    assert shares.min() > 0.01
    given["workload"]["n_measured"] = 300
    without_content_hits = {name: {} for name in COLLECTORS}
    assert_same_results(given, collectors=without_content_hits)
    done = simulate(Simulation(Tree(given), COLLECTORS, 1, 0))
    assert done.engine == "python"
    assert "hits by content" in done.engine_reason
