"""Eviction policies (``policies``), wrappers that change what is kept, systems of caches."""

from icarus.models.cache import policies, systems
from icarus.models.cache.policies import *  # noqa: F403 - the interface of Icarus 0.8
from icarus.models.cache.systems import *  # noqa: F403
from icarus.models.cache.wrappers import (
    KeyValueCache,
    KHitInsertionCache,
    RandomInsertionCache,
    TtlCache,
)

__all__ = [
    *policies.__all__,
    *systems.__all__,
    "KHitInsertionCache",
    "KeyValueCache",
    "RandomInsertionCache",
    "TtlCache",
]
