"""Caches as Python objects: the interface of Icarus 0.8, and what makes it of definitions.

Items are any hashable values, 0 and None among them, so an eviction is reported as "not
None". Where a policy has an order, ``dump`` gives it with the item to be evicted next last.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar, Self, cast

from icarus.core.definitions import (
    UNDEFINED,
    class_of,
    constructor,
    filled_in,
    parameters_of,
    require_methods,
    settled,
)
from icarus.core.randomness import generator
from icarus.policies.room import NOTHING, Room
from icarus.policies.slots import Nowhere
from icarus.policies.units import Whole, victims_of
from icarus.registry import CACHE_POLICY, register_cache_policy
from icarus.types import Seed

__all__ = [
    "Cache",
    "DefinedCache",
    "Item",
    "can_count_bytes",
    "completed",
    "define_policy",
    "definition_of",
    "grows",
    "policies_that_count_bytes",
    "reserved",
]

Item = Hashable


class Cache:
    """Base class of cache policies.

    Parameters
    ----------
    maxlen : int
        How many items fit; a float is truncated.

    Raises
    ------
    ValueError
        If `maxlen` is not positive.
    """

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        self._maxlen = int(maxlen)
        if self._maxlen <= 0:
            raise ValueError(f"maxlen must be positive, got {maxlen}")

    @property
    def maxlen(self) -> int:
        """How many items fit."""
        return self._maxlen

    def __len__(self) -> int:
        raise NotImplementedError

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        raise NotImplementedError

    def get(self, k: Item) -> bool:
        """Look `k` up: return whether it is cached, and let the policy take note."""
        raise NotImplementedError

    def put(self, k: Item) -> Item | None:
        """Insert `k`; return the item evicted for it, or None."""
        raise NotImplementedError

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        raise NotImplementedError

    def dump(self) -> list[Item]:
        """Return all items, the one to be evicted next last."""
        raise NotImplementedError

    def clear(self) -> None:
        """Remove everything."""
        raise NotImplementedError

    def do(self, op: str, k: Item, *args: Any, **kwargs: Any) -> Any:
        """Apply the operation called GET, PUT, UPDATE or DELETE to `k`.

        Returns
        -------
        object
            What the operation returns, False instead of None.

        Raises
        ------
        KeyError
            If there is no such operation.
        """
        operation = {"GET": self.get, "PUT": self.put, "UPDATE": self.put, "DELETE": self.remove}
        result = operation[op](k, *args, **kwargs)
        return False if result is None else result


class DefinedCache(Cache):
    """One cache of a policy that is defined by a NamedTuple, over any hashable items.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    *args, **kwargs
        Parameters of the policy, as its definition's ``new`` has them behind `room`; others are
        passed over, as with Icarus 0.8.

    Raises
    ------
    ValueError, TypeError
        If `maxlen` is not positive, or the policy needs a parameter that is not given.
    """

    definition: ClassVar[Any]
    """The class of the state of all caches of a network."""

    is_of_definition = True
    """Whether parameters that are words of Python, as ``in``, have another name in code."""

    requested: list[int] | None = None
    """Where the size of the requested item is, as the only element, if the cache counts bytes."""

    def __init_subclass__(cls, definition: Any = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if definition is not None:
            cls.definition = completed(definition)
            if "__init__" not in vars(cls):
                cls.__init__ = constructor(  # type: ignore[method-assign]
                    definition.new, DefinedCache.__init__, {"maxlen": int}
                )

    def __init__(self, maxlen: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(maxlen)
        self.parameters = self.settled(args, kwargs)
        self._state: Any = _Unmade(self)
        self._begin()

    def _begin(self) -> None:
        """Look at the parameters, and do what cannot wait until the cache is used."""

    @classmethod
    def settled(cls, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters of the policy behind `maxlen`, those not given at their default.

        Raises
        ------
        TypeError
            If one is missing.
        """
        found = settled(cls.__name__, parameters_of(cls.definition), args, kwargs)
        if "seed" in found:
            found["seed"] = cls._generator(found["seed"])
        return found

    @classmethod
    def _generator(cls, seed: Seed) -> Seed:
        return generator(seed)

    @staticmethod
    def lacks(parameters: Mapping[str, Any]) -> str | None:
        """Return what of the policy's parameters cannot be compiled; None if all can."""
        return None

    @property
    def room(self) -> Room:
        """What its state is made of."""
        return Room([self._maxlen], None, self.requested is not None, self.requested)

    def _new_state(self) -> Any:
        return self.definition.new(self.room, **self.parameters)

    def in_bytes(self, requested: list[int] | None = None) -> Self:
        """Have an empty cache count bytes: `maxlen` is how many fit, and items have sizes.

        Parameters
        ----------
        requested : list of int, optional
            Where somebody writes the size of the item that is looked up and put next, as the only
            element; by default that is ``set_size``, or `size` of ``put``.

        Returns
        -------
        DefinedCache
            The cache itself.

        Raises
        ------
        TypeError
            If its policy only counts items.
        """
        if not can_count_bytes(type(self)):
            raise TypeError(f"{type(self).__name__} counts items, and knows no sizes")
        self.requested = [1] if requested is None else requested
        self.clear()
        return self

    def set_size(self, size: int) -> None:
        """Have an item of that size be looked up and put next, in bytes."""
        self._state.set_size(size)

    def begin(self) -> None:
        """Have ``victims`` return what leaves from now on."""
        self._state.measure().begin()

    def victims(self, evicted: Item | None) -> list[Item]:
        """Return all that left when the last item was put, in order.

        Parameters
        ----------
        evicted : hashable or None
            What ``put`` returned.
        """
        return victims_of(self._state.measure(), NOTHING if evicted is None else evicted)

    def used(self) -> int:
        """Return how much there is in the cache: bytes if it counts these, else items."""
        return len(self) if self.requested is None else int(self._state.used(0))

    def __len__(self) -> int:
        size: int = self._state.size(0)
        return size

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return bool(self._state.has(0, k))

    def get(self, k: Item) -> bool:
        """Look `k` up: return whether it is cached, and let the policy take note."""
        return bool(self._state.get(0, k))

    def put(self, k: Item, size: int | None = None) -> Item | None:
        """Insert `k`; return the item evicted for it, which may be `k` itself, or None.

        Parameters
        ----------
        k : hashable
        size : int, optional
            Its bytes, if the cache counts these. Several items may leave for it; the last one is
            returned, and ``victims`` returns them all.
        """
        if size is not None:
            self._state.set_size(size)
        evicted: Item = self._state.put(0, k)
        return None if evicted is NOTHING else evicted

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached."""
        return bool(self._state.remove(0, k))

    def dump(self) -> list[Item]:
        """Return all items, the one to be evicted next last."""
        items: list[Item] = self._state.dump(0)
        return items

    def clear(self) -> None:
        """Remove everything."""
        self._state = _Unmade(self)

    def __getstate__(self) -> dict[str, Any]:
        made = vars(self)
        return {name: made[name] for name in made if not isinstance(made[name], _Unmade)}

    def __setstate__(self, made: Mapping[str, Any]) -> None:
        # That of a copy is its own to make.
        for name, value in {"_state": _Unmade(self), **made}.items():
            setattr(self, name, value)


class _Unmade:
    """Stands for the state of a cache until it is first used, and then makes it.

    The compiled engine asks for parameters only, and of large caches states are lists of many
    megabytes. With ``__getattr__`` in the class of caches instead, each of their attributes takes
    the interpreter three times as long to find.

    Parameters
    ----------
    cache : DefinedCache
    """

    def __init__(self, cache: DefinedCache) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        if name == "_cache" or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        state = self._cache._state = self._cache._new_state()
        return getattr(state, name)


_TAKES = {
    **dict.fromkeys(("get", "put", "has", "remove"), ("cache", "content")),
    "dump": ("cache",),
}
"""What the methods of a definition take, in this order."""


def completed(definition: Any) -> Any:
    """Return a definition, with all methods that it may leave out; TypeError if one is missing."""
    require_methods(definition, _TAKES)
    return filled_in(definition, {one.__name__: one for one in _OPTIONAL})


def differs(self, cache, content):
    """Return False: the sizes of contents are not known."""
    return False


def places(self):
    """Return what tells where contents are looked up, so that it can be fetched before."""
    return Nowhere(0)


def set_time(self, time):
    """Do nothing: the time of requests is of no interest."""


def measure(self):
    """Return what counts in the caches: contents, whatever their sizes."""
    return Whole(0)


def set_size(self, size):
    """Have a content of that size be looked up and put next."""
    self.measure().set_requested(size)


def set_measured(self, measured):
    """Do nothing: whether requests are measured is of no interest."""


def used(self, cache):
    """Return 0: bytes do not count."""
    return 0


def spare(self, cache, content):
    """Do nothing: what would leave next is found anew each time."""


def size(self: Any, cache: int) -> int:
    """Return how many contents a cache has."""
    return len(self.dump(cache))


def clear(self: Any, cache: int) -> None:
    """Remove each content of a cache; a policy that knows more than these has its own way."""
    for content in list(self.dump(cache)):
        self.remove(cache, content)


def carry_on(self: Any, other: Any) -> Any:
    """Return the same state: there is nothing in another one but what its caches have."""
    return self


def take_over(self: Any, cache: int, other: Any) -> None:
    """Put what a cache holds in another state into the same cache, a new one, of this state."""
    # What is worth most comes last, and is the last to leave.
    for content in reversed(list(other.dump(cache))):
        self.put(cache, content)


_OPTIONAL: Any = (
    *(places, size, used, differs, measure, spare),
    *(set_time, set_size, set_measured),
    *(clear, carry_on, take_over),
)
"""What a definition may leave out."""


def carried_over(new: Any, old: Any, n_caches: int) -> Any:
    """Return the state of new caches, with what they held in another state put into them."""
    state = new.carry_on(old)
    for cache in range(n_caches):
        state.take_over(cache, old)
    return state


def refill(new: Any, old: Any) -> None:
    """Put what a cache object holds into a new one, in which the last to leave stays.

    Parameters
    ----------
    new, old : Cache or like one
        Of one policy that is defined, what it knows beyond its contents goes on, too.
    """
    if type(new) is type(old) and definition_of(type(new)) is not None:
        new._state = carried_over(new._state, old._state, 1)
        return
    for item in reversed(list(old.dump())):
        new.put(item)


def can_count_bytes(policy: Any) -> bool:
    """Return whether caches of a policy, given as its class, can count bytes."""
    definition = definition_of(policy)
    return definition is not None and definition.measure is not measure


def policies_that_count_bytes() -> list[str]:
    """Return the registry names of policies whose caches can count bytes."""
    return sorted(name for name in CACHE_POLICY if can_count_bytes(CACHE_POLICY[name]))


def reserved(state: Any, n_requests: int) -> Any:
    """Return a state with room for further requests, if it keeps records."""
    return state.reserve(n_requests) if hasattr(state, "reserve") else state


def grows(state: Any) -> bool:
    """Return whether a state has to be given room for what further requests enter."""
    own = getattr(state, "grows", None)
    return hasattr(state, "reserve") if own is None else bool(own())


def can_resize(definition: Any, parameters: Mapping[str, Any]) -> bool:
    """Return whether compiled states of a definition can be resized; see ``resizing``."""
    if hasattr(definition, "resizable"):
        return bool(definition.resizable(**parameters))
    return definition.take_over is not take_over


def names_victims(definition: Any, parameters: Mapping[str, Any]) -> bool:
    """Return whether caches of a definition, None included, say what they would evict next."""
    if hasattr(definition, "names_victims"):
        return bool(definition.names_victims(**parameters))
    return hasattr(definition, "next_victim")


def definition_of(policy: Any) -> Any:
    """Return the definition of a policy; None where it is a Python class only.

    A definition is that of one class, not of its subclasses, which may do something else.
    """
    own = isinstance(policy, type) and "definition" in vars(policy)
    return cast(Any, policy).definition if own else None


def lacking(policy: Any, parameters: Mapping[str, Any]) -> str | None:
    """Return what of a policy cannot be compiled, given its class; None if all can."""
    found: str | None = UNDEFINED if definition_of(policy) is None else policy.lacks(parameters)
    return found


def define_policy(
    name: str, *, check: Callable[[dict[str, Any]], list[str]] | None = None
) -> Callable[[type], type]:
    """Register the policy that a NamedTuple class defines.

    The class is the state of all caches of a network, and its methods are what is done to one of
    them. Caches and contents are numbers, from 0, in compiled code; where the policy is used as a
    Python object there is one cache, numbered 0, and its contents are any hashable values. The
    methods are

    * ``new(room, ...)``, a class method: return the state of empty caches. Parameters behind
      `room` are those of the policy, checked by their annotations. One named ``seed`` is a
      ``numpy.random.Generator``;
    * ``get(self, cache, content)``: look a content up, take note, return whether it is there;
    * ``put(self, cache, content)``: insert it; return what was evicted, or ``NOTHING``;
    * ``has(self, cache, content)``: return whether it is there, changing nothing;
    * ``remove(self, cache, content)``: remove it; return whether it was there;
    * ``dump(self, cache)``: return a list of all contents, the one to be evicted next last;
    * ``clear(self, cache)``, if the policy knows anything of a cache beyond its contents: have it
      be as new, and others as they are. It is never compiled;
    * ``take_over(self, cache, other)``, where to put what the cache has into a new one, the next to
      be evicted first, is not enough: have a new cache of this state hold what the same cache of
      another state does, as far as there is room, and exactly the same if there is room for all.
      It is never compiled; without it, compiled caches cannot change their size;
    * ``next_victim(self, cache, content)``, for the rule of admission TINYLFU to go with it: return
      what would leave first if a content, which is absent, were put; ``NOTHING`` if nothing
      would. The next put evicts just that, and no other call comes between;
    * ``spare(self, cache, content)``, where ``next_victim`` had to note what it chose: have it
      stay. It is called if the content is not put after all;
    * ``reserve(self, n_requests)``, if there are records: return the state with room for what
      that many requests may enter.

    Parameters
    ----------
    name : str
        What settings call the policy.
    check : callable, optional
        From the policy's parameters to a list of what is wrong with them.

    Returns
    -------
    callable
        A decorator that returns the class as it is, with the class of its Python objects as its
        attribute ``Cache``.

    Raises
    ------
    TypeError
        If the class is no NamedTuple, or a method is missing or takes other arguments.
    """

    def decorate(definition: type) -> type:
        register_cache_policy(name, check=check)(class_of(definition, DefinedCache, "Cache"))
        return definition

    return decorate
