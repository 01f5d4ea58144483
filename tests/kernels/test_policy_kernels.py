"""Compiled policies answer every operation as the reference does, and end with the same content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import icarus.kernels.policies  # noqa: F401 - registers the kernels
from icarus.compiler.jit import CACHE_VARIABLE, generic_entry_point
from icarus.core.signatures import accepts_seed
from icarus.kernels import index
from icarus.kernels.kernel_registry import Contents, policy_kernel
from icarus.registry import CACHE_POLICY
from icarus.testing._compiled import (
    GET,
    PUT,
    Operation,
    apply_all,
    first_difference,
    run_compiled,
)

NOT_IN_SETTINGS = {"PATH", "TREE", "ARRAY"}

N_CONTENTS = 12
NAMES: dict[str, Sequence[Any]] = {
    "range": range(5, 5 + 3 * N_CONTENTS, 3),
    "text": [f"/content/{number}" for number in range(N_CONTENTS)],
}


class Case(NamedTuple):
    """Caches of one policy and what is done with them."""

    names: Sequence[Any]
    sizes: list[int]
    chunks: list[list[Operation]]
    trace: list[int]
    seed: int


def build_caches(policy: str, parameters: dict[str, Any], case: Case) -> list[Any]:
    """Return the caches as a network has them: those that draw share one Generator."""
    component = CACHE_POLICY[policy]
    given_trace = [case.names[content] if content >= 0 else "elsewhere" for content in case.trace]
    parameters = {
        **parameters,
        **({"trace": given_trace} if policy == "MIN" else {}),
        **({"seed": np.random.default_rng(case.seed)} if accepts_seed(component) else {}),
    }
    if parameters.get("policy") == "MIN":
        parameters["policy_attr"] = {"trace": given_trace}
    # No more segments and no more shards than places.
    two_segments = {"segments": 2} if policy == "SLRU" else {}
    least = max(
        {"nodes": 1, "segments": 1, **two_segments, **parameters}[key]
        for key in ("nodes", "segments")
    )
    return [component(max(size, least), **parameters) for size in case.sizes]


def check(policy: str, parameters: dict[str, Any], case: Case) -> None:
    kernel = policy_kernel(CACHE_POLICY[policy])
    assert kernel is not None
    caches, others = (build_caches(policy, parameters, case) for _ in range(2))
    assert first_difference(kernel, caches, others, case) is None


@st.composite
def cases(draw: st.DrawFn, names: Sequence[Any]) -> Case:
    sizes = draw(st.lists(st.integers(1, 8), min_size=1, max_size=3))
    # Long sequences from a seed: what matters is what caches do when full, not each number.
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = np.array(draw(st.sampled_from([(4, 4, 1, 1), (5, 5, 1, 0), (1, 5, 1, 2)])))
    popularity = 1 / np.arange(1, N_CONTENTS + 1) ** draw(st.sampled_from([0.0, 0.8]))
    chunks = []
    for n in draw(st.lists(st.integers(0, 120), min_size=1, max_size=4)):
        kinds = rng.choice(4, size=n, p=weights / weights.sum())
        chosen = rng.choice(N_CONTENTS, size=n, p=popularity / popularity.sum())
        cache = rng.integers(len(sizes), size=n)
        chunks.append([Operation(*map(int, row)) for row in zip(kinds, cache, chosen, strict=True)])
    # Look-ups mostly follow the trace, which also has what is no content of the workload.
    trace = [operation.content for chunk in chunks for operation in chunk if operation.kind == GET]
    trace += rng.integers(-1, N_CONTENTS, size=draw(st.integers(0, 20))).tolist()
    return Case(names, sizes, chunks, trace, draw(st.integers(0, 2**32)))


def request_all(n: int) -> Case:
    """Look up and put content after content: the simplest case there is, always tried."""
    requests = [Operation(kind, 0, i * i % N_CONTENTS) for i in range(n) for kind in (GET, PUT)]
    trace = [operation.content for operation in requests if operation.kind == GET]
    return Case(NAMES["range"], [3], [requests], trace, 1)


VARIANTS: dict[str, list[dict[str, Any]]] = {
    "SLRU": [
        {},
        {"segments": 1},
        {"segments": 3},
        {"segments": 3, "alloc": [0.2, 0.0, 0.8]},
        {"segments": 2, "alloc": [1.0, 0.0]},
        {"segments": 2, "alloc": [0.0, 1.0]},
    ],
    "SHARD": [
        {"nodes": 3},
        {"nodes": 2, "policy": "RAND"},
        {"nodes": 2, "policy": "PERFECT_LFU"},
        {"nodes": 3, "policy": "MIN"},
    ],
}

PARAMETERS = [
    pytest.param(policy, parameters, id="-".join([policy, *map(str, parameters.values())]))
    for policy in sorted(set(CACHE_POLICY) - NOT_IN_SETTINGS)
    for parameters in VARIANTS.get(policy, [{}])
]


@pytest.mark.parametrize("names", sorted(NAMES))
@pytest.mark.parametrize(("policy", "parameters"), PARAMETERS)
def test_a_kernel_does_what_the_reference_does(policy, parameters, names, monkeypatch):
    if names == "text":
        monkeypatch.setattr(index, "DENSE_LIMIT", 0)

    @settings(max_examples=30, deadline=None)
    @given(case=cases(NAMES[names]))
    @example(case=request_all(100))
    def compare(case):
        check(policy, parameters, case)

    compare()


def test_every_policy_of_settings_has_a_kernel_that_lacks_nothing():
    own = {name for name, one in CACHE_POLICY.items() if one.__module__.startswith("icarus.")}
    for policy in own - NOT_IN_SETTINGS:
        kernel = policy_kernel(CACHE_POLICY[policy])
        assert kernel is not None
        assert kernel.lacks({}) is None


@pytest.mark.parametrize("limit", [0, 2**25])
@pytest.mark.parametrize("policy", ["PERFECT_LFU", "MIN"])
def test_tables_grow_with_what_was_requested(policy, limit, monkeypatch):
    monkeypatch.setattr(index, "DENSE_LIMIT", limit)
    n = 3000
    rng = np.random.default_rng(4)
    chunks = [
        [
            Operation(kind, cache, content)
            for content in rng.integers(n, size=100).tolist()
            for cache in range(2)
            for kind in (GET, PUT)
        ]
        for _ in range(8)
    ]
    trace = [row.content for chunk in chunks for row in chunk if row[:2] == (GET, 0)]
    case = Case(range(n), [7, 50], chunks, trace, 1)
    check(policy, {}, case)
    kernel = policy_kernel(CACHE_POLICY[policy])
    assert kernel is not None
    _, state = run_compiled(kernel, build_caches(policy, {}, case), case)
    requested = {row[1:] for chunk in chunks for row in chunk}
    assert state.seen.used[0] == len(requested)
    # One chunk has no more than 400 rows, and tables double.
    assert len(state.seen.records) <= 2 * len(requested) + 800


def test_a_grown_index_finds_everything_and_nothing_else(monkeypatch):
    monkeypatch.setattr(index, "DENSE_LIMIT", 0)
    slots = index.make_slots(10**6, np.zeros(1, dtype=np.int64))
    rng = np.random.default_rng(1)
    contents = rng.choice(10**6, size=700, replace=False)
    held = 0
    # From full tables to full tables, so that entries go round the end.
    for n_slots in (1, 3, 4, 15, 16, 100, 511, 512, 700):
        slots = index.grow_slots(slots, n_slots)
        for slot in range(held, n_slots):
            index.enter(slots, 0, contents[slot], slot)
        held = n_slots
        assert [index.find(slots, 0, content) for content in contents[:held]] == list(range(held))
        assert all(index.find(slots, 0, content) < 0 for content in contents[held:])


def test_kernels_say_what_they_lack():
    shard = policy_kernel(CACHE_POLICY["SHARD"])
    least = policy_kernel(CACHE_POLICY["MIN"])
    assert shard is not None
    assert least is not None
    assert shard.lacks({"policy": "RAND", "nodes": 2}) is None
    assert shard.lacks({"f_map": len}) == "f_map, a function of the user's"
    assert shard.lacks({"policy": "ARRAY"}) == "shards of the policy ARRAY"
    assert shard.lacks({"policy": "SHARD"}) == "shards of the policy SHARD"
    once = {"policy": "MIN", "policy_attr": {"trace": iter([1, 2])}}
    assert shard.lacks(once) == f"policy_attr: {least.lacks({'trace': iter([1, 2])})}"
    seeded = shard.lacks({"policy": "RAND", "policy_attr": {"seed": 1}})
    assert seeded == "policy_attr.seed, with which each cache has a stream of its own"
    one_stream = {"policy": "RAND", "policy_attr": {"seed": np.random.default_rng(1)}}
    assert shard.lacks(one_stream) is None
    assert least.lacks({"trace": [1, 2]}) is None
    assert least.lacks({"trace": iter([1, 2])}) is not None


def test_caches_that_draw_from_several_streams_are_refused():
    rand = policy_kernel(CACHE_POLICY["RAND"])
    assert rand is not None
    caches = [CACHE_POLICY["RAND"](3, seed=seed) for seed in (1, 1)]
    with pytest.raises(ValueError, match="must share one Generator"):
        rand.build(caches, Contents(range(5)))


def test_compiled_code_is_found_again(tmp_path: Path, monkeypatch):
    """A Generator among the fields of the state does not keep code from the disk."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    case = request_all(10)
    kernel = policy_kernel(CACHE_POLICY["RAND"])
    assert kernel is not None
    operations = np.array(case.chunks[0], dtype=np.int64)
    for expected in ("misses", "hits"):
        function = generic_entry_point(apply_all)
        state = kernel.build(build_caches("RAND", {}, case), Contents(case.names))
        answers = np.full(len(operations), -9, dtype=np.int64)
        function(state, operations, answers)
        assert -9 not in answers
        if hasattr(function, "stats"):
            found = getattr(function.stats, f"cache_{expected}")
            assert sum(found.values()) == 1
