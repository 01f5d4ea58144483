"""Clustering and location algorithms, against examples by hand, brute force and HiGHS."""

from __future__ import annotations

import itertools
import random

import fnss
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, kron

import icarus.scenarios
from icarus.scenarios import location
from icarus.scenarios.algorithms import (
    compute_clusters,
    compute_p_median,
    deploy_clusters,
    extract_cluster_level_topology,
    pam,
)
from icarus.scenarios.topology import IcnTopology, topology_path, topology_rocketfuel_latency

seeds = st.integers(0, 2**32)


def cost_of(costs, sites):
    return costs[:, list(sites)].min(axis=1).sum()


def brute_force(costs, p):
    """The least cost over all choices of p sites."""
    return min(cost_of(costs, sites) for sites in itertools.combinations(range(len(costs[0])), p))


def optimum(costs, p):
    """The least cost by mixed-integer programming."""
    m, n = costs.shape
    each_demand_once = hstack([kron(eye_array(m), np.ones((1, n))), csr_array((m, n))])
    only_from_sites = hstack([eye_array(m * n), -kron(np.ones((m, 1)), eye_array(n))])
    n_sites = csr_array(np.r_[np.zeros(m * n), np.ones(n)].reshape(1, -1))
    found = milp(
        np.r_[costs.ravel(), np.zeros(n)],
        integrality=np.r_[np.zeros(m * n), np.ones(n)],
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(each_demand_once, 1, 1),
            LinearConstraint(only_from_sites, -np.inf, 0),
            LinearConstraint(n_sites, p, p),
        ],
    )
    assert found.success
    return found.fun


@st.composite
def instances(draw, square=False):
    n_sites = draw(st.integers(1, 7))
    n_demands = n_sites if square else draw(st.integers(1, 8))
    values = draw(st.sampled_from([st.integers(0, 4), st.floats(0, 1e6)]))
    cells = st.lists(values, min_size=n_demands * n_sites, max_size=n_demands * n_sites)
    costs = np.array(draw(cells), dtype=float).reshape(n_demands, n_sites)
    if square:
        np.fill_diagonal(costs, 0)
    return costs, draw(st.integers(1, n_sites))


@pytest.fixture
def heuristic(monkeypatch):
    """Have even small instances solved by vertex substitution."""
    monkeypatch.setattr(location, "EXHAUSTIVE_WORK", 0)


