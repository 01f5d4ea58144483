"""Laws that every registered strategy obeys on any network, whatever is requested.

A strategy is watched from three sides: the events a collector hears, the calls it makes on
the controller, and what its caches hold before and after each request.
"""

from __future__ import annotations

import itertools
import typing
from collections import Counter
from typing import Any

import fnss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icarus.core.signatures import parameters
from icarus.execution import (
    CacheHitRatioCollector,
    CollectorProxy,
    DataCollector,
    LatencyCollector,
    LinkLoadCollector,
    NetworkController,
    NetworkModel,
    NetworkView,
    PathStretchCollector,
)
from icarus.registry import STRATEGY

NEEDS_A_SPECIAL_NETWORK = {"HR_CLUSTER", "HR_EDGE_CACHE", "HR_ON_PATH"}
"""Strategies with clusters or local caches: their laws are in tests/models, on such networks."""

STRATEGIES = sorted(
    name
    for name, strategy in STRATEGY.items()
    if strategy.__module__.startswith("icarus.") and name not in NEEDS_A_SPECIAL_NETWORK
)
CONTENTS = [0, "", "c", 3, ("d", 1)]
NAMES = [0, "", "a", (1, 2), 5, -1, "z", 2.5, 7, "q", 11, "w"]


def variants(strategy: Any) -> list[dict[str, Any]]:
    """Return values for the parameters that a strategy cannot do without."""
    choices: dict[str, list[Any]] = {}
    for name, parameter in list(parameters(strategy).items())[2:]:
        if parameter.required and typing.get_origin(parameter.annotation) is typing.Literal:
            choices[name] = list(typing.get_args(parameter.annotation))
        elif parameter.required:
            choices[name] = [0.5]
    values = itertools.product(*choices.values())
    return [dict(zip(choices, chosen, strict=True)) for chosen in values]


CASES = [
    pytest.param(STRATEGY[name], given, id="-".join([name, *map(str, given.values())]))
    for name in STRATEGIES
    for given in variants(STRATEGY[name])
]


@st.composite
def networks(draw):
    """Random trees of routers with further links, and receivers and sources attached.

    Receivers and sources may have several links, so that others' paths lead through them.
    """
    names = iter(draw(st.permutations(NAMES)))
    topology = fnss.Topology()
    weight = st.sampled_from([0, 0.5, 1, 1, 1, 2])
    delay = st.integers(0, 9)

    def link(u, v):
        kind = "external" if draw(st.booleans()) else "internal"
        topology.add_edge(u, v, weight=draw(weight), delay=draw(delay), type=kind)

    routers = [next(names) for _ in range(draw(st.integers(1, 6)))]
    topology.add_nodes_from(draw(st.permutations(routers)))
    for i, router in enumerate(routers[1:], start=1):
        link(router, routers[draw(st.integers(0, i - 1))])
    for u, v in itertools.combinations(routers, 2):
        if not topology.has_edge(u, v) and draw(st.integers(0, 3)) == 0:
            link(u, v)
    ends = {"receiver": draw(st.integers(1, 3)), "source": draw(st.integers(1, 2))}
    nodes: dict[str, list[Any]] = {}
    for kind, number in ends.items():
        nodes[kind] = [next(names) for _ in range(number)]
        for node in nodes[kind]:
            for router in draw(st.sets(st.sampled_from(routers), min_size=1, max_size=2)):
                link(node, router)
    held: dict[Any, set[Any]] = {source: set() for source in nodes["source"]}
    for content in CONTENTS:
        held[draw(st.sampled_from(nodes["source"]))].add(content)
    caches = draw(st.sets(st.sampled_from(routers), min_size=1))
    for node in routers:
        properties = {"cache_size": draw(st.integers(1, 3))} if node in caches else {}
        fnss.add_stack(topology, node, "router", properties)
    for node in nodes["receiver"]:
        fnss.add_stack(topology, node, "receiver", {})
    for node, contents in held.items():
        fnss.add_stack(topology, node, "source", {"contents": contents})
    in_order = [router for router in routers if router in caches]
    topology.graph["cache_assignment"] = {
        receiver: draw(st.sampled_from(in_order)) for receiver in nodes["receiver"]
    }
    requests = st.tuples(st.sampled_from(nodes["receiver"]), st.sampled_from(CONTENTS))
    return topology, draw(st.lists(requests, min_size=1, max_size=25))


