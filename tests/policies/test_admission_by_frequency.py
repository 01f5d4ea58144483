"""TINYLFU around every policy: call by call against the same rule around the policy's twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from policies.calls_of_caches import CAPACITIES, N_CONTENTS, OF_ONE_REQUEST, Call, calls
from policies.test_scored_policies import LOOK_AHEAD, as_requests
from policies.test_scored_policies import TWINS as SCORED
from policies.test_sized_policies import PARAMETERS, _apply
from policies.test_sized_policies import TWINS as QUEUED
from twins import TWINS as UNSIZED
from twins.sized_admission import TinyLfuRule

from icarus.compiler.jit import generic_entry_point
from icarus.policies.admission import AdmittedCaches, new_rule
from icarus.policies.cache import can_count_bytes
from icarus.policies.cache_objects import CacheObjects
from icarus.policies.room import Room, is_content
from icarus.policies.units import victims_of
from icarus.policies.wrapped import misfits
from icarus.registry import CACHE_POLICY

RULE = {"name": "TINYLFU", "sketch": "exact", "contents": 4}

OTHERS = {"ARRAY", "PATH", "TREE", "NULL"}
"""Systems, which settings cannot name, and what never evicts."""

GIVEN: dict[str, list[dict[str, Any]]] = {
    **PARAMETERS,
    "BELADY_SIZE": [{"samples": 3}, {"exact": True}],
    "CACHEUS": [{"contents": 5}],
    "HYPERBOLIC": [{"samples": 3}],
    "LHD": [{"samples": 3, "recent": 2, "period": 40}],
    "SHARD": [{"nodes": 3, "salt": 5}, {"nodes": 2, "salt": 3, "policy": "CLIMB"}],
    "SLRU": [{"segments": 3}],
    "W_TINYLFU": [{"contents": 5, "window": 0.3, "protected": 0.5, "sketch": "exact"}],
}
"""What to try of each policy, if not its defaults alone."""

TWINS: dict[str, Any] = {**UNSIZED, **QUEUED, **SCORED}

# What competes itself may leave in place of what is named, and W_TINYLFU compares once more.
COMPETING = {"GDSF", "IN_CACHE_LFU", "MIN", "PERFECT_LFU", "W_TINYLFU"}

COMPILED = {("HYPERBOLIC", "contents"), ("SIEVE", "bytes")}
"""What is compiled in the ordinary suite, too."""


def cases(*, compiled: bool = False) -> list[Any]:
    """Return policies, parameters and units; the ordinary suite tries one of each, LHD apart."""
    made = []
    for policy in sorted(set(CACHE_POLICY) - OTHERS):
        for place, parameters in enumerate(GIVEN.get(policy, [{}])):
            for unit in ("contents", "bytes"):
                if unit == "bytes" and not can_count_bytes(CACHE_POLICY[policy]):
                    continue
                ordinary = (place == 0 and policy != "LHD") or "variant" in parameters
                if compiled:
                    ordinary = place == 0 and (policy, unit) in COMPILED
                name = f"{policy}-{parameters}-{unit}"
                marks = () if ordinary else (pytest.mark.exhaustive,)
                made.append(pytest.param(policy, parameters, unit, id=name, marks=marks))
    return made


def given_to(policy: str, parameters: dict[str, Any], made: list[Call]) -> dict[str, Any]:
    """Return parameters, with a Generator and the trace of look-ups as the policy takes them."""
    trace = {"trace": [call.content for call in made if call.method == "get"]}
    found = {**parameters, **(trace if policy in LOOK_AHEAD else {})}
    settled = CACHE_POLICY[policy].settled((), found)  # type: ignore[attr-defined]
    seeded = "seed" in settled and policy != "SHARD"
    return {**found, **({"seed": np.random.default_rng(7)} if seeded else {})}


class UnitTwin:
    """A twin that knows no sizes, asked as those that do."""

    def __init__(self, cache: Any, *, store_first: bool) -> None:
        self.cache, self.store_first, self.capacity = cache, store_first, cache.maxlen
        if hasattr(cache, "_rng"):
            self._generator = cache._rng

    @property
    def sizes(self) -> dict[Any, int]:
        return dict.fromkeys(self.cache.dump(), 1)

    @property
    def used(self) -> int:
        return len(self.cache)

    def put(self, k: Any, size: int = 1) -> list[Any]:
        had = self.cache.has(k)
        evicted = self.cache.put(k)
        return [] if had or evicted is None else [evicted]

    def __getattr__(self, name: str) -> Any:
        if name in ("cache", "_evict", "scan") or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.cache, name)


def twin_of(policy: str, unit: str, capacity: int, given: dict[str, Any]) -> Any:
    if unit == "contents" and policy in UNSIZED and policy not in ("FIFO", "LRU"):
        cache = UNSIZED[policy](capacity, **given)
        return UnitTwin(cache, store_first=policy in ("MIN", "PERFECT_LFU"))
    return TWINS[policy](capacity, **given)


class Compared:
    """A twin, the rule's twin before it, and what they answer."""

    def __init__(self, policy: str, twin: Any) -> None:
        self.twin, self.rule = twin, TinyLfuRule(RULE["contents"], "exact")  # type: ignore[arg-type]
        self.with_size = policy in OF_ONE_REQUEST

    def answer(self, call: Call, size: int) -> Any:
        k, twin = call.content, self.twin
        if call.method == "get":
            self.rule.asked(k)
            return twin.get(k, size) if self.with_size else twin.get(k)
        if call.method == "remove":
            return twin.remove(k)
        if not twin.has(k) and not self.rule.admits(k, size, twin):
            return []
        return twin.put(k, size)


