"""Where in its cache a content is: the look-up that every policy begins with.

There are two forms. ``DenseIndex`` has a place for each content and cache, so that all look-ups
of one request fall next to each other in memory; ``HashedIndex`` has places for what is cached
only. Contents lie in slots, which are numbered over all caches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numba.core.types import BaseNamedTuple
from numba.extending import overload

from icarus.compiler.jit import INLINED, kernel
from icarus.compiler.mixing import mixed
from icarus.compiler.prefetch import prefetch

__all__ = [
    "DENSE_LIMIT",
    "DenseIndex",
    "HashedIndex",
    "Slots",
    "all_hashed",
    "enter",
    "expect",
    "find",
    "grow_slots",
    "index_form",
    "leave",
    "make_slots",
]

DENSE_LIMIT = 2**25
"""Entries, 4 bytes each, up to which the dense form is used."""


class DenseIndex(NamedTuple):
    """A place for each content and cache."""

    slot: np.ndarray
    """uint16 or int32, (n_contents, n_caches): place among the slots of the cache + 1, or 0."""


class HashedIndex(NamedTuple):
    """A hash table with linear probing of what is cached."""

    entries: np.ndarray
    """int64, a power of two: slot + 1 in the lower 32 bits, 0 for none; the hash above."""


class Slots(NamedTuple):
    """The places of all caches."""

    index: Any
    """DenseIndex or HashedIndex."""
    item: np.ndarray
    """int32 or, with 2**31 contents or more, int64, (n_slots,): the content in a slot."""
    base: np.ndarray
    """int64, (n_caches + 1,): the first slot of each cache."""


def make_slots(
    n_contents: int,
    sizes: np.ndarray,
    dense_limit: int | None = None,
    *,
    growing: bool = False,
) -> Slots:
    """Return empty slots.

    Parameters
    ----------
    n_contents : int
        Number of contents.
    sizes : ndarray of int64, shape (n_caches,)
        Slots of each cache.
    dense_limit : int, optional
        Entries up to which the index is dense; by default ``DENSE_LIMIT``.
    growing : bool, optional
        Whether there may be more slots later, by ``grow_slots``.
    """
    base = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=base[1:])
    n_slots = int(base[-1])
    index: DenseIndex | HashedIndex
    if n_contents * len(sizes) <= (DENSE_LIMIT if dense_limit is None else dense_limit):
        # Half the memory is half the misses of the processor's cache.
        narrow = not growing and sizes.max(initial=0) < np.iinfo(np.uint16).max
        dtype = np.uint16 if narrow else np.int32
        index = DenseIndex(np.zeros((n_contents, len(sizes)), dtype=dtype))
    else:
        index = HashedIndex(np.zeros(_table_size(n_slots), dtype=np.int64))
    items = np.int32 if n_contents < 2**31 else np.int64
    return Slots(index, np.full(n_slots, -1, dtype=items), base)


def _table_size(n_slots: int) -> int:
    # At most a quarter full. Measured on GEANT with 10^7 contents, in million requests/s: 5.0,
    # with half that size 3.9, a quarter 2.5, the double 4.8; with a tree of 15 caches of 50,000:
    # 4.0, 3.0 with half the size, 3.8 with the double.
    return 1 << (4 * n_slots + 1).bit_length()


def grow_slots(slots: Slots, n_slots: int) -> Slots:
    """Return slots of one cache with the same contents and room for `n_slots` of them."""
    item = np.empty(n_slots, dtype=slots.item.dtype)
    item[: len(slots.item)] = slots.item
    index = slots.index
    if isinstance(index, HashedIndex):
        index = HashedIndex(_rehashed(index.entries, _table_size(n_slots)))
    return Slots(index, item, np.array([0, n_slots], dtype=np.int64))


def _rehashed(entries: np.ndarray, size: int) -> np.ndarray:
    """Return a table of `size` places with the same entries."""
    # Taken by their homes, each entry stands at home or right behind the one before it, which
    # is where linear probing would find it. Those behind the end go round to the first gaps.
    held = entries[entries != 0]
    home = (held >> 32) & (size - 1)
    order = np.argsort(home, kind="stable")
    rank = np.arange(len(held))
    place = np.maximum.accumulate(home[order] - rank) + rank
    inside = int(np.searchsorted(place, size))
    table = np.zeros(size, dtype=np.int64)
    table[place[:inside]] = held[order[:inside]]
    table[np.flatnonzero(table == 0)[: len(held) - inside]] = held[order[inside:]]
    return table


@contextmanager
def all_hashed() -> Iterator[None]:
    """Have all indexes made meanwhile be hashed, however small."""
    global DENSE_LIMIT
    before, DENSE_LIMIT = DENSE_LIMIT, -1
    try:
        yield
    finally:
        DENSE_LIMIT = before


def find(slots, cache, content):
    """Return the slot of a content in a cache, or -1."""
    return _FIND[type(slots.index)](slots, cache, content)


def expect(slots, cache, content):
    """Say that a content will soon be looked up in a cache."""
    return _EXPECT[type(slots.index)](slots, cache, content)


def enter(slots, cache, content, slot):
    """Have a content found in a slot of a cache, in which it is not yet."""
    return _ENTER[type(slots.index)](slots, cache, content, slot)


def leave(slots, cache, content):
    """Have a content no longer found in a cache, in which it is."""
    return _LEAVE[type(slots.index)](slots, cache, content)


@kernel
def _find_dense(slots, cache, content):
    place = np.int64(slots.index.slot[content, cache])
    return slots.base[cache] + place - 1 if place > 0 else -1


@kernel
def _enter_dense(slots, cache, content, slot):
    slots.item[slot] = content
    slots.index.slot[content, cache] = slot - slots.base[cache] + 1


@kernel
def _leave_dense(slots, cache, content):
    slots.index.slot[content, cache] = 0


@kernel
def _expect_dense(slots, cache, content):
    prefetch(slots.index.slot, content)


@kernel
def _expect_hashed(slots, cache, content):
    prefetch(slots.index.entries, mixed(content, cache) & _TAG & (len(slots.index.entries) - 1))


_TAG = 0x7FFF_FFFF


@kernel
def _place_hashed(slots, cache, content):
    """Return the place of a content's entry, or the one where it would be, and its tag."""
    entries = slots.index.entries
    mask = len(entries) - 1
    tag = mixed(content, cache) & _TAG
    place = tag & mask
    while True:
        entry = entries[place]
        if entry == 0:
            return place, tag
        if entry >> 32 == tag:
            slot = (entry & 0xFFFF_FFFF) - 1
            # Two contents may have one tag, and a slot tells whose it is.
            if (
                slots.item[slot] == content
                and slots.base[cache] <= slot
                and slot < slots.base[cache + 1]
            ):
                return place, tag
        place = (place + 1) & mask


