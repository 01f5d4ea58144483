"""Which cache is responsible for a content: a draw of each replication, a fixed one, or in turn."""

from __future__ import annotations

from typing import Any, NamedTuple

import fnss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from icarus.core.hashing import salted_hash, stable_hash
from icarus.core.random_streams import root_seed, stream
from icarus.core.randomness import unseeded_from
from icarus.execution import NetworkController, NetworkModel, NetworkView
from icarus.execution.simulation import Simulation, simulate
from icarus.models.cache import ShardedCache
from icarus.models.strategy import HashroutingSymmetric
from icarus.registry import STRATEGY, register_strategy
from icarus.strategies import AGAIN, DONE, define_strategy
from icarus.strategies.hashrouting import BaseHashrouting
from icarus.tools import means_confidence_interval
from icarus.util import Tree

STRATEGIES = {
    "HASHROUTING": {"routing": "SYMM"},
    "HR_SYMM": {},
    "HR_ASYMM": {},
    "HR_MULTICAST": {},
    "HR_HYBRID_AM": {},
    "HR_HYBRID_SM": {},
    "HR_EDGE_CACHE": {"routing": "SYMM", "edge_cache_ratio": 0.2},
    "HR_ON_PATH": {"routing": "SYMM", "on_path_cache_ratio": 0.2},
    "HR_CLUSTER": {"intra_routing": "SYMM"},
}
CACHES = [3, 1, 2, 4, 5]
NAMES = [*range(60), "text", "", ("a", 1), 2.5, 7.0]


def network():
    topology = fnss.Topology([("r", 3), (3, 1), (1, 2), (2, 4), (4, 5), (5, "s")])
    fnss.add_stack(topology, "r", "receiver", {})
    fnss.add_stack(topology, "s", "source", {"contents": set(NAMES)})
    for node in CACHES:
        fnss.add_stack(topology, node, "router", {"cache_size": 5})
    topology.graph["clusters"] = [{3, 1}, {2, 4, 5}]
    for node, cluster in {"r": 0, 3: 0, 1: 0, 2: 1, 4: 1, 5: 1, "s": 1}.items():
        topology.nodes[node]["cluster"] = cluster
    return NetworkView(model := NetworkModel(topology, {"name": "LRU"})), NetworkController(model)


def assignment(name, **parameters):
    strategy = STRATEGY[name](*network(), **STRATEGIES[name], **parameters)
    cluster = (1,) if name == "HR_CLUSTER" else ()
    return [strategy.authoritative_cache(content, *cluster) for content in NAMES]


def test_every_hash_routing_strategy_is_here():
    known = {name for name, one in STRATEGY.items() if issubclass(one, BaseHashrouting)}
    assert {name for name in known if STRATEGY[name].__module__.startswith("icarus.")} == set(
        STRATEGIES
    )


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_replication_has_a_draw_of_its_own(name):
    streams = [stream(root_seed(1, i), "strategy") for i in (0, 1, 0)]
    first, second, again = (assignment(name, seed=seed) for seed in streams)
    assert first == again
    assert sum(a != b for a, b in zip(first, second, strict=True)) > len(NAMES) / 3


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_salt_keeps_it_fixed(name):
    seeds = [stream(root_seed(1, i), "strategy") for i in (0, 1)]
    fixed = [assignment(name, seed=seed, salt=7) for seed in seeds]
    assert fixed[0] == fixed[1] == assignment(name, salt=7)
    assert fixed[0] != assignment(name, salt=8)
    caches = [2, 4, 5] if name == "HR_CLUSTER" else CACHES
    plain = [caches[stable_hash(content) % len(caches)] for content in NAMES]
    assert assignment(name, seed=seeds[0], salt=0) == assignment(name) == plain


@pytest.mark.parametrize("name", STRATEGIES)
def test_in_turn_is_the_remainder_of_whole_numbers(name):
    caches = [2, 4, 5] if name == "HR_CLUSTER" else CACHES
    for parameters in ({}, {"seed": 5}, {"salt": 9}):
        found = assignment(name, assignment="round_robin", **parameters)
        assert found[:60] == [caches[i % len(caches)] for i in range(60)]
        assert found[-1] == caches[7 % len(caches)]
        hashed = slice(60, len(NAMES) - 1)
        assert found[hashed] == assignment(name, **parameters)[hashed]


