"""Topologies from files of the user's own."""

from __future__ import annotations

import logging

import networkx as nx
import pytest

from icarus.errors import TopologyError
from icarus.registry import TOPOLOGY_FACTORY
from icarus.scenarios.topology import topology_graph


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def labelled():
    """Receiver - cache - router - source, with roles, latencies and costs."""
    graph = nx.Graph()
    roles = ["receiver", "cache", "router", "source"]
    graph.add_nodes_from((f"n{i}", {"role": role}) for i, role in enumerate(roles))
    for i in range(3):
        graph.add_edge(f"n{i}", f"n{i + 1}", latency=1.5 * (i + 1), cost=10 * (i + 1))
    return graph


def links(topology):
    return {
        (u, v): (link["delay"], link["weight"], link["type"])
        for u, v, link in topology.edges(data=True)
    }


@pytest.mark.parametrize("suffix", ["graphml", "gml"])
def test_roles_delays_and_weights_of_the_file(suffix, labelled, tmp_path):
    path = tmp_path / f"net.{suffix}"
    (nx.write_graphml if suffix == "graphml" else nx.write_gml)(labelled, path)
    topology = topology_graph(path, delay_attribute="latency", weight_attribute="cost")
    a, b, c, d = topology
    assert [a, b, c, d] == (["n0", "n1", "n2", "n3"] if suffix == "graphml" else [0, 1, 2, 3])
    assert topology.receivers() == {a}
    assert topology.sources() == {d}
    assert topology.graph["icr_candidates"] == {b}
    assert links(topology) == {
        (a, b): (1.5, 10, "internal"),
        (b, c): (3.0, 20, "internal"),
        (c, d): (4.5, 30, "external"),
    }


def test_parameters_go_before_the_roles_of_the_file(labelled, tmp_path):
    path = tmp_path / "net.graphml"
    nx.write_graphml(labelled, path)
    topology = topology_graph(path, receivers="attached", caches="all")
    assert topology.receivers() == {"rec_0", "rec_1", "rec_2"}
    assert topology.sources() == {"n3"}
    assert topology.graph["icr_candidates"] == {"n0", "n1", "n2"}


def test_edge_list_with_users_attached(write):
    path = write("net.txt", "# a line of three routers\n1 2\n2, 3, 7\n\n3 4 1 5  # two numbers\n")
    topology = topology_graph(str(path), source_ratio=0.5, ext_delay=20)
    assert topology.graph["icr_candidates"] == {1, 2, 3, 4}
    assert links(topology) == {
        (1, 2): (2, 1.0, "internal"),
        (2, 3): (7, 1.0, "internal"),
        (3, 4): (1, 5, "internal"),
        (2, "src_0"): (20, 1000.0, "external"),
        (3, "src_1"): (20, 1000.0, "external"),
        (2, "rec_0"): (0, 1.0, "internal"),
        (3, "rec_1"): (0, 1.0, "internal"),
        (1, "rec_2"): (0, 1.0, "internal"),
        (4, "rec_3"): (0, 1.0, "internal"),
    }


def test_csv_with_headings_and_gaps(write):
    path = write(
        "net.csv", "from,to,u_of_edge,latency\noslo,bergen,x,3\nbergen,voss,y,\nvoss,oslo,,4\n"
    )
    topology = topology_graph(path, receivers=["oslo"], sources=["voss"], delay_attribute="latency")
    assert links(topology) == {
        ("oslo", "bergen"): (3, 1.0, "internal"),
        ("bergen", "voss"): (34, 1000.0, "external"),
        ("oslo", "voss"): (4, 1000.0, "external"),
    }
    assert topology.edges["oslo", "bergen"]["u_of_edge"] == "x"


def test_delays_may_serve_as_weights(write):
    path = write("net.csv", "a,b,delay,weight\n1,2,5,9\n2,3,6,9\n")
    topology = topology_graph(
        path, receivers="leaves", sources=[3], delay_attribute="weight", weight_attribute="delay"
    )
    assert links(topology) == {(1, 2): (9, 5, "internal"), (2, 3): (9, 6, "external")}


def test_format_can_be_named(write):
    path = write("net.dat", "1 2\n2 3\n")
    assert len(topology_graph(path, format="edgelist")) == 3 + 3 + 1
    with pytest.raises(TopologyError, match=r"net.dat: its suffix tells no format; .*edgelist"):
        topology_graph(path)
    with pytest.raises(ValueError, match=r"unknown format 'edgelst'; did you mean 'edgelist'?"):
        topology_graph(path, format="edgelst")


