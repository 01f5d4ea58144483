"""On-path strategies on a line of routers: who is asked, who keeps a copy, what travels."""

from __future__ import annotations

import fnss
import numpy as np
import pytest
from scipy.stats import binomtest

from icarus.execution import DummyCollector, NetworkController, NetworkModel, NetworkView
from icarus.models.strategy import (
    Edge,
    LeaveCopyDown,
    LeaveCopyEverywhere,
    NoCache,
    ProbCache,
    RandomBernoulli,
    Strategy,
)
from icarus.registry import STRATEGY

UP = [(0, 1), (1, 2), (2, 3), (3, 4)]
"""Links from the receiver, 0, over routers 1 to 3 to the source, 4."""
DOWN = [(4, 3), (3, 2), (2, 1), (1, 0)]


class Network:
    """A line of three routers between receiver 0 and source 4, and a strategy on it."""

    def __init__(self, strategy, sizes=None, policy="LRU", **parameters):
        topology = fnss.Topology(fnss.line_topology(5))
        fnss.add_stack(topology, 0, "receiver", {})
        fnss.add_stack(topology, 4, "source", {"contents": {"x", "y", 0}})
        for node in (1, 2, 3):
            size = {1: 2, 2: 2, 3: 2}.get(node) if sizes is None else sizes.get(node)
            properties = {} if size is None else {"cache_size": size}
            fnss.add_stack(topology, node, "router", properties)
        self.model = NetworkModel(topology, {"name": policy})
        self.view = NetworkView(self.model)
        self.controller = NetworkController(self.model)
        self.collector = DummyCollector(self.view)
        self.controller.attach_collector(self.collector)
        self.strategy = strategy(self.view, self.controller, **parameters)

    def request(self, content="x"):
        self.strategy.process_event(1.0, 0, content, True)
        assert self.controller.session is None
        return self.collector.session_summary()

    def holders(self, content="x"):
        return [node for node, cache in self.model.cache.items() if cache.has(content)]

    def fill(self, *nodes, content="x"):
        for node in nodes:
            self.model.cache[node].put(content)


def test_the_base_class_serves_nobody():
    strategy = Strategy("view", "controller", whatever=1)
    assert (strategy.view, strategy.controller) == ("view", "controller")
    with pytest.raises(NotImplementedError, match="Strategy"):
        strategy.process_event(0, 0, "x", True)


def test_no_cache_never_asks_a_cache():
    network = Network(NoCache)
    network.fill(1, 2, 3)
    assert network.request() == {
        "timestamp": 1.0,
        "receiver": 0,
        "content": "x",
        "cache_misses": [],
        "request_hops": UP,
        "content_hops": DOWN,
        "serving_node": 4,
        "success": True,
    }
    assert network.holders("y") == []


def test_lce_copies_everywhere_and_asks_each_cache_once():
    network = Network(LeaveCopyEverywhere)
    first = network.request()
    assert first["cache_misses"] == [1, 2, 3]
    assert first["serving_node"] == 4
    assert (first["request_hops"], first["content_hops"]) == (UP, DOWN)
    assert network.holders() == [1, 2, 3]

    second = network.request()
    assert second["cache_misses"] == []
    assert second["serving_node"] == 1
    assert (second["request_hops"], second["content_hops"]) == (UP[:1], DOWN[-1:])

    network.model.cache[1].remove("x")
    third = network.request()
    assert third["cache_misses"] == [1]
    assert third["serving_node"] == 2
    assert third["content_hops"] == DOWN[2:]
    assert network.holders() == [1, 2, 3]


def test_lce_looks_up_once_what_counts_look_ups():
    network = Network(LeaveCopyEverywhere, policy="IN_CACHE_LFU")
    gets = []
    for node, cache in network.model.cache.items():
        get = cache.get
        cache.get = lambda k, node=node, get=get: gets.append(node) or get(k)
    network.request()
    assert gets == [1, 2, 3]


def test_contents_may_be_false():
    network = Network(LeaveCopyEverywhere)
    assert network.request(0)["serving_node"] == 4
    assert network.request(0)["serving_node"] == 1


