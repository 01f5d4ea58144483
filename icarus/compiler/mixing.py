"""Mixing of integers into hashes, for tables and for the names of contents."""

from __future__ import annotations

import numpy as np

__all__ = ["mixed", "splitmix"]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_GOLDEN = 0x9E37_79B9_7F4A_7C15
_FIRST = 0xBF58_476D_1CE4_E5B9
_SECOND = 0x94D0_49BB_1331_11EB


def splitmix(value):
    """Return ``icarus.core.hashing.stable_hash`` of an integer, unsigned, 64 bits."""
    z = (int(value) + _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)


def _splitmix_compiled(value):
    z = np.uint64(value) + np.uint64(_GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
    return z ^ (z >> np.uint64(31))


def mixed(a, b):
    """Return a hash of two integers, 62 bits, whose upper and lower bits are both well mixed."""
    z = (int(a) * _GOLDEN + int(b) * _SECOND) & _MASK
    z = ((z ^ (z >> 32)) * _FIRST) & _MASK
    return z >> 2


def _mixed_compiled(a, b):
    z = np.uint64(a) * np.uint64(_GOLDEN) + np.uint64(b) * np.uint64(_SECOND)
    z = (z ^ (z >> np.uint64(32))) * np.uint64(_FIRST)
    return np.int64(z >> np.uint64(2))


# In the interpreter NumPy's integers would warn of the overflow that is meant here.
splitmix.compiled_form = _splitmix_compiled  # type: ignore[attr-defined]
mixed.compiled_form = _mixed_compiled  # type: ignore[attr-defined]
