"""Rules of admission by chance and by counting puts, which need no sizes."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import reserved
from icarus.policies.lines import Lines, make_lines
from icarus.policies.records import KNOWN, make_records
from icarus.policies.room import Room
from icarus.policies.slots import Nowhere
from icarus.types import Fraction, PositiveInt, Seed

__all__ = ["InsertAtKthPut", "InsertAtRandom", "make_puts"]


class InsertAtRandom(NamedTuple):
    """Each put is admitted with the same probability."""

    p: float
    rng: Any
    """The Generator that all caches share; each put draws one number, also of what is cached."""

    @classmethod
    def new(cls, room: Room, p: Fraction, *, seed: Seed = None) -> Self:
        """Return the rule; ValueError if `p` is no probability."""
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability, from 0 to 1, got {p!r}")
        return cls(float(p), seed)

    def admits(self, cache, content):
        """Draw whether a content is admitted."""
        return self.rng.random() < self.p

    def clear(self, cache: int) -> None:
        """Do nothing: draws go on where they are."""

    def places(self):
        """Return that nothing is looked up."""
        return Nowhere(0)


class InsertAtKthPut(NamedTuple):
    """A content is admitted when it is put for the k-th time, and its count begins anew."""

    k: int
    puts: Any
    """How often contents were put since they were last admitted."""

    @classmethod
    def new(cls, room: Room, k: PositiveInt = 2, memory: PositiveInt | None = None) -> Self:
        """Return the rule, with nothing counted; ValueError if `k` or `memory` is below 1."""
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k!r}")
        if memory is not None and memory < 1:
            raise ValueError(f"memory must be at least 1, or None for no limit, got {memory!r}")
        return cls(int(k), make_puts(room, memory))

    def admits(self, cache, content):
        """Count a put, also of what is cached; return whether it is the k-th."""
        if self.puts.count_put(cache, content) < self.k:
            return False
        self.puts.forget(cache, content)
        return True

    def forget(self, cache, content):
        """Have the count of a content begin anew."""
        self.puts.forget(cache, content)

    def clear(self, cache: int) -> None:
        """Have the counts of all contents of a cache begin anew."""
        self.puts.clear(cache)

    def places(self):
        """Return what tells where counts are looked up."""
        return self.puts.places()

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for the counts of further requests."""
        return self._replace(puts=reserved(self.puts, n_requests))


class _AllPuts(NamedTuple):
    """Counts of all contents."""

    records: Any
    """Records, of which `KNOWN` is the count."""

    def count_put(self, cache, content):
        """Count a put; return how many there were."""
        records = self.records
        row = records.find(cache, content)
        if row < 0:
            row = records.make(cache, content)
        number = records.rows[(row << 1) + KNOWN] + 1
        records.rows[(row << 1) + KNOWN] = number
        return number

    def forget(self, cache, content):
        """Have the count of a content begin anew."""
        row = self.records.find(cache, content)
        if row >= 0:
            self.records.rows[(row << 1) + KNOWN] = 0

    def clear(self, cache: int) -> None:
        """Have all counts of a cache begin anew."""
        self.records.reset(cache, KNOWN)

    def places(self):
        """Return what tells where counts are looked up."""
        return self.records

    def reserve(self, n_requests: int) -> Self:
        """Return the same counts with room for those of further requests."""
        return self._replace(records=self.records.reserve(n_requests))


class _RecentPuts(NamedTuple):
    """Counts of so many contents; that whose first put was earliest is forgotten first."""

    lines: Lines
    """What is counted, the latest first."""
    number: np.ndarray
    """int64, (n_slots,): how often the content in a slot was put."""

    def count_put(self, cache, content):
        """Count a put; return how many there were."""
        lines = self.lines
        slot = lines.find(cache, content)
        if slot < 0:
            lines.insert_first(cache, content)
            slot = lines.behind(lines.end(cache))
            self.number[slot] = 0
        self.number[slot] += 1
        return self.number[slot]

    def forget(self, cache, content):
        """Have the count of a content begin anew."""
        self.lines.remove(cache, content)

    def clear(self, cache: int) -> None:
        """Have all counts of a cache begin anew."""
        self.lines.clear(cache)

    def places(self):
        """Return what tells where counts are looked up."""
        return self.lines.slots


class NamedPuts(NamedTuple):
    """Counts of Python objects, which are any hashable values."""

    counts: list[dict[Any, int]]
    """By cache: from item to its count, in the order of first puts."""
    memory: int | None
    """How many are counted; None for no limit."""

    def count_put(self, cache: int, content: Any) -> int:
        """Count a put; return how many there were."""
        counts = self.counts[cache]
        number = counts[content] = counts.get(content, 0) + 1
        if self.memory is not None and len(counts) > self.memory:
            del counts[next(iter(counts))]
        return number

    def forget(self, cache: int, content: Any) -> None:
        """Have the count of an item begin anew."""
        self.counts[cache].pop(content, None)

    def clear(self, cache: int) -> None:
        """Have all counts of a cache begin anew."""
        self.counts[cache].clear()


def make_puts(room: Room, memory: int | None) -> Any:
    """Return no counts, of at most `memory` contents of each cache."""
    if not room.numbered:
        return NamedPuts([{} for _ in room.maxlens], memory)
    if memory is None:
        return _AllPuts(make_records(room))
    # More contents than there are, are never counted, however large the memory.
    counted = max(min(memory, room.n_contents), 1)
    lines = make_lines(room.of_sizes([counted] * room.n_caches))
    return _RecentPuts(lines, room.zeros(len(lines.slots.item)))
