"""What validates runs: topologies of the smallest size with placements that fit them or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.core.kinds import is_built_in
from icarus.errors import SettingsError
from icarus.execution.simulation import Simulation, simulate
from icarus.planning.plan import make_plan
from icarus.registry import CACHE_PLACEMENT, STRATEGY, TOPOLOGY_FACTORY
from icarus.scenarios.topology.maps import ZOO_MAPS
from icarus.util import Settings

N_CONTENTS = 12
REQUESTS = {"alpha": 1, "n_warmup": 5, "n_measured": 10}
SMALLEST = {
    "TREE": {"k": 2, "h": 1},
    "PATH": {"n": 3},
    "RING": {"n": 3},
    "MESH": {"n": 1, "m": 1},
    "TOPOHUB": {"map": "topozoo/Arpanet196912"},
    "GRAPH": {},
    **{name: {} for name in ZOO_MAPS},
}
FILES = {"TISCALI", "TISCALI_2", "ROCKET_FUEL"}
PLACEMENTS = {
    "UNIFORM": {},
    "DEGREE": {},
    "BETWEENNESS_CENTRALITY": {},
    "CONSOLIDATED": {"spread": 0.5},
    "RANDOM": {"n_cache_nodes": 1},
    "OPTIMAL_MEDIAN": {"n_cache_nodes": 1, "hit_ratio": 0.5},
    "OPTIMAL_HASHROUTING": {"n_cache_nodes": 1, "hit_ratio": 0.5},
    "CLUSTERED_HASHROUTING": {"n_clusters": 1, "policy": "node_const"},
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "net.txt"
    path.write_text("1 2\n")
    return str(path)


STRATEGIES = {
    "NRR": {"metacaching": "LCE"},
    "HASHROUTING": {"routing": "SYMM"},
    "HR_CLUSTER": {"intra_routing": "SYMM"},
    "HR_EDGE_CACHE": {"routing": "SYMM", "edge_cache_ratio": 0.5},
    "HR_ON_PATH": {"routing": "SYMM", "on_path_cache_ratio": 0.5},
}
"""Those that need parameters."""


def plan(topology, placement, contents=None, strategy="LCE"):
    settings = Settings()
    experiment = {
        "topology": topology,
        "workload": {"name": "STATIONARY", "n_contents": N_CONTENTS, **REQUESTS},
        "content_placement": contents or {"name": "UNIFORM"},
        "strategy": {"name": strategy, **STRATEGIES.get(strategy, {})},
        "cache_policy": {"name": "LRU"},
    }
    if placement is not None:
        experiment["cache_placement"] = {"network_cache": 0.5, **placement}
    settings["EXPERIMENT_QUEUE"] = [experiment]
    settings["DATA_COLLECTORS"] = ["CACHE_HIT_RATIO"]
    return make_plan(settings)


def runs(checked):
    simulate(Simulation(checked.experiments[0], checked.collectors, 1, 0, "python"))


def refused(topology, placement, contents=None):
    with pytest.raises(SettingsError) as caught:
        plan(topology, placement, contents)
    (problem,) = caught.value.problems
    return problem


def test_all_topologies_and_placements_are_tried():
    built_in = {name for name in TOPOLOGY_FACTORY if is_built_in(TOPOLOGY_FACTORY[name])}
    assert set(SMALLEST) | FILES == built_in
    assert set(PLACEMENTS) == set(CACHE_PLACEMENT)
    assert set(CACHE_PLACEMENT.fits) == set(PLACEMENTS)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_tree_without_routers_is_no_place_for_caches(placement):
    problem = refused(
        {"name": "TREE", "k": 2, "h": 1}, {"name": placement, **PLACEMENTS[placement]}
    )
    assert problem.startswith(
        f"EXPERIMENT_QUEUE[0].cache_placement.name: {placement} on TREE: caches cannot be placed"
    )


def test_without_caches_it_runs():
    runs(plan({"name": "TREE", "k": 2, "h": 1}, None))


@pytest.mark.parametrize(
    ("placement", "problem"),
    [
        ({"name": "RANDOM", "n_cache_nodes": 4}, "n_cache_nodes must be from 1 to 3"),
        (
            {"name": "OPTIMAL_MEDIAN", "n_cache_nodes": 4, "hit_ratio": 0},
            "n_cache_nodes must be from 1 to 3",
        ),
        (
            {
                "name": "OPTIMAL_HASHROUTING",
                "n_cache_nodes": 3,
                "hit_ratio": 0,
                "network_cache": 0.1,
            },
            r"a cache budget of 1.2\d* contents is too small for 3 caches",
        ),
        (
            {"name": "CLUSTERED_HASHROUTING", "n_clusters": 4, "policy": "node_const"},
            "n_clusters must be from 1 to 3",
        ),
        (
            {"name": "CONSOLIDATED", "metric_dict": {0: 1, 1: 2}},
            "metric_dict has no value for the candidate 2",
        ),
    ],
)  # fmt: skip
def test_placements_that_do_not_fit(placement, problem):
    with pytest.raises(SettingsError, match=problem):
        plan({"name": "RING", "n": 3}, placement)


def test_clusters_need_users_that_share_them():
    placement = {"name": "CLUSTERED_HASHROUTING", **PLACEMENTS["CLUSTERED_HASHROUTING"]}
    assert "source 0 has 2 neighbours" in refused({"name": "TREE", "k": 2, "h": 2}, placement)


def test_weights_of_nodes_that_are_no_sources():
    contents = {"name": "WEIGHTED", "source_weights": {5: 1.0}}
    problem = refused({"name": "RING", "n": 3}, {"name": "UNIFORM"}, contents)
    assert "WEIGHTED on RING: source_weights: node 5 is not a source; sources are 6" in problem


def test_factories_of_users_are_not_called_before_anything_runs():
    def mine(**kwargs):
        raise AssertionError("called")

    TOPOLOGY_FACTORY["MINE"] = mine
    try:
        plan({"name": "MINE"}, {"name": "UNIFORM"})
    finally:
        del TOPOLOGY_FACTORY["MINE"]


@pytest.mark.parametrize("strategy", sorted(set(STRATEGY) - {"PARTITION"}))
def test_strategies_without_caches(strategy):
    if not strategy.startswith("H"):
        runs(plan({"name": "RING", "n": 3}, None, strategy=strategy))
        return
    problem = "hash-routing needs a cache"
    for placement in (None, {"name": "UNIFORM", "network_cache": 0.01}):
        with pytest.raises(SettingsError, match=f"strategy.name: {strategy} on RING: {problem}"):
            plan({"name": "RING", "n": 3}, placement, strategy=strategy)


@pytest.mark.parametrize(
    ("strategy", "placement", "problem"),
    [
        ("PARTITION", "OPTIMAL_MEDIAN", "has no graph attribute 'cache_assignment'"),
        ("HR_CLUSTER", "CLUSTERED_HASHROUTING", "the topology has no clusters"),
    ],
)
def test_strategies_that_need_a_placement(strategy, placement, problem):
    ring = {"name": "RING", "n": 3}
    runs(plan(ring, {"name": placement, **PLACEMENTS[placement]}, strategy=strategy))
    with pytest.raises(SettingsError, match=problem):
        plan(ring, {"name": "UNIFORM"}, strategy=strategy)


def test_placements_of_users_may_make_what_a_strategy_needs():
    def mine(topology, cache_budget):
        topology.graph["cache_assignment"] = {3: 0, 4: 1, 5: 2}

    CACHE_PLACEMENT["MINE"] = mine
    try:
        runs(plan({"name": "RING", "n": 3}, {"name": "MINE"}, strategy="PARTITION"))
    finally:
        del CACHE_PLACEMENT["MINE"]


def validates_or_is_refused(topology, placement, contents=None, strategy="LCE"):
    """Whether it validates; what does has to run."""
    try:
        checked = plan(topology, placement, contents, strategy)
    except SettingsError:
        return False
    runs(checked)
    return True


@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_topologies(name, graph):
    given = {"name": name, **SMALLEST[name], **({"path": graph} if name == "GRAPH" else {})}
    found = {
        placement: validates_or_is_refused(given, {"name": placement, **parameters})
        for placement, parameters in PLACEMENTS.items()
    }
    assert any(found.values()) == (name != "TREE")


SIZES = st.integers(-1, 4)
TOPOLOGIES = st.one_of(
    st.fixed_dictionaries({"name": st.just("TREE"), "k": SIZES, "h": st.integers(0, 3)}),
    st.fixed_dictionaries({"name": st.sampled_from(["PATH", "RING"]), "n": SIZES}),
    st.fixed_dictionaries({"name": st.just("MESH"), "n": SIZES, "m": SIZES}),
    st.fixed_dictionaries(
        {
            "name": st.just("TOPOHUB"),
            "map": st.just("topozoo/Arpanet196912"),
            "receivers": st.sampled_from(["attached", "leaves", [0], []]),
            "sources": st.sampled_from(["attached", [1], [0], [9]]),
            "caches": st.sampled_from(["all", 0, 2, 9, [2], [0]]),
        }
    ),
)
CONTENTS = st.one_of(
    st.just({"name": "UNIFORM"}),
    st.fixed_dictionaries(
        {
            "name": st.just("WEIGHTED"),
            "source_weights": st.dictionaries(st.integers(0, 9), st.sampled_from([-1, 0, 2.5])),
        }
    ),
)


@st.composite
def placements(draw):
    name = draw(st.sampled_from(sorted(PLACEMENTS)))
    drawn = {
        "spread": st.sampled_from([-0.1, 0, 0.3, 1]),
        "n_cache_nodes": st.integers(0, 5),
        "hit_ratio": st.sampled_from([0, 0.5, 1, 1.5]),
        "n_clusters": st.integers(0, 5),
        "policy": st.sampled_from(["node_const", "cluster_const"]),
    }
    given = {parameter: draw(drawn[parameter]) for parameter in PLACEMENTS[name]}
    return {"name": name, "network_cache": draw(st.sampled_from([0.01, 0.2, 1, 5])), **given}


@pytest.mark.fuzz
@settings(deadline=None)
@given(
    topology=TOPOLOGIES,
    placement=placements(),
    contents=CONTENTS,
    strategy=st.deferred(lambda: st.sampled_from(sorted(STRATEGY))),
)
def test_what_validates_runs(topology, placement, contents, strategy):
    validates_or_is_refused(topology, placement, contents, strategy)
