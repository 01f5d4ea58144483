"""Compiled forms of policies, and whether they do what the classes do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from icarus.compiler.jit import DISABLED, compiled_once, generic_entry_point, unkept_entry_point
from icarus.core.signatures import accepts_seed
from icarus.execution.compiled.compiled_engine import state_of
from icarus.execution.compiled.loop_code import key_of
from icarus.policies.cache import definition_of
from icarus.strategies.definition import is_foreign

__all__ = [
    "CLEAR",
    "GET",
    "HAS",
    "PUT",
    "REMOVE",
    "Case",
    "Operation",
    "apply_all",
    "cases",
    "first_difference",
    "form_of_policy",
    "run_compiled",
    "shared_seed",
]

GET, PUT, HAS, REMOVE, CLEAR = range(5)
_METHODS = ("get", "put", "has", "remove", "clear")
_N_CONTENTS = 12


class Operation(NamedTuple):
    """One call of a cache, in numbers."""

    kind: int
    cache: int
    content: int


class Case(NamedTuple):
    """Caches of one policy and what is done with them."""

    names: Sequence[Any]
    """Of the contents."""
    sizes: list[int]
    """Of the caches."""
    chunks: list[list[Operation]]
    seed: int
    cleared: Sequence[int] = ()
    """The cache that is cleared after the first, second, ... chunk."""

    def operations(self) -> list[Operation]:
        """Return all that is done, one after another."""
        clears = [[Operation(CLEAR, cache, 0)] for cache in self.cleared]
        parts: Any = zip_longest(self.chunks, clears, fillvalue=[])
        return [operation for chunk, clear in parts for operation in (*chunk, *clear)]


@st.composite
def cases(
    draw: st.DrawFn, sizes: Sequence[int], names: Sequence[Any] = range(5, 5 + 3 * _N_CONTENTS, 3)
) -> Case:
    """Return cases of caches of the given sizes, one of which is cleared after each chunk.

    Contents have twelve names: numbers in steps of three, or others.
    """
    chosen = draw(st.lists(st.sampled_from(sizes), min_size=1, max_size=3))
    # Long sequences from a seed: what matters is what caches do when full, not each number.
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = np.array(draw(st.sampled_from([(4, 4, 1, 1), (5, 5, 1, 0), (1, 5, 1, 2)])))
    popularity = 1 / np.arange(1, len(names) + 1) ** draw(st.sampled_from([0.0, 0.8]))
    chunks = []
    for n in draw(st.lists(st.integers(0, 120), min_size=1, max_size=4)):
        columns = (
            rng.choice(4, size=n, p=weights / weights.sum()),
            rng.integers(len(chosen), size=n),
            rng.choice(len(names), size=n, p=popularity / popularity.sum()),
        )
        chunks.append([Operation(*map(int, row)) for row in zip(*columns, strict=True)])
    cleared = rng.integers(len(chosen), size=len(chunks)).tolist()
    return Case(names, chosen, chunks, draw(st.integers(0, 2**32)), cleared)


def form_of_policy(policy: Any, parameters: Mapping[str, Any]) -> Any:
    """Return the definition of a policy; None if it has none, or not for these parameters."""
    definition = definition_of(policy)
    return None if definition is None or policy.lacks(parameters) is not None else definition


def shared_seed(policy: Any, seed: int) -> dict[str, Any]:
    """Return the argument with which all caches of a network draw from one stream."""
    return {"seed": np.random.default_rng(seed)} if accepts_seed(policy) else {}


def first_difference(
    form: Any, caches: Sequence[Any], others: Sequence[Any], case: Case
) -> str | None:
    """Return where the compiled form does something else than the class, or None.

    Parameters
    ----------
    form : type
        The definition of the policy.
    caches, others : sequence of caches
        Two times the same new caches, sharing one Generator if the policy draws.
    case : Case
    """
    answers, state = run_compiled(form, others, case)
    operations = case.operations()
    number_of = {name: number for number, name in enumerate(case.names)}
    for done, (operation, compiled) in enumerate(zip(operations, answers, strict=True)):
        kind, cache, content = operation
        if kind == CLEAR:
            caches[cache].clear()
            if compiled:
                return _told_of_clear(cache, compiled, case, operations[: done + 1])
            continue
        method = _METHODS[kind]
        answer = getattr(caches[cache], method)(case.names[content])
        expected = number_of.get(answer, -1) if kind == PUT else int(answer)
        if compiled != expected:
            return (
                f"call {done + 1} of {len(operations)}: {method} of content {content} in cache "
                f"{cache} is {compiled} compiled, and {expected} ({answer!r}) in the class; "
                f"{_told(case, operations[: done + 1])}"
            )
    for number, cache in enumerate(caches):
        found, dumped = [case.names[content] for content in state.dump(number)], cache.dump()
        if found != dumped:
            return (
                f"in the end cache {number} holds {found} compiled, and {dumped} in the class; "
                f"{_told(case, operations)}"
            )
    return None


def _told_of_clear(cache: int, left: int, case: Case, operations: Sequence[Operation]) -> str:
    what = "other caches are not as before" if left < 0 else f"{left} contents are left"
    return f"after clear({cache}) of the compiled form {what}; {_told(case, operations)}"


def _told(case: Case, operations: Sequence[Operation]) -> str:
    last = ", ".join(f"{_METHODS[kind]}({cache}, {content})" for kind, cache, content in operations)
    return f"caches of {case.sizes} places and these calls of (cache, content): {last}"


def run_compiled(form: Any, caches: Sequence[Any], case: Case) -> tuple[list[int], Any]:
    """Return the answers of a compiled form to all operations, and its state in the end."""
    state = state_of(caches, form, case.names)
    run = _run_unkept if is_foreign(state) else _run
    none = np.zeros((0, 3), dtype=np.int64)
    key = key_of((state, none))
    if not DISABLED and key not in _loaded:
        _loaded.add(key)
        with compiled_once(key):
            run(state, none, np.zeros(0, dtype=np.int64))
    answers: list[int] = []
    for number, chunk in enumerate(case.chunks):
        if hasattr(state, "reserve"):
            state = state.reserve(len(chunk))
        found = np.full(len(chunk), -9, dtype=np.int64)
        run(state, np.array(chunk, dtype=np.int64).reshape(-1, 3), found)
        answers += found.tolist()
        answers += [_cleared(state, cache, case) for cache in case.cleared[number : number + 1]]
    return answers, state


def _cleared(state: Any, cache: int, case: Case) -> int:
    """Clear a cache; return how many contents are left in it, -1 if others are not as before."""
    others = [other for other in range(len(case.sizes)) if other != cache]
    before = [state.dump(other) for other in others]
    state.clear(cache)
    if [state.dump(other) for other in others] != before:
        return -1
    return len(state.dump(cache))


_loaded: set[str] = set()
"""Keys of the code that this process has."""


def apply_all(caches: Any, operations: Any, answers: Any) -> None:
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


_run = generic_entry_point(apply_all)
_run_unkept = unkept_entry_point(apply_all)
