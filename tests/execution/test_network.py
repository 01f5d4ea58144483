"""The network's model, what a view shows of it and what a controller does to it."""

from __future__ import annotations

import logging

import fnss
import networkx as nx
import numpy as np
import pytest

from icarus.execution import (
    CollectorProxy,
    DataCollector,
    DummyCollector,
    NetworkController,
    NetworkModel,
    NetworkView,
)
from icarus.models.cache import LruCache, RandEvictionCache
from icarus.registry import CACHE_POLICY

LRU = {"name": "LRU"}


def line(sizes=(2, 3), contents=("x", "y")):
    """Receiver "r", a router for each of `sizes`, source 0."""
    nodes = ["r", *range(1, len(sizes) + 1), 0]
    topology = fnss.Topology()
    nx.add_path(topology, nodes)
    fnss.add_stack(topology, "r", "receiver", {})
    fnss.add_stack(topology, 0, "source", {"contents": set(contents)})
    for node, size in enumerate(sizes, start=1):
        properties = {} if size is None else {"cache_size": size}
        fnss.add_stack(topology, node, "router", properties)
    for i, (_, _, link) in enumerate(topology.edges(data=True)):
        link.update(type="internal", delay=10**i)
    return topology


def parts(*args, **kwargs):
    model = NetworkModel(line(*args, **kwargs), LRU)
    return model, NetworkView(model), NetworkController(model)


