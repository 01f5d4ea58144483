"""Where in its cache a content is: the look-up that every policy begins with.

Contents lie in slots, which are numbered over all caches of a network. There are three forms.
``DenseSlots`` have a place for each content and cache, so that all look-ups of one request fall
next to each other in memory; ``HashedSlots`` have places for what is cached only; ``NamedSlots``,
for Python, hold any hashable items. What can be asked of them is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from icarus.compiler.mixing import mixed
from icarus.compiler.prefetch import prefetch
from icarus.policies.room import NOTHING, Room
from icarus.policies.slot_tables import put_in, rehashed, table_size, take_out

__all__ = [
    "DENSE_LIMIT",
    "BothPlaces",
    "DenseSlots",
    "HashedSlots",
    "NamedSlots",
    "Nowhere",
    "all_hashed",
    "grow_slots",
    "make_slots",
]

DENSE_LIMIT = 2**25
"""Entries, 4 bytes each, up to which the dense form is used."""

_TAG = 0x7FFF_FFFF


class DenseSlots(NamedTuple):
    """The slots of all caches, and an array of what is where."""

    slot_of: np.ndarray
    """uint16 or int32, (n_contents, n_caches): place among the slots of the cache + 1, or 0."""
    item: np.ndarray
    """int32 or, with 2**31 contents or more, int64, (n_slots,): the content in a slot."""
    base: np.ndarray
    """int64, (n_caches + 1,): the first slot of each cache."""

    def find(self, cache, content):
        """Return the slot of a content in a cache, or -1."""
        place = np.int64(self.slot_of[content, cache])
        return self.base[cache] + place - 1 if place > 0 else -1

    def enter(self, cache, content, slot):
        """Have a content found in a slot of a cache, in which it is not yet."""
        self.item[slot] = content
        self.slot_of[content, cache] = slot - self.base[cache] + 1

    def leave(self, cache, content):
        """Have a content no longer found in a cache, in which it is."""
        self.slot_of[content, cache] = 0

    def clear(self, cache: int) -> None:
        """Have nothing found in a cache any more."""
        self.forget(cache, _named(self, cache))

    def forget(self, cache: int, slots: np.ndarray) -> None:
        """Have what some slots of a cache name no longer found, wherever in the cache it is."""
        self.slot_of[self.item[slots], cache] = 0
        self.item[slots] = -1

    def enter_all(self, cache: int, contents: Sequence[int], first: int) -> None:
        """Have contents found in successive slots of a cache, in which they are not yet."""
        stop = first + len(contents)
        self.item[first:stop] = contents
        places = np.arange(first, stop) - self.base[cache] + 1
        self.slot_of[self.item[first:stop], cache] = places

    def renumber(self, before: np.ndarray) -> None:
        """Have each slot hold what another one did; there is one cache, and nothing is forgotten.

        Parameters
        ----------
        before : ndarray of int64
            The slot whose content is in slot 0, 1, ... from now on: all that hold contents.
        """
        self.item[: len(before)] = self.item[before]
        self.slot_of[self.item[: len(before)], 0] = np.arange(1, len(before) + 1)

    def expect(self, cache, content):
        """Say that a content will soon be looked up in a cache."""
        prefetch(self.slot_of, content)

    def expects_each(self):
        """Whether the places of one content lie apart, so that each is to be expected."""
        return False

    def fetches(self):
        """Whether `fetch` does anything."""
        return False

    def fetch(self, cache, content):
        """Have fetched what `expect` led to."""


class HashedSlots(NamedTuple):
    """The slots of all caches, and a hash table, with linear probing, of what is where."""

    entries: np.ndarray
    """int64, a power of two: slot + 1 in the lower 32 bits, 0 for none; the hash above."""
    item: np.ndarray
    """As of ``DenseSlots``."""
    base: np.ndarray
    """As of ``DenseSlots``."""

    def find(self, cache, content):
        """Return the slot of a content in a cache, or -1."""
        place, _ = self._place(cache, content)
        return (self.entries[place] & 0xFFFF_FFFF) - 1

    def enter(self, cache, content, slot):
        """Have a content found in a slot of a cache, in which it is not yet."""
        # The slot may still name what was there before, but nothing points to it any more.
        self.item[slot] = -1
        place, tag = self._place(cache, content)
        self.item[slot] = content
        self.entries[place] = (tag << 32) | (np.int64(slot) + 1)

    def leave(self, cache, content):
        """Have a content no longer found in a cache, in which it is."""
        entries = self.entries
        mask = len(entries) - 1
        hole, _ = self._place(cache, content)
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

    def clear(self, cache: int) -> None:
        """Have nothing found in a cache any more."""
        self.forget(cache, _named(self, cache))

    def forget(self, cache: int, slots: np.ndarray) -> None:
        """Have what some slots of a cache hold no longer found."""
        take_out(self.entries, self._entries_of(cache, self.item[slots], slots))
        self.item[slots] = -1

    def enter_all(self, cache: int, contents: Sequence[int], first: int) -> None:
        """Have contents found in successive slots of a cache, in which they are not yet."""
        slots = np.arange(first, first + len(contents))
        self.item[slots] = contents
        put_in(self.entries, self._entries_of(cache, self.item[slots], slots))

    def renumber(self, before: np.ndarray) -> None:
        """As of ``DenseSlots``."""
        slot_of = np.zeros(len(self.item), dtype=np.int64)
        slot_of[before] = np.arange(len(before))
        self.item[: len(before)] = self.item[before]
        held = np.flatnonzero(self.entries)
        entries = self.entries[held]
        tags, slots = entries & ~np.int64(0xFFFF_FFFF), (entries & 0xFFFF_FFFF) - 1
        self.entries[held] = tags | (slot_of[slots] + 1)

    def _entries_of(self, cache: int, contents: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Return what the table has for contents that are in some slots of a cache."""
        # The compiled form counts without overflow, as arrays do.
        hashes = mixed.compiled_form(contents, np.array([cache]))  # type: ignore[attr-defined]
        entries: np.ndarray = ((hashes & _TAG) << 32) | (slots.astype(np.int64) + 1)
        return entries

    def expect(self, cache, content):
        """Say that a content will soon be looked up in a cache."""
        prefetch(self.entries, mixed(content, cache) & _TAG & (len(self.entries) - 1))

    def expects_each(self):
        """Whether the places of one content lie apart, so that each is to be expected."""
        return True

    def fetches(self):
        """Whether `fetch` does anything."""
        return False

    def fetch(self, cache, content):
        """Have fetched what `expect` led to."""

    def _place(self, cache, content):
        """Return the place of a content's entry, or the one where it would be, and its tag."""
        entries = self.entries
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
                    self.item[slot] == content
                    and self.base[cache] <= slot
                    and slot < self.base[cache + 1]
                ):
                    return place, tag
            place = (place + 1) & mask


