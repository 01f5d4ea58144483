"""Reading request traces from text files, plain or compressed, one block at a time.

A trace is a list (one content id a line) or a table (CSV and its kin). At no time is more
than one block of it in memory. A line that cannot be read raises TraceError with the file,
the line number, what was found and what would be right.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from icarus.errors import TraceError, suggestion
from icarus.tools.compressed import DAMAGED_STREAM, open_binary
from icarus.tools.traceformat import (
    TraceFormat,
    TraceLayout,
    byte_count,
    counted,
    finite_number,
    is_number,
)

__all__ = ["BLOCK_SIZE", "TraceBlock", "TraceReader", "missing_file"]

_HEAD = 8

BLOCK_SIZE = 2**14
"""Lines that are held at a time: a few megabytes as Python strings."""


class TraceBlock(NamedTuple):
    """Consecutive requests of a trace."""

    ids: list[str]
    """Content ids, n of them, without surrounding white space."""
    time: np.ndarray | None
    """float64, (n,): the time column, non-decreasing; None where none is read."""
    size: np.ndarray | None
    """int64, (n,): the size column in bytes; None where none is read."""
    lines: Sequence[int]
    """The 1-based line in the file on which each request begins."""


class TraceReader:
    """A request trace in a text file, read one block at a time.

    Parameters
    ----------
    path : str or path-like
        The file, in UTF-8. Names that end in .gz, .bz2, .xz or .zst are decompressed.
    content_column, time_column, size_column : str or int, optional
        Where the content id, the time stamp (seconds) and the size (bytes) stand: the
        name of a column in the header line, or a number from 0.
    delimiter : str, optional
        What separates columns, one character. A space stands for any number of them. The
        line feed ``"\\n"`` says that each line as a whole is an id.
    header : bool, optional
        Whether the first line names the columns.

    Raises
    ------
    ValueError
        If `delimiter` is no single character, or contradicts the other parameters.

    Notes
    -----
    The file is a table if `delimiter`, a column or ``header=True`` is given, or if its name ends
    in .csv or .tsv (before an ending for compression). Otherwise it is a list, one id a line; a
    list whose lines look like the rows of a table is refused, as each row would count as a
    content of its own. What is not given of a table is found thus:

    - `delimiter`: the first of tab, comma, semicolon and space that the first line holds.
    - `header`: there is one if a column is given by name, or if a cell of the first line is
      one of the usual names of the content column.
    - `content_column`: the only column, or by header the first of content, content_id, id,
      obj_id, object, object_id, obj, key, item, item_id, url, lbn, lba, block.
    - `time_column` and `size_column`, only where `content_column` is not given either: by header
      the first of time, timestamp, ts, and of size, bytes, obj_size, object_size,
      content_size, if the first row has a number there.

    Empty lines are broken lines, except at the end of the file.

    Examples
    --------
    >>> reader = TraceReader("requests.csv", content_column="url")
    >>> n_requests = sum(len(block.ids) for block in reader.blocks())  # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | PathLike[str],
        content_column: str | int | None = None,
        time_column: str | int | None = None,
        size_column: str | int | None = None,
        delimiter: str | None = None,
        header: bool | None = None,
    ) -> None:
        self.path = fspath(path)
        self.format = TraceFormat(content_column, time_column, size_column, delimiter, header)

    @cached_property
    def layout(self) -> TraceLayout:
        """Where the columns are; TraceError where the file's head is not as asked for."""
        return self.format.find_layout(self.path, list(islice(self._text_lines(), _HEAD)))

    def __iter__(self) -> Iterator[str]:
        """Yield the content ids one by one."""
        for block in self.blocks():
            yield from block.ids

    def blocks(self, size: int = BLOCK_SIZE) -> Iterator[TraceBlock]:
        """Yield the trace from its start.

        Parameters
        ----------
        size : int, optional
            Requests in each block but the last.

        Yields
        ------
        TraceBlock

        Raises
        ------
        TraceError
            If the file cannot be read, or at the first block that has a broken line: columns
            missing, a time or size that is no number, a negative size, time going
            backwards, bytes that are not UTF-8, a damaged or truncated compressed stream.
        """
        layout = self.layout
        if layout.delimiter is None:
            for ids, lines in self._solid(self._list_lines(size), blank=""):
                yield TraceBlock(ids, None, None, lines)
            return
        last_time = -np.inf
        for rows, lines in self._solid(self._table_rows(layout, size), blank=[]):
            if layout.header is not None:
                self._check_widths(rows, lines, layout.header)
            ids = self._ids(rows, lines, layout.content)
            times = sizes = None
            if layout.time is not None:
                times = self._times(rows, lines, layout.time, last_time)
                last_time = times[-1]
            if layout.size is not None:
                sizes = self._sizes(rows, lines, layout.size)
            yield TraceBlock(ids, times, sizes, lines)

    # Lines and rows

    def _text_lines(self) -> Iterator[str]:
        number = 0
        try:
            with open_binary(self.path) as stream:
                for raw in stream:
                    number += 1
                    text = raw.decode()
                    yield text.removeprefix("\ufeff") if number == 1 else text
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            self._fail(
                f"byte {byte:#04x} at position {error.start + 1} of the line is not UTF-8; "
                f"a trace must be UTF-8 text",
                number,
            )
        except (*DAMAGED_STREAM, OSError) as error:
            # What the decompressors raise has no error number, even where it is an OSError.
            if isinstance(error, OSError) and error.errno is not None:
                found = missing_file(self.path) or error.strerror or "cannot be read"
                self._fail(found, number + 1 if number else None)
            self._fail(f"the compressed stream is truncated or damaged ({error})", number + 1)

    def _list_lines(self, size: int) -> Iterator[tuple[list[str], Sequence[int]]]:
        text = self._text_lines()
        first = 1
        while ids := [line.strip() for line in islice(text, size)]:
            yield ids, range(first, first + len(ids))
            first += len(ids)

    def _table_rows(
        self, layout: TraceLayout, size: int
    ) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
        assert layout.delimiter is not None
        # skipinitialspace makes a run of spaces one delimiter where the delimiter is a space.
        reader = csv.reader(
            self._text_lines(), delimiter=layout.delimiter, strict=True, skipinitialspace=True
        )
        try:
            if layout.header is not None:
                next(reader)
            first = reader.line_num + 1
            while rows := list(islice(reader, size)):
                yield rows, _row_lines(rows, first, reader.line_num)
                first = reader.line_num + 1
        except csv.Error as error:
            self._fail(
                f"not a row of a table delimited by {layout.delimiter!r}: {error}", reader.line_num
            )

    def _solid(
        self, blocks: Iterator[tuple[list[Any], Sequence[int]]], blank: Any
    ) -> Iterator[tuple[list[Any], Sequence[int]]]:
        """Drop empty records at the end of the trace; fail at any before."""
        first_blank = None
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

    # Columns

    def _check_widths(
        self, rows: list[list[str]], lines: Sequence[int], header: Sequence[str]
    ) -> None:
        if set(map(len, rows)) == {len(header)}:
            return
        for row, line in zip(rows, lines, strict=True):
            if len(row) != len(header):
                self._fail(
                    f"{counted(row, 'column')}, but the header names {len(header)}: "
                    f"{', '.join(header)}",
                    line,
                )

    def _cells(self, rows: list[list[str]], lines: Sequence[int], column: int) -> list[str]:
        try:
            return [row[column] for row in rows]
        except IndexError:
            for row, line in zip(rows, lines, strict=True):
                if len(row) <= column:
                    self._fail(
                        f"{counted(row, 'column')}, at least {column + 1} are needed "
                        f"to have column {column}, counted from 0",
                        line,
                    )
            raise

    def _ids(self, rows: list[list[str]], lines: Sequence[int], column: int) -> list[str]:
        ids = [cell.strip() for cell in self._cells(rows, lines, column)]
        if "" in ids:
            self._fail("the content column is empty", lines[ids.index("")])
        return ids

    def _times(
        self, rows: list[list[str]], lines: Sequence[int], column: int, last: float
    ) -> np.ndarray:
        cells = self._cells(rows, lines, column)
        times = np.array(
            self._convert(cells, lines, finite_number, "the time", "a number of seconds")
        )
        back = np.flatnonzero(np.diff(times, prepend=last) < 0)
        if len(back):
            i = int(back[0])
            before = times[i - 1] if i else last
            self._fail(
                f"time goes backwards, from {before:.15g} to {cells[i]}; requests must be in "
                f"order of time",
                lines[i],
            )
        return times

    def _sizes(self, rows: list[list[str]], lines: Sequence[int], column: int) -> np.ndarray:
        cells = self._cells(rows, lines, column)
        sizes = self._convert(cells, lines, byte_count, "the size", "a whole number of bytes >= 0")
        return np.array(sizes, dtype=np.int64)

    def _convert(
        self,
        cells: list[str],
        lines: Sequence[int],
        number: Callable[[str], float],
        what: str,
        right: str,
    ) -> list[float]:
        try:
            return [number(cell) for cell in cells]
        except ValueError:
            for cell, line in zip(cells, lines, strict=True):
                if not is_number(cell, number):
                    hint = "; if the line names the columns, say header=True" if line == 1 else ""
                    self._fail(f"{what} must be {right}, found {cell!r}{hint}", line)
            raise

    def _fail(self, message: str, line: int | None = None) -> NoReturn:
        raise TraceError(self.path, message, line) from None


def missing_file(path: str | PathLike[str]) -> str | None:
    """Return what is wrong with `path` as a file to read, with the nearest name, or None."""
    file = Path(path)
    try:
        if file.is_file():
            return None
        if file.is_dir():
            return "this is a folder; a file is needed"
        if file.exists():
            return None
        if not file.parent.is_dir():
            return f"there is no folder {fspath(file.parent)}"
        names = [entry.name for entry in file.parent.iterdir() if entry.is_file()]
    except OSError as error:
        return error.strerror or str(error)
    return f"there is no such file; {suggestion(file.name, names)}"


def _row_lines(rows: list[list[str]], first: int, last: int) -> Sequence[int]:
    """Return the line on which each row begins; quoted cells may hold line feeds."""
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    lines = []
    for row in rows:
        lines.append(first)
        first += 1 + sum(cell.count("\n") for cell in row)
    return lines
