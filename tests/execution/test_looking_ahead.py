"""Policies that look ahead in a trace see the requests that the workload makes of it."""

from __future__ import annotations

import random

import fnss
import pytest
from small_networks import ENGINES, begun
from twins.sized_lookahead import SizedBelady, SizedBeladySize, SizedMin

from icarus.errors import TraceError
from icarus.policies.next_uses import check_trace
from icarus.registry import TOPOLOGY_FACTORY
from icarus.util import Tree

TWINS = {"BELADY": SizedBelady, "BELADY_SIZE": SizedBeladySize, "MIN": SizedMin}
RULES = [
    {"zero_size": "skip"},
    {"zero_size": "one"},
    {"zero_size": "skip", "size_change": "new"},
    {"zero_size": "one", "size_change": "new"},
]
N = 600


@pytest.fixture(autouse=True)
def one_cache(monkeypatch):
    def line(size):
        topology = fnss.Topology([("r", 1), (1, "s")])
        topology.add_node("r", stack=("receiver", {}))
        topology.add_node(1, stack=("router", {"cache_size": size}))
        topology.add_node("s", stack=("source", {}))
        for u, v in topology.edges():
            topology.edges[u, v].update(delay=1, type="internal", weight=1)
        topology.graph["icr_candidates"] = {1}
        return topology

    monkeypatch.setitem(TOPOLOGY_FACTORY, "TEST_ONE", line)


@pytest.fixture(scope="module")
def rows():
    """Requests of ids with sizes: a fifth are for no bytes, a quarter have another size."""
    rng = random.Random(7)
    found = []
    for _ in range(N):
        k = min(int(rng.expovariate(0.12)), 39)
        size = rng.choice([0, 10 + k, 10 + k, 10 + k, rng.randrange(1, 60)])
        found.append((f"c{k:02}", size))
    return found


def requested(rows, zero_size, size_change="keep"):
    """Return the requests that there are, as pairs of a content and a size."""
    kept = [(k, size or 1) for k, size in rows if size or zero_size == "one"]
    return [((k, size), size) for k, size in kept] if size_change == "new" else kept


def hits_of_twin(policy, capacity, requests, by_size):
    """Return how often a twin that counts bytes, or contents, has what is requested."""
    exact = {"exact": True} if policy == "BELADY_SIZE" else {}
    cache = TWINS[policy](capacity, [k for k, _ in requests], **exact)
    hits = 0
    for k, size in requests:
        if cache.get(k):
            hits += 1
        else:
            cache.put(k, size if by_size else 1)
    return hits


def simulated(path, policy, capacity, rules, engine, in_bytes=False, trace=None):
    name = {"name": policy, "trace": str(path) if trace is None else trace}
    topology = {"name": "TEST_ONE", "size": capacity}
    params = Tree(
        topology=topology,
        workload={"name": "TRACE_DRIVEN", "reqs_file": str(path), "rate": 1.0, **rules},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={**name, **({"exact": True} if policy == "BELADY_SIZE" else {})},
    )
    if in_bytes:
        params["cache_placement"] = {"name": "UNIFORM", "cache_budget": f"{capacity} B"}
    run = begun(params, engine, {"CACHE_HIT_RATIO": {}}).advance()
    results = run.results()["CACHE_HIT_RATIO"]
    return results["MEAN"]


@pytest.fixture(scope="module")
def trace(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("traces") / "trace.csv"
    path.write_text("id,size\n" + "".join(f"{k},{size}\n" for k, size in rows))
    return path


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rules", RULES, ids=lambda rules: "-".join(rules.values()))
@pytest.mark.parametrize("policy", ["BELADY", "MIN"])
def test_counts_are_those_of_a_plain_computation(policy, rules, engine, trace, rows):
    requests = requested(rows, **rules)
    expected = hits_of_twin(policy, 8, requests, by_size=False)
    assert simulated(trace, policy, 8, rules, engine) == expected / len(requests)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("policy", sorted(TWINS))
def test_counts_in_bytes(policy, engine, trace, rows):
    rules = RULES[2]
    requests = requested(rows, **rules)
    expected = hits_of_twin(policy, 200, requests, by_size=True)
    found = simulated(trace, policy, 200, rules, engine, in_bytes=True)
    assert found == expected / len(requests)


def test_a_mapping_may_say_otherwise(trace, rows):
    """A list of the requests is as good as the file, and what a mapping says stands."""
    rules = {"zero_size": "skip"}
    ids = [k for k, _ in requested(rows, "skip")]
    expected = simulated(trace, "MIN", 8, rules, "python", trace=ids)
    file = {"reqs_file": str(trace)}
    assert simulated(trace, "MIN", 8, rules, "python", trace=file) == expected
    told = {**file, "zero_size": "one"}
    assert simulated(trace, "MIN", 8, rules, "python", trace=told) < expected


def test_what_is_wrong_with_what_it_says(tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text("id\na\nb\n")
    assert check_trace({"trace": {"reqs_file": str(path), "zero_size": "skp"}}) == [
        "trace: zero_size should be one of 'error', 'skip', 'one', found 'skp'; did you mean "
        "'skip'?"
    ]
    told = {"reqs_file": str(path), "size_change": "new"}
    with pytest.raises((TraceError, ValueError), match="needs sizes, and the trace has none"):
        simulated(path, "MIN", 8, {}, "python", trace=told)