@kernel
def _find_hashed(slots, cache, content):
    place, _ = _place_hashed(slots, cache, content)
    return (slots.index.entries[place] & 0xFFFF_FFFF) - 1


@kernel
def _enter_hashed(slots, cache, content, slot):
    # The slot may still name what was there before, but nothing points to it any more.
    slots.item[slot] = -1
    place, tag = _place_hashed(slots, cache, content)
    slots.item[slot] = content
    slots.index.entries[place] = (tag << 32) | (np.int64(slot) + 1)


@kernel
def _leave_hashed(slots, cache, content):
    entries = slots.index.entries
    mask = len(entries) - 1
    hole, _ = _place_hashed(slots, cache, content)
    place = hole
    # Entries behind the hole move up unless they would then stand before their home.
    while True:
        place = (place + 1) & mask
        entry = entries[place]
        if entry == 0:
            break
        home = (entry >> 32) & mask
        if ((place - home) & mask) >= ((place - hole) & mask):
            entries[hole] = entry
            hole = place
    entries[hole] = 0


_EXPECT = {DenseIndex: _expect_dense, HashedIndex: _expect_hashed}
_FIND = {DenseIndex: _find_dense, HashedIndex: _find_hashed}
_ENTER = {DenseIndex: _enter_dense, HashedIndex: _enter_hashed}
_LEAVE = {DenseIndex: _leave_dense, HashedIndex: _leave_hashed}


def index_form(slots):
    """Return which index the compiler's type of some slots has."""
    return slots.types[slots.fields.index("index")].instance_class


@overload(find, jit_options=INLINED)
def _find(slots, cache, content):
    if not isinstance(slots, BaseNamedTuple):
        return None
    function = _FIND[index_form(slots)]
    return lambda slots, cache, content: function(slots, cache, content)


@overload(expect, jit_options=INLINED)
def _expect(slots, cache, content):
    if not isinstance(slots, BaseNamedTuple):
        return None
    function = _EXPECT[index_form(slots)]
    return lambda slots, cache, content: function(slots, cache, content)


@overload(enter, jit_options=INLINED)
def _enter(slots, cache, content, slot):
    if not isinstance(slots, BaseNamedTuple):
        return None
    function = _ENTER[index_form(slots)]
    return lambda slots, cache, content, slot: function(slots, cache, content, slot)


@overload(leave, jit_options=INLINED)
def _leave(slots, cache, content):
    if not isinstance(slots, BaseNamedTuple):
        return None
    function = _LEAVE[index_form(slots)]
    return lambda slots, cache, content: function(slots, cache, content)
