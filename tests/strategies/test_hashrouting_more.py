"""Hash-routing: the ways of delivering what the authoritative cache lacks, and the hybrids."""

from __future__ import annotations

import pytest
from strategy_harness import Network

from icarus.core.hashing import stable_hash
from icarus.models.strategy import (
    Hashrouting,
    HashroutingAsymmetric,
    HashroutingHybridAM,
    HashroutingHybridSM,
    HashroutingMulticast,
    HashroutingSymmetric,
    Strategy,
)
from icarus.planning.validation import SectionChecker
from icarus.registry import STRATEGY
from icarus.strategies.hashrouting import BaseHashrouting

WALKS = "r 1 2 3 s, 2 4 5"
"""Routers 4 and 5 hang off the way from r to s; the fork is at 2."""

TRIANGLE = "r 1 2 s, 1 3 2"
"""By way of 3 it is one hop more."""

RING = "r 1 2 3 s, 3 4 1"
"""By way of 4 it is as short in hops; weights make 2 the shortest."""
RING_WEIGHTS = {(3, 4): 1.5}


def at(node):
    """Return a map from any content to `node`, of one argument as users' tests give it."""
    return lambda content: node


def routed(name, cache, walks=WALKS, **parameters):
    return Network(STRATEGY[name], walks, authority=at(cache), **parameters)


BOTH = pytest.mark.parametrize("by_parameter", [False, True])


def by_routing(routing, cache, by_parameter, walks=WALKS, **parameters):
    if by_parameter:
        return routed("HASHROUTING", cache, walks, routing=routing, **parameters)
    return routed(f"HR_{routing}", cache, walks, **parameters)


@BOTH
def test_symmetric_goes_back_over_the_cache(by_parameter):
    network = by_routing("SYMM", 5, by_parameter)
    up, down = "r 1 2 4 5, 5 4 2 3 s", "s 3 2 4 5, 5 4 2 1 r"
    network.check(up=up, down=down, served="s", missed=[5], stored=[5])
    network.check(up="r 1 2 4 5", down="5 4 2 1 r", served=5)


@BOTH
def test_asymmetric_goes_back_directly(by_parameter):
    network = by_routing("ASYMM", 5, by_parameter)
    up, down = "r 1 2 4 5, 5 4 2 3 s", "s 3 2 1 r"
    for _ in range(2):
        network.check(up=up, down=down, served="s", missed=[5])
    network.fill(5)
    network.check(up="r 1 2 4 5", down="5 4 2 1 r", served=5)


@BOTH
def test_multicast_forks_at_the_last_common_node(by_parameter):
    network = by_routing("MULTICAST", 5, by_parameter)
    up, down = "r 1 2 4 5, 5 4 2 3 s", "s 3 2 1 r"
    network.check(up=up, down=down, branch="2 4 5", served="s", missed=[5], stored=[5])
    network.check(up="r 1 2 4 5", down="5 4 2 1 r", served=5)


@pytest.mark.parametrize(
    "name", ["HR_SYMM", "HR_ASYMM", "HR_MULTICAST", "HR_HYBRID_AM", "HR_HYBRID_SM"]
)
@pytest.mark.parametrize("cache", [1, 2, 3])
def test_all_do_the_same_where_the_cache_is_on_the_way(name, cache):
    network = routed(name, cache)
    summary = network.request()
    assert summary["request_hops"] == [("r", 1), (1, 2), (2, 3), (3, "s")]
    assert network.collector.main == [("s", 3), (3, 2), (2, 1), (1, "r")]
    assert network.collector.branches == []
    assert network.controller.stored == [cache]
    again = network.request()
    assert again["serving_node"] == cache
    assert again["cache_misses"] == []
    assert len(again["content_hops"]) == cache


def test_a_first_copy_is_put_once():
    # Put twice, it would enter the protected segment of SLRU.
    network = routed("HR_MULTICAST", 2, policy="SLRU")
    puts = []
    cache = network.model.cache[2]
    put = cache.put
    cache.put = lambda k: puts.append(k) or put(k)
    network.request()
    assert puts == ["x"]


