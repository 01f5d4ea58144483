"""SHARD, compiled; see ``icarus.models.cache`` for what it does.

Every shard is a cache of the policy of the shards, whose kernels do the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from icarus.compiler.jit import kernel
from icarus.core.signatures import accepts_seed
from icarus.kernels.dispatch import cache_get, cache_has, cache_put, cache_remove
from icarus.kernels.kernel_registry import (
    Contents,
    PolicyKernel,
    kernel_of_state,
    policy_kernel,
    register_policy_kernel,
)
from icarus.kernels.network import salted_content_hash
from icarus.models.cache import ShardedCache
from icarus.registry import CACHE_POLICY

__all__ = ["ShardedCaches"]


class ShardedCaches(NamedTuple):
    """Sharded caches: the shards of all caches, in order, and which belong to which."""

    shards: Any
    """The state of all shards."""
    base: np.ndarray
    """int64, (n_caches + 1,): the first shard of each cache."""
    nodes: np.ndarray
    """uint64, (n_caches,): shards of each cache."""
    salt: np.ndarray
    """int64, (n_caches,): of the hash that shares out the contents of each cache."""
    hashes: np.ndarray
    """As ``Network.hashes``."""
    names: np.ndarray
    """As ``Network.names``."""


@kernel
def _shard(caches, cache, content):
    number = salted_content_hash(caches, content, caches.salt[cache])
    shard = np.uint64(number) % caches.nodes[cache]
    return caches.base[cache] + np.int64(shard)


def _get(caches, cache, content):
    return cache_get(caches.shards, _shard(caches, cache, content), content)


def _put(caches, cache, content):
    return cache_put(caches.shards, _shard(caches, cache, content), content)


def _has(caches, cache, content):
    return cache_has(caches.shards, _shard(caches, cache, content), content)


def _remove(caches, cache, content):
    return cache_remove(caches.shards, _shard(caches, cache, content), content)


def _kernel_of_shards(policy: Any) -> PolicyKernel | None:
    # The compiler cannot make a function call itself with arguments of another type, which
    # shards of shards would need.
    return None if policy is ShardedCache else policy_kernel(policy)


def _build(caches: Sequence[ShardedCache], contents: Contents) -> ShardedCaches:
    shards = [shard for cache in caches for shard in cache._shards]
    inner = _kernel_of_shards(type(shards[0]))
    if inner is None:
        raise ValueError(f"no kernel for shards that are {type(shards[0]).__name__}")
    nodes = np.array([len(cache._shards) for cache in caches], dtype=np.uint64)
    base = np.zeros(len(caches) + 1, dtype=np.int64)
    np.cumsum(nodes, out=base[1:], dtype=np.int64)
    state = inner.build(shards, contents)
    salt = np.array([cache._salt for cache in caches], dtype=np.int64)
    return ShardedCaches(state, base, nodes, salt, contents.hashes, contents.first_and_step)


def _dump(caches: ShardedCaches, cache: int) -> list[int]:
    dump = kernel_of_state(caches.shards).dump
    shards = range(int(caches.base[cache]), int(caches.base[cache + 1]))
    return [content for shard in shards for content in dump(caches.shards, shard)]


def _reserve(caches: ShardedCaches, n_requests: int) -> ShardedCaches:
    reserve = kernel_of_state(caches.shards).reserve
    if reserve is None:
        return caches
    # Room is made for requests that ask every shard, but these ask one of each cache.
    n_caches, n_shards = len(caches.nodes), int(caches.base[-1])
    return caches._replace(shards=reserve(caches.shards, -(-n_requests * n_caches // n_shards)))


def _lacks(parameters: Mapping[str, Any]) -> str | None:
    if parameters.get("f_map") is not None:
        return "f_map, a function of the user's"
    name = parameters.get("policy", "LRU")
    attributes = dict((parameters.get("policy_attr") or {}).items())
    policy = CACHE_POLICY[name]
    inner = _kernel_of_shards(policy)
    if inner is None:
        return f"shards of the policy {name}"
    seeded = attributes.get("seed") is not None and accepts_seed(policy)
    if seeded and not isinstance(attributes["seed"], np.random.Generator):
        return "policy_attr.seed, with which each cache has a stream of its own"
    missing = inner.lacks(attributes)
    return None if missing is None else f"policy_attr: {missing}"


register_policy_kernel(
    ShardedCache,
    ShardedCaches,
    get=_get,
    put=_put,
    has=_has,
    remove=_remove,
    build=_build,
    dump=_dump,
    lacks=_lacks,
    reserve=_reserve,
)
