"""What collectors count, worked out by hand, and how events reach them."""

from __future__ import annotations

import math
from itertools import pairwise
from types import SimpleNamespace

import fnss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.execution import NetworkController, NetworkModel, NetworkView
from icarus.execution.collectors import (
    CacheHitRatioCollector,
    CollectorProxy,
    DataCollector,
    DummyCollector,
    LatencyCollector,
    LinkLoadCollector,
    PathStretchCollector,
    build_collectors,
)
from icarus.execution.simulation import Simulation, simulate
from icarus.planning.validation import SectionChecker
from icarus.registry import DATA_COLLECTOR
from icarus.tools import cdf

BUILT_IN = ("CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH")
ALL_OPTIONS = {
    "CACHE_HIT_RATIO": {"off_path_hits": True, "per_node": True, "content_hits": True},
    "LATENCY": {"cdf": True, "percentiles": True},
    "LINK_LOAD": {"req_size": 100, "content_size": 1000},
    "PATH_STRETCH": {"cdf": True},
}


def line_view():
    """Receiver 0, routers 1 and 2, source 3 of x and y; router 5 off the way at 1."""
    topology = fnss.Topology()
    topology.add_edge(0, 1, type="internal", delay=2)
    topology.add_edge(1, 2, type="internal", delay=3)
    topology.add_edge(2, 3, type="external", delay=34)
    topology.add_edge(1, 5, type="internal", delay=7)
    fnss.add_stack(topology, 0, "receiver", {})
    fnss.add_stack(topology, 3, "source", {"contents": {"x", "y"}})
    for node in (1, 2, 5):
        fnss.add_stack(topology, node, "router", {"cache_size": 4})
    return NetworkView(NetworkModel(topology, {"name": "LRU"}))


@pytest.fixture
def view():
    return line_view()


def walk(collector, path, *, main_path=True):
    """Have a request travel along `path` and the content back."""
    for u, v in pairwise(path):
        collector.request_hop(u, v, main_path)
    back = path[::-1]
    for u, v in pairwise(back):
        collector.content_hop(u, v, main_path)


def session(collector, path, *, time=0.0, content="x", success=True):
    collector.start_session(time, path[0], content)
    walk(collector, path)
    collector.end_session(success)


# --- latency


def test_latency_is_the_delay_both_ways_on_the_main_path(view):
    collector = LatencyCollector(view)
    collector.start_session(0.0, 0, "x")
    walk(collector, [0, 1, 2])
    walk(collector, [1, 5], main_path=False)
    collector.end_session()
    session(collector, [0, 1])
    assert collector.results() == {"MEAN": ((2 + 3) * 2 + 2 * 2) / 2}


def test_failed_sessions_have_no_latency(view):
    collector = LatencyCollector(view, cdf=True, percentiles=True)
    session(collector, [0, 1, 2, 3], success=False)
    session(collector, [0, 1])
    results = collector.results()
    assert results["MEAN"] == results["P99"] == 4
    assert [values.tolist() for values in results["CDF"]] == [[4], [1]]


def test_percentiles_are_latencies_that_occurred():
    """Of ten sessions, five take 2 ms, four take 4 ms and one takes 20 ms."""
    view = SimpleNamespace(link_delay=lambda u, v: v)
    collector = LatencyCollector(view, percentiles=True)
    for delay in [1] * 5 + [10] + [2] * 4:
        session(collector, [delay, delay])
    results = collector.results()
    assert [results[key] for key in ("P50", "P90", "P99")] == [2, 4, 20]
    assert results["MEAN"] == (5 * 2 + 4 * 4 + 20) / 10


latencies = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, 2.0, 34.0]) | st.floats(0, 1e6))


@settings(deadline=None)
@given(delays=latencies)
def test_counting_latencies_loses_nothing(delays):
    """Mean, percentiles and distribution are those of the list of all latencies."""
    collector = LatencyCollector(SimpleNamespace(link_delay=lambda u, v: v), True, True)
    for delay in delays:
        collector.start_session(0.0, 0, "x")
        collector.request_hop(0, delay, True)
        collector.end_session()
    results = collector.results()
    if not delays:
        assert all(math.isnan(results[key]) for key in ("MEAN", "P50", "P90", "P99"))
        assert "CDF" not in results
        return
    assert results["MEAN"] == pytest.approx(np.mean(delays))
    for q in (50, 90, 99):
        assert results[f"P{q}"] == np.percentile(delays, q, method="inverted_cdf")
    for found, expected in zip(results["CDF"], cdf(delays), strict=True):
        np.testing.assert_array_equal(found, expected)


# --- link load


def test_link_load_is_bytes_over_the_time_between_first_and_last_start(view):
    collector = LinkLoadCollector(view, req_size=100, content_size=1000)
    session(collector, [0, 1, 2, 3], time=10.0)
    session(collector, [0, 1], time=14.0)
    assert collector.results() == {
        "MEAN_INTERNAL": (200 / 4 + 100 / 4 + 1000 / 4 + 2000 / 4) / 4,
        "MEAN_EXTERNAL": (100 / 4 + 1000 / 4) / 2,
        "N_INTERNAL": 4,
        "N_EXTERNAL": 2,
        "PER_LINK_INTERNAL": {(0, 1): 50, (1, 2): 25, (2, 1): 250, (1, 0): 500},
        "PER_LINK_EXTERNAL": {(2, 3): 25, (3, 2): 250},
    }


