"""Where in a table of requests ids, times, sizes and operations stand.

What a user does not say is found from the first lines, by the rules that `icarus.tools.TraceReader`
states. What looks as if it were meant to be read but is not, is told by a note.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from icarus.errors import nearest
from icarus.plaintext import cut
from icarus.traces.fields import (
    counted,
    iso_column,
    repeat_column,
    seconds_column,
    shown,
    size_column,
    takes,
)

if TYPE_CHECKING:
    from icarus.traces.formats import TraceFormat

__all__ = [
    "HEAD",
    "MOST_COMMENTS",
    "OPERATIONS",
    "READS",
    "MisfitError",
    "TraceLayout",
    "comments_begin",
    "delimiter_of",
    "leading_comments",
    "rows_of",
    "table_layout",
]

HEAD = 8
"""Lines that are looked at, after comments."""
MOST_COMMENTS = 56
"""Lines of comments that a table may begin with."""

_CONTENT_NAMES = (
    *("content", "content_id", "id", "obj_id", "object", "object_id", "obj", "key"),
    *("item", "item_id", "url", "lbn", "lba", "block"),
    *("cachekey", "hashed_path_query", "hashed_host_path_query"),
)
_TIME_NAMES = ("time", "timestamp", "ts", "op_time", "relative_unix")
_SIZE_NAMES = (
    *("size", "bytes", "obj_size", "object_size", "content_size"),
    *("objectsize", "response_size"),
)
_OPERATION_NAMES = ("op", "operation")
_COUNT_NAMES = ("op_count",)

READS = ("GET", "GETS", "GET_LEASE")
"""Operations that are requests."""
OPERATIONS = (
    *READS,
    *("SET", "SET_LEASE", "ADD", "REPLACE", "CAS", "APPEND", "PREPEND", "INCR", "DECR"),
    *("DELETE", "TOUCH", "PUT"),
)
"""Operations of key-value caches, which are requests or not."""

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "\u00b5s", "\u03bcs", "usec", "micros", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("b", "byte", "bytes"), "bytes"),
    **{unit: unit for unit in ("kb", "kib", "mb", "mib", "gb", "gib", "k", "m", "sectors")},
}
_WITH_UNIT = re.compile(r"(.*?)(?:[\s_]*[\[(]\s*|[\s_]+)([^\W\d_]+)\s*[\])]?")
_OUTSIDE_BRACKETS = "(?![^\\[(]*[\\])])"


class TraceLayout(NamedTuple):
    """Where in a trace the columns are; without a delimiter the whole line is the id."""

    delimiter: str | None
    content: int = 0
    time: int | None = None
    size: int | None = None
    operation: int | None = None
    repeats: int | None = None
    """Which says how often a request is made."""
    time_unit: str = "s"
    """One of `TIME_UNITS`, or ``"iso"`` for dates."""
    operations: frozenset[str] | None = None
    """Those that are requests, in capitals; None for `READS`, others than `OPERATIONS` being wrong.
    """
    header: tuple[str, ...] | None = None
    width: int | None = None
    """How many columns each row must have; None where a table has no columns but one."""
    comments: int = 0
    """Lines before the table."""
    header_row: bool = False
    """Whether the first row after those is the header."""
    notes: tuple[str, ...] = ()
    """What was found and is not used, and why; one line each."""
    client: int | None = None


class MisfitError(Exception):
    """The head of a trace does not fit what was asked for."""


def table_layout(asked: TraceFormat, head: list[str]) -> TraceLayout:
    """Return where the columns are in a table whose first lines are `head`.

    Raises
    ------
    MisfitError, csv.Error
        If that cannot be told, or a column that is asked for is not there.
    """
    return _Table(asked, head).layout()


def leading_comments(head: Sequence[str]) -> int:
    """Return how many lines are comments at the start of a table: not all begin with ``#``."""
    n = next((i for i, line in enumerate(head) if not line.startswith("#")), 0)
    return n if n < len(head) and head[n].strip() else 0


