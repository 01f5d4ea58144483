"""What simulations on equal networks share, and that it is of equal networks only."""

from __future__ import annotations

import copy
import itertools

import fnss
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.execution.simulation import Simulation, simulate
from icarus.routing.known_links import known_links
from icarus.util import Tree


def network():
    topology = fnss.Topology(nx.cycle_graph(4))
    fnss.set_weights_constant(topology, 1)
    fnss.set_delays_constant(topology, 2, "ms")
    for node in topology:
        fnss.add_stack(topology, node, "router", {"cache_size": 1})
    for u, v in topology.edges():
        topology.edges[u, v]["type"] = "internal"
    return topology


def lengthen(topology):
    topology.edges[0, 1]["weight"] = 10


def slow_down(topology):
    topology.edges[0, 1]["delay"] = 34


def reorder(topology):
    attributes = topology.edges[0, 1]
    topology.remove_edge(0, 1)
    topology.add_edge(0, 1, **attributes)


def grow(topology):
    topology.add_node(9)
    fnss.add_stack(topology, 9, "router", {})


def describe(topology):
    topology.edges[0, 1]["drawn"] = np.array([1, 2])


def test_equal_networks_share():
    assert known_links(network()) is known_links(network())


@pytest.mark.parametrize("change", [lengthen, slow_down, reorder, grow, describe])
def test_networks_that_differ_do_not(change):
    first = network()
    known = known_links(first)
    other = network()
    change(other)
    assert known_links(other) is not known
    # Nor does the same topology, once it has changed.
    change(first)
    assert known_links(first) is not known
    assert known_links(network()) is known


def test_links_in_both_directions_are_not_those_in_one_each():
    topology = network()
    assert known_links(topology.to_directed()) is not known_links(topology)


def test_changes_of_one_network_are_not_those_of_the_next():
    one = NetworkModel(network(), {"name": "LRU"})
    controller = NetworkController(one)
    before = dict(one.link_delay), one.shortest_path[0][1]
    controller.remove_link(0, 1)
    assert (0, 1) not in one.link_delay
    assert one.shortest_path[0][1] == [0, 3, 2, 1]
    other = NetworkModel(network(), {"name": "LRU"})
    assert (dict(other.link_delay), other.shortest_path[0][1]) == before
    assert NetworkView(other).link_delay(1, 0) == 2


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([1, 2.5, 4])), max_size=12
    ),
    st.permutations(range(6)),
)
def test_paths_are_those_of_networks_that_nothing_is_known_of(links, nodes):
    topology = fnss.Topology()
    topology.add_nodes_from(nodes)
    for u, v, weight in links:
        if u != v:
            topology.add_edge(u, v, weight=weight)
    for node in nodes:
        fnss.add_stack(topology, node, "router", {})
    found = NetworkModel(topology, {"name": "LRU"}).shortest_path
    for u, v in itertools.permutations(nodes, 2):
        later, earlier = sorted((u, v), key=nodes.index, reverse=True)
        if nx.has_path(topology, u, v):
            path = nx.dijkstra_path(topology, later, earlier)
            assert found[u][v] == (path if u == later else path[::-1])
        else:
            assert v not in found[u]


def experiment(alpha, placement, policy, contents):
    return Tree(
        topology={"name": "TREE", "k": 2, "h": 3},
        workload={
            "name": "STATIONARY",
            "n_contents": contents,
            "alpha": alpha,
            "n_warmup": 100,
            "n_measured": 300,
        },
        cache_placement={"name": placement, "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": policy},
    )


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_simulations_do_not_depend_on_those_before(engine):
    """Each result of a mixed sequence is what the experiment gives after many others of its own."""
    collectors = {name: {} for name in ("CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH")}
    experiments = [
        experiment(0.8, "UNIFORM", "LRU", 100),
        experiment(0.8, "DEGREE", "LRU", 100),
        experiment(0.8, "UNIFORM", "LRU", 50),
        experiment(1.2, "UNIFORM", "FIFO", 100),
    ]

    def results(one, replication):
        done = simulate(Simulation(copy.deepcopy(one), collectors, 1, replication, engine))
        return repr(done.results)

    in_a_row = [[results(one, r) for r in (0, 1, 0)] for one in experiments]
    assert all(row[0] == row[2] != row[1] for row in in_a_row)
    for order in itertools.permutations(range(4)):
        for i in order:
            assert results(experiments[i], 0) == in_a_row[i][0]