class TestBestSites:
    @given(instance=instances())
    def test_small_instances_are_solved_exactly(self, instance):
        costs, p = instance
        sites, cost = location.best_sites(costs, p, 1, lambda: pytest.fail("nothing to draw"))
        assert len(set(sites.tolist())) == p
        assert sites.tolist() == sorted(sites)
        assert cost == pytest.approx(brute_force(costs, p))
        assert cost == pytest.approx(cost_of(costs, sites))

    @given(instance=instances(), seed=seeds)
    def test_no_exchange_of_one_site_improves_a_descent(self, instance, seed):
        costs, p = instance
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(location, "EXHAUSTIVE_WORK", 0)
            sites, cost = location.best_sites(costs, p, 1, lambda: np.random.default_rng(seed))
            again, _ = location.best_sites(costs, p, 1, lambda: np.random.default_rng(seed))
        assert again.tolist() == sites.tolist() == sorted(set(sites.tolist()))
        assert cost == pytest.approx(cost_of(costs, sites))
        for leave, enter in itertools.product(range(p), range(costs.shape[1])):
            exchanged = [*np.delete(sites, leave), enter]
            assert cost_of(costs, exchanged) >= cost - 1e-6 * max(1, cost)

    def test_trying_all_goes_on_over_several_chunks(self, monkeypatch):
        monkeypatch.setattr(location, "_CHUNK", 40)
        costs = np.random.default_rng(4).random((9, 9))
        sites, cost = location.best_sites(costs, 3, 1, np.random.default_rng)
        assert cost == pytest.approx(brute_force(costs, 3))
        assert cost == pytest.approx(cost_of(costs, sites))

    @pytest.mark.parametrize("unit", [1e-30, 1, 1e30])
    @pytest.mark.parametrize("work", [0, 10**6])
    def test_the_unit_of_costs_makes_no_difference(self, unit, work, monkeypatch):
        monkeypatch.setattr(location, "EXHAUSTIVE_WORK", work)
        costs = np.random.default_rng(2).random((8, 8))
        sites, cost = location.best_sites(costs * unit, 3, 40, lambda: np.random.default_rng(1))
        assert cost / unit == pytest.approx(brute_force(costs, 3))
        assert cost_of(costs, sites) == pytest.approx(brute_force(costs, 3))

    def test_of_equal_choices_the_first(self):
        sites, cost = location.best_sites(np.ones((3, 5)), 2, 1, np.random.default_rng)
        assert (sites.tolist(), cost) == ([0, 1], 3)

    def test_substitution_needs_luck_or_restarts(self, heuristic):
        costs = np.random.default_rng(0).integers(0, 50, size=(12, 12)).astype(float)
        least = brute_force(costs, 4)
        assert location.best_sites(costs, 4, 30, lambda: np.random.default_rng(1))[1] == least

    @pytest.mark.parametrize("p", [3, 10, 30])
    def test_optimal_on_a_measured_network(self, p, shared_data):
        folder = shared_data / "topologies" / "rocketfuel-latency"
        network = topology_rocketfuel_latency(asn=1755, path=folder)
        routers = [v for v in network if v in network.graph["icr_candidates"]]
        costs = location.distances(network, routers, routers, "delay")
        _, cost = location.best_sites(costs, p, 20, lambda: np.random.default_rng(1))
        assert cost == pytest.approx(optimum(costs, p), rel=1e-6)


class TestDistances:
    def test_the_cheapest_path_counts_not_the_shortest(self):
        network = nx.Graph([(0, 1, {"delay": 9}), (0, "a", {"delay": 1}), ("a", 1, {"delay": 1})])
        found = location.distances(network, [0, "a"], [1, 0], "delay")
        assert found.tolist() == [[2, 0], [1, 1]]
        assert location.distances(network, [0], [1], None).tolist() == [[1]]
        assert location.distances(network, [0], [1], "delay", within=[0, 1]).tolist() == [[9]]

    def test_links_of_length_0_are_links(self):
        network = nx.Graph([(0, 1, {"delay": 0})])
        assert location.distances(network, [0], [1], "delay").tolist() == [[0]]

    @given(
        graph=st.builds(
            nx.gnp_random_graph, st.integers(2, 9), st.floats(0.3, 1), seed=st.integers(0, 999)
        ),
        data=st.data(),
    )
    def test_agrees_with_networkx(self, graph, data):
        graph.remove_nodes_from(set(graph) - set(nx.node_connected_component(graph, 0)))
        for _, _, link in graph.edges(data=True):
            link["delay"] = data.draw(st.integers(0, 5))
        nodes = list(graph)
        expected = dict(nx.all_pairs_dijkstra_path_length(graph, weight="delay"))
        found = location.distances(graph, nodes, nodes, "delay")
        assert found.tolist() == [[expected[u][v] for v in nodes] for u in nodes]

    @pytest.mark.parametrize("delay", [-1, float("inf"), float("nan")])
    def test_lengths_out_of_range(self, delay):
        network = nx.Graph([(0, 1, {"delay": delay})])
        with pytest.raises(ValueError, match=r"link \(0, 1\): delay must be a number, 0 or more"):
            location.distances(network, [0], [1], "delay")

    def test_attribute_that_is_missing(self):
        network = nx.Graph([(0, 1)])
        with pytest.raises(ValueError, match=r"link \(0, 1\) has no attribute 'delay'"):
            location.distances(network, [0], [1], "delay")
        assert location.distances(network, [0], [1], "delay", missing=1).tolist() == [[1]]

    def test_nodes_without_a_path(self):
        network = nx.Graph([(0, 1), (2, 3)])
        with pytest.raises(ValueError, match="node 1 has no path to node 3"):
            location.distances(network, [1, 0], [3], None)


