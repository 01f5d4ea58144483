"""The twin of SHARD."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from icarus.core.hashing import salted_hash
from icarus.core.randomness import generator, hash_salt
from icarus.core.signatures import accepts_seed
from icarus.policies.cache import Cache, Item
from icarus.types import Seed

__all__ = ["ShardedCache"]


def _hashed_shard(nodes: int, salt: int, k: Item) -> int:
    return salted_hash(k, salt) % nodes


class ShardedCache(Cache):
    """Several twins that share out the items between them by a hash of the item."""

    def __init__(
        self,
        maxlen: int,
        policy: str = "LRU",
        nodes: int = 4,
        f_map: Callable[..., int] | None = None,
        policy_attr: Mapping[str, Any] | None = None,
        *,
        seed: Seed = None,
        salt: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(maxlen)
        if isinstance(nodes, bool) or not isinstance(nodes, (int, np.integer)):
            raise ValueError(f"nodes must be a whole number, found {nodes!r}")
        if not 1 <= nodes <= self._maxlen:
            raise ValueError(
                f"nodes must be from 1 to the size of the cache, {self._maxlen}, got {nodes}"
            )
        nodes = int(nodes)
        self._salt = hash_salt(salt, seed, "SHARD") if f_map is None else 0
        self.f_map = partial(_hashed_shard, nodes, self._salt) if f_map is None else f_map
        parameters = dict((policy_attr or {}).items())
        if policy == "SHARD":
            parameters.setdefault("salt", self._salt + 1)
        build = _shard_builder(policy, parameters, seed)
        each, rest = divmod(self._maxlen, nodes)
        self._shards = [build(each + (shard < rest)) for shard in range(nodes)]

    def __len__(self) -> int:
        return sum(len(shard) for shard in self._shards)

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached, changing nothing."""
        return bool(self._shard(k).has(k))

    def get(self, k: Item) -> bool:
        """Look `k` up in its shard."""
        return bool(self._shard(k).get(k))

    def put(self, k: Item) -> Item | None:
        """Put `k` in its shard; return the item evicted from that, or None."""
        evicted: Item | None = self._shard(k).put(k)
        return evicted

    def remove(self, k: Item) -> bool:
        """Remove `k` from its shard; return whether it was cached."""
        return bool(self._shard(k).remove(k))

    def dump(self, serialized: bool = True) -> list[Any]:
        """Return the items of all shards.

        Parameters
        ----------
        serialized : bool, optional
            Return one list, shard after shard; otherwise a list of the items of each.
        """
        dumps = [shard.dump() for shard in self._shards]
        return list(itertools.chain.from_iterable(dumps)) if serialized else dumps

    def clear(self) -> None:
        """Remove everything."""
        for shard in self._shards:
            shard.clear()

    def _shard(self, k: Item) -> Any:
        return self._shards[self.f_map(k)]


def _shard_builder(policy: str, parameters: dict[str, Any], seed: Seed) -> Callable[[int], Any]:
    from twins import TWINS

    component: Any = TWINS[policy]
    if not accepts_seed(component) or policy == "SHARD":
        return partial(component, **parameters)
    return partial(component, seed=generator(parameters.pop("seed", seed)), **parameters)