class TestModel:
    def test_attributes(self):
        topology = line()
        model = NetworkModel(topology, LRU)
        assert model.topology is topology
        assert model.content_source == {"x": 0, "y": 0}
        assert list(model.source_node) == [0]
        assert model.source_node[0] is topology.nodes[0]["stack"][1]["contents"]
        assert model.link_delay == {
            ("r", 1): 1,
            (1, "r"): 1,
            (1, 2): 10,
            (2, 1): 10,
            (2, 0): 100,
            (0, 2): 100,
        }
        assert set(model.link_type) == set(model.link_delay)
        assert [type(cache) for cache in model.cache.values()] == [LruCache, LruCache]
        assert {node: cache.maxlen for node, cache in model.cache.items()} == {1: 2, 2: 3}
        assert model.local_cache == {}

    def test_caches_are_in_node_order(self):
        topology = fnss.Topology([(5, 3), (3, 9), (9, 1)])
        for node in (1, 9, 3, 5):
            fnss.add_stack(topology, node, "router", {"cache_size": 1})
        assert list(NetworkModel(topology, LRU).cache) == [5, 3, 9, 1]

    @pytest.mark.parametrize("topology", [nx.path_graph(3), fnss.DirectedTopology(), None])
    def test_only_undirected_fnss_topologies_will_do(self, topology):
        with pytest.raises(ValueError, match=r"topology must be an fnss\.Topology"):
            NetworkModel(topology, LRU)

    def test_an_unknown_policy_is_a_key_error(self):
        with pytest.raises(KeyError, match="LRUU"):
            NetworkModel(line(), {"name": "LRUU"})
        with pytest.raises(KeyError):
            NetworkModel(line(sizes=(None,)), {"name": "LRUU"})

    def test_every_node_needs_a_stack(self):
        topology = line()
        topology.add_edge(2, "bare")
        with pytest.raises(TypeError, match="'bare' has no stack"):
            NetworkModel(topology, LRU)

    @pytest.mark.parametrize("size", [0, -3, 0.4])
    def test_a_size_below_one_becomes_one_with_a_warning(self, size, caplog):
        topology = line(sizes=(size, 2))
        with caplog.at_level(logging.WARNING):
            model = NetworkModel(topology, LRU)
        assert {node: cache.maxlen for node, cache in model.cache.items()} == {1: 1, 2: 2}
        assert topology.nodes[1]["stack"][1]["cache_size"] == size
        (record,) = caplog.records
        assert "1" in record.getMessage()
        assert "size below 1" in record.getMessage()

    def test_sizes_that_are_no_integers_are_truncated(self):
        model = NetworkModel(line(sizes=(2.9, np.int64(3))), LRU)
        assert [cache.maxlen for cache in model.cache.values()] == [2, 3]

    def test_only_routers_have_caches(self):
        topology = line()
        for node in ("r", 0):
            topology.nodes[node]["stack"][1]["cache_size"] = 5
        assert list(NetworkModel(topology, LRU).cache) == [1, 2]

    def test_sources_without_contents_hold_nothing(self):
        topology = line()
        topology.add_edge(1, "empty")
        fnss.add_stack(topology, "empty", "source", {})
        model = NetworkModel(topology, LRU)
        assert "x" not in model.source_node["empty"]
        assert model.content_source == {"x": 0, "y": 0}

    def test_the_last_source_of_a_content_wins(self):
        topology = line()
        topology.add_edge(1, "later")
        fnss.add_stack(topology, "later", "source", {"contents": ["y"]})
        model = NetworkModel(topology, LRU)
        assert model.content_source == {"x": 0, "y": "later"}

    def test_unlabelled_links_are_absent(self):
        topology = line()
        del topology.edges[1, 2]["delay"]
        del topology.edges["r", 1]["type"]
        model = NetworkModel(topology, LRU)
        assert (1, 2) not in model.link_delay
        assert (2, 1) not in model.link_delay
        assert ("r", 1) not in model.link_type
        assert ("r", 1) in model.link_delay

    def test_paths_that_are_given_are_used_as_they_are(self):
        given = {"r": {0: ["r", "detour", 0]}}
        model = NetworkModel(line(), LRU, shortest_path=given)
        assert model.shortest_path["r"][0] == ["r", "detour", 0]
        with pytest.raises(KeyError):
            model.shortest_path[0]["r"]

    def test_paths_go_by_weight_and_are_symmetric(self):
        topology = line()
        topology.add_edge("r", 0, weight=3.5)
        model = NetworkModel(topology, LRU)
        assert model.shortest_path["r"][0] == ["r", 1, 2, 0]
        assert model.shortest_path[0]["r"] == [0, 2, 1, "r"]
        topology.edges["r", 0]["weight"] = 0
        assert NetworkModel(topology, LRU).shortest_path[0]["r"] == [0, "r"]

    def test_parameters_reach_the_policy_of_every_cache(self, monkeypatch):
        built = []

        class Policy:
            def __init__(self, maxlen, **parameters):
                built.append((maxlen, parameters))
                self.maxlen = maxlen

        monkeypatch.setitem(CACHE_POLICY, "TEST_POLICY", Policy)
        NetworkModel(line(), {"name": "TEST_POLICY", "alpha": 1})
        assert built == [(2, {"alpha": 1}), (3, {"alpha": 1})]

    def test_random_policies_share_one_stream(self):
        def evictions(seed):
            model = NetworkModel(line(sizes=(3, 3)), {"name": "RAND"}, seed=seed)
            first, second = model.cache.values()
            assert isinstance(first, RandEvictionCache)
            return [(first.put(k), second.put(k)) for k in range(60)]

        assert evictions(1) == evictions(1) == evictions(np.random.default_rng(1))
        assert evictions(1) != evictions(2)
        ours = evictions(1)
        assert [a for a, _ in ours] != [b for _, b in ours], "caches must not choose alike"


