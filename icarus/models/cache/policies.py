"""The names that Icarus 0.8 has here; see ``icarus.policies``."""

from icarus.policies import (
    BeladyMinCache,
    Cache,
    ClimbCache,
    FifoCache,
    InCacheLfuCache,
    LinkedSet,
    LruCache,
    NullCache,
    PerfectLfuCache,
    RandEvictionCache,
    SegmentedLruCache,
    insert_after_k_hits_cache,
    keyval_cache,
    rand_insert_cache,
    ttl_cache,
)
from icarus.policies.wrappers import (
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
