"""Strategies: where requests go and where copies are left.

``on_path`` and its neighbours have those that cache on the way from the origin,
``nearest_replica`` the one that looks for a copy wherever it is, ``hashrouting`` those that send a
request to the cache responsible for its content.
"""

from icarus.strategies.cache_less_for_more import CacheLessForMore
from icarus.strategies.hashrouting import (
    Hashrouting,
    HashroutingAsymmetric,
    HashroutingClustered,
    HashroutingEdge,
    HashroutingHybridAM,
    HashroutingHybridSM,
    HashroutingMulticast,
    HashroutingOnPath,
    HashroutingSymmetric,
)
from icarus.strategies.known_network import KnownNetwork
from icarus.strategies.nearest_replica import NearestReplicaRouting
from icarus.strategies.on_path import (
    Edge,
    LeaveCopyDown,
    LeaveCopyEverywhere,
    NoCache,
    RandomBernoulli,
    RandomChoice,
)
from icarus.strategies.partition import Partition
from icarus.strategies.prob_cache import ProbCache
from icarus.strategies.strategy import Strategy, define_strategy
from icarus.verbs.network import AGAIN, DONE

__all__ = [
    "AGAIN",
    "DONE",
    "CacheLessForMore",
    "Edge",
    "Hashrouting",
    "HashroutingAsymmetric",
    "HashroutingClustered",
    "HashroutingEdge",
    "HashroutingHybridAM",
    "HashroutingHybridSM",
    "HashroutingMulticast",
    "HashroutingOnPath",
    "HashroutingSymmetric",
    "KnownNetwork",
    "LeaveCopyDown",
    "LeaveCopyEverywhere",
    "NearestReplicaRouting",
    "NoCache",
    "Partition",
    "ProbCache",
    "RandomBernoulli",
    "RandomChoice",
    "Strategy",
    "define_strategy",
]
