"""The names that Icarus 0.8 has here; see ``icarus.strategies``."""

from icarus.strategies import (
    CacheLessForMore,
    Edge,
    LeaveCopyDown,
    LeaveCopyEverywhere,
    Partition,
    ProbCache,
    RandomBernoulli,
    RandomChoice,
)

__all__ = [
    "CacheLessForMore",
    "Edge",
    "LeaveCopyDown",
    "LeaveCopyEverywhere",
    "Partition",
    "ProbCache",
    "RandomBernoulli",
    "RandomChoice",
]