def test_multicast_where_the_receiver_is_on_the_way_to_the_cache():
    # The cache is behind the receiver, which is itself a router in this odd network.
    network = routed("HR_MULTICAST", 4, walks="1 r 4, 1 s")
    network.check(up="r 4, 4 r 1 s", down="s 1 r", branch="r 4", served="s", missed=[4], stored=[4])


def test_multicast_never_sends_a_node_the_content_twice():
    # Paths that tie may part and meet again: the branch begins where they part for good.
    walks = "r a b c s, b d c, a e"
    network = routed("HR_MULTICAST", "e", walks=walks)
    network.model.shortest_path = {
        "r": {"e": list("rae")},
        "e": {"s": list("eabcs"), "r": list("ear")},
        "s": {"r": list("scbar"), "e": list("scdbae")},
    }
    network.check(
        up="r a e, e a b c s",
        down="s c b a r",
        branch="a e",
        served="s",
        missed=["e"],
        stored=["e"],
    )


def test_the_cache_mapping_may_be_replaced_and_is_asked_for_every_request():
    for name in ("HASHROUTING", "HR_HYBRID_AM", "HR_HYBRID_SM"):
        parameters = {"routing": "SYMM"} if name == "HASHROUTING" else {}
        network = Network(STRATEGY[name], WALKS, **parameters)
        asked = []
        network.strategy.authoritative_cache = lambda content, asked=asked: (
            asked.append(content) or 4
        )
        for content in "xyx":
            network.request(content)
        assert asked == ["x", "y", "x"]


class TestHybridAsymmetricMulticast:
    def test_the_threshold_is_a_share_of_the_diameter_in_hops(self):
        network = routed("HR_HYBRID_AM", 5, weights={(1, 2): 100})
        assert network.strategy.max_stretch == pytest.approx(0.2 * 4)
        assert routed("HR_HYBRID_AM", 5, max_stretch=1.5).strategy.max_stretch == 6

    @pytest.mark.parametrize(
        ("cache", "max_stretch", "branch"),
        [
            (4, 0.25, ""),  # 1 < 0.25 * 4 is false
            (4, 0.26, "2 4"),
            (5, 0.5, ""),
            (5, 0.51, "2 4 5"),
            (5, 1, "2 4 5"),
            (4, 0, ""),
        ],
    )
    def test_near_caches_get_a_branch(self, cache, max_stretch, branch):
        network = routed("HR_HYBRID_AM", cache, max_stretch=max_stretch)
        to = {4: "r 1 2 4, 4 2 3 s", 5: "r 1 2 4 5, 5 4 2 3 s"}[cache]
        network.check(
            up=to,
            down="s 3 2 1 r",
            branch=branch,
            served="s",
            missed=[cache],
            stored=[cache] if branch else [],
        )

    def test_a_cache_on_the_way_keeps_a_copy_at_any_threshold(self):
        network = routed("HR_HYBRID_AM", 2, max_stretch=0)
        network.request()
        assert network.controller.stored == [2]

    def test_a_hit_comes_straight_back(self):
        network = routed("HR_HYBRID_AM", 5)
        network.fill(5)
        network.check(up="r 1 2 4 5", down="5 4 2 1 r", served=5)

    def test_a_network_in_parts_has_no_diameter(self):
        with pytest.raises(ValueError, match="not connected"):
            routed("HR_HYBRID_AM", 1, walks="r 1 s, 2 3")


class TestHybridSymmetricMulticast:
    def test_multicast_where_that_has_fewer_hops(self):
        # Symmetric: 3 + 3 hops, multicast 4 + 1.
        network = routed("HR_HYBRID_SM", 4)
        up = "r 1 2 4, 4 2 3 s"
        network.check(up=up, down="s 3 2 1 r", branch="2 4", served="s", missed=[4], stored=[4])
        network.check(up="r 1 2 4", down="4 2 1 r", served=4)

    def test_symmetric_where_both_have_as_many(self):
        # Symmetric: 2 + 2 hops, multicast 3 + 1.
        network = routed("HR_HYBRID_SM", 3, walks=TRIANGLE)
        network.check(up="r 1 3, 3 2 s", down="s 2 3 1 r", served="s", missed=[3], stored=[3])

    def test_symmetric_where_that_has_fewer(self):
        # Symmetric: 2 + 2 hops, multicast 4 + 1.
        network = routed("HR_HYBRID_SM", 4, walks=RING, weights=RING_WEIGHTS)
        network.check(up="r 1 4, 4 3 s", down="s 3 4 1 r", served="s", missed=[4], stored=[4])

    def test_hops_of_the_shortest_paths_count_not_their_weights(self):
        # The way by 3 weighs 1.1 + 1.1 against 1, and has as many hops as the multicast.
        weights = {(1, 3): 1.1, (2, 3): 1.1}
        network = routed("HR_HYBRID_SM", 3, walks=TRIANGLE, weights=weights)
        network.check(up="r 1 3, 3 2 s", down="s 2 3 1 r", served="s", missed=[3], stored=[3])