class NamedSlots(NamedTuple):
    """The slots of Python objects, whose items are any hashable values."""

    slot_of: list[dict[Any, int]]
    """By cache: from item to its slot."""
    item: list[Any]
    """By slot: the item."""
    base: list[int]
    """As of ``DenseSlots``."""

    def find(self, cache: int, content: Any) -> int:
        """Return the slot of a content in a cache, or -1."""
        return self.slot_of[cache].get(content, -1)

    def enter(self, cache: int, content: Any, slot: int) -> None:
        """Have a content found in a slot of a cache, in which it is not yet."""
        self.item[slot] = content
        self.slot_of[cache][content] = slot

    def leave(self, cache: int, content: Any) -> None:
        """Have a content no longer found in a cache, in which it is."""
        del self.slot_of[cache][content]

    def enter_all(self, cache: int, contents: Sequence[Any], first: int) -> None:
        """Have contents found in successive slots of a cache, in which they are not yet."""
        slots = range(first, first + len(contents))
        self.item[first : slots.stop] = contents
        self.slot_of[cache].update(zip(contents, slots, strict=True))

    def clear(self, cache: int) -> None:
        """Have nothing found in a cache any more."""
        self.slot_of[cache].clear()
        first, stop = self.base[cache], self.base[cache + 1]
        self.item[first:stop] = [NOTHING] * (stop - first)

    def expect(self, cache: int, content: Any) -> None:
        """Do nothing: there is no machine code to speed up."""

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        return len(self.slot_of[cache])


