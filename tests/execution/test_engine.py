"""The reference engine against simulations small enough to be written out."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, defaultdict
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from icarus.execution import DataCollector, LatencyCollector, exec_experiment
from icarus.models.strategy import LeaveCopyEverywhere, Strategy
from icarus.registry import CACHE_POLICY, DATA_COLLECTOR, STRATEGY
from icarus.scenarios.contentplacement import uniform_content_placement
from icarus.scenarios.topology import topology_geant, topology_path, topology_tree
from icarus.scenarios.workload import RequestBatch, StationaryWorkload
from icarus.util import Tree

ALL = {name: {} for name in ("CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH")}


class Recorder(DataCollector):
    """Keeps every session with its events."""

    def __init__(self, view):
        super().__init__(view)
        self.sessions = []

    def start_session(self, timestamp, receiver, content):
        session = {"time": timestamp, "receiver": receiver, "content": content, "ends": []}
        self.sessions.append({**session, "hits": [], "origin": [], "request": [], "back": []})

    def cache_hit(self, node):
        self.sessions[-1]["hits"].append(node)

    def server_hit(self, node):
        self.sessions[-1]["origin"].append(node)

    def request_hop(self, u, v, main_path=True):
        self.sessions[-1]["request"].append((u, v))

    def content_hop(self, u, v, main_path=True):
        self.sessions[-1]["back"].append((u, v))

    def end_session(self, success=True):
        self.sessions[-1]["ends"].append(success)

    def results(self):
        return {"SESSIONS": self.sessions}


@pytest.fixture(autouse=True)
def recorder(monkeypatch):
    monkeypatch.setitem(DATA_COLLECTOR, "RECORDER", Recorder)


def equip(topology, cache_size, contents):
    """Give every candidate a cache, and spread the contents over the sources."""
    for node in topology.graph["icr_candidates"]:
        topology.nodes[node]["stack"][1]["cache_size"] = cache_size
    uniform_content_placement(topology, contents, seed=1)
    return topology


def requests(topology, n_contents=50, n_warmup=200, n_measured=1500, alpha=0.8, seed=3):
    return StationaryWorkload(topology, n_contents, alpha, 0, 10.0, n_warmup, n_measured, seed)


def run(topology, workload, strategy, policy="LRU", collectors=None, **options):
    """Run the engine; return results and the recorded sessions."""
    chosen = {**(ALL if collectors is None else collectors), "RECORDER": {}}
    strategy, policy = ({"name": p} if isinstance(p, str) else p for p in (strategy, policy))
    results = exec_experiment(topology, workload, {}, strategy, policy, chosen, **options)
    assert isinstance(results, Tree)
    return results, results["RECORDER"]["SESSIONS"]


def path_setup(n=4, cache_size=5, **kwargs):
    topology = topology_path(n)
    workload = requests(topology, **kwargs)
    return equip(topology, cache_size, workload.contents), workload


def test_one_lru_cache_agrees_with_a_simulation_in_ten_lines():
    topology, workload = path_setup(n=3, cache_size=7)
    results, sessions = run(topology, workload, "LCE")

    cache, hits = OrderedDict(), []
    for _, event in workload:
        content = event["content"]
        hit = content in cache
        cache[content] = None
        cache.move_to_end(content)
        if len(cache) > 7:
            cache.popitem(last=False)
        if event["log"]:
            hits.append(hit)

    assert [bool(session["hits"]) for session in sessions] == hits
    assert 0.2 < sum(hits) / len(hits) < 0.8
    assert results["CACHE_HIT_RATIO"]["MEAN"] == sum(hits) / len(hits)
    assert results["LATENCY"]["MEAN"] == sum(2 if hit else 4 for hit in hits) / len(hits)


def test_on_geant_no_cache_takes_the_shortest_path_and_never_hits():
    topology = topology_geant()
    workload = requests(topology, n_contents=500)
    equip(topology, 10, workload.contents)
    results, sessions = run(topology, workload, "NO_CACHE")
    assert results["PATH_STRETCH"] == {"MEAN": 1.0, "MEAN_REQUEST": 1.0, "MEAN_CONTENT": 1.0}
    assert results["CACHE_HIT_RATIO"]["MEAN"] == 0
    assert results["CACHE_HIT_RATIO"]["PER_NODE_CACHE_HIT_RATIO"] == {}
    assert len(sessions) == 1500
    for session in sessions:
        length = sum(topology.edges[link].get("weight", 1) for link in session["request"])
        assert length == nx.dijkstra_path_length(
            topology, session["receiver"], session["origin"][0]
        )
        assert session["back"] == [(v, u) for u, v in reversed(session["request"])]


def test_lce_on_a_tree_conserves_requests():
    topology = topology_tree(k=3, h=3)
    workload = requests(topology)
    equip(topology, 4, workload.contents)
    results, sessions = run(topology, workload, "LCE")

    assert len(sessions) == 1500
    assert all(session["ends"] == [True] for session in sessions)
    cache_hits = Counter(node for session in sessions for node in session["hits"])
    origin_hits = Counter(node for session in sessions for node in session["origin"])
    assert cache_hits.total() + origin_hits.total() == 1500
    assert min(cache_hits.total(), origin_hits.total()) > 100
    assert results["CACHE_HIT_RATIO"]["MEAN"] == cache_hits.total() / 1500
    assert results["CACHE_HIT_RATIO"]["PER_NODE_CACHE_HIT_RATIO"] == {
        node: hits / 1500 for node, hits in cache_hits.items()
    }
    assert results["CACHE_HIT_RATIO"]["PER_NODE_SERVER_HIT_RATIO"] == {0: origin_hits[0] / 1500}

    # In a tree there is one path, so who served says what every link carried.
    carried = defaultdict(float)
    for session in sessions:
        (server,) = session["hits"] + session["origin"]
        path = nx.shortest_path(topology, session["receiver"], server)
        for u, v in pairwise(path):
            carried[u, v] += 150
            carried[v, u] += 1500
    duration = sessions[-1]["time"] - sessions[0]["time"]
    loads = results["LINK_LOAD"]["PER_LINK_INTERNAL"]
    assert loads.keys() == carried.keys()
    for link, load in loads.items():
        assert load * duration == pytest.approx(carried[link])
    mean = sum(carried.values()) / len(carried) / duration
    assert results["LINK_LOAD"]["MEAN_INTERNAL"] == pytest.approx(mean)
    assert results["LINK_LOAD"]["MEAN_EXTERNAL"] == 0


def test_warm_up_fills_caches_and_is_not_measured():
    topology, workload = path_setup(n_warmup=700, n_measured=300)
    _, sessions = run(topology, workload, "LCE")
    assert [session["content"] for session in sessions] == [
        event["content"] for _, event in workload
    ][700:]
    topology, cold = path_setup(n_warmup=0, n_measured=1000)
    _, from_the_start = run(topology, cold, "LCE")
    assert [s["hits"] for s in from_the_start[700:]] == [s["hits"] for s in sessions]


def test_latency_by_hand():
    # Receiver 0, routers 1 and 2, source 3; delays 1, 10 and 100 ms.
    topology, _ = path_setup(n=4, cache_size=1, n_contents=2)
    for (u, v), delay in {(0, 1): 1, (1, 2): 10, (2, 3): 100}.items():
        topology.edges[u, v]["delay"] = delay

    def latency(events, strategy):
        workload = [(float(t), {"receiver": 0, "content": content, "log": t == len(events) - 1})
                    for t, content in enumerate(events)]  # fmt: skip
        return run(topology, workload, strategy)[0]["LATENCY"]["MEAN"]

    assert latency([1], "NO_CACHE") == 222
    assert latency([1], "LCE") == 222
    assert latency([1, 1], "NO_CACHE") == 222
    assert latency([1, 1], "LCE") == 2
    assert latency([1, 2, 1], "LCE") == 222, "the one place was taken"
    assert latency([1, 1], "LCD") == 22
    assert latency([1, 1, 1], "LCD") == 2


def test_stretch_and_load_by_hand():
    topology, _ = path_setup(n=4, cache_size=1, n_contents=2)
    events = [(t, {"receiver": 0, "content": 1, "log": True}) for t in (0.0, 2.0)]
    results, _ = run(topology, events, "LCE")
    # Three hops each way, then one.
    assert results["PATH_STRETCH"]["MEAN"] == (1 + 1 / 3) / 2
    assert results["LINK_LOAD"]["PER_LINK_INTERNAL"] == {
        (0, 1): 150.0,
        (1, 2): 75.0,
        (2, 3): 75.0,
        (3, 2): 750.0,
        (2, 1): 750.0,
        (1, 0): 1500.0,
    }
    assert results["LINK_LOAD"]["MEAN_INTERNAL"] == 550.0


@pytest.mark.parametrize("strategy", ["LCE", "LCD", "EDGE", "PROB_CACHE", "RAND_BERNOULLI"])
def test_batches_and_events_give_the_same(strategy):
    options = {"strategy_seed": np.random.SeedSequence(4), "policy_seed": 5}
    topology, workload = path_setup()
    batches = run(topology, workload, strategy, "RAND", **options)
    events = run(topology, list(workload), strategy, "RAND", **options)
    assert batches == events


def test_seeds_reach_strategy_and_policies():
    topology, workload = path_setup(n=5)

    def sessions(strategy_seed, policy_seed):
        return run(
            topology,
            workload,
            "RAND_BERNOULLI",
            "RAND",
            strategy_seed=np.random.SeedSequence(strategy_seed),
            policy_seed=policy_seed,
        )[1]

    base = sessions(1, 1)
    assert sessions(1, 1) == base
    assert sessions(2, 1) != base
    assert sessions(1, 2) != base


def test_parameters_reach_strategy_policy_collectors_and_model():
    topology, workload = path_setup()
    winding = [0, 1, 2, 1, 2, 3]
    results = exec_experiment(
        topology,
        workload,
        {"shortest_path": {0: {3: winding}}},
        {"name": "RAND_BERNOULLI", "p": 0},
        Tree(name="LRU"),
        {"LINK_LOAD": {"req_size": 1, "content_size": 100}, "CACHE_HIT_RATIO": {"per_node": False}},
    )
    assert results.keys() == {"LINK_LOAD", "CACHE_HIT_RATIO"}
    assert results["CACHE_HIT_RATIO"] == {"MEAN": 0.0}
    loads = results["LINK_LOAD"]["PER_LINK_INTERNAL"]
    # Per session: one request from 0 to 1; two requests and one content from 1 to 2.
    assert loads[1, 2] == pytest.approx(102 * loads[0, 1])


def test_progress_is_reported():
    topology, workload = path_setup(n_warmup=4000, n_measured=6000)
    for source in (workload, list(workload), iter(workload)):
        told = []
        run(topology, source, "NO_CACHE", heartbeat=told.append)
        assert told == sorted(told)
        assert told[-1] == 10_000
        assert len(told) >= 3


class TestUsersComponents:
    """Classes in the style that Icarus 0.8 taught."""

    def test_a_strategy_with_the_global_random(self, monkeypatch):
        class Coin(Strategy):
            def __init__(self, view, controller, p=0.5, **kwargs):
                super().__init__(view, controller)
                self.p = p

            def process_event(self, time, receiver, content, log):
                source = self.view.content_source(content)
                path = self.view.shortest_path(receiver, source)
                self.controller.start_session(time, receiver, content, log)
                for u, v in pairwise(path):
                    self.controller.forward_request_hop(u, v)
                    if self.view.has_cache(v) and self.controller.get_content(v):
                        serving_node = v
                        break
                else:
                    self.controller.get_content(v)
                    serving_node = v
                path = list(reversed(self.view.shortest_path(receiver, serving_node)))
                for u, v in pairwise(path):
                    self.controller.forward_content_hop(u, v)
                    if v != receiver and self.view.has_cache(v) and random.random() < self.p:
                        self.controller.put_content(v)
                self.controller.end_session()

        monkeypatch.setitem(STRATEGY, "TEST_COIN", Coin)
        topology, workload = path_setup()
        random.seed(1)
        never = run(topology, workload, {"name": "TEST_COIN", "p": 0})
        always = run(topology, workload, {"name": "TEST_COIN", "p": 1})
        assert never[0]["CACHE_HIT_RATIO"]["MEAN"] == 0
        assert always == run(topology, workload, "LCE")

    def test_a_policy_with_the_bare_minimum(self, monkeypatch):
        class Oldest:
            """First in, first out, without a base class."""

            def __init__(self, maxlen, **kwargs):
                self.maxlen = maxlen
                self.held = []

            def get(self, k):
                return k in self.held

            has = get

            def put(self, k):
                if k in self.held:
                    return None
                self.held.append(k)
                return self.held.pop(0) if len(self.held) > self.maxlen else None

            def remove(self, k):
                return k in self.held and not self.held.remove(k)

            def dump(self):
                return self.held[::-1]

        monkeypatch.setitem(CACHE_POLICY, "TEST_OLDEST", Oldest)
        topology, workload = path_setup()
        assert run(topology, workload, "LCE", "TEST_OLDEST") == run(
            topology, workload, "LCE", "FIFO"
        )

    def test_a_workload_that_iterates_over_events(self):
        class Cyclic:
            def __init__(self, topology):
                self.contents = range(3)
                self.n_contents = 3

            def __iter__(self):
                for t in range(10):
                    yield t, {"receiver": 0, "content": t % 3, "log": t >= 4}

        topology = topology_path(3)
        equip(topology, 3, range(3))
        _, sessions = run(topology, Cyclic(topology), "LCE")
        assert [session["time"] for session in sessions] == [4, 5, 6, 7, 8, 9]
        assert [session["content"] for session in sessions] == [1, 2, 0, 1, 2, 0]
        assert all(session["hits"] == [1] for session in sessions)

    def test_events_may_carry_more_than_the_usual(self, monkeypatch):
        priorities = []

        class Priority(LeaveCopyEverywhere):
            def process_event(self, time, receiver, content, log, priority):
                priorities.append(priority)
                super().process_event(time, receiver, content, log)

        monkeypatch.setitem(STRATEGY, "TEST_PRIORITY", Priority)
        topology, _ = path_setup()
        event = {"receiver": 0, "content": 1, "log": True, "priority": "high"}
        run(topology, [(0, event)], "TEST_PRIORITY")
        assert priorities == ["high"]

    def test_a_built_in_workload_with_another_iterator(self):
        class EverySecond(StationaryWorkload):
            def __iter__(self):
                yield from list(super().__iter__())[::2]

        class Renamed(EverySecond):
            pass

        class Doubled(StationaryWorkload):
            def batches(self):
                for batch in super().batches():
                    yield batch
                    yield batch

        topology, workload = path_setup(n_warmup=0, n_measured=100)
        everything = [event["content"] for _, event in workload]

        def seen(cls):
            own = cls(topology, 50, 0.8, 0, 10.0, 0, 100, 3)
            return [session["content"] for session in run(topology, own, "LCE")[1]]

        assert seen(StationaryWorkload) == everything
        assert seen(EverySecond) == everything[::2]
        assert seen(Renamed) == everything[::2]
        assert seen(Doubled) == everything * 2

    def test_a_collector_that_extends_a_built_in_one(self, monkeypatch):
        class Worst(LatencyCollector):
            def __init__(self, view):
                super().__init__(view, cdf=True)

            def results(self):
                return {**super().results(), "WORST": super().results()["CDF"][0][-1]}

        monkeypatch.setitem(DATA_COLLECTOR, "TEST_WORST", Worst)
        topology, workload = path_setup()
        results, _ = run(topology, workload, "LCE", collectors={**ALL, "TEST_WORST": {}})
        assert results["TEST_WORST"]["WORST"] == 6
        assert results["TEST_WORST"]["MEAN"] == results["LATENCY"]["MEAN"]

    @pytest.mark.parametrize("old_style", [True, False])
    def test_a_seed_without_annotation_is_an_integer(self, old_style, monkeypatch):
        seeds = []

        class Old(LeaveCopyEverywhere):
            def __init__(self, view, controller, seed=None):
                super().__init__(view, controller)
                seeds.append(seed)

        class Typed(LeaveCopyEverywhere):
            def __init__(self, view, controller, seed: int = 0):
                super().__init__(view, controller)
                seeds.append(seed)

        monkeypatch.setitem(STRATEGY, "TEST_SEEDED", Old if old_style else Typed)
        topology, workload = path_setup(n_warmup=0, n_measured=1)
        for entropy in (1, 1, 2):
            sequence = np.random.SeedSequence(entropy)
            run(topology, workload, "TEST_SEEDED", strategy_seed=sequence)
        run(topology, workload, {"name": "TEST_SEEDED", "seed": 9}, strategy_seed=sequence)
        assert [type(seed) for seed in seeds] == [int] * 4
        assert seeds[0] == seeds[1] != seeds[2]
        assert all(seed in range(2**32) for seed in seeds)
        assert seeds[3] == 9


class Sized:
    """A native workload that knows the sizes of its contents."""

    receivers = (0,)
    contents = ("small", "large")
    n_contents = 2
    n_requests = 4

    def batches(self):
        yield RequestBatch(
            time=np.array([0.0, 1.0, 2.0, 3.0]),
            receiver=np.zeros(4, np.int32),
            content=np.array([1, 0, 1, 0]),
            measured=np.array([False, True, True, True]),
            size=np.array([1000, 10, 1000, 10]),
        )


def test_sizes_of_contents_are_measured():
    topology = topology_path(3)
    equip(topology, 2, Sized.contents)
    results, sessions = run(topology, Sized(), "LCE")
    assert [session["hits"] for session in sessions] == [[], [1], [1]]
    assert results["CACHE_HIT_RATIO"]["BYTE_HIT_RATIO"] == 1010 / 1020
    assert results["LINK_LOAD"]["PER_LINK_INTERNAL"] == {
        (0, 1): 3 * 150 / 2,
        (1, 2): 150 / 2,
        (2, 1): 10 / 2,
        (1, 0): 1020 / 2,
    }


@pytest.mark.parametrize("part", ["strategy", "policy", "collector"])
def test_an_unknown_component_is_named(part):
    topology, workload = path_setup()
    names = {"strategy": "LCE", "policy": "LRU", "collector": "LATENCY", part: "NO_SUCH"}
    with pytest.raises((KeyError, ValueError), match="NO_SUCH"):
        exec_experiment(
            topology,
            workload,
            {},
            {"name": names["strategy"]},
            {"name": names["policy"]},
            {names["collector"]: {}},
        )