class TestView:
    def test_only_models_have_views(self):
        with pytest.raises(ValueError, match="must be a NetworkModel"):
            NetworkView(line())

    def test_content_locations(self):
        model, view, _ = parts()
        assert view.content_locations("x") == {0}, "node 0 is a node like any other"
        model.cache[2].put("x")
        model.cache[2].put("unplaced")
        assert view.content_locations("x") == {0, 2}
        assert view.content_locations("unplaced") == {2}
        assert view.content_locations("nowhere") == set()
        model.local_cache[1] = LruCache(1)
        model.local_cache[1].put("x")
        assert view.content_locations("x") == {0, 2}

    def test_content_source(self):
        _, view, _ = parts()
        assert view.content_source("x") == 0
        assert view.content_source("nowhere") is None

    def test_paths(self):
        _, view, _ = parts(sizes=(1,))
        assert view.shortest_path("r", 0) == ["r", 1, 0]
        for ends in (("r", "nobody"), ("nobody", "r")):
            with pytest.raises(KeyError):
                view.shortest_path(*ends)
        assert view.all_pairs_shortest_paths() == {
            "r": {"r": ["r"], 1: ["r", 1], 0: ["r", 1, 0]},
            1: {"r": [1, "r"], 1: [1], 0: [1, 0]},
            0: {"r": [0, 1, "r"], 1: [0, 1], 0: [0]},
        }

    def test_links(self):
        _, view, _ = parts()
        assert view.link_delay(2, 1) == 10
        assert view.link_type(1, 2) == "internal"
        for look_up in (view.link_delay, view.link_type):
            with pytest.raises(KeyError):
                look_up("r", 0)

    def test_clusters(self):
        model, view, _ = parts()
        model.topology.nodes[1]["cluster"] = 0
        assert view.cluster(1) == 0
        assert view.cluster(2) is None

    def test_topology_is_the_live_one(self):
        model, view, _ = parts()
        assert view.topology() is model.topology

    def test_caches(self):
        model, view, _ = parts(sizes=(2, None, 3))
        assert view.cache_nodes() == [1, 3]
        assert view.cache_nodes(size=True) == {1: 2, 3: 3}
        assert [view.has_cache(node) for node in (1, 2, "r", 0, "nobody")] == [True] + [False] * 4
        del model.cache[3]
        assert view.cache_nodes() == [1]
        assert not view.has_cache(3)

    def test_look_ups_change_nothing(self):
        model, view, _ = parts()
        for content in "xyz":
            model.cache[2].put(content)
        assert view.cache_lookup(2, "x") is True
        assert view.cache_lookup(2, "w") is False
        assert view.cache_lookup(0, "x") is None
        assert view.cache_dump(2) == ["z", "y", "x"]
        assert view.cache_dump(0) is None

    def test_local_caches(self):
        model, view, _ = parts()
        assert view.local_cache_lookup(1, "x") is False
        model.local_cache[1] = LruCache(1)
        assert view.local_cache_lookup(1, "x") is False
        model.local_cache[1].put("x")
        assert view.local_cache_lookup(1, "x") is True


class Log(DataCollector):
    """Keeps every event."""

    def __init__(self):
        super().__init__(None)
        self.events = []

    def start_session(self, *args):
        self.events.append(("start", *args))

    def cache_hit(self, node):
        self.events.append(("hit", node))

    def cache_miss(self, node):
        self.events.append(("miss", node))

    def server_hit(self, node):
        self.events.append(("server", node))

    def request_hop(self, *args):
        self.events.append(("request", *args))

    def content_hop(self, *args):
        self.events.append(("content", *args))

    def end_session(self, *args):
        self.events.append(("end", *args))


def a_session(controller, log):
    """Do everything that a session may consist of; return what was answered."""
    controller.start_session(2.5, "r", "x", log)
    answers = [controller.session.copy()]
    controller.forward_request_hop("r", 1)
    answers.append(controller.get_content(1))
    controller.forward_request_path(1, 0)
    answers.append(controller.get_content(0))
    controller.forward_content_path(0, 1, [0, 2, 1], main_path=False)
    answers.append(controller.put_content(1))
    answers.append(controller.get_content(1))
    controller.forward_content_hop(1, "r")
    answers.append(controller.remove_content(1))
    answers.append(controller.remove_content(1))
    controller.end_session()
    answers.append(controller.session)
    return answers


ANSWERS = [False, True, None, True, True, False, None]


