"""The compiled engine gives exactly what the reference engine gives, for every pair of a strategy
and a policy, whatever the network and the requests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import fnss
import pytest
from comparison import QUICK, assert_same_caches, assert_same_results
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icarus.policies.cache import can_count_bytes, definition_of
from icarus.registry import CACHE_POLICY, STRATEGY, TOPOLOGY_FACTORY

STRATEGIES = {
    "NO_CACHE": [{}],
    "LCE": [{}],
    "LCD": [{}],
    "PROB_CACHE": [{}, {"t_tw": 2.5}],
    "CL4M": [{}, {"use_ego_betw": True}],
    "RAND_BERNOULLI": [{}, {"p": 0.7}],
    "RAND_CHOICE": [{}],
    "EDGE": [{}],
    "PARTITION": [{}],
    "NRR": [{"metacaching": "LCE"}, {"metacaching": "LCD"}],
    "HASHROUTING": [{"routing": "SYMM"}, {"routing": "ASYMM"}, {"routing": "MULTICAST"}],
    "HR_SYMM": [{}, {"salt": 0}, {"salt": -3}, {"assignment": "round_robin"}],
    "HR_ASYMM": [{}],
    "HR_MULTICAST": [{}],
    "HR_HYBRID_AM": [{}, {"max_stretch": 0.6}],
    "HR_HYBRID_SM": [{}],
    "HR_EDGE_CACHE": [
        {"routing": routing, "edge_cache_ratio": ratio}
        for routing, ratio in [("SYMM", 0.5), ("ASYMM", 0.25), ("MULTICAST", 1), ("SYMM", 0)]
    ],
    "HR_ON_PATH": [
        {"routing": routing, "on_path_cache_ratio": ratio}
        for routing, ratio in [("SYMM", 0.5), ("ASYMM", 0.25), ("MULTICAST", 0.5), ("SYMM", 1)]
    ],
    "HR_CLUSTER": [
        {"intra_routing": intra, "inter_routing": inter}
        for intra in ("SYMM", "ASYMM", "MULTICAST")
        for inter in ("LCE", "EDGE")
    ],
}
"""Every strategy, with the parameters to try."""

POLICIES = {
    "LRU": [{}],
    "FIFO": [{}],
    "CLIMB": [{}],
    "SLRU": [{}, {"segments": 3, "alloc": [0.5, 0.25, 0.25]}],
    "RAND": [{}],
    "IN_CACHE_LFU": [{}],
    "PERFECT_LFU": [{}],
    "MIN": [{"trace": [3, 1, 2, 1, 5, 1, 3, 2, 4] * 12}],
    "GDSF": [{}],
    "LFU": [{}],
    "LFUDA": [{}],
    "LRU_K": [{}, {"k": 3, "retain": 4}],
    "BELADY": [{"trace": [3, 1, 2, 1, 5, 1, 3, 2, 4] * 12}],
    "BELADY_SIZE": [{"trace": [3, 1, 2, 1, 5, 1, 3, 2, 4] * 12, "samples": 4}],
    "HYPERBOLIC": [{"samples": 4}],
    "LHD": [{"period": 50}],
    "LECAR": [{}],
    "CACHEUS": [{"contents": 20}],
    "NULL": [{}],
    "CLOCK": [{}, {"bits": 2, "initial": 1}],
    "MRU": [{}],
    "SIEVE": [{}],
    "S3_FIFO": [{"small": 0.5}, {"variant": "paper"}],
    "QD_LP_FIFO": [{"small": 0.5}],
    "CLOCK2Q_PLUS": [{"small": 0.5}],
    "TWO_Q": [{}, {"in": 0.5}],
    "ARC": [{}, {"integer_step": True}],
    "S4LRU": [{"segments": 2}],
    "K_LRU": [{}, {"k": 3, "names": 2}],
    "LRU_PROB": [{}],
    "LIRS": [{"hot": 0.6}],
    "W_TINYLFU": [{"window": 0.2}, {"sketch": "exact"}, {"window": 0.2, "adaptive": True}],
    "SHARD": [{"nodes": 2}, {"nodes": 3, "policy": "RAND"}, {"nodes": 2, "salt": 5}],
}
"""Every policy that settings can name, with the parameters to try."""

NOT_IN_SETTINGS = {"PATH", "TREE", "ARRAY"}


def test_no_component_is_left_out():
    def own(registry):
        return {name for name, one in registry.items() if one.__module__.startswith("icarus.")}

    assert own(STRATEGY) == STRATEGIES.keys()
    assert own(CACHE_POLICY) - NOT_IN_SETTINGS == POLICIES.keys()


@pytest.fixture(autouse=True, scope="module")
def random_topology():
    """Register a factory of random networks with random weights and delays."""
    TOPOLOGY_FACTORY["TEST_RANDOM"] = _random_network
    yield
    del TOPOLOGY_FACTORY["TEST_RANDOM"]


def _random_network(links, ends, weights, delays):
    """Return a network of routers, each receiver and source at one of them."""
    topology = fnss.Topology(links)
    for router in topology:
        fnss.add_stack(topology, router, "router", {})
    for i, (kind, router) in enumerate(ends):
        node = f"{kind}{i}"
        topology.add_edge(node, router)
        fnss.add_stack(topology, node, kind, {})
    for i, (u, v) in enumerate(topology.edges()):
        topology.edges[u, v]["weight"] = weights[i % len(weights)]
        topology.edges[u, v]["delay"] = delays[i % len(delays)]
        external = any(str(node).startswith("source") for node in (u, v))
        topology.edges[u, v]["type"] = "external" if external else "internal"
    return _finished(topology)


def _finished(topology):
    candidates = [v for v, stack in topology.stacks().items() if stack[0] == "router"]
    topology.graph["icr_candidates"] = set(candidates)
    return topology


@st.composite
def topologies(draw):
    kind = draw(st.sampled_from(["TEST_RANDOM", "TREE", "RING", "MESH", "PATH"]))
    if kind == "TREE":
        return {"name": kind, "k": draw(st.integers(2, 3)), "h": draw(st.integers(2, 3))}
    if kind == "RING":
        return {"name": kind, "n": draw(st.integers(3, 6))}
    if kind == "MESH":
        return {"name": kind, "n": draw(st.integers(3, 5)), "m": draw(st.integers(1, 3))}
    if kind == "PATH":
        return {"name": kind, "n": draw(st.integers(4, 7))}
    n_routers = draw(st.integers(2, 7))
    parents = [draw(st.integers(0, i - 1)) for i in range(1, n_routers)]
    links = [(parent, i) for i, parent in enumerate(parents, start=1)]
    more = st.tuples(st.integers(0, n_routers - 1), st.integers(0, n_routers - 1))
    links += [(u, v) for u, v in draw(st.lists(more, max_size=5)) if u != v]
    routers = st.integers(0, n_routers - 1)
    ends = [("receiver", router) for router in draw(st.lists(routers, min_size=1, max_size=3))]
    ends += [("source", router) for router in draw(st.lists(routers, min_size=1, max_size=2))]
    return {
        "name": "TEST_RANDOM",
        "links": links,
        "ends": ends,
        "weights": draw(st.lists(st.integers(1, 3), min_size=1, max_size=5)),
        "delays": draw(st.lists(st.sampled_from([0.1, 2, 2.5, 34.0]), min_size=1, max_size=5)),
    }


@st.composite
def workloads(draw, with_writes=True):
    n_contents = draw(st.integers(1, 40))
    requests = {
        "n_warmup": draw(st.integers(0, 60)),
        "n_measured": draw(st.integers(0, 120)),
        "beta": draw(st.sampled_from([0, 0.7])),
        "n_contents": n_contents,
    }
    if with_writes and draw(st.booleans()):
        return {"name": "YCSB", "workload": draw(st.sampled_from("ABDE")), **requests}
    return {"name": "STATIONARY", "alpha": draw(st.sampled_from([0, 0.8, 1, 1.3])), **requests}


SIZE_LAWS = [7, {"dist": "UNIFORM", "low": 1, "high": 9}]


@st.composite
def experiments(draw, strategy, policy, with_writes=True, in_bytes=False):
    """Draw experiments with a strategy and a policy, half in bytes if the policy counts these.

    Bytes are other code. Where little is to be compiled, they are tried only if asked for.
    """
    topology = draw(topologies())
    workload, placement = draw(workloads(with_writes)), {"name": "UNIFORM"}
    around = {}
    if (in_bytes or not QUICK) and can_count_bytes(CACHE_POLICY[policy]) and draw(st.booleans()):
        workload["content_size"] = draw(st.sampled_from(SIZE_LAWS))
        placement["capacity_unit"] = "bytes"
        if hasattr(definition_of(CACHE_POLICY[policy]), "update"):
            around = draw(st.sampled_from([{}, {"size_change": "update"}]))
    if strategy == "PARTITION":
        placement |= {"name": "OPTIMAL_MEDIAN", "n_cache_nodes": 1, "hit_ratio": 0.4}
    if strategy == "HR_CLUSTER":
        placement |= {"name": "CLUSTERED_HASHROUTING", "n_clusters": 2, "policy": "node_const"}
    return {
        "topology": topology,
        "workload": workload,
        "cache_placement": {**placement, "network_cache": draw(st.sampled_from([0.5, 1.5, 4]))},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": strategy, **draw(st.sampled_from(STRATEGIES[strategy]))},
        "cache_policy": {"name": policy, **draw(st.sampled_from(POLICIES[policy])), **around},
    }


ALL_PAIRS = "ICARUS_ALL_PAIRS" in os.environ
OF_EACH_STRATEGY = {"LRU", "SLRU", "RAND", "PERFECT_LFU", "MIN", "NULL", "SHARD", "S3_FIFO"}
OF_EACH_POLICY = {"LCE", "LCD", "HR_SYMM"}
"""What is paired with all others in every run of the suite; two policies on the same structure see
a strategy alike."""

PAIRS = [
    (strategy, policy)
    for strategy in STRATEGIES
    for policy in POLICIES
    if policy in OF_EACH_STRATEGY or strategy in OF_EACH_POLICY or ALL_PAIRS
]

# Compiling takes ten seconds for each pair. Every run of the suite compiles a strategy of each
# family with LRU, and a policy that draws, and runs all pairs as plain Python, in a process of its
# own; `make test-differential` compiles all.
COMPILED = {
    *("LCE", "EDGE", "PROB_CACHE", "CL4M", "RAND_CHOICE", "PARTITION", "NRR"),
    *("HR_SYMM", "HR_HYBRID_AM", "HR_EDGE_CACHE", "HR_CLUSTER"),
}
CHOSEN = [
    pair
    for pair in PAIRS
    if not QUICK or (pair[0] in COMPILED and pair[1] == "LRU") or pair == ("LCE", "RAND")
]
EXAMPLES = int(os.environ.get("ICARUS_EXAMPLES", 20))


def property_of(experiment_strategy, examples, check):
    """Have Hypothesis look for an experiment and a seed that `check` fails for."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(experiment_strategy, st.integers(0, 2**32))
    def law(experiment, seed):
        check(experiment, seed)

    law()


@pytest.mark.parametrize(("strategy", "policy"), CHOSEN)
def test_same_results(strategy, policy):
    property_of(experiments(strategy, policy), EXAMPLES, assert_same_results)


def test_same_results_in_bytes():
    property_of(experiments("LCE", "LRU", in_bytes=True), EXAMPLES, assert_same_results)


@pytest.mark.parametrize(("strategy", "policy"), CHOSEN)
def test_same_cache_contents(strategy, policy):
    few = max(EXAMPLES // 2, 1)
    property_of(experiments(strategy, policy, with_writes=False), few, assert_same_caches)


@pytest.mark.skipif(not QUICK, reason="this is a run of all pairs")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("own", [True, False], ids=["this", "others"])
def test_all_pairs_as_plain_python(own):
    here = Path(__file__)
    others = [path for path in here.parent.glob("test_*.py") if path != here]
    modules = [here] if own else others
    alone = ["-p", "no:xdist", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *alone, *modules],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "ICARUS_EXAMPLES": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) > (2 * len(PAIRS) if own else len(PAIRS))
