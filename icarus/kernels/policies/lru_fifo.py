"""LRU and FIFO, compiled; see ``icarus.models.cache`` for what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from icarus.compiler.jit import kernel
from icarus.kernels.index import enter, find
from icarus.kernels.kernel_registry import Contents, register_policy_kernel
from icarus.kernels.policies.lines import (
    Lines,
    evict_last,
    has_in_line,
    link_first,
    make_lines,
    remove_from_line,
    slot_contents,
    take_free,
    unlink,
)
from icarus.models.cache import FifoCache, LruCache

__all__ = ["FifoCaches", "LruCaches"]


class LruCaches(NamedTuple):
    """LRU caches: one line to a cache, the most recently used content first."""

    lines: Lines


class FifoCaches(NamedTuple):
    """FIFO caches: one line to a cache, the latest content first."""

    lines: Lines


def _lru_get(caches, cache, content):
    lines = caches.lines
    slot = find(lines.slots, cache, content)
    if slot < 0:
        return False
    unlink(lines.links, slot)
    link_first(lines.links, lines.slots.base[cache], slot)
    return True


def _lru_put(caches, cache, content):
    lines = caches.lines
    slot = find(lines.slots, cache, content)
    if slot < 0:
        return _insert_first(lines, cache, content)
    unlink(lines.links, slot)
    link_first(lines.links, lines.slots.base[cache], slot)
    return -1


def _fifo_put(caches, cache, content):
    if find(caches.lines.slots, cache, content) >= 0:
        return -1
    return _insert_first(caches.lines, cache, content)


@kernel
def _insert_first(lines, cache, content):
    end = lines.slots.base[cache]
    slot = take_free(lines, cache)
    evicted = -1
    if slot < 0:
        slot = evict_last(lines, cache, end)
        evicted = lines.slots.item[slot]
    enter(lines.slots, cache, content, slot)
    link_first(lines.links, end, slot)
    return evicted


def _remove(caches, cache, content):
    return remove_from_line(caches.lines, cache, content)


def _make(caches: Sequence[LruCache | FifoCache], contents: Contents) -> Lines:
    return make_lines(len(contents.names), [cache.maxlen for cache in caches])


def _dump(caches: LruCaches | FifoCaches, cache: int) -> list[int]:
    return slot_contents(caches.lines, int(caches.lines.slots.base[cache]))


register_policy_kernel(
    LruCache,
    LruCaches,
    get=_lru_get,
    put=_lru_put,
    has=has_in_line,
    remove=_remove,
    build=lambda caches, contents: LruCaches(_make(caches, contents)),
    dump=_dump,
)
register_policy_kernel(
    FifoCache,
    FifoCaches,
    get=has_in_line,
    put=_fifo_put,
    has=has_in_line,
    remove=_remove,
    build=lambda caches, contents: FifoCaches(_make(caches, contents)),
    dump=_dump,
)
