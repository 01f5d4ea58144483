"""Caches split into a part for all and a part for the own node, and how caches are built."""

from __future__ import annotations

import copy
import logging
import pickle

import fnss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.execution import DummyCollector, NetworkController, NetworkModel, NetworkView
from icarus.models import FifoCache, LruCache
from icarus.registry import CACHE_POLICY


def line(sizes):
    """A line of routers, named 1 and so on, with caches of the given sizes."""
    topology = fnss.Topology()
    for node, size in enumerate(sizes, start=1):
        topology.add_node(node)
        fnss.add_stack(topology, node, "router", {} if size is None else {"cache_size": size})
    topology.add_path(range(1, len(sizes) + 1))
    return topology


def build(sizes, policy="LRU", seed=1, **parameters):
    model = NetworkModel(line(sizes), {"name": policy, **parameters}, seed=seed)
    return model, NetworkController(model)


def sizes_of(caches):
    return {node: cache.maxlen for node, cache in caches.items()}


@pytest.fixture
def policy(monkeypatch):
    """Enter a policy for the time of a test."""

    def enter(component, name="MINE"):
        CACHE_POLICY.get(name)  # have the built-in ones in place
        monkeypatch.setitem(CACHE_POLICY, name, component)
        return name

    return enter


# --- the split


@pytest.mark.parametrize(
    ("size", "ratio", "coordinated", "local"),
    [
        (10, 0.1, 9, 1),
        (10, 0.7, 3, 7),
        (3, 0.5, 2, 1),  # a half goes to the coordinated part
        (1, 0.5, 1, 0),
        (2, 0.2, 2, 0),
        (1, 0.6, 0, 1),
        (4, 0, 4, 0),
        (4, 1, 0, 4),
    ],
)
def test_a_cache_is_divided_by_the_ratio(size, ratio, coordinated, local):
    model, controller = build([size])
    controller.reserve_local_cache(ratio)
    assert sizes_of(model.cache) == ({1: coordinated} if coordinated else {})
    assert sizes_of(model.local_cache) == ({1: local} if local else {})


@given(
    sizes=st.lists(st.none() | st.integers(1, 50), min_size=1, max_size=6),
    ratios=st.lists(st.floats(0, 1), min_size=1, max_size=3),
)
@settings(deadline=None)
def test_splitting_never_changes_the_total_space(sizes, ratios):
    model, controller = build(sizes)
    for ratio in ratios:
        controller.reserve_local_cache(ratio)
        for node, size in enumerate(sizes, start=1):
            parts = [table[node] for table in (model.cache, model.local_cache) if node in table]
            assert sum(part.maxlen for part in parts) == (size or 0)
            assert all(part.maxlen > 0 for part in parts)
            if size and node in model.local_cache:
                assert abs(model.local_cache[node].maxlen - ratio * size) <= 0.5 + 1e-6
        for table in (model.cache, model.local_cache):
            assert list(table) == sorted(table)


def test_the_share_is_a_tenth_by_default():
    model, controller = build([10, 20])
    controller.reserve_local_cache()
    assert sizes_of(model.local_cache) == {1: 1, 2: 2}


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_the_ratio_is_a_share(ratio):
    model, controller = build([10])
    with pytest.raises(ValueError, match="from 0 to 1"):
        controller.reserve_local_cache(ratio)
    assert sizes_of(model.cache) == {1: 10}


def test_both_parts_start_empty():
    model, controller = build([10])
    model.cache[1].put("x")
    controller.reserve_local_cache(0.5)
    assert len(model.cache[1]) == len(model.local_cache[1]) == 0


def test_caches_without_room_stay_as_they_are():
    model, controller = build([10], policy="NULL")
    controller.reserve_local_cache(0.5)
    assert list(model.cache) == [1]
    assert model.local_cache == {}


# --- how the parts are built


def test_the_parts_have_the_policys_parameters(policy):
    class Segmented(LruCache):
        def __init__(self, maxlen, segments=2):
            super().__init__(maxlen)
            self.segments = segments

    model, controller = build([10], policy(Segmented), segments=3)
    controller.reserve_local_cache(0.3)
    assert [model.cache[1].segments, model.local_cache[1].segments] == [3, 3]


