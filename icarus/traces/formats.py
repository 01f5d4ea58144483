"""What format a request trace has, and where in a table ids, time stamps and sizes stand.

What a user does not say is found from the name and the first lines of the file, by the rules
that `icarus.tools.TraceReader` states.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from icarus.errors import TraceError, suggestion
from icarus.traces.binary import MAGIC
from icarus.traces.compressed import COMPRESSION_SUFFIXES, open_binary
from icarus.traces.fields import TIME_UNITS, seconds_column, shown, takes
from icarus.traces.request_logs import LOG_FORMATS, recognised
from icarus.traces.table_layout import (
    HEAD,
    MisfitError,
    TraceLayout,
    comments_begin,
    delimiter_of,
    leading_comments,
    rows_of,
    table_layout,
)
from icarus.traces.text_lines import READ_ERRORS

__all__ = ["FORMATS", "TEXT_FORMATS", "FormatName", "TimeUnit", "TraceFormat"]

FormatName: TypeAlias = Literal[
    "text", "clf", "squid", "wikibench", "youtube", "twitter", "oracleGeneral", "itrace"
]
TimeUnit: TypeAlias = Literal["s", "ms", "us", "ns"]
FORMATS: tuple[str, ...] = get_args(FormatName)
"""Formats of traces, by the names that settings give."""
TEXT_FORMATS = ("text", "twitter")
"""Those that are lists or tables."""

_TABLE_SUFFIXES = (".csv", ".tsv")
_WHOLE_LINE = "\n"


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
    time_unit: str | None = None
    operation_column: str | int | None = None
    operations: tuple[str, ...] | None = None
    count_column: str | int | None = None
    client_column: str | int | None = None

    def __post_init__(self) -> None:
        if self.name is not None and self.name not in FORMATS:
            known = suggestion(self.name, FORMATS)
            raise ValueError(f"there is no format {self.name!r} of traces; {known}")
        if self.name not in (None, "text") and self._tabular:
            raise ValueError(
                f"the format {self.name!r} says where everything stands; columns, delimiter, "
                f"header, time_unit and operations are for tables"
            )
        if self.time_unit is not None and self.time_unit not in TIME_UNITS:
            known = suggestion(self.time_unit, TIME_UNITS)
            raise ValueError(f"there is no time_unit {self.time_unit!r}; {known}")
        if self.operations is not None:
            given = self.operations
            words = (given,) if isinstance(given, str) else tuple(given)
            if not words or not all(isinstance(word, str) and word.strip() for word in words):
                raise ValueError(f"operations must be words such as 'GET', found {given!r}")
            object.__setattr__(self, "operations", tuple(word.strip() for word in words))
        if self.delimiter == r"\t":
            object.__setattr__(self, "delimiter", "\t")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(f"delimiter must be one character, found {self.delimiter!r}")
        if self.delimiter == _WHOLE_LINE and (
            self.header
            or any(column is not None for column in self._asked)
            or self.time_unit
            or self.operations
        ):
            raise ValueError("with the delimiter '\\n' there are neither columns nor a header")
        if self.header is False and self.by_name:
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
        asked = _TWITTER if self.name == "twitter" else self
        start = leading_comments(head)
        lines = head[start : start + HEAD]
        try:
            if not asked._is_table(path):
                if self.delimiter != _WHOLE_LINE:
                    _refuse_log(lines)
                    _refuse_table(lines)
                return TraceLayout(None, notes=_note_of_comments(start, self.delimiter))
            if not lines:
                raise MisfitError("the file is empty; a header or a request is needed")
            return table_layout(asked, head)
        except (MisfitError, csv.Error) as error:
            raise TraceError(path, str(error), start + 1) from None

    @property
    def by_name(self) -> bool:
        """Whether a column is given by its name."""
        return any(isinstance(column, str) for column in self._asked)

    @property
    def _asked(self) -> tuple[str | int | None, ...]:
        return (
            *(self.content_column, self.time_column, self.size_column),
            *(self.operation_column, self.count_column, self.client_column),
        )

    @property
    def _tabular(self) -> bool:
        """Whether anything is said that makes sense for lists and tables only."""
        others = (self.delimiter, self.header, self.time_unit, self.operations)
        return any(given is not None for given in (*self._asked, *others))

    def _is_table(self, path: str | PathLike[str]) -> bool:
        if self.delimiter is not None:
            return self.delimiter != _WHOLE_LINE
        if self.header or self.operations or any(column is not None for column in self._asked):
            return True
        return named_as_table(path)


# The columns are timestamp, key, key size, value size, client, operation and TTL.
_TWITTER = TraceFormat(1, 0, 3, ",", header=False, operation_column=5, client_column=4)


def _refuse_log(head: list[str]) -> None:
    """Fail where the lines of a list are those of a log."""
    name = recognised(head)
    if name is not None:
        raise MisfitError(
            f"the lines look like those of {LOG_FORMATS[name].title}; say so with "
            f"format={name!r}, or that a line as a whole is an id with delimiter='\\n'"
        )


def _refuse_table(head: list[str]) -> None:
    """Fail where the lines of a list are rows of equal width that hold numbers."""
    delimiter = delimiter_of(head[0]) if len(head) > 1 else None
    if delimiter is None:
        return
    rows = [row for row in rows_of(head, delimiter) if row]
    if len({len(row) for row in rows}) == 1 and all(
        any(takes(seconds_column, cell) for cell in row) for row in rows
    ):
        raise MisfitError(
            f"the lines look like rows of {len(rows[0])} columns, such as "
            f"{shown(head[0].strip())}; say which one holds the content with content_column "
            f"(counted from 0), or that a line as a whole is an id with delimiter='\\n'"
        )


def _note_of_comments(n: int, delimiter: str | None) -> tuple[str, ...]:
    """Say that what looks like a comment at the start of a list is none."""
    if n == 0 or delimiter == _WHOLE_LINE:
        return ()
    return (f"{comments_begin(n)} and {'counts' if n == 1 else 'count'} as ids all the same",)


def named_as_table(path: str | PathLike[str]) -> bool:
    """Whether the name of a file says that it is a table."""
    file = Path(path)
    if file.suffix.lower() in COMPRESSION_SUFFIXES:
        file = file.with_suffix("")
    return file.suffix.lower() in _TABLE_SUFFIXES
