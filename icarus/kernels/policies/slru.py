"""Segmented LRU, compiled; see ``icarus.models.cache`` for what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from icarus.compiler.jit import kernel
from icarus.kernels.index import enter, find, leave
from icarus.kernels.kernel_registry import Contents, register_policy_kernel
from icarus.kernels.policies.lines import (
    PREVIOUS,
    Lines,
    evict_last,
    has_in_line,
    link_first,
    make_lines,
    set_free,
    slot_contents,
    take_free,
    unlink,
)
from icarus.models.cache import SegmentedLruCache

__all__ = ["SegmentedLruCaches"]

END, ROOM = 2, 3
# Further columns of the links: the end of the line that a slot is in, and, in the row of an
# end, how many contents still fit into its line.


class SegmentedLruCaches(NamedTuple):
    """Segmented LRU caches: a line to each segment, the highest first."""

    lines: Lines
    segments: int


@kernel
def _promote(links, highest, slot):
    """Move a slot to the line above its own, or to the front of the highest, whose end is given."""
    end = links[slot, END]
    unlink(links, slot)
    if end == highest:
        link_first(links, end, slot)
        return
    higher = end - 1
    link_first(links, higher, slot)
    links[slot, END] = higher
    if links[higher, ROOM] > 0:
        links[higher, ROOM] -= 1
        links[end, ROOM] += 1
    else:
        # What falls out may be the content itself, where the higher segment has no place.
        demoted = links[higher, PREVIOUS]
        unlink(links, demoted)
        link_first(links, end, demoted)
        links[demoted, END] = end


def _get(caches, cache, content):
    lines = caches.lines
    slot = find(lines.slots, cache, content)
    if slot < 0:
        return False
    _promote(lines.links, lines.slots.base[cache], slot)
    return True


def _put(caches, cache, content):
    lines = caches.lines
    links = lines.links
    highest = lines.slots.base[cache]
    slot = find(lines.slots, cache, content)
    if slot >= 0:
        _promote(links, highest, slot)
        return -1
    lowest = highest + caches.segments - 1
    evicted = -1
    if links[lowest, ROOM] > 0:
        slot = take_free(lines, cache)
        links[lowest, ROOM] -= 1
    elif links[lowest, PREVIOUS] == lowest:
        return content
    else:
        slot = evict_last(lines, cache, lowest)
        evicted = lines.slots.item[slot]
    enter(lines.slots, cache, content, slot)
    link_first(links, lowest, slot)
    links[slot, END] = lowest
    return evicted


def _remove(caches, cache, content):
    lines = caches.lines
    slot = find(lines.slots, cache, content)
    if slot < 0:
        return False
    leave(lines.slots, cache, content)
    unlink(lines.links, slot)
    lines.links[lines.links[slot, END], ROOM] += 1
    set_free(lines, cache, slot)
    return True


def _build(caches: Sequence[SegmentedLruCache], contents: Contents) -> SegmentedLruCaches:
    segments = len(caches[0]._segment_maxlen)
    maxlens = [cache.maxlen for cache in caches]
    lines = make_lines(len(contents.names), maxlens, lines=segments, columns=4)
    for first, cache in zip(lines.slots.base, caches, strict=False):
        lines.links[first : first + segments, ROOM] = cache._segment_maxlen
    return SegmentedLruCaches(lines, segments)


def _dump(caches: SegmentedLruCaches, cache: int) -> list[int]:
    first = int(caches.lines.slots.base[cache])
    ends = range(first, first + caches.segments)
    return [content for end in ends for content in slot_contents(caches.lines, end)]


register_policy_kernel(
    SegmentedLruCache,
    SegmentedLruCaches,
    get=_get,
    put=_put,
    has=has_in_line,
    remove=_remove,
    build=_build,
    dump=_dump,
)
