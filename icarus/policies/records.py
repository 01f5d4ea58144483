"""What policies know of contents beyond their eviction: a record for each content and cache.

Records come into being when a cache first hears of a content, so that memory follows what was
requested. Arrays do not grow inside compiled code: ``reserve`` makes room before.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.compiler.prefetch import prefetch
from icarus.policies.room import Room
from icarus.policies.slots import grow_slots, numbered_slots

__all__ = ["IN_SLOT", "KNOWN", "NamedRecords", "Records", "make_records"]

KNOWN, IN_SLOT = 0, 1
"""Columns of a record: what the policy knows, and slot + 1 while the content is cached."""


class Records(NamedTuple):
    """The records of all contents and caches, in the order in which they were made."""

    slots: Any
    """Rows of the records, found by ``content * n_caches + cache``."""
    rows: np.ndarray
    """int64, (2 * n_rows,), row by row: see ``KNOWN`` and ``IN_SLOT``; 0 at first."""
    used: np.ndarray
    """int64, (2,): rows in use, and those of them whose record was forgotten."""
    n_caches: int
    most: int
    """Records that there may ever be: one for each content and cache."""

    def find(self, cache, content):
        """Return the row of a content and a cache, or -1."""
        return self.slots.find(0, np.int64(content) * self.n_caches + cache)

    def make(self, cache, content):
        """Return a new row for a content and a cache that have none."""
        row = self.used[0]
        self.used[0] = row + 1
        self.slots.enter(0, np.int64(content) * self.n_caches + cache, row)
        return row

    def content(self, row):
        """Return the content that a row belongs to."""
        return self.slots.item[row] // self.n_caches

    def expect(self, cache, content):
        """Say that the record of a content will soon be looked up."""
        self.slots.expect(0, np.int64(content) * self.n_caches + cache)

    def expects_each(self):
        """Whether the places of one content lie apart, so that each is to be expected."""
        return self.slots.expects_each()

    def fetches(self):
        """Return True."""
        return True

    def fetch(self, cache, content):
        """Have a record fetched whose place was expected."""
        # With MIN on one cache of 100,000 of a million contents: 7 million requests/s instead of
        # 5; PERFECT_LFU on GEANT: 7.5 instead of 3.3. Fetching the links of lines in the same way
        # costs more than it saves: LRU 16 million requests/s instead of 21.
        row = self.find(cache, content)
        if row >= 0:
            prefetch(self.rows, row << 1)

    def rows_of(self, cache: int) -> np.ndarray:
        """Return the rows of a cache, in the order in which they were made."""
        key = self.slots.item[: int(self.used[0])]
        return np.flatnonzero((key >= 0) & (key % self.n_caches == cache))

    def reset(self, cache: int, column: int) -> None:
        """Have a column of all records of a cache be 0."""
        self.rows[(self.rows_of(cache) << 1) + column] = 0

    def forget(self, cache: int) -> np.ndarray | None:
        """Have a cache have no records.

        Returns
        -------
        ndarray or None
            If other records moved, the new row of each, by its old one.
        """
        rows = self.rows_of(cache)
        self.slots.forget(0, rows)
        self.used[1] += len(rows)
        # All at once, and not each time: the more there are, the longer it takes.
        return self._close_up() if 2 * self.used[1] > self.used[0] else None

    def _close_up(self) -> np.ndarray:
        """Move records to where others were forgotten; return the new row of each."""
        used = int(self.used[0])
        held = np.flatnonzero(self.slots.item[:used] >= 0)
        self.slots.renumber(held)
        self.slots.item[len(held) : used] = -1
        by_row = self.rows.reshape(-1, 2)
        by_row[: len(held)] = by_row[held]
        by_row[len(held) : used] = 0
        self.used[:] = len(held), 0
        moved = np.zeros(len(by_row), dtype=np.int64)
        moved[held] = np.arange(len(held))
        return moved

    def reserve(self, n_requests: int) -> Self:
        """Return the same records with room for those of further requests.

        Parameters
        ----------
        n_requests : int
            How many requests there will be before this is called again. Each may look up, insert
            and remove one content in every cache, as often as it likes.
        """
        used, n_rows = int(self.used[0]), len(self.rows) // 2
        most = self.most + int(self.used[1])
        needed = min(used + n_requests * self.n_caches, most)
        if needed <= n_rows:
            return self
        room = min(max(needed, 2 * n_rows), most)
        rows = np.zeros(2 * room, dtype=np.int64)
        rows[: 2 * used] = self.rows[: 2 * used]
        return self._replace(slots=grow_slots(self.slots, room), rows=rows)


class NamedRecords(NamedTuple):
    """The records of Python objects, whose items are any hashable values."""

    row_of: list[dict[Any, int]]
    """By cache: from item to its row."""
    rows: list[int]
    """As of ``Records``."""
    items: list[Any]
    """The item that each row belongs to."""

    def find(self, cache: int, content: Any) -> int:
        """Return the row of a content and a cache, or -1."""
        return self.row_of[cache].get(content, -1)

    def make(self, cache: int, content: Any) -> int:
        """Return a new row for a content and a cache that have none."""
        row = self.row_of[cache][content] = len(self.items)
        self.items.append(content)
        self.rows.extend((0, 0))
        return row

    def content(self, row: int) -> Any:
        """Return the content that a row belongs to."""
        return self.items[row]

    def rows_of(self, cache: int) -> list[int]:
        """Return the rows of a cache, in the order in which they were made."""
        return list(self.row_of[cache].values())

    def reset(self, cache: int, column: int) -> None:
        """Have a column of all records of a cache be 0."""
        for row in self.rows_of(cache):
            self.rows[(row << 1) + column] = 0

    def forget(self, cache: int) -> None:
        """Have a cache have no records; those of others stay in their rows."""
        self.row_of[cache].clear()
        if not any(self.row_of):
            self.rows.clear()
            self.items.clear()


def make_records(room: Room) -> Records | NamedRecords:
    """Return no records, and no room for any."""
    if not room.numbered:
        return NamedRecords([{} for _ in room.maxlens], [], [])
    most = room.n_contents * room.n_caches
    slots = numbered_slots(most, np.zeros(2, dtype=np.int64), growing=True)
    rows, used = np.zeros(0, dtype=np.int64), np.zeros(2, dtype=np.int64)
    return Records(slots, rows, used, room.n_caches, most)