class Witness(DataCollector):
    """Writes every event of the sessions that collectors hear of into one list."""

    def __init__(self, events: list[tuple[Any, ...]]) -> None:
        super().__init__(None)
        self.events = events

    def start_session(self, timestamp, receiver, content):
        self.events.append(("start", timestamp, receiver, content))

    def cache_hit(self, node):
        self.events.append(("hit", node))

    def cache_miss(self, node):
        self.events.append(("miss", node))

    def server_hit(self, node):
        self.events.append(("server", node))

    def request_hop(self, u, v, main_path=True):
        self.events.append(("request", u, v, main_path))

    def content_hop(self, u, v, main_path=True):
        self.events.append(("content", u, v, main_path))

    def end_session(self, success=True):
        self.events.append(("end", success))


class WatchedController(NetworkController):
    """Writes the calls of a strategy into the same list."""

    def __init__(self, model: NetworkModel, events: list[tuple[Any, ...]]) -> None:
        super().__init__(model)
        self.events = events

    def start_session(self, *args, **kwargs):
        self.events.append(("open",))
        super().start_session(*args, **kwargs)

    def end_session(self, *args, **kwargs):
        self.events.append(("close",))
        super().end_session(*args, **kwargs)

    def get_content(self, node):
        if node in self.model.cache:
            self.events.append(("get", node))
        return super().get_content(node)

    def put_content(self, node):
        self.events.append(("put", node))
        return super().put_content(node)


class Watch:
    """A strategy on a network, with witnesses in place."""

    def __init__(self, strategy, given, topology, policy="LRU"):
        self.topology = topology
        self.model = NetworkModel(topology, {"name": policy})
        self.view = NetworkView(self.model)
        self.events: list[tuple[Any, ...]] = []
        self.controller = WatchedController(self.model, self.events)
        self.built_in = [
            CacheHitRatioCollector(self.view),
            LatencyCollector(self.view),
            LinkLoadCollector(self.view),
            PathStretchCollector(self.view),
        ]
        self.proxy = CollectorProxy(self.view, [Witness(self.events), *self.built_in])
        self.controller.attach_collector(self.proxy)
        if "seed" in parameters(strategy):
            given = {**given, "seed": np.random.default_rng(1)}
        self.strategy = strategy(self.view, self.controller, **given)

    def contents(self) -> dict[Any, set[Any]]:
        return {node: set(cache.dump()) for node, cache in self.model.cache.items()}

    def request(self, time, receiver, content, log=True) -> list[tuple[Any, ...]]:
        """Serve one request and return what happened."""
        self.events.clear()
        self.strategy.process_event(time=time, receiver=receiver, content=content, log=log)
        return list(self.events)


def of(events, *kinds):
    return [event[1:] for event in events if event[0] in kinds]


def check_walk(hops, start, end, topology):
    """Check that `hops` lead from `start` to `end` over links that there are."""
    at = start
    for u, v in hops:
        assert u == at
        assert topology.has_edge(u, v)
        at = v
    assert at == end


def check_session(watch, receiver, content, before, events):
    """Check one session; return its serving node."""
    kinds = [event[0] for event in events]
    assert kinds[:2] == ["open", "start"]
    assert kinds[-2:] == ["close", "end"]
    assert [kinds.count(kind) for kind in ("open", "start", "close", "end")] == [1] * 4
    assert events[1][2:] == (receiver, content)
    assert events[-1] == ("end", True)
    assert watch.controller.session is None

    looked_up = [node for (node,) in of(events, "get")]
    assert len(set(looked_up)) == len(looked_up), "each cache is asked at most once"
    assert looked_up == [node for (node,) in of(events, "hit", "miss")]
    assert all(content not in before[node] for (node,) in of(events, "miss"))

    ((server,),) = of(events, "hit", "server")
    if of(events, "server"):
        assert content in watch.model.source_node[server]
    else:
        assert content in before[server]

    requested = [(u, v) for u, v, main in of(events, "request") if main]
    returned = [(u, v) for u, v, main in of(events, "content") if main]
    check_walk(requested, receiver, server, watch.topology)
    check_walk(returned, server, receiver, watch.topology)

    # The content is where it was served and wherever it has arrived since.
    reached = {server}
    asked = {receiver}
    puts = Counter()
    for kind, *what in events:
        if kind == "content":
            assert what[0] in reached
            assert watch.topology.has_edge(what[0], what[1])
            reached.add(what[1])
        elif kind == "request":
            asked.add(what[1])
        elif kind == "get":
            assert what[0] in asked, "a cache is asked where the request came by"
        elif kind == "put":
            assert what[0] in reached, "a copy is left where the content came by"
            puts[what[0]] += 1
    assert all(number == 1 for number in puts.values())

    after = watch.contents()
    for node, cache in watch.model.cache.items():
        assert len(cache) <= cache.maxlen
        new, gone = after[node] - before[node], before[node] - after[node]
        assert new <= ({content} if node in puts else set())
        assert not gone or node in puts
    return server


