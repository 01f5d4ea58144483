"""Components and callers that do what the interface allows and few ever do."""

from __future__ import annotations

import fnss
import networkx as nx
import pytest

from icarus.execution import (
    CollectorProxy,
    DummyCollector,
    NetworkController,
    NetworkModel,
    NetworkView,
    ShortestPaths,
    exec_experiment,
    symmetrify_paths,
)
from icarus.models import LeaveCopyEverywhere
from icarus.registry import CACHE_POLICY, STRATEGY


@pytest.fixture
def line():
    """Receiver 0, routers 1 and 2 with caches of 3, source 3 of content 1."""
    topology = fnss.Topology(fnss.line_topology(4))
    fnss.add_stack(topology, 0, "receiver", {})
    fnss.add_stack(topology, 3, "source", {"contents": {1}})
    for node in (1, 2):
        fnss.add_stack(topology, node, "router", {"cache_size": 3})
    return topology


def test_of_an_asymmetric_pair_the_path_of_the_later_node_survives():
    paths = {"a": {"b": ["a", "x", "b"]}, "b": {"a": ["b", "y", "a"]}}
    assert symmetrify_paths(paths) == {"a": {"b": ["a", "y", "b"]}, "b": {"a": ["b", "y", "a"]}}


def test_lazy_paths_compare_and_copy_as_if_complete():
    graph = nx.path_graph(3)
    full = {u: {v: nx.shortest_path(graph, u, v) for v in graph} for u in graph}
    assert ShortestPaths(graph) == full
    assert ShortestPaths(graph)[0] == full[0]
    assert ShortestPaths(graph).copy() == full


def test_a_proxy_passes_keywords_on():
    dummies = [DummyCollector(None), DummyCollector(None)]
    proxy = CollectorProxy(None, dummies)
    proxy.start_session(0, "r", "x")
    proxy.request_hop(1, 2, main_path=False)
    proxy.end_session(success=False)
    for dummy in dummies:
        assert dummy.session_summary()["request_hops"] == [(1, 2)]
        assert dummy.session_summary()["success"] is False


def test_a_policy_in_the_old_style_gets_integers_as_seeds(line, monkeypatch):
    seeds = []

    class Policy:
        def __init__(self, maxlen, seed=None):
            self.maxlen = maxlen
            seeds.append(seed)

    monkeypatch.setitem(CACHE_POLICY, "OLD", Policy)
    NetworkModel(line, {"name": "OLD"}, seed=1)
    assert [type(seed) for seed in seeds] == [int, int]
    assert seeds[0] != seeds[1]


def test_a_seed_from_the_settings_does_not_make_all_caches_alike(line):
    first, second = NetworkModel(line, {"name": "RAND", "seed": 5}).cache.values()
    assert [first.put(k) for k in range(40)] != [second.put(k) for k in range(40)]


def test_nothing_is_cached_outside_a_session(line):
    model = NetworkModel(line, {"name": "LRU"})
    with pytest.raises(TypeError):
        NetworkController(model).put_content(1)
    assert model.cache[1].dump() == []


def test_a_request_for_a_content_without_a_source(line):
    model = NetworkModel(line, {"name": "LRU"})
    strategy = LeaveCopyEverywhere(NetworkView(model), NetworkController(model))
    with pytest.raises(KeyError, match="does the content have a source"):
        strategy.process_event(0, 0, 99, True)


def test_events_are_not_taken_from_a_workload_ahead_of_time(line, monkeypatch):
    seen = []

    class Watching(LeaveCopyEverywhere):
        def process_event(self, time, **event):
            seen.append(("serve", time))
            super().process_event(time, **event)

    def workload():
        for time in range(2):
            seen.append(("yield", time))
            yield time, {"receiver": 0, "content": 1, "log": True}

    monkeypatch.setitem(STRATEGY, "WATCHING", Watching)
    exec_experiment(line, workload(), {}, {"name": "WATCHING"}, {"name": "LRU"}, {})
    assert seen == [("yield", 0), ("serve", 0), ("yield", 1), ("serve", 1)]