def test_another_assignment_is_refused():
    with pytest.raises(ValueError, match="assignment"):
        assignment("HR_SYMM", assignment="by rank")


@given(
    value=st.one_of(st.integers(), st.text(), st.tuples(st.integers())), salt=st.integers(0, 2**62)
)
def test_salted_hashes_are_64_bits_and_plain_without_salt(value, salt):
    assert 0 <= salted_hash(value, salt) < 2**64
    assert salted_hash(value, 0) == stable_hash(value)


def test_draws_of_two_salts_have_nothing_to_do_with_each_other():
    drawn = [assignment_of_range(salt) for salt in (1, 2)]
    table = np.zeros((5, 5))
    np.add.at(table, tuple(drawn), 1)
    assert chisquare(table.ravel()).pvalue > 1e-4


def assignment_of_range(salt):
    strategy = HashroutingSymmetric(*network(), salt=salt)
    return [CACHES.index(strategy.authoritative_cache(i)) for i in range(20_000)]


def test_subclasses_written_for_icarus_0_8_have_a_draw_of_each_replication_too():
    class Mine(BaseHashrouting):
        def __init__(self, view, controller, **kwargs):
            super().__init__(view, controller)

    def drawn(replication):
        with unseeded_from(stream(root_seed(1, replication), "legacy")):
            strategy = Mine(*network())
        return [strategy.authoritative_cache(content) for content in NAMES]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


# --- shards


def shards(cache):
    return [cache.f_map(k) for k in NAMES]


def test_which_items_meet_in_a_shard_is_a_draw_that_all_caches_share():
    def of(replication, **parameters):
        rng = np.random.default_rng(stream(root_seed(1, replication), "cache_policy"))
        caches = [ShardedCache(8, seed=rng, **parameters) for _ in range(2)]
        assert shards(caches[0]) == shards(caches[1])
        return shards(caches[0])

    assert of(0) == of(0)
    assert of(0) != of(1)
    assert of(0, salt=3) == of(1, salt=3) != of(0, salt=4)
    assert of(0, salt=0) == shards(ShardedCache(8)) == [stable_hash(k) % 4 for k in NAMES]


def test_the_salt_takes_no_draw_from_the_stream_of_the_shards():
    def held(**parameters):
        cache = ShardedCache(8, "RAND", 2, seed=np.random.default_rng(1), **parameters)
        return [int(cache._shards[0].parameters["seed"].integers(1000)) for _ in range(5)]

    assert held() == held(salt=0)


@pytest.mark.parametrize("parameters", [{}, {"seed": 1}, {"salt": 3}])
def test_items_of_a_shard_made_of_shards_meet_in_all_of_them(parameters):
    cache = ShardedCache(32, "SHARD", 4, policy_attr={"nodes": 4}, **parameters)
    for k in range(1000):
        cache.put(k)
    assert len(cache) == 32


def test_one_salt_for_both_does_not_send_all_contents_of_a_cache_to_one_shard():
    strategy = HashroutingSymmetric(*network(), salt=5)
    cache = ShardedCache(5, nodes=5, salt=5)
    mine = [i for i in range(1000) if strategy.authoritative_cache(i) == CACHES[0]]
    assert len({cache.f_map(i) for i in mine}) == 5


# --- campaigns


def campaign_of(strategy, policy=None, **workload):
    return Tree(
        {
            "topology": {"name": "PATH", "n": 7},
            "workload": {
                "name": "STATIONARY",
                "n_contents": 40,
                "alpha": 1.2,
                "n_warmup": 300,
                "n_measured": 2000,
                **workload,
            },
            "cache_placement": {"name": "UNIFORM", "network_cache": 0.25},
            "content_placement": {"name": "UNIFORM"},
            "strategy": strategy,
            "cache_policy": policy or {"name": "LRU"},
        }
    )