class Nowhere(NamedTuple):
    """What a policy expects that does not say where it looks contents up."""

    nothing: int

    def expect(self, cache, content):
        """Do nothing."""

    def expects_each(self):
        """Return False."""
        return False

    def fetches(self):
        """Return False."""
        return False

    def fetch(self, cache, content):
        """Do nothing."""


class BothPlaces(NamedTuple):
    """Where contents are looked up that are looked up in two places.

    GEANT with LCE and LRU over 300,000 contents, in million requests/s: inserting at the second put
    2.0 instead of 1.2, with expiry 2.2 instead of 1.9.
    """

    one: Any
    other: Any

    def expect(self, cache, content):
        """Say that a content will soon be looked up in a cache."""
        self.one.expect(cache, content)
        self.other.expect(cache, content)

    def expects_each(self):
        """Whether places of one content lie apart."""
        return self.one.expects_each() or self.other.expects_each()

    def fetches(self):
        """Whether `fetch` does anything."""
        return self.one.fetches() or self.other.fetches()

    def fetch(self, cache, content):
        """Have fetched what `expect` led to."""
        self.one.fetch(cache, content)
        self.other.fetch(cache, content)


def make_slots(room: Room, extra: int = 0, dense_limit: int | None = None) -> Any:
    """Return empty slots for the caches of a network.

    Parameters
    ----------
    room : Room
        How large the caches are, and what contents there are.
    extra : int, optional
        Slots that each cache has beside those for its contents; they are its first.
    dense_limit : int, optional
        Entries up to which the index is dense; by default ``DENSE_LIMIT``.
    """
    base = np.zeros(room.n_caches + 1, dtype=np.int64)
    np.cumsum(np.asarray(room.maxlens, dtype=np.int64) + extra, out=base[1:])
    if not room.numbered:
        item = [NOTHING] * int(base[-1])
        return NamedSlots([{} for _ in room.maxlens], item, base.tolist())
    return numbered_slots(room.n_contents, base, dense_limit)


def numbered_slots(
    n_contents: int, base: np.ndarray, dense_limit: int | None = None, *, growing: bool = False
) -> Any:
    """Return empty slots for contents that are numbers.

    Parameters
    ----------
    n_contents : int
        Number of contents.
    base : ndarray of int64, shape (n_caches + 1,)
        The first slot of each cache.
    dense_limit : int, optional
        Entries up to which the index is dense; by default ``DENSE_LIMIT``.
    growing : bool, optional
        Whether there may be more slots later, by ``grow_slots``.
    """
    n_slots, n_caches = int(base[-1]), len(base) - 1
    item = np.full(n_slots, -1, dtype=np.int32 if n_contents < 2**31 else np.int64)
    if n_contents * n_caches > (DENSE_LIMIT if dense_limit is None else dense_limit):
        return HashedSlots(np.zeros(table_size(n_slots), dtype=np.int64), item, base)
    # Half the memory is half the misses of the processor's cache.
    narrow = not growing and np.diff(base).max(initial=0) < np.iinfo(np.uint16).max
    dtype = np.uint16 if narrow else np.int32
    return DenseSlots(np.zeros((n_contents, n_caches), dtype=dtype), item, base)


def grow_slots(slots: Any, n_slots: int) -> Any:
    """Return slots of one cache with the same contents and room for `n_slots` of them."""
    item = np.empty(n_slots, dtype=slots.item.dtype)
    item[: len(slots.item)] = slots.item
    base = np.array([0, n_slots], dtype=np.int64)
    if isinstance(slots, HashedSlots):
        return HashedSlots(rehashed(slots.entries, table_size(n_slots)), item, base)
    return slots._replace(item=item, base=base)


def _named(slots: DenseSlots | HashedSlots, cache: int) -> np.ndarray:
    """Return the slots of a cache that name a content, which it may hold no longer."""
    first = int(slots.base[cache])
    return np.flatnonzero(slots.item[first : int(slots.base[cache + 1])] >= 0) + first


@contextmanager
def all_hashed() -> Iterator[None]:
    """Have all slots made meanwhile be hashed, however few."""
    global DENSE_LIMIT
    before, DENSE_LIMIT = DENSE_LIMIT, -1
    try:
        yield
    finally:
        DENSE_LIMIT = before
