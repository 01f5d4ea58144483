"""What goes around the caches of a network, whatever their policy: ``insert``, ``ttl`` and more.

A state around another does what is asked for, compiled around that of all caches, interpreted
around the object of each; see ``icarus.policies.admission`` and ``icarus.policies.expiry``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from icarus.core.definitions import parameters_of
from icarus.core.kinds import common_parameters
from icarus.core.randomness import derived, generator
from icarus.errors import suggestion
from icarus.policies.admission import AdmittedCaches, compares, conformed_insert, new_rule, rule_of
from icarus.policies.cache import (
    Item,
    can_count_bytes,
    definition_of,
    names_victims,
    policies_that_count_bytes,
)
from icarus.policies.cache_objects import CacheObjects
from icarus.policies.counted import CacheCounts, CountedCaches, counts_in, new_span
from icarus.policies.expiry import ExpiringCaches
from icarus.policies.layers import CacheWrapper
from icarus.policies.lifetimes import conformed_ttl, follows_a_law
from icarus.policies.room import NOTHING, Room
from icarus.policies.updating import UpdatingCaches
from icarus.registry import CACHE_POLICY, Common
from icarus.types import Seed

__all__ = ["Clock", "WrappedCache", "Wrapping", "clock_of", "misfits", "wrapping_of"]


def _conformed_size_change(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Return what settings give as ``size_change``, and what is wrong with it."""
    if value in _SIZE_CHANGES:
        return value, []
    hint = suggestion(value, _SIZE_CHANGES)
    return value, [("", f"should be one of 'keep' and 'update', found {value!r}; {hint}")]


_SIZE_CHANGES = ("keep", "update")

CACHE_POLICY.common |= {
    "insert": Common(
        conformed_insert,
        "{'p': float}, {'k': int, 'memory': int} or {'name': rule, ...}, default None; a put is "
        "admitted with probability p, when it is the k-th of its content, or by the rule of that "
        "name",
    ),
    "ttl": Common(
        conformed_ttl,
        "float > 0, {'seconds': float, 'renew': bool} or {'dist': law, ...}, default None; how "
        "long a content is valid, all as long or by a law, and whether a hit renews that",
    ),
    "size_change": Common(
        _conformed_size_change,
        "'keep' or 'update', default 'keep'; whether a content that is hit takes as many bytes as "
        "when it was stored, or as the request says",
    ),
}


class Clock(NamedTuple):
    """What caches that are Python objects may have to know of the present request: lists.

    Attributes
    ----------
    now : list of float
        The time, as its only element.
    requested : list of int
        The bytes of the content, as its only element; 1 where no sizes are known.
    span : list of float
        Of measured requests, see ``icarus.policies.counted``.
    """

    now: Any
    requested: Any
    span: Any


def clock_of(now: Any = None) -> Clock:
    """Return a clock before the first request.

    Parameters
    ----------
    now : list of float, optional
        The time, if somebody has it already.
    """
    return Clock([0.0] if now is None else now, [1], new_span())


NO_CLOCK = Clock(None, None, None)
"""Where states are told of requests instead."""


_ADMISSION_KEY, _LIFETIME_KEY = 0xAD31, 0x7714
"""Tell what admission draws, and times to live, from all that the policy draws from the same
stream."""


@dataclass(frozen=True)
class Wrapping:
    """What is around the caches of a network.

    Attributes
    ----------
    insert : mapping or None
        Parameters of the rule of admission.
    ttl : float, mapping or None
        How long contents are valid, in seconds; or that as `seconds`, or the law of that with its
        name as `dist`, and whether hits `renew` it.
    size_change : {"keep", "update"}
        Whether a content that is hit takes as much as it did, or as the request says.
    clock : Clock
        Written by whoever knows what it says.
    counted : bool
        Whether it is counted what is done to caches.
    salt : int
        Which draw it is, where `ttl` is a law.
    """

    insert: Mapping[str, Any] | None
    ttl: float | Mapping[str, Any] | None
    size_change: str
    clock: Clock
    counted: bool
    salt: int = 1

    def around(self, caches: Any, room: Room) -> Any:
        """Return the state that goes around that of caches: admission outside of expiry."""
        clock = NO_CLOCK if room.numbered else self.clock
        if self.size_change == "update":
            caches = UpdatingCaches(caches)
        if self.counted:
            caches = CountedCaches.new(room, caches, clock.now, clock.requested, clock.span)
        if self.ttl is not None:
            renews = isinstance(self.ttl, Mapping) and bool(self.ttl.get("renew"))
            caches = ExpiringCaches.new(
                room, caches, self.ttl, clock.now, salt=self.salt, renews=renews
            )
        if self.insert is not None:
            caches = AdmittedCaches(caches, new_rule(room, self.insert))
        return caches


def misfits(section: Mapping[str, Any], *, in_bytes: bool) -> list[tuple[str, str]]:
    """Return what a policy cannot do of what its section asks of it.

    Parameters
    ----------
    section : mapping
        With a known name, and parameters that are right by themselves.
    in_bytes : bool
        Whether caches are to count bytes.

    Returns
    -------
    list of (str, str)
        Each a parameter, and what is wrong.
    """
    if not in_bytes and "insert" not in section:
        return []
    name = section["name"]
    policy = CACHE_POLICY[name]
    definition: Any = definition_of(policy)
    asked = {
        key: section[key] for key in common_parameters("cache_policy", policy) if key in section
    }
    problems = []
    if in_bytes and not can_count_bytes(policy):
        able = ", ".join(policies_that_count_bytes())
        text = f"{name} counts contents and knows no sizes; policies that do: {able}"
        problems.append(("name", text))
    insert = asked.get("insert")
    own = {key: value for key, value in section.items() if key != "name" and key not in asked}
    if insert and compares(insert) and not names_victims(definition, own):
        able = ", ".join(_that_name_victims())
        text = f"{insert['name']} has to know what {name} would evict, which it does not say; "
        problems.append(("insert", f"{text}policies that do: {able}"))
    form = getattr(definition, "form_in_bytes", definition)
    updates = in_bytes and asked.get("size_change") == "update"
    if updates and can_count_bytes(policy) and not hasattr(form, "update"):
        text = f"{name} cannot give a cached content another size; 'keep' leaves it as it is"
        problems.append(("size_change", text))
    return problems


def _that_name_victims() -> list[str]:
    return sorted(
        name for name in CACHE_POLICY if names_victims(definition_of(CACHE_POLICY[name]), {})
    )


def wrapping_of(
    policy: Any,
    parameters: dict[str, Any],
    seed: Seed,
    clock: Clock,
    *,
    counted: bool = False,
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
    clock : Clock
    counted : bool, optional
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
    taken: dict[str, Any] = {"insert": None, "ttl": None, "size_change": "keep"}
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
    if follows_a_law(taken["ttl"]):
        sequence = derived(seed, _LIFETIME_KEY)
        # From 1 to 2**63 - 1, for hashes.
        taken["salt"] = int(sequence.generate_state(1, np.uint64)[0]) >> 1 | 1
    plain = insert is None and taken["ttl"] is None and taken["size_change"] == "keep"
    return None if plain and not counted else Wrapping(**taken, clock=clock, counted=counted)


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

    def use(self) -> CacheCounts:
        """Return what was counted of the cache."""
        return counts_in(self._state, 0)

    def clear(self) -> None:
        """Remove everything, and forget what was noted about admission."""
        self._state.clear(0)
