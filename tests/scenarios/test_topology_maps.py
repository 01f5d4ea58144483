"""Measured topologies: Topology Zoo, topohub and RocketFuel."""

from __future__ import annotations

import networkx as nx
import pytest

from icarus.core.signatures import parameters
from icarus.core.values import check_value
from icarus.errors import TopologyError
from icarus.execution.simulation import Simulation, simulate
from icarus.registry import TOPOLOGY_FACTORY
from icarus.scenarios.topology import (
    topology_garr,
    topology_geant,
    topology_rocketfuel_latency,
    topology_topohub,
    topology_wide,
)
from icarus.scenarios.topology.maps import ZOO_MAPS, map_file
from icarus.scenarios.topology.zoofile import PACKAGED_MAPS
from icarus.util import Tree
from scripts.extract_zoo_maps import facts_of, text_of

GEANT_RECEIVERS = {10, 11, 18, 19, 20, 21, 26, 37}
GEANT_LEFT_OUT = {10, 11, 19}
GARR_RECEIVERS = {
    1, 7, 8, 9, 11, 12, 19, 26, 28, 30, 32, 33, 41, 42, 43, 47, 48, 50, 53, 57, 60,
}  # fmt: skip
GARR_SOURCES = {0, 2, 3, 5, 13, 16, 23, 24, 25, 27, 51, 52, 54}
WIDE_RECEIVERS = {3, 4, 5, 7, 27, 28}
WIDE_SOURCES = {8, 9, *range(11, 20)}
MAPS = {
    "GEANT": (topology_geant, "Geant2012.graphml"),
    "WIDE": (topology_wide, "WideJpn.graphml"),
    "GARR": (topology_garr, "Garr201201.graphml"),
}


@pytest.fixture
def maps(shared_data):
    return shared_data / "topologies"


def size(topology):
    return len(topology), topology.number_of_edges()


def assert_labelled_as_measured(topology):
    sources = topology.sources()
    for u, v, link in topology.edges(data=True):
        outside = u in sources or v in sources
        expected = (1000.0, 34, "external") if outside else (1.0, 2, "internal")
        assert (link["weight"], link["delay"], link["type"]) == expected


class TestZooFiles:
    def test_geant(self, maps):
        geant = topology_geant(path=maps / "Geant2012.graphml")
        assert size(geant) == (53, 74)
        assert geant.receivers() == GEANT_RECEIVERS
        twos = {1, 6, 14, 16, 17, 24, 28, 31, 32, 33, 35, 38, 39}
        assert geant.sources() == {node + 1000 for node in twos}
        assert all(geant.degree(node) == 3 for node in twos)
        assert len(geant.graph["icr_candidates"]) == 19
        assert not geant.graph["icr_candidates"] & (twos | GEANT_RECEIVERS)
        assert sum(name == "router" for name, _ in geant.stacks().values()) == 32
        assert_labelled_as_measured(geant)
        assert geant.graph["type"] == "topology_zoo"
        assert geant.nodes[0]["label"] == "NL"
        assert geant.edges[0, 1]["length"] == pytest.approx(173, abs=5)

    def test_wide(self, maps):
        wide = topology_wide(path=str(maps / "WideJpn.graphml"))
        assert size(wide) == (30, 33)
        assert wide.receivers() == WIDE_RECEIVERS
        assert wide.sources() == WIDE_SOURCES
        assert wide.graph["icr_candidates"] == set(wide) - WIDE_RECEIVERS - WIDE_SOURCES
        assert len(wide.graph["icr_candidates"]) == 13
        assert_labelled_as_measured(wide)

    def test_garr(self, maps):
        garr = topology_garr(path=maps / "Garr201201.graphml")
        assert size(garr) == (61, 75)
        assert garr.receivers() == GARR_RECEIVERS
        assert garr.sources() == GARR_SOURCES
        assert garr.graph["icr_candidates"] == set(garr) - GARR_RECEIVERS - GARR_SOURCES
        assert len(garr.graph["icr_candidates"]) == 27
        assert_labelled_as_measured(garr)


def parts(topology):
    """Return all that a topology has, in its order."""
    return {
        "nodes": list(topology.nodes(data=True)),
        "neighbours": {node: list(topology.adj[node]) for node in topology},
        "links": list(topology.edges(data=True)),
        "graph": topology.graph,
    }


