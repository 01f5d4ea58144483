"""Eviction policies, one file each; what they are made of; and wrappers and systems of caches."""

import importlib
import pkgutil

from icarus.policies.belady_min import BeladyMinCache
from icarus.policies.cache import Cache, define_policy
from icarus.policies.climb import ClimbCache
from icarus.policies.fifo import FifoCache
from icarus.policies.heap import Heaps, make_heaps
from icarus.policies.in_cache_lfu import InCacheLfuCache
from icarus.policies.layers import KeyValueCache
from icarus.policies.lines import Lines, make_lines
from icarus.policies.linked_set import LinkedSet
from icarus.policies.lru import LruCache
from icarus.policies.null import NullCache
from icarus.policies.perfect_lfu import PerfectLfuCache
from icarus.policies.queues import Queues, make_queues
from icarus.policies.rand import RandEvictionCache
from icarus.policies.records import make_records
from icarus.policies.room import NOTHING, Room
from icarus.policies.segmented_lru import SegmentedLruCache
from icarus.policies.shard import ShardedCache
from icarus.policies.slots import make_slots
from icarus.policies.systems import ArrayCache, PathCache, TreeCache
from icarus.policies.ttl import TtlCache
from icarus.policies.wrapped import WrappedCache
from icarus.policies.wrappers import (
    KHitInsertionCache,
    RandomInsertionCache,
    insert_after_k_hits_cache,
    keyval_cache,
    rand_insert_cache,
    ttl_cache,
)

__all__ = [
    "NOTHING",
    "ArrayCache",
    "BeladyMinCache",
    "Cache",
    "ClimbCache",
    "FifoCache",
    "Heaps",
    "InCacheLfuCache",
    "KHitInsertionCache",
    "KeyValueCache",
    "Lines",
    "LinkedSet",
    "LruCache",
    "NullCache",
    "PathCache",
    "PerfectLfuCache",
    "Queues",
    "RandEvictionCache",
    "RandomInsertionCache",
    "Room",
    "SegmentedLruCache",
    "ShardedCache",
    "TreeCache",
    "TtlCache",
    "WrappedCache",
    "define_policy",
    "insert_after_k_hits_cache",
    "keyval_cache",
    "make_heaps",
    "make_lines",
    "make_queues",
    "make_records",
    "make_slots",
    "rand_insert_cache",
    "ttl_cache",
]

# A policy registers itself when its file is imported, so that a file in this folder is all that it
# takes. Most are there by now, and to look for the others takes less than a millisecond.
for _file in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_file.name}")
