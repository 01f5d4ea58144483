"""Which components have kernels: the compiled form that goes with each reference class.

A kernel belongs to one class exactly, not to its subclasses, which may do something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from icarus.core.definitions import UNDEFINED
from icarus.strategies.known_network import Numbering

__all__ = [
    "StrategyKernel",
    "asks_for_hashes",
    "compiled_state",
    "is_foreign",
    "lacking",
    "register_strategy_kernel",
]

State = Any
"""A NamedTuple of arrays."""


class StrategyKernel(NamedTuple):
    """The compiled form of a strategy."""

    build: Callable[[Any, Numbering], State]
    """From the reference object, which knows its parameters, to the state."""
    lacks: Callable[[Mapping[str, Any]], str | None]
    """From the strategy's parameters to what there is no kernel for, if anything."""
    hashes: bool
    """Whether it asks for hashes of contents."""


_STRATEGIES: dict[type, StrategyKernel] = {}


def _nothing(parameters: Mapping[str, Any]) -> str | None:
    return None


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

    def recorded(self, request):
        walk = process(
            *(self, request.net, request.caches, request.sessions, request.sessions.walk[0]),
            *(request.receiver, request.source, request.content),
        )
        return request.ended(walk)

    state.process = recorded  # type: ignore[attr-defined]
    _STRATEGIES[strategy] = StrategyKernel(build, lacks, hashes)


def _check_class(kind: str, component: Any) -> None:
    if not isinstance(component, type):
        raise TypeError(f"the {kind} should be the class that was registered, found {component!r}")


def lacking(strategy: Any, parameters: Mapping[str, Any]) -> str | None:
    """Return what of a strategy cannot be compiled, given its class; None if all can."""
    if "definition" in vars(strategy):
        found: str | None = strategy.lacks(parameters)
        return found
    kernel = _STRATEGIES.get(strategy)
    return UNDEFINED if kernel is None else kernel.lacks(parameters)


def compiled_state(strategy: Any, numbering: Numbering) -> State:
    """Return what compiled code knows of a strategy, given as the object that Python has."""
    if "definition" in vars(type(strategy)):
        return strategy.definition.new(strategy.network.numbered(numbering), **strategy.parameters)
    return _STRATEGIES[type(strategy)].build(strategy, numbering)


def asks_for_hashes(strategy: Any) -> bool:
    """Whether a strategy, given its class, looks at hashes of contents."""
    return "definition" not in vars(strategy)


def is_foreign(state: State) -> bool:
    """Whether a state, or one inside it, is of a type that does not come with Icarus."""
    if not isinstance(state, tuple):
        return False
    own = type(state) is tuple or type(state).__module__.startswith("icarus.")
    return not own or any(map(is_foreign, state))
