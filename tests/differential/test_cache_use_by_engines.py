"""Both engines count alike what is done to caches, whatever is around their policy."""

from __future__ import annotations

import pytest
from comparison import JIT, assert_same_results
from hypothesis import strategies as st
from test_engines import experiments, property_of, random_topology

from icarus.execution import DataCollector
from icarus.registry import DATA_COLLECTOR
from icarus.util import Tree

__all__ = ["random_topology"]  # a fixture


class Evicted(DataCollector):
    """Lists what caches evict, in order."""

    needs_evictions = True

    def __init__(self, view):
        super().__init__(view)
        self.rows = []

    def take_sessions(self, records):
        found = records.evictions
        self.rows += [
            (records.nodes[node], records.contents[content])
            for node, content in zip(found.node, found.content, strict=True)
        ]

    def results(self):
        return Tree({"N": len(self.rows), "IN_ORDER": tuple(map(str, self.rows))})


@pytest.fixture(autouse=True)
def collector(monkeypatch):
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_EVICTED", Evicted)


AROUND = [
    {},
    {"ttl": 8.0},
    {"ttl": {"seconds": 8.0, "renew": True}, "insert": {"p": 0.6}},
    {"insert": {"k": 2}},
]


# Interpreted loops say the same as compiled ones, which test_engines holds against each other.
@pytest.mark.skipif(JIT, reason="all pairs are run as plain Python")
@pytest.mark.parametrize("strategy", ["LCE", "LCD"])
@pytest.mark.parametrize("policy", ["CLIMB", "GDSF", "LRU", "NULL", "RAND", "S3_FIFO", "S4LRU"])
def test_both_engines_count_alike(policy, strategy):
    @st.composite
    def around(draw):
        experiment = draw(experiments(strategy, policy))
        experiment["cache_policy"] |= draw(st.sampled_from(AROUND))
        return experiment

    def check(experiment, seed):
        collectors = {"CACHE_USE": {}, "TEST_EVICTED": {}, "CACHE_HIT_RATIO": {}}
        assert_same_results(experiment, seed, collectors=collectors)

    property_of(around(), 3, check)
