"""Cache placement."""

from __future__ import annotations

import fnss
import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.registry import CACHE_PLACEMENT
from icarus.scenarios.cacheplacement import (
    betweenness_centrality_cache_placement,
    clustered_hashrouting_cache_placement,
    degree_centrality_cache_placement,
    random_cache_placement,
    uniform_cache_placement,
    uniform_consolidated_cache_placement,
)
from icarus.scenarios.topology import (
    IcnTopology,
    topology_mesh,
    topology_path,
    topology_ring,
    topology_tree,
)

BUILT_HERE = ["UNIFORM", "DEGREE", "BETWEENNESS_CENTRALITY", "CONSOLIDATED"]


def network(graph: nx.Graph, candidates) -> IcnTopology:
    topology = IcnTopology(graph)
    for node in topology:
        fnss.add_stack(topology, node, "router")
    topology.graph["icr_candidates"] = candidates
    return topology


@pytest.fixture
def fork() -> IcnTopology:
    """Path 0-1-2-3-4 with 5 on 2; candidates have the degrees 2, 3, 2 and 1."""
    return network(nx.Graph([(0, 1), (1, 2), (2, 3), (3, 4), (2, 5)]), {1, 2, 3, 5})


@pytest.fixture
def line() -> IcnTopology:
    """Line of six; the inner four are candidates, with betweenness 4, 6, 6 and 4 in 10."""
    return network(nx.path_graph(6), {1, 2, 3, 4})


@pytest.mark.parametrize("name", BUILT_HERE)
class TestLaws:
    @given(
        n=st.integers(3, 12),
        extra=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=8),
        budget=st.floats(0, 1e9) | st.integers(0, 40),
        as_list=st.booleans(),
    )
    def test_the_budget_is_met_exactly(self, name, n, extra, budget, as_list):
        graph = nx.path_graph(n)
        graph.add_edges_from((u % n, v % n) for u, v in extra if u % n != v % n)
        candidates = list(range(n - 1, 0, -1))
        topology = network(graph, candidates if as_list else set(candidates))
        CACHE_PLACEMENT[name](topology, budget)
        sizes = topology.cache_nodes()
        assert sum(sizes.values()) == round(float(budget))
        assert all(type(size) is int and size > 0 for size in sizes.values())
        assert set(sizes) <= set(candidates)

    def test_placing_again_leaves_nothing_of_the_first_time(self, name, fork):
        CACHE_PLACEMENT[name](fork, 1000)
        CACHE_PLACEMENT[name](fork, 1)
        assert list(fork.cache_nodes().values()) == [1]
        CACHE_PLACEMENT[name](fork, 0)
        assert fork.cache_nodes() == {}

    def test_candidates_are_needed(self, name, fork):
        for candidates in (set(), None):
            fork.graph["icr_candidates"] = candidates
            with pytest.raises(ValueError, match=r"no candidates; .*icr_candidates"):
                CACHE_PLACEMENT[name](fork, 8)
        del fork.graph["icr_candidates"]
        with pytest.raises(ValueError, match=r"no candidates; .*icr_candidates"):
            CACHE_PLACEMENT[name](fork, 8)

    def test_candidates_must_be_nodes_with_a_stack(self, name, fork):
        fork.graph["icr_candidates"] = {1, 77}
        with pytest.raises(ValueError, match="no node 77 in the topology"):
            CACHE_PLACEMENT[name](fork, 8)
        del fork.nodes[1]["stack"]
        with pytest.raises(ValueError, match="node 1 has no stack"):
            CACHE_PLACEMENT[name](fork, 8)

    @pytest.mark.parametrize("budget", [-1, float("nan"), float("inf")])
    def test_budget_must_be_a_size(self, name, budget, fork):
        with pytest.raises(ValueError, match="cache budget must be a number, 0 or more"):
            CACHE_PLACEMENT[name](fork, budget)

    def test_further_keywords_are_ignored(self, name, fork):
        CACHE_PLACEMENT[name](fork, 4, n_cache_nodes=7)
        assert sum(fork.cache_nodes().values()) == 4


class TestUniform:
    def test_remainder_goes_to_the_first_candidates(self, fork):
        uniform_cache_placement(fork, 10)
        assert fork.cache_nodes() == {1: 3, 2: 3, 3: 2, 5: 2}

    def test_small_budgets_leave_candidates_without_a_cache(self, fork):
        uniform_cache_placement(fork, 2.4)
        assert fork.cache_nodes() == {1: 1, 2: 1}
        assert "cache_size" not in fork.nodes[5]["stack"][1]

    def test_on_a_topology_of_icarus(self):
        tree = topology_tree(k=2, h=3)
        uniform_cache_placement(tree, 60)
        assert tree.cache_nodes() == dict.fromkeys(range(1, 7), 10)