def test_lcd_moves_a_copy_one_cache_down_with_each_request():
    network = Network(LeaveCopyDown)
    served, held = [], []
    for _ in range(4):
        served.append(network.request()["serving_node"])
        held.append(network.holders())
    assert served == [4, 3, 2, 1]
    assert held == [[3], [2, 3], [1, 2, 3], [1, 2, 3]]


def test_lcd_passes_over_routers_without_a_cache():
    network = Network(LeaveCopyDown, sizes={1: 1})
    assert network.request()["serving_node"] == 4
    assert network.holders() == [1]


def test_edge_asks_the_first_cache_only():
    network = Network(Edge)
    network.fill(2, 3)
    first = network.request()
    assert first["cache_misses"] == [1]
    assert first["serving_node"] == 4
    assert (first["request_hops"], first["content_hops"]) == (UP, DOWN)
    assert network.holders("x") == [1, 2, 3]
    second = network.request()
    assert second["serving_node"] == 1
    assert (second["request_hops"], second["content_hops"]) == (UP[:1], DOWN[-1:])


@pytest.mark.parametrize(("sizes", "holders"), [({2: 1, 3: 1}, [2]), ({}, [])])
def test_edge_takes_the_first_router_that_has_a_cache(sizes, holders):
    network = Network(Edge, sizes=sizes)
    summary = network.request()
    assert summary["cache_misses"] == holders
    assert summary["serving_node"] == 4
    assert network.holders() == holders


def test_edge_never_touches_the_caches_behind():
    network = Network(Edge)
    network.request("y")
    assert network.holders("y") == [1]


def test_bernoulli_with_certainty():
    network = Network(RandomBernoulli, p=1)
    network.request()
    assert network.holders() == [1, 2, 3]
    network = Network(RandomBernoulli, p=0)
    for _ in range(20):
        assert network.request()["serving_node"] == 4
    assert network.holders() == []


def test_bernoulli_flips_an_independent_coin_at_each_cache():
    network = Network(RandomBernoulli, p=0.3, seed=5)
    n = 2000
    kept = {(): 0}
    for _ in range(n):
        network.request()
        holders = tuple(network.holders())
        kept[holders] = kept.get(holders, 0) + 1
        for cache in network.model.cache.values():
            cache.clear()
    for node in (1, 2, 3):
        times = sum(count for holders, count in kept.items() if node in holders)
        assert binomtest(times, n, 0.3).pvalue > 0.001
    assert binomtest(kept[1, 2, 3], n, 0.3**3).pvalue > 0.001
    assert binomtest(kept[()], n, 0.7**3).pvalue > 0.001


def test_bernoulli_defaults_to_one_in_five():
    network = Network(RandomBernoulli, ignored=True)
    assert network.strategy.p == 0.2


def test_bernoulli_repeats_itself_with_the_same_seed():
    def trace(seed):
        network = Network(RandomBernoulli, sizes={1: 1, 2: 1, 3: 1}, p=0.5, seed=seed)
        return [(network.request(k)["serving_node"], network.holders(k)) for k in "xy" * 20]

    assert trace(3) == trace(3)
    assert trace(3) != trace(4)


