"""Content placement."""

from __future__ import annotations

from collections.abc import Set

import fnss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.core.signatures import parameters
from icarus.core.values import check_value
from icarus.scenarios.contentplacement import (
    apply_content_placement,
    get_sources,
    uniform_content_placement,
    weighted_content_placement,
)
from icarus.scenarios.topology import IcnTopology, topology_mesh, topology_path
from icarus.util import Tree


def network(n_sources: int) -> fnss.Topology:
    """Router 0 with the sources s0, s1.. in descending order, and a node without a stack."""
    topology = fnss.Topology()
    fnss_nodes = [f"s{i}" for i in reversed(range(n_sources))]
    topology.add_edges_from((0, node) for node in [*fnss_nodes, "no stack"])
    fnss.add_stack(topology, 0, "router")
    for node in fnss_nodes:
        fnss.add_stack(topology, node, "source")
    return topology


def placed(topology):
    return {v: topology.nodes[v]["stack"][1]["contents"] for v in get_sources(topology)}


def test_sources_come_in_the_order_of_the_topology():
    assert get_sources(network(3)) == ["s2", "s1", "s0"]


class TestApply:
    def test_sources_not_named_hold_nothing(self):
        topology = network(3)
        apply_content_placement({"s1": [4, 5]}, topology)
        assert placed(topology) == {"s0": set(), "s1": {4, 5}, "s2": set()}
        assert "contents" not in topology.nodes[0]["stack"][1]

    def test_other_nodes_are_refused(self):
        with pytest.raises(ValueError, match="node 0 is not a source; sources are 's1', 's0'"):
            apply_content_placement({0: [4]}, network(2))


contents = st.one_of(
    st.integers(0, 60).map(range),
    st.lists(st.integers() | st.text(max_size=3) | st.tuples(st.integers(), st.integers())),
)
seeds = st.integers(0, 2**32)


class TestUniform:
    @given(contents=contents, n_sources=st.integers(1, 6), seed=seeds)
    def test_is_a_partition_that_the_seed_decides(self, contents, n_sources, seed):
        topology, again = network(n_sources), network(n_sources)
        uniform_content_placement(topology, contents, seed=seed)
        uniform_content_placement(again, contents, seed=seed)
        held = placed(topology)
        assert placed(again) == held
        assert len(held) == n_sources
        assert all(isinstance(found, Set) for found in held.values())
        assert set().union(*held.values()) == set(contents)
        assert sum(len(found) for found in held.values()) == len(set(contents))

    def test_contents_are_plain_numbers(self):
        topology = topology_path(3)
        for catalogue in (range(1, 4), [1, 2, 3], np.arange(1, 4), iter([1, 2, 3])):
            uniform_content_placement(topology, catalogue)
            (held,) = placed(topology).values()
            assert held == {1, 2, 3}
            assert {type(content) for content in held} == {int}

    def test_shares_are_even(self):
        topology = topology_mesh(4, 4)
        uniform_content_placement(topology, range(40_000), seed=1)
        # four standard deviations of a binomial count are 346
        assert all(abs(len(held) - 10_000) < 346 for held in placed(topology).values())

    def test_other_seeds_and_no_seed_differ(self):
        found = set()
        for seed in (1, 2, None, None):
            topology = network(2)
            uniform_content_placement(topology, range(200), seed=seed)
            found.add(frozenset(placed(topology)["s0"]))
        assert len(found) == 4

    @pytest.mark.parametrize(
        "seed", [np.random.default_rng(5), np.random.SeedSequence(5)], ids=["rng", "sequence"]
    )
    def test_seeds_of_numpy(self, seed):
        topology, expected = network(3), network(3)
        uniform_content_placement(topology, range(50), seed=seed)
        uniform_content_placement(expected, range(50), seed=5)
        assert placed(topology) == placed(expected)

    def test_the_global_generator_is_left_alone(self):
        before = np.random.get_state()[1].tolist()  # noqa: NPY002
        uniform_content_placement(network(2), range(10))
        assert np.random.get_state()[1].tolist() == before  # noqa: NPY002

    def test_there_must_be_a_source(self):
        with pytest.raises(ValueError, match="no node of the topology is a source"):
            uniform_content_placement(IcnTopology(), range(3))


class TestWeighted:
    @given(
        contents=contents,
        weights=st.dictionaries(
            st.sampled_from(["s0", "s1", "s2", "s3"]), st.floats(0, 1e6), min_size=1
        ).filter(lambda weights: sum(weights.values()) > 1e-300),
        seed=seeds,
    )
    def test_is_a_partition_that_the_seed_decides(self, contents, weights, seed):
        topology, again = network(4), network(4)
        weighted_content_placement(topology, contents, weights, seed=seed)
        other_order = Tree(dict(reversed(weights.items())))
        weighted_content_placement(again, contents, other_order, seed=seed)
        held = placed(topology)
        assert placed(again) == held
        assert set().union(*held.values()) == set(contents)
        assert sum(len(found) for found in held.values()) == len(set(contents))
        assert all(not held[v] for v in held if not weights.get(v))

    def test_shares_are_those_of_the_weights(self):
        topology = network(3)
        weighted_content_placement(topology, range(40_000), {"s0": 3, "s2": 1}, seed=1)
        held = placed(topology)
        assert abs(len(held["s0"]) - 30_000) < 346
        assert held["s1"] == set()

    @pytest.mark.parametrize(
        ("weights", "text"),
        [
            ({"s0": 1, "s9": 1}, "source_weights: node 's9' is not a source; sources are"),
            ({0: 1}, "node 0 is not a source"),
            ({"s0": -1, "s1": 2}, "weight of source 's0' must be 0 or more, found -1"),
            ({"s0": float("nan")}, "weight of source 's0'"),
            ({"s0": float("inf")}, "weight of source 's0'"),
            ({"s0": 0, "s1": 0}, "a weight above 0 for at least one source"),
            ({}, "a weight above 0 for at least one source"),
        ],
    )
    def test_unusable_weights(self, weights, text):
        with pytest.raises(ValueError, match=text):
            weighted_content_placement(network(2), range(5), weights)

    def test_settings_may_give_a_tree(self):
        annotation = parameters(weighted_content_placement)["source_weights"].annotation
        assert check_value(annotation, Tree({"s0": 1, 1005: 0.5})) == []
        assert check_value(annotation, Tree({"s0": -1}))