def test_degree(fork):
    degree_centrality_cache_placement(fork, 8)
    assert fork.cache_nodes() == {1: 2, 2: 3, 3: 2, 5: 1}


def test_degree_by_largest_remainder(fork):
    # exact shares of 5: 1.25, 1.875, 1.25, 0.625
    degree_centrality_cache_placement(fork, 5)
    assert fork.cache_nodes() == {1: 1, 2: 2, 3: 1, 5: 1}


def test_betweenness(line):
    betweenness_centrality_cache_placement(line, 10)
    assert line.cache_nodes() == {1: 2, 2: 3, 3: 3, 4: 2}


def test_betweenness_of_nobody_gives_equal_shares():
    mesh = network(nx.complete_graph(4), {0, 1, 2, 3})
    betweenness_centrality_cache_placement(mesh, 8)
    assert mesh.cache_nodes() == dict.fromkeys(range(4), 2)


class TestConsolidated:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({}, {2: 4, 3: 4}),
            ({"target": "bottom"}, {1: 4, 4: 4}),
            ({"spread": 0}, {3: 8}),
            ({"spread": 0, "target": "bottom"}, {1: 8}),
            ({"spread": 1}, {1: 2, 2: 2, 3: 2, 4: 2}),
            ({"spread": 0.75}, {2: 3, 3: 3, 4: 2}),
            ({"metric_dict": {1: 0, 2: 1, 3: 2, 4: 3, 0: 9}}, {3: 4, 4: 4}),
        ],
    )
    def test_which_candidates(self, given, expected, line):
        uniform_consolidated_cache_placement(line, 8, **given)
        assert line.cache_nodes() == expected

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"spread": 1.2}, "spread must be within 0 and 1, found 1.2"),
            ({"spread": -0.1}, "spread must be within 0 and 1"),
            ({"target": "middle"}, "target is either 'top' or 'bottom', found 'middle'"),
            ({"metric_dict": {1: 1, 2: 1, 3: 1}}, "no value for the candidate 4"),
        ],
    )
    def test_unusable_parameters(self, given, text, line):
        with pytest.raises(ValueError, match=text):
            uniform_consolidated_cache_placement(line, 8, **given)


def test_the_only_router_takes_all():
    path = topology_path(3)
    for name in BUILT_HERE:
        CACHE_PLACEMENT[name](path, 7)
        assert path.cache_nodes() == {1: 7}


def test_receivers_and_sources_count_for_degree():
    mesh = topology_mesh(n=3, m=1)
    # degrees 4, 3 and 3
    degree_centrality_cache_placement(mesh, 10)
    assert mesh.cache_nodes() == {0: 4, 1: 3, 2: 3}


def warnings_of(caplog, place, *args, **kwargs):
    caplog.clear()
    place(*args, **kwargs)
    return [record.getMessage() for record in caplog.records]


def test_a_budget_too_small_for_all_candidates_is_told(caplog):
    ring = topology_ring(6)
    assert warnings_of(caplog, uniform_cache_placement, ring, 4.2) == [
        "2 of 6 candidates get no cache: the cache budget, 4.2 contents, is too small"
    ]
    assert warnings_of(caplog, uniform_cache_placement, ring, 0.3) == [
        "all 6 candidates get no cache: the cache budget, 0.3 contents, is too small"
    ]
    assert not ring.cache_nodes()
    # Of those that are meant to get none, nothing is said.
    assert warnings_of(caplog, random_cache_placement, ring, 3, 3, seed=1) == []
    assert warnings_of(caplog, random_cache_placement, ring, 2, 3, seed=1) == [
        "1 of 3 candidates get no cache: the cache budget, 2 contents, is too small"
    ]
    assert warnings_of(caplog, uniform_cache_placement, ring, 6) == []


@pytest.mark.parametrize("policy", ["node_const", "cluster_const"])
def test_clusters_too_large_for_their_share_are_told(caplog, policy):
    place = clustered_hashrouting_cache_placement
    ring = topology_ring(6)
    assert warnings_of(caplog, place, ring, 5, n_clusters=2, policy=policy) == [
        "1 of 6 candidates get no cache: the cache budget, 5 contents, is too small"
    ]
    assert warnings_of(caplog, place, ring, 6, n_clusters=2, policy=policy) == []