class TestPam:
    def test_by_hand(self):
        points = np.array([0, 1, 2, 10, 11, 12, 13])
        clusters, medoids, cost = pam(abs(points[:, None] - points), 2)
        assert medoids.tolist() == [1, 4]
        assert clusters.tolist() == [1, 1, 1, 4, 4, 4, 4]
        assert cost == 2 + 4
        assert type(cost) is float

    @given(instance=instances(square=True), exhaustive=st.booleans(), seed=seeds)
    def test_points_go_to_the_nearest_medoid_and_medoids_to_themselves(
        self, instance, exhaustive, seed
    ):
        matrix, k = instance
        with pytest.MonkeyPatch.context() as patch:
            if not exhaustive:
                patch.setattr(location, "EXHAUSTIVE_WORK", 0)
            clusters, medoids, cost = pam(matrix, k, seed=seed)
        assert len(set(medoids.tolist())) == k
        assert set(clusters.tolist()) == set(medoids.tolist())
        assert clusters[medoids].tolist() == medoids.tolist()
        assert cost == pytest.approx(cost_of(matrix, medoids))
        for i, medoid in enumerate(clusters):
            assert matrix[i, medoid] == matrix[i, medoids].min()
        if exhaustive:
            assert cost == pytest.approx(brute_force(matrix, k))

    def test_a_seed_makes_it_reproducible(self, heuristic):
        points = np.random.default_rng(0).random((60, 2))
        matrix = np.linalg.norm(points[:, None] - points, axis=2)
        medoids = [pam(matrix, 9, n_iter=1, seed=5)[1].tolist() for _ in range(2)]
        others = [pam(matrix, 9, n_iter=1, seed=seed)[1].tolist() for seed in range(5)]
        assert medoids[0] == medoids[1]
        assert len(set(map(tuple, others))) > 1

    def test_global_generators_are_left_alone(self, heuristic):
        before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        pam(np.ones((5, 5)), 2)
        assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002

    @pytest.mark.parametrize(
        ("distances", "k", "text"),
        [
            (np.zeros((3, 3)), 4, "k must be from 1 to 3, the number of points, found 4"),
            (np.zeros((3, 3)), 0, "k must be from 1 to 3"),
            (np.zeros((3, 2)), 1, r"square matrix, found the shape \(3, 2\)"),
            ([[0, -1], [1, 0]], 1, "numbers, 0 or more"),
            ([[0, np.nan], [1, 0]], 1, "numbers, 0 or more"),
        ],
    )
    def test_unusable(self, distances, k, text):
        with pytest.raises(ValueError, match=text):
            pam(distances, k)

    def test_at_least_one_start(self):
        with pytest.raises(ValueError, match="n_iter must be 1 or more, found 0"):
            pam([[0]], 1, n_iter=0)


