"""What a journal is made of: an SQLite database, and how a connection to one is opened.

``records`` has everything that must not be lost, each entry with a checksum of its own, so that
what can be trusted in a damaged file is known: outcomes, parameters of experiments, facts about
runs. ``jobs``, ``runs`` and ``running`` say quickly what goes on; nothing here imports NumPy, as
``icarus status`` answers at once.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from icarus.errors import JournalError, nearest_file
from icarus.orchestration.journal.lock import is_held

__all__ = [
    "APPLICATION_ID",
    "PAGE_SIZE",
    "SUFFIX",
    "VERSION",
    "checksum",
    "connect",
    "create",
    "damaged",
    "describe",
    "journal_of",
    "open_existing",
    "results_of",
]

SUFFIX = ".journal"
VERSION = 1
"""Of the schema; a journal of a later one is refused."""
APPLICATION_ID = 0x49434152
"""What tells a journal from other databases."""
PAGE_SIZE = 4096
"""Bytes; salvage reads a damaged file by pages of this size."""

_BUSY_SECONDS = 30.0

_TABLES = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    checksum BLOB NOT NULL,
    payload BLOB NOT NULL
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    label TEXT NOT NULL,
    run INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    started REAL,
    duration REAL,
    error TEXT,
    ended_in INTEGER,
    record INTEGER,
    experiment INTEGER,
    identity TEXT,
    replication INTEGER,
    engine TEXT
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    started REAL NOT NULL,
    updated REAL NOT NULL,
    ended REAL,
    how TEXT,
    planned INTEGER NOT NULL,
    known INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    command TEXT NOT NULL,
    settings TEXT,
    record INTEGER,
    elapsed REAL NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    eta REAL
);
CREATE TABLE experiments (key TEXT PRIMARY KEY, record INTEGER NOT NULL);
CREATE TABLE attempts (job TEXT NOT NULL, attempt INTEGER NOT NULL, record INTEGER NOT NULL);
CREATE TABLE running (
    job TEXT NOT NULL, requests INTEGER NOT NULL, age REAL NOT NULL
);
CREATE TABLE results_file (
    one INTEGER PRIMARY KEY CHECK (one = 1), digest TEXT, replacing INTEGER NOT NULL DEFAULT 0
);
INSERT INTO results_file (one) VALUES (1);
"""


def journal_of(results: str | os.PathLike[str]) -> Path:
    """Return where the journal of a results file is."""
    path = Path(results)
    return path.with_name(path.name + SUFFIX)


def results_of(journal: str | os.PathLike[str]) -> Path:
    """Return where the results go that a journal, also one moved aside, belongs to."""
    path = Path(journal)
    return path.with_name(path.name.rpartition(SUFFIX)[0] or f"{path.name}.pickle")


def checksum(key: str, payload: bytes) -> bytes:
    """Return what is kept beside a payload, to know it from a damaged one."""
    return hashlib.blake2b(payload, digest_size=16, key=key.encode()[:64]).digest()


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open the database at `path`; `mode` is as in an URI of SQLite: ro, rw, rwc."""
    target = f"file:{quote(os.fspath(path.absolute()))}?mode={mode}"
    connection = sqlite3.connect(
        target, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
    )
    # A journal may come from a stranger: nothing in its schema is to run functions.
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def create(path: Path) -> sqlite3.Connection:
    """Make a new journal, in one step, and return a connection for writing.

    Raises
    ------
    JournalError
        If it cannot be made.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with closing(connect(partial, "rwc")) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
        partial.replace(path)
        return open_existing(path, writable=True)
    except (sqlite3.Error, OSError) as error:
        text = describe(error) if isinstance(error, sqlite3.Error) else error.strerror
        raise JournalError(f"{path}: cannot make the journal: {text}") from error
    finally:
        for end in ("", "-journal"):
            with suppress(OSError):
                partial.with_name(partial.name + end).unlink(missing_ok=True)


def _make_durable(connection: sqlite3.Connection) -> None:
    # Where a file system has no shared memory, as over some networks, the journal is kept in
    # the older way, in which readers and the writer wait for each other.
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError:
        mode = "delete"
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")


def open_existing(path: Path, *, writable: bool = False) -> sqlite3.Connection:
    """Return a connection to a journal that is there.

    Raises
    ------
    JournalError
        If it is no journal, or one of a later version of Icarus.
    sqlite3.DatabaseError
        If it is damaged.
    """
    if not path.is_file():
        raise JournalError(f"{path}: no such file{nearest_file(path)}")
    mode = "rw" if writable else _reading_mode(path)
    connection = connect(path, mode)
    try:
        _check(path, connection)
        if writable:
            _make_durable(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _reading_mode(path: Path) -> str:
    """Return how to open a journal for reading so that no files are left beside it.

    Readers and the writer share memory through a file, which a reader would make where none is
    being written, or fail to make in a folder that it may not write to.
    """
    log = path.with_name(f"{path.name}-wal")
    idle = not log.exists() and is_held(path) is not True
    return "ro&immutable=1" if idle or not os.access(path.parent, os.W_OK) else "ro"


def _check(path: Path, connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("it is empty")
        raise JournalError(f"{path}: not a journal of Icarus but another database")
    if version > VERSION:
        raise JournalError(
            f"{path}: written by a later version of Icarus (journal format {version}, this one "
            f"reads up to {VERSION}); use that version, or start over with --fresh"
        )


def describe(error: sqlite3.Error) -> str:
    """Return what SQLite complains of in words that tell a user what to do."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_FULL":
        return "the disk is full"
    if name.startswith("SQLITE_READONLY") or name == "SQLITE_CANTOPEN":
        return f"the folder or file cannot be written to or opened ({error})"
    if name.startswith("SQLITE_IOERR_") and "LOCK" in name:
        return (
            "this file system offers no locks; name a place on another with -r FILE, or run "
            "with --no-journal"
        )
    if name in ("SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMOPEN", "SQLITE_IOERR_WRITE"):
        return f"{error}; is there room on the disk?"
    return str(error)


def damaged(path: Path, error: sqlite3.Error) -> JournalError:
    """Return the error that tells of a journal which SQLite cannot read."""
    if isinstance(error, sqlite3.OperationalError):
        return JournalError(f"{path}: cannot read the journal: {describe(error)}")
    return JournalError(
        f"{path}: the journal is damaged ({error}); run the campaign again, or icarus results "
        f"recover, to have what is readable"
    )
