"""Cache placement: RANDOM, OPTIMAL_*, CLUSTERED_HASHROUTING, and laws of all placements."""

from __future__ import annotations

import itertools
import math

import fnss
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.core.random_streams import with_seed
from icarus.core.signatures import parameters
from icarus.core.values import check_value
from icarus.registry import CACHE_PLACEMENT
from icarus.scenarios import location
from icarus.scenarios.algorithms import extract_cluster_level_topology
from icarus.scenarios.cacheplacement import (
    clustered_hashrouting_cache_placement,
    optimal_hashrouting_cache_placement,
    optimal_median_cache_placement,
    random_cache_placement,
)
from icarus.scenarios.topology import (
    IcnTopology,
    topology_garr,
    topology_geant,
    topology_mesh,
    topology_path,
    topology_ring,
    topology_rocketfuel_latency,
    topology_tree,
    topology_wide,
)

SETTINGS = {
    "UNIFORM": {},
    "DEGREE": {},
    "BETWEENNESS_CENTRALITY": {},
    "CONSOLIDATED": {},
    "RANDOM": {"n_cache_nodes": 2},
    "OPTIMAL_MEDIAN": {"n_cache_nodes": 2, "hit_ratio": 0.4},
    "OPTIMAL_HASHROUTING": {"n_cache_nodes": 2, "hit_ratio": 0.4},
    "CLUSTERED_HASHROUTING": {"n_clusters": 2, "policy": "cluster_const"},
}
WITH_ALL_SITES = ["RANDOM", "OPTIMAL_MEDIAN", "OPTIMAL_HASHROUTING"]
OPTIMAL = ["OPTIMAL_MEDIAN", "OPTIMAL_HASHROUTING"]
NEEDS_ONE_CONTENT_PER_CACHE = set(OPTIMAL)


def add_user(topology, name, router, stack, delay):
    topology.add_edge(router, name, delay=delay)
    fnss.add_stack(topology, name, stack)


@st.composite
def networks(draw, max_routers=7):
    """A connected network of routers, integers or also strings, with receivers and sources."""
    n = draw(st.integers(2, max_routers))
    strings = draw(st.booleans())
    routers = [f"r{i}" if strings and i % 2 else i for i in range(n)]
    delays = st.integers(0, 6) | st.floats(0, 50)
    topology = IcnTopology()
    for i, router in enumerate(routers):
        topology.add_node(router, stack=("router", {}))
        if i:
            topology.add_edge(routers[draw(st.integers(0, i - 1))], router, delay=draw(delays))
    pairs = st.tuples(st.sampled_from(routers), st.sampled_from(routers))
    for u, v in draw(st.lists(pairs, max_size=5)):
        if u != v:
            topology.add_edge(u, v, delay=draw(delays))
    for prefix, stack in (("rec", "receiver"), ("src", "source")):
        at = draw(st.lists(st.sampled_from(routers), min_size=1, max_size=5))
        for i, router in enumerate(at):
            add_user(topology, f"{prefix}_{i}", router, stack, draw(delays))
    topology.graph["icr_candidates"] = set(routers)
    return topology


def some_candidates(data, topology):
    """Have only some of the routers be candidates."""
    routers = [v for v in topology if topology.nodes[v]["stack"][0] == "router"]
    chosen = data.draw(st.lists(st.sampled_from(routers), min_size=2, unique=True))
    topology.graph["icr_candidates"] = chosen
    return chosen


def lengths(topology):
    return dict(nx.all_pairs_dijkstra_path_length(topology, weight="delay"))


def mean(values):
    return math.fsum(values) / len(values)


def median_objective(topology, caches, hit_ratio):
    """The cost to all receivers, as it is stated, of using one cache each."""
    d, receivers = lengths(topology), sorted(topology.receivers())
    origin = {v: mean([d[v][s] for s in sorted(topology.sources())]) for v in caches}
    return math.fsum(min(d[r][v] + (1 - hit_ratio) * origin[v] for v in caches) for r in receivers)


def hashrouting_objective(topology, caches, hit_ratio):
    """The mean over receivers, caches and sources of what a request costs."""
    d, receivers, sources = lengths(topology), topology.receivers(), topology.sources()
    return mean(
        [
            mean([d[r][v] for r in receivers]) + (1 - hit_ratio) * mean([d[v][s] for s in sources])
            for v in caches
        ]
    )


