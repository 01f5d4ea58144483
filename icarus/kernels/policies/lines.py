"""Lines: doubly linked lists of slots, one or more to a cache.

Each line has a slot of its own, its end, which is linked to the first and the last slot of the
line, and to itself if the line is empty. The first slot is the one evicted last. Slots without
a content are chained through ``NEXT``, from the one that ``free`` names.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.jit import kernel
from icarus.kernels.index import Slots, expect, find, leave, make_slots

__all__ = [
    "NEXT",
    "PREVIOUS",
    "Lines",
    "evict_last",
    "has_in_line",
    "link_first",
    "make_lines",
    "remove_from_line",
    "set_free",
    "slot_contents",
    "take_free",
    "unlink",
]

PREVIOUS, NEXT = 0, 1


class Lines(NamedTuple):
    """The lines of all caches."""

    slots: Slots
    links: np.ndarray
    """int32, (n_slots, 2 or more): the slots before and behind, and what a policy adds."""
    free: np.ndarray
    """int32, (n_caches,): a slot without a content, or -1."""


def make_lines(n_contents: int, maxlens: list[int], lines: int = 1, columns: int = 2) -> Lines:
    """Return empty lines; the ends are the first slots of each cache.

    Parameters
    ----------
    n_contents : int
        Number of contents.
    maxlens : list of int, shape (n_caches,)
        How many contents fit into each cache.
    lines : int, optional
        Lines of each cache.
    columns : int, optional
        Columns of ``links``; those behind the first two are 0.
    """
    slots = make_slots(n_contents, np.array(maxlens, dtype=np.int64) + lines)
    base, stop = slots.base[:-1], slots.base[1:]
    n_slots = len(slots.item)
    links = np.zeros((n_slots, columns), dtype=np.int32)
    links[:, PREVIOUS] = -1
    links[:, NEXT] = np.arange(1, n_slots + 1)
    links[stop - 1, NEXT] = -1
    for line in range(lines):
        links[base + line, PREVIOUS] = links[base + line, NEXT] = base + line
    return Lines(slots, links, (base + lines).astype(np.int32))


@kernel
def link_first(links, end, slot):
    """Put a slot in front of the line that `end` belongs to."""
    first = links[end, NEXT]
    links[slot, PREVIOUS] = end
    links[slot, NEXT] = first
    links[first, PREVIOUS] = slot
    links[end, NEXT] = slot


@kernel
def unlink(links, slot):
    """Take a slot out of its line."""
    before = links[slot, PREVIOUS]
    behind = links[slot, NEXT]
    links[before, NEXT] = behind
    links[behind, PREVIOUS] = before


@kernel
def take_free(lines, cache):
    """Return a slot of a cache that has no content, or -1 if the cache is full."""
    slot = lines.free[cache]
    if slot >= 0:
        lines.free[cache] = lines.links[slot, NEXT]
    return slot


@kernel
def set_free(lines, cache, slot):
    """Have a slot, which is in no line any more, taken by the next content."""
    lines.links[slot, NEXT] = lines.free[cache]
    lines.free[cache] = slot


@kernel
def evict_last(lines, cache, end):
    """Take the last slot out of a line and have its content no longer found; return the slot."""
    slot = lines.links[end, PREVIOUS]
    leave(lines.slots, cache, lines.slots.item[slot])
    unlink(lines.links, slot)
    # The one to be evicted next is most likely the one that is last now.
    following = lines.links[end, PREVIOUS]
    if following != end:
        expect(lines.slots, cache, lines.slots.item[following])
    return slot


def has_in_line(caches, cache, content):
    """Return whether a cache of a policy whose state has ``lines`` holds a content."""
    return find(caches.lines.slots, cache, content) >= 0


@kernel
def remove_from_line(lines, cache, content):
    """Remove a content from a cache; return whether it was there."""
    slot = find(lines.slots, cache, content)
    if slot < 0:
        return False
    leave(lines.slots, cache, content)
    unlink(lines.links, slot)
    set_free(lines, cache, slot)
    return True


def slot_contents(lines: Lines, end: int) -> list[int]:
    """Return the contents of a line, first to last."""
    contents = []
    slot = lines.links[end, NEXT]
    while slot != end:
        contents.append(int(lines.slots.item[slot]))
        slot = lines.links[slot, NEXT]
    return contents
