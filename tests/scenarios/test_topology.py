"""The graph class, the synthetic topologies, and laws that hold for every topology factory."""

from __future__ import annotations

import os
from pathlib import Path

import fnss
import networkx as nx
import numpy as np
import pytest

import icarus.scenarios.topology as topologies
from icarus.registry import TOPOLOGY_FACTORY
from icarus.scenarios.topology import (
    IcnTopology,
    largest_connected_component_subgraph,
    topology_mesh,
    topology_path,
    topology_ring,
    topology_tree,
)

SAMPLES = {
    "TREE": [{"k": 2, "h": 3}, {"k": 3, "h": 2, "delay": 4}],
    "PATH": [{"n": 5}, {"n": 3, "delay": 0}],
    "RING": [{"n": 3}, {"n": 8, "delay_int": 2, "delay_ext": 30}],
    "MESH": [{"n": 5, "m": 2}, {"n": 1, "m": 1}],
    "GEANT": [{}, {"path": "Geant2012.graphml"}],
    "WIDE": [{}, {"path": "WideJpn.graphml"}],
    "GARR": [{}, {"path": "Garr201201.graphml"}],
    "ROCKET_FUEL": [
        {"asn": asn, "path": "rocketfuel-latency"} for asn in (1221, 1239, 1755, 3257, 3967, 6461)
    ],
    "TOPOHUB": [
        {"map": "topozoo/Abilene"},
        {"map": "sndlib/germany50", "n_sources": 3, "routing": "hops", "caches": 4},
        {"map": "topozoo/Geant2012", "receivers": "leaves"},
    ],
    "GRAPH": [{"path": "DeutscheTelekom.graphml"}, {"path": "Geant2012.graphml", "caches": 3}],
}
"""Parameters to try the factories of Icarus with; ``path`` is within the folder of maps."""


def built(name: str, given: dict[str, object], maps: Path) -> IcnTopology:
    parameters = dict(given)
    if "path" in parameters:
        parameters["path"] = str(maps / str(parameters["path"]))
    return TOPOLOGY_FACTORY[name](**parameters)


