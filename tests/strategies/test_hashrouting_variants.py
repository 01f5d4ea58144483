"""Hash-routing with local caches, at the edge or on the path, and by clusters."""

from __future__ import annotations

import pytest
from strategy_harness import Network

from icarus.models.strategy import HashroutingClustered, HashroutingEdge, HashroutingOnPath
from icarus.planning.validation import SectionChecker

WALKS = "r 1 2 3 s, 2 4 5"
"""Routers 4 and 5 hang off the way from r to s; the fork is at 2."""

ROUTINGS = ("SYMM", "ASYMM", "MULTICAST")

every_routing = pytest.mark.parametrize("routing", ROUTINGS)


def problems(**section):
    return [place for place, _ in SectionChecker().check("strategy", section).problems]


class TestEdgeCache:
    def network(self, routing, cache, walks=WALKS, ratio=0.5, **parameters):
        return Network(
            HashroutingEdge,
            walks,
            authority=lambda content: cache,
            routing=routing,
            edge_cache_ratio=ratio,
            **parameters,
        )

    def test_caches_are_divided(self):
        network = self.network("SYMM", 5, ratio=0.25)
        assert {v: cache.maxlen for v, cache in network.model.cache.items()} == dict.fromkeys(
            [1, 2, 3, 4, 5], 3
        )
        assert network.model.local_cache[1].maxlen == 1
        assert network.strategy.cache_nodes == [1, 2, 3, 4, 5]

    def test_symmetric(self):
        network = self.network("SYMM", 5)
        network.check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 4 5, 5 4 2 1 r",
            served="s",
            missed=[1, 5],
            stored=[5],
            stored_locally=[1],
        )
        network.check(up="r 1", down="1 r", served=1)
        network.model.local_cache[1].clear()
        network.check(up="r 1 2 4 5", down="5 4 2 1 r", served=5, missed=[1], stored_locally=[1])

    def test_asymmetric(self):
        self.network("ASYMM", 5).check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 1 r",
            served="s",
            missed=[1, 5],
            stored_locally=[1],
        )

    def test_multicast(self):
        self.network("MULTICAST", 5).check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 1 r",
            branch="2 4 5",
            served="s",
            missed=[1, 5],
            stored=[5],
            stored_locally=[1],
        )

    @every_routing
    def test_a_cache_on_the_way_stores_once_and_the_last_hop_is_one_hop(self, routing):
        self.network(routing, 2).check(
            up="r 1 2, 2 3 s",
            down="s 3 2 1 r",
            served="s",
            missed=[1, 2],
            stored=[2],
            stored_locally=[1],
        )

    @every_routing
    def test_a_proxy_that_is_authoritative_has_no_use_for_its_local_cache(self, routing):
        network = self.network(routing, 1)
        network.fill_locally(1)
        network.check(up="r 1, 1 2 3 s", down="s 3 2 1 r", served="s", missed=[1], stored=[1])
        assert network.controller.asked_locally == []
        network.check(up="r 1", down="1 r", served=1)
        assert network.controller.asked == [1]

    def test_the_fork_may_be_the_proxy(self):
        # The way to the proxy is the beginning of the way to the cache.
        self.network("MULTICAST", 3, walks="r 1 2 s, 1 3").check(
            up="r 1 3, 3 1 2 s",
            down="s 2 1 r",
            branch="1 3",
            served="s",
            missed=[1, 3],
            stored=[3],
            stored_locally=[1],
        )

    def test_all_local(self):
        # Authoritative nodes have no coordinated cache left: no miss is reported there.
        network = self.network("SYMM", 5, ratio=1)
        network.check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 4 5, 5 4 2 1 r",
            served="s",
            missed=[1],
            stored_locally=[1],
        )
        network.check(up="r 1", down="1 r", served=1)

    def test_nothing_local_is_plain_hash_routing(self):
        network = self.network("SYMM", 5, ratio=0)
        network.check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 4 5, 5 4 2 1 r",
            served="s",
            missed=[5],
            stored=[5],
        )

    def test_the_first_neighbour_is_the_proxy(self):
        network = self.network("SYMM", 3, walks="r 1 3 s, r 2 3")
        assert network.strategy.proxy == {"r": 1}

    @pytest.mark.parametrize("ratio", [-0.1, 1.1])
    def test_a_ratio_out_of_range_is_refused(self, ratio):
        with pytest.raises(ValueError, match="ratio"):
            self.network("SYMM", 5, ratio=ratio)

    def test_a_proxy_needs_a_cache(self):
        with pytest.raises(ValueError, match=r"'r' is attached to 1.*no cache"):
            self.network("SYMM", 2, sizes={2: 4, 3: 4})
        with pytest.raises(ValueError, match="'r2'"):
            self.network("SYMM", 2, walks="r 1 s, r2 s")

    def test_a_source_without_the_content_is_an_error(self):
        with pytest.raises(RuntimeError, match="'lost'"):
            self.network("SYMM", 5).request("lost")

    def test_options(self):
        with pytest.raises(ValueError, match="routing"):
            self.network("SYM", 5)
        with pytest.raises(TypeError, match="edge_cache_ratio"):
            Network(HashroutingEdge, WALKS, routing="SYMM")
        assert self.network("SYMM", 5, ignored=1).request()
        good = {"name": "HR_EDGE_CACHE", "routing": "SYMM", "edge_cache_ratio": 0.2}
        assert problems(**good) == []
        assert problems(**good | {"edge_cache_ratio": 2}) == ["edge_cache_ratio"]
        assert problems(**good | {"routing": "S"}) == ["routing"]
        assert problems(name="HR_EDGE_CACHE") == ["routing", "edge_cache_ratio"]


