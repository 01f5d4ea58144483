"""Data collectors, driven by hand with views that know no more than a collector may ask."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from icarus.execution import (
    CacheHitRatioCollector,
    CollectorProxy,
    DataCollector,
    DummyCollector,
    LatencyCollector,
    LinkLoadCollector,
    PathStretchCollector,
)
from icarus.execution.collectors import build_collectors
from icarus.registry import DATA_COLLECTOR, register_data_collector
from icarus.util import Tree


def stub(**methods):
    """A view that has nothing but `methods`."""
    return SimpleNamespace(**methods)


class TestBaseAndProxy:
    def test_the_base_class_handles_everything_and_measures_nothing(self):
        view = object()
        collector = DataCollector(view, anything=1)
        assert collector.view is view
        collector.start_session(0.0, "r", "x")
        for node_event in (collector.cache_hit, collector.cache_miss, collector.server_hit):
            assert node_event(1) is None
        for hop in (collector.request_hop, collector.content_hop):
            hop(1, 2)
            hop(1, 2, main_path=False)
        collector.end_session()
        collector.end_session(success=False)
        assert collector.results() is None

    def test_the_proxy_passes_events_on_to_those_who_handle_them(self):
        class Hits(DataCollector):
            name = "HITS"

            def __init__(self, view):
                super().__init__(view)
                self.seen = []

            def cache_hit(self, node):
                self.seen.append(node)

            def results(self):
                return {"SEEN": self.seen}

        class Hops:
            """No subclass of anything, without results."""

            def __init__(self):
                self.seen = []

            def request_hop(self, u, v, main_path=True):
                self.seen.append((u, v, main_path))

        first, second, hops = Hits(None), Hits(None), Hops()
        second.name = "MORE"
        view = object()
        proxy = CollectorProxy(view, [first, hops, second])
        assert proxy.view is view
        assert set(CollectorProxy.EVENTS) == {
            "start_session",
            "end_session",
            "cache_hit",
            "cache_miss",
            "server_hit",
            "request_hop",
            "content_hop",
            "results",
        }
        assert proxy.collectors["cache_hit"] == [first, second]
        assert proxy.collectors["request_hop"] == [hops]
        assert proxy.collectors["end_session"] == []
        assert proxy.collectors["results"] == [first, second]
        proxy.start_session(0, "r", "x")
        proxy.cache_hit(3)
        proxy.request_hop(1, 2, False)
        proxy.request_hop(2, 1)
        proxy.end_session(True)
        assert first.seen == second.seen == [3]
        assert hops.seen == [(1, 2, False), (2, 1, True)]
        assert proxy.results() == {"HITS": {"SEEN": [3]}, "MORE": {"SEEN": [3]}}
        assert isinstance(proxy.results(), Tree)

    def test_a_subclass_gets_what_its_parents_handle(self):
        class Doubled(LatencyCollector):
            def results(self):
                return {"MEAN": 2 * super().results()["MEAN"]}

        class Deeper(Doubled):
            pass

        collector = Deeper(stub(link_delay=lambda u, v: 5))
        collector.name = "DEEPER"
        proxy = CollectorProxy(None, [collector])
        proxy.start_session(0, "r", "x")
        proxy.request_hop(1, 2, True)
        proxy.content_hop(2, 1, True)
        proxy.end_session(True)
        assert proxy.results().getval(["DEEPER", "MEAN"]) == 20

    def test_dummy_gives_no_results(self):
        collectors = build_collectors(None, {"DUMMY": {}, "CACHE_HIT_RATIO": {"per_node": False}})
        assert list(collectors.results().keys()) == ["CACHE_HIT_RATIO"]

    def test_collectors_are_built_with_parameters_and_named_as_asked_for(self, monkeypatch):
        class Own(CacheHitRatioCollector):
            def __init__(self, view, answer):
                super().__init__(view)
                self.answer = answer

            def results(self):
                return {"ANSWER": self.answer}

        monkeypatch.setitem(DATA_COLLECTOR, "TEST_OWN", Own)
        proxy = build_collectors(None, {"TEST_OWN": {"answer": 42}, "CACHE_HIT_RATIO": {}})
        assert proxy.results().getval(["TEST_OWN", "ANSWER"]) == 42
        assert "CACHE_HIT_RATIO" in proxy.results()

    def test_a_collector_may_skip_the_base_class_altogether(self, monkeypatch):
        monkeypatch.setitem(DATA_COLLECTOR, "TEST_BARE", None)

        @register_data_collector("TEST_BARE", override=True)
        class Bare:
            def __init__(self, view, **kwargs):
                self.ends = 0

            def end_session(self, success=True):
                self.ends += success

            def results(self):
                return {"ENDS": self.ends}

        proxy = build_collectors(None, {"TEST_BARE": {}})
        for success in (True, True, False):
            proxy.start_session(0, "r", "x")
            proxy.end_session(success)
        assert proxy.results() == {"TEST_BARE": {"ENDS": 2}}


BUILT_IN = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH", "DUMMY"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_collectors_ask_nothing_at_construction(name):
    view = object()
    collector = DATA_COLLECTOR[name](view)
    assert collector.view is view
    assert collector.name == name


class TestCacheHitRatio:
    def served(self, collector, *sessions):
        for receiver, content, kind, node in sessions:
            collector.start_session(0, receiver, content)
            getattr(collector, kind)(node)
            collector.end_session()
        return collector

    SESSIONS = (
        ("r", "x", "cache_hit", 1),
        ("r", "x", "cache_hit", 2),
        ("r", "y", "server_hit", 0),
        ("r", 0, "cache_hit", 1),
    )

    def test_by_hand(self):
        collector = self.served(CacheHitRatioCollector(object()), *self.SESSIONS)
        results = collector.results()
        assert results == {
            "MEAN": 0.75,
            "PER_NODE_CACHE_HIT_RATIO": {1: 0.5, 2: 0.25},
            "PER_NODE_SERVER_HIT_RATIO": {0: 0.25},
        }
        assert results.getval(["PER_NODE_CACHE_HIT_RATIO", 1]) == 0.5
        assert collector.results() == results, "asking changes nothing"

    def test_misses_are_no_sessions(self):
        collector = self.served(CacheHitRatioCollector(object()), *self.SESSIONS)
        collector.start_session(0, "r", "x")
        collector.cache_miss(1)
        collector.end_session(False)
        assert collector.results()["MEAN"] == 0.75

    def test_per_node_may_be_left_out(self):
        collector = self.served(CacheHitRatioCollector(object(), per_node=False), *self.SESSIONS)
        assert collector.results() == {"MEAN": 0.75}

    def test_per_content(self):
        collector = CacheHitRatioCollector(object(), per_node=False, content_hits=True)
        self.served(collector, *self.SESSIONS, ("r", "x", "server_hit", 0))
        assert collector.results() == {
            "MEAN": 0.6,
            "PER_CONTENT": {"x": 2 / 3, "y": 0.0, 0: 1.0},
        }

    def test_on_and_off_path(self):
        view = stub(
            content_source=lambda content: "s", shortest_path=lambda u, v: [u, 1, "other", v]
        )
        collector = CacheHitRatioCollector(view, off_path_hits=True, per_node=False)
        results = self.served(collector, *self.SESSIONS).results()
        assert results == {"MEAN": 0.75, "MEAN_OFF_PATH": 0.25, "MEAN_ON_PATH": 0.5}

    def test_nothing_served_is_no_ratio(self):
        results = CacheHitRatioCollector(object(), True, True, True).results()
        for key in ("MEAN", "MEAN_OFF_PATH", "MEAN_ON_PATH"):
            assert math.isnan(results[key])
        assert results["PER_CONTENT"] == {}
        assert results["PER_NODE_CACHE_HIT_RATIO"] == {}

    def test_bytes_where_sizes_are_known(self):
        collector = CacheHitRatioCollector(object(), per_node=False)
        for size, kind in ((100, "cache_hit"), (300, "server_hit"), (600, "cache_hit")):
            collector.content_size(size)
            self.served(collector, ("r", "x", kind, 1))
        expected = {"MEAN": 2 / 3, "BYTE_HIT_RATIO": 0.7, "BYTES_FROM_ORIGINS": 300}
        assert collector.results() == expected

    def test_bytes_by_content(self):
        collector = CacheHitRatioCollector(object(), per_node=False, content_hits=True)
        for size, content, kind in (
            (100, "x", "cache_hit"),
            (300, "x", "server_hit"),
            (600, "y", "cache_hit"),
        ):
            collector.content_size(size)
            self.served(collector, ("r", content, kind, 1))
        results = collector.results()
        assert results["PER_CONTENT_BYTE_HIT_RATIO"] == {"x": 0.25, "y": 1.0}
        assert results["PER_CONTENT"] == {"x": 0.5, "y": 1.0}

    def test_bytes_by_node(self):
        collector = CacheHitRatioCollector(object())
        for size, kind, node in (
            (100, "cache_hit", 1),
            (300, "server_hit", 2),
            (500, "cache_hit", 3),
            (100, "cache_hit", 1),
        ):
            collector.content_size(size)
            self.served(collector, ("r", "x", kind, node))
        results = collector.results()
        assert results["PER_NODE_CACHE_BYTE_HIT_RATIO"] == {1: 0.2, 3: 0.5}
        assert results["PER_NODE_SERVER_BYTE_HIT_RATIO"] == {2: 0.3}
        assert results["PER_NODE_CACHE_HIT_RATIO"] == {1: 0.5, 3: 0.25}


class TestLatency:
    def view(self):
        return stub(link_delay=lambda u, v: {(1, 2): 3, (2, 3): 40}[min(u, v), max(u, v)])

    def session(self, collector, hops, success=True):
        collector.start_session(0, "r", "x")
        for way, *hop in hops:
            getattr(collector, f"{way}_hop")(*hop)
        collector.end_session(success)

    SHORT = (("request", 1, 2), ("content", 2, 1, True))
    LONG = (("request", 1, 2), ("request", 2, 3), ("content", 3, 2), ("content", 2, 1))

    def test_by_hand(self):
        collector = LatencyCollector(self.view())
        self.session(collector, self.SHORT)
        self.session(collector, self.LONG)
        assert collector.results() == {"MEAN": (6 + 86) / 2}
        assert collector.results() == {"MEAN": 46.0}

    def test_side_branches_keep_nobody_waiting(self):
        collector = LatencyCollector(self.view())
        branches = (("content", 2, 3, False), ("request", 3, 2, False))
        self.session(collector, self.SHORT + branches)
        assert collector.results() == {"MEAN": 6}

    def test_failed_sessions_do_not_count(self):
        collector = LatencyCollector(self.view(), cdf=True)
        self.session(collector, self.LONG, success=False)
        assert math.isnan(collector.results()["MEAN"])
        self.session(collector, self.SHORT)
        assert collector.results()["MEAN"] == 6
        x, _ = collector.results()["CDF"]
        assert 86 not in x

    def test_the_mean_of_nothing_is_no_number(self):
        assert math.isnan(LatencyCollector(object()).results()["MEAN"])
        assert math.isnan(LatencyCollector(object(), cdf=True).results()["MEAN"])

    def test_distribution(self):
        collector = LatencyCollector(self.view(), cdf=True)
        for hops in (self.SHORT, self.LONG, self.SHORT, self.SHORT):
            self.session(collector, hops)
        x, y = collector.results()["CDF"]
        assert float(np.interp(6, x, y)) == 0.75
        assert (x[-1], y[-1]) == (86, 1)


class TestLinkLoad:
    def view(self):
        return stub(link_type=lambda u, v: "external" if 9 in (u, v) else "internal")

    def drive(self, collector, times=(10.0, 12.0, 14.0)):
        for time in times:
            collector.start_session(time, "r", "x")
            collector.request_hop(1, 2)
            collector.request_hop(2, 9, main_path=False)
            collector.content_hop(9, 2)
            collector.content_hop(2, 1)
            collector.end_session()
        return collector.results()

    def test_by_hand(self):
        # Three requests of 150 and contents of 1500 bytes in 4 seconds.
        results = self.drive(LinkLoadCollector(self.view()))
        assert results == {
            "PER_LINK_INTERNAL": {(1, 2): 112.5, (2, 1): 1125.0},
            "PER_LINK_EXTERNAL": {(2, 9): 112.5, (9, 2): 1125.0},
            "MEAN_INTERNAL": 618.75,
            "MEAN_EXTERNAL": 618.75,
            "N_INTERNAL": 2,
            "N_EXTERNAL": 2,
        }
        assert results.getval(["PER_LINK_INTERNAL", (2, 1)]) == 1125.0

    def test_both_kinds_of_message_add_up_on_a_link(self):
        collector = LinkLoadCollector(self.view(), req_size=1, content_size=100)
        collector.start_session(0, "r", "x")
        collector.request_hop(1, 2)
        collector.content_hop(1, 2)
        collector.start_session(2, "r", "x")
        collector.content_hop(1, 2)
        assert collector.results()["PER_LINK_INTERNAL"] == {(1, 2): 100.5}
        assert collector.results()["MEAN_EXTERNAL"] == 0

    def test_failed_sessions_load_links_too(self):
        collector = LinkLoadCollector(self.view())
        collector.start_session(0, "r", "x")
        collector.request_hop(1, 2)
        collector.end_session(False)
        collector.start_session(1, "r", "x")
        assert collector.results()["PER_LINK_INTERNAL"] == {(1, 2): 150.0}

    def test_without_sessions_nothing_is_known_of_links(self):
        results = LinkLoadCollector(object()).results()
        assert math.isnan(results.pop("MEAN_INTERNAL"))
        assert math.isnan(results.pop("MEAN_EXTERNAL"))
        assert (results.pop("N_INTERNAL"), results.pop("N_EXTERNAL")) == (0, 0)
        assert results == {"PER_LINK_INTERNAL": {}, "PER_LINK_EXTERNAL": {}}

    def test_a_single_instant_has_no_rate(self):
        results = self.drive(LinkLoadCollector(self.view()), times=(3.0, 3.0))
        assert math.isnan(results["MEAN_INTERNAL"])
        assert math.isnan(results["PER_LINK_EXTERNAL"][9, 2])

    def test_contents_with_a_size_of_their_own(self):
        collector = LinkLoadCollector(self.view())
        for time, size in ((0.0, 10), (2.0, 30)):
            collector.content_size(size)
            collector.start_session(time, "r", "x")
            collector.content_hop(9, 2)
        assert collector.results()["PER_LINK_EXTERNAL"] == {(9, 2): 20.0}

    @pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (-1, 1500)])
    def test_sizes_are_positive(self, sizes):
        with pytest.raises(ValueError, match="positive"):
            LinkLoadCollector(object(), *sizes)


class TestPathStretch:
    def view(self, hops=2):
        return stub(content_source=lambda content: "s", shortest_path=lambda u, v: range(hops + 1))

    def session(self, collector, requests, contents, success=True, main_path=True):
        collector.start_session(0, "r", "x")
        for _ in range(requests):
            collector.request_hop(1, 2, main_path)
        for _ in range(contents):
            collector.content_hop(2, 1, main_path)
        collector.end_session(success)

    def test_by_hand(self):
        collector = PathStretchCollector(self.view())
        self.session(collector, 2, 2)
        self.session(collector, 1, 4)
        assert collector.results() == {
            "MEAN_REQUEST": (1 + 0.5) / 2,
            "MEAN_CONTENT": (1 + 2) / 2,
            "MEAN": (1 + 1.25) / 2,
        }

    def test_the_shortest_path_scores_one(self):
        collector = PathStretchCollector(self.view(hops=3))
        for _ in range(7):
            self.session(collector, 3, 3)
        assert collector.results()["MEAN"] == 1.0

    def test_side_branches_count(self):
        collector = PathStretchCollector(self.view())
        self.session(collector, 2, 4, main_path=False)
        assert collector.results()["MEAN"] == 1.5

    def test_failed_sessions_do_not_count(self):
        collector = PathStretchCollector(self.view(), cdf=True)
        self.session(collector, 9, 9, success=False)
        assert math.isnan(collector.results()["MEAN"])
        self.session(collector, 2, 2)
        assert collector.results()["MEAN"] == 1

    def test_the_mean_of_nothing_is_no_number(self):
        results = PathStretchCollector(object(), cdf=True).results()
        for key in ("MEAN", "MEAN_REQUEST", "MEAN_CONTENT"):
            assert math.isnan(results[key])

    def test_a_receiver_that_is_the_source_has_no_stretch(self):
        collector = PathStretchCollector(self.view(hops=0))
        self.session(collector, 0, 0)
        assert math.isnan(collector.results()["MEAN"])

    def test_distributions(self):
        collector = PathStretchCollector(self.view(), cdf=True)
        for requests, contents in ((2, 2), (1, 4), (2, 2), (2, 2)):
            self.session(collector, requests, contents)
        results = collector.results()
        for key, at_one in (("CDF", 0.75), ("CDF_REQUEST", 1.0), ("CDF_CONTENT", 0.75)):
            x, y = results[key]
            assert float(np.interp(1, x, y)) == at_one
            assert y[-1] == 1


def test_dummy_keeps_the_latest_session():
    collector = DummyCollector(object())
    assert collector.session_summary() == {}
    collector.start_session(1.0, "r", "x")
    collector.cache_miss(1)
    collector.request_hop(0, 1, False)
    collector.cache_hit(1)
    collector.server_hit(2)
    assert collector.session_summary()["serving_node"] == 2
    assert "success" not in collector.session_summary()
    collector.content_hop(2, 1)
    collector.end_session(False)
    assert collector.session_summary() == {
        "timestamp": 1.0,
        "receiver": "r",
        "content": "x",
        "cache_misses": [1],
        "request_hops": [(0, 1)],
        "content_hops": [(2, 1)],
        "serving_node": 2,
        "success": False,
    }
    collector.start_session(2.0, "q", "y")
    assert collector.session_summary() == {
        "timestamp": 2.0,
        "receiver": "q",
        "content": "y",
        "cache_misses": [],
        "request_hops": [],
        "content_hops": [],
    }
