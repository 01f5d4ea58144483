"""The names that Icarus 0.8 has here; see ``icarus.strategies``."""

from icarus.strategies import (
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
from icarus.strategies.hashrouting import BaseHashrouting as BaseHashrouting

__all__ = [
    "Hashrouting",
    "HashroutingAsymmetric",
    "HashroutingClustered",
    "HashroutingEdge",
    "HashroutingHybridAM",
    "HashroutingHybridSM",
    "HashroutingMulticast",
    "HashroutingOnPath",
    "HashroutingSymmetric",
]
