"""Every form of a definition answers every operation as its twin does, and ends with the same.

The forms are the Python object, whose items are any hashable values, and the state over numbered
contents, interpreted and compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twins import SIZED_TWINS, TWINS
from twins.sized_builders import SCORE_TWINS

from icarus.compiler.jit import generic_entry_point
from icarus.core.signatures import accepts_seed
from icarus.core.users_cache import CACHE_VARIABLE
from icarus.execution.compiled.compiled_engine import state_of
from icarus.policies import slots
from icarus.policies.cache import definition_of
from icarus.registry import CACHE_POLICY

NOT_IN_SETTINGS = {"PATH", "TREE", "ARRAY"}

N_CONTENTS = 12
NAMES: dict[str, Sequence[Any]] = {
    "range": range(5, 5 + 3 * N_CONTENTS, 3),
    "text": [f"/content/{number}" for number in range(N_CONTENTS)],
    # One of them equals what definitions return where nothing is evicted.
    "anything": [None, -1, 0, "", (), (1, "a"), 2.5, b"x", "None", frozenset(), 10**30, -2],
}

GET, PUT, HAS, REMOVE = range(4)
METHODS = ["get", "put", "has", "remove"]


class Operation(NamedTuple):
    """One call of a cache."""

    kind: int
    cache: int
    content: int


def apply_all(caches, operations, answers):
    """Apply operations, rows of kind, cache and content, in turn."""
    for i in range(len(operations)):
        kind, cache, content = operations[i]
        if kind == GET:
            answers[i] = caches.get(cache, content)
        elif kind == PUT:
            answers[i] = caches.put(cache, content)
        elif kind == HAS:
            answers[i] = caches.has(cache, content)
        else:
            answers[i] = caches.remove(cache, content)


def compile_in(folder: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        return generic_entry_point(apply_all)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The operations, compiled for each policy that they are applied to."""
    return compile_in(tmp_path_factory.mktemp("compiled"))


class Case(NamedTuple):
    """Caches of one policy and what is done with them."""

    names: Sequence[Any]
    sizes: list[int]
    chunks: list[list[Operation]]
    trace: list[int]
    seed: int


def run_reference(caches: Sequence[Any], case: Case) -> list[int]:
    number_of = {name: number for number, name in enumerate(case.names)}
    answers = []
    for kind, cache, content in (operation for chunk in case.chunks for operation in chunk):
        answer = getattr(caches[cache], METHODS[kind])(case.names[content])
        if kind == PUT:
            answer = -1 if answer is None else number_of[answer]
        answers.append(int(answer))
    return answers


def run_definition(run: Any, policy: str, caches: Any, case: Case) -> Any:
    """Return all answers, and the state in the end."""
    state = state_of(caches, definition_of(CACHE_POLICY[policy]), case.names)
    answers: list[int] = []
    for chunk in case.chunks:
        if hasattr(state, "reserve"):
            state = state.reserve(len(chunk))
        found = np.full(len(chunk), -9, dtype=np.int64)
        run(state, np.array(chunk, dtype=np.int64).reshape(-1, 3), found)
        answers += found.tolist()
    return answers, state


def build_caches(component: Any, policy: str, parameters: dict[str, Any], case: Case) -> list[Any]:
    """Return the caches as a network has them: those that draw share one Generator."""
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


def check(run: Any, policy: str, parameters: dict[str, Any], case: Case) -> None:
    """Hold the object and, if `run` applies operations to it, the state against the twin."""
    given = policy, parameters, case
    twins = build_caches(TWINS[policy], *given)
    expected = run_reference(twins, case)
    objects = build_caches(CACHE_POLICY[policy], *given)
    assert run_reference(objects, case) == expected
    assert [cache.dump() for cache in objects] == [twin.dump() for twin in twins]
    assert [len(cache) for cache in objects] == [len(twin) for twin in twins]
    if run is not None:
        answers, state = run_definition(
            run, policy, build_caches(CACHE_POLICY[policy], *given), case
        )
        assert answers == expected
        for number, twin in enumerate(twins):
            assert [case.names[content] for content in state.dump(number)] == twin.dump()


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


def only_shard(item: Any) -> int:
    """Give every item to the first shard: there is no hash of anything that can be hashed."""
    return 0


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
        {"nodes": 2, "policy": "SHARD", "policy_attr": {"nodes": 1}},
    ],
}

PARAMETERS = [
    pytest.param(policy, parameters, id="-".join([policy, *map(str, parameters.values())]))
    for policy in sorted(TWINS)
    for parameters in VARIANTS.get(policy, [{}])
]


@pytest.mark.parametrize("form", ["compiled", "interpreted"])
@pytest.mark.parametrize(
    ("policy", "parameters"),
    # Shards of each policy are another state to be compiled.
    [
        pytest.param(
            *one.values,
            id=one.id,
            marks=pytest.mark.exhaustive if one.id.startswith("SHARD-2") else (),
        )
        for one in PARAMETERS
    ],
)
def test_a_definition_does_what_its_twin_does(policy, parameters, form, compiled, monkeypatch):
    # Hashes of names are another way through compiled code, and so are hashed slots.
    names = "range" if form == "compiled" else "text"
    if names == "text":
        monkeypatch.setattr(slots, "DENSE_LIMIT", 0)

    @settings(max_examples=30, deadline=None)
    @given(case=cases(NAMES[names]))
    @example(case=request_all(100))
    def compare(case):
        check(compiled if form == "compiled" else apply_all, policy, parameters, case)

    compare()