class TestOnPath:
    def network(self, routing, cache, walks=WALKS, ratio=0.5, **parameters):
        return Network(
            HashroutingOnPath,
            walks,
            authority=lambda content: cache,
            routing=routing,
            on_path_cache_ratio=ratio,
            **parameters,
        )

    def test_symmetric(self):
        # On the way on, 4 and 2 have been asked already; on the way back they store once.
        network = self.network("SYMM", 5)
        network.check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 4 5, 5 4 2 1 r",
            served="s",
            missed=[1, 2, 4, 5, 3],
            stored=[5],
            stored_locally=[3, 2, 4, 1],
        )
        assert network.holders() == [5]
        assert network.local_holders() == [1, 2, 3, 4]

    def test_asymmetric(self):
        self.network("ASYMM", 5).check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 1 r",
            served="s",
            missed=[1, 2, 4, 5, 3],
            stored_locally=[3, 2, 1],
        )

    def test_multicast(self):
        self.network("MULTICAST", 5).check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 1 r",
            branch="2 4 5",
            served="s",
            missed=[1, 2, 4, 5, 3],
            stored=[5],
            stored_locally=[3, 2, 1, 4],
        )

    @every_routing
    def test_a_cache_on_the_way_stores_in_its_coordinated_part(self, routing):
        self.network(routing, 2).check(
            up="r 1 2, 2 3 s",
            down="s 3 2 1 r",
            served="s",
            missed=[1, 2, 3],
            stored=[2],
            stored_locally=[3, 1],
        )

    @every_routing
    def test_the_first_local_cache_with_the_content_serves(self, routing):
        network = self.network(routing, 5)
        network.fill(2)
        network.fill_locally(2, 4)
        network.check(up="r 1 2", down="2 1 r", served=2, missed=[1], stored_locally=[1])
        assert network.controller.asked == []

    @every_routing
    def test_the_authoritative_cache_serves_straight_back(self, routing):
        network = self.network(routing, 5)
        network.fill(5)
        network.check(
            up="r 1 2 4 5",
            down="5 4 2 1 r",
            served=5,
            missed=[1, 2, 4],
            stored_locally=[4, 2, 1],
        )

    @pytest.mark.parametrize(
        ("routing", "down", "branch", "stored", "stored_locally"),
        [
            ("SYMM", "3 2 4 5, 5 4 2 1 r", "", [5], [2, 4, 1]),
            ("ASYMM", "3 2 1 r", "", [], [2, 1]),
            ("MULTICAST", "3 2 1 r", "2 4 5", [5], [2, 1, 4]),
        ],
    )
    def test_a_local_cache_behind_the_authoritative_one_serves(
        self, routing, down, branch, stored, stored_locally
    ):
        network = self.network(routing, 5)
        network.fill_locally(3, 5)  # that of the authoritative node itself is not asked
        network.check(
            up="r 1 2 4 5, 5 4 2 3",
            down=down,
            branch=branch,
            served=3,
            missed=[1, 2, 4, 5],
            stored=stored,
            stored_locally=stored_locally,
        )

    def test_all_local_and_nothing_local(self):
        network = self.network("SYMM", 5, ratio=1)
        network.request()
        assert network.controller.stored == []
        assert network.local_holders() == [1, 2, 3, 4]
        network = self.network("SYMM", 5, ratio=0)
        network.check(
            up="r 1 2 4 5, 5 4 2 3 s",
            down="s 3 2 4 5, 5 4 2 1 r",
            served="s",
            missed=[5],
            stored=[5],
        )

    def test_the_source_must_have_the_content(self):
        network = self.network("SYMM", 5)
        with pytest.raises(RuntimeError, match="'lost'"):
            network.request("lost")
        network.model.source_node["s"].remove("x")
        with pytest.raises(RuntimeError, match="'s' does not have content 'x'"):
            network.request()

    def test_options(self):
        with pytest.raises(ValueError, match="routing"):
            self.network("SYM", 5)
        for ratio in (-0.1, 1.1):
            with pytest.raises(ValueError, match="ratio"):
                self.network("SYMM", 5, ratio=ratio)
        assert self.network("SYMM", 5, ignored=1).request()
        good = {"name": "HR_ON_PATH", "routing": "SYMM", "on_path_cache_ratio": 0.2}
        assert problems(**good) == []
        assert problems(**good | {"on_path_cache_ratio": -1}) == ["on_path_cache_ratio"]
        assert problems(name="HR_ON_PATH") == ["routing", "on_path_cache_ratio"]


