"""Systems of caches, by hand; shards also against caches of their own."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections import Counter
from typing import Any

import fnss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from icarus.core.hashing import stable_hash
from icarus.execution import NetworkModel
from icarus.models.cache import (
    ArrayCache,
    Cache,
    FifoCache,
    LruCache,
    NullCache,
    PathCache,
    ShardedCache,
    TreeCache,
)
from icarus.planning.validation import SectionChecker
from icarus.registry import CACHE_POLICY, register_cache_policy
from icarus.util import Tree


def filled(*contents: Any, size: int = 3) -> LruCache:
    cache = LruCache(size)
    for k in contents:
        cache.put(k)
    return cache


def system(name: str) -> Any:
    caches = [FifoCache(2), FifoCache(3)]
    return TreeCache(caches, FifoCache(4)) if name == "TREE" else CACHE_POLICY[name](caches)


# Path


def test_a_path_asks_until_one_has_the_item_and_fills_those_before():
    path = PathCache([filled("a"), filled("b"), filled("c", "b")])
    assert path.get("c") is True
    assert path.dump(serialized=False) == [["c", "a"], ["c", "b"], ["c", "b"]]
    assert path.dump() == ["c", "a", "c", "b", "c", "b"]
    assert path.get("b")
    assert path.dump(serialized=False) == [["b", "c", "a"], ["b", "c"], ["c", "b"]]
    assert path.get("z") is False
    assert path.put(0) is None
    assert [line[0] for line in path.dump(serialized=False)] == [0, 0, 0]


def test_a_path_has_what_any_of_its_caches_has():
    path = PathCache([filled(), filled(None)])
    assert path.has(None)
    assert not path.has("a")
    assert path.dump(serialized=False) == [[], [None]]


def test_len_and_maxlen_are_those_of_icarus_0_8():
    path = PathCache([filled(1), filled(2, 3)])
    assert (len(path), path.maxlen) == (2, 2)
    for fresh in (system("TREE"), system("ARRAY")):
        assert (len(fresh), fresh.maxlen) == (0, 0)
    tree = TreeCache([filled(1), filled(2, 3)], filled(4), seed=1)
    array = ArrayCache([filled(1), filled(2, 3)], seed=1)
    for caches, held in ((tree, 4), (array, 3)):
        assert (len(caches), caches.maxlen, caches.n_items) == (held, held, held)
        caches.get("new")
        caches.put("new")
        assert (len(caches), caches.maxlen) == (held, held)
        assert caches.n_items == len(caches.dump()) > held
    nested = PathCache([tree, array])
    assert nested.n_items == tree.n_items + array.n_items
    assert nested.capacity == tree.capacity + array.capacity


@pytest.mark.parametrize("name", ["PATH", "TREE", "ARRAY"])
def test_sizes_are_those_of_all_caches_now(name):
    caches = system(name)
    assert caches.capacity == (9 if name == "TREE" else 5)
    assert caches.n_items == 0
    for k in range(4):
        caches.get(k)
        caches.put(k)
    assert caches.n_items == len(caches.dump()) > 2
    assert caches.remove(3) is True
    assert 3 not in caches.dump()
    assert caches.remove(3) is False
    caches.clear()
    assert caches.n_items == 0
    assert caches.dump(serialized=False) == [[]] * (3 if name == "TREE" else 2)
    with pytest.raises(NotImplementedError):
        caches.position(3)
    assert not isinstance(caches, Cache)


@pytest.mark.parametrize("name", ["PATH", "TREE", "ARRAY"])
def test_a_system_is_made_of_caches_so_settings_cannot_name_it(name):
    others = (FifoCache(1),) if name == "TREE" else ()
    with pytest.raises(TypeError, match="must be a list of caches, found 5"):
        CACHE_POLICY[name](5, *others)
    with pytest.raises(ValueError, match="at least one cache"):
        CACHE_POLICY[name]([], *others)
    ((_, problem),) = SectionChecker().check("cache_policy", {"name": name}).problems
    assert "only scripts" in problem


# Tree


def test_a_tree_needs_a_root():
    with pytest.raises(TypeError, match="root_cache must be a cache, found none"):
        TreeCache([LruCache(1)])


def test_a_tree_asks_a_leaf_and_then_the_root():
    tree = TreeCache([filled("a", "l")], filled("a", "r"))
    assert tree.get("l") is True
    assert tree.dump(serialized=False) == [["l", "a"], ["r", "a"]]
    assert tree.get("r") is True
    assert tree.dump(serialized=False) == [["r", "l", "a"], ["r", "a"]]
    assert tree.get("z") is False
    assert tree.put("z") is None
    assert tree.dump(serialized=False) == [["z", "r", "l"], ["z", "r", "a"]]
    with pytest.raises(NotImplementedError):
        tree.has("z")


def test_a_tree_puts_into_the_leaf_that_was_asked():
    tree = TreeCache([LruCache(200) for _ in range(4)], NullCache(), seed=1)
    held: Counter[int] = Counter()
    for k in range(400):
        tree.get(k)
        tree.put(k)
        places = [i for i, line in enumerate(tree.dump(serialized=False)) if k in line]
        assert len(places) == 1
        held.update(places)
    assert chisquare([held[i] for i in range(4)]).pvalue > 0.001


@pytest.mark.parametrize("name", ["TREE", "ARRAY"])
def test_put_goes_where_get_went(name):
    with pytest.raises(ValueError, match="call get first"):
        system(name).put(1)


# Array


def test_an_array_asks_caches_as_often_as_their_weights_say():
    caches = [LruCache(1) for _ in range(3)]
    array = ArrayCache(caches, weights=[0.5, 0.5, 0], seed=1)
    chosen = Counter(caches.index(array.select_cache()) for _ in range(2000))
    assert chisquare([chosen[0], chosen[1]]).pvalue > 0.001
    assert chosen[2] == 0
    even = ArrayCache(caches, seed=2)
    chosen = Counter(caches.index(even.select_cache()) for _ in range(3000))
    assert chisquare([chosen[i] for i in range(3)]).pvalue > 0.001


def test_an_array_puts_into_the_cache_that_was_asked():
    array = ArrayCache([LruCache(1), LruCache(1)], weights=(0, 1))
    assert array.get("a") is False
    assert array.put("a") is None
    assert array.dump(serialized=False) == [[], ["a"]]
    assert array.get("a") is True
    with pytest.raises(NotImplementedError):
        array.has("a")


def test_an_array_repeats_itself_with_the_same_seed():
    def asked(seed: Any) -> list[Any]:
        array = ArrayCache([LruCache(50), LruCache(50)], seed=seed)
        for k in range(50):
            array.get(k)
            array.put(k)
        return array.dump(serialized=False)

    assert asked(5) == asked(5) == asked(np.random.default_rng(5))
    assert asked(5) != asked(6)


@pytest.mark.parametrize("weights", [[1], [0.5, 0.4], [1.5, -0.5], [0.5, 0.25, 0.25]])
def test_weights_are_probabilities(weights):
    with pytest.raises(ValueError, match="weights must"):
        ArrayCache([LruCache(1), LruCache(1)], weights=weights)


# Shards


items = st.sampled_from([0, None, "", 1, 2, 3, "a", "b", ("a", 1), 2.5])
operations = st.lists(
    st.tuples(st.sampled_from(["get", "put", "put", "has", "remove", "clear"]), items), max_size=60
)


@settings(deadline=None, max_examples=100)
@given(
    nodes=st.integers(1, 4),
    maxlen=st.integers(4, 9),
    policy=st.sampled_from(["LRU", "FIFO", "CLIMB"]),
    operations=operations,
)
def test_each_shard_is_a_cache_of_its_own(nodes, maxlen, policy, operations):
    cache = ShardedCache(maxlen, policy, nodes)
    sizes = [len(part) for part in np.array_split(range(maxlen), nodes)]
    alone = [CACHE_POLICY[policy](size) for size in sizes]
    for operation, k in operations:
        if operation == "clear":
            cache.clear()
            for shard in alone:
                shard.clear()
        else:
            shard = alone[stable_hash(k) % nodes]
            assert getattr(cache, operation)(k) == getattr(shard, operation)(k)
        assert cache.dump(serialized=False) == [shard.dump() for shard in alone]
        assert len(cache) == len(cache.dump()) == sum(map(len, alone)) <= cache.maxlen == maxlen


def test_shards_by_hand():
    cache = ShardedCache(10, nodes=4, f_map=lambda k: k % 4)
    assert cache.f_map(6) == 2
    for k in range(12):
        cache.put(k)
    assert cache.dump(serialized=False) == [[8, 4, 0], [9, 5, 1], [10, 6], [11, 7]]
    assert cache.put(12) == 0
    assert cache.do("PUT", 13) == 1
    assert cache.get(12)
    assert not cache.has(0)
    assert cache.maxlen == 10
    assert isinstance(cache, Cache)
    assert not hasattr(cache, "position")


def test_shards_are_about_equally_busy():
    cache = ShardedCache(8, nodes=8)
    for names in (range(4000), [f"content {i}" for i in range(4000)]):
        busy = Counter(cache.f_map(k) for k in names)
        assert chisquare([busy[i] for i in range(8)]).pvalue > 0.001


def test_the_shard_of_an_item_is_the_same_in_every_process():
    code = (
        "from icarus.models.cache import ShardedCache; c = ShardedCache(8, nodes=8);"
        "print([c.f_map(k) for k in (0, 1, None, 'a', ('a', 1), 2.5)])"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(texts) == 1


@pytest.mark.parametrize("nodes", [0, -1, 5, 2.0, "2", True])
def test_a_senseless_number_of_shards_is_refused(nodes):
    with pytest.raises(ValueError, match="nodes must be"):
        ShardedCache(4, nodes=nodes)


def test_an_unknown_policy_is_named_with_the_nearest_known():
    with pytest.raises(KeyError, match="unknown cache policy 'LUR'; did you mean 'LRU'"):
        ShardedCache(4, policy="LUR")


def test_shards_can_be_copied_and_pickled():
    cache = ShardedCache(4, "RAND", 2, seed=1)
    for k in range(10):
        cache.put(k)
    for twin in (copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        assert twin.dump() == cache.dump()
        twin.clear()
    assert len(cache) > 0


def test_shards_that_choose_at_random_share_one_stream():
    def held(seed: Any, **parameters: Any) -> list[Any]:
        cache = ShardedCache(8, "RAND", 2, seed=seed, salt=0, **parameters)
        for k in range(100):
            cache.put(k)
        return cache.dump()

    assert held(1) == held(np.random.default_rng(1)) == held(2, policy_attr={"seed": 1})
    assert held(1) != held(2)
    cache = ShardedCache(8, "RAND", 2, f_map=lambda k: k % 2, seed=1)
    evicted = [cache.put(k) for k in range(100)]
    assert [k // 2 for k in evicted[8::2]] != [k // 2 for k in evicted[9::2]]


def test_a_policy_written_for_icarus_08_gets_an_integer_for_each_shard():
    seeds = []

    @register_cache_policy("SEEDED_08")
    class Seeded(FifoCache):
        def __init__(self, maxlen, seed=None, **kwargs):
            super().__init__(maxlen)
            seeds.append(seed)

    try:
        ShardedCache(4, "SEEDED_08", 2, seed=1)
    finally:
        del CACHE_POLICY["SEEDED_08"]
    assert [type(seed) for seed in seeds] == [int, int]
    assert seeds[0] != seeds[1]


def test_settings_reach_the_shards_of_a_network():
    topology = fnss.Topology()
    topology.add_edge(0, 1)
    fnss.add_stack(topology, 0, "router", {"cache_size": 9})
    fnss.add_stack(topology, 1, "source", {"contents": {1}})
    policy = Tree(
        name="SHARD",
        policy="SLRU",
        nodes=2,
        policy_attr={"segments": 3, "alloc": [0.5, 0.25, 0.25]},
    )
    assert SectionChecker().check("cache_policy", policy).problems == []
    cache = NetworkModel(topology, policy).cache[0]
    assert cache.maxlen == 9
    assert [shard._segment_maxlen for shard in cache._shards] == [[3, 1, 1], [2, 1, 1]]


@pytest.mark.parametrize(
    ("section", "place", "text"),
    [
        ({"policy": "LUR"}, "name", "policy: unknown cache policy 'LUR'; did you mean 'LRU'?"),
        ({"policy": "MIN"}, "name", "policy_attr.trace: missing"),
        ({"policy": "SLRU", "policy_attr": {"segment": 3}}, "name", "did you mean 'segments'?"),
        ({"nodes": 0}, "nodes", "greater than 0"),
        ({"node": 2}, "node", "did you mean 'nodes'?"),
    ],
)
def test_settings_of_shards_are_checked_before_anything_runs(section, place, text):
    found = SectionChecker().check("cache_policy", Tree({"name": "SHARD", **section})).problems
    assert [where for where, _ in found] == [place]
    assert text in found[0][1]
