"""Reading request traces from files, plain or compressed, one block at a time.

A trace is a list (one content id a line), a table (CSV and its kin), a log of a server, or
binary. At no time is more than one block of it in memory. A line that cannot be read raises
TraceError with the file, the line number, what was found and what would be right.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from os import PathLike, fspath
from typing import Any, NamedTuple, NoReturn

import numpy as np

from icarus.errors import TraceError
from icarus.tools.binarytrace import (
    BinaryTrace,
    NumberedIds,
    check_oracle_general,
    oracle_general_blocks,
)
from icarus.tools.logformats import LOG_FORMATS, log_blocks, log_fields
from icarus.tools.textlines import missing_file, text_lines
from icarus.tools.traceformat import (
    FormatName,
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

    ids: Sequence[str]
    """Content ids, n of them, without surrounding white space."""
    time: np.ndarray | None
    """float64, (n,): the time column, non-decreasing; None where none is read."""
    size: np.ndarray | None
    """int64, (n,): the size column in bytes; None where none is read."""
    lines: Sequence[int]
    """The 1-based line in the file on which each request begins, or number of its record."""


class TraceReader:
    """A request trace in a file, read one block at a time.

    Parameters
    ----------
    path : str or path-like
        The file; text in UTF-8. Names that end in .gz, .bz2, .xz or .zst are decompressed.
    content_column, time_column, size_column : str or int, optional
        Where the content id, the time stamp (seconds) and the size (bytes) stand: the
        name of a column in the header line, or a number from 0.
    delimiter : str, optional
        What separates columns, one character. A space stands for any number of them. The
        line feed ``"\\n"`` says that each line as a whole is an id.
    header : bool, optional
        Whether the first line names the columns.
    format : str, optional
        What the file is:

        - ``"text"``: a list or a table. The parameters above are for tables only.
        - ``"clf"``: a web server's log in the Common or the Combined Log Format. The content
          is the URL; the whole request line where that is not one of HTTP.
        - ``"squid"``: Squid's native access log. The content is the URL.
        - ``"wikibench"``: a WikiBench trace. The content is the URL.
        - ``"youtube"``: a YouTube trace of the UMass repository. The content is the video.
        - ``"oracleGeneral"``: libCacheSim's binary records.
        - ``"itrace"``: what `icarus.tools.convert_trace` writes.

        By default it is itrace if the file starts like one, oracleGeneral if the name has this
        ending (before others), and text otherwise.

    Raises
    ------
    ValueError
        If `delimiter` is no single character, there is no such `format`, or the parameters
        contradict each other.

    Notes
    -----
    Logs give times, and those of web servers and Squid sizes, which are the bytes of each reply.
    Servers write a line when a reply ends and may stamp it with when it began; a time that is less
    than a day before the latest so far counts as that one.

    A file of text is a table if `delimiter`, a column or ``header=True`` is given, or if its
    name ends in .csv or .tsv (before an ending for compression). Otherwise it is a list, one id
    a line; a list whose lines look like the rows of a table or the lines of a log is refused, as
    each would count as a content of its own. What is not given of a table is found thus:

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
        format: FormatName | None = None,  # noqa: A002 - what users call it
    ) -> None:
        self.path = fspath(path)
        self.format = TraceFormat(
            content_column, time_column, size_column, delimiter, header, format
        )

    @cached_property
    def format_name(self) -> str:
        """The name of the format, as asked for or found."""
        return self.format.find_name(self.path)

    def check_head(self) -> None:
        """Read the start of the file; TraceError where it is not as asked for."""
        if self.format_name == "text":
            _ = self.layout
        elif self.format_name == "itrace":
            _ = self._binary
        elif self.format_name == "oracleGeneral":
            check_oracle_general(self.path)
        else:
            next(log_fields(self.path, self.format_name), None)

    @cached_property
    def layout(self) -> TraceLayout:
        """Where in text the columns are; TraceError where the file's head is not as asked for."""
        return self.format.find_layout(self.path, list(islice(text_lines(self.path), _HEAD)))

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
        if self.format_name == "text":
            return self._text_blocks(size)
        if self.format_name in LOG_FORMATS:
            return (TraceBlock(*block) for block in log_blocks(self.path, self.format_name, size))
        return self._binary_blocks(size)

    def own_catalogue(self) -> tuple[list[str], int] | None:
        """Return all content ids and the number of requests, if the file itself lists them."""
        if self.format_name != "itrace":
            return None
        return self._binary.contents, self._binary.n_requests

    # Binary files

    @cached_property
    def _binary(self) -> BinaryTrace:
        return BinaryTrace(self.path)

    def _binary_blocks(self, size: int) -> Iterator[TraceBlock]:
        done = 0
        if self.format_name == "itrace":
            for numbers, times, sizes in self._binary.blocks(size):
                records = range(done + 1, done + 1 + len(numbers))
                yield TraceBlock(NumberedIds(numbers, self._binary), times, sizes, records)
                done += len(numbers)
            return
        for ids, times, sizes in oracle_general_blocks(self.path, size):
            records = range(done + 1, done + 1 + len(ids))
            yield TraceBlock(list(map(str, ids.tolist())), times, sizes, records)
            done += len(ids)

    # Lists and tables

    def _text_blocks(self, size: int) -> Iterator[TraceBlock]:
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

    def _list_lines(self, size: int) -> Iterator[tuple[list[str], Sequence[int]]]:
        text = text_lines(self.path)
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
            text_lines(self.path), delimiter=layout.delimiter, strict=True, skipinitialspace=True
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


def _row_lines(rows: list[list[str]], first: int, last: int) -> Sequence[int]:
    """Return the line on which each row begins; quoted cells may hold line feeds."""
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    lines = []
    for row in rows:
        lines.append(first)
        first += 1 + sum(cell.count("\n") for cell in row)
    return lines
