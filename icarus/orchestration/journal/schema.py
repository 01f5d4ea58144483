"""What a journal is made of: an SQLite database, and how a connection to one is opened.

``records`` has everything that must not be lost, each entry with a checksum of its own, so that
what can be trusted in a damaged file is known: outcomes, parameters of experiments, facts about
runs. ``jobs``, ``runs`` and ``running`` say quickly what goes on; nothing here imports NumPy, as
``icarus status`` answers at once.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from icarus.core.partial import partial_name
from icarus.errors import JournalError, nearest_file
from icarus.orchestration.journal.beside import BESIDE, PAGE_SIZE, real_place, refuse_foreign
from icarus.orchestration.journal.guard import bounded, is_damage, require_schema, unbounded
from icarus.orchestration.journal.lock import is_held
from icarus.orchestration.journal.waiting import SQLITE_WAITS, is_busy, locked, patiently
from icarus.plaintext import one_line

if TYPE_CHECKING:
    from icarus.results.encoding import Payload

__all__ = [
    "APPLICATION_ID",
    "JOB_COLUMNS",
    "PAGE_SIZE",
    "RUNNING_COLUMNS",
    "SUFFIX",
    "VERSION",
    "checksum",
    "column",
    "connect",
    "create",
    "damaged",
    "describe",
    "is_database",
    "journal_of",
    "open_existing",
    "results_of",
    "version_of",
]

SUFFIX = ".journal"
VERSION = 2
"""Of the schema; a journal of a later one is refused. One of an earlier one is read as it is, and
brought up to this one where it is to be written. 1 knew no jobs but simulations."""
APPLICATION_ID = 0x49434152
"""What tells a journal from other databases."""

_LONGEST_TEXT = 10_000
"""Characters of a text that is kept to be shown."""
_text = functools.partial(str, encoding="utf-8", errors="backslashreplace")

JOB_COLUMNS = {
    1: "iif(engine IS NULL, NULL, 'simulation'), iif(engine IS NULL, NULL, '{\"engine\":\"' || "
    "engine || '\"}')",
    VERSION: "kind, task",
}
"""Kind of a job and facts about its task, as JSON, of a journal of each format."""
RUNNING_COLUMNS = {
    1: "requests, iif(requests IS NULL, NULL, 'requests'), iif(requests IS NULL, NULL, '')",
    VERSION: "amount, unit, phase",
}
"""How far a job is, what that is counted in, and its phase."""

_JOBS = """
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
    kind TEXT,
    task TEXT
);
"""
_RUNNING = """
CREATE TABLE running (
    job TEXT NOT NULL,
    amount INTEGER NOT NULL,
    unit TEXT NOT NULL,
    phase TEXT NOT NULL,
    age REAL NOT NULL
);
"""
_OTHER_TABLES = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    checksum BLOB NOT NULL,
    payload BLOB NOT NULL
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
CREATE TABLE results_file (
    one INTEGER PRIMARY KEY CHECK (one = 1), digest TEXT, replacing INTEGER NOT NULL DEFAULT 0
);
INSERT INTO results_file (one) VALUES (1);
"""
_TABLES = _OTHER_TABLES + _JOBS + _RUNNING
_TABLES_OF = {
    1: _OTHER_TABLES
    + _JOBS.replace("kind TEXT,\n    task TEXT", "engine TEXT")
    + "CREATE TABLE running ( job TEXT NOT NULL, requests INTEGER NOT NULL, age REAL NOT NULL );",
    VERSION: _TABLES,
}
_UPGRADE = f"""
BEGIN IMMEDIATE;
ALTER TABLE jobs RENAME TO jobs_of_format_1;
{_JOBS}
INSERT INTO jobs SELECT
    id, number, label, run, status, attempts, started, duration, error, ended_in, record,
    experiment, identity, replication, {JOB_COLUMNS[1]} FROM jobs_of_format_1;
DROP TABLE jobs_of_format_1;
ALTER TABLE running RENAME TO running_of_format_1;
{_RUNNING}
INSERT INTO running SELECT job, {RUNNING_COLUMNS[1]}, age FROM running_of_format_1;
DROP TABLE running_of_format_1;
PRAGMA user_version = {VERSION};
COMMIT;
"""


def journal_of(results: str | os.PathLike[str]) -> Path:
    """Return where the journal of a results file is; of a link, that of the file it leads to."""
    path = Path(results)
    beside = path.parent / f"{path.name}{SUFFIX}"
    if path.is_symlink() and not beside.exists():
        path = path.resolve()
        return path.parent / f"{path.name}{SUFFIX}"
    return beside


