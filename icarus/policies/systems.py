"""Several caches behind one interface: in line, as a tree, or side by side.

They are made of cache objects, so they serve scripts; a network's caches can be sharded.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from icarus.core.randomness import generator
from icarus.policies.cache import Item
from icarus.registry import register_cache_policy
from icarus.types import Fraction, Seed

__all__ = ["ArrayCache", "PathCache", "TreeCache"]


def _refuse_in_settings(parameters: Mapping[str, Any]) -> list[str]:
    return ["it is made of cache objects, so that only scripts can use it; in settings use SHARD"]


def _list_of_caches(caches: Any, what: str) -> list[Any]:
    """Return the members of a system; an error that says what they should have been if not."""
    if not isinstance(caches, Sequence) or isinstance(caches, str):
        raise TypeError(f"{what} must be a list of caches, found {caches!r}")
    if not caches:
        raise ValueError(f"{what} must hold at least one cache, found none")
    return list(caches)


def _capacity(cache: Any) -> int:
    """Return how many items fit into a cache, which may be a system of caches."""
    return int(cache.capacity if hasattr(cache, "capacity") else cache.maxlen)


def _n_items(cache: Any) -> int:
    """Return how many items are in a cache, which may be a system of caches."""
    return int(cache.n_items if hasattr(cache, "n_items") else len(cache))


class _CacheSystem:
    """What systems made of cache objects share. Items held twice count twice.

    What ``len`` and ``maxlen`` say is what they say with Icarus 0.8, where they are no measure of
    a system; ``n_items`` and ``capacity`` are.
    """

    _members: list[Any]

    def __init__(self, members: list[Any], size: int) -> None:
        self._members = members
        self._size = size

    @property
    def capacity(self) -> int:
        """How many items fit, over all caches."""
        return sum(map(_capacity, self._members))

    @property
    def n_items(self) -> int:
        """How many items there are, over all caches."""
        return sum(map(_n_items, self._members))

    @property
    def maxlen(self) -> int:
        """The same as ``len``; see ``capacity``."""
        return self._size

    def __len__(self) -> int:
        return self._size

    def has(self, k: Item) -> bool:
        """Raise NotImplementedError: which cache is asked is decided at random."""
        raise NotImplementedError("which cache is asked is decided at random; use get")

    def remove(self, k: Item) -> bool:
        """Remove `k` from every cache; return whether any had it."""
        removed = [member.remove(k) for member in self._members]
        return any(removed)

    def position(self, k: Item) -> NoReturn:
        """Raise NotImplementedError: an item may be in several caches."""
        raise NotImplementedError("an item may be in several caches; ask each for its position")

    def dump(self, serialized: bool = True) -> list[Any]:
        """Return the items of all caches.

        Parameters
        ----------
        serialized : bool, optional
            Return one list, cache after cache; otherwise a list of the items of each.
        """
        return _dump(self._members, serialized)

    def clear(self) -> None:
        """Remove everything from every cache."""
        for member in self._members:
            member.clear()


def _dump(members: Sequence[Any], serialized: bool) -> list[Any]:
    dumps = [member.dump() for member in members]
    return list(itertools.chain.from_iterable(dumps)) if serialized else dumps


@register_cache_policy("PATH", check=_refuse_in_settings)
class PathCache(_CacheSystem):
    """Caches in line: a request passes them in order until one has the item.

    Parameters
    ----------
    caches : list of Cache
        The caches, the one asked first in front.

    Attributes
    ----------
    capacity, n_items : int
        How many items fit, and how many there are, over all caches. `len` and `maxlen` say how
        many caches there are.

    Raises
    ------
    TypeError, ValueError
        If `caches` is not a list, or empty.
    """

    def __init__(self, caches: Sequence[Any], **kwargs: Any) -> None:
        members = _list_of_caches(caches, "caches")
        super().__init__(members, len(members))

    def has(self, k: Item) -> bool:
        """Return whether any cache has `k`, changing nothing."""
        return any(member.has(k) for member in self._members)

    def get(self, k: Item) -> bool:
        """Ask one cache after the other; put `k` in all those before the one that has it."""
        for place, member in enumerate(self._members):
            if member.get(k):
                for before in self._members[:place]:
                    before.put(k)
                return True
        return False

    def put(self, k: Item) -> None:
        """Put `k` in every cache; return None."""
        for member in self._members:
            member.put(k)


class _RandomCacheSystem(_CacheSystem):
    """Systems in which each look-up draws the cache it goes to, which a later put goes to too."""

    def __init__(self, members: list[Any], seed: Seed) -> None:
        super().__init__(members, sum(map(_n_items, members)))
        self._rng = generator(seed)
        self._selected: Any = None

    def _last_selected(self) -> Any:
        if self._selected is None:
            raise ValueError("put goes to the cache asked last; call get first")
        return self._selected


@register_cache_policy("TREE", check=_refuse_in_settings)
class TreeCache(_RandomCacheSystem):
    """Leaf caches below a common root; each request arrives at a leaf chosen at random.

    Parameters
    ----------
    leaf_caches : list of Cache
        The caches that requests arrive at, each equally often.
    root_cache : Cache
        The cache that is asked where a leaf misses.
    seed : int, SeedSequence, Generator or None, optional
        Where choices come from; each ``get`` draws one.

    Attributes
    ----------
    capacity, n_items : int
        How many items fit, and how many there are, over all caches. `len` and `maxlen` say how
        many there were when the tree was built.

    Raises
    ------
    TypeError, ValueError
        If `leaf_caches` is not a list, or empty.
    """

    def __init__(
        self, leaf_caches: Sequence[Any], root_cache: Any = None, seed: Seed = None, **kwargs: Any
    ) -> None:
        self._leaves = _list_of_caches(leaf_caches, "leaf_caches")
        # Not required by the signature: settings that name TREE are to be told that they cannot.
        if root_cache is None:
            raise TypeError("root_cache must be a cache, found none")
        self._root = root_cache
        super().__init__([*self._leaves, root_cache], seed)

    def get(self, k: Item) -> bool:
        """Ask a leaf chosen at random, then the root; put `k` in the leaf if the root has it."""
        leaf = self._selected = self._leaves[int(self._rng.integers(len(self._leaves)))]
        if leaf.get(k):
            return True
        if self._root.get(k):
            leaf.put(k)
            return True
        return False

    def put(self, k: Item) -> None:
        """Put `k` in the leaf asked last and in the root; return None.

        Raises
        ------
        ValueError
            If there was no ``get`` before.
        """
        self._last_selected().put(k)
        self._root.put(k)


@register_cache_policy("ARRAY", check=_refuse_in_settings)
class ArrayCache(_RandomCacheSystem):
    """Caches side by side; each request goes to one of them chosen at random.

    Parameters
    ----------
    caches : list of Cache
        The caches.
    weights : sequence of float, shape (len(caches),), optional
        The probability of each cache; they sum to 1. By default all are equal.
    seed : int, SeedSequence, Generator or None, optional
        Where choices come from; each ``get`` draws one.

    Attributes
    ----------
    select_cache : callable
        Draws and returns one of the caches.
    capacity, n_items : int
        How many items fit, and how many there are, over all caches. `len` and `maxlen` say how
        many there were when the array was built.

    Raises
    ------
    TypeError, ValueError
        If `caches` is not a list, or empty, or `weights` are not probabilities of its members.
    """

    def __init__(
        self,
        caches: Sequence[Any],
        weights: Sequence[Fraction] | None = None,
        seed: Seed = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_list_of_caches(caches, "caches"), seed)
        if weights is None:
            self.select_cache: Callable[[], Any] = self._select_uniformly
            return
        if len(weights) != len(self._members):
            raise ValueError(
                f"weights must be one per cache, {len(self._members)}, found {len(weights)}"
            )
        if not (min(weights) >= 0 and abs(sum(weights) - 1) <= 1e-4):
            raise ValueError(f"weights must be from 0 on and sum to 1, found {weights!r}")
        self._cumulated = list(itertools.accumulate(weights))
        self.select_cache = self._select_by_weight

    def get(self, k: Item) -> bool:
        """Ask a cache chosen at random."""
        self._selected = self.select_cache()
        return bool(self._selected.get(k))

    def put(self, k: Item) -> None:
        """Put `k` in the cache asked last; return None.

        Raises
        ------
        ValueError
            If there was no ``get`` before.
        """
        self._last_selected().put(k)

    def _select_uniformly(self) -> Any:
        return self._members[int(self._rng.integers(len(self._members)))]

    def _select_by_weight(self) -> Any:
        # Scaled, since weights need only sum to about 1; below the last sum whatever is drawn.
        drawn = self._rng.random() * self._cumulated[-1]
        return self._members[min(bisect_right(self._cumulated, drawn), len(self._members) - 1)]
