"""Belady's MIN: evict the content that is needed latest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.cache import DefinedCache, Item
from icarus.policies.heap import Heaps, make_heaps
from icarus.policies.ranked import (
    carry_on_ranked,
    dump_ranked,
    has_ranked,
    rank_places,
    ranked_size,
    remove_ranked,
    reserve_ranked,
    take_over_ranked,
)
from icarus.policies.records import IN_SLOT, KNOWN, NamedRecords, Records, make_records
from icarus.policies.room import NOTHING, Room, taken, write
from icarus.registry import register_cache_policy

__all__ = ["BeladyMinCache", "BeladyMinCaches", "NextUses", "next_uses"]

NEVER = -1
"""The next use of a content that is not needed again."""

NEVER_KEY = -(2**62)
# Among contents never needed again, the one inserted first is evicted; all others follow.


class BeladyMinCaches(NamedTuple):
    """MIN caches."""

    records: Records | NamedRecords
    """Next uses."""
    heaps: Heaps
    """What is cached, by next use, the latest first; see ``_key``."""
    row_in: np.ndarray
    """int32, (n_slots,): the row of the content in a slot."""
    number: np.ndarray
    """int64, (n_slots,): the number of the content in a slot, in order of insertion."""
    inserted: np.ndarray
    """int64, (n_caches,): contents inserted so far."""
    first_use: np.ndarray
    """int64, (n_contents,): where the trace first has a content."""
    use_after: np.ndarray
    """int64, (length of the trace,): where the trace has the same content next."""

    @classmethod
    def new(cls, room: Room, trace: Iterable[Item] | str | Path) -> Self:
        """Return empty caches, all of which read the same trace."""
        first_use, use_after = next_uses(trace, room.names)
        n_slots = sum(room.maxlens)
        return cls(
            make_records(room),
            make_heaps(room),
            room.zeros(n_slots, np.int32),
            room.zeros(n_slots),
            room.zeros(room.n_caches),
            first_use,
            use_after,
        )

    def get(self, cache, content):
        """Return whether a content is cached, and move on to its next use."""
        row = self._row(cache, content)
        rows = self.records.rows
        next_use = rows[(row << 1) + KNOWN]
        slot = rows[(row << 1) + IN_SLOT] - 1
        if next_use != NEVER:
            next_use = self.use_after[next_use]
            rows[(row << 1) + KNOWN] = next_use
            if slot >= 0:
                self.heaps.change_key(cache, self._key(next_use, self.number[slot]), slot)
        return slot >= 0

    def put(self, cache, content):
        """Insert a content where there is room, or it is needed sooner than another."""
        row = self._row(cache, content)
        rows, heaps = self.records.rows, self.heaps
        if rows[(row << 1) + IN_SLOT] > 0:
            return NOTHING
        next_use = rows[(row << 1) + KNOWN]
        full = heaps.is_full(cache)
        if full and (next_use == NEVER or -next_use <= heaps.least_key(cache)):
            return NOTHING
        number = self.inserted[cache] + 1
        self.inserted[cache] = number
        evicted = NOTHING
        if full:
            slot = heaps.replace_least(cache, self._key(next_use, number))
            rows[(self.row_in[slot] << 1) + IN_SLOT] = 0
            evicted = self.records.content(self.row_in[slot])
        else:
            slot = heaps.add(cache, self._key(next_use, number))
        rows[(row << 1) + IN_SLOT] = slot + 1
        self.row_in[slot] = row
        self.number[slot] = number
        return evicted

    def _key(self, next_use, number):
        return -next_use if next_use != NEVER else NEVER_KEY + number

    def _row(self, cache, content):
        """Return the record of a content and a cache, made if there was none."""
        row = self.records.find(cache, content)
        if row < 0:
            row = self.records.make(cache, content)
            self.records.rows[(row << 1) + KNOWN] = self.first_use[content]
        return row

    def clear(self, cache: int) -> None:
        """Remove everything from a cache; it is as far in the trace as before."""
        self.heaps.clear(cache)
        self.inserted[cache] = 0
        self.records.reset(cache, IN_SLOT)

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what is needed soonest of what it held in another state."""
        slots = take_over_ranked(self, cache, other)
        first = int(self.heaps.base[cache])
        numbers = np.array(taken(other.number, slots), dtype=np.int64)
        write(self.number, slice(first, first + len(slots)), numbers)
        self.inserted[cache] = other.inserted[cache]

    has, remove, dump = has_ranked, remove_ranked, dump_ranked  # type: ignore[misc]
    places, size = rank_places, ranked_size  # type: ignore[misc]
    carry_on, reserve = carry_on_ranked, reserve_ranked  # type: ignore[misc]


class NextUses(NamedTuple):
    """Where a trace has each content next: what caches that read the same trace may share."""

    first_use: Any
    """int64, (n_contents,): where the trace first has a content."""
    use_after: Any
    """int64, (length of the trace,): where the trace has the same content next."""