def results_of(journal: str | os.PathLike[str]) -> Path:
    """Return where the results go that a journal, also one moved aside, belongs to."""
    path = Path(journal)
    return path.with_name(path.name.rpartition(SUFFIX)[0] or f"{path.name}.pickle")


def is_database(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a database of SQLite, as journals are, by how it begins."""
    try:
        with Path(path).open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def checksum(key: str, payload: bytes | Payload) -> bytes:
    """Return what is kept beside a payload, to know it from a damaged one."""
    proof = hashlib.blake2b(digest_size=16, key=key.encode()[:64])
    for piece in (payload,) if isinstance(payload, bytes) else payload:
        proof.update(piece)
    return proof.digest()


def column(text: str) -> str:
    """Return what is kept of a text in a column, to be shown; records have it as it is.

    SQLite takes no text that cannot be encoded.
    """
    return one_line(text, _LONGEST_TEXT)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open the database at `path`; `mode` is as in an URI of SQLite: ro, rw, rwc.

    Nothing that its schema says is trusted, and what work it causes is bounded.
    """
    target = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    connection = sqlite3.connect(
        target, uri=True, isolation_level=None, check_same_thread=False, timeout=SQLITE_WAITS
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    # Texts that are no UTF-8 are somebody else's, and no reason to read no further.
    connection.text_factory = _text
    bounded(connection, path)
    return connection


def create(path: Path) -> sqlite3.Connection:
    """Make a new journal, in one step, and return a connection for writing.

    Raises
    ------
    JournalError
        If it cannot be made.
    """
    partial = partial_name(path, "new")
    try:
        with closing(connect(partial, "rwc")) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
        partial.replace(path)
        made = open_existing(path, writable=True)
        unbounded(made)
        return made
    except (sqlite3.Error, OSError) as error:
        text = describe(error) if isinstance(error, sqlite3.Error) else error.strerror
        raise JournalError(f"{path}: cannot make the journal: {text}") from error
    finally:
        for end in ("", *BESIDE):
            with suppress(OSError):
                partial.with_name(partial.name + end).unlink(missing_ok=True)


def _make_durable(connection: sqlite3.Connection) -> None:
    # Where a file system has no shared memory, as over some networks, the journal is kept in
    # the older way, in which readers and the writer wait for each other.
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError as error:
        if is_busy(error):
            raise
        mode = "delete"
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")


def open_existing(path: Path, *, writable: bool = False) -> sqlite3.Connection:
    """Return a connection to a journal that is there.

    Raises
    ------
    JournalError
        If it is no journal, or one of a later version of Icarus, if there are files beside it
        that are not its own, or if another program has locked it.
    sqlite3.DatabaseError
        If it is damaged.
    """
    path = real_place(path)
    _require_regular(path)
    refuse_foreign(path, writable=writable)
    connection = connect(path, "rw" if writable else _reading_mode(path))
    try:
        patiently(path, lambda: _check(path, connection))
        if writable:
            patiently(path, lambda: _make_durable(connection))
            patiently(path, lambda: _upgrade(connection))
    except BaseException:
        connection.close()
        raise
    return connection


def _require_regular(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise JournalError(f"{path}: no such file{nearest_file(path)}") from None
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or error
        raise JournalError(f"{path}: cannot read the journal: {text}") from error
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise JournalError(f"{path}: is {what}, not a journal")


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
    version = version_of(connection)
    if application != APPLICATION_ID:
        _require_ours_otherwise(path, connection)
    if version > VERSION:
        raise JournalError(
            f"{path}: written by a later version of Icarus (journal format {version}, this one "
            f"reads up to {VERSION}); use that version, or start over with --fresh"
        )
    require_schema(connection, _TABLES_OF.get(version, _TABLES))


def version_of(connection: sqlite3.Connection) -> int:
    """Return the format of a journal that is open."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _upgrade(connection: sqlite3.Connection) -> None:
    if version_of(connection) < VERSION:
        connection.executescript(_UPGRADE)


def _require_ours_otherwise(path: Path, connection: sqlite3.Connection) -> None:
    """Tell a damaged journal from another database."""
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None:
        raise sqlite3.DatabaseError("it is empty")
    try:
        require_schema(connection, _TABLES_OF.get(version_of(connection), _TABLES))
    except sqlite3.DatabaseError:
        text = f"{path}: not a journal of Icarus but another database"
        raise JournalError(text) from None
    raise sqlite3.DatabaseError("its header is damaged")


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
    if is_busy(error):
        return locked(path)
    if not is_damage(error):
        return JournalError(f"{path}: cannot read the journal: {describe(error)}")
    return JournalError(
        f"{path}: the journal is damaged ({one_line(error, 300)}); run the campaign again, or "
        f"icarus results recover, to have what is readable"
    )
