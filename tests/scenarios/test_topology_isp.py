"""Measured topologies with a choice of candidates of their own: GEANT_2, GARR_2, TISCALI(_2)."""

from __future__ import annotations

import fnss
import networkx as nx
import pytest

import icarus.scenarios
import icarus.scenarios.topology
from icarus.errors import TopologyError
from icarus.registry import TOPOLOGY_FACTORY
from icarus.scenarios.topology import (
    IcnTopology,
    topology_garr,
    topology_garr2,
    topology_geant,
    topology_geant2,
    topology_tiscali,
    topology_tiscali2,
)

FILES = {
    "GEANT_2": "Geant2012.graphml",
    "GARR_2": "Garr201201.graphml",
    "TISCALI": "3257.r0.cch",
    "TISCALI_2": "3257.r0.cch",
}
TISCALI_LIKE = ["TISCALI", "TISCALI_2"]
ROCKETFUEL = "https://research.cs.washington.edu/networking/rocketfuel/"


@pytest.fixture
def maps(shared_data):
    return shared_data / "topologies"


def roles(topology):
    return {
        name: {node for node, stack in topology.stacks().items() if stack[0] == name}
        for name in ("receiver", "source", "router")
    }


def labels(topology):
    keys = ("weight", "delay", "type")
    return {
        frozenset((u, v)): tuple(link[key] for key in keys)
        for u, v, link in topology.edges(data=True)
    }


@pytest.mark.parametrize(
    ("name", "nodes", "links", "receivers", "sources", "candidates"),
    [
        ("GEANT_2", 53, 74, 8, 13, 16),
        ("GARR_2", 88, 102, 48, 13, 15),
        ("TISCALI", 240, 404, 36, 44, 36),
        ("TISCALI_2", 240, 404, 36, 44, 34),
    ],
)
def test_counts_from_the_original_files(name, nodes, links, receivers, sources, candidates, maps):
    topology = TOPOLOGY_FACTORY[name](path=maps / FILES[name], ignored=1)
    assert type(topology) is IcnTopology
    assert (len(topology), topology.number_of_edges()) == (nodes, links)
    found = roles(topology)
    assert len(found["receiver"]) == receivers
    assert len(found["source"]) == sources
    assert sum(map(len, found.values())) == nodes
    assert len(topology.graph["icr_candidates"]) == candidates
    assert topology.graph["icr_candidates"] <= found["router"]
    assert topology.graph["delay_unit"] == "ms"
    assert nx.is_connected(topology)
    assert not topology.cache_nodes()
    for ends, label in labels(topology).items():
        external = bool(ends & found["source"])
        assert label == ((1000.0, 34, "external") if external else (1.0, 2, "internal"))


class TestGeant2:
    def test_is_geant_but_for_the_candidates(self, maps):
        path = maps / "Geant2012.graphml"
        geant, second = topology_geant(path=path), topology_geant2(path=path)
        assert roles(second) == roles(geant)
        assert labels(second) == labels(geant)

    def test_candidates_are_the_more_central_half(self, maps):
        topology = topology_geant2(path=maps / "Geant2012.graphml")
        centrality = nx.betweenness_centrality(topology)
        chosen = topology.graph["icr_candidates"]
        others = roles(topology)["router"] - chosen
        assert len(chosen) == len(others) == 16
        assert min(centrality[v] for v in chosen) > max(centrality[v] for v in others)

    def test_of_an_odd_number_of_routers_the_middle_one_is_a_candidate(self, tmp_path):
        # The ends are receivers; the five between, all of degree 2, get a source each.
        nx.write_graphml(nx.path_graph(7), tmp_path / "line.graphml")
        topology = topology_geant2(path=tmp_path / "line.graphml")
        # In order of betweenness they are 1 and 5, 2 and 4, 3.
        assert topology.graph["icr_candidates"] == {2, 3, 4}


class TestGarr2:
    def test_is_garr_with_a_further_receiver_on_each_router(self, maps):
        path = maps / "Garr201201.graphml"
        garr, second = topology_garr(path=path), topology_garr2(path=path)
        routers = [v for v in garr if garr.nodes[v]["stack"][0] == "router"]
        assert set(second) - set(garr) == set(range(1000, 1027))
        for i, router in enumerate(routers):
            assert list(second[1000 + i]) == [router]
        assert second.receivers() - garr.receivers() == set(range(1000, 1027))
        assert second.sources() == garr.sources()
        assert second.graph["icr_candidates"] == {v for v in routers if garr.degree(v) >= 3}

    def test_numbers_that_are_taken(self, tmp_path):
        graph = nx.Graph([(1, 1000), (1, 2), (1, 3)])
        nx.set_node_attributes(graph, {1: 1, 1000: 1, 2: 1, 3: 0}, "Internal")
        nx.write_graphml(graph, tmp_path / "taken.graphml")
        with pytest.raises(TopologyError, match=r"taken.graphml: the map has a node 1000"):
            topology_garr2(path=tmp_path / "taken.graphml")