limits = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
policies = st.sampled_from(["LRU", "FIFO", "IN_CACHE_LFU", "RAND"])


@pytest.mark.parametrize(("strategy", "parameters_given"), CASES)
@limits
@given(network=networks(), policy=policies)
def test_every_session_obeys_the_laws_and_the_counters_add_up(
    strategy, parameters_given, network, policy
):
    topology, requests = network
    watch = Watch(strategy, parameters_given, topology, policy)
    served = Counter()
    latencies, stretches, carried = [], [], Counter()
    for i, (receiver, content) in enumerate(requests):
        before = watch.contents()
        events = watch.request(float(i), receiver, content)
        server = check_session(watch, receiver, content, before, events)
        served[bool(of(events, "hit")), server] += 1
        hops = of(events, "request", "content")
        latencies.append(sum(topology.edges[u, v]["delay"] for u, v, main in hops if main))
        shortest = len(watch.view.shortest_path(receiver, watch.view.content_source(content))) - 1
        stretches.append(len(hops) / (2 * shortest))
        carried.update({(u, v): 0 for u, v, _ in hops})
        for size, kind in ((150, "request"), (1500, "content")):
            for u, v, _ in of(events, kind):
                carried[u, v] += size

    ratio, latency, load, stretch = (collector.results() for collector in watch.built_in)
    n = len(requests)
    hits = sum(number for (hit, _), number in served.items() if hit)
    assert ratio["MEAN"] == pytest.approx(hits / n)
    for hit, key in ((True, "PER_NODE_CACHE_HIT_RATIO"), (False, "PER_NODE_SERVER_HIT_RATIO")):
        assert ratio[key] == {node: number / n for (h, node), number in served.items() if h is hit}
    assert latency["MEAN"] == pytest.approx(sum(latencies) / n)
    assert stretch["MEAN"] == pytest.approx(sum(stretches) / n)
    for kind in ("internal", "external"):
        links = [link for link in carried if topology.edges[link]["type"] == kind]
        loads = load[f"PER_LINK_{kind.upper()}"]
        assert sorted(map(str, loads.keys())) == sorted(map(str, links))
        if n > 1:
            assert loads == {link: pytest.approx(carried[link] / (n - 1)) for link in links}


@pytest.mark.parametrize(("strategy", "parameters_given"), CASES)
@settings(limits, max_examples=12)
@given(network=networks())
def test_whether_anybody_listens_changes_nothing(strategy, parameters_given, network):
    topology, requests = network
    heard = Watch(strategy, parameters_given, topology)
    unheard = Watch(strategy, parameters_given, topology)
    for i, (receiver, content) in enumerate(requests):
        heard.request(float(i), receiver, content)
        events = unheard.request(float(i), receiver, content, log=False)
        kinds = [kind for kind, *_ in events]
        assert set(kinds) <= {"open", "get", "put", "close"}
        assert (kinds[0], kinds[-1]) == ("open", "close")
        assert kinds.count("open") == kinds.count("close") == 1
        assert unheard.controller.session is None
        dumps = [{v: c.dump() for v, c in w.model.cache.items()} for w in (heard, unheard)]
        assert dumps[0] == dumps[1]
    assert np.isnan(unheard.built_in[1].results()["MEAN"])


@pytest.mark.parametrize(("strategy", "parameters_given"), CASES)
@settings(limits, max_examples=12)
@given(network=networks())
def test_caches_that_hold_nothing_serve_nothing(strategy, parameters_given, network):
    topology, requests = network
    watch = Watch(strategy, parameters_given, topology, policy="NULL")
    for i, (receiver, content) in enumerate(requests):
        before = watch.contents()
        events = watch.request(float(i), receiver, content)
        server = check_session(watch, receiver, content, before, events)
        assert server == watch.view.content_source(content)
    assert watch.built_in[0].results()["MEAN"] == 0