@pytest.mark.parametrize(("policy", "parameters", "unit"), cases())
def test_policies_behind_the_rule_do_what_their_twins_do(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"

    @settings(max_examples=3, deadline=None)
    @given(made=calls(), capacity=CAPACITIES)
    def compare(made, capacity):
        capacity = max(capacity, 3)
        made = as_requests(policy, made)
        expected = Compared(
            policy, twin_of(policy, unit, capacity, given_to(policy, parameters, made))
        )
        inside = component(capacity, **given_to(policy, parameters, made))
        if in_bytes:
            inside = inside.in_bytes()
        state = AdmittedCaches(
            CacheObjects([inside]), new_rule(inside.room, {**RULE, "seed": None})
        )
        for call in made:
            size = call.size if in_bytes else 1
            state.set_size(size)
            found = getattr(state, call.method)(0, call.content)
            if call.method == "put":
                found = victims_of(state.measure(), found)
            assert found == expected.answer(call, size), call
            assert inside.dump() == expected.twin.dump(), call

    compare()


@pytest.mark.parametrize(("policy", "parameters", "unit"), cases())
def test_who_is_named_leaves_first_and_to_ask_changes_nothing(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"

    @settings(max_examples=3, deadline=None)
    @given(made=calls(), capacity=CAPACITIES)
    def compare(made, capacity):
        capacity = max(capacity, 3)
        # Contents are any names where caches are Python objects.
        made = [call._replace(content=f"content {call.content}") for call in made]
        made = as_requests(policy, made)
        asked, unasked = (component(capacity, **given_to(policy, parameters, made)) for _ in "12")
        if in_bytes:
            asked, unasked = asked.in_bytes(), unasked.in_bytes()
        for method, k, size in made:
            named = None
            if in_bytes:
                asked.set_size(size)
                unasked.set_size(size)
            if method == "put" and not asked.has(k) and size <= capacity:
                named, again = (asked._state.next_victim(0, k) for _ in "12")
                assert named is again or named == again
            left, expected = (getattr(cache, method)(k) for cache in (asked, unasked))
            assert left == expected
            assert asked.dump() == unasked.dump()
            if named is not None and policy not in COMPETING:
                assert asked.victims(left)[:1] == ([named] if is_content(named) else [])

    compare()


@pytest.mark.parametrize(("policy", "parameters", "unit"), cases(compiled=True))
def test_compiled_policies_behind_the_rule_do_what_their_twins_do(policy, parameters, unit):
    component: Any = CACHE_POLICY[policy]
    in_bytes = unit == "bytes"
    compiled = generic_entry_point(_apply)

    @settings(max_examples=20, deadline=None)
    @given(made=calls(), capacity=CAPACITIES)
    def compare(made, capacity):
        capacity = max(capacity, 3)
        made = as_requests(policy, made)
        expected = Compared(
            policy, twin_of(policy, unit, capacity, given_to(policy, parameters, made))
        )
        settled = component.settled((), given_to(policy, parameters, made))
        room = Room([capacity], range(N_CONTENTS), in_bytes)
        caches = component.definition.new(room, **settled)
        rule = new_rule(room, {**RULE, "seed": np.random.default_rng(1)})
        state = AdmittedCaches(caches, rule).reserve(len(made) + 1)
        kinds = np.array([["get", "put", "remove"].index(call.method) for call in made], np.int64)
        contents = np.array([call.content for call in made], np.int64)
        sizes = np.array([call.size if in_bytes else 1 for call in made], np.int64)
        answers, n_victims = np.zeros(len(made), bool), np.zeros(len(made), np.int64)
        victims = np.zeros((len(made) + 1) * N_CONTENTS, np.int64)
        compiled(state, kinds, contents, sizes, answers, victims, n_victims)
        noted = 0
        for place, call in enumerate(made):
            found: Any = bool(answers[place])
            if call.method == "put":
                found = victims[noted : n_victims[place]].tolist()
            noted = int(n_victims[place])
            assert found == expected.answer(call, int(sizes[place])), call
        assert [int(one) for one in state.dump(0)] == expected.twin.dump()

    compare()


@pytest.mark.parametrize(
    ("section", "fits"),
    [
        ({"name": "NULL"}, False),
        ({"name": "SHARD", "policy": "NULL"}, False),
        ({"name": "SHARD", "policy": "SHARD", "policy_attr": {"policy": "NULL"}}, False),
        ({"name": "SHARD", "policy": "SHARD", "policy_attr": {"policy": "LHD"}}, True),
        *(({"name": name}, True) for name in sorted(set(CACHE_POLICY) - OTHERS)),
    ],
)
def test_the_rule_goes_with_what_says_who_leaves(section, fits):
    problems = misfits({**section, "insert": {"name": "TINYLFU"}}, in_bytes=False)
    assert [key for key, _ in problems] == ([] if fits else ["insert"])