class TestPMedian:
    @pytest.fixture
    def line(self):
        """A line A..F of links of length 1, but for that between C and D, of length 2."""
        network = nx.path_graph("ABCDEF")
        nx.set_edge_attributes(network, 1, "weight")
        network.edges["C", "D"]["weight"] = 2
        return dict(nx.all_pairs_dijkstra_path_length(network))

    @pytest.mark.parametrize(("p", "least"), [(2, 4), (3, 3), (4, 2), (5, 1), (6, 0)])
    def test_costs_on_a_line(self, p, least, line):
        allocation, medians, cost = compute_p_median(line, p)
        assert cost == least
        assert len(medians) == p
        assert sum(line[median][node] for node, median in allocation.items()) == least
        assert all(allocation[median] == median for median in medians)

    def test_medians_of_a_line(self, line):
        allocation, medians, _ = compute_p_median(line, 2)
        assert medians == {"B", "E"}
        assert allocation == {"A": "B", "B": "B", "C": "B", "D": "E", "E": "E", "F": "E"}

    def test_the_order_of_keys_does_not_matter(self, line):
        reverse = {u: dict(reversed(line[u].items())) for u in reversed(line)}
        for p in range(1, 7):
            assert compute_p_median(reverse, p) == compute_p_median(line, p)

    def test_distances_are_those_from_the_median(self):
        distances = {0: {0: 0, 1: 5}, 1: {0: 2, 1: 0}}
        assert compute_p_median(distances, 1) == ({0: 1, 1: 1}, {1}, 2.0)

    def test_names_of_several_types(self):
        distances = {1: {1: 0, "a": 1, "b": 2}, "b": {1: 2, "a": 1, "b": 0}}
        distances["a"] = {1: 1, "a": 0, "b": 1}
        assert compute_p_median(distances, 1)[1:] == ({"a"}, 2.0)

    @pytest.mark.parametrize("p", [0, 7])
    def test_p_out_of_range(self, p, line):
        with pytest.raises(ValueError, match="p must be from 1 to 6, the number of nodes"):
            compute_p_median(line, p)

    def test_distance_that_is_missing(self):
        with pytest.raises(ValueError, match=r"distances\[0\] has no distance to node 1"):
            compute_p_median({0: {0: 0}, 1: {0: 1, 1: 0}}, 1)


def delays(edges):
    topology = fnss.Topology()
    for u, v, delay in edges:
        topology.add_edge(u, v, delay=delay)
    return topology


class TestClusters:
    @pytest.fixture
    def line(self):
        return delays([(0, 1, 1), (1, 2, 3), (2, 3, 1), (3, 4, 3), (4, 5, 1)])

    def test_line(self, line):
        assert compute_clusters(line, 3) == [{0, 1}, {2, 3}, {4, 5}]

    def test_line_by_substitution(self, line, heuristic):
        assert compute_clusters(line, 3, seed=1) == [{0, 1}, {2, 3}, {4, 5}]

    def test_hops(self):
        assert compute_clusters(fnss.line_topology(6), 2, distance=None) == [{0, 1, 2}, {3, 4, 5}]

    def test_clusters_stand_in_the_order_of_the_topology(self):
        line = delays([(5, 4, 1), (4, 3, 3), (3, 2, 1), (2, 1, 3), (1, 0, 1)])
        assert compute_clusters(line, 3) == [{4, 5}, {2, 3}, {0, 1}]

    def test_the_cheapest_path_counts(self):
        # "a" and "b" are neighbours, but the way around over "c" is the cheap one.
        ring = delays([("a", "b", 50), ("b", "c", 1), ("c", "a", 1), ("b", 1, 20), (1, 2, 1)])
        assert compute_clusters(ring, 2) == [{"a", "b", "c"}, {1, 2}]

    def test_part_of_the_nodes(self, line):
        assert compute_clusters(line, 2, nbunch=[3, 2, 1, 0]) == [{0, 1}, {2, 3}]

    @given(n=st.integers(1, 9), k=st.integers(1, 9), seed=seeds)
    def test_a_partition_of_k_clusters(self, n, k, seed):
        tree = nx.random_labeled_tree(n, seed=seed)
        topology = delays((u, v, (u * 7 + v) % 5) for u, v in tree.edges)
        topology.add_nodes_from(tree)
        if k > n:
            with pytest.raises(ValueError, match=f"k must be from 1 to {n}, the number of nodes"):
                compute_clusters(topology, k)
            return
        clusters = compute_clusters(topology, k, seed=seed)
        assert len(clusters) == k
        assert all(clusters)
        assert sorted(itertools.chain(*clusters)) == list(range(n))

    def test_unusable(self, line):
        with pytest.raises(ValueError, match="has no attribute 'weight'"):
            compute_clusters(line, 2, distance="weight")
        with pytest.raises(ValueError, match="nbunch: there is no node 77 in the topology"):
            compute_clusters(line, 2, nbunch=[0, 77])
        with pytest.raises(ValueError, match="node 0 has no path to node 2 through the nodes"):
            compute_clusters(line, 2, nbunch=[0, 2, 3])
        line.add_node(9)
        with pytest.raises(ValueError, match="topology is not connected"):
            compute_clusters(line, 2)