@pytest.mark.parametrize("name", sorted(ZOO_MAPS))
class TestDefaultMaps:
    def test_the_map_of_icarus_gives_what_the_zoos_file_gives(self, name, maps):
        factory = TOPOLOGY_FACTORY[name]
        assert parts(factory()) == parts(factory(path=maps / f"{ZOO_MAPS[name]}.graphml"))

    def test_its_text_is_made_from_the_zoos_file(self, name, maps):
        stem = ZOO_MAPS[name]
        text = text_of(facts_of(maps / f"{stem}.graphml"))
        assert (PACKAGED_MAPS / f"{stem}.json").read_text(encoding="utf-8") == text
        assert "S. Knight" in text

    @pytest.mark.parametrize("below", [".", "topologies"])
    def test_a_file_in_the_folder_of_map_files_comes_first(
        self, name, below, tmp_path, monkeypatch
    ):
        # Small enough to be told from the map of Icarus: three leaves, one of them outside.
        graph = nx.Graph([(0, 1), (1, 2), (2, 3), (2, 4), (4, 5)])
        nx.set_node_attributes(graph, {node: int(node != 5) for node in graph}, "Internal")
        (tmp_path / below).mkdir(exist_ok=True)
        file = tmp_path / below / f"{ZOO_MAPS[name]}.graphml"
        nx.write_graphml(graph, file)
        monkeypatch.delenv("ICARUS_DATA", raising=False)
        assert map_file(name) is None
        monkeypatch.setenv("ICARUS_DATA", str(tmp_path))
        assert map_file(name) == file
        assert parts(TOPOLOGY_FACTORY[name]()) == parts(TOPOLOGY_FACTORY[name](path=file))
        assert len(TOPOLOGY_FACTORY[name]()) < 15


def test_simulations_on_the_map_of_icarus_and_on_the_zoos_file_are_equal(maps):
    requests = {"n_contents": 300, "alpha": 0.8, "n_warmup": 500, "n_measured": 2000}

    def results(**topology):
        params = {
            "topology": {"name": "GARR_2", **topology},
            "workload": {"name": "STATIONARY", **requests},
            "cache_placement": {"name": "BETWEENNESS_CENTRALITY", "network_cache": 0.1},
            "content_placement": {"name": "UNIFORM"},
            "strategy": {"name": "LCE"},
            "cache_policy": {"name": "LRU"},
        }
        collectors = {"CACHE_HIT_RATIO": {}, "LINK_LOAD": {}, "LATENCY": {}, "PATH_STRETCH": {}}
        return simulate(Simulation(Tree(params), collectors, 1, 0, "python")).results.dict()

    assert results() == results(path=str(maps / "Garr201201.graphml"))


@pytest.mark.parametrize(("name", "nodes", "caches"), [("WIDE", 30, 13), ("GARR_2", 88, 15)])
def test_sizes_of_default_maps(name, nodes, caches):
    topology = TOPOLOGY_FACTORY[name]()
    assert len(topology) == nodes
    assert len(topology.graph["icr_candidates"]) == caches


def test_topohubs_own_map_stays_under_topohub():
    assert len(topology_topohub(map="topozoo/Geant2012").graph["icr_candidates"]) == 37


@pytest.mark.parametrize("name", sorted(MAPS))
class TestUnusableZooFiles:
    def refused(self, name, path, text, error=TopologyError):
        with pytest.raises(error, match=text) as caught:
            MAPS[name][0](path=path)
        assert TOPOLOGY_FACTORY.checks[name]({"path": str(path)}) == [str(caught.value)]

    def test_missing(self, name, tmp_path):
        path = tmp_path / "Nowhere.graphml"
        self.refused(name, path, f"no map file {path}", FileNotFoundError)

    def test_broken_xml(self, name, tmp_path):
        path = tmp_path / "broken.graphml"
        path.write_text("<graphml>\n<graph>\n</graphml>\n")
        self.refused(name, path, "broken.graphml:3: not valid XML")

    def test_no_zoo_map(self, name, tmp_path):
        path = tmp_path / "names.graphml"
        nx.write_graphml(nx.Graph([("Oslo", "Bergen")]), path)
        self.refused(name, path, "names.graphml: .* its nodes are not numbered")

    def test_no_graph(self, name, tmp_path):
        path = tmp_path / "map.json"
        path.write_text("{}")
        self.refused(name, path, "map.json: not a map of the Topology Zoo")

    def test_no_role_by_the_rules(self, name, tmp_path):
        path = tmp_path / "ring.graphml"
        ring = nx.cycle_graph(4)
        nx.set_node_attributes(ring, 1, "Internal")
        nx.write_graphml(ring, path)
        self.refused(name, path, "no node of the map is a receiver")


def test_files_without_the_external_flag_are_refused(tmp_path):
    path = tmp_path / "plain.graphml"
    nx.write_graphml(nx.path_graph(4), path)
    with pytest.raises(TopologyError, match="node 0 must have an attribute 'Internal'"):
        topology_wide(path=path)


