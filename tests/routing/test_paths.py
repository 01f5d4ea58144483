"""Shortest paths: their lengths, their symmetry, and that only those in use are computed."""

from __future__ import annotations

import itertools
import pickle

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.execution import symmetrify_paths
from icarus.routing.paths import ShortestPaths
from icarus.routing.trees import ShortestPathTrees

# Sums of these are exact, so that equal lengths are equal floats.
weights = st.sampled_from([0, 0, 0.25, 0.5, 1, 1, 1, 2.0, 7])
NAMES = [0, "", "b", (1, 2), 5, -3, "z", 2.5, frozenset({1})]


@st.composite
def graphs(draw):
    """Graphs with names of all kinds, in any order, connected or not, many paths being equal."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, len(NAMES)))]
    graph = nx.Graph()
    graph.add_nodes_from(names)
    for u, v in itertools.combinations(draw(st.permutations(names)), 2):
        if draw(st.integers(0, 9)) < 4:
            graph.add_edge(u, v, weight=draw(weights))
    return graph


@settings(deadline=None, max_examples=150)
@given(graph=graphs(), order=st.randoms(use_true_random=False))
def test_paths_are_shortest_symmetric_and_the_same_in_any_order_of_asking(graph, order):
    paths = ShortestPaths(graph)
    pairs = list(itertools.product(graph, graph))
    order.shuffle(pairs)
    reference = ShortestPaths(graph).complete()
    lengths = dict(nx.all_pairs_dijkstra_path_length(graph))
    for u, v in pairs:
        if v not in lengths[u]:
            with pytest.raises(KeyError):
                paths[u][v]
            assert v not in paths[u]
            continue
        path = paths[u][v]
        assert (path[0], path[-1]) == (u, v)
        assert len(set(path)) == len(path)
        assert (
            sum(graph.edges[link]["weight"] for link in itertools.pairwise(path)) == lengths[u][v]
        )
        assert paths[v][u] == path[::-1]
        assert reference[u][v] == path


@settings(deadline=None, max_examples=60)
@given(graph=graphs())
def test_a_path_comes_from_the_tree_of_its_later_end(graph):
    paths = ShortestPaths(graph)
    nodes = list(graph)
    for (i, u), (j, v) in itertools.combinations_with_replacement(enumerate(nodes), 2):
        tree = paths.predecessors(v)
        assert tree.shape == (len(nodes),)
        assert tree[j] < 0
        if not nx.has_path(graph, u, v):
            assert tree[i] < 0
            continue
        walked = [i]
        while walked[-1] != j:
            walked.append(int(tree[walked[-1]]))
        assert paths[u][v] == [nodes[k] for k in walked]


def test_links_without_weight_count_one():
    graph = nx.Graph([(0, 1), (1, 2), (2, 3)])
    graph.add_edge(0, 3, weight=3.5)
    assert ShortestPaths(graph)[0][3] == [0, 1, 2, 3]
    graph.edges[0, 3]["weight"] = 2.5
    assert ShortestPaths(graph)[0][3] == [0, 3]


def test_links_of_weight_zero_are_links():
    graph = nx.Graph()
    graph.add_edge("r", "a", weight=0)
    graph.add_edge("a", "b", weight=0)
    graph.add_edge("b", "s", weight=0)
    graph.add_edge("r", "s", weight=1)
    paths = ShortestPaths(graph)
    assert paths["r"]["s"] == ["r", "a", "b", "s"]
    assert paths["s"]["r"] == ["s", "b", "a", "r"]


def test_a_path_to_oneself_has_one_node():
    graph = nx.path_graph(3)
    graph.add_edge(1, 1, weight=4)
    assert [ShortestPaths(graph)[node][node] for node in graph] == [[0], [1], [2]]


def test_who_is_unknown_or_out_of_reach_has_no_path():
    graph = nx.Graph([("a", "b"), ("c", "d")])
    paths = ShortestPaths(graph)
    for u, v in (("x", "a"), ("a", "x"), ("x", "x")):
        with pytest.raises(KeyError, match="x"):
            paths[u][v]
    with pytest.raises(KeyError, match="no path from 'a' to 'd'"):
        paths["a"]["d"]
    with pytest.raises(KeyError):
        paths["d"]["a"]
    assert paths.get("x") is None
    assert paths["a"].get("d", "none") == "none"
    assert paths["a"].get("b") == ["a", "b"]
    assert ("a" in paths, "x" in paths) == (True, False)
    assert ("b" in paths["a"], "d" in paths["a"], "x" in paths["a"]) == (True, False, False)


def test_negative_weights_are_refused():
    graph = nx.Graph()
    graph.add_edge("a", "b", weight=-0.5)
    with pytest.raises(ValueError, match=r"'a', 'b'.*-0\.5"):
        ShortestPaths(graph)


@pytest.fixture
def trees(monkeypatch):
    """The roots of the shortest-path trees that are computed, by position."""
    roots = []
    real = ShortestPathTrees._grow

    def counted(self, more):
        roots.extend(more)
        return real(self, more)

    monkeypatch.setattr(ShortestPathTrees, "_grow", counted)
    return roots


def test_only_the_trees_in_use_are_computed_and_only_once(trees):
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(30, 30))
    paths = ShortestPaths(graph)
    assert trees == []
    for receiver in range(0, 800, 7):
        for source in (850, 899):
            assert len(paths[receiver][source]) == len(paths[source][receiver])
    assert trees == [850, 899]
    assert 5 in paths
    assert len(paths) == 900
    assert list(paths) == list(range(900))
    assert trees == [850, 899]


def test_what_is_computed_is_remembered():
    paths = ShortestPaths(nx.path_graph(4))
    assert paths[0][3] is paths[0][3]
    assert paths[0] is paths[0]


def test_iteration_is_complete():
    graph = nx.Graph([("a", "b"), ("b", "c")])
    graph.add_node("alone")
    expected = {
        "a": {"a": ["a"], "b": ["a", "b"], "c": ["a", "b", "c"]},
        "b": {"a": ["b", "a"], "b": ["b"], "c": ["b", "c"]},
        "c": {"a": ["c", "b", "a"], "b": ["c", "b"], "c": ["c"]},
        "alone": {"alone": ["alone"]},
    }

    def fresh():
        return ShortestPaths(graph)

    assert isinstance(fresh(), dict)
    assert list(fresh()) == list(fresh().keys()) == list(expected)
    assert {u: dict(row) for u, row in fresh().items()} == expected
    assert [dict(row) for row in fresh().values()] == list(expected.values())
    assert {u: dict(fresh()[u].items()) for u in fresh()} == expected
    assert {u: {v: fresh()[u][v] for v in fresh()[u]} for u in fresh()} == expected
    assert [sorted(map(len, fresh()[u].values())) for u in fresh()] == [
        [1, 2, 3],
        [1, 2, 2],
        [1, 2, 3],
        [1],
    ]
    assert [len(fresh()[u]) for u in fresh()] == [3, 3, 3, 1]
    assert set(fresh()["a"].keys()) == {"a", "b", "c"}
    assert {u: dict(row) for u, row in dict(fresh()).items()} == expected
    assert {u: dict(row) for u, row in pickle.loads(pickle.dumps(fresh())).items()} == expected


def test_a_graph_of_one_node_and_an_empty_one():
    single = nx.Graph()
    single.add_node(0)
    assert {u: dict(row) for u, row in ShortestPaths(single).items()} == {0: {0: [0]}}
    assert list(ShortestPaths(nx.Graph()).items()) == []


def test_symmetrify_edits_in_place_and_makes_all_pairs_symmetric():
    graph = nx.cycle_graph(6)
    paths = dict(nx.all_pairs_dijkstra_path(graph))
    assert any(paths[u][v] != paths[v][u][::-1] for u in graph for v in graph)
    assert symmetrify_paths(paths) is paths
    for u, v in itertools.product(graph, graph):
        assert paths[u][v] == paths[v][u][::-1]
        assert len(paths[u][v]) - 1 == nx.shortest_path_length(graph, u, v)