class TestDeployment:
    @pytest.fixture
    def path(self):
        """Receiver 0, candidates 1 to 4, source 5."""
        return topology_path(6)

    def test_labels(self, path):
        clusters = [{1, 2}, {3, 4}]
        deploy_clusters(path, clusters)
        assert path.graph["clusters"] is clusters
        assert dict(path.nodes(data="cluster")) == {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1}

    def test_sources_and_receivers_can_be_left_out(self, path):
        deploy_clusters(path, [{4}, {1, 2, 3}])
        deploy_clusters(path, [{1, 2}, {3, 4}], assign_src_rcv=False)
        labels = {v: data["cluster"] for v, data in path.nodes(data=True) if "cluster" in data}
        assert labels == {1: 0, 2: 0, 3: 1, 4: 1}

    def test_candidates_may_be_a_list(self, path):
        path.graph["icr_candidates"] = [4, 3, 2, 1]
        deploy_clusters(path, [{1, 2, 3, 4}])
        assert set(dict(path.nodes(data="cluster")).values()) == {0}

    @pytest.mark.parametrize(
        ("clusters", "text"),
        [
            ([{1, 2}, {2, 3, 4}], "clusters 0 and 1 overlap: both have 2"),
            ([{1, 2}, {3}], "node 4 is a candidate without one"),
            ([{0, 1, 2}, {3, 4}], "node 0 is in a cluster, but no candidate"),
            ([{1, 2, 3, 4, 77}], "node 77 is"),
        ],
    )
    def test_clusters_must_divide_the_candidates(self, clusters, text, path):
        with pytest.raises(ValueError, match=text):
            deploy_clusters(path, clusters)
        assert "clusters" not in path.graph
        assert all("cluster" not in data for _, data in path.nodes(data=True))

    def test_users_need_a_single_neighbour_in_a_cluster(self, path):
        path.add_edge(0, 2)
        with pytest.raises(ValueError, match="receiver 0 has 2 neighbours"):
            deploy_clusters(path, [{1, 2}, {3, 4}])
        path.remove_edge(0, 1)
        path.graph["icr_candidates"] = {1, 3, 4}
        with pytest.raises(ValueError, match="receiver 0 is attached to 2, which is in no cluster"):
            deploy_clusters(path, [{1, 3, 4}])


class TestClusterLevelTopology:
    def test_links_between_clusters(self):
        ring = fnss.ring_topology(6)
        for node in ring:
            ring.nodes[node]["cluster"] = [1, 1, 0, 0, 2, 2][node]
        level = extract_cluster_level_topology(ring)
        assert isinstance(level, fnss.Topology)
        assert list(level) == [0, 1, 2]
        assert {frozenset(link) for link in level.edges} == {
            frozenset({0, 1}),
            frozenset({0, 2}),
            frozenset({1, 2}),
        }

    def test_a_single_cluster_is_a_single_node(self):
        path = topology_path(5)
        deploy_clusters(path, [{1, 2, 3}])
        level = extract_cluster_level_topology(path)
        assert list(level) == [0]
        assert level.number_of_edges() == 0

    def test_unusable(self):
        path = topology_path(5)
        with pytest.raises(ValueError, match="node 0 is in no cluster"):
            extract_cluster_level_topology(path)
        deploy_clusters(path, [{1}, {2, 3}])
        path.remove_edge(1, 2)
        with pytest.raises(ValueError, match="clusters are not connected"):
            extract_cluster_level_topology(path)
        with pytest.raises(ValueError, match="clusters are not connected"):
            extract_cluster_level_topology(IcnTopology())


def test_star_export():
    for name in icarus.scenarios.algorithms.__all__:
        assert name in icarus.scenarios.__all__
        assert hasattr(icarus.scenarios, name)
