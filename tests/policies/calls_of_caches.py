"""Calls of caches, and what can be seen of them: how definitions are held against slow twins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from icarus.policies.units import Whole, victims_of
from icarus.registry import CACHE_POLICY

N_CONTENTS = 16

OF_ONE_REQUEST = {"K_LRU"}
"""Policies whose twins are told the size when a content is looked up, too."""


class Call(NamedTuple):
    """One call of a cache."""

    method: str
    content: int
    size: int


class Answer(NamedTuple):
    """All that can be seen of a cache after a call."""

    value: Any
    """What it returned; of ``put`` the victims, in order."""
    used: int
    dump: list[int]


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Return calls that fill a cache; some contents come back with other sizes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    methods = draw(st.sampled_from(["get put", "get put get put remove", "get get put put remove"]))
    popularity = 1 / np.arange(1, N_CONTENTS + 1) ** draw(st.sampled_from([0.0, 0.9]))
    most = draw(st.sampled_from([1, 6, 20]))
    sizes = rng.integers(1, most + 1, N_CONTENTS)
    changes = draw(st.booleans())
    made = []
    for _ in range(draw(st.integers(1, 250))):
        content = int(rng.choice(N_CONTENTS, p=popularity / popularity.sum()))
        if changes and rng.random() < 0.1:
            sizes[content] = rng.integers(1, most + 1)
        for method in methods.split() if rng.random() < 0.7 else [rng.choice(methods.split())]:
            made.append(Call(str(method), content, int(sizes[content])))
            if method == "remove" or rng.random() < 0.2:
                break
    return made


CAPACITIES = st.integers(1, 60)


def given_to(policy: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with a Generator of their own, where the policy draws."""
    seeded = "seed" in CACHE_POLICY[policy].settled((), parameters)  # type: ignore[attr-defined]
    return {**parameters, "seed": np.random.default_rng(7)} if seeded else parameters


def asked_of_twin(twin: Any, policy: str, call: Call, size: int) -> Answer:
    method, k, _ = call
    if method == "get" and policy in OF_ONE_REQUEST:
        value: Any = twin.get(k, size)
    else:
        value = getattr(twin, method)(k, *([size] if method == "put" else []))
    return Answer(value, twin.used, twin.dump())


def asked_of_object(cache: Any, call: Call, size: int, in_bytes: bool) -> Answer:
    method, k, _ = call
    if in_bytes:
        cache.set_size(size)
    value = getattr(cache, method)(k)
    if method == "put":
        value = cache.victims(value)
    return Answer(value, cache.used(), cache.dump())


def asked_of_state(state: Any, cache: int, call: Call, size: int) -> Answer:
    state.set_size(size)
    value = getattr(state, call.method)(cache, call.content)
    if call.method == "put":
        value = [int(one) for one in victims_of(state.measure(), value)]
        value = [one for one in value if one >= 0]
    dump = [int(one) for one in state.dump(cache)]
    # Where only contents count, nobody adds up what they take.
    used = len(dump) if isinstance(state.measure(), Whole) else state.used(cache)
    return Answer(value, used, dump)