@pytest.mark.parametrize(
    ("name", "given"),
    [pytest.param(name, given, id=f"{name}-{i}") for name in SAMPLES for i, given in
     enumerate(SAMPLES[name])],
)  # fmt: skip
class TestLaws:
    @pytest.fixture
    def topology(
        self, name: str, given: dict[str, object], request: pytest.FixtureRequest
    ) -> IcnTopology:
        maps = Path()
        if "path" in given:
            maps = request.getfixturevalue("shared_data") / "topologies"
        return built(name, given, maps)

    def test_every_node_has_a_stack_and_no_contents_or_caches_yet(self, topology):
        assert isinstance(topology, IcnTopology)
        stacks = topology.stacks()
        assert set(stacks) == set(topology)
        assert {name for name, _ in stacks.values()} <= {"receiver", "source", "router"}
        assert all(properties == {} for _, properties in stacks.values())
        assert len({id(properties) for _, properties in stacks.values()}) == len(stacks)

    def test_there_are_receivers_sources_and_router_candidates(self, topology):
        candidates = topology.graph["icr_candidates"]
        assert topology.receivers()
        assert topology.sources()
        assert candidates
        assert isinstance(candidates, set)
        assert all(topology.nodes[node]["stack"][0] == "router" for node in candidates)

    def test_every_receiver_reaches_every_source(self, topology):
        assert nx.is_connected(topology)

    def test_every_link_has_weight_delay_and_type(self, topology):
        assert topology.graph["delay_unit"] == "ms"
        for _, _, link in topology.edges(data=True):
            assert link["weight"] >= 0
            assert link["delay"] >= 0
            assert link["type"] in ("internal", "external")

    def test_external_links_are_those_of_sources(self, name, topology):
        if name in ("TREE", "PATH"):
            assert {link["type"] for *_, link in topology.edges(data=True)} == {"internal"}
            return
        sources = topology.sources()
        for u, v, link in topology.edges(data=True):
            assert (link["type"] == "external") == (u in sources or v in sources)

    def test_the_same_parameters_give_the_same_topology(self, name, given, topology, request):
        maps = request.getfixturevalue("shared_data") / "topologies" if "path" in given else Path()
        again = built(name, given, maps)
        assert list(again.nodes(data=True)) == list(topology.nodes(data=True))
        assert list(again.edges(data=True)) == list(topology.edges(data=True))

    def test_the_check_finds_nothing(self, name, given, request):
        check = TOPOLOGY_FACTORY.checks.get(name)
        if check is None:
            return
        maps = request.getfixturevalue("shared_data") / "topologies" if "path" in given else Path()
        parameters = dict(given)
        if "path" in parameters:
            parameters["path"] = str(maps / parameters["path"])
        assert check(parameters) == []


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_checks_leave_missing_and_mistyped_parameters_to_the_signature(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ICARUS_DATA", str(tmp_path))
    check = TOPOLOGY_FACTORY.checks.get(name, lambda given: [])
    required = name not in ("GEANT", "WIDE", "GARR")
    assert not required or check({}) == []
    for junk in (None, 3.5, [], object()):
        check(dict.fromkeys(("n", "m", "asn", "path", "map", "source_ratio", "receivers"), junk))


class TestIcnTopology:
    def test_empty(self):
        topology = IcnTopology()
        assert (topology.cache_nodes(), topology.sources(), topology.receivers()) == (
            {},
            set(),
            set(),
        )

    def test_roles_and_caches_come_from_stacks(self):
        topology = IcnTopology()
        topology.add_path([0, 1, 2, 3])
        fnss.add_stack(topology, 0, "receiver")
        fnss.add_stack(topology, 1, "router", cache_size=0)
        fnss.add_stack(topology, 2, "source", cache_size=7)
        assert topology.receivers() == {0}
        assert topology.sources() == {2}
        assert topology.cache_nodes() == {1: 0, 2: 7}

    def test_stack_properties_are_shared_with_the_original(self):
        original = fnss.Topology()
        original.add_path([0, 1])
        fnss.add_stack(original, 0, "router")
        topology = IcnTopology(original, name="line")
        original.node[0]["stack"][1]["cache_size"] = 4
        assert topology.cache_nodes() == {0: 4}
        assert topology.name == "line"

    def test_copies_are_plain_topologies(self):
        topology = topology_path(4)
        for copy in (topology.copy(), topology.subgraph([0, 1]), topology.to_undirected()):
            assert type(copy) is fnss.Topology


def test_largest_part_keeps_order_and_attributes():
    topology = fnss.Topology(label="two parts")
    topology.add_edge("z", "y", delay=3)
    topology.add_edges_from([("d", "c"), ("c", "b"), ("b", "a")])
    part = largest_connected_component_subgraph(topology)
    assert list(part) == ["d", "c", "b", "a"]
    assert part.graph["label"] == "two parts"
    assert len(topology) == 6


def test_folder_of_maps_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("ICARUS_DATA", raising=False)
    assert Path.cwd() / "resources" / "topologies" == Path(topologies.TOPOLOGY_RESOURCES_DIR)
    monkeypatch.setenv("ICARUS_DATA", str(tmp_path))
    assert os.path.join(topologies.TOPOLOGY_RESOURCES_DIR, "x") == str(tmp_path / "x")  # noqa: PTH118
    with pytest.raises(AttributeError, match="NO_SUCH_NAME"):
        _ = topologies.NO_SUCH_NAME


class TestTree:
    def test_binary_tree_of_height_three(self):
        tree = topology_tree(k=2, h=3, delay=4)
        assert list(tree) == list(range(15))
        assert tree.sources() == {0}
        assert tree.receivers() == set(range(7, 15))
        assert tree.graph["icr_candidates"] == {1, 2, 3, 4, 5, 6}
        assert (tree.graph["type"], tree.graph["k"], tree.graph["h"]) == ("tree", 2, 3)
        assert [tree.nodes[v]["depth"] for v in (0, 1, 3, 14)] == [0, 1, 2, 3]
        assert [tree.nodes[v]["type"] for v in (0, 1, 14)] == ["root", "intermediate", "leaf"]
        assert set(tree.neighbors(1)) == {0, 3, 4}
        assert {tuple(sorted(link.items())) for *_, link in tree.edges(data=True)} == {
            (("delay", 4), ("type", "internal"), ("weight", 1.0))
        }


def test_path_of_five():
    path = topology_path(n=5, delay=3)
    assert list(path.edges) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert path.receivers() == {0}
    assert path.sources() == {4}
    assert path.graph["icr_candidates"] == {1, 2, 3}
    assert path.graph["type"] == "line"
    assert set(fnss.get_delays(path).values()) == {3}


def test_ring_of_four():
    ring = topology_ring(n=4, delay_int=2, delay_ext=7)
    assert (len(ring), ring.number_of_edges()) == (9, 9)
    assert ring.receivers() == {4, 5, 6, 7}
    assert all(ring.has_edge(i, 4 + i) for i in range(4))
    assert ring.sources() == {8}
    assert ring.graph["icr_candidates"] == {0, 1, 2, 3}
    assert ring.graph["type"] == "ring"
    assert ring.edges[0, 8] == {"weight": 1.0, "delay": 7, "type": "external"}
    internal = [link for u, v, link in ring.edges(data=True) if 8 not in (u, v)]
    assert internal == [{"weight": 1.0, "delay": 2, "type": "internal"}] * 8


def test_mesh_of_four_with_two_sources():
    mesh = topology_mesh(n=4, m=2, delay_int=2, delay_ext=7)
    assert (len(mesh), mesh.number_of_edges()) == (10, 6 + 4 + 2)
    assert mesh.receivers() == {4, 5, 6, 7}
    assert mesh.sources() == {8, 9}
    assert mesh.graph["icr_candidates"] == {0, 1, 2, 3}
    assert mesh.graph["type"] == "full_mesh"
    assert mesh.edges[0, 8] == mesh.edges[1, 9]
    assert mesh.edges[1, 9] == {"weight": 1.0, "delay": 7, "type": "external"}
    assert mesh.edges[2, 3] == {"weight": 1.0, "delay": 2, "type": "internal"}


@pytest.mark.parametrize(
    ("factory", "given", "error", "text"),
    [
        (topology_tree, {"k": 1, "h": 2}, ValueError, "k must be at least 2, found 1"),
        (topology_tree, {"k": 2, "h": 0}, ValueError, "h must be at least 1"),
        (topology_tree, {"k": 2.0, "h": 2}, TypeError, "k must be an integer, found 2.0"),
        (topology_tree, {"k": 2, "h": "3"}, TypeError, "h must be an integer, found '3'"),
        (topology_path, {"n": 2}, ValueError, "n must be at least 3"),
        (topology_path, {"n": 3.5}, TypeError, "n must be an integer"),
        (topology_path, {"n": 3, "delay": -1}, ValueError, "0 ms or more, found -1"),
        (topology_ring, {"n": 2}, ValueError, "n must be at least 3"),
        (topology_ring, {"n": "4"}, TypeError, "n must be an integer"),
        (topology_mesh, {"n": 2, "m": 3}, ValueError, "n = 2 routers .* m = 3"),
        (topology_mesh, {"n": 2, "m": 0}, ValueError, "m must be at least 1"),
    ],
)
def test_impossible_parameters_are_refused(factory, given, error, text):
    with pytest.raises(error, match=text):
        factory(**given)


def test_numbers_of_numpy_are_whole_numbers_too():
    assert list(topology_path(n=np.int64(4))) == [0, 1, 2, 3]


def test_further_keywords_are_ignored():
    assert len(topology_path(n=4, asn=1221)) == 4


def test_check_of_mesh_counts_sources():
    (problem,) = TOPOLOGY_FACTORY.checks["MESH"]({"n": 2, "m": 3})
    assert "m = 3" in problem
    assert TOPOLOGY_FACTORY.checks["MESH"]({"n": 3, "m": 3}) == []