@pytest.mark.parametrize("policy", ["LRU", "PERFECT_LFU", "SHARD"])
def test_hashed_slots_are_compiled_too(policy, compiled, monkeypatch):
    monkeypatch.setattr(slots, "DENSE_LIMIT", 0)

    @settings(max_examples=30, deadline=None)
    @given(case=cases(NAMES["text"]))
    def compare(case):
        check(compiled, policy, {"nodes": 3} if policy == "SHARD" else {}, case)

    compare()


@pytest.mark.parametrize(("policy", "parameters"), PARAMETERS)
def test_items_are_any_hashable_values(policy, parameters):
    @settings(max_examples=30, deadline=None)
    @given(case=cases(NAMES["anything"]))
    def compare(case):
        if policy == "SHARD":
            parameters["f_map"] = only_shard
        check(None, policy, parameters, case)

    compare()


def test_every_policy_of_settings_is_defined_and_lacks_nothing():
    own = {name for name, one in CACHE_POLICY.items() if one.__module__.startswith("icarus.")}
    for policy in own - NOT_IN_SETTINGS:
        assert definition_of(CACHE_POLICY[policy]) is not None
        assert CACHE_POLICY[policy].lacks({}) is None
    assert own - NOT_IN_SETTINGS == {*TWINS, *SIZED_TWINS, *SCORE_TWINS, "NULL"}


@pytest.mark.parametrize("limit", [0, 2**25])
@pytest.mark.parametrize("policy", ["PERFECT_LFU", "MIN"])
def test_tables_grow_with_what_was_requested(policy, limit, compiled, monkeypatch):
    monkeypatch.setattr(slots, "DENSE_LIMIT", limit)
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
    check(compiled, policy, {}, case)
    caches = build_caches(CACHE_POLICY[policy], policy, {}, case)
    _, state = run_definition(compiled, policy, caches, case)
    requested = {row[1:] for chunk in chunks for row in chunk}
    assert state.records.used[0] == len(requested)
    # One chunk has no more than 400 rows, and tables double.
    assert len(state.records.rows) <= 2 * (2 * len(requested) + 800)


def test_grown_slots_find_everything_and_nothing_else():
    grown = slots.numbered_slots(10**6, np.zeros(2, dtype=np.int64), 0, growing=True)
    rng = np.random.default_rng(1)
    contents = rng.choice(10**6, size=700, replace=False)
    held = 0
    # From full tables to full tables, so that entries go round the end.
    for n_slots in (1, 3, 4, 15, 16, 100, 511, 512, 700):
        grown = slots.grow_slots(grown, n_slots)
        for slot in range(held, n_slots):
            grown.enter(0, contents[slot], slot)
        held = n_slots
        assert [grown.find(0, content) for content in contents[:held]] == list(range(held))
        assert all(grown.find(0, content) < 0 for content in contents[held:])


def test_policies_say_what_cannot_be_compiled():
    shard: Any = CACHE_POLICY["SHARD"]
    least: Any = CACHE_POLICY["MIN"]
    assert shard.lacks({"policy": "RAND", "nodes": 2}) is None
    assert shard.lacks({"f_map": len}) == "f_map, a function of the user's"
    assert shard.lacks({"policy": "ARRAY"}) == "shards of the policy ARRAY"
    assert shard.lacks({"policy": "SHARD"}) is None
    once = {"policy": "MIN", "policy_attr": {"trace": iter([1, 2])}}
    assert shard.lacks(once) == f"policy_attr: {least.lacks({'trace': iter([1, 2])})}"
    seeded = shard.lacks({"policy": "RAND", "policy_attr": {"seed": 1}})
    assert seeded == "policy_attr.seed, with which each cache has a stream of its own"
    one_stream = {"policy": "RAND", "policy_attr": {"seed": np.random.default_rng(1)}}
    assert shard.lacks(one_stream) is None
    assert least.lacks({"trace": [1, 2]}) is None
    assert least.lacks({"trace": iter([1, 2])}) is not None


def test_caches_that_draw_from_several_streams_are_refused():
    policy: Any = CACHE_POLICY["RAND"]
    caches = [policy(3, seed=seed) for seed in (1, 1)]
    with pytest.raises(ValueError, match="must share one Generator"):
        state_of(caches, definition_of(policy), range(5))


def test_compiled_code_is_found_again(tmp_path: Path):
    """A Generator among the fields of the state does not keep code from the disk."""
    case = request_all(10)
    for expected in ("misses", "hits"):
        function = compile_in(tmp_path)
        check(function, "RAND", {}, case)
        if hasattr(function, "stats"):
            found = getattr(function.stats, f"cache_{expected}")
            assert sum(found.values()) == 1
