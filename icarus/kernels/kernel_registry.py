"""Which components have kernels: the compiled form that goes with each reference class.

A kernel belongs to one class exactly, not to its subclasses, which may do something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from icarus.kernels.dispatch import define
from icarus.scenarios.contents import Catalogue

__all__ = [
    "Contents",
    "Numbering",
    "PolicyKernel",
    "StrategyKernel",
    "is_foreign",
    "kernel_of_state",
    "policy_kernel",
    "register_policy_kernel",
    "register_strategy_kernel",
    "strategy_kernel",
]

State = Any
"""A NamedTuple of arrays."""


@dataclass(frozen=True)
class Contents:
    """The contents of a workload, which kernels know by number only."""

    names: Sequence[Any]
    """Names by number."""

    @property
    def hashes(self) -> np.ndarray:
        """uint64, (n_contents,): stable hashes of the names; (0,) where names are a range."""
        if isinstance(self.names, range):
            return np.zeros(0, dtype=np.uint64)
        names = self.names
        return (names if isinstance(names, Catalogue) else Catalogue(names)).hashes

    @property
    def first_and_step(self) -> np.ndarray:
        """int64, (2,): the first name and the step where names are a range."""
        if isinstance(self.names, range):
            return np.array([self.names.start, self.names.step], dtype=np.int64)
        return np.zeros(2, dtype=np.int64)


class Numbering(NamedTuple):
    """The numbers that kernels know nodes and caches by."""

    nodes: Mapping[Any, int]
    """From node to its position in the topology."""
    caches: Mapping[Any, int]
    """From node to its cache; those of ``NetworkModel.cache`` come first, in order."""
    local_caches: Mapping[Any, int]
    """From node to its local cache."""
    receivers: Sequence[Any]
    """The nodes that request."""
    sources: Sequence[Any]
    """The nodes that contents originate from."""
    contents: Contents = Contents(range(0))
    """The contents of the workload."""


class PolicyKernel(NamedTuple):
    """The compiled form of a policy."""

    build: Callable[[Sequence[Any], Contents], State]
    """From all caches of the network, as empty reference objects, to their state."""
    dump: Callable[[State, int], list[int]]
    """From state and cache to its contents, in the order of the reference's ``dump``."""
    lacks: Callable[[Mapping[str, Any]], str | None]
    """From the policy's parameters to what there is no kernel for, if anything."""
    reserve: Callable[[State, int], State] | None
    """From state and a number of requests to a state with room for what these may enter."""


class StrategyKernel(NamedTuple):
    """The compiled form of a strategy."""

    build: Callable[[Any, Numbering], State]
    """From the reference object, which knows its parameters, to the state."""
    lacks: Callable[[Mapping[str, Any]], str | None]
    """From the strategy's parameters to what there is no kernel for, if anything."""
    hashes: bool
    """Whether it asks for hashes of contents."""


_POLICIES: dict[type, PolicyKernel] = {}
_POLICY_OF_STATE: dict[type, PolicyKernel] = {}
_STRATEGIES: dict[type, StrategyKernel] = {}


def _nothing(parameters: Mapping[str, Any]) -> str | None:
    return None


def register_policy_kernel(
    policy: type,
    state: type,
    *,
    get: Callable[..., Any],
    put: Callable[..., Any],
    has: Callable[..., Any],
    remove: Callable[..., Any],
    build: Callable[[Sequence[Any], Contents], State],
    dump: Callable[[State, int], list[int]],
    lacks: Callable[[Mapping[str, Any]], str | None] = _nothing,
    reserve: Callable[[State, int], State] | None = None,
) -> None:
    """Give a policy a compiled form.

    The four functions are compiled. They take the state of all caches, the number of a cache and
    that of a content, both from 0, and must do exactly what the methods of the class do.

    Parameters
    ----------
    policy : type
        The class that is registered as the policy.
    state : type
        A NamedTuple class of arrays, and of further such tuples.
    get, has, remove : callable
        ``(state, cache, content) -> bool``.
    put : callable
        ``(state, cache, content) -> int``, the content evicted or -1.
    build : callable
        ``(caches, contents) -> state``: from the reference objects of all caches, which are
        empty, to their state.
    dump : callable
        ``(state, cache) -> list of int``: contents in the order of the reference's ``dump``.
    lacks : callable, optional
        From the policy's parameters to a text that says what has no compiled form, or None.
    reserve : callable, optional
        ``(state, n_requests) -> state``, called now and then: makes room for what this number of
        requests may enter in tables that grow.

    Raises
    ------
    TypeError
        If `policy` is no class, `state` no NamedTuple class, or a function does not take these
        arguments.
    ValueError
        If `state` belongs to other functions already.
    """
    _check_class("policy", policy)
    define(state, get=get, put=put, has=has, remove=remove)
    _POLICIES[policy] = _POLICY_OF_STATE[state] = PolicyKernel(build, dump, lacks, reserve)


def register_strategy_kernel(
    strategy: type,
    state: type,
    *,
    process: Callable[..., Any],
    build: Callable[[Any, Numbering], State],
    lacks: Callable[[Mapping[str, Any]], str | None] = _nothing,
    hashes: bool = True,
) -> None:
    """Give a strategy a compiled form.

    Parameters
    ----------
    strategy : type
        The class that is registered as the strategy.
    state : type
        A NamedTuple class of arrays and numbers.
    process : callable
        ``(strategy, net, caches, sessions, walk, receiver, source, content) -> walk``: serves
        one request. It looks up all paths of the request before it touches a cache, and returns
        ``AGAIN`` if one is missing; what it returns otherwise is the `walk` that the last of its
        steps gave it.
    build : callable
        ``(strategy, numbering) -> state``: from an object of the class to the state.
    lacks : callable, optional
        From the strategy's parameters to a text that says what has no compiled form, or None.
    hashes : bool, optional
        Whether `process` calls ``content_hash``. If it does not, names need not be hashed, which
        for a million of them takes longer than to serve five million requests.

    Raises
    ------
    TypeError
        If `strategy` is no class, `state` no NamedTuple class, or `process` does not take these
        arguments.
    ValueError
        If `state` belongs to another function already.
    """
    _check_class("strategy", strategy)
    define(state, process=process)
    _STRATEGIES[strategy] = StrategyKernel(build, lacks, hashes)


def _check_class(kind: str, component: Any) -> None:
    if not isinstance(component, type):
        raise TypeError(f"the {kind} should be the class that was registered, found {component!r}")


def policy_kernel(policy: Any) -> PolicyKernel | None:
    """Return the compiled form of a policy, or None if it has none."""
    return _POLICIES.get(policy)


def kernel_of_state(state: State) -> PolicyKernel:
    """Return the compiled form of the policy whose caches have this state."""
    return _POLICY_OF_STATE[type(state)]


def strategy_kernel(strategy: Any) -> StrategyKernel | None:
    """Return the compiled form of a strategy, or None if it has none."""
    return _STRATEGIES.get(strategy)


def is_foreign(state: State) -> bool:
    """Whether a state, or one inside it, is of a type that does not come with Icarus."""
    if not isinstance(state, tuple):
        return False
    own = type(state) is tuple or type(state).__module__.startswith("icarus.")
    return not own or any(map(is_foreign, state))
