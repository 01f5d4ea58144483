"""What format a request trace has, and where in a table ids, time stamps and sizes stand.

What a user does not say is found from the name and the first lines of the file, by the rules
that `icarus.tools.TraceReader` states.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

from icarus.errors import TraceError, nearest, suggestion
from icarus.tools.binarytrace import MAGIC
from icarus.tools.compressed import COMPRESSION_SUFFIXES, open_binary
from icarus.tools.logformats import LOG_FORMATS, recognised
from icarus.tools.textlines import BINARY_FILE, READ_ERRORS

__all__ = ["FORMATS", "FormatName", "TraceFormat", "TraceLayout"]

FormatName: TypeAlias = Literal[
    "text", "clf", "squid", "wikibench", "youtube", "oracleGeneral", "itrace"
]
FORMATS: tuple[str, ...] = get_args(FormatName)
"""Formats of traces, by the names that settings give."""

_CONTENT_NAMES = (
    *("content", "content_id", "id", "obj_id", "object", "object_id", "obj", "key"),
    *("item", "item_id", "url", "lbn", "lba", "block"),
)
_TIME_NAMES = ("time", "timestamp", "ts")
_SIZE_NAMES = ("size", "bytes", "obj_size", "object_size", "content_size")
_TABLE_SUFFIXES = (".csv", ".tsv")
_WHOLE_LINE = "\n"


class TraceLayout(NamedTuple):
    """Where in a trace the columns are; without a delimiter the whole line is the id."""

    delimiter: str | None
    header: tuple[str, ...] | None
    content: int
    time: int | None
    size: int | None


@dataclass(frozen=True)
class TraceFormat:
    """What a user says about the format of a trace: the parameters of TraceReader.

    TraceReader states the rules by which the rest is found.
    """

    content_column: str | int | None = None
    time_column: str | int | None = None
    size_column: str | int | None = None
    delimiter: str | None = None
    header: bool | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.name is not None and self.name not in FORMATS:
            known = suggestion(self.name, FORMATS)
            raise ValueError(f"there is no format {self.name!r} of traces; {known}")
        if self.name not in (None, "text") and self._tabular:
            raise ValueError(
                f"the format {self.name!r} says where everything stands; columns, delimiter and "
                f"header are for tables"
            )
        if self.delimiter == r"\t":
            object.__setattr__(self, "delimiter", "\t")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(f"delimiter must be one character, found {self.delimiter!r}")
        if self.delimiter == _WHOLE_LINE and (self.header or self._asked != (None, None, None)):
            raise ValueError("with the delimiter '\\n' there are neither columns nor a header")
        if self.header is False and any(isinstance(column, str) for column in self._asked):
            raise ValueError("columns can be given by name only where the trace has a header")

    def find_name(self, path: str | PathLike[str]) -> str:
        """Return the name of the format of the trace at `path`."""
        if self.name is not None:
            return self.name
        if self._tabular:
            return "text"
        try:
            with open_binary(path) as file:
                if file.read(len(MAGIC)) == MAGIC:
                    return "itrace"
        except READ_ERRORS:
            pass  # reading it tells what is wrong
        suffixes = [suffix.lower() for suffix in Path(path).suffixes]
        return "oracleGeneral" if ".oraclegeneral" in suffixes else "text"

    def find_layout(self, path: str | PathLike[str], head: list[str]) -> TraceLayout:
        """Return where the columns are in the trace at `path`, whose first lines are `head`.

        Raises
        ------
        TraceError
            If that cannot be told, or a column that is asked for is not there.
        """
        if any("\0" in line for line in head):
            raise TraceError(path, BINARY_FILE)
        try:
            if not self._is_table(path):
                if self.delimiter != _WHOLE_LINE:
                    _refuse_log(head)
                    _refuse_table(head)
                return TraceLayout(None, None, 0, None, None)
            if not head:
                raise _MisfitError("the file is empty; a header or a request is needed")
            return self._table_layout(head)
        except (_MisfitError, csv.Error) as error:
            raise TraceError(path, str(error), 1) from None

    @property
    def _asked(self) -> tuple[str | int | None, ...]:
        return self.content_column, self.time_column, self.size_column

    @property
    def _tabular(self) -> bool:
        """Whether anything is said that makes sense for lists and tables only."""
        return (*self._asked, self.delimiter, self.header) != (None,) * 5

    def _is_table(self, path: str | PathLike[str]) -> bool:
        if self.delimiter is not None:
            return self.delimiter != _WHOLE_LINE
        if self.header or any(column is not None for column in self._asked):
            return True
        return named_as_table(path)

    def _table_layout(self, head: list[str]) -> TraceLayout:
        delimiter = self.delimiter or _delimiter_of(head[0]) or ","
        first, *others = _rows(head, delimiter)
        names = [cell.strip() for cell in first]
        if not any(names):
            raise _MisfitError("empty line; a header or a request is needed")
        if self._has_header(names):
            return self._by_header(delimiter, names, others[0] if others else [])
        return self._by_number(delimiter, names)

    def _has_header(self, names: list[str]) -> bool:
        if self.header is not None:
            return self.header
        return any(isinstance(column, str) for column in self._asked) or any(
            name.casefold() in _CONTENT_NAMES for name in names
        )

    def _by_number(self, delimiter: str, first: list[str]) -> TraceLayout:
        content = self.content_column
        if content is None:
            if len(first) > 1:
                raise _MisfitError(
                    f"no header names the content among {len(first)} columns; say which one it "
                    f"is with content_column, from 0 to {len(first) - 1}"
                )
            content = 0
        time = _position(self.time_column, first)
        size = _position(self.size_column, first)
        return TraceLayout(delimiter, None, _position(content, first) or 0, time, size)

    def _by_header(self, delimiter: str, names: list[str], row: list[str]) -> TraceLayout:
        content = _position(self.content_column, names)
        time = _position(self.time_column, names)
        size = _position(self.size_column, names)
        if content is None:
            content = 0 if len(names) == 1 else _well_known(names, _CONTENT_NAMES)
            if content is None:
                raise _MisfitError(
                    f"which column holds the content? Say so with content_column; "
                    f"columns: {', '.join(names)}"
                )
            if time is None:
                time = _numeric(_well_known(names, _TIME_NAMES), row, finite_number)
            if size is None:
                size = _numeric(_well_known(names, _SIZE_NAMES), row, byte_count)
        return TraceLayout(delimiter, tuple(names), content, time, size)


class _MisfitError(Exception):
    """The head of a trace does not fit what was asked for."""


def _refuse_log(head: list[str]) -> None:
    """Fail where the lines of a list are those of a log."""
    name = recognised(head)
    if name is not None:
        raise _MisfitError(
            f"the lines look like those of {LOG_FORMATS[name].title}; say so with "
            f"format={name!r}, or that a line as a whole is an id with delimiter='\\n'"
        )


def _refuse_table(head: list[str]) -> None:
    """Fail where the lines of a list are rows of equal width that hold numbers."""
    delimiter = _delimiter_of(head[0]) if len(head) > 1 else None
    if delimiter is None:
        return
    rows = [row for row in _rows(head, delimiter) if row]
    if len({len(row) for row in rows}) == 1 and all(
        any(is_number(cell, finite_number) for cell in row) for row in rows
    ):
        raise _MisfitError(
            f"the lines look like rows of {len(rows[0])} columns, such as {head[0].strip()!r}; "
            f"say which one holds the content with content_column (counted from 0), or that "
            f"a line as a whole is an id with delimiter='\\n'"
        )


def _position(column: str | int | None, first: list[str]) -> int | None:
    """Return the number of a column that is asked for, given the cells of the first line."""
    if column is None:
        return None
    listed = f"the first line has {counted(first, 'column')}: {', '.join(first)}"
    if isinstance(column, str):
        if column in first:
            return first.index(column)
        near = nearest(column, first)
        raise _MisfitError(
            f"no column {column!r}; {f'did you mean {near!r}? ' if near else ''}{listed}"
        )
    if not 0 <= column < len(first):
        raise _MisfitError(f"no column {column}, counted from 0; {listed}")
    return column


def _numeric(column: int | None, row: list[str], number: Callable[[str], float]) -> int | None:
    """Return `column` if `row` has a number there."""
    if column is None or column >= len(row) or not is_number(row[column], number):
        return None
    return column


def named_as_table(path: str | PathLike[str]) -> bool:
    """Whether the name of a file says that it is a table."""
    file = Path(path)
    if file.suffix.lower() in COMPRESSION_SUFFIXES:
        file = file.with_suffix("")
    return file.suffix.lower() in _TABLE_SUFFIXES


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))


def _delimiter_of(line: str) -> str | None:
    return next((delimiter for delimiter in "\t,; " if delimiter in line.strip()), None)


def _well_known(names: list[str], usual: Sequence[str]) -> int | None:
    folded = [name.casefold() for name in names]
    return next((folded.index(name) for name in usual if name in folded), None)


def finite_number(cell: str) -> float:
    """Return the number in a cell; ValueError if it is none, or infinite."""
    number = float(cell)
    if not -math.inf < number < math.inf:
        raise ValueError
    return number


def byte_count(cell: str) -> int:
    """Return the whole number in a cell; ValueError if it is none, or negative."""
    number = int(cell)
    if not 0 <= number < 2**63:
        raise ValueError
    return number


def is_number(cell: str, number: Callable[[str], float]) -> bool:
    """Whether `number` takes `cell`."""
    try:
        number(cell)
    except ValueError:
        return False
    return True


def counted(items: Sequence[object], noun: str) -> str:
    """Return how many items there are, such as ``1 column`` and ``2 columns``."""
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"
