"""NULL, compiled: caches that hold nothing."""

from __future__ import annotations

from typing import NamedTuple

from icarus.kernels.kernel_registry import register_policy_kernel
from icarus.models.cache import NullCache

__all__ = ["NullCaches"]


class NullCaches(NamedTuple):
    """Caches that hold nothing need to know nothing."""

    nothing: int


def _no(caches, cache, content):
    return False


def _put(caches, cache, content):
    return -1


register_policy_kernel(
    NullCache,
    NullCaches,
    get=_no,
    put=_put,
    has=_no,
    remove=_no,
    build=lambda caches, contents: NullCaches(0),
    dump=lambda caches, cache: [],
)
