"""What wrappers share, and the one that keeps a value with each item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from icarus.policies.cache import Cache, Item

__all__ = ["CacheWrapper", "KeyValueCache"]


class CacheWrapper(Cache):
    """Cache that passes on to another whatever it does not do itself.

    Attributes and methods that only some caches have, such as ``position`` or ``expiry``, are
    those of the cache inside.

    Parameters
    ----------
    cache : Cache
        The cache inside. It is used as it is, not copied.

    Raises
    ------
    TypeError
        If `cache` is not a Cache.
    """

    dumps_pairs = False
    """Whether the items in ``dump()`` come in pairs with something else."""

    takes_values = False
    """Whether ``put`` takes a value, and ``get`` and ``remove`` return it instead of a bool."""

    def __init__(self, cache: Cache) -> None:
        if not isinstance(cache, Cache):
            raise TypeError(f"cache must be a Cache, found {type(cache).__qualname__}")
        self._wrap(cache)

    def _wrap(self, cache: Any) -> None:
        self._cache: Any = cache
        inside = list(_layers(cache))
        self._pairs_inside = any(layer.dumps_pairs for layer in inside)
        self._values_inside = any(layer.takes_values for layer in inside)

    def __getattr__(self, name: str) -> Any:
        # Without the cache inside, as before unpickling, looking for it would not end.
        if name == "_cache" or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return getattr(self._cache, name)

    @property
    def maxlen(self) -> int:
        """How many items fit."""
        return int(self._cache.maxlen)

    def __len__(self) -> int:
        return len(self._cache)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return bool(self._cache.has(k))

    def get(self, k: Item) -> Any:
        """Look `k` up in the cache inside."""
        return self._cache.get(k)

    def put(self, k: Item, *args: Any, **kwargs: Any) -> Any:
        """Put `k` in the cache inside; return what was evicted, or None."""
        return self._cache.put(k, *args, **kwargs)

    def remove(self, k: Item) -> Any:
        """Remove `k` from the cache inside."""
        return self._cache.remove(k)

    def dump(self) -> list[Any]:
        """Return what the cache inside dumps, the item to be evicted next last."""
        dumped: list[Any] = self._cache.dump()
        return dumped

    def clear(self) -> None:
        """Remove everything from the cache inside."""
        self._cache.clear()

    def _keys(self) -> list[Item]:
        """Return the items of the cache inside, in its order."""
        dumped = self._cache.dump()
        return [pair[0] for pair in dumped] if self._pairs_inside else list(dumped)

    def _put_inside(self, k: Item, *args: Any, **kwargs: Any) -> tuple[Any, tuple[Item, ...]]:
        """Put `k` in the cache inside; return what that returned, and the item that it names.

        A returned None may be the item None, if that was there and left.
        """
        had_none = self._cache.has(None)
        returned = self._cache.put(k, *args, **kwargs)
        if returned is None:
            return None, ((None,) if had_none and not self._cache.has(None) else ())
        return returned, (returned[0] if self._values_inside else returned,)


def _layers(cache: Any) -> Iterator[CacheWrapper]:
    """Yield the wrappers around a policy, the outermost first."""
    while isinstance(cache, CacheWrapper):
        yield cache
        cache = cache._cache


def empty_cache(cache: Any) -> Cache:
    """Return `cache`; TypeError if it is not a Cache, ValueError if it holds anything."""
    if not isinstance(cache, Cache):
        raise TypeError(f"cache must be a Cache, found {type(cache).__qualname__}")
    if len(cache) > 0:
        raise ValueError(f"cache must be empty, it holds {len(cache)} items")
    return cache


class KeyValueCache(CacheWrapper):
    """Cache that keeps a value with each item.

    Parameters
    ----------
    cache : Cache
        The cache inside; it must be empty.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not a Cache, or not empty.
    """

    dumps_pairs = True
    takes_values = True

    def __init__(self, cache: Cache) -> None:
        super().__init__(empty_cache(cache))
        self._values: dict[Item, Any] = {}

    def get(self, k: Item) -> Any:
        """Return the value of `k`, None if it is not cached, and let the policy take note."""
        self._cache.get(k)
        # Asked afterwards: a look-up inserts nothing, but may find that an item is out of date.
        return self.value(k)

    def put(  # type: ignore[override]  # a value is part of an item here
        self, k: Item, v: Any, *args: Any, **kwargs: Any
    ) -> tuple[Item, Any] | None:
        """Insert `k` with the value `v`, or set its value if it is cached.

        Returns
        -------
        (item, value) or None
            What was evicted, which may be `k` itself.
        """
        inner_args = (v, *args) if self._values_inside else args
        _, left = self._put_inside(k, *inner_args, **kwargs)
        evicted = None
        for item in left:
            value = self._values.pop(item, None)
            evicted = (item, v if item == k else value)
        if self._cache.has(k):
            self._values[k] = v
            self._forget_what_left()
        return evicted

    def remove(self, k: Item) -> Any:
        """Remove `k`; return its value, None if it was not cached."""
        value = self.value(k)
        self._cache.remove(k)
        self._values.pop(k, None)
        return value

    def dump(self) -> list[Any]:
        """Return all items with their values, the one to be evicted next last."""
        return [(k, self._values.get(k)) for k in self._keys()]

    def clear(self) -> None:
        """Remove everything."""
        self._cache.clear()
        self._values.clear()

    def value(self, k: Item) -> Any:
        """Return the value of `k`, None if it is not cached, changing nothing."""
        return self._values.get(k) if self._cache.has(k) else None

    def _forget_what_left(self) -> None:
        """Drop values of items that the cache inside dropped by itself, now and then."""
        if len(self._values) > 2 * self.maxlen + 64:
            self._values = {k: v for k, v in self._values.items() if self._cache.has(k)}
