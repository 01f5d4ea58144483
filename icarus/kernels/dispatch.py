"""How the request loop finds the functions of a policy or a strategy: by the type of its state.

Kernels are plain functions over NamedTuples of arrays. The type of the tuple decides, at compile
time, which functions are meant; without the compiler the same is decided at each call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from numba.core.types import BaseNamedTuple
from numba.extending import overload

from icarus.compiler.jit import INLINED, kernel

__all__ = ["cache_get", "cache_has", "cache_put", "cache_remove", "define", "process"]

_ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("get", "put", "has", "remove"), ("caches", "cache", "content")),
    "process": (
        *("strategy", "net", "caches", "sessions"),
        *("walk", "receiver", "source", "content"),
    ),
}
"""What the functions take, in this order."""

_FUNCTIONS: dict[str, dict[type, Callable[..., Any]]] = {name: {} for name in _ARGUMENTS}


def define(state: type, **functions: Callable[..., Any]) -> None:
    """Say which functions belong to a type of state.

    Parameters
    ----------
    state : type
        A NamedTuple class.
    **functions : callable
        By name: ``get``, ``put``, ``has`` and ``remove`` of a policy, ``process`` of a strategy.

    Raises
    ------
    TypeError
        If the state is no NamedTuple class, or a function takes other arguments.
    ValueError
        If other functions belong to the state already.
    """
    if not (isinstance(state, type) and issubclass(state, tuple) and hasattr(state, "_fields")):
        raise TypeError(f"the state should be a NamedTuple class, found {state!r}")
    for name, function in functions.items():
        _check_arguments(state, name, function)
        known = _FUNCTIONS[name].get(state)
        if known is not None and _in_python(known) is not _in_python(function):
            # What was compiled for the type would go on being used.
            raise ValueError(
                f"{state.__name__} has another function {name!r} already; "
                "define the class of the state anew, too"
            )
    for name, function in functions.items():
        _FUNCTIONS[name].setdefault(state, kernel(function))


def _check_arguments(state: type, name: str, function: Callable[..., Any]) -> None:
    expected = _ARGUMENTS[name]
    try:
        inspect.signature(_in_python(function)).bind(*expected)
    except TypeError:
        raise TypeError(
            f"{name} of {state.__name__} should take {', '.join(expected)}; "
            f"found {inspect.signature(_in_python(function))}"
        ) from None


def _in_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that a kernel was made of."""
    plain: Callable[..., Any] = getattr(function, "py_func", function)
    return plain


def _compiled(name: str, state: Any) -> Any:
    """Return the function of a state, given its compiled type; None tells Numba there is none."""
    if isinstance(state, BaseNamedTuple):
        return _FUNCTIONS[name].get(state.instance_class)
    return None


def cache_get(caches, cache, content):
    """Look a content up in a cache; return whether it is there, and let the policy take note."""
    return _FUNCTIONS["get"][type(caches)](caches, cache, content)


def cache_put(caches, cache, content):
    """Insert a content into a cache; return the content evicted for it, or -1."""
    return _FUNCTIONS["put"][type(caches)](caches, cache, content)


def cache_has(caches, cache, content):
    """Return whether a content is in a cache, changing nothing."""
    return _FUNCTIONS["has"][type(caches)](caches, cache, content)


def cache_remove(caches, cache, content):
    """Remove a content from a cache; return whether it was there."""
    return _FUNCTIONS["remove"][type(caches)](caches, cache, content)


def process(strategy, net, caches, sessions, walk, receiver, source, content):
    """Serve one request.

    Returns
    -------
    int
        The last step of the session; ``sessions.NOT_MEASURED`` if it is not measured;
        ``AGAIN`` if a path is missing and nothing has been done yet.
    """
    function = _FUNCTIONS["process"][type(strategy)]
    return function(strategy, net, caches, sessions, walk, receiver, source, content)


@overload(cache_get, jit_options=INLINED)
def _cache_get(caches, cache, content):
    function = _compiled("get", caches)
    return function and (lambda caches, cache, content: function(caches, cache, content))


@overload(cache_put, jit_options=INLINED)
def _cache_put(caches, cache, content):
    function = _compiled("put", caches)
    return function and (lambda caches, cache, content: function(caches, cache, content))


@overload(cache_has, jit_options=INLINED)
def _cache_has(caches, cache, content):
    function = _compiled("has", caches)
    return function and (lambda caches, cache, content: function(caches, cache, content))


@overload(cache_remove, jit_options=INLINED)
def _cache_remove(caches, cache, content):
    function = _compiled("remove", caches)
    return function and (lambda caches, cache, content: function(caches, cache, content))


@overload(process, jit_options=INLINED)
def _process(strategy, net, caches, sessions, walk, receiver, source, content):
    function = _compiled("process", strategy)
    return function and (
        lambda strategy, net, caches, sessions, walk, receiver, source, content: function(
            strategy, net, caches, sessions, walk, receiver, source, content
        )
    )