def test_hops_off_the_main_path_load_links_too(view):
    collector = LinkLoadCollector(view)
    collector.start_session(0.0, 0, "x")
    walk(collector, [1, 5], main_path=False)
    collector.end_session()
    collector.start_session(2.0, 0, "x")
    assert collector.results()["PER_LINK_INTERNAL"] == {(1, 5): 75, (5, 1): 750}


def test_links_of_a_type_that_carried_nothing_have_mean_load_0(view):
    collector = LinkLoadCollector(view)
    session(collector, [0, 1], time=0.0)
    session(collector, [0, 1], time=1.0)
    assert collector.results()["MEAN_EXTERNAL"] == 0


def test_sizes_of_contents_are_used_where_they_are_known(view):
    collector = LinkLoadCollector(view, req_size=1)
    for time, size in ((0.0, 300), (1.0, 500)):
        collector.content_size(size)
        session(collector, [0, 1], time=time)
    assert collector.results()["PER_LINK_INTERNAL"] == {(0, 1): 2, (1, 0): 800}


def test_a_link_that_was_removed_later_keeps_its_load(view):
    controller = NetworkController(view.model)
    collector = LinkLoadCollector(view, req_size=100, content_size=1000)
    session(collector, [0, 1, 2, 3], time=0.0)
    controller.remove_link(2, 3)
    controller.remove_node(1)
    collector.start_session(1.0, 0, "x")
    results = collector.results()
    assert results["MEAN_EXTERNAL"] == (100 + 1000) / 2
    assert len(results["PER_LINK_INTERNAL"]) == 4


@pytest.mark.parametrize("sizes", [{"req_size": 0}, {"content_size": -1}])
def test_sizes_are_positive(view, sizes):
    with pytest.raises(ValueError, match="positive"):
        LinkLoadCollector(view, **sizes)


# --- hits


def test_hit_ratio_of_nodes_contents_and_paths(view):
    collector = CacheHitRatioCollector(view, off_path_hits=True, content_hits=True)
    for content, node in (("x", 1), ("x", 5), ("y", 1), ("x", None)):
        collector.start_session(0.0, 0, content)
        if node is None:
            collector.server_hit(3)
        else:
            collector.cache_hit(node)
        collector.end_session()
    assert collector.results() == {
        "MEAN": 0.75,
        "MEAN_OFF_PATH": 0.25,
        "MEAN_ON_PATH": 0.5,
        "PER_CONTENT": {"x": 2 / 3, "y": 1},
        "PER_NODE_CACHE_HIT_RATIO": {1: 0.5, 5: 0.25},
        "PER_NODE_SERVER_HIT_RATIO": {3: 0.25},
    }
    assert collector.results().getval(["PER_NODE_CACHE_HIT_RATIO", 5]) == 0.25


def test_copies_of_a_content_whose_source_is_gone_are_hits_off_the_path(view):
    controller = NetworkController(view.model)
    collectors = [CacheHitRatioCollector(view, off_path_hits=True), PathStretchCollector(view)]
    controller.remove_node(3)
    for collector in collectors:
        collector.start_session(0.0, 0, "x")
        collector.cache_hit(1)
        collector.end_session()
    hits, stretch = (collector.results() for collector in collectors)
    assert (hits["MEAN"], hits["MEAN_OFF_PATH"], hits["MEAN_ON_PATH"]) == (1, 1, 0)
    assert math.isnan(stretch["MEAN"])


# --- path stretch


def test_path_stretch_is_in_hops_of_the_shortest_path(view):
    """The way to the source has 3 hops: a hit after 1 hop, and a detour over 5 with 5 hops."""
    collector = PathStretchCollector(view, cdf=True)
    session(collector, [0, 1])
    collector.start_session(0.0, 0, "x")
    walk(collector, [1, 5], main_path=False)
    walk(collector, [0, 1, 2, 3])
    collector.content_hop(5, 1)
    collector.end_session()
    session(collector, [0, 1, 2], success=False)
    results = collector.results()
    assert results["MEAN_REQUEST"] == pytest.approx((1 / 3 + 4 / 3) / 2)
    assert results["MEAN_CONTENT"] == pytest.approx((1 / 3 + 5 / 3) / 2)
    assert results["MEAN"] == pytest.approx((2 / 6 + 9 / 6) / 2)
    assert [values.tolist() for values in results["CDF"]] == [[2 / 6, 9 / 6], [0.5, 1]]
    assert results["CDF_CONTENT"][0].tolist() == [1 / 3, 5 / 3]
    assert results["CDF_REQUEST"][0].tolist() == [1 / 3, 4 / 3]


