"""The peer: libcachesim, an independent simulator of one cache, written in C.

It replays a trace from its own binary format; the time includes opening the file and making the
cache, as ours includes building the scenario.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

__all__ = ["NOT_INSTALLED", "installed", "replay"]

NOT_INSTALLED = "libcachesim is not installed"


def installed() -> bool:
    """Return whether there is a peer."""
    return importlib.util.find_spec("libcachesim") is not None


def replay(policy: str, capacity: int, path: str) -> Callable[[], float]:
    """Return what replays a trace through one cache and returns the share of hits.

    Parameters
    ----------
    policy : str
        Its name in libcachesim.
    capacity : int
        Contents in the cache.
    path : str
        A trace in the format oracleGeneral whose contents all have size 1.
    """
    import libcachesim

    options = libcachesim.ReaderInitParam(ignore_obj_size=True)

    def once() -> float:
        cache: Any = getattr(libcachesim, policy)(capacity)
        kind = libcachesim.TraceType.ORACLE_GENERAL_TRACE
        missed, _ = cache.process_trace(libcachesim.TraceReader(path, kind, options))
        return 1.0 - float(missed)

    return once