class TestTiscali:
    def test_rules(self, maps):
        topology = topology_tiscali(path=maps / "3257.r0.cch")
        for node, stack in topology.stacks().items():
            degree = topology.degree(node)
            if degree == 1:
                (neighbour,) = topology.neighbors(node)
                assert stack[0] == ("source" if topology.degree(neighbour) >= 5 else "receiver")
            else:
                assert stack[0] == "router"
            assert (node in topology.graph["icr_candidates"]) == (degree >= 6)

    def test_second_choice_of_candidates(self, maps):
        path = str(maps / "3257.r0.cch")
        first, second = topology_tiscali(path=path), topology_tiscali2(path=path)
        assert roles(second) == roles(first)
        assert labels(second) == labels(first)
        before, after = first.graph["icr_candidates"], second.graph["icr_candidates"]
        assert before - after == {181, 208, 211, 220, 222, 250, 257}
        assert after - before == {232, 303, 326, 363, 378}

    @pytest.mark.parametrize("below", [".", "topologies"])
    @pytest.mark.parametrize("name", TISCALI_LIKE)
    def test_found_in_the_folder_of_map_files(self, name, below, maps, monkeypatch):
        folder = maps if below == "." else maps.parent
        monkeypatch.setenv("ICARUS_DATA", str(folder))
        assert len(TOPOLOGY_FACTORY[name]()) == 240
        assert TOPOLOGY_FACTORY.checks[name]({}) == []

    def test_small_map_by_hand(self, tmp_path):
        # 1 has the neighbours 2..7; of its leaves 3..7 are sources. 2 has 1 and the leaf 8, a
        # receiver. 9 and 10 are apart.
        path = tmp_path / "small.cch"
        path.write_text(
            "1 @A (6) -> <2> <3> <4> <5> <6> <7>  =a r0\n"
            "2 @A (2) -> <1> <8>  =b r0\n"
            "9 @A (1) -> <10>  =c r0\n"
        )
        topology = topology_tiscali(path=path)
        assert roles(topology) == {
            "receiver": {8},
            "source": {3, 4, 5, 6, 7},
            "router": {1, 2},
        }
        assert topology.graph["icr_candidates"] == {1}
        with pytest.raises(TopologyError, match="not the map of Tiscali: it has no router 232"):
            topology_tiscali2(path=path)


class TestUnusableFiles:
    def refused(self, name, given, text, error=TopologyError):
        with pytest.raises(error, match=text) as caught:
            TOPOLOGY_FACTORY[name](**given)
        assert TOPOLOGY_FACTORY.checks[name](given) == [str(caught.value)]
        return str(caught.value)

    @pytest.mark.parametrize("name", TISCALI_LIKE)
    def test_no_map_says_which_and_where_it_is_published(self, name, tmp_path, monkeypatch):
        monkeypatch.setenv("ICARUS_DATA", str(tmp_path))
        message = self.refused(name, {}, "no map file", FileNotFoundError)
        assert str(tmp_path / "3257.r0.cch") in message
        assert ROCKETFUEL in message
        assert "ICARUS_DATA" in message

    @pytest.mark.parametrize(
        ("name", "origin"),
        [
            ("GEANT_2", "topology-zoo.org"),
            ("GARR_2", "topology-zoo.org"),
            ("TISCALI", ROCKETFUEL),
            ("TISCALI_2", ROCKETFUEL),
        ],
    )
    def test_file_that_is_not_there(self, name, origin, tmp_path):
        path = str(tmp_path / "nowhere.map")
        message = self.refused(name, {"path": path}, "no map file", FileNotFoundError)
        assert path in message
        assert origin in message

    @pytest.mark.parametrize("name", TISCALI_LIKE)
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "bad.cch: the RocketFuel map of routers is empty"),
            ("Oslo Bergen 3\n", "bad.cch: not a RocketFuel map of routers"),
            ("1 @A (1) -> <2>  =a r0\n", "no node of the map is a source by its rules"),
        ],
    )
    def test_no_map_of_routers(self, name, text, problem, tmp_path):
        path = tmp_path / "bad.cch"
        path.write_text(text)
        self.refused(name, {"path": str(path)}, problem)


def test_what_is_exported():
    assert icarus.scenarios.topology_tiscali is topology_tiscali
    for name in ("topology_geant2", "topology_garr2", "topology_tiscali2"):
        assert hasattr(icarus.scenarios.topology, name)
        assert name not in icarus.scenarios.topology.__all__
        assert name not in icarus.scenarios.__all__
    assert fnss.Topology in IcnTopology.__mro__
