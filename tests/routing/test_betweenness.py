"""Who is central, compared with networkx and by hand."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.compiler.jit import impatiently
from icarus.routing.betweenness import betweenness
from icarus.routing.betweenness_in_lists import paths_crossed_in_lists
from icarus.routing.compiled_betweenness import paths_crossed
from icarus.scenarios import topology_geant

links = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40)


@given(links)
def test_it_is_that_of_networkx(drawn):
    graph = nx.Graph(drawn)
    assert betweenness(graph) == pytest.approx(nx.betweenness_centrality(graph), rel=1e-12)


@given(links)
def test_compiled_code_gives_the_same_bits(drawn):
    graph = nx.convert_node_labels_to_integers(nx.Graph(drawn))
    neighbours = [list(graph.adj[u]) for u in graph]
    with impatiently():
        assert paths_crossed(neighbours) == paths_crossed_in_lists(neighbours)


def test_on_a_real_network():
    topology = topology_geant()
    known = nx.betweenness_centrality(topology)
    assert betweenness(topology) == pytest.approx(known, rel=1e-12)


def test_by_hand():
    """On a line of four, the inner nodes are crossed by two of the three pairs of others."""
    assert betweenness(nx.path_graph(4)) == {
        0: 0,
        1: pytest.approx(2 / 3),
        2: pytest.approx(2 / 3),
        3: 0,
    }


@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_next_to_nothing(n):
    assert betweenness(nx.path_graph(n)) == dict.fromkeys(range(n), 0)
