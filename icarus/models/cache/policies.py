"""Eviction policies, as classes: the readable reference that every other form must match.

Items are any hashable values, 0 and None among them, so an eviction is reported as "not
None". Where a policy has an order, ``dump`` gives it with the item to be evicted next last.
"""

from icarus.models.cache._base import Cache, NullCache
from icarus.models.cache._ordered import ClimbCache, FifoCache, LruCache, SegmentedLruCache
from icarus.models.cache._random import RandEvictionCache
from icarus.models.cache._ranked import BeladyMinCache, InCacheLfuCache, PerfectLfuCache
from icarus.models.cache.linkedset import LinkedSet
from icarus.models.cache.wrappers import (
    insert_after_k_hits_cache,
    keyval_cache,
    rand_insert_cache,
    ttl_cache,
)
from icarus.models.cache.wrappers import (
    ttl_keyval_cache as ttl_keyval_cache,  # reached by its module only
)

__all__ = [
    "BeladyMinCache",
    "Cache",
    "ClimbCache",
    "FifoCache",
    "InCacheLfuCache",
    "LinkedSet",
    "LruCache",
    "NullCache",
    "PerfectLfuCache",
    "RandEvictionCache",
    "SegmentedLruCache",
    "insert_after_k_hits_cache",
    "keyval_cache",
    "rand_insert_cache",
    "ttl_cache",
]