def least(objective, topology, n_caches, hit_ratio):
    choices = itertools.combinations(topology.graph["icr_candidates"], n_caches)
    return min(objective(topology, caches, hit_ratio) for caches in choices)


def test_every_registered_placement_is_under_the_laws():
    built_in = {
        name
        for name, placement in CACHE_PLACEMENT.items()
        if placement.__module__.startswith("icarus.")
    }
    assert built_in == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
class TestLaws:
    @given(
        topology=networks(),
        budget=st.integers(0, 60) | st.floats(0, 1e7),
        seed=st.integers(0, 2**64),
    )
    def test_the_budget_is_met_by_candidates_and_reproducibly(self, name, topology, budget, seed):
        too_small = name in NEEDS_ONE_CONTENT_PER_CACHE and round(float(budget)) < 2
        found = []
        for copy in (IcnTopology(topology), IcnTopology(topology)):
            place = CACHE_PLACEMENT[name]
            given_settings = with_seed(place, SETTINGS[name], np.random.SeedSequence(seed))
            if too_small:
                with pytest.raises(ValueError, match="too small for 2 caches"):
                    place(copy, budget, **given_settings)
                return
            place(copy, budget, **given_settings)
            found.append(copy.cache_nodes())
        sizes, again = found
        assert sizes == again
        assert list(sizes) == list(again)
        assert sum(sizes.values()) == round(float(budget))
        assert set(sizes) <= topology.graph["icr_candidates"]
        assert all(type(size) is int and size > 0 for size in sizes.values())

    def test_placing_again_leaves_nothing_of_the_first_time(self, name):
        topology = topology_ring(6)
        CACHE_PLACEMENT[name](topology, 1000, **SETTINGS[name])
        CACHE_PLACEMENT[name](topology, 3, **SETTINGS[name])
        assert sum(topology.cache_nodes().values()) == 3

    @pytest.mark.parametrize("budget", [-1, float("nan"), float("inf")])
    def test_budget_must_be_a_size(self, name, budget):
        with pytest.raises(ValueError, match="cache budget must be a number, 0 or more"):
            CACHE_PLACEMENT[name](topology_ring(6), budget, **SETTINGS[name])

    def test_candidates_are_needed(self, name):
        topology = topology_ring(6)
        topology.graph["icr_candidates"] = set()
        with pytest.raises(ValueError, match="the topology has no candidates"):
            CACHE_PLACEMENT[name](topology, 10, **SETTINGS[name])

    def test_settings_of_its_own_pass_validation_and_others_are_ignored(self, name):
        known = parameters(CACHE_PLACEMENT[name])
        for key, value in SETTINGS[name].items():
            assert check_value(known[key].annotation, value) == []
        CACHE_PLACEMENT[name](topology_ring(6), 10, **SETTINGS[name], of_another=7)


@pytest.mark.parametrize("name", WITH_ALL_SITES)
class TestNumberOfCaches:
    def place(self, name, topology, n_cache_nodes, budget=100):
        CACHE_PLACEMENT[name](topology, budget, **SETTINGS[name] | {"n_cache_nodes": n_cache_nodes})
        return topology.cache_nodes()

    def test_equal_sizes(self, name):
        sizes = self.place(name, topology_ring(8), 3)
        assert sorted(sizes.values()) == [33, 33, 34]

    def test_all_candidates(self, name):
        assert self.place(name, topology_ring(5), 5) == dict.fromkeys(range(5), 20)

    def test_a_fraction_is_cut_off(self, name):
        assert len(self.place(name, topology_ring(8), 3.9)) == 3
        annotation = parameters(CACHE_PLACEMENT[name])["n_cache_nodes"].annotation
        assert check_value(annotation, 3.9) == []
        assert check_value(annotation, 0.5)

    @pytest.mark.parametrize("n_cache_nodes", [0, 6, -1, float("nan")])
    def test_out_of_range(self, name, n_cache_nodes):
        with pytest.raises(ValueError, match="n_cache_nodes must be from 1 to 5, the number of"):
            self.place(name, topology_ring(5), n_cache_nodes)


