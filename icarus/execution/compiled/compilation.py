"""Compiling the request loop for a strategy and a policy, with a word to whoever waits."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from icarus.compiler.jit import (
    DISABLED,
    compiled_once,
    interpreted_so_far,
    is_compiled,
    note_interpreted,
)
from icarus.errors import NoKernelError
from icarus.execution.compiled.engine_choice import BREAK_EVEN, Demand

__all__ = ["compile_or_load"]

logger = logging.getLogger("compiler")

_ready: set[str] = set()
"""Keys of what this process has compiled or loaded."""


def compile_or_load(
    states: tuple[Any, ...],
    use: Callable[[], object],
    what: str,
    *,
    kept: bool,
    demand: Demand | None,
) -> None:
    """Have kernels compiled, unless they are kept from before.

    Parameters
    ----------
    states : tuple
        What decides by its types which code is needed.
    use : callable
        Calls the kernels that are needed, without effect.
    what : str
        What the log calls them.
    kept : bool
        Whether their code is kept on disk.
    demand : Demand or None
        What it is needed for; None if it is to be compiled whatever that takes.

    Raises
    ------
    NoKernelError
        If it is not there and compiling would take longer than it saves. Requests that are
        served without it are remembered, so that it is compiled when there were many.
    """
    if DISABLED:
        return
    key = hashlib.blake2b(_types(states).encode(), digest_size=12).hexdigest()
    if key in _ready:
        return
    there = kept and is_compiled(key)
    if not there and demand is not None and demand.together + interpreted_so_far(key) < BREAK_EVEN:
        note_interpreted(key, demand.own)
        raise NoKernelError("compiling would take longer than it saves")
    with compiled_once(key) if kept else nullcontext(True) as missing:
        if missing:
            often = "once" if kept else "by each process"
            logger.info("compiling %s; this is done %s", what, often)
        begin = time.perf_counter()
        use()
        if missing:
            logger.debug("compiled %s in %.1f s", what, time.perf_counter() - begin)
    _ready.add(key)


def _types(state: Any) -> str:
    """Write the types that decide what is compiled; Numba's own way of it takes 1.5 ms."""
    name = f"{type(state).__module__}.{type(state).__qualname__}"
    if isinstance(state, np.ndarray):
        return f"{state.dtype.str}{state.ndim}"
    if isinstance(state, tuple):
        return f"{name}({', '.join(map(_types, state))})"
    return name
