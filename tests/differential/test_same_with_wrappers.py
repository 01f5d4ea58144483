"""Both engines agree with ``insert`` and ``ttl`` around the caches of every policy."""

from __future__ import annotations

import pytest
from comparison import QUICK, assert_same_caches, assert_same_results
from hypothesis import strategies as st
from test_engines import (
    EXAMPLES,
    POLICIES,
    STRATEGIES,
    experiments,
    property_of,
    random_topology,
)
from test_same_records import check_records, small_batches

__all__ = ["random_topology", "small_batches"]  # fixtures

WRAPPINGS = {
    "p": {"insert": {"p": 0.3}},
    "k": {"insert": {"k": 2}},
    "k-memory": {"insert": {"k": 2, "memory": 3}},
    # Some ten requests a second: the popular ones come again in time.
    "ttl": {"ttl": 2.5},
    "law": {"ttl": {"dist": "LOGNORMAL", "median": 2.5, "sigma": 1.0, "renew": True}},
    "k-ttl": {"insert": {"k": 2, "memory": 8}, "ttl": 4},
    "p-ttl": {"insert": {"p": 0.6}, "ttl": 1.5},
}


def wrapped(strategy, policy, wrapping, with_writes=True):
    def add(experiment):
        section = {**experiment["cache_policy"], **WRAPPINGS[wrapping]}
        return {**experiment, "cache_policy": section}

    return experiments(strategy, policy, with_writes).map(add)


CASES = [("LCE", policy, wrapping) for policy in POLICIES for wrapping in WRAPPINGS]
# Those that look where a content is before the session begins, or have local caches.
CASES += [(strategy, "LRU", "p-ttl") for strategy in ("NRR", "HR_EDGE_CACHE", "HR_MULTICAST")]
CASES += [(strategy, "LRU", "k") for strategy in STRATEGIES if strategy != "LCE"]
COMPILED = [
    ("LCE", "LRU", "k-ttl"),
    ("LCE", "LRU", "law"),
    ("LCE", "RAND", "p-ttl"),
    ("NRR", "LRU", "p-ttl"),
]
CHOSEN = COMPILED if QUICK else CASES


@pytest.mark.parametrize(("strategy", "policy", "wrapping"), CHOSEN)
def test_same_results(strategy, policy, wrapping):
    property_of(wrapped(strategy, policy, wrapping), EXAMPLES, assert_same_results)


@pytest.mark.parametrize(("strategy", "policy", "wrapping"), CHOSEN)
def test_same_cache_contents(strategy, policy, wrapping):
    few = max(EXAMPLES // 2, 1)
    property_of(wrapped(strategy, policy, wrapping, False), few, assert_same_caches)


@pytest.mark.parametrize(
    ("strategy", "policy", "wrapping"), [("LCE", "LRU", "k-ttl")] if QUICK else CHOSEN
)
def test_same_records(strategy, policy, wrapping):
    few = max(EXAMPLES // 2, 1)
    property_of(wrapped(strategy, policy, wrapping), few, check_records(evictions=True))


def test_contents_expire_where_evictions_are_recorded():
    workload = {"n_contents": 20, "alpha": 0.8, "n_warmup": 20, "n_measured": 300, "rate": 2.0}
    experiment = {
        "topology": {"name": "PATH", "n": 4},
        "workload": {"name": "STATIONARY", **workload},
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.3},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU", **WRAPPINGS["k-ttl"]},
    }
    property_of(st.just(experiment), 2, check_records(evictions=True))
