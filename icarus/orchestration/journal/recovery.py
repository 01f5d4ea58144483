"""Opening a journal that is there, whatever state it is in.

A damaged one is moved aside, and what can be trusted of it becomes a new one.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from icarus.core.partial import partial_name
from icarus.errors import JournalError
from icarus.orchestration.jobs import Outcome
from icarus.orchestration.journal.beside import BESIDE, aside, put_foreign_aside
from icarus.orchestration.journal.guard import is_damage, results_file, unbounded
from icarus.orchestration.journal.outcomes import (
    ATTEMPT,
    EXPERIMENT,
    OUTCOME,
    RUN,
    outcome_of,
)
from icarus.orchestration.journal.reader import JournalReader
from icarus.orchestration.journal.salvage import Salvage, salvage
from icarus.orchestration.journal.schema import (
    checksum,
    column,
    create,
    damaged,
    describe,
    open_existing,
)
from icarus.orchestration.journal.waiting import is_busy, locked
from icarus.plaintext import one_line
from icarus.results.encoding import dumps
from icarus.results.resultset import ResultSet

__all__ = ["Opened", "move_aside", "open_or_salvage", "recover"]


@dataclass
class Opened:
    """A journal that is open for writing."""

    connection: sqlite3.Connection
    outcomes: dict[str, Outcome]
    """Of the jobs that ended, by their ids."""
    notes: list[str] = field(default_factory=list)
    """What was found to be damaged, and what became of it."""


def open_or_salvage(path: Path) -> Opened:
    """Open a journal for writing; nobody else must be writing it.

    Raises
    ------
    JournalError
        If it cannot be written, is no journal, or is of a later version of Icarus.
    """
    notes = put_foreign_aside(path)
    try:
        try:
            opened = _open_sound(path)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            notes.append(_replace_by_salvage(path, one_line(error, 300)))
            opened = _open_sound(path)
        opened.notes[:0] = notes
        return opened
    except (sqlite3.Error, OSError) as error:
        if is_busy(error):
            raise locked(path) from error
        text = describe(error) if isinstance(error, sqlite3.Error) else error.strerror
        raise JournalError(f"{path}: cannot open the journal: {text}") from error


def _open_sound(path: Path) -> Opened:
    connection = open_existing(path, writable=True)
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(" ".join(verdict.split()))
        contents = JournalReader(path, connection).contents()
        if contents.damaged:
            number = len(contents.damaged)
            raise sqlite3.DatabaseError(
                f"{number} {'entry has' if number == 1 else 'entries have'} a wrong checksum"
            )
        results_file(connection)
        unbounded(connection)
    except BaseException:
        connection.close()
        raise
    opened = Opened(connection, contents.outcomes)
    if contents.unreadable:
        jobs = _jobs(len(contents.unreadable))
        opened.notes.append(f"{path}: what was kept of {jobs} cannot be read; run again")
    return opened


def move_aside(path: Path) -> Path:
    """Rename a journal that nobody is writing, and return its new name."""
    with suppress(JournalError, sqlite3.Error), closing(open_existing(path, writable=True)) as old:
        # What is in the log of writes only becomes part of the file.
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    target = aside(path)
    try:
        path.rename(target)
        for end in BESIDE:
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(target.with_name(target.name + end))
    except OSError as error:
        raise JournalError(f"{path}: cannot be moved aside: {error.strerror}") from error
    return target


def _replace_by_salvage(path: Path, what: str) -> str:
    """Put a new journal with all that is sound in the place of a damaged one; say what was done."""
    found = salvage(path)
    new = partial_name(path)
    kept = aside(path)
    try:
        recovered = _rescue(found, new)
        # Copied, not renamed: there is a journal at every moment.
        shutil.copy2(path, kept)
        if (log := path.with_name(f"{path.name}-wal")).exists():
            shutil.copy2(log, kept.with_name(f"{kept.name}-wal"))
        for end in BESIDE:
            path.with_name(path.name + end).unlink(missing_ok=True)
        new.replace(path)
    finally:
        for end in ("", *BESIDE):
            with suppress(OSError):
                new.with_name(new.name + end).unlink(missing_ok=True)
    lost = len(found.ended - recovered)
    return (
        f"{path}: damaged ({what}); {_jobs(len(recovered))} recovered, {_lost(lost)}"
        f"{' and run again' if lost else ''}; the damaged file is kept as {kept}"
    )


def recover(path: Path, run: int | None = None) -> tuple[ResultSet, list[str]]:
    """Return the results that a journal holds, and what was found to be damaged.

    Neither settings nor the results file are needed, and the journal is not changed. Of a
    damaged one all results are returned, whichever run asked for them.

    Parameters
    ----------
    path : Path
    run : int, optional
        The run whose jobs are meant, those that no later one has asked for; by default the last.

    Raises
    ------
    JournalError
        If there is nothing to be read.
    """
    try:
        with closing(open_existing(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict == "ok":
                results, lost = JournalReader(path, connection).result_set(run)
                if not lost:
                    return results, []
    except (sqlite3.Error, JournalError) as error:
        if isinstance(error, sqlite3.Error) and not is_damage(error):
            raise damaged(path, error) from error
        if isinstance(error, JournalError) and error.__cause__ is None:
            raise
    return _recover_damaged(path)


def _recover_damaged(path: Path) -> tuple[ResultSet, list[str]]:
    with tempfile.TemporaryDirectory(prefix="icarus-") as folder:
        new = Path(folder) / path.name
        try:
            found = salvage(path)
            recovered = _rescue(found, new)
        except OSError as error:
            raise JournalError(f"{path}: cannot read the journal: {error.strerror}") from error
        with JournalReader(new) as reader:
            results, _ = reader.result_set()
    lost = len(found.ended - recovered)
    return results, [f"{path}: damaged; {_jobs(len(recovered))} recovered, {_lost(lost)}"]


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"


def _lost(number: int) -> str:
    return f"{number} lost" if number else "none known to be lost"


def _rescue(found: Salvage, new: Path) -> set[str]:
    """Make a new journal of what was salvaged; return the ids of the jobs that it has."""
    recovered: set[str] = set()
    sound = {key: one for key, one in found.entries.items() if _is_of_ours(key)}
    with closing(create(new)) as connection:
        connection.execute("BEGIN")
        numbers = {
            key: connection.execute(
                "INSERT INTO records (key, checksum, payload) VALUES (?, ?, ?)",
                (key, checksum(key, payload), payload),
            ).lastrowid
            for key, (_, payload) in sorted(sound.items(), key=lambda item: item[1][0])
        }
        runs = sorted(int(key.removeprefix(RUN)) for key in numbers if key.startswith(RUN)) or [1]
        connection.executemany(
            "INSERT INTO runs (number, started, updated, planned, known, pid, host, command, how, "
            "record) VALUES (?, 0, 0, 0, 0, 0, '', '[]', 'salvaged', ?)",
            [(run, numbers.get(f"{RUN}{run}")) for run in runs],
        )
        for key, number in numbers.items():
            if key.startswith(EXPERIMENT):
                connection.execute("INSERT INTO experiments VALUES (?, ?)", (key, number))
            elif key.startswith(OUTCOME):
                job = _enter_job(connection, key, sound[key][1], numbers, runs[-1])
                recovered |= {job} - {""}
        connection.execute("COMMIT")
    return recovered


_KEYS = re.compile(rf"{RUN}[1-9]\d{{0,8}}|({EXPERIMENT}|{OUTCOME}|{ATTEMPT})\S+")


def _is_of_ours(key: str) -> bool:
    return _KEYS.fullmatch(key) is not None


def _enter_job(
    connection: sqlite3.Connection,
    key: str,
    payload: bytes,
    numbers: Mapping[str, int | None],
    run: int,
) -> str:
    """Enter a job that ended, and return its id; nothing if what is kept of it makes no sense."""
    try:
        entry, outcome = outcome_of(payload, {})
        experiment = numbers[entry["experiment"]]
    except MemoryError:
        raise
    except Exception:
        return ""
    if key != f"{OUTCOME}{entry['id']}":
        return ""
    connection.execute(
        "INSERT INTO jobs (id, number, label, status, attempts, started, duration, error, "
        "ended_in, identity, replication, kind, task, record, experiment, run) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(entry["id"], entry["number"], column(entry["label"]), entry["status"]),
            *(entry["attempt"], outcome.started, outcome.duration, column(outcome.error) or None),
            *(entry["run"], column(entry["identity"]), entry["replication"]),
            *(column(entry["kind"]), dumps(entry["task"]).decode(), numbers[key], experiment, run),
        ),
    )
    return str(entry["id"])
