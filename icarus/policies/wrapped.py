"""What settings put around the caches of a network, whatever their policy: ``insert`` and ``ttl``.

A state around another does what is asked for, compiled around that of all caches, interpreted
around the object of each; see ``icarus.policies.admission`` and ``icarus.policies.expiry``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from icarus.core.definitions import parameters_of
from icarus.core.kinds import common_parameters
from icarus.core.randomness import derived, generator
from icarus.policies.admission import AdmittedCaches, conformed_insert, rule_of
from icarus.policies.cache import Item
from icarus.policies.cache_objects import CacheObjects
from icarus.policies.expiry import ExpiringCaches, conformed_ttl
from icarus.policies.layers import CacheWrapper
from icarus.policies.room import NOTHING, Room
from icarus.registry import CACHE_POLICY, Common
from icarus.types import Seed

__all__ = ["WrappedCache", "Wrapping", "wrapping_of"]

CACHE_POLICY.common |= {
    "insert": Common(
        conformed_insert,
        "{'p': float} or {'k': int, 'memory': int}, default None; a put is admitted with "
        "probability p, or when it is the k-th of its content",
    ),
    "ttl": Common(conformed_ttl, "float > 0, default None; seconds that a content is valid"),
}

_ADMISSION_KEY = 0xAD31
"""Tells what admission draws from all that the policy draws from the same stream."""


@dataclass(frozen=True)
class Wrapping:
    """What is around the caches of a network.

    Attributes
    ----------
    insert : mapping or None
        Parameters of the rule of admission.
    ttl : float or None
        How long contents are valid, in seconds.
    now : list of float
        The time, as its only element; written by whoever knows it.
    """

    insert: Mapping[str, Any] | None
    ttl: float | None
    now: list[float]

    def around(self, caches: Any, room: Room) -> Any:
        """Return the state that goes around that of caches: admission outside of expiry."""
        if self.ttl is not None:
            caches = ExpiringCaches.new(room, caches, self.ttl, None if room.numbered else self.now)
        if self.insert is not None:
            caches = AdmittedCaches(caches, rule_of(self.insert).new(room, **self.insert))
        return caches


def wrapping_of(
    policy: Any, parameters: dict[str, Any], seed: Seed, now: list[float]
) -> Wrapping | None:
    """Take what goes around caches out of the parameters of their policy.

    Parameters
    ----------
    policy : callable
        What builds a cache. Parameters of its own that have the same name stay.
    parameters : dict
        As settings give them, without the name.
    seed : int, SeedSequence, Generator or None
        That of the policy, from which nothing is drawn.
    now : list of float
        See ``Wrapping``.

    Returns
    -------
    Wrapping or None
        None if there is nothing around them.

    Raises
    ------
    ValueError
        If something is wrong with it.
    """
    taken: dict[str, Any] = {"insert": None, "ttl": None}
    for name, common in common_parameters("cache_policy", policy).items():
        if name in parameters:
            taken[name], problems = common.conform(parameters.pop(name))
            if problems:
                raise ValueError("; ".join(f"{name} {place}: {text}" for place, text in problems))
    insert = taken["insert"]
    if insert is not None and "seed" in parameters_of(rule_of(insert)):
        own = insert.get("seed")
        # One Generator for all caches, as for policies that draw.
        rng = generator(derived(seed, _ADMISSION_KEY) if own is None else own)
        taken["insert"] = {**insert, "seed": rng}
    return Wrapping(**taken, now=now) if any(one is not None for one in taken.values()) else None


class WrappedCache(CacheWrapper):
    """One cache of a network with what settings put around it.

    Parameters
    ----------
    cache : object
        The cache inside, empty.
    wrapping : Wrapping

    Attributes
    ----------
    inside : object
        The cache inside.
    wrapping : Wrapping
    """

    def __init__(self, cache: Any, wrapping: Wrapping) -> None:
        # Not that of wrappers: users' classes need not be Caches.
        self._wrap(cache)
        self.inside = cache
        self.wrapping = wrapping
        # Users' classes have no room, and need none: they count contents.
        room = getattr(cache, "room", None) or Room([cache.maxlen])
        self._state = wrapping.around(CacheObjects([cache]), room)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached and valid, changing nothing."""
        return bool(self._state.has(0, k))

    def get(self, k: Item) -> bool:
        """Look `k` up: return whether it is cached and valid, and let the policy take note."""
        return bool(self._state.get(0, k))

    def put(self, k: Item, *args: Any, **kwargs: Any) -> Item | None:
        """Put `k` if it is admitted; return the item evicted for it, or None."""
        evicted: Item = self._state.put(0, k)
        return None if evicted is NOTHING else evicted

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached and valid."""
        return bool(self._state.remove(0, k))

    def dump(self) -> list[Item]:
        """Return all items that are valid, the one to be evicted next last."""
        items: list[Item] = self._state.dump(0)
        return items

    def clear(self) -> None:
        """Remove everything, and forget what was noted about admission."""
        self._state.clear(0)