class _FirstUses(dict[Item, int]):
    """Where a trace first has each item; that of others is never."""

    def __missing__(self, item: Item) -> int:
        return NEVER


def next_uses(trace: Any, names: Any) -> NextUses:
    """Return where a trace first has each content, and has that of each request next.

    Both are arrays where contents have numbers, and else a dict and a list.

    Parameters
    ----------
    trace : iterable of hashable, str, Path or NextUses
        All requests, the file that has them, or what this function returned for them.
    names : sequence or None
        The names of contents, by number.
    """
    if isinstance(trace, NextUses):
        return trace
    if names is None:
        first_uses = _FirstUses()
        requests = list(_requests_of(trace))
        uses_after = [NEVER] * len(requests)
        for use in range(len(requests) - 1, -1, -1):
            uses_after[use] = first_uses[requests[use]]
            first_uses[requests[use]] = use
        return NextUses(first_uses, uses_after)
    numbers = _numbers(trace, names)
    first_use = np.full(len(names), NEVER, dtype=np.int64)
    use_after = np.full(len(numbers), NEVER, dtype=np.int64)
    known = np.flatnonzero(numbers >= 0)
    # A stable order has the requests of each content side by side, one after another.
    by_content = known[np.argsort(numbers[known], kind="stable")]
    ordered = numbers[by_content]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    use_after[by_content[same]] = by_content[same + 1]
    first_use[ordered[::-1]] = by_content[::-1]
    return NextUses(first_use, use_after)


def _numbers(trace: Any, names: Any) -> np.ndarray:
    """Return the numbers of the contents that a trace requests, -1 for others, int64."""
    if isinstance(trace, str | Path):
        # Only here: those who evict by no trace need not read any.
        from icarus.traces.trace_catalogue import number_ids, read_catalogue
        from icarus.traces.trace_file import TraceReader

        reader = TraceReader(trace)
        catalogue = read_catalogue(reader)
        blocks = [number_ids(reader, block, catalogue.numbers) for block in reader.blocks()]
        in_file = np.concatenate(blocks)
        if catalogue.contents is names:
            return in_file
        numbers: np.ndarray = _numbers(catalogue.contents, names)[in_file]
        return numbers
    if isinstance(names, range) and isinstance(trace, np.ndarray) and trace.dtype.kind in "iu":
        steps, rest = np.divmod(trace.astype(np.int64) - names.start, names.step)
        return np.where((rest == 0) & (steps >= 0) & (steps < len(names)), steps, NEVER)
    position = dict(zip(names, range(len(names)), strict=True))
    return np.array([position.get(name, NEVER) for name in trace], dtype=np.int64)


def _requests_of(trace: Iterable[Item] | str | Path) -> Iterable[Item]:
    """Return the requests of a trace, which may be a file."""
    if not isinstance(trace, str | Path):
        return trace
    from icarus.traces.trace_file import TraceReader

    return chain.from_iterable(block.ids for block in TraceReader(trace).blocks())


def _check_trace(parameters: dict[str, Any]) -> list[str]:
    trace = parameters.get("trace")
    if not isinstance(trace, str | Path):
        return []
    from icarus.traces.trace_file import missing_file

    missing = missing_file(trace)
    return [f"trace: {trace}: {missing}"] if missing else []


def _lacks(parameters: Mapping[str, Any]) -> str | None:
    # Of an iterator the first cache would leave nothing to the others.
    if hasattr(parameters.get("trace"), "__next__"):
        return "a trace that can only be read once; a list would be compiled"
    return None


@register_cache_policy("MIN", check=_check_trace)
class BeladyMinCache(DefinedCache, definition=BeladyMinCaches):
    """Evict the item that the trace asks for latest, the optimum (Belady).

    Look each request of the trace up before putting its item: ``get`` moves on to the item's
    next occurrence. Into a full cache an item is only put if it is needed sooner than the
    cached item that is needed last, which it then replaces; among items never needed again
    the one inserted first goes. Otherwise nothing changes and ``put`` returns None. Items
    that are not in the trace, or no longer, are never needed again.

    Parameters
    ----------
    maxlen : int
        How many items fit.
    trace : iterable of hashable, or str or Path
        All requests that this cache will see, in order; or the file that has them, which is read
        as the workload TRACE_DRIVEN does. In settings a file or a list: every cache of the
        network reads it from its start.

    References
    ----------
    L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
    Systems Journal 5(2), 1966, doi 10.1147/sj.52.0078.
    """

    lacks = staticmethod(_lacks)

    def _begin(self) -> None:
        trace = self.parameters["trace"]
        # Of an iterator there is only one reading, but a cache that is copied needs another.
        self.parameters["trace"] = list(trace) if isinstance(trace, Iterator) else trace

    def dump(self) -> list[Item]:
        """Return all items by their next request, soonest first; the next to be evicted last.

        Items that are never needed again come last, the one inserted first at the very end.
        """
        return super().dump()

    def clear(self) -> None:
        """Remove everything; the trace is where it was."""
        for k in self.dump():
            self.remove(k)