def test_only_the_largest_part_is_taken_with_a_warning(write, caplog):
    path = write("net.txt", "1 2\n2 3\n3 3\n8 9\n2 1 50\n")
    with caplog.at_level(logging.WARNING):
        topology = topology_graph(path)
    assert topology.graph["icr_candidates"] == {1, 2, 3}
    assert topology.edges[1, 2]["delay"] == 2  # the first of parallel links
    assert "2 of 5 nodes are left out" in caplog.text


def test_directed_multigraphs_become_simple(tmp_path):
    path = tmp_path / "net.graphml"
    graph = nx.MultiDiGraph()
    graph.add_edges_from(
        [(0, 1, {"delay": 3}), (0, 1, {"delay": 4}), (1, 0, {"delay": 5}), (1, 2, {"delay": 6})]
    )
    nx.write_graphml(graph, path)
    topology = topology_graph(path)
    assert (topology.edges[0, 1]["delay"], topology.edges[1, 2]["delay"]) == (3, 6)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("net.txt", "1 2\n3\n", r"net.txt:2: a line is 'node node \[delay"),
        ("net.txt", "1 2 3 4 5\n", r"net.txt:1: a line is"),
        ("net.txt", "1 2\n2 3 fast\n", r"net.txt:2: delay must be a number, .*found 'fast'"),
        ("net.txt", "1 2 -1\n", r"net.txt:1: delay must be a number, 0 or more, found '-1'"),
        ("net.txt", "1 2 1 nan\n", r"net.txt:1: weight must be a number"),
        ("net.txt", "# nothing\n", "there is no link in it"),
        ("net.csv", "a,b,delay\n1,2,3\n2,3\n", "net.csv:3: .*found 2 values and 3 headings"),
        ("net.csv", "a,b,delay\n1,2,3\n2,3,x\n", "net.csv:3: delay must be a number"),
        ("net.csv", "", "there is no link in it"),
        ("net.graphml", "<graphml>\n<graph>\n", "net.graphml:3: not valid XML"),
        ("net.graphml", "<html></html>", "net.graphml: cannot be read as graphml"),
        ("net.gml", "graph [\n node [\n", "net.gml: cannot be read as gml: .*at \\(3, 1\\)"),
    ],
)
def test_broken_files(name, text, message, write):
    path = write(name, text)
    with pytest.raises(TopologyError, match=message) as caught:
        topology_graph(path)
    assert TOPOLOGY_FACTORY.checks["GRAPH"]({"path": str(path)}) == [str(caught.value)]


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "net.txt"
    path.write_bytes(b"\xff\xfe1 2\n")
    with pytest.raises(TopologyError, match="cannot be read as edgelist"):
        topology_graph(path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"role_attribute": "stak"}, "no node has an attribute 'stak'"),
        (
            {"delay_attribute": "latncy"},
            "no link has an attribute 'latncy'; did you mean 'latency'",
        ),
        ({"receivers": ["n9"]}, "receivers: there is no node 'n9'"),
        ({"caches": ["n3"]}, "caches: node 'n3' is a receiver or source"),
        ({"sources": ["n0"]}, "node 'n0' is both a receiver and a source"),
        ({"sources": []}, "no node is a source"),
    ],
)
def test_rules_that_do_not_fit_the_file(given, message, labelled, tmp_path):
    path = tmp_path / "net.graphml"
    nx.write_graphml(labelled, path)
    with pytest.raises(TopologyError, match=message):
        topology_graph(path, **given)
    assert len(TOPOLOGY_FACTORY.checks["GRAPH"]({"path": str(path), **given})) == 1


def test_unknown_role(labelled, tmp_path):
    path = tmp_path / "net.graphml"
    labelled.nodes["n1"]["role"] = "sorce"
    nx.write_graphml(labelled, path)
    with pytest.raises(TopologyError, match=r"node 'n1': unknown role 'sorce'; .*'source'"):
        topology_graph(path)


def test_missing_file(tmp_path):
    path = tmp_path / "nowhere.graphml"
    with pytest.raises(FileNotFoundError, match=r"nowhere.graphml"):
        topology_graph(path)
    assert TOPOLOGY_FACTORY.checks["GRAPH"]({"path": str(path)}) == [f"no map file {path}"]


def test_names_taken_by_attached_nodes(write):
    path = write("net.txt", "rec_0 b\nb c\n")
    with pytest.raises(TopologyError, match="'rec_0'"):
        topology_graph(path)


def test_a_zoo_file_is_a_graph_file_too(shared_data):
    topology = topology_graph(shared_data / "topologies" / "DeutscheTelekom.graphml")
    assert len(topology.graph["icr_candidates"]) == 30
