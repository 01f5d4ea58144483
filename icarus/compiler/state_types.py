"""What the types of states decide: which code they need, and whether it may be kept on disk.

A state is a NamedTuple of arrays, of numbers and of other states.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

__all__ = ["is_foreign", "key_of"]


def is_foreign(state: Any) -> bool:
    """Whether a state, or one inside it, is of a type that does not come with Icarus."""
    if not isinstance(state, tuple):
        return False
    own = type(state) is tuple or type(state).__module__.startswith("icarus.")
    return not own or any(map(is_foreign, state))


def key_of(states: tuple[Any, ...]) -> str:
    """Return what tells the code for states from that for states of other types."""
    return hashlib.blake2b(_types(states).encode(), digest_size=12).hexdigest()


def _types(state: Any) -> str:
    """Write the types that decide what is compiled; Numba's own way of it takes 1.5 ms."""
    name = f"{type(state).__module__}.{type(state).__qualname__}"
    if isinstance(state, np.ndarray):
        return f"{state.dtype.str}{state.ndim}"
    if isinstance(state, tuple):
        return f"{name}({', '.join(map(_types, state))})"
    return name