class TestRandom:
    def test_candidates_are_equally_likely(self):
        rng = np.random.default_rng(0)
        drawn = dict.fromkeys(range(1, 6), 0)
        for _ in range(2000):
            topology = topology_path(7)
            random_cache_placement(topology, 10, n_cache_nodes=2, seed=rng)
            for node in topology.cache_nodes():
                drawn[node] += 1
        # 800 expected of each, with a standard deviation of 22
        assert all(abs(count - 800) < 100 for count in drawn.values())

    def test_sets_and_lists_of_candidates_give_the_same(self):
        first, second = topology_ring(9), topology_ring(9)
        second.graph["icr_candidates"] = list(range(8, -1, -1))
        random_cache_placement(first, 10, 4, seed=3)
        random_cache_placement(second, 10, 4, seed=3)
        assert first.cache_nodes() == second.cache_nodes()

    def test_no_budget_is_no_cache(self):
        topology = topology_ring(5)
        random_cache_placement(topology, 0.4, 3, seed=1)
        assert topology.cache_nodes() == {}


class TestOptimalMedian:
    @given(topology=networks(), data=st.data(), hit_ratio=st.floats(0, 1))
    def test_no_choice_of_candidates_is_better(self, topology, data, hit_ratio):
        n_caches = data.draw(st.integers(1, len(some_candidates(data, topology))))
        optimal_median_cache_placement(topology, 1000, n_caches, hit_ratio)
        caches = topology.cache_nodes()
        assert len(caches) == n_caches
        reached = median_objective(topology, caches, hit_ratio)
        expected = least(median_objective, topology, n_caches, hit_ratio)
        assert reached == pytest.approx(expected, rel=1e-6, abs=1e-6)

    @given(topology=networks(), data=st.data(), hit_ratio=st.floats(0, 1))
    def test_receivers_use_their_best_cache(self, topology, data, hit_ratio):
        n_caches = data.draw(st.integers(1, len(some_candidates(data, topology))))
        optimal_median_cache_placement(topology, 1000, n_caches, hit_ratio)
        assignment, caches = topology.graph["cache_assignment"], topology.cache_nodes()
        assert assignment.keys() == topology.receivers()
        assert set(assignment.values()) <= set(caches)
        d = lengths(topology)
        for receiver, cache in assignment.items():
            costs = {
                v: d[receiver][v]
                + (1 - hit_ratio) * mean([d[v][s] for s in sorted(topology.sources())])
                for v in caches
            }
            assert costs[cache] == pytest.approx(min(costs.values()), rel=1e-6, abs=1e-6)

    @given(topology=networks(), hit_ratio=st.floats(0, 1))
    def test_with_all_candidates_receivers_use_their_own_router(self, topology, hit_ratio):
        # Ties in which a cache on the way is as good are for the nearest, whatever the hit ratio.
        optimal_median_cache_placement(
            topology, 1000, len(topology.graph["icr_candidates"]), hit_ratio
        )
        for receiver, cache in topology.graph["cache_assignment"].items():
            assert [cache] == list(topology.neighbors(receiver))

    @given(topology=networks(max_routers=6), seed=st.integers(0, 99), p=st.integers(1, 2))
    def test_by_substitution_too_only_candidates_are_chosen(self, topology, seed, p):
        found = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(location, "EXHAUSTIVE_WORK", 0)
            for _ in range(2):
                optimal_median_cache_placement(topology, 10, p, 0.5, seed=seed)
                found.append((topology.cache_nodes(), topology.graph["cache_assignment"]))
        assert found[0] == found[1]
        assert len(found[0][0]) == p
        assert set(found[0][0]) <= topology.graph["icr_candidates"]

    def test_the_hit_ratio_draws_caches_to_users_or_to_sources(self):
        # Three receivers are at 1, two and the source at 6.
        line = topology_path(8)
        add_user(line, "rec_0", 1, "receiver", 1)
        add_user(line, "rec_1", 1, "receiver", 1)
        add_user(line, "rec_2", 6, "receiver", 1)
        add_user(line, "rec_3", 6, "receiver", 1)
        optimal_median_cache_placement(line, 10, 1, hit_ratio=1)
        assert line.cache_nodes() == {1: 10}
        # Moving from 1 to 6 adds 3 * 5 - 2 * 5 on the way to the cache, and saves 5 requests
        # 5 * 0.5 each beyond it.
        optimal_median_cache_placement(line, 10, 1, hit_ratio=0.5)
        assert line.cache_nodes() == {6: 10}

    def test_routers_with_more_receivers_weigh_more(self):
        topology = topology_ring(6)
        for i in range(9):
            add_user(topology, f"rec_{i}", 4, "receiver", 1)
        optimal_median_cache_placement(topology, 10, 1, hit_ratio=1)
        assert topology.cache_nodes() == {4: 10}

    def test_receivers_with_several_links(self):
        topology = topology_path(7)
        topology.add_edge(0, 4, delay=1)
        optimal_median_cache_placement(topology, 10, 2, hit_ratio=0)
        # Over 4 the source is 3 links from the receiver, and all caches on that way cost 3.
        assert topology.graph["cache_assignment"][0] == 4

    def test_budget_for_less_than_one_content_each(self):
        with pytest.raises(ValueError, match="cache budget of 2 contents is too small for 3"):
            optimal_median_cache_placement(topology_ring(5), 2, 3, 0.5)