def test_a_policy_may_be_a_function(policy):
    model, controller = build([10], policy(lambda maxlen, half: LruCache(maxlen // half)), half=2)
    assert sizes_of(model.cache) == {1: 5}
    controller.reserve_local_cache(0)
    assert type(model.cache[1]) is LruCache


def test_a_cache_put_in_place_by_hand_is_split_as_what_it_is():
    model, controller = build([10])
    model.cache[1] = FifoCache(6)
    controller.reserve_local_cache(0.5)
    assert [type(model.cache[1]), type(model.local_cache[1])] == [FifoCache, FifoCache]
    assert sizes_of(model.cache) == sizes_of(model.local_cache) == {1: 3}


def drawn(generator_of, cache, n=5):
    return [int(generator_of(cache).integers(2**62)) for _ in range(n)]


class Seeded(LruCache):
    """Keeps the seed it is given."""

    def __init__(self, maxlen, seed=None):
        super().__init__(maxlen)
        self.seed = seed


def test_all_caches_share_one_generator():
    model, controller = build([4, 4], policy="RAND")
    before = model.cache[1].parameters["seed"]
    assert model.cache[2].parameters["seed"] is before
    controller.reserve_local_cache(0.5)
    parts = [*model.cache.values(), *model.local_cache.values()]
    assert all(part.parameters["seed"] is before for part in parts)


def test_a_seed_of_the_settings_does_not_make_caches_choose_alike():
    model = NetworkModel(line([4, 4]), {"name": "RAND", "seed": 5}, seed=1)
    assert model.cache[1].parameters["seed"] is model.cache[2].parameters["seed"]
    assert model.cache[1].parameters["seed"].random() == np.random.default_rng(5).random()


def test_policies_that_want_an_integer_get_one_each(policy):
    seeds = []
    for _ in range(2):
        model, controller = build([4, 4], policy(Seeded), seed=7)
        controller.reserve_local_cache(0.5)
        caches = [*model.cache.values(), *model.local_cache.values()]
        seeds.append([cache.seed for cache in caches])
    assert seeds[0] == seeds[1]
    assert all(type(seed) is int and 0 <= seed < 2**32 for seed in seeds[0])
    assert len(set(seeds[0])) == 4


def test_an_integer_of_the_settings_is_passed_on(policy):
    model = NetworkModel(line([4, 4]), {"name": policy(Seeded), "seed": 3}, seed=1)
    assert [cache.seed for cache in model.cache.values()] == [3, 3]


def test_sizes_below_one_are_raised_with_one_warning(caplog):
    with caplog.at_level(logging.WARNING, logger="network"):
        model, _ = build([0, 5, 0.4])
    assert sizes_of(model.cache) == {1: 1, 2: 5, 3: 1}
    assert model.topology.nodes[1]["stack"][1]["cache_size"] == 0
    (record,) = caplog.records
    assert "2 caches" in record.getMessage()
    assert "1, 3" in record.getMessage()


@pytest.mark.parametrize("policy", ["LRU", "RAND"])
def test_a_model_can_be_copied_and_pickled(policy):
    model, _ = build([4, 4], policy=policy)
    model.cache[1].put("x")
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.cache[1].dump() == ["x"]
        assert twin.shortest_path[1][2] == [1, 2]
        NetworkController(twin).reserve_local_cache(0.5)
        assert sizes_of(twin.local_cache) == {1: 2, 2: 2}
    assert model.local_cache == {}


# --- look-ups


@pytest.fixture
def session():
    """A controller in a session for content x on a network with split caches, and a collector."""
    model, controller = build([4, None])
    controller.reserve_local_cache(0.5)
    collector = DummyCollector(NetworkView(model))
    controller.attach_collector(collector)
    controller.start_session(1.0, 2, "x", True)
    return controller, collector


def test_a_local_cache_serves_what_was_put_there(session):
    controller, collector = session
    view = NetworkView(controller.model)
    assert controller.get_content_local_cache(1) is False
    assert controller.put_content_local_cache(1) is None
    assert controller.get_content_local_cache(1) is True
    assert view.local_cache_lookup(1, "x") is True
    assert view.cache_lookup(1, "x") is False
    assert view.content_locations("x") == set()
    assert collector.session_summary()["cache_misses"] == [1]
    assert collector.session_summary()["serving_node"] == 1


def test_what_a_local_cache_evicts_is_returned(session):
    controller, _ = session
    for content in ("y", "z"):
        controller.model.local_cache[1].put(content)
    assert controller.put_content_local_cache(1) == "y"


def test_without_a_local_cache_nothing_is_found_kept_or_reported(session):
    controller, collector = session
    assert controller.get_content_local_cache(2) is False
    assert controller.put_content_local_cache(2) is None
    assert collector.session_summary()["cache_misses"] == []


def test_local_look_ups_need_no_collector_and_respect_the_log(session):
    controller, collector = session
    controller.end_session()
    controller.start_session(2.0, 2, "x", False)
    controller.get_content_local_cache(1)
    assert collector.session_summary()["timestamp"] == 1.0
    assert collector.session_summary()["cache_misses"] == []
    controller.end_session()
    controller.detach_collector()
    controller.start_session(3.0, 2, "x", True)
    assert controller.get_content_local_cache(1) is False


def test_a_collector_that_joins_a_session_hears_of_it(session):
    controller, _ = session
    other = DummyCollector(NetworkView(controller.model))
    other.start_session(1.0, 2, "x")
    controller.attach_collector(other)
    controller.get_content(1)
    assert other.session_summary()["cache_misses"] == [1]