def hit_ratios(strategy, replications, policy=None, **workload):
    experiment = campaign_of(strategy, policy, **workload)
    runs = (
        simulate(Simulation(experiment, {"CACHE_HIT_RATIO": {}}, 1, i, "python"))
        for i in range(replications)
    )
    return [run.results["CACHE_HIT_RATIO"]["MEAN"] for run in runs]


@pytest.mark.parametrize("policy", [{"name": "LRU"}, {"name": "SHARD", "nodes": 2}])
def test_the_interval_over_replications_covers_the_mean_over_assignments(policy):
    # With one draw for all, intervals are as narrow as requests alone make them.
    name = "HR_SYMM" if policy["name"] == "LRU" else "LCE"
    over_draws = []
    for salt in range(40):
        strategy = {"name": name, **({"salt": salt} if name == "HR_SYMM" else {})}
        given_policy = {**policy, **({"salt": salt} if name == "LCE" else {})}
        over_draws += hit_ratios(strategy, 1, given_policy)
    spread = float(np.std(over_draws))
    fixed_strategy = {"name": name, **({"salt": 3} if name == "HR_SYMM" else {})}
    fixed_policy = {**policy, **({"salt": 3} if name == "LCE" else {})}
    fixed = hit_ratios(fixed_strategy, 8, fixed_policy)
    drawn = hit_ratios({"name": name}, 8, policy)
    mean, half_width = means_confidence_interval(drawn, 0.99)
    assert abs(mean - np.mean(over_draws)) < half_width + 3 * spread / np.sqrt(len(over_draws))
    assert np.std(drawn) > 1.5 * np.std(fixed)


def test_a_strategy_of_a_users_own_runs_in_a_campaign():
    @register_strategy("TEST_OLD_HASHROUTING", override=True)
    class Old(BaseHashrouting):
        def __init__(self, view, controller, **kwargs):
            super().__init__(view, controller)

        def process_event(self, time, receiver, content, log):
            self.controller.start_session(time, receiver, content, log)
            cache = self.authoritative_cache(content)
            self.controller.forward_request_path(receiver, cache)
            if not self.controller.get_content(cache):
                self.controller.put_content(cache)
            self.controller.end_session()

    first, second = hit_ratios({"name": "TEST_OLD_HASHROUTING"}, 2)
    assert first > 0
    assert second > 0


# --- a definition of a user's own


class ByHash(NamedTuple):
    """What HR_SYMM without a salt does, as a user may write it."""

    nodes: Any
    hashes: Any

    @classmethod
    def new(cls, network):
        nodes = [*network.cache_sizes]
        if network.numbering is not None:
            nodes = np.array([network.numbering.nodes[node] for node in nodes], dtype=np.int32)
        return cls(nodes, network.content_hashes())

    def process(self, request):
        number = np.uint64(self.hashes.of(request.content, 0))
        node = self.nodes[np.int64(number % np.uint64(len(self.nodes)))]
        to_cache = request.path(request.receiver, node)
        if request.lacks(to_cache):
            return AGAIN
        to_source = request.path_on_to_source(node)
        if request.lacks(to_source):
            return AGAIN
        last = request.last(to_cache)
        if request.look_up(to_cache, last):
            request.deliver(to_cache, last)
            return DONE
        request.ask(to_cache, last)
        request.fetch_from_source(to_source)
        request.deliver_from_source(to_source)
        request.put(to_cache, last)
        request.pass_on(to_cache, last)
        return DONE


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_a_definition_may_ask_for_hashes_of_contents(engine):
    collectors = {"CACHE_HIT_RATIO": {}, "LATENCY": {}, "LINK_LOAD": {}}

    def results(name, **parameters):
        experiment = campaign_of({"name": name, **parameters})
        return simulate(Simulation(experiment, collectors, 1, 0, engine)).results

    define_strategy("TEST_BY_HASH")(ByHash)
    assert results("TEST_BY_HASH") == results("HR_SYMM", salt=0)