CLUSTERS = ({1, 2, "a"}, {3, 4, "b"}, {5, 6, "c"})
CLUSTER_WALKS = "r 1 2 3 4 5 6 s, 2 a, 4 b, 5 c"
"""Three clusters in a row, each with a router off the way."""
OFF = ("a", "b", "c")


class TestClusters:
    def network(
        self, intra, inter="LCE", caches=OFF, walks=CLUSTER_WALKS, clusters=CLUSTERS, **parameters
    ):
        return Network(
            HashroutingClustered,
            walks,
            clusters=list(clusters),
            authority=lambda content, cluster: caches[cluster],
            intra_routing=intra,
            inter_routing=inter,
            **parameters,
        )

    ALL_UP = "r 1 2 a, a 2 3 4 b, b 4 5 c, c 5 6 s"

    def test_lce_symmetric(self):
        network = self.network("SYMM")
        network.check(
            up=self.ALL_UP,
            down="s 6 5 c, c 5 4 b, b 4 3 2 a, a 2 1 r",
            served="s",
            missed=["a", "b", "c"],
            stored=["c", "b", "a"],
        )
        network.check(up="r 1 2 a", down="a 2 1 r", served="a")
        network.model.cache["a"].clear()
        # The cache that serves does not store again.
        network.check(
            up="r 1 2 a, a 2 3 4 b",
            down="b 4 3 2 a, a 2 1 r",
            served="b",
            missed=["a"],
            stored=["a"],
        )

    def test_lce_asymmetric(self):
        network = self.network("ASYMM")
        down = "s 6 5 4 3 2 1 r"
        network.check(up=self.ALL_UP, down=down, served="s", missed=["a", "b", "c"])
        network = self.network("ASYMM", caches=(2, "b", 5))
        network.check(
            up="r 1 2, 2 3 4 b, b 4 5, 5 6 s",
            down=down,
            served="s",
            missed=[2, "b", 5],
            stored=[5, 2],
        )
        network = self.network("ASYMM", caches=(2, 4, 5))
        network.fill(4)
        network.check(up="r 1 2, 2 3 4", down="4 3 2 1 r", served=4, missed=[2], stored=[2])

    def test_lce_multicast(self):
        network = self.network("MULTICAST")
        network.check(
            up=self.ALL_UP,
            down="s 6 5 4 3 2 1 r",
            branch="5 c, 4 b, 2 a",
            served="s",
            missed=["a", "b", "c"],
            stored=["c", "b", "a"],
        )
        network.model.cache["a"].clear()
        network.check(
            up="r 1 2 a, a 2 3 4 b",
            down="b 4 3 2 1 r",
            branch="2 a",
            served="b",
            missed=["a"],
            stored=["a"],
        )

    def test_branches_share_their_links(self):
        # d of the second cluster and e of the first hang on one another, off the way.
        network = self.network(
            "MULTICAST",
            caches=("e", "d"),
            walks="r 1 2 s, 2 d e",
            clusters=({1, "e"}, {2, "d"}),
        )
        network.check(
            up="r 1 2 d e, e d, d 2 s",
            down="s 2 1 r",
            branch="2 d, d e",
            served="s",
            missed=["e", "d"],
            stored=["d", "e"],
        )

    def test_a_cache_that_the_content_passes_twice_keeps_it_once(self):
        # The way to a, and back from it, leads through b of the second cluster.
        network = self.network(
            "SYMM",
            caches=("a", "b"),
            walks="r 1 b a, b s, 1 a",
            clusters=({1, "a"}, {"b"}),
            weights={(1, "a"): 10},
        )
        network.check(
            up="r 1 b a, a b, b s",
            down="s b, b a, a b 1 r",
            served="s",
            missed=["a", "b"],
            stored=["b", "a"],
        )

    def test_edge_asks_the_first_cluster_only(self):
        # 4 is responsible in its cluster and on the way of both the content and the direct path.
        network = self.network("SYMM", "EDGE", caches=("a", 4, "c"))
        network.check(
            up="r 1 2 a, a 2 3 4 5 6 s",
            down="s 6 5 4 3 2 a, a 2 1 r",
            served="s",
            missed=["a"],
            stored=[4, "a"],
        )
        network.check(up="r 1 2 a", down="a 2 1 r", served="a")

    ROUND = "r 1 2 s, 1 3 4 s"
    ROUND_CLUSTERS = ({1, 3}, {2}, {4})

    def round(self, intra, inter="EDGE"):
        """By way of 3, the first cluster's cache, contents go round by 4 and do not pass 2."""
        return self.network(intra, inter, (3, 2, 4), self.ROUND, self.ROUND_CLUSTERS)

    @pytest.mark.parametrize(
        ("intra", "down", "branch", "stored"),
        [
            ("SYMM", "s 4 3, 3 1 r", "", [3]),
            ("ASYMM", "s 2 1 r", "", [2]),
            ("MULTICAST", "s 2 1 r", "s 4 3", [3]),
        ],
    )
    def test_edge_stores_only_where_the_content_passes(self, intra, down, branch, stored):
        self.round(intra).check(
            up="r 1 3, 3 4 s", down=down, branch=branch, served="s", missed=[3], stored=stored
        )

    def test_edge_symmetric_wants_more_than_passing(self):
        # 4 is passed and responsible in a cluster on the direct path, but does not lie on that.
        network = self.network("SYMM", "EDGE", (3, 4), self.ROUND, ({1, 3}, {2, 4}))
        network.request()
        assert network.collector.main == [("s", 4), (4, 3), (3, 1), (1, "r")]
        assert network.controller.stored == [3]

    @every_routing
    def test_edge_hits_come_straight_back(self, routing):
        # 2, which the content passes, belongs to another cluster and is responsible there.
        network = self.network(routing, "EDGE", (3, 2), "r 1 2 3, 2 s", ({1, 3}, {2}))
        network.fill(3)
        network.check(up="r 1 2 3", down="3 2 1 r", served=3)

    @every_routing
    @pytest.mark.parametrize("inter", ["LCE", "EDGE"])
    def test_one_cluster_is_hash_routing(self, routing, inter):
        network = self.network(routing, inter, (2,), "r 1 2 s", ({1, 2},))
        network.check(up="r 1 2, 2 s", down="s 2 1 r", served="s", missed=[2], stored=[2])

    def test_the_map_is_asked_with_content_and_cluster(self):
        network = self.network("SYMM")
        asked = []
        network.strategy.authoritative_cache = lambda content, cluster: (
            asked.append((content, cluster)) or OFF[cluster]
        )
        network.request("y")
        assert asked == [("y", 0), ("y", 1), ("y", 2)]

    def test_without_a_replacement_the_hash_decides(self):
        network = Network(
            HashroutingClustered,
            CLUSTER_WALKS,
            clusters=list(CLUSTERS),
            intra_routing="SYMM",
            ignored=1,
        )
        missed = network.request()["cache_misses"]
        assert missed == [network.strategy.authoritative_cache("x", i) for i in range(3)]
        assert all(node in cluster for node, cluster in zip(missed, CLUSTERS, strict=True))

    def test_wrong_options_are_refused(self):
        with pytest.raises(ValueError, match=r"intra_routing .*'SYM'; did you mean 'SYMM'"):
            self.network("SYM")
        with pytest.raises(ValueError, match=r"inter_routing .* LCE, EDGE, found 'EDG'"):
            self.network("SYMM", "EDG")
        good = {"name": "HR_CLUSTER", "intra_routing": "ASYMM"}
        assert problems(**good) == []
        assert problems(**good, inter_routing="EDGE") == []
        assert problems(**good, inter_routing="LCD") == ["inter_routing"]
        assert problems(name="HR_CLUSTER") == ["intra_routing"]

    def test_it_needs_clusters(self):
        with pytest.raises(ValueError, match="CLUSTERED_HASHROUTING"):
            Network(HashroutingClustered, WALKS, intra_routing="SYMM")
        network = self.network("SYMM")
        del network.topology.nodes["s"]["cluster"]
        with pytest.raises(ValueError, match="'s' is in no cluster"):
            HashroutingClustered(network.view, network.controller, "SYMM")

    def test_labels_must_name_clusters(self):
        network = self.network("SYMM")
        network.topology.nodes["a"]["cluster"] = 3
        with pytest.raises(ValueError, match="'a' is labelled with the cluster 3"):
            HashroutingClustered(network.view, network.controller, "SYMM")

    def test_a_content_without_a_source_is_an_error(self):
        for inter in ("LCE", "EDGE"):
            with pytest.raises(RuntimeError, match="'lost'"):
                self.network("SYMM", inter).request("lost")
