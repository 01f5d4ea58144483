"""Whether a journal is whole: its database, the checksum of each entry, and what refers to what."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from icarus.errors import JournalError
from icarus.orchestration.journal.guard import is_damage, results_file, rows
from icarus.orchestration.journal.overview import campaign_status, job_rows
from icarus.orchestration.journal.ownership import digest_of
from icarus.orchestration.journal.reader import JournalReader
from icarus.orchestration.journal.schema import checksum, describe, open_existing, results_of
from icarus.orchestration.status import Status
from icarus.plaintext import one_line

__all__ = ["verify_journal"]

_SHOWN = 20
"""Findings of one kind that are listed one by one."""
_REFERENCES = {
    "jobs": "SELECT count(*) FROM jobs LEFT JOIN records ON records.number = jobs.experiment "
    "WHERE jobs.experiment NOTNULL AND key IS NULL",
    "attempts at jobs": "SELECT count(*) FROM attempts LEFT JOIN records "
    "ON records.number = attempts.record WHERE key IS NULL",
    "experiments": "SELECT count(*) FROM experiments LEFT JOIN records "
    "ON records.number = experiments.record WHERE records.key IS NOT experiments.key",
    "runs": "SELECT count(*) FROM runs LEFT JOIN records ON records.number = runs.record "
    "WHERE runs.record NOTNULL AND key IS NULL",
}


def verify_journal(path: Path) -> tuple[list[str], list[str]]:
    """Return what is damaged in a journal, and what is missing, a line for each.

    Every page, the checksum of every entry, and that every result can be read, are looked at; and
    whether all jobs of the last run have ended, and the results file beside it is the one that was
    written last. The journal is not changed.

    Parameters
    ----------
    path : Path
        A journal, which a run may be writing.

    Returns
    -------
    damaged, missing : list of str
        Both are empty if it is sound and complete. Nothing is said of what is missing in a damaged
        one.

    Raises
    ------
    JournalError
        If there is no such file, or it cannot be opened for a reason that lies not in the file.
    """
    damaged: list[str] = []
    missing: list[str] = []
    found_open = False
    try:
        with closing(open_existing(path)) as connection:
            found_open = True
            for finding in _damage(path, connection):
                damaged.append(f"{path}: {finding}")
            if not damaged:
                missing += [f"{path}: {finding}" for finding in _gaps(path, connection)]
    except JournalError as error:
        if not found_open:
            raise
        damaged.append(str(error))
    except sqlite3.Error as error:
        if not is_damage(error):
            raise JournalError(f"{path}: cannot read the journal: {describe(error)}") from error
        damaged.append(f"{path}: damaged: {one_line(error, 300)}")
    return damaged, missing


def _damage(path: Path, connection: sqlite3.Connection) -> Iterator[str]:
    verdicts = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_SHOWN})")]
    if verdicts != ["ok"]:
        yield from (f"damaged: {' '.join(verdict.split())}" for verdict in verdicts)
        return
    wrong = [
        number
        for number, key, proof, payload in rows(
            connection, path, "SELECT number, key, checksum, payload FROM records"
        )
        if not (type(key) is str and type(payload) is bytes and checksum(key, payload) == proof)
    ]
    yield from _listed([f"entry {number} has a wrong checksum" for number in wrong])
    for what, query in _REFERENCES.items():
        (missing,) = connection.execute(query).fetchone()
        if missing:
            yield f"{missing} {what} refer to an entry that is not there"
    try:
        yield from _unreadable(path, connection)
    except JournalError as error:
        yield str(error).removeprefix(f"{path}: ")


def _listed(findings: list[str]) -> Iterator[str]:
    yield from findings[:_SHOWN]
    if len(findings) > _SHOWN:
        yield f"and {len(findings) - _SHOWN} more of these"


def _unreadable(path: Path, connection: sqlite3.Connection) -> Iterator[str]:
    reader = JournalReader(path, connection)
    found = reader.contents()
    yield from _listed([f"what is kept of job {job} is damaged" for job in found.damaged])
    yield from _listed([f"what is kept of job {job} cannot be read" for job in found.unreadable])
    _, lost = reader.result_set()
    if lost:
        yield f"of {lost} jobs of the last run no results can be made"


def _gaps(path: Path, connection: sqlite3.Connection) -> Iterator[str]:
    now = campaign_status(path)
    known = sum(row.status in ("", "RUNNING", "INTERRUPTED") for row in job_rows(path))
    left = max(known, now.planned - now.ended + now.counts.get(Status.INTERRUPTED, 0))
    if left:
        yield f"{left} of {now.planned} jobs have not ended{'' if now.alive else ': ' + now.state}"
    kept, replacing = results_file(connection)
    results = results_of(path)
    found = digest_of(results)
    if found is None and kept is not None:
        yield f"the results file {results} is missing; the same command, run again, writes it"
    elif found is not None and not replacing and found != kept:
        yield f"the results file {results} is not the one that was written from this journal"
