"""Models of hash-routing against published figures and networks worked out by hand."""

from __future__ import annotations

import fnss
import networkx as nx
import pytest

from icarus.scenarios import IcnTopology, topology_rocketfuel_latency, uniform_cache_placement
from icarus.tools import hashrouting_model, hashrouting_model_mesh, hashrouting_model_ring


def line():
    """Return r - 1 - 2 - s, with delays 1, 10 and 100 ms and caches on 1 and 2."""
    topology = IcnTopology()
    for u, v, delay in (("r", 1, 1), (1, 2, 10), (2, "s", 100)):
        topology.add_edge(u, v, weight=1, delay=delay)
    fnss.add_stack(topology, "r", "receiver", {})
    fnss.add_stack(topology, "s", "source", {})
    for node in (1, 2):
        fnss.add_stack(topology, node, "router", {"cache_size": 1})
    return topology


def ring(n):
    """Return a ring of n caches with a receiver on each and the source on the first."""
    topology = IcnTopology()
    for i in range(n):
        topology.add_edge(i, (i + 1) % n, delay=2, weight=2)
        topology.add_edge(i, f"r{i}", delay=0, weight=0)
    topology.add_edge(0, "s", delay=3, weight=1000)
    for i in range(n):
        fnss.add_stack(topology, i, "router", {"cache_size": 1})
    return topology


@pytest.mark.parametrize(
    ("asn", "latency"),
    [
        (1221, 104.43627),
        (1239, 129.91889),
        (1755, 94.26350),
        (3257, 102.65935),
        (3967, 132.65164),
        (6461, 168.74679),
    ],
)
def test_published_latencies(shared_data, asn, latency):
    maps = shared_data / "topologies" / "rocketfuel-latency"
    topology = topology_rocketfuel_latency(asn, source_ratio=0.1, path=maps)
    uniform_cache_placement(topology, len(topology.graph["icr_candidates"]))
    sources = topology.sources()
    mean = hashrouting_model(
        topology,
        "SYMM",
        0.2,
        dict.fromkeys(sources, 1 / len(sources)),
        dict.fromkeys(topology.receivers(), 1),
    )
    assert mean == pytest.approx(latency, rel=0, abs=5.1e-6)


class TestByHand:
    def test_symmetric(self):
        # Caches are 1 and 11 ms from the receiver, 110 and 100 ms from the source.
        latency = hashrouting_model(line(), "SYMM", 0.25, {"s": 1}, {"r": 7})
        assert latency == pytest.approx(2 * 6 + 0.75 * 2 * 105)

    def test_multicast(self):
        latency = hashrouting_model(line(), "MULTICAST", 0.25, {"s": 1}, {"r": 7})
        assert latency == pytest.approx(6 + 0.25 * 6 + 0.75 * (105 + 111))

    @pytest.mark.parametrize("routing", ["SYMM", "MULTICAST"])
    def test_everything_hits(self, routing):
        assert hashrouting_model(line(), routing, 1, {"s": 1}, {"r": 1}) == pytest.approx(12)

    def test_rates_weigh_receivers(self):
        topology = line()
        topology.add_edge("q", 2, weight=1, delay=3)
        near, far = (
            hashrouting_model(topology, "SYMM", 1, {"s": 1}, {"r": r, "q": q})
            for r, q in ((1, 0), (0, 1))
        )
        both = hashrouting_model(topology, "SYMM", 1, {"s": 1}, {"r": 30, "q": 10})
        assert both == pytest.approx(0.75 * near + 0.25 * far)

    def test_given_paths_are_taken(self):
        topology = line()
        topology.add_edge("r", 2, weight=9, delay=0.5)
        paths = {u: dict(row) for u, row in nx.all_pairs_shortest_path(topology)}
        by_weight = hashrouting_model(topology, "SYMM", 1, {"s": 1}, {"r": 1})
        by_hops = hashrouting_model(topology, "SYMM", 1, {"s": 1}, {"r": 1}, paths)
        assert (by_weight, by_hops) == (pytest.approx(12), pytest.approx(1.5))

    def test_directed_delays(self):
        topology = line()
        directed = topology.to_directed()
        directed.cache_nodes = topology.cache_nodes
        directed.edges[1, "r"]["delay"] = 5
        latency = hashrouting_model(directed, "SYMM", 1, {"s": 1}, {"r": 1})
        assert latency == pytest.approx(6 + 10)


class TestClosedForms:
    def test_published(self):
        assert hashrouting_model_mesh(10, 5, 0.1, 1, 1.5) == pytest.approx(5.4)
        for n, latency in ((2, 9.2), (5, 14.52), (8, 20.6)):
            assert hashrouting_model_ring(n, 0.1, 2, 3) == pytest.approx(latency)

    @pytest.mark.parametrize("n", [3, 4, 7, 10])
    def test_a_ring_is_what_the_general_model_gives(self, n):
        rates = {f"r{i}": 1 for i in range(n)}
        latency = hashrouting_model(ring(n), "SYMM", 0.3, {"s": 1}, rates)
        assert hashrouting_model_ring(n, 0.3, 2, 3) == pytest.approx(latency)

    def test_limits(self):
        assert hashrouting_model_mesh(1, 1, 1, 1, 1) == 0
        assert hashrouting_model_mesh(4, 4, 0, 1, 1) == 2 * (0.75 + 1)
        assert hashrouting_model_ring(1, 0.5, 1, 1) == 1

    @pytest.mark.parametrize(
        "call",
        [
            lambda: hashrouting_model_mesh(5, 6, 0.1, 1, 1),
            lambda: hashrouting_model_mesh(5, 5, 1.1, 1, 1),
            lambda: hashrouting_model_mesh(0, 0, 0.1, 1, 1),
            lambda: hashrouting_model_mesh(5, 5, 0.1, -1, 1),
            lambda: hashrouting_model_ring(5, -0.1, 1, 1),
            lambda: hashrouting_model_ring(0, 0.1, 1, 1),
        ],
    )
    def test_refused(self, call):
        with pytest.raises(ValueError, match="must be"):
            call()


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"routing": "MULTICST"}, "did you mean 'MULTICAST'"),
            ({"routing": "ASYMM"}, "no model of routing"),
            ({"hit_ratio": 1.5}, "hit ratio must be from 0 to 1"),
            ({"source_content_ratio": {"s": 0.9}}, "must sum to 1"),
            ({"req_rates": {"r": 0}}, "above 0"),
            ({"req_rates": {"r": -1}}, "at least 0"),
            ({"req_rates": {"x": 1}}, "no path from 'x'"),
        ],
    )
    def test_arguments(self, change, message):
        arguments = {
            "routing": "SYMM",
            "hit_ratio": 0.5,
            "source_content_ratio": {"s": 1},
            "req_rates": {"r": 1},
        }
        with pytest.raises(ValueError, match=message):
            hashrouting_model(line(), **(arguments | change))

    def test_networks(self):
        topology = line()
        del topology.edges[1, 2]["delay"]
        with pytest.raises(ValueError, match="has no delay"):
            hashrouting_model(topology, "SYMM", 0.5, {"s": 1}, {"r": 1})
        with pytest.raises(ValueError, match="no caches"):
            hashrouting_model(IcnTopology(), "SYMM", 0.5, {"s": 1}, {"r": 1})
