"""Reading a journal in full: outcomes to go on from, and results rebuilt from it alone."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icarus.errors import JournalError, ResultsError
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.journal.beside import real_place
from icarus.orchestration.journal.guard import require_types, rows
from icarus.orchestration.journal.outcomes import job_of, outcome_of, require_readable
from icarus.orchestration.journal.schema import (
    JOB_COLUMNS,
    checksum,
    damaged,
    open_existing,
    version_of,
)
from icarus.orchestration.provenance import add_to_results
from icarus.results.encoding import loads
from icarus.results.resultset import UNFINISHED, ResultSet
from icarus.util import Tree

__all__ = ["Contents", "JournalReader", "collection_paused"]


class _DamagedEntryError(Exception):
    """An entry whose checksum is wrong, or that makes no sense."""


class _UnreadableEntryError(_DamagedEntryError):
    """An entry whose checksum is right, and that makes no sense."""


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the garbage collector from looking again and again at what is being read."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass
class Contents:
    """What a journal holds of jobs that ended."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By the id of the job."""
    damaged: list[str] = field(default_factory=list)
    """Ids of jobs whose entry cannot be trusted."""
    unreadable: list[str] = field(default_factory=list)
    """Ids of jobs whose entry is as it was written, and cannot be read."""


class JournalReader:
    """Reads a journal, also while a run writes it.

    Parameters
    ----------
    path : Path
    connection : sqlite3.Connection, optional
        One that is open already; errors of SQLite are then passed on as they are.

    Raises
    ------
    JournalError
        If it cannot be read.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection | None = None) -> None:
        self.path = path = real_place(path)
        self._own = connection is None
        self._connection = connection or self._opened()
        self._experiments: dict[int, Tree] = {}
        self._runs: dict[int, dict[str, Any]] = {}
        with self._guarded():
            self._runs = self._facts_of_runs()

    def _opened(self) -> sqlite3.Connection:
        with self._guarded():
            return open_existing(self.path)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn errors of SQLite into ours, unless the connection is somebody else's."""
        try:
            yield
        except sqlite3.Error as error:
            if not self._own:
                raise
            raise damaged(self.path, error) from error
        except MemoryError as error:
            raise JournalError(
                f"{self.path}: reading it takes more memory than there is"
            ) from error

    def _rows(self, query: str, *arguments: Any) -> Iterator[tuple[Any, ...]]:
        return rows(self._connection, self.path, query, arguments)

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._connection.close()

    def _facts_of_runs(self) -> dict[int, dict[str, Any]]:
        runs = {}
        for number, *record in self._rows(
            "SELECT runs.number, key, checksum, payload FROM runs "
            "JOIN records ON records.number = runs.record"
        ):
            # Only where results came from is lost with one that is damaged.
            with suppress(_DamagedEntryError):
                runs[number] = _facts_of(_decoded(*record))
        return runs

    def contents(self) -> Contents:
        """Return the outcomes of all jobs that ended, whichever run planned them.

        Raises
        ------
        sqlite3.DatabaseError
            If the database is damaged; entries that are damaged by themselves are listed.
        """
        found = Contents()
        ended = self._rows(
            "SELECT jobs.id, key, checksum, payload FROM jobs "
            "LEFT JOIN records ON records.number = jobs.record WHERE jobs.record IS NOT NULL"
        )
        with self._guarded(), collection_paused():
            for job, *record in ended:
                try:
                    entry, outcome = self._outcome(*record)
                    require_readable(outcome, record[-1])
                except (ResultsError, _UnreadableEntryError):
                    found.unreadable.append(str(job))
                    continue
                except _DamagedEntryError:
                    found.damaged.append(str(job))
                    continue
                if isinstance(job, str) and entry.get("id") == job:
                    found.outcomes[job] = outcome
                else:
                    found.damaged.append(str(job))
        return found

    def _outcome(self, key: Any, proof: Any, payload: Any) -> tuple[dict[str, Any], Outcome]:
        _require_sound(key, proof, payload)
        with _damage_of(key, _UnreadableEntryError):
            return outcome_of(payload, self._runs)

    def _experiment(self, number: int) -> Tree:
        if number not in self._experiments:
            row = self._connection.execute(
                "SELECT key, checksum, payload FROM records WHERE number = ?", (number,)
            ).fetchone()
            params = _decoded(*(row or (None, None, None)))
            with _damage_of(str(number)):
                self._experiments[number] = Tree(params)
        return self._experiments[number]

    def result_set(self, run: int | None = None) -> tuple[ResultSet, int]:
        """Return the results of the campaign as it was planned last, and how many are damaged.

        Jobs that have not ended are not part of it; the attribute ``UNFINISHED`` names them.

        Parameters
        ----------
        run : int, optional
            In place of the last run, the one that was the last to plan the jobs.

        Raises
        ------
        JournalError
            If the database is damaged.
        """
        results = ResultSet()
        lost = 0
        ended = self._rows(
            "SELECT jobs.experiment, key, checksum, payload FROM jobs "
            "LEFT JOIN records ON records.number = jobs.record "
            "WHERE jobs.record IS NOT NULL AND run = coalesce(?, (SELECT max(number) FROM runs)) "
            "ORDER BY jobs.number",
            run,
        )
        with self._guarded(), collection_paused():
            for experiment, *record in ended:
                try:
                    entry, outcome = self._outcome(*record)
                    job = self._job(entry, self._experiment(experiment))
                    # What comes of a result that makes no sense, is an error of the journal.
                    add_to_results(results, job, outcome, outcome.origin or {})
                except (_DamagedEntryError, JournalError):
                    lost += 1
            unfinished = [str(job) for (job,) in self._rows(_UNFINISHED, run)]
        if unfinished:
            results.attr[UNFINISHED] = sorted(unfinished)
        return results, lost

    def _job(self, entry: dict[str, Any], params: Tree) -> Job:
        return job_of(entry, params, self._runs.get(entry["run"], {}))

    def job(self, identity: str) -> tuple[Job, Outcome, dict[str, Any]]:
        """Return a job that ended, its outcome, and facts about the run that it ended in.

        Raises
        ------
        JournalError
            If it has not ended, or what is kept of it is damaged.
        """
        with self._guarded():
            row = self._connection.execute(
                "SELECT jobs.experiment, key, checksum, payload FROM jobs "
                "JOIN records ON records.number = jobs.record WHERE jobs.id = ?",
                (identity,),
            ).fetchone()
        if row is None:
            raise JournalError(f"{self.path}: job {identity} has not ended yet")
        try:
            with self._guarded():
                entry, outcome = self._outcome(*row[1:])
                job = self._job(entry, self._experiment(row[0]))
        except _DamagedEntryError:
            raise JournalError(
                f"{self.path}: what is kept of job {identity} is damaged; run the campaign again, "
                f"which repeats this job"
            ) from None
        return job, outcome, outcome.origin or {}

    def started_job(self, identity: str) -> tuple[Job, dict[str, Any]]:
        """Return a job that was started and has not ended, and facts about the run it is of.

        Raises
        ------
        JournalError
            If it has not started, or what is kept of it is damaged.
        """
        with self._guarded():
            row = self._connection.execute(
                "SELECT experiment, run, number, label, identity, replication, "
                f"{JOB_COLUMNS[version_of(self._connection)]} FROM jobs WHERE id = ?",
                (identity,),
            ).fetchone()
        facts = self._runs.get(row[1], {}) if row is not None else {}
        if not facts or row[0] is None:
            raise JournalError(f"{self.path}: job {identity} has not started yet")
        names = ("number", "label", "identity", "replication", "kind", "task")
        entry = {**dict(zip(names, row[2:], strict=True)), "id": identity, "seed": facts["seed"]}
        try:
            with self._guarded():
                require_types(row[2:], _STARTED, "jobs")
                with _damage_of(identity):
                    entry |= {"task": dict(loads(entry["task"].encode())), "unit": ""}
                return job_of(entry, self._experiment(row[0]), facts), facts
        except _DamagedEntryError:
            raise JournalError(
                f"{self.path}: the parameters of job {identity} are damaged"
            ) from None

    def attempts(self, identity: str) -> list[tuple[int, Outcome]]:
        """Return the attempts at a job that were followed by another, by number."""
        found = []
        with self._guarded():
            for attempt, *record in self._rows(
                "SELECT attempt, key, checksum, payload FROM attempts "
                "JOIN records ON records.number = attempts.record WHERE job = ? ORDER BY attempt",
                identity,
            ):
                with suppress(_DamagedEntryError):
                    found.append((attempt, self._outcome(*record)[1]))
        return found


