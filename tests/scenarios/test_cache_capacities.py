"""Capacities of caches in contents and in bytes, by every cache placement."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.core.byte_sizes import bytes_of
from icarus.core.capacities import capacity_problems
from icarus.core.random_streams import root_seed
from icarus.errors import TopologyError
from icarus.execution.building import build_scenario
from icarus.registry import CACHE_PLACEMENT, TOPOLOGY_FACTORY
from icarus.scenarios.cacheplacement.budget import divided
from icarus.util import Tree, apportionment

PLACEMENTS = {
    "UNIFORM": {},
    "DEGREE": {},
    "BETWEENNESS_CENTRALITY": {},
    "CONSOLIDATED": {"spread": 0.4},
    "RANDOM": {"n_cache_nodes": 5},
    "OPTIMAL_MEDIAN": {"n_cache_nodes": 5, "hit_ratio": 0.5},
    "OPTIMAL_HASHROUTING": {"n_cache_nodes": 5, "hit_ratio": 0.5},
    "CLUSTERED_HASHROUTING": {"n_clusters": 3, "policy": "cluster_const"},
}
LAW = {"dist": "LOGNORMAL", "median": "10 kB", "sigma": 1}


def built(name="UNIFORM", sized=True, **capacity):
    """Return the topology with caches, and the workload."""
    workload = {"name": "STATIONARY", "n_contents": 3000, "alpha": 0.8}
    workload |= {"content_size": LAW} if sized else {}
    experiment = Tree(
        topology={"name": "RING", "n": 12},
        workload=workload,
        content_placement={"name": "UNIFORM"},
        cache_placement={"name": name, **PLACEMENTS[name], **capacity},
    )
    return build_scenario(experiment, root_seed(1, 0))


def caches(topology):
    return topology.cache_nodes()


def test_all_placements_are_here():
    assert set(PLACEMENTS) == {name for name in CACHE_PLACEMENT if "TEST" not in name}


@pytest.mark.parametrize("name", PLACEMENTS)
class TestEveryPlacement:
    def test_bytes_are_met_exactly(self, name):
        topology, _ = built(name, cache_budget="10 GiB")
        sizes = caches(topology)
        assert topology.graph["capacity_unit"] == "bytes"
        assert sum(sizes.values()) == 10 * 2**30
        assert all(type(size) is int and size > 0 for size in sizes.values())

    def test_a_share_is_one_of_bytes(self, name):
        topology, workload = built(name, network_cache=0.05, capacity_unit="bytes")
        assert sum(caches(topology).values()) == round(0.05 * workload.catalogue_bytes)

    def test_a_number_of_contents(self, name):
        by_share, _ = built(name, network_cache=0.1)
        outright, _ = built(name, cache_budget=300)
        assert caches(by_share) == caches(outright)
        assert sum(caches(outright).values()) == 300
        assert "capacity_unit" not in outright.graph

    @pytest.mark.parametrize(("size", "unit"), [("1 MiB", 2**20), (7, 7)])
    def test_a_size_of_each_cache(self, name, size, unit):
        topology, _ = built(name, node_cache=size)
        sizes = caches(topology)
        assert sum(sizes.values()) == unit * len(sizes)
        n_candidates = len(topology.graph["icr_candidates"])
        parts = {"CONSOLIDATED": round(0.4 * n_candidates)}
        parts |= dict.fromkeys(("RANDOM", "OPTIMAL_MEDIAN", "OPTIMAL_HASHROUTING"), 5)
        assert len(sizes) == parts.get(name, n_candidates)
        if name not in ("DEGREE", "BETWEENNESS_CENTRALITY", "CLUSTERED_HASHROUTING"):
            assert set(sizes.values()) == {unit}

    def test_units_do_not_get_mixed_up_between_simulations(self, name):
        in_bytes, _ = built(name, cache_budget=300, capacity_unit="bytes")
        in_contents, _ = built(name, cache_budget=300)
        assert in_bytes.graph["capacity_unit"] == "bytes"
        assert "capacity_unit" not in in_contents.graph


def network(unit):
    topology = TOPOLOGY_FACTORY["TREE"](k=2, h=2)
    topology.graph["capacity_unit"] = unit
    return topology


@given(
    st.integers(0, 2**62),
    st.lists(st.one_of(st.floats(0, 1e6), st.integers(0, 9)), min_size=1, max_size=30),
)
def test_bytes_go_by_largest_remainder(budget, weights):
    sizes = list(divided(budget, dict(enumerate(weights)), network("bytes")).values())
    assert sum(sizes) == budget
    total = sum(map(Fraction, weights))
    quotas = [
        budget * Fraction(weight) / total if total else Fraction(budget, len(weights))
        for weight in weights
    ]
    more = [size - int(quota) for size, quota in zip(sizes, quotas, strict=True)]
    assert set(more) <= {0, 1}
    # Whoever gets one more has a remainder that is no smaller, and of equal ones comes first.
    rank = [(quota - int(quota), -i) for i, quota in enumerate(quotas)]
    least = min((rank[i] for i, one in enumerate(more) if one), default=(2, 0))
    assert all(rank[i] < least for i, one in enumerate(more) if not one)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 100), min_size=1, max_size=30))
def test_contents_are_divided_as_ever(budget, weights):
    shares = [weight / sum(weights) for weight in weights]
    sizes = divided(budget, dict(enumerate(map(float, weights))), network("contents"))
    assert list(sizes.values()) == apportionment(budget, shares)


def test_bytes_need_sizes():
    for capacity in ({"cache_budget": "1 GB"}, {"network_cache": 0.1, "capacity_unit": "bytes"}):
        with pytest.raises(ValueError, match="the workload knows no sizes of contents"):
            built(sized=False, **capacity)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *((7, 7), (7.0, 7), ("7 B", 7), ("10 GB", 10**10), ("10GiB", 10 * 2**30)),
        *(("256 MiB", 2**28), ("1.5 kB", 1500), ("2 tib", 2**41)),
    ],
)
def test_bytes(text, number):
    assert bytes_of(text) == number


@pytest.mark.parametrize("text", ["7", "", "GB", "7 GX", "-7 B", -1, 1.5, True, None, [7], "7 B 3"])
def test_no_bytes(text):
    with pytest.raises(ValueError, match="should be a whole number of bytes"):
        bytes_of(text)


@pytest.mark.parametrize(
    ("section", "place", "part"),
    [
        ({}, "network_cache", "missing"),
        ({"network_cache": 1.5}, "network_cache", "1.5 contents in all write cache_budget: 1.5"),
        ({"network_cache": "1 GB"}, "network_cache", "write cache_budget: '1 GB'"),
        ({"network_cache": 0.1, "node_cache": 3}, "node_cache", "not both"),
        ({"cache_budget": "1 GX"}, "cache_budget", "found '1 GX'"),
        ({"cache_budget": "100"}, "cache_budget", "should be a number of contents"),
        ({"cache_budget": -1}, "cache_budget", "should be a number of contents"),
        ({"cache_budget": 1.5, "capacity_unit": "bytes"}, "cache_budget", "whole number of bytes"),
        (
            {"cache_budget": "1 GB", "capacity_unit": "contents"},
            "cache_budget",
            "capacity_unit says contents",
        ),
        ({"cache_budget": 1, "capacity_unit": "MB"}, "capacity_unit", "'contents' or 'bytes'"),
    ],
)
def test_mistakes(section, place, part):
    problems, notes = capacity_problems(section)
    ((where, text),) = problems
    assert (where, notes) == (place, [])
    assert part in text


class TestMapsWithCaches:
    MAP = """graph [
        node [ id 0 role "receiver" ]
        node [ id 1 cache_size {0} ]
        node [ id 2 cache_size {1} ]
        node [ id 3 role "source" ]
        edge [ source 0 target 1 ] edge [ source 1 target 2 ] edge [ source 2 target 3 ]
    ]"""

    def topology(self, tmp_path, *sizes, text=MAP):
        path = tmp_path / "net.gml"
        for i, size in enumerate(sizes):
            text = text.replace(f"{{{i}}}", size)
        path.write_text(text)
        return TOPOLOGY_FACTORY["GRAPH"](path)

    def test_contents(self, tmp_path):
        topology = self.topology(tmp_path, "5", "0")
        assert caches(topology) == {1: 5}
        assert "capacity_unit" not in topology.graph

    def test_bytes(self, tmp_path):
        topology = self.topology(tmp_path, '"5 MiB"', '"7 GB"')
        assert caches(topology) == {1: 5 * 2**20, 2: 7 * 10**9}
        assert topology.graph["capacity_unit"] == "bytes"

    def test_a_placement_replaces_them(self, tmp_path):
        topology = self.topology(tmp_path, '"5 MiB"', '"7 GB"')
        path = tmp_path / "net.gml"
        experiment = Tree(
            topology={"name": "GRAPH", "path": str(path)},
            workload={"name": "STATIONARY", "n_contents": 100, "alpha": 1},
            content_placement={"name": "UNIFORM"},
            cache_placement={"name": "UNIFORM", "cache_budget": 10},
        )
        topology, _ = build_scenario(experiment, root_seed(1, 0))
        assert caches(topology) == {1: 5, 2: 5}
        assert "capacity_unit" not in topology.graph

    @pytest.mark.parametrize(
        ("sizes", "part"),
        [
            (("5", '"7 GB"'), "node 1: cache_size 5 has no unit, as that of node 2"),
            (('"many"', "3"), "node 1: cache_size should be a whole number of contents"),
            (("-2", "3"), "node 1: cache_size should be a whole number of contents"),
        ],
    )
    def test_mistakes(self, tmp_path, sizes, part):
        with pytest.raises(TopologyError) as caught:
            self.topology(tmp_path, *sizes)
        assert part in str(caught.value)

    def test_receivers_have_no_caches(self, tmp_path):
        text = self.MAP.replace('id 0 role "receiver"', 'id 0 role "receiver" cache_size 3')
        with pytest.raises(TopologyError, match="node 0 has a cache_size, but is a receiver"):
            self.topology(tmp_path, "1", "1", text=text)
