"""The names that Icarus 0.8 has here; see ``icarus.policies``."""

from icarus.policies import ArrayCache, PathCache, ShardedCache, TreeCache

__all__ = ["ArrayCache", "PathCache", "ShardedCache", "TreeCache"]