class Draws(np.random.Generator):
    """A generator whose next numbers are known."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = list(numbers)

    def random(self):
        return self.numbers.pop(0)


def kept_with(draws, sizes, served_by=(), **parameters):
    """Return who keeps a copy when the caches on the way back draw `draws`, in that order."""
    network = Network(ProbCache, sizes=sizes, seed=Draws(draws), **parameters)
    network.fill(*served_by)
    network.request()
    return [node for node in network.holders() if node not in served_by]


def check_probabilities(expected, **network):
    """Check that each cache on the way back keeps a copy with exactly its probability."""
    for i, (node, probability) in enumerate(expected):
        others = [1.0] * len(expected)
        below, above = others.copy(), others.copy()
        below[i], above[i] = probability * (1 - 1e-9), probability * (1 + 1e-9)
        assert kept_with(below, **network) == [node]
        assert kept_with(above, **network) == []


def test_prob_cache_from_the_origin():
    # The way back is 3, 2, 1: c = 3, and N/(t_tw N_x) (x/c)^c for x = 1, 2, 3.
    check_probabilities(
        [
            (3, (5 + 4 + 2) / (10 * 5) * (1 / 3) ** 3),
            (2, (4 + 2) / (10 * 4) * (2 / 3) ** 3),
            (1, 2 / (10 * 2)),
        ],
        sizes={1: 2, 2: 4, 3: 5},
    )


def test_prob_cache_skips_routers_without_a_cache():
    check_probabilities(
        [(3, (5 + 2) / (10 * 5) * (1 / 2) ** 2), (1, 2 / (10 * 2))], sizes={1: 2, 3: 5}
    )


def test_prob_cache_counts_a_serving_cache():
    # Router 3 serves and counts among the c = 3; equal sizes leave 3 and 2 capacities to sum.
    check_probabilities(
        [(2, 3 / 10 * (1 / 3) ** 3), (1, 2 / 10 * (2 / 3) ** 3)],
        sizes={1: 4, 2: 4, 3: 4},
        served_by=[3],
    )


def test_prob_cache_takes_its_time_window():
    check_probabilities([(1, 1 / 3)], sizes={1: 7}, t_tw=3)


def test_prob_cache_always_keeps_where_the_weight_exceeds_one():
    network = Network(ProbCache, t_tw=0.5)
    network.request()
    assert 1 in network.holders()


def test_prob_cache_attributes_and_defaults():
    network = Network(ProbCache, sizes={1: 2, 3: 5})
    assert network.strategy.t_tw == 10
    assert network.strategy.cache_size == {1: 2, 3: 5}


def test_prob_cache_survives_caches_without_capacity():
    network = Network(ProbCache, policy="NULL", t_tw=1e-9)
    assert network.request()["serving_node"] == 4
    assert network.request()["cache_misses"] == [1, 2, 3]


@pytest.mark.parametrize("strategy", [Edge, ProbCache])
def test_some_strategies_know_all_their_parameters(strategy):
    with pytest.raises(TypeError):
        Network(strategy, unknown=1)


@pytest.mark.parametrize("name", ["NO_CACHE", "LCE", "LCD", "RAND_BERNOULLI"])
def test_the_others_ignore_what_they_do_not_know(name):
    assert Network(STRATEGY[name], unknown=1).request()["success"]


@pytest.mark.parametrize("name", ["NO_CACHE", "LCE", "LCD", "PROB_CACHE", "EDGE", "RAND_BERNOULLI"])
def test_contents_return_along_the_links_their_request_took(name):
    # A diamond, with paths given that differ between the two ways.
    topology = fnss.Topology([("r", "a"), ("r", "b"), ("a", "s"), ("b", "s")])
    fnss.add_stack(topology, "r", "receiver", {})
    fnss.add_stack(topology, "s", "source", {"contents": [1]})
    for node in "ab":
        fnss.add_stack(topology, node, "router", {"cache_size": 1})
    paths = {"r": {"s": ["r", "a", "s"]}, "s": {"r": ["s", "b", "r"]}}
    model = NetworkModel(topology, {"name": "LRU"}, shortest_path=paths)
    view, controller = NetworkView(model), NetworkController(model)
    collector = DummyCollector(view)
    controller.attach_collector(collector)
    STRATEGY[name](view, controller).process_event(0, "r", 1, True)
    assert collector.session["request_hops"] == [("r", "a"), ("a", "s")]
    assert collector.session["content_hops"] == [("s", "a"), ("a", "r")]
    assert not model.cache["b"].has(1)


@pytest.mark.parametrize("name", ["NO_CACHE", "LCE", "LCD", "PROB_CACHE", "EDGE", "RAND_BERNOULLI"])
def test_requests_that_are_not_logged_change_caches_all_the_same(name):
    network = Network(STRATEGY[name])
    network.strategy.process_event(1.0, 0, "x", False)
    assert network.collector.session_summary() == {}
    if name in ("LCE", "LCD", "EDGE"):
        assert network.holders()