class TestRocketFuel:
    @pytest.mark.parametrize(
        ("asn", "nodes", "links", "sources"),
        [
            (1221, 218, 265, 10),
            (1239, 661, 1318, 31),
            (1755, 182, 256, 8),
            (3257, 338, 505, 16),
            (3967, 165, 233, 7),
            (6461, 289, 523, 13),
        ],
    )
    def test_counts(self, asn, nodes, links, sources, maps, monkeypatch):
        monkeypatch.setenv("ICARUS_DATA", str(maps))
        network = topology_rocketfuel_latency(asn=asn, source_ratio=0.1)
        assert size(network) == (nodes, links)
        routers = network.graph["icr_candidates"]
        assert network.sources() == {f"src_{i}" for i in range(sources)}
        assert network.receivers() == {f"rec_{i}" for i in range(len(routers))}
        assert len(routers) == (nodes - sources) // 2
        assert all(isinstance(router, int) for router in routers)
        for u, v, link in network.edges(data=True):
            assert link["weight"] == link["delay"]
            if "source" in (network.nodes[u]["stack"][0], network.nodes[v]["stack"][0]):
                assert (link["delay"], link["type"]) == (34, "external")
            elif "receiver" in (network.nodes[u]["stack"][0], network.nodes[v]["stack"][0]):
                assert (link["delay"], link["type"]) == (0, "internal")

    def test_small_map_by_hand(self, tmp_path):
        folder = tmp_path / "7"
        folder.mkdir()
        # Ends in Rome and Oslo have degree 1, Bonn 3, Kiel 1; Turku and Espoo are apart.
        (folder / "latencies.intra").write_text(
            "Rome,+IT1 Bonn,+DE2 5\nOslo,+NO3 Bonn,+DE2 9 # slow\nBonn,+DE2 Kiel,+DE4 1\n"
            "Turku,+FI5 Espoo,+FI6 2\n"
        )
        network = topology_rocketfuel_latency(asn=7, source_ratio=0.5, ext_delay=20, path=tmp_path)
        assert network.nodes[1]["location"] == "Bonn"
        assert network.graph["icr_candidates"] == {0, 1, 2, 3}
        attached = {node: next(network.neighbors(node)) for node in network if str(node) == node}
        assert attached == {
            "src_0": 1, "src_1": 0, "rec_0": 1, "rec_1": 0, "rec_2": 2, "rec_3": 3,
        }  # fmt: skip
        assert network.edges[1, 2] == {"delay": 9, "weight": 9, "type": "internal"}
        assert network.edges[1, "src_0"] == {"delay": 20, "weight": 20, "type": "external"}
        assert network.edges[1, "rec_0"] == {"delay": 0, "weight": 0, "type": "internal"}

    def test_folder_above_that_of_the_maps_will_do(self, shared_data, monkeypatch):
        monkeypatch.setenv("ICARUS_DATA", str(shared_data))
        assert len(topology_rocketfuel_latency(asn=1755)) == 182

    @pytest.mark.parametrize("ratio", [-0.1, 1.1])
    def test_ratio_out_of_range(self, ratio):
        with pytest.raises(ValueError, match="source_ratio must be within 0 and 1"):
            topology_rocketfuel_latency(asn=1221, source_ratio=ratio)

    def test_missing_map_says_where_it_is_published(self, monkeypatch, tmp_path):
        monkeypatch.setenv("ICARUS_DATA", str(tmp_path))
        with pytest.raises(FileNotFoundError, match=r"latencies.intra") as caught:
            topology_rocketfuel_latency(asn=1221)
        problems = TOPOLOGY_FACTORY.checks["ROCKET_FUEL"]({"asn": 1221})
        assert problems == [str(caught.value)]
        assert "https://research.cs.washington.edu/networking/rocketfuel/" in problems[0]
        assert str(tmp_path / "rocketfuel-latency" / "1221" / "latencies.intra") in problems[0]

    def test_unknown_system(self):
        with pytest.raises(FileNotFoundError, match=r"no latency map of AS 1222; .*1221 .Telstra"):
            topology_rocketfuel_latency(asn=1222)
        (problem,) = TOPOLOGY_FACTORY.checks["ROCKET_FUEL"]({"asn": 1222})
        assert "AS 1222" in problem

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a b 3\nc d\n", r":2: .*found 'c d'"),
            ("a b 3\n\nc d 4\n", r":2: .*found ''"),
            ("a b 3.5\n", r":1: a line gives two routers and a whole number of ms"),
            ("", "the RocketFuel latency map is empty"),
        ],
    )
    def test_broken_map(self, text, message, tmp_path):
        path = tmp_path / "latencies.intra"
        path.write_text(text)
        with pytest.raises(TopologyError, match=message):
            topology_rocketfuel_latency(asn=1, path=path)
        assert TOPOLOGY_FACTORY.checks["ROCKET_FUEL"]({"asn": 1, "path": str(path)})

    def test_check_wants_a_source(self):
        (problem,) = TOPOLOGY_FACTORY.checks["ROCKET_FUEL"]({"asn": 1221, "source_ratio": 0})
        assert "without a source" in problem


