"""The interface of cache policies, and the policy that caches nothing.

Items are any hashable values, 0 and None among them, so an eviction is reported as "not
None". Where a policy has an order, ``dump`` gives it with the item to be evicted next last.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from icarus.registry import register_cache_policy

__all__ = ["Cache", "Item", "NullCache"]

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


@register_cache_policy("NULL")
class NullCache(Cache):
    """Cache that holds nothing, whatever its size.

    Parameters
    ----------
    maxlen : int, optional
        Accepted as every policy's, and ignored: the capacity is 0.
    """

    def __init__(self, maxlen: int = 0, *args: Any, **kwargs: Any) -> None:
        self._maxlen = 0

    def __len__(self) -> int:
        return 0

    def has(self, k: Item) -> bool:
        """Return False: nothing is ever cached."""
        return False

    def get(self, k: Item) -> bool:
        """Return False: nothing is ever cached."""
        return False

    def put(self, k: Item) -> Item | None:
        """Return None: nothing is inserted, nothing evicted."""
        return None

    def remove(self, k: Item) -> bool:
        """Return False: nothing is ever cached."""
        return False

    def dump(self) -> list[Item]:
        """Return an empty list."""
        return []

    def clear(self) -> None:
        """Do nothing."""