def test_a_receiver_that_is_the_source_has_no_stretch(view):
    collector = PathStretchCollector(view)
    session(collector, [3])
    assert math.isnan(collector.results()["MEAN"])


# --- all collectors


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sessions", [0, 1])
@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_is_divided_by_zero(view, name, sessions):
    collector = DATA_COLLECTOR[name](view, **ALL_OPTIONS[name])
    for _ in range(sessions):
        session(collector, [0, 1])
    results = collector.results()
    if name == "LINK_LOAD":
        assert math.isnan(results["MEAN_INTERNAL"])
        assert math.isnan(results["MEAN_EXTERNAL"])
    elif sessions == 0:
        assert math.isnan(results["MEAN"])


@pytest.mark.parametrize("name", [*BUILT_IN, "DUMMY"])
def test_the_view_is_left_alone_at_construction(name):
    DATA_COLLECTOR[name](object(), **ALL_OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", BUILT_IN)
def test_all_options_are_reachable_from_settings(name):
    report = SectionChecker().check("collector", {"name": name, **ALL_OPTIONS[name]})
    assert report.problems == []
    assert report.warnings == []


def test_options_of_settings_reach_the_results():
    params = {
        "topology": {"name": "TREE", "k": 2, "h": 3},
        "workload": {
            "name": "STATIONARY",
            "n_contents": 50,
            "alpha": 0.8,
            "n_warmup": 20,
            "n_measured": 200,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.4},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
    }
    results = simulate(Simulation(params, ALL_OPTIONS, 1, 0)).results
    latency = results["LATENCY"]
    assert 0 < latency["P50"] <= latency["P90"] <= latency["P99"] <= latency["CDF"][0][-1]
    assert "PER_CONTENT" in results["CACHE_HIT_RATIO"]
    assert "CDF_CONTENT" in results["PATH_STRETCH"]


# --- the proxy


def test_inherited_handlers_are_called(view):
    class Doubled(LatencyCollector):
        def results(self):
            return {"MEAN": 2 * super().results()["MEAN"]}

    class Deeper(Doubled):
        pass

    for cls in (Doubled, Deeper):
        proxy = CollectorProxy(view, [cls(view)])
        session(proxy, [0, 1])
        assert proxy.results() == {"LATENCY": {"MEAN": 8}}


def test_collectors_hear_only_of_what_they_handle_each_once_and_in_order(view):
    heard = []

    class Hits(DataCollector):
        name = "HITS"

        def cache_hit(self, node):
            heard.append(("first", node))

    class NoBase:
        name = "NO_BASE"

        def __init__(self):
            self.cache_hit = lambda node: heard.append(("second", node))

        def results(self):
            return {"n": len(heard)}

    hits, no_base, dummy = Hits(view), NoBase(), DummyCollector(view)
    proxy = CollectorProxy(view, [hits, no_base, dummy])
    proxy.start_session(0.0, 0, "x")
    proxy.cache_hit(1)
    proxy.cache_miss(2)
    assert heard == [("first", 1), ("second", 1)]
    assert proxy.collectors["cache_hit"] == [hits, no_base, dummy]
    assert proxy.collectors["cache_miss"] == [dummy]
    assert dummy.session_summary()["cache_misses"] == [2]
    assert proxy.results() == {"NO_BASE": {"n": 2}}


EVENTS = {
    "start_session": {"timestamp": 1.0, "receiver": 0, "content": "x"},
    "content_size": {"size": 10},
    "cache_hit": {"node": 1},
    "cache_miss": {"node": 1},
    "server_hit": {"node": 1},
    "request_hop": {"u": 0, "v": 1, "main_path": False},
    "content_hop": {"u": 1, "v": 0, "main_path": False},
    "end_session": {"success": False},
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("number", [0, 1, 3])
def test_every_event_reaches_any_number_of_collectors(view, event, number):
    heard = []

    class Listener(DataCollector):
        pass

    parameters = ", ".join(f"{name}" for name in EVENTS[event])
    namespace = {"heard": heard}
    exec(f"def handler(self, {parameters}): heard.append(({parameters},))", namespace)
    setattr(Listener, event, namespace["handler"])
    proxy = CollectorProxy(view, [Listener(view) for _ in range(number)])
    getattr(proxy, event)(**EVENTS[event])
    getattr(proxy, event)(*EVENTS[event].values())
    assert heard == [tuple(EVENTS[event].values())] * (2 * number)


def test_a_number_under_the_name_of_an_event_is_no_handler(view):
    class Old(LinkLoadCollector):
        """As written for Icarus 0.8, where no event was called content_size."""

        def __init__(self, view):
            super().__init__(view)
            self.content_size = 1500

    proxy = CollectorProxy(view, [Old(view)])
    proxy.content_size(10)
    assert proxy.collectors["content_size"] == []


def test_collectors_are_named_as_they_were_asked_for(view):
    proxy = build_collectors(view, {"LATENCY": {"percentiles": True}, "DUMMY": {}})
    session(proxy, [0, 1])
    assert proxy.results() == {"LATENCY": {"MEAN": 4, "P50": 4, "P90": 4, "P99": 4}}