def comments_begin(n: int) -> str:
    """Return the beginning of a note about the first `n` lines, all of them comments."""
    return f"{'line 1 begins' if n == 1 else f'lines 1 to {n} begin'} with '#'"


def delimiter_of(line: str) -> str | None:
    """Return what separates the columns of a line, or None."""
    return next((delimiter for delimiter in "\t,; " if delimiter in line.strip()), None)


def rows_of(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Return the rows of a table."""
    return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))


class _Table:
    """The head of a table, and what a user says about it."""

    def __init__(self, asked: TraceFormat, head: list[str]) -> None:
        self._asked = asked
        self._notes: list[str] = []
        self._n_comments = leading_comments(head)
        lines = head[self._n_comments : self._n_comments + HEAD]
        self._delimiter = asked.delimiter or delimiter_of(lines[0]) or ","
        first, *others = rows_of(lines, self._delimiter)
        self._first = [cell.strip() for cell in first]
        if not any(self._first):
            raise MisfitError("empty line; a header or a request is needed")
        self._names = self._header(head[: self._n_comments], lines[0], others)
        self._header_row = self._names is not None and self._names is not self._commented
        self._rows = others if self._header_row else [self._first, *others]
        self._row: list[str] = self._rows[0] if self._rows else []
        self._first_line = self._n_comments + self._header_row + 1

    def layout(self) -> TraceLayout:
        content, time, unit = self._content(), self._time(), self._asked.time_unit
        if time is not None:
            unit = self._unit(time)
        operation, operations = self._operation()
        used = self._names or self._first
        return TraceLayout(
            self._delimiter,
            content,
            time,
            self._size(),
            operation,
            self._count(),
            unit or "s",
            operations,
            None if self._names is None else tuple(self._names),
            len(used) if len(used) > 1 or self._names is not None else None,
            self._n_comments,
            self._header_row,
            tuple(self._notes),
            self._position(self._asked.client_column),
        )

    # The header

    _commented: list[str] | None = None

    def _header(
        self, comments: Sequence[str], line: str, others: Sequence[list[str]]
    ) -> list[str] | None:
        is_header = self._is_header(self._first)
        left_out = len(comments)
        names = None
        if comments and self._asked.header is not False and not is_header:
            names = _outside_brackets(comments[-1].lstrip("#"), self._delimiter)
            if len(names) == len(self._first) > 1:
                self._commented = names
                left_out -= 1
            else:
                names = None
        if left_out:
            are = "is" if left_out == 1 else "are"
            self._notes.append(f"{comments_begin(left_out)} and {are} left out")
        if names is not None:
            return names
        if is_header or self._asked.header or self._asked.by_name:
            # Names may hold the delimiter in brackets, as in "op [Put:0, Get:1]".
            wider = _outside_brackets(line, self._delimiter)
            fits = others and len(wider) == len(others[0]) != len(self._first)
            if any(map(_is_number, self._first)):
                self._notes.append(
                    f"line {self._n_comments + 1} is taken for the header, though it holds numbers"
                )
            return wider if fits else self._first
        self._note_of_a_header(others)
        return None

    def _is_header(self, names: Sequence[str]) -> bool:
        if self._asked.header is not None:
            return False if not self._asked.header else _has_content_name(names)
        return _has_content_name(names)

    def _note_of_a_header(self, others: Sequence[list[str]]) -> None:
        if self._asked.header is False or not others or any(map(_is_number, self._first)):
            return
        if any(all(_is_number(cell) for cell in column) for column in zip(*others, strict=False)):
            self._notes.append(
                f"line {self._n_comments + 1} has no numbers, unlike those after it, and counts "
                f"as a request; header says whether it names the columns"
            )

    # Columns

    @property
    def _finds(self) -> bool:
        """Whether columns that are not asked for are looked for by name."""
        return self._names is not None and self._asked.content_column is None

    def _content(self) -> int:
        given = self._position(self._asked.content_column)
        if given is not None:
            return given
        if self._names is None:
            if len(self._first) > 1:
                raise MisfitError(
                    f"no header names the content among {len(self._first)} columns; say which "
                    f"one it is with content_column, from 0 to {len(self._first) - 1}"
                )
            return 0
        found = 0 if len(self._names) == 1 else self._known(_CONTENT_NAMES)
        if found is None:
            raise MisfitError(
                f"which column holds the content? Say so with content_column; "
                f"columns: {_listed(self._names)}"
            )
        return found

    def _time(self) -> int | None:
        column = self._position(self._asked.time_column)
        if column is not None or not self._finds:
            return column
        column = self._known(_TIME_NAMES, "s", "ms", "us", "ns")
        if column is None or not self._row:
            return column
        cell = self._cell(column)
        if takes(seconds_column, cell) or takes(iso_column, cell):
            return column
        self._leave(column, "time", "neither a number nor an ISO 8601 date")
        return None

    def _unit(self, column: int) -> str:
        cell = self._cell(column)
        named = None if self._names is None else _name_and_unit(self._names[column])[1]
        unit = self._asked.time_unit
        if not takes(seconds_column, cell) and takes(iso_column, cell):
            if unit is not None:
                raise MisfitError(
                    f"time_unit={unit!r} is for numbers, but the time is a date, such as "
                    f"{shown(cell)}"
                )
            return "iso"
        if unit is None and named in ("s", "ms", "us", "ns"):
            unit = named
        if unit is None and takes(seconds_column, cell):
            likely = _likely_unit(float(cell))
            if likely is not None:
                self._notes.append(
                    f"the time, such as {cell.strip()}, is taken for seconds; if it is in "
                    f"another unit, say so, such as time_unit={likely!r}"
                )
        return unit or "s"

    def _size(self) -> int | None:
        column = self._position(self._asked.size_column)
        if column is not None or not self._finds:
            return column
        column = self._known(_SIZE_NAMES, "bytes")
        if column is None:
            assert self._names is not None
            for name in self._names:
                base, unit = _name_and_unit(name)
                if base in _SIZE_NAMES and unit is not None:
                    self._notes.append(
                        f"column {name!r} is not read as the size, which must be in bytes"
                    )
            return None
        if not self._row or takes(size_column, self._cell(column)):
            return column
        self._leave(column, "size", "no whole number of bytes >= 0")
        return None

    def _operation(self) -> tuple[int | None, frozenset[str] | None]:
        asked = self._asked.operations
        operations = None if asked is None else frozenset(word.upper() for word in asked)
        column = self._position(self._asked.operation_column)
        found = None
        if column is None and self._names is not None:
            found = self._known(_OPERATION_NAMES)
        if column is None and operations is not None:
            column = found
            if column is None:
                raise MisfitError("which column holds the operation? Say so with operation_column")
        if column is not None or found is None or not self._row:
            return column, operations
        assert self._names is not None
        name, cells = self._names[found], [row[found : found + 1] for row in self._rows]
        odd = next((c[0] for c in cells if c and c[0].strip().upper() not in OPERATIONS), None)
        if odd is not None:
            self._notes.append(
                f"column {name!r} is not read, so that every row counts as a request: "
                f"{shown(odd.strip())} is no operation that Icarus knows; operations says which "
                f"ones are requests"
            )
        elif not self._finds:
            self._notes.append(
                f"column {name!r} is not read, so that every row counts as a request; "
                f"operation_column={name!r} leaves out those that are none"
            )
        else:
            self._notes.append(
                f"rows whose {name!r} is not {', '.join(READS[:-1])} or {READS[-1]} are no requests"
            )
            return found, None
        return None, None

    def _count(self) -> int | None:
        column = self._position(self._asked.count_column)
        found = None
        if column is None and self._names is not None:
            found = self._known(_COUNT_NAMES)
        if column is not None or found is None or not self._row:
            return column
        assert self._names is not None
        if not self._finds:
            self._notes.append(
                f"column {self._names[found]!r} is not read; "
                f"count_column={self._names[found]!r} repeats requests as often as it says"
            )
        elif takes(repeat_column, self._cell(found)):
            return found
        else:
            self._leave(found, "number of requests", "no whole number up to a million")
        return None

    def _leave(self, column: int, what: str, wrong: str) -> None:
        assert self._names is not None
        self._notes.append(
            f"column {self._names[column]!r} is not read as the {what}: on line "
            f"{self._first_line} it is {shown(self._cell(column))}, {wrong}"
        )

    def _cell(self, column: int) -> str:
        return self._row[column] if column < len(self._row) else ""

    def _position(self, column: str | int | None) -> int | None:
        """Return the number of a column that is asked for."""
        if column is None:
            return None
        cells = self._first if self._names is None else self._names
        listed = f"the first line has {counted(cells, 'column')}: {_listed(cells)}"
        if isinstance(column, str):
            if cells.count(column) > 1:
                raise MisfitError(
                    f"{cells.count(column)} columns are named {column!r}; give the number of one, "
                    f"counted from 0; {listed}"
                )
            if column in cells:
                return cells.index(column)
            near = nearest(column, cells)
            raise MisfitError(
                f"no column {column!r}; {f'did you mean {near!r}? ' if near else ''}{listed}"
            )
        if not 0 <= column < len(cells):
            raise MisfitError(f"no column {column}, counted from 0; {listed}")
        return column

    def _known(self, usual: Sequence[str], *units: str) -> int | None:
        """Return the number of the first column that has a usual name, with or without a unit."""
        assert self._names is not None
        folded = [name.strip().casefold() for name in self._names]
        bases = [_name_and_unit(name) for name in folded]
        for name in usual:
            found = [i for i, whole in enumerate(folded) if whole == name]
            found = found or [
                i for i, (base, unit) in enumerate(bases) if base == name and unit in units
            ]
            if not units:  # as in "op [Put:0, Get:1]"
                found = found or [i for i, w in enumerate(folded) if _bare(w) == name]
            if len(found) > 1 and self._finds:
                raise MisfitError(
                    f"{len(found)} columns are named {name!r}; say by number which ones are the "
                    f"content, the time and the size; columns: {_listed(self._names)}"
                )
            if found:
                return found[0]
        return None


def _listed(names: Sequence[str]) -> str:
    return cut(", ".join(names), 300)


def _has_content_name(names: Sequence[str]) -> bool:
    return any(name.casefold() in _CONTENT_NAMES for name in names)


def _is_number(cell: str) -> bool:
    return takes(seconds_column, cell)


def _name_and_unit(name: str) -> tuple[str, str | None]:
    """Split the name of a column such as ``time_ms``, ``time [ms]`` and ``time (ms)``."""
    match = _WITH_UNIT.fullmatch(name.strip().casefold())
    if match is None or match[2] not in _UNITS:
        return name.strip().casefold(), None
    return match[1], _UNITS[match[2]]


def _bare(name: str) -> str:
    """Return the name of a column without what it says in brackets."""
    return re.split(r"[\[(]", name, maxsplit=1)[0].strip()


def _likely_unit(time: float) -> str | None:
    """Return the unit in which a number is a time since 1970, if it is none in seconds."""
    limits = ((1e11, None), (1e14, "ms"), (1e17, "us"))
    return next((unit for limit, unit in limits if time < limit), "ns")


def _outside_brackets(line: str, delimiter: str) -> list[str]:
    """Split a header at delimiters that are not within brackets."""
    separator = re.escape(delimiter) + ("+" if delimiter == " " else "") + _OUTSIDE_BRACKETS
    return [cell.strip().strip('"') for cell in re.split(separator, line.strip())]
