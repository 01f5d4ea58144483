"""Reading a journal in full: outcomes to go on from, and results rebuilt from it alone."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icarus.errors import JournalError, ResultsError
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.journal.encoding import loads
from icarus.orchestration.journal.outcomes import job_of, outcome_of
from icarus.orchestration.journal.schema import checksum, damaged, open_existing
from icarus.orchestration.provenance import add_to_results
from icarus.results.resultset import ResultSet
from icarus.util import Tree

__all__ = ["Contents", "JournalReader", "collection_paused"]

_DAMAGE = (ValueError, TypeError, LookupError, RecursionError, ResultsError)
"""What decoding raises for something that no journal of ours says."""


class _DamagedEntryError(Exception):
    """An entry whose checksum is wrong, or that makes no sense."""


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
        self.path = path
        self._own = connection is None
        try:
            self._connection = connection or open_existing(path)
            self._runs = self._facts_of_runs()
        except sqlite3.Error as error:
            if not self._own:
                raise
            raise damaged(path, error) from error
        self._experiments: dict[int, Tree] = {}

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._connection.close()

    def _facts_of_runs(self) -> dict[int, dict[str, Any]]:
        runs = {}
        for number, *record in self._connection.execute(
            "SELECT runs.number, key, checksum, payload FROM runs "
            "JOIN records ON records.number = runs.record"
        ):
            try:
                runs[int(number)] = dict(_decoded(*record))
            except (_DamagedEntryError, *_DAMAGE):
                # Only where results came from is lost with it.
                continue
        return runs

    def contents(self) -> Contents:
        """Return the outcomes of all jobs that ended, whichever run planned them.

        Raises
        ------
        sqlite3.DatabaseError
            If the database is damaged; entries that are damaged by themselves are listed.
        """
        found = Contents()
        rows = self._connection.execute(
            "SELECT jobs.id, key, checksum, payload FROM jobs "
            "LEFT JOIN records ON records.number = jobs.record WHERE jobs.record IS NOT NULL"
        )
        with collection_paused():
            for job, *record in rows:
                try:
                    _, found.outcomes[job] = self._outcome(*record)
                except _DamagedEntryError:
                    found.damaged.append(job)
        return found

    def _outcome(self, key: Any, proof: Any, payload: Any) -> tuple[dict[str, Any], Outcome]:
        _require_sound(key, proof, payload)
        try:
            return outcome_of(payload, self._runs)
        except _DAMAGE as error:
            raise _DamagedEntryError(key) from error

    def _experiment(self, number: int) -> Tree:
        if number not in self._experiments:
            row = self._connection.execute(
                "SELECT key, checksum, payload FROM records WHERE number = ?", (number,)
            ).fetchone()
            self._experiments[number] = Tree(_decoded(*(row or (None, None, None))))
        return self._experiments[number]

    def result_set(self, run: int | None = None) -> tuple[ResultSet, int]:
        """Return the results of the campaign as it was planned last, and how many are damaged.

        Jobs that have not ended are not part of it.

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
        rows = self._connection.execute(
            "SELECT jobs.experiment, key, checksum, payload FROM jobs "
            "LEFT JOIN records ON records.number = jobs.record "
            "WHERE jobs.record IS NOT NULL AND run = coalesce(?, (SELECT max(number) FROM runs)) "
            "ORDER BY jobs.number",
            (run,),
        )
        try:
            with collection_paused():
                for experiment, *record in rows:
                    try:
                        entry, outcome = self._outcome(*record)
                        params = self._experiment(experiment)
                    except _DamagedEntryError:
                        lost += 1
                    else:
                        job = self._job(entry, params)
                        add_to_results(results, job, outcome, outcome.origin or {})
        except sqlite3.Error as error:
            raise damaged(self.path, error) from error
        return results, lost

    def _job(self, entry: dict[str, Any], params: Tree) -> Job:
        facts = self._runs.get(entry["run"], {})
        return job_of(entry, params, facts.get("collectors", {}))

    def job(self, identity: str) -> tuple[Job, Outcome, dict[str, Any]]:
        """Return a job that ended, its outcome, and facts about the run that it ended in.

        Raises
        ------
        JournalError
            If it has not ended, or what is kept of it is damaged.
        """
        row = self._connection.execute(
            "SELECT jobs.experiment, key, checksum, payload FROM jobs "
            "JOIN records ON records.number = jobs.record WHERE jobs.id = ?",
            (identity,),
        ).fetchone()
        if row is None:
            raise JournalError(f"{self.path}: job {identity} has not ended yet")
        try:
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
        row = self._connection.execute(
            "SELECT experiment, run, number, label, identity, replication, engine FROM jobs "
            "WHERE id = ?",
            (identity,),
        ).fetchone()
        facts = self._runs.get(row[1], {})
        if row[0] is None or not facts:
            raise JournalError(f"{self.path}: job {identity} has not started yet")
        names = ("number", "label", "identity", "replication", "engine")
        entry = {**dict(zip(names, row[2:], strict=True)), "id": identity, "seed": facts["seed"]}
        try:
            return job_of(entry, self._experiment(row[0]), facts["collectors"]), facts
        except _DamagedEntryError:
            raise JournalError(
                f"{self.path}: the parameters of job {identity} are damaged"
            ) from None

    def attempts(self, identity: str) -> list[tuple[int, Outcome]]:
        """Return the attempts at a job that were followed by another, by number."""
        found = []
        for attempt, *record in self._connection.execute(
            "SELECT attempt, key, checksum, payload FROM attempts "
            "JOIN records ON records.number = attempts.record WHERE job = ? ORDER BY attempt",
            (identity,),
        ):
            try:
                found.append((attempt, self._outcome(*record)[1]))
            except _DamagedEntryError:
                continue
        return found


def _require_sound(key: Any, proof: Any, payload: Any) -> None:
    sound = isinstance(key, str) and isinstance(payload, bytes)
    if not sound or checksum(key, payload) != proof:
        raise _DamagedEntryError(str(key))


def _decoded(key: Any, proof: Any, payload: Any) -> Any:
    _require_sound(key, proof, payload)
    try:
        return loads(payload)
    except _DAMAGE as error:
        raise _DamagedEntryError(key) from error
