"""Policies that rank, draw, learn or look ahead, call by call against their slow twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies.calls_of_caches import (
    CAPACITIES,
    N_CONTENTS,
    Call,
    asked_of_object,
    asked_of_state,
    asked_of_twin,
    calls,
)
from twins.sized_builders import SCORE_TWINS
from twins.sized_cacheus import SizedCacheus
from twins.sized_lecar import SizedLecar

from icarus.policies.room import Room
from icarus.registry import CACHE_POLICY


class _PutLecar(SizedLecar):
    """Looks ghosts up when a content is put: a request may pass a cache that keeps no copy."""

    def _missed(self, k):
        pass

    def put(self, k, size=1):
        if k not in self.sizes:
            super()._missed(k)
        return super().put(k, size)

    def remove(self, k):
        for ghosts in self._ghosts.values():
            if k in ghosts:
                ghosts.take(k)
        return super().remove(k)


class _PutCacheus(SizedCacheus):
    """The same; new items that are forgotten count no more."""

    def _missed(self, k):
        pass

    def put(self, k, size=1):
        if k not in self.sizes:
            super()._missed(k)
        return super().put(k, size)

    def remove(self, k):
        for expert, ghosts in enumerate(self._ghosts):
            if k in ghosts:
                past = ghosts.take(k)
                if expert == 0:
                    self._new_in_ghosts -= past.new
        return super().remove(k)


TWINS: dict[str, Any] = {**SCORE_TWINS, "CACHEUS": _PutCacheus, "LECAR": _PutLecar}
LOOK_AHEAD = {"BELADY", "BELADY_SIZE", "MIN"}
DRAWING = {"BELADY_SIZE", "CACHEUS", "HYPERBOLIC", "LECAR", "LHD"}

CASES: list[tuple[str, dict[str, Any]]] = [
    ("GDSF", {}),
    ("BELADY", {}),
    ("MIN", {}),
    ("BELADY_SIZE", {"samples": 3}),
    ("BELADY_SIZE", {"exact": True}),
    ("HYPERBOLIC", {"samples": 3}),
    ("LECAR", {}),
    ("CACHEUS", {"contents": 5}),
    pytest.param("LHD", {"samples": 3, "recent": 2, "period": 40}, marks=pytest.mark.exhaustive),
]  # type: ignore[list-item]


def units_of(policy: str) -> list[str]:
    # MIN in contents is held against a twin of its own: what it does not keep is never stored.
    return ["bytes"] if policy == "MIN" else ["contents", "bytes"]


def given_to(policy: str, parameters: dict[str, Any], made: list[Call]) -> dict[str, Any]:
    """Return parameters, with a Generator and with the trace of look-ups as the policy has them."""
    trace = [call.content for call in made if call.method == "get"]
    return {
        **parameters,
        **({"trace": trace} if policy in LOOK_AHEAD else {}),
        **({"seed": np.random.default_rng(7)} if policy in DRAWING else {}),
    }


def as_requests(policy: str, made: list[Call]) -> list[Call]:
    """Return calls of which twins that look ahead know what is meant: puts after look-ups only."""
    if policy not in LOOK_AHEAD:
        return made
    return [
        call
        for before, call in zip([None, *made], made, strict=False)
        if call.method != "put" or (before and before[:2] == ("get", call.content))
    ]


@pytest.mark.parametrize(("policy", "parameters"), CASES)
def test_policies_do_what_their_twins_do(policy, parameters):
    component: Any = CACHE_POLICY[policy]

    @settings(max_examples=8, deadline=None)
    @given(made=calls(), capacity=CAPACITIES, unit=st.sampled_from(units_of(policy)))
    def compare(made, capacity, unit):
        made, in_bytes = as_requests(policy, made), unit == "bytes"
        twin, cache, settled = (
            kind(capacity, **given_to(policy, parameters, made))
            for kind in (TWINS[policy], component, lambda _, **given: given)
        )
        if in_bytes:
            cache = cache.in_bytes()
        # Several caches share the state, of which the others stay empty.
        room = Room([3, capacity], range(N_CONTENTS), in_bytes)
        settled = component.settled((), settled)
        state = component.definition.new(room, **settled)
        for place, call in enumerate(made):
            if place % 5 == 0:
                state = state.reserve(5)
            size = call.size if in_bytes else 1
            expected = asked_of_twin(twin, policy, call, size)
            assert asked_of_object(cache, call, size, in_bytes) == expected, call
            assert asked_of_state(state, 1, call, size) == expected, call
            for k in range(N_CONTENTS):
                assert cache.has(k) == twin.has(k) == bool(state.has(1, k))
            assert len(cache) == state.size(1) == len(twin.sizes)

    compare()