class TestTopohub:
    def test_users_attached_to_abilene(self):
        network = topology_topohub(map="topozoo/Abilene")
        assert network.graph["icr_candidates"] == set(range(11))
        assert network.nodes[0]["label"] == "New York"
        assert len(network.receivers()) == 11
        assert network.sources() == {"src_0"}
        # 1146.16 km of fibre at 5 us per km
        assert network.edges[0, 1]["length"] == 1146.16
        assert network.edges[0, 1]["delay"] == pytest.approx(5.7308)
        assert network.edges[0, 1]["weight"] == network.edges[0, 1]["delay"]
        (router,) = network.neighbors("src_0")
        degrees = nx.Graph(network.subgraph(range(11))).degree
        assert degrees[router] == max(dict(degrees).values())
        assert network.edges["src_0", router] == {"weight": 34, "delay": 34, "type": "external"}
        (router,) = network.neighbors("rec_0")
        assert network.edges["rec_0", router] == {"weight": 0, "delay": 0, "type": "internal"}

    def test_number_of_sources(self):
        assert len(topology_topohub("sndlib/germany50").sources()) == 5
        assert len(topology_topohub("sndlib/germany50", source_ratio=0.2).sources()) == 10
        assert len(topology_topohub("sndlib/germany50", source_ratio=0).sources()) == 1
        assert len(topology_topohub("sndlib/germany50", n_sources=3).sources()) == 3

    def test_leaves_as_receivers_and_caches_by_degree(self):
        network = topology_topohub(
            "topozoo/Geant2012", receivers="leaves", n_sources=2, caches=5, routing="hops"
        )
        assert network.receivers() == GEANT_RECEIVERS - GEANT_LEFT_OUT
        assert network.sources() == {"src_0", "src_1"}
        assert network.has_edge("src_0", 4)  # degree 10
        assert network.has_edge("src_1", 2)  # degree 7
        assert network.graph["icr_candidates"] == {0, 2, 4, 9, 12, 22, 29, 34}
        assert network.edges[0, 1]["weight"] == 1.0
        assert network.edges["src_0", 4]["weight"] == 1000.0

    def test_nodes_listed(self):
        network = topology_topohub("topozoo/Abilene", receivers=[0, 1], sources=[5], caches=[2, 3])
        assert size(network) == (11, 14)
        assert network.receivers() == {0, 1}
        assert network.sources() == {5}
        assert network.graph["icr_candidates"] == {2, 3}

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"map": "topozoo/Abilena"}, "no map 'topozoo/Abilena'; did you mean"),
            ({"map": "abilene"}, "did you mean 'sndlib/abilene' or 'topozoo/Abilene'?"),
            ({"map": "../../secret"}, "topohub has no map"),
            ({"map": "topozoo/Abilene", "receivers": "leaves"}, "no node is a receiver"),
            ({"map": "topozoo/Abilene", "caches": 9}, "no node is a candidate"),
            ({"map": "topozoo/Abilene", "n_sources": 12}, "must not exceed .* routers, 11"),
            ({"map": "topozoo/Abilene", "sources": ["3"]}, "no node '3' .* did you mean 3?"),
            ({"map": "topozoo/Abilene", "sources": [3], "receivers": [3]}, "3 is both"),
            ({"map": "topozoo/Abilene", "sources": [3], "caches": [3]}, "caches: node 3 is"),
        ],
    )
    def test_unusable(self, given, text):
        with pytest.raises(TopologyError, match=text) as caught:
            topology_topohub(**given)
        assert TOPOLOGY_FACTORY.checks["TOPOHUB"](given) == [str(caught.value)]

    @pytest.mark.parametrize(
        "given",
        [
            {"routing": "fast"},
            {"receivers": "leafs"},
            {"source_ratio": 2},
            {"n_sources": 0},
            {"ext_delay": -1},
        ],
    )
    def test_parameters_out_of_range(self, given):
        with pytest.raises(ValueError, match=next(iter(given)).removeprefix("ext_")):
            topology_topohub("topozoo/Abilene", **given)
        ((name, value),) = given.items()
        assert check_value(parameters(topology_topohub)[name].annotation, value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("receivers", "leaves"), ("receivers", [1, "b"]), ("sources", [2]), ("caches", 3)],
    )
    def test_rules_pass_validation(self, name, value):
        assert check_value(parameters(topology_topohub)[name].annotation, value) == []
