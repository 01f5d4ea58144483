"""Caches that get another size while a simulation runs, and keep what they hold as far as it fits.

A new cache of the new size takes over what the old one held. The least valuable contents leave;
no admission rule is asked, and what is known of contents goes on: counts, the place in a trace,
times of expiry, the memory of an admission rule, the Generator. The old cache, or the old state of
all caches, is used up thereby. One definition does it in both forms, which hold and do the same
then, draw by draw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from icarus.policies import cache as definitions
from icarus.policies.cache import DefinedCache, carried_over, refill
from icarus.policies.wrapped import WrappedCache

__all__ = ["can_resize", "resized", "with_sizes"]


def resized(cache: Any, size: int, new: Callable[[int], Any] | None = None) -> Any:
    """Return a cache of another size that holds what a cache does, as far as there is room.

    Parameters
    ----------
    cache : Cache or like one
        Not to be used any more. It is returned itself if it has the size.
    size : int
        How many items fit from now on.
    new : callable, optional
        Takes a size and returns an empty cache of the same policy with the same around it. By
        default it is built with the parameters of `cache`; of a class of a user's own only its
        size is known.

    Returns
    -------
    Cache

    Raises
    ------
    ValueError
        If the policy cannot be that small.
    TypeError
        If the class of `cache` cannot be built of its size alone.
    """
    if int(size) == cache.maxlen:
        return cache
    made = _like(cache, size) if new is None else new(size)
    if isinstance(made, WrappedCache) and isinstance(cache, WrappedCache):
        made._state = carried_over(made._state, cache._state, 1)
    else:
        refill(made, cache)
    return made


def _like(cache: Any, size: int) -> Any:
    """Return an empty cache of a size, built as another one was."""
    if isinstance(cache, WrappedCache):
        return WrappedCache(_like(cache.inside, size), cache.wrapping)
    kind = type(cache)
    built_by = next(one for one in kind.__mro__ if "__init__" in vars(one))
    as_defined = isinstance(cache, DefinedCache) and "definition" in vars(built_by)
    return kind(size, **cache.parameters) if as_defined else kind(size)


def can_resize(definition: Any, parameters: Mapping[str, Any] | None = None) -> bool:
    """Return whether compiled caches can get other sizes, whatever is around them.

    Parameters
    ----------
    definition : type
        Of their policy.
    parameters : mapping, optional
        Those of the policy that are not at their default.
    """
    return definitions.can_resize(definition, parameters or {})


def with_sizes(state: Any, empty: Any, n_caches: int) -> Any:
    """Return the state of caches of other sizes that hold what they held, as far as there is room.

    Parameters
    ----------
    state : NamedTuple
        That of all caches of a network, not to be used any more.
    empty : NamedTuple
        The state of new caches: the same definition with the same around it, and other sizes.
        Those whose size is the same hold the same.
    n_caches : int
        How many caches there are. Those that draw do so in the order of their numbers.
    """
    return carried_over(empty, state, n_caches)
