"""Hash-routing: which cache is responsible, and the detour over it."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter

import fnss
import pytest
from scipy.stats import chisquare

from icarus.core.hashing import stable_hash
from icarus.execution import DummyCollector, NetworkController, NetworkModel, NetworkView
from icarus.models.strategy import HashroutingSymmetric


class Star:
    """Router 0 in the middle; routers 1 to 3 with a cache, receiver "r" and source "s" around."""

    def __init__(self, contents=range(100), caches=(1, 2, 3)):
        topology = fnss.Topology([(0, 1), (0, "r"), (0, "s"), (0, 3), (0, 2)])
        fnss.add_stack(topology, "r", "receiver", {})
        self.contents = set(contents)
        fnss.add_stack(topology, "s", "source", {"contents": self.contents})
        for node in range(4):
            properties = {"cache_size": 5} if node in caches else {}
            fnss.add_stack(topology, node, "router", properties)
        self.model = NetworkModel(topology, {"name": "LRU"})
        view = NetworkView(self.model)
        self.controller = NetworkController(self.model)
        self.collector = DummyCollector(view)
        self.controller.attach_collector(self.collector)
        self.strategy = HashroutingSymmetric(view, self.controller, ignored=1)

    def request(self, content):
        self.strategy.process_event(0.0, "r", content, True)
        return self.collector.session_summary()


def test_caches_are_taken_in_node_order():
    strategy = Star().strategy
    assert strategy.cache_nodes == [1, 3, 2]
    assert strategy.n_cache_nodes == 3
    assert strategy.cache_assignment == {0: 1, 1: 3, 2: 2}


@pytest.mark.parametrize("content", [0, 1, 12345, "", "abc", ("a", 1), None])
def test_a_stable_hash_names_the_responsible_cache(content):
    strategy = Star().strategy
    expected = [1, 3, 2][stable_hash(content) % 3]
    # The second answer may come from memory.
    assert [strategy.authoritative_cache(content) for _ in range(2)] == [expected, expected]


def test_the_map_is_the_same_on_every_machine():
    # Integers by SplitMix64, whose first output from state 0 is published; the others by
    # BLAKE2b. The builtin hash of a string would differ in every process.
    assert stable_hash(0) == 0xE220A8397B1DCDAF
    text = int.from_bytes(hashlib.blake2b(b"abc", digest_size=8).digest(), "little")
    assert stable_hash("abc") == text
    strategy = Star().strategy
    integers = [strategy.authoritative_cache(k) for k in range(1, 9)]
    assert integers == [2, 3, 1, 3, 2, 2, 1, 3]
    letters = [strategy.authoritative_cache(k) for k in "abcdefgh"]
    assert letters == [2, 2, 1, 2, 2, 1, 3, 3]


def test_each_cache_is_responsible_for_an_equal_share():
    strategy = Star().strategy
    names = ["".join(letters) for letters in itertools.product("abcdefghij", repeat=3)]
    for contents in (range(1, 3001), names):
        shares = Counter(strategy.authoritative_cache(content) for content in contents)
        assert chisquare([shares[node] for node in (1, 2, 3)]).pvalue > 0.001
    # Neighbours in rank do not go round in circles.
    pairs = Counter(
        (strategy.authoritative_cache(k), strategy.authoritative_cache(k + 1))
        for k in range(1, 3001)
    )
    assert chisquare([pairs[pair] for pair in itertools.product((1, 2, 3), repeat=2)]).pvalue > 1e-3


def test_a_miss_fetches_through_the_responsible_cache_and_a_hit_ends_there():
    star = Star()
    star.strategy.authoritative_cache = lambda content: 2
    first = star.request(7)
    assert first["request_hops"] == [("r", 0), (0, 2), (2, 0), (0, "s")]
    assert first["content_hops"] == [("s", 0), (0, 2), (2, 0), (0, "r")]
    assert first["cache_misses"] == [2]
    assert first["serving_node"] == "s"
    assert first["success"]
    assert {node: cache.dump() for node, cache in star.model.cache.items()} == {
        1: [],
        3: [],
        2: [7],
    }
    second = star.request(7)
    assert second["request_hops"] == [("r", 0), (0, 2)]
    assert second["content_hops"] == [(2, 0), (0, "r")]
    assert second["cache_misses"] == []
    assert second["serving_node"] == 2


def test_an_instance_may_be_given_another_map():
    star = Star()
    asked = []

    def authority(content):
        asked.append(content)
        return 3

    star.strategy.authoritative_cache = authority
    assert star.request(7)["cache_misses"] == [3]
    star.request(7)
    assert asked == [7, 7], "asked anew for every request"


def test_no_other_cache_is_asked_on_the_way():
    star = Star(caches=(0, 1, 2, 3))
    star.model.cache[0].put(7)
    star.strategy.authoritative_cache = lambda content: 1
    assert star.request(7)["cache_misses"] == [1]
    assert star.collector.session["serving_node"] == "s"


def test_it_needs_a_cache():
    with pytest.raises(ValueError, match="needs a cache"):
        Star(caches=())


def test_a_source_without_the_content_is_an_error():
    star = Star()
    star.contents.remove(7)
    with pytest.raises(RuntimeError, match="7"):
        star.request(7)
