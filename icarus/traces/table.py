"""Reading the requests of lists and tables, one block at a time."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from os import PathLike
from typing import Any, NamedTuple, NoReturn

import numpy as np

from icarus.errors import TraceError
from icarus.plaintext import cut
from icarus.traces.fields import (
    MOST_REPEATS,
    counted,
    iso_column,
    repeat_column,
    seconds_column,
    shown,
    size_column,
    takes,
)
from icarus.traces.table_layout import OPERATIONS, READS, TraceLayout
from icarus.traces.text_lines import MOST_EMPTY_LINES, text_lines

__all__ = ["TextTrace", "TraceBlock"]

_Rows = tuple[list[list[str]], Sequence[int]]
_UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


class TraceBlock(NamedTuple):
    """Consecutive requests of a trace."""

    ids: Sequence[str]
    """Content ids, n of them, without surrounding white space."""
    time: np.ndarray | None
    """float64, (n,): the time column, non-decreasing; None where none is read."""
    size: np.ndarray | None
    """int64, (n,): the size column in bytes; None where none is read."""
    lines: Sequence[int]
    """The 1-based line in the file on which each request begins, or number of its record."""
    clients: Sequence[str] | None = None
    """Who made each request, n of them; None where that is not read."""


class TextTrace:
    """The requests of a list or a table.

    Parameters
    ----------
    path : str or path-like
        The file.
    layout : TraceLayout
        Where in it the columns are.
    """

    def __init__(self, path: str | PathLike[str], layout: TraceLayout) -> None:
        self._path = path
        self._layout = layout
        self._requests = frozenset(READS) if layout.operations is None else layout.operations
        self.left_out: Counter[str] = Counter()
        """How many rows were left out so far, by operation."""

    def blocks(self, size: int) -> Iterator[TraceBlock]:
        """Yield the requests, at most `size` at a time; TraceError at a broken line."""
        layout = self._layout
        if layout.delimiter is None:
            for ids, lines in self._solid(self._list_lines(size), blank=""):
                yield TraceBlock(ids, None, None, lines)
            return
        last_time = -np.inf
        for rows, lines in self._solid(self._table_rows(layout.delimiter, size), blank=[]):
            self._check_rows(rows, lines)
            if layout.operation is not None:
                rows, lines = self._only_requests(rows, lines, layout.operation)
                if not rows:
                    continue
            ids = self._ids(rows, lines)
            times = sizes = None
            if layout.time is not None:
                times = self._times(rows, lines, layout.time, last_time)
                last_time = times[-1]
            if layout.size is not None:
                sizes = self._sizes(rows, lines, layout.size)
            clients = None
            if layout.client is not None:
                clients = [row[layout.client].strip() for row in rows]
            block = TraceBlock(ids, times, sizes, lines, clients)
            if layout.repeats is None:
                yield block
            else:
                yield from _repeated(block, self._counts(rows, lines, layout.repeats), size)

    # Lines and rows

    def _list_lines(self, size: int) -> Iterator[tuple[list[str], Sequence[int]]]:
        text = text_lines(self._path)
        first = 1
        while ids := list(map(str.strip, islice(text, size))):
            yield ids, range(first, first + len(ids))
            first += len(ids)

    def _table_rows(self, delimiter: str, size: int) -> Iterator[_Rows]:
        lines, before = text_lines(self._path), self._layout.comments
        for _ in islice(lines, before):
            pass
        # skipinitialspace makes a run of spaces one delimiter where the delimiter is a space.
        reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            if self._layout.header_row:
                next(reader)
            first = before + reader.line_num + 1
            while rows := list(islice(reader, size)):
                yield rows, _row_lines(rows, first, before + reader.line_num)
                first = before + reader.line_num + 1
        except csv.Error as error:
            self._fail(
                f"not a row of a table delimited by {delimiter!r}: {error}",
                before + reader.line_num,
            )

    def _solid(
        self, blocks: Iterator[tuple[list[Any], Sequence[int]]], blank: Any
    ) -> Iterator[tuple[list[Any], Sequence[int]]]:
        """Drop empty records at the end of the trace; fail at any before."""
        first_blank, n_blank = None, 0
        for records, lines in blocks:
            n = len(records)
            while n and records[n - 1] in ("", [], [""]):
                n -= 1
            if n:
                kept = records[:n] if n < len(records) else records
                if first_blank is None and blank in kept:
                    first_blank = lines[kept.index(blank)]
                if first_blank is not None:
                    self._fail("empty line; each line must be a request", first_blank)
                yield kept, lines[:n]
            if n < len(records) and first_blank is None:
                first_blank = lines[n]
            n_blank += len(records) - n
            if first_blank is not None and n_blank > MOST_EMPTY_LINES:
                self._fail("empty line; each line must be a request", first_blank)

    # Columns

    def _check_rows(self, rows: list[list[str]], lines: Sequence[int]) -> None:
        width = self._layout.width
        if self._layout.comments and any(row[0].startswith("#") for row in rows):
            at = next(i for i, row in enumerate(rows) if row[0].startswith("#"))
            self._fail(
                "the row begins with '#', as the comments at the start of the table do; only there "
                "are comments left out",
                lines[at],
            )
        if width is None or set(map(len, rows)) == {width}:
            return
        for row, line in zip(rows, lines, strict=True):
            found = row
            if self._layout.delimiter == " " and len(row) == width + 1 and not row[-1]:
                found = row[:-1]  # spaces at the end of a line
            if len(found) != width:
                self._fail(self._wrong_width(found, width), line)

    def _wrong_width(self, row: list[str], width: int) -> str:
        header = self._layout.header
        if header is not None:
            names = cut(", ".join(header), 300)
            return f"{counted(row, 'column')}, but the header names {width}: {names}"
        layout = self._layout
        used = (layout.content, layout.time, layout.size, layout.client)
        needed = max(column for column in used if column is not None)
        if len(row) <= needed:
            return (
                f"{counted(row, 'column')}, at least {needed + 1} are needed to have column "
                f"{needed}, counted from 0"
            )
        return f"{counted(row, 'column')}, but the first row has {width}"

    def _only_requests(self, rows: list[list[str]], lines: Sequence[int], column: int) -> _Rows:
        words = [row[column].strip().upper() for row in rows]
        others = Counter(word for word in words if word not in self._requests)
        if not others:
            return rows, lines
        if self._layout.operations is None and not others.keys() <= frozenset(OPERATIONS):
            at = next(i for i, word in enumerate(words) if word not in OPERATIONS)
            self._fail(
                f"{shown(rows[at][column])} is no operation that Icarus knows; say which ones are "
                f"requests with operations, as in operations=['GET']",
                lines[at],
            )
        self.left_out += others
        kept = [i for i, word in enumerate(words) if word in self._requests]
        return [rows[i] for i in kept], [lines[i] for i in kept]

    def _ids(self, rows: list[list[str]], lines: Sequence[int]) -> list[str]:
        column = self._layout.content
        ids = [row[column].strip() for row in rows]
        if "" in ids:
            self._fail("the content column is empty", lines[ids.index("")])
        return ids

    def _times(
        self, rows: list[list[str]], lines: Sequence[int], column: int, last: float
    ) -> np.ndarray:
        unit = self._layout.time_unit

        def seconds(cells: Sequence[str]) -> np.ndarray:
            return iso_column(cells) if unit == "iso" else seconds_column(cells, unit)

        right = "an ISO 8601 date, as that of the first row"
        if unit != "iso":
            right = f"a number of {_UNIT_NAMES[unit]}"
        cells = [row[column] for row in rows]
        times = self._convert(cells, lines, seconds, f"the time must be {right}")
        back = np.flatnonzero(np.diff(times, prepend=last) < 0)
        if len(back):
            i = int(back[0])
            before = f"{times[i - 1] if i else last:.15g}"
            if i and unit != "s":
                before = cells[i - 1]
            self._fail(
                f"time goes backwards, from {before} to {cells[i].strip()}; requests must be in "
                f"order of time",
                lines[i],
            )
        return times

    def _sizes(self, rows: list[list[str]], lines: Sequence[int], column: int) -> np.ndarray:
        right = "the size must be a whole number of bytes >= 0"
        return self._convert([row[column] for row in rows], lines, size_column, right)

    def _counts(self, rows: list[list[str]], lines: Sequence[int], column: int) -> np.ndarray:
        right = f"the number of requests must be a whole number from 0 to {MOST_REPEATS}"
        return self._convert([row[column] for row in rows], lines, repeat_column, right)

    def _convert(
        self,
        cells: list[str],
        lines: Sequence[int],
        column: Callable[[Sequence[str]], np.ndarray],
        right: str,
    ) -> np.ndarray:
        try:
            return column(cells)
        except (ValueError, OverflowError):
            for cell, line in zip(cells, lines, strict=True):
                if not takes(column, cell):
                    hint = "; if the line names the columns, say header=True" if line == 1 else ""
                    self._fail(f"{right}, found {shown(cell)}{hint}", line)
            raise

    def _fail(self, message: str, line: int | None = None) -> NoReturn:
        raise TraceError(self._path, message, line) from None


def _row_lines(rows: list[list[str]], first: int, last: int) -> Sequence[int]:
    """Return the line on which each row begins; quoted cells may hold line feeds."""
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    lines = []
    for row in rows:
        lines.append(first)
        first += 1 + sum(cell.count("\n") for cell in row)
    return lines


def _repeated(block: TraceBlock, counts: np.ndarray, size: int) -> Iterator[TraceBlock]:
    """Yield each request as often as its count says, at most `size` at a time."""
    if (counts == 1).all():
        yield block
        return
    ends = np.cumsum(counts)
    for start in range(0, int(ends[-1]), size):
        numbers = np.arange(start, min(start + size, int(ends[-1])))
        rows = np.searchsorted(ends, numbers, side="right")
        yield TraceBlock(
            [block.ids[i] for i in rows.tolist()],
            None if block.time is None else block.time[rows],
            None if block.size is None else block.size[rows],
            [block.lines[i] for i in rows.tolist()],
            None if block.clients is None else [block.clients[i] for i in rows.tolist()],
        )
