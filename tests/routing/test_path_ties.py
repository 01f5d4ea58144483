"""Where paths tie, they are those of NetworkX, made symmetric: on any graph, and on all maps."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import fnss
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.compiler.jit import DISABLED
from icarus.execution import symmetrify_paths
from icarus.registry import TOPOLOGY_FACTORY
from icarus.routing import trees as trees_module
from icarus.routing.paths import ShortestPaths
from icarus.routing.trees import ShortestPathTrees

few_integers = st.integers(0, 3)
# Sums of these differ by the order in which they are added.
few_floats = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1e16, 1.0])
any_floats = st.floats(0, allow_nan=False)
missing = st.just("missing")
no_link = st.none()


@st.composite
def graphs(draw):
    """Graphs of which many paths tie, their neighbours in any order, with links to oneself."""
    kind = draw(st.sampled_from([nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]))
    weights = draw(st.sampled_from([few_integers, few_floats, any_floats, missing]))
    n_nodes = draw(st.integers(1, 9))
    graph = kind()
    graph.add_nodes_from(draw(st.permutations(range(n_nodes))))
    ends = st.tuples(st.integers(0, n_nodes - 1), st.integers(0, n_nodes - 1))
    for u, v in draw(st.lists(ends, max_size=24)):
        weight = draw(st.one_of(weights, missing, no_link) if draw(st.booleans()) else weights)
        graph.add_edge(u, v, **({} if weight == "missing" else {"weight": weight}))
    if graph.is_multigraph():
        # NetworkX knows no parallel links that are none.
        for _, _, link in graph.edges(data=True):
            if link.get("weight", 1) is None:
                link["weight"] = 2
    return graph


def of_networkx(graph):
    return symmetrify_paths(dict(nx.all_pairs_dijkstra_path(graph)))


def all_paths(graph):
    return {u: dict(row.items()) for u, row in ShortestPaths(graph).items()}


@pytest.fixture(params=["interpreted", "compiled"])
def form(request, monkeypatch):
    """In which form trees are grown."""
    if request.param == "compiled" and DISABLED:
        pytest.skip("there is no compiler")
    interpreted = request.param == "interpreted"
    monkeypatch.setattr(trees_module, "_interpreter_will_do", lambda n_links: interpreted)
    monkeypatch.setattr(trees_module, "_grown_on", lambda *links: {})
    return request.param


@pytest.mark.fuzz
@settings(deadline=None)
@given(graph=graphs())
def test_paths_are_those_of_networkx(graph):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees_module, "_grown_on", lambda *links: {})
        expected = of_networkx(graph)
        for interpreted in (True,) if DISABLED else (True, False):
            patch.setattr(trees_module, "_interpreter_will_do", lambda n, here=interpreted: here)
            assert all_paths(graph) == expected


@pytest.mark.parametrize("seed", range(3))
def test_paths_of_large_graphs_are_those_of_networkx(form, seed):
    rng = np.random.default_rng(seed)
    graph = nx.gnm_random_graph(150, 600, seed=seed)
    for _, _, link in graph.edges(data=True):
        link["weight"] = float(rng.choice([0.0, 0.1, 0.2, 0.3, 1.0]))
    assert all_paths(graph) == of_networkx(graph)
    grid = nx.grid_2d_graph(12, 12)
    assert all_paths(grid) == of_networkx(grid)


def test_a_tie_is_decided_by_the_order_of_neighbours(form):
    def square(first, second):
        graph = nx.Graph()
        graph.add_nodes_from("rabs")
        graph.add_edges_from([("s", first), ("s", second), (first, "r"), (second, "r")])
        return ShortestPaths(graph)["r"]["s"]

    assert square("a", "b") == ["r", "a", "s"]
    assert square("b", "a") == ["r", "b", "s"]


def test_one_that_is_entered_again_loses_its_turn(form):
    # b is entered before c, but found nearer, at the distance of c, only after c was entered.
    graph = nx.Graph()
    graph.add_nodes_from("rdbcea"[::-1])
    for u, v, weight in (("r", "b", 5), ("r", "c", 2), ("r", "d", 1), ("d", "b", 1)):
        graph.add_edge(u, v, weight=weight)
    graph.add_edge("b", "e", weight=1)
    graph.add_edge("c", "e", weight=1)
    assert all_paths(graph) == of_networkx(graph)
    assert ShortestPaths(graph)["r"]["e"] == ["r", "c", "e"]


SYNTHETIC = {
    "TREE": {"k": 3, "h": 3},
    "PATH": {"n": 6},
    "RING": {"n": 8},
    "MESH": {"n": 6, "m": 3},
    "TOPOHUB": {"map": "topozoo/Geant2012"},
}
FILES = {
    "GEANT": "Geant2012.graphml",
    "GEANT_2": "Geant2012.graphml",
    "WIDE": "WideJpn.graphml",
    "GARR": "Garr201201.graphml",
    "GARR_2": "Garr201201.graphml",
    "TISCALI": "3257.r0.cch",
    "TISCALI_2": "3257.r0.cch",
}


@pytest.mark.parametrize("name", ["GEANT", "GEANT_2", "WIDE", "GARR", "GARR_2", *SYNTHETIC])
def test_paths_of_topologies_in_the_registry_are_those_of_networkx(name):
    topology = TOPOLOGY_FACTORY[name](**SYNTHETIC.get(name, {}))
    assert all_paths(topology) == of_networkx(topology)


@pytest.mark.parametrize("name", FILES)
def test_paths_of_maps_are_those_of_networkx(name, shared_data):
    topology = TOPOLOGY_FACTORY[name](path=str(shared_data / "topologies" / FILES[name]))
    assert all_paths(topology) == of_networkx(topology)


@pytest.mark.parametrize("asn", [1221, 1239, 1755, 3257, 3967, 6461])
def test_paths_of_rocketfuel_maps_are_those_of_networkx(asn, shared_data):
    folder = shared_data / "topologies" / "rocketfuel-latency" / str(asn)
    path = folder / "latencies.intra"
    topology = TOPOLOGY_FACTORY["ROCKET_FUEL"](asn=asn, path=str(path))
    paths = ShortestPaths(topology)
    receivers, sources = topology.receivers(), topology.sources()
    position = {node: i for i, node in enumerate(topology)}
    trees = {}
    for u, v in itertools.chain(
        itertools.product(receivers, sources), itertools.combinations(topology.cache_nodes(), 2)
    ):
        later, earlier = (u, v) if position[u] > position[v] else (v, u)
        if later not in trees:
            trees[later] = nx.single_source_dijkstra_path(topology, later)
        expected = trees[later][earlier]
        assert paths[u][v] == (expected if u == later else expected[::-1])


def test_small_networks_do_not_load_the_compiler():
    code = (
        "import sys; from icarus.registry import TOPOLOGY_FACTORY;"
        "from icarus.routing.paths import ShortestPaths;"
        "ShortestPaths(TOPOLOGY_FACTORY['GEANT']()).complete();"
        "print('numba' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout == "False\n", printed.stderr


def test_large_networks_need_no_compiler():
    code = (
        "import networkx as nx; from icarus.routing.paths import ShortestPaths;"
        "grid = nx.grid_2d_graph(40, 40); paths = ShortestPaths(grid);"
        "found = [paths[0, 0][39, i] for i in range(40)];"
        "expected = [nx.single_source_dijkstra_path(grid, (39, i))[0, 0] for i in range(40)];"
        "print(found == [path[::-1] for path in expected])"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert printed.stdout == "True\n", printed.stderr


def test_a_weight_that_is_no_number_is_refused():
    graph = nx.Graph()
    graph.add_edge("a", "b", weight=float("nan"))
    with pytest.raises(ValueError, match=r"'a', 'b'.*nan"):
        ShortestPathTrees(graph)


def test_paths_of_a_network_follow_the_order_of_an_fnss_topology():
    topology = fnss.Topology()
    topology.add_nodes_from(range(6))
    topology.add_edges_from([(5, 3), (5, 1), (1, 0), (3, 0), (5, 2), (2, 4), (4, 0)])
    assert ShortestPaths(topology)[0][5] == [0, 3, 5]