class TestMap:
    CLUSTERS = "r 1 2 3 4 s"

    def test_contents_map_into_a_cluster(self):
        network = Network(
            HashroutingSymmetric, self.CLUSTERS, clusters=[{2, 1}, {4, 3}], contents=range(50)
        )
        strategy = network.strategy
        assert strategy.clusters == [[1, 2], [3, 4]]
        assert network.topology.graph["clusters"] == [[1, 2], [3, 4]]
        assert [strategy.cluster_size[i] for i in range(2)] == [2, 2]
        for content in (*range(20), "a", ("b", 1)):
            number = stable_hash(content)
            assert strategy.authoritative_cache(content) == [1, 2, 3, 4][number % 4]
            assert strategy.authoritative_cache(content, 1) == [3, 4][number % 2]
            assert strategy.authoritative_cache(content, cluster=0) == [1, 2][number % 2]

    def test_sets_are_taken_in_node_order_and_lists_as_they_are(self):
        network = Network(
            HashroutingSymmetric,
            "r c b a d s",
            clusters=(frozenset("abcd"), ["d", "c"]),
        )
        assert network.strategy.clusters == [["c", "b", "a", "d"], ["d", "c"]]

    def test_without_clusters_there_is_nothing_to_see(self):
        strategy = Network(HashroutingSymmetric, WALKS).strategy
        assert not hasattr(strategy, "clusters")
        assert strategy.cache_nodes == [1, 2, 3, 4, 5]
        assert strategy.cache_assignment == {0: 1, 1: 2, 2: 3, 3: 4, 4: 5}


def test_classes():
    for cls in (
        Hashrouting,
        HashroutingSymmetric,
        HashroutingAsymmetric,
        HashroutingMulticast,
        HashroutingHybridAM,
        HashroutingHybridSM,
    ):
        assert issubclass(cls, BaseHashrouting)
        assert issubclass(cls, Strategy)
        assert STRATEGY[cls.name] is cls


def test_wrong_routing_is_refused():
    with pytest.raises(ValueError, match=r"routing must be one of SYMM.*'ASYM'; did you mean"):
        routed("HASHROUTING", 1, routing="ASYM")
    with pytest.raises(TypeError, match="routing"):
        routed("HASHROUTING", 1)


@pytest.mark.parametrize("name", ["HR_SYMM", "HR_ASYMM", "HR_MULTICAST", "HR_HYBRID_AM"])
def test_a_fixed_routing_ignores_another(name):
    assert routed(name, 5, routing="NONE", ignored=1).request()["success"]


@pytest.mark.parametrize("name", ["HR_SYMM", "HR_ASYMM", "HR_MULTICAST", "HR_HYBRID_SM"])
def test_a_content_without_a_source_is_an_error_only_where_no_cache_has_it(name):
    network = routed(name, 5)
    network.fill(5, content="gone")
    assert network.request("gone")["serving_node"] == 5
    with pytest.raises(RuntimeError, match="'lost'"):
        network.request("lost")


def test_settings_are_checked():
    def places(**section):
        return [place for place, _ in SectionChecker().check("strategy", section).problems]

    assert places(name="HASHROUTING", routing="MULTICAST") == []
    assert places(name="HASHROUTING") == ["routing"]
    assert places(name="HASHROUTING", routing="CAST") == ["routing"]
    assert places(name="HR_HYBRID_AM", max_stretch=0.5) == []
    assert places(name="HR_HYBRID_AM", max_stretch=-0.5) == ["max_stretch"]
    assert places(name="HR_HYBRID_SM") == []