class TestOptimalHashrouting:
    @given(topology=networks(), data=st.data(), hit_ratio=st.floats(0, 1))
    def test_no_choice_of_candidates_is_better(self, topology, data, hit_ratio):
        n_caches = data.draw(st.integers(1, len(some_candidates(data, topology))))
        optimal_hashrouting_cache_placement(topology, 1000, n_caches, hit_ratio)
        caches = topology.cache_nodes()
        assert len(caches) == n_caches
        reached = hashrouting_objective(topology, caches, hit_ratio)
        expected = least(hashrouting_objective, topology, n_caches, hit_ratio)
        assert reached == pytest.approx(expected, rel=1e-6, abs=1e-6)

    def test_a_higher_hit_ratio_makes_the_origin_matter_less(self):
        # There is a receiver at 1 and one at 2, and the source is at 4.
        line = topology_path(6)
        add_user(line, "rec_0", 2, "receiver", 1)
        # From 1..4 it is 1.5, 1.5, 2.5 and 3.5 to receivers on average, and 4, 3, 2 and 1 to the
        # source: 3.5, 3, 3.5 and 4 at a hit ratio of 0.5, and 3.9, 3.3, 3.7 and 4.1 at 0.4.
        for hit_ratio, chosen in ((1, {1, 2}), (0.5, {1, 2}), (0.4, {2, 3})):
            optimal_hashrouting_cache_placement(line, 10, 2, hit_ratio)
            assert set(line.cache_nodes()) == chosen

    def test_other_attribute(self):
        line = topology_path(5)
        for u, v, km in ((0, 1, 100), (1, 2, 1), (2, 3, 1), (3, 4, 1)):
            line.edges[u, v]["km"] = km
        line.add_edge(0, 3, km=1)
        optimal_hashrouting_cache_placement(line, 10, 1, hit_ratio=1, weight="km")
        assert line.cache_nodes() == {3: 10}


@pytest.mark.parametrize("name", OPTIMAL)
class TestBothOptimal:
    def place(self, name, topology, **given_settings):
        CACHE_PLACEMENT[name](topology, 100, **SETTINGS[name] | given_settings)

    def test_links_without_the_attribute_count_1(self, name):
        first, second = topology_ring(7), topology_ring(7)
        for _, _, link in second.edges(data=True):
            link["km"] = 1
        self.place(name, first, weight="km")
        self.place(name, second, weight="km")
        assert first.cache_nodes() == second.cache_nodes()

    @pytest.mark.parametrize("hit_ratio", [-0.1, 1.1, float("nan")])
    def test_hit_ratio_out_of_range(self, name, hit_ratio):
        with pytest.raises(ValueError, match="hit_ratio must be within 0 and 1"):
            self.place(name, topology_ring(5), hit_ratio=hit_ratio)

    @pytest.mark.parametrize("role", ["receiver", "source"])
    def test_users_are_needed(self, name, role):
        topology = topology_path(6)
        fnss.add_stack(topology, 0 if role == "receiver" else 5, "router")
        with pytest.raises(ValueError, match=f"no node of the topology is a {role}"):
            self.place(name, topology)

    def test_users_must_reach_candidates(self, name):
        topology = topology_path(6)
        topology.remove_edge(0, 1)
        with pytest.raises(ValueError, match="node 0 has no path to node 1"):
            self.place(name, topology)
        assert topology.cache_nodes() == {}

    def test_on_measured_networks(self, name, shared_data):
        folder = shared_data / "topologies"
        for topology in (
            topology_geant(path=folder / "Geant2012.graphml"),
            topology_rocketfuel_latency(asn=1755, path=folder / "rocketfuel-latency"),
        ):
            self.place(name, topology, n_cache_nodes=8)
            assert len(topology.cache_nodes()) == 8
            assert set(topology.cache_nodes()) <= topology.graph["icr_candidates"]


