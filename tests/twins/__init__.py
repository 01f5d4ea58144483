"""Policies and strategies written once more, as plain classes: what definitions are held against.

Nothing of them is used by the package, so that an error in a definition shows as a difference.
"""

from __future__ import annotations

from icarus.policies.cache import Cache
from icarus.strategies.strategy import Strategy
from twins.hash_clusters import HashroutingClustered
from twins.hash_local import HashroutingEdge, HashroutingOnPath
from twins.hash_routing import (
    Hashrouting,
    HashroutingAsymmetric,
    HashroutingHybridAM,
    HashroutingHybridSM,
    HashroutingMulticast,
    HashroutingSymmetric,
)
from twins.off_path import NearestReplicaRouting
from twins.on_path import (
    CacheLessForMore,
    Edge,
    LeaveCopyDown,
    LeaveCopyEverywhere,
    NoCache,
    Partition,
    ProbCache,
    RandomBernoulli,
    RandomChoice,
)
from twins.ordered import ClimbCache, FifoCache, LruCache, SegmentedLruCache
from twins.random_eviction import RandEvictionCache
from twins.ranked import BeladyMinCache, InCacheLfuCache, PerfectLfuCache
from twins.shards import ShardedCache
from twins.sized import SizedTwin
from twins.sized_counts import SizedLfu, SizedLfuda, SizedLruK
from twins.sized_ghosts import (
    SizedArc,
    SizedClock2qPlus,
    SizedQdLpFifo,
    SizedS3Fifo,
    SizedTwoQ,
)
from twins.sized_lru_lists import SizedKLru, SizedS4Lru
from twins.sized_queues import (
    SizedClock,
    SizedFifo,
    SizedLru,
    SizedMru,
    SizedRand,
    SizedSieve,
)
from twins.wrappers import wrapped_twin

__all__ = ["SIZED_TWINS", "STRATEGY_TWINS", "TWINS", "wrapped_twin"]

TWINS: dict[str, type[Cache]] = {
    "CLIMB": ClimbCache,
    "FIFO": FifoCache,
    "IN_CACHE_LFU": InCacheLfuCache,
    "LRU": LruCache,
    "MIN": BeladyMinCache,
    "PERFECT_LFU": PerfectLfuCache,
    "RAND": RandEvictionCache,
    "SHARD": ShardedCache,
    "SLRU": SegmentedLruCache,
}
"""From registry name to the twin of the policy; NULL, which does nothing, has none."""

STRATEGY_TWINS: dict[str, type[Strategy]] = {
    "CL4M": CacheLessForMore,
    "EDGE": Edge,
    "HASHROUTING": Hashrouting,
    "HR_ASYMM": HashroutingAsymmetric,
    "HR_CLUSTER": HashroutingClustered,
    "HR_EDGE_CACHE": HashroutingEdge,
    "HR_HYBRID_AM": HashroutingHybridAM,
    "HR_HYBRID_SM": HashroutingHybridSM,
    "HR_MULTICAST": HashroutingMulticast,
    "HR_ON_PATH": HashroutingOnPath,
    "HR_SYMM": HashroutingSymmetric,
    "LCD": LeaveCopyDown,
    "LCE": LeaveCopyEverywhere,
    "NO_CACHE": NoCache,
    "NRR": NearestReplicaRouting,
    "PARTITION": Partition,
    "PROB_CACHE": ProbCache,
    "RAND_BERNOULLI": RandomBernoulli,
    "RAND_CHOICE": RandomChoice,
}
"""From registry name to the twin of the strategy."""

SIZED_TWINS: dict[str, type[SizedTwin]] = {
    "ARC": SizedArc,
    "CLOCK": SizedClock,
    "CLOCK2Q_PLUS": SizedClock2qPlus,
    "FIFO": SizedFifo,
    "K_LRU": SizedKLru,
    "LFU": SizedLfu,
    "LFUDA": SizedLfuda,
    "LRU": SizedLru,
    "LRU_K": SizedLruK,
    "MRU": SizedMru,
    "QD_LP_FIFO": SizedQdLpFifo,
    "RAND": SizedRand,
    "S3_FIFO": SizedS3Fifo,
    "S4LRU": SizedS4Lru,
    "SIEVE": SizedSieve,
    "TWO_Q": SizedTwoQ,
}
"""From registry name to the twin of the policy that has contents with sizes."""
