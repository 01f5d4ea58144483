"""The strategy that does without caches, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

from icarus.kernels.kernel_registry import Numbering, register_strategy_kernel
from icarus.kernels.network import AGAIN
from icarus.kernels.path_table import find_path, last_position
from icarus.kernels.sessions import round_trip
from icarus.models.strategy.base import NoCache

__all__ = ["NoCacheState"]


class NoCacheState(NamedTuple):
    """A strategy without caches needs to know nothing."""

    nothing: int


def _no_cache(strategy, net, caches, sessions, walk, receiver, source, content):
    path = find_path(net.paths, receiver, source)
    if path < 0:
        return AGAIN
    return round_trip(sessions, walk, path, last_position(net.paths, path), False, content)


def _build(strategy: Any, numbering: Numbering) -> NoCacheState:
    return NoCacheState(0)


register_strategy_kernel(NoCache, NoCacheState, process=_no_cache, build=_build, hashes=False)