_UNFINISHED = (
    "SELECT id FROM jobs WHERE record IS NULL "
    "AND run = coalesce(?, (SELECT max(number) FROM runs)) ORDER BY number"
)
_STARTED = ((int,), (str,), (str,), (int,), (str,), (str,))
"""Types of what is known of a job that has started: number, label, identity, and so on."""


@contextmanager
def _damage_of(key: str, kind: type[_DamagedEntryError] = _DamagedEntryError) -> Iterator[None]:
    """Say of an entry that it is damaged, whatever comes of making sense of it."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise kind(key) from error


def _facts_of(decoded: Any) -> dict[str, Any]:
    """Return facts about a run, of which those make sense that anything is done with."""
    with _damage_of("run"):
        facts = dict(decoded)
        kinds = {
            "seed": int,
            "collectors": Mapping,
            "overrides": Mapping,
            "settings_path": str | None,
            "settings_text": str | None,
        }
        sound = all(isinstance(facts[name], kind) for name, kind in kinds.items())
        if not sound or facts["seed"] < 0 or not all(isinstance(name, str) for name in facts):
            raise ValueError("facts about a run make no sense")
        return facts


def _require_sound(key: Any, proof: Any, payload: Any) -> None:
    sound = isinstance(key, str) and isinstance(payload, bytes)
    if not sound or checksum(key, payload) != proof:
        raise _DamagedEntryError(str(key))


def _decoded(key: Any, proof: Any, payload: Any) -> Any:
    _require_sound(key, proof, payload)
    with _damage_of(key):
        return loads(payload)
