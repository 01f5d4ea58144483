"""Reading a database that anybody may have made, in bounded memory and time.

A journal gives no more than it holds: a tree of pages that leads to the same page again and again,
or a table that is a view over an endless query, is broken off. What a column holds is of the type
that a journal has there.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from icarus.orchestration.journal.beside import real_place

__all__ = ["MOST", "bounded", "is_damage", "require_schema", "require_types", "rows"]
__all__ += ["results_file", "unbounded"]

MOST = 2**53
"""What nothing that is counted, or timed in seconds, comes near to."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 10,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""Far above what our own statements need."""
_STEPS = 1000
"""Instructions of SQLite between two looks at whether it has done enough."""
_STEPS_PER_BYTE = 200
_LEAST_STEPS = 5_000_000
"""What a small journal may take, which is a tenth of a second. All jobs of one of 20 MB are read in
10 instructions for each byte."""
_ROW = 10
"""Bytes that a row takes at least."""

_ELSEWHERE = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""What SQLite complains of that is no fault of the database."""


def is_damage(error: Exception) -> bool:
    """Return whether an error comes of what is in a database, and not of where it is."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.DatabaseError)
    return code & 0xFF not in _ELSEWHERE


def _size(path: Path) -> int:
    size, path = 0, real_place(path)
    for name in (path.name, f"{path.name}-wal"):
        try:
            size += path.with_name(name).stat().st_size
        except OSError:
            continue
    return size


def bounded(connection: sqlite3.Connection, path: Path) -> None:
    """Have SQLite break off with an error where it works more than a sound journal asks for."""
    for name, limit in _LIMITS.items():
        connection.setlimit(name, limit)
    left = max(_LEAST_STEPS, _STEPS_PER_BYTE * _size(path))

    def spend() -> bool:
        nonlocal left
        left -= _STEPS
        return left < 0

    connection.set_progress_handler(spend, _STEPS)


def unbounded(connection: sqlite3.Connection) -> None:
    """Have SQLite work as long as it is asked to, on a database that was found to be sound."""
    connection.set_progress_handler(None, 0)


def rows(
    connection: sqlite3.Connection, path: Path, query: str, arguments: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query.

    Raises
    ------
    sqlite3.DatabaseError
        If there is more in them than fits into the file.
    """
    left = 2 * _size(path) + 2**20
    for row in connection.execute(query, arguments):
        left -= _ROW
        for value in row:
            if type(value) is str or type(value) is bytes:
                left -= len(value)
        if left < 0:
            raise sqlite3.DatabaseError("there is more in it than fits into the file")
        yield row


def require_schema(connection: sqlite3.Connection, tables: str) -> None:
    """Make sure that a database has the tables of a journal and nothing else.

    Parameters
    ----------
    connection : sqlite3.Connection
    tables : str
        The statements that make them.

    Raises
    ------
    sqlite3.DatabaseError
        If it has others, or anything that SQLite would execute, such as a view or a trigger.
    """
    expected = _expected(tables)
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE "
        "'sqlite_stat_' LIMIT ?",
        (len(expected) + 1,),
    ).fetchall()
    differing = {(kind, name) for kind, name, _ in set(map(_normal, found)) ^ expected}
    if differing or len(found) != len(expected):
        kind, name = min(differing, key=str, default=("table", "records"))
        raise sqlite3.DatabaseError(f"its {kind} {str(name)[:50]!r} is not as a journal has it")


def _normal(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:2], " ".join(str(row[2]).split()))


@functools.cache
def _expected(tables: str) -> frozenset[tuple[Any, ...]]:
    connection = sqlite3.connect("file::memory:?cache=private", uri=True)
    try:
        connection.executescript(tables)
        found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql NOT NULL")
        return frozenset(map(_normal, found))
    finally:
        connection.close()


def results_file(connection: sqlite3.Connection) -> tuple[str | None, bool]:
    """Return the digest of the results file, and whether a run was just replacing that file.

    Raises
    ------
    sqlite3.DatabaseError
        If the journal has lost what it knew of it.
    """
    row = connection.execute("SELECT digest, replacing FROM results_file").fetchone()
    if row is None or type(row[0]) not in (str, type(None)) or type(row[1]) is not int:
        raise sqlite3.DatabaseError("what it knew of the results file is lost")
    return row[0], bool(row[1])


def require_types(values: Sequence[Any], kinds: Sequence[tuple[type, ...]], what: str) -> None:
    """Make sure that values from a database are of the types that a journal has there.

    Raises
    ------
    sqlite3.DatabaseError
        If one is not, or is a number that nothing which is counted or timed can be.
    """
    for value, allowed in zip(values, kinds, strict=True):
        if type(value) not in allowed or (
            type(value) in (int, float) and not -MOST <= value <= MOST
        ):
            raise sqlite3.DatabaseError(f"{what} have a value that makes no sense")
