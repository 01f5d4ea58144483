"""RAND, compiled; see ``icarus.models.cache`` for what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from icarus.kernels.index import Slots, enter, find, leave, make_slots
from icarus.kernels.kernel_registry import Contents, register_policy_kernel
from icarus.models.cache import RandEvictionCache

__all__ = ["RandCaches"]


class RandCaches(NamedTuple):
    """Caches with random eviction: slots are places, filled from the first on."""

    slots: Slots
    behind: np.ndarray
    """int64, (n_caches,): the slot behind the last content."""
    rng: Any
    """The Generator that all caches share."""


def _has(caches, cache, content):
    return find(caches.slots, cache, content) >= 0


def _put(caches, cache, content):
    slots = caches.slots
    if find(slots, cache, content) >= 0:
        return -1
    slot = caches.behind[cache]
    evicted = -1
    if slot < slots.base[cache + 1]:
        caches.behind[cache] = slot + 1
    else:
        first = slots.base[cache]
        slot = first + int(caches.rng.random() * (slot - first))
        evicted = slots.item[slot]
        leave(slots, cache, evicted)
    enter(slots, cache, content, slot)
    return evicted


def _remove(caches, cache, content):
    slots = caches.slots
    slot = find(slots, cache, content)
    if slot < 0:
        return False
    leave(slots, cache, content)
    last = caches.behind[cache] - 1
    caches.behind[cache] = last
    if slot < last:
        moved = slots.item[last]
        leave(slots, cache, moved)
        enter(slots, cache, moved, slot)
    return True


def _build(caches: Sequence[RandEvictionCache], contents: Contents) -> RandCaches:
    rng = caches[0]._rng
    if any(cache._rng is not rng for cache in caches):
        raise ValueError("caches with random eviction must share one Generator, found several")
    sizes = np.array([cache.maxlen for cache in caches], dtype=np.int64)
    slots = make_slots(len(contents.names), sizes)
    return RandCaches(slots, slots.base[:-1].copy(), rng)


def _dump(caches: RandCaches, cache: int) -> list[int]:
    held = caches.slots.item[caches.slots.base[cache] : caches.behind[cache]]
    return [int(content) for content in held]


register_policy_kernel(
    RandEvictionCache,
    RandCaches,
    get=_has,
    put=_put,
    has=_has,
    remove=_remove,
    build=_build,
    dump=_dump,
)