class TestClustered:
    @pytest.fixture
    def uneven(self):
        """Candidates 1 to 6 in a line, of which 1 and 2 are far from the others."""
        line = topology_path(8)
        line.edges[2, 3]["delay"] = 100
        return line

    @pytest.mark.parametrize(
        ("policy", "sizes"),
        [
            ("node_const", {1: 4, 2: 4, 3: 4, 4: 4, 5: 3, 6: 3}),
            ("cluster_const", {1: 6, 2: 5, 3: 3, 4: 3, 5: 3, 6: 2}),
        ],
    )
    def test_sizes(self, policy, sizes, uneven):
        clustered_hashrouting_cache_placement(uneven, 22, 2, policy)
        assert uneven.graph["clusters"] == [{1, 2}, {3, 4, 5, 6}]
        assert dict(uneven.nodes(data="cluster")) == {
            0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1,
        }  # fmt: skip
        assert uneven.cache_nodes() == sizes

    def test_clusters_by_hops(self, uneven):
        clustered_hashrouting_cache_placement(uneven, 22, 2, "node_const", distance=None)
        assert uneven.graph["clusters"] == [{1, 2, 3}, {4, 5, 6}]

    @given(
        topology=networks(),
        data=st.data(),
        budget=st.integers(0, 99),
        policy=st.sampled_from(["node_const", "cluster_const"]),
    )
    def test_laws(self, topology, data, budget, policy):
        n = len(topology.graph["icr_candidates"])
        n_clusters = data.draw(st.integers(1, n))
        clustered_hashrouting_cache_placement(topology, budget, n_clusters, policy, seed=1)
        clusters, sizes = topology.graph["clusters"], topology.cache_nodes()
        assert len(clusters) == n_clusters
        assert set().union(*clusters) == topology.graph["icr_candidates"]
        assert sum(map(len, clusters)) == n
        per_cluster = [[sizes.get(node, 0) for node in cluster] for cluster in clusters]
        assert sum(map(sum, per_cluster)) == budget
        assert all(max(found) - min(found) <= 1 for found in per_cluster)
        if policy == "cluster_const":
            totals = list(map(sum, per_cluster))
            assert max(totals) - min(totals) <= 1
        assert sorted(extract_cluster_level_topology(topology)) == list(range(n_clusters))

    def test_extremes(self):
        mesh = topology_mesh(4, 1)
        clustered_hashrouting_cache_placement(mesh, 8, 1, "cluster_const")
        assert mesh.graph["clusters"] == [{0, 1, 2, 3}]
        clustered_hashrouting_cache_placement(mesh, 8, 4, "cluster_const")
        assert mesh.graph["clusters"] == [{0}, {1}, {2}, {3}]
        assert mesh.cache_nodes() == dict.fromkeys(range(4), 2)

    @pytest.mark.parametrize("n_clusters", [0, 7])
    def test_number_out_of_range(self, n_clusters, uneven):
        with pytest.raises(ValueError, match="n_clusters must be from 1 to 6, the number of"):
            clustered_hashrouting_cache_placement(uneven, 22, n_clusters, "node_const")

    def test_unknown_policy_changes_nothing(self, uneven):
        with pytest.raises(ValueError, match="either 'node_const' or 'cluster_const', found 'x'"):
            clustered_hashrouting_cache_placement(uneven, 22, 2, "x")
        assert "clusters" not in uneven.graph
        annotation = parameters(clustered_hashrouting_cache_placement)["policy"].annotation
        assert check_value(annotation, "x")

    def test_sources_with_several_links_are_refused(self):
        with pytest.raises(ValueError, match="source 0 has 2 neighbours"):
            clustered_hashrouting_cache_placement(topology_tree(2, 2), 10, 2, "node_const")

    def test_access_routers_must_be_candidates(self, shared_data):
        geant = topology_geant(path=shared_data / "topologies" / "Geant2012.graphml")
        with pytest.raises(ValueError, match="source 1001 is attached to 1, which is in no"):
            clustered_hashrouting_cache_placement(geant, 100, 4, "node_const")
        assert geant.cache_nodes() == {}

    def test_on_measured_networks(self, shared_data):
        folder = shared_data / "topologies"
        for topology in (
            topology_wide(path=folder / "WideJpn.graphml"),
            topology_garr(path=folder / "Garr201201.graphml"),
            topology_rocketfuel_latency(asn=1221, path=folder / "rocketfuel-latency"),
        ):
            clustered_hashrouting_cache_placement(topology, 500, 4, "cluster_const", seed=1)
            assert len(topology.graph["clusters"]) == 4
            assert sum(topology.cache_nodes().values()) == 500
