"""The names that Icarus 0.8 has here; see ``icarus.policies``."""

from icarus.models.cache import policies, systems
from icarus.models.cache.policies import *  # noqa: F403
from icarus.models.cache.systems import *  # noqa: F403
from icarus.policies import KeyValueCache, KHitInsertionCache, RandomInsertionCache, TtlCache

__all__ = [
    *policies.__all__,
    *systems.__all__,
    "KHitInsertionCache",
    "KeyValueCache",
    "RandomInsertionCache",
    "TtlCache",
]