class TestController:
    def test_a_session_is_reported_in_order(self):
        _, _, controller = parts()
        log = Log()
        controller.attach_collector(log)
        assert controller.collector is log
        opened, *rest = a_session(controller, log=True)
        assert opened == {"timestamp": 2.5, "receiver": "r", "content": "x", "log": True}
        assert rest == ANSWERS
        assert log.events == [
            ("start", 2.5, "r", "x"),
            ("request", "r", 1, True),
            ("miss", 1),
            ("request", 1, 2, True),
            ("request", 2, 0, True),
            ("server", 0),
            ("content", 0, 2, False),
            ("content", 2, 1, False),
            ("hit", 1),
            ("content", 1, "r", True),
            ("end", True),
        ]

    def test_a_session_that_is_not_logged_is_not_reported_at_all(self):
        model, _, controller = parts()
        log = Log()
        controller.attach_collector(log)
        opened, *rest = a_session(controller, log=False)
        assert opened["log"] is False
        assert rest == ANSWERS
        assert log.events == []
        # And the next one is not affected by it.
        a_session(controller, log=True)
        assert len(log.events) == 11
        assert model.cache[1].dump() == []

    @pytest.mark.parametrize("detached", [False, True])
    def test_everything_works_without_a_collector(self, detached):
        _, _, controller = parts()
        log = Log()
        if detached:
            controller.attach_collector(log)
            controller.detach_collector()
            assert controller.collector is None
        assert a_session(controller, log=True)[1:] == ANSWERS
        assert log.events == []

    def test_a_collector_may_leave_in_the_middle(self):
        _, _, controller = parts()
        log = Log()
        controller.attach_collector(log)
        controller.start_session(0, "r", "x", True)
        controller.detach_collector()
        controller.get_content(1)
        controller.end_session()
        assert log.events == [("start", 0, "r", "x")]

    def test_a_bare_collector_will_do(self):
        _, view, controller = parts()
        collector = DummyCollector(view)
        controller.attach_collector(collector)
        a_session(controller, log=True)
        assert collector.session_summary() == {
            "timestamp": 2.5,
            "receiver": "r",
            "content": "x",
            "cache_misses": [1],
            "serving_node": 1,
            "request_hops": [("r", 1), (1, 2), (2, 0)],
            "content_hops": [(0, 2), (2, 1), (1, "r")],
            "success": True,
        }
        assert collector.session is collector.session_summary()

    def test_failure_is_reported(self):
        _, view, controller = parts()
        controller.attach_collector(DummyCollector(view))
        controller.start_session(0, "r", "x", True)
        controller.end_session(success=False)
        assert controller.collector.session["success"] is False

    def test_put_tells_what_was_evicted(self):
        model, _, controller = parts(sizes=(1,), contents=("x", 0, "y"))
        evicted = []
        for content in (0, "x", "x", "y"):
            controller.start_session(0, "r", content, True)
            evicted.append(controller.put_content(1))
            controller.end_session()
        assert evicted == [None, 0, None, "x"]
        assert model.cache[1].dump() == ["y"]

    def test_nodes_without_a_cache(self):
        _, _, controller = parts(sizes=(None, 1))
        controller.start_session(0, "r", "x", True)
        assert [controller.put_content(node) for node in ("r", 1, 0, "nobody")] == [None] * 4
        assert [controller.remove_content(node) for node in ("r", 1, 0)] == [None] * 3
        assert [controller.get_content(node) for node in ("r", 1, 0)] == [False, False, True]

    def test_a_source_serves_only_what_it_holds(self):
        _, _, controller = parts()
        log = Log()
        controller.attach_collector(log)
        controller.start_session(0, "r", "unplaced", True)
        assert controller.get_content(0) is False
        assert log.events == [("start", 0, "r", "unplaced")]

    def test_a_path_from_a_node_to_itself_has_no_hops(self):
        _, _, controller = parts()
        log = Log()
        controller.attach_collector(log)
        controller.start_session(0, "r", "x", True)
        controller.forward_request_path("r", "r")
        controller.forward_content_path(0, 0, [0])
        assert len(log.events) == 1

    def test_the_same_through_a_proxy(self):
        _, view, controller = parts()
        logs = [Log(), Log()]
        controller.attach_collector(CollectorProxy(view, logs))
        a_session(controller, log=True)
        assert logs[0].events == logs[1].events
        assert len(logs[0].events) == 11
