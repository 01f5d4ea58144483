"""The journal of a campaign: a subscriber of the orchestrator that lets nothing be lost.

A job that ended is committed, and on the disk, before it counts. That a job has started, and
how far running ones are, is committed too, so that the death of any process loses none of it,
but the disk is not waited for.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from icarus.core.partial import leftovers
from icarus.errors import JournalError
from icarus.orchestration.events import (
    CampaignEnded,
    CampaignStarted,
    Event,
    JobEnded,
    JobPaused,
    JobRetried,
    JobsAdded,
    JobStarted,
    OutcomeRefused,
    Progress,
    Snapshot,
)
from icarus.orchestration.jobs import LONGEST_MESSAGE, Job, Outcome
from icarus.orchestration.journal.beside import BESIDE, aside, real_place
from icarus.orchestration.journal.guard import results_file, unbounded
from icarus.orchestration.journal.lock import Lock
from icarus.orchestration.journal.outcomes import (
    ATTEMPT,
    OUTCOME,
    RUN,
    experiment_entry,
    experiment_key,
    outcome_entry,
    run_entry,
    task_entry,
)
from icarus.orchestration.journal.ownership import digest_of
from icarus.orchestration.journal.recovery import move_aside, open_or_salvage
from icarus.orchestration.journal.resumption import resumption
from icarus.orchestration.journal.schema import (
    checksum,
    column,
    create,
    describe,
    open_existing,
)
from icarus.orchestration.journal.waiting import patiently
from icarus.orchestration.provenance import campaign_facts
from icarus.orchestration.status import RUN_AGAIN, Status
from icarus.plaintext import one_line
from icarus.results.encoding import Payload, dumps
from icarus.util import Settings, Tree

__all__ = ["Journal"]

logger = logging.getLogger("journal")

_PROGRESS_EVERY = 1.0
"""Seconds between two notes of how far running jobs are."""


_LARGE = 1 << 20
"""Bytes; what is larger is written in pieces of this size."""


class Journal:
    """Keeps what happens in a campaign, and what happened in earlier runs of it.

    Parameters
    ----------
    path : Path
        Where it is. A missing folder is made.
    fresh : bool, optional
        Move a journal that is there aside and start a new one.

    Attributes
    ----------
    outcomes : dict of str to Outcome
        Outcomes of earlier runs by the id of the job.
    notes : list of str
        What was found to be damaged, and what became of it.

    Raises
    ------
    JournalError
        If another run is writing it, or it cannot be written.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        # All names of a journal mean the file that links lead to; SQLite keeps its own beside it.
        self.path = path = real_place(path)
        self.notes: list[str] = []
        self.outcomes: dict[str, Outcome] = {}
        self._settings: Settings | None = None
        self._run = 0
        self._experiments: dict[str, int] = {}
        self._unkept: dict[str, tuple[int, str]] = {}
        self._entered: list[str] = []
        self._begun: list[tuple[Job, int, float]] = []
        self._paused: list[Job] = []
        self._one_at_a_time = True
        self._on_disk: bool | None = None
        self._noted = 0.0
        self._failed = False
        self._retry_failed = False
        self._make_folder()
        self._lock = Lock(path)
        try:
            self._remove_leftovers()
            if fresh and path.exists():
                old = move_aside(path)
                self.notes.append(
                    f"{path}: moved to {old}; its results are in {old} only: icarus results "
                    f"recover {old} -o FILE makes a file of them"
                )
            self._connection = self._open()
            # It may be another file than was locked.
            self._lock.follow()
        except BaseException:
            self._lock.release()
            raise

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(
                f"{self.path.parent}: cannot make this folder: {error.strerror}"
            ) from error

    def _remove_leftovers(self) -> None:
        """Remove what runs left that were killed while they made a journal.

        Only who holds the lock makes one.
        """
        for left in leftovers(self.path, rf"(?:new|partial)(?:{'|'.join(BESIDE)})?"):
            with suppress(OSError):
                left.unlink()

    def _open(self) -> sqlite3.Connection:
        if not self.path.exists():
            connection = create(self.path)
        else:
            opened = open_or_salvage(self.path)
            self.outcomes, connection = opened.outcomes, opened.connection
            self.notes += opened.notes
        try:
            self._experiments = dict(connection.execute("SELECT key, record FROM experiments"))
        except sqlite3.Error as error:
            # The first use of the log makes the file that is shared with readers.
            connection.close()
            raise JournalError(f"{self.path}: cannot use the journal: {describe(error)}") from error
        self._file = _identity(self.path)
        return connection

    def known(self, *, retry_failed: bool = False) -> dict[str, Outcome]:
        """Return the outcomes that need not be had again, by the id of the job.

        Parameters
        ----------
        retry_failed : bool, optional
            Have jobs that gave no result run again.
        """
        self._retry_failed = retry_failed
        return {
            job: outcome
            for job, outcome in self.outcomes.items()
            if outcome.status is Status.OK or (outcome.status not in RUN_AGAIN and not retry_failed)
        }

    def attach(self, settings: Settings) -> Journal:
        """Say what the campaign is run with; to be called before it starts."""
        self._settings = settings
        return self

    def __call__(self, event: Event) -> None:
        """Take note of an event.

        Raises
        ------
        JournalError
            If it cannot be written down. Nothing is noted from then on.
        """
        if self._failed:
            return
        try:
            match event:
                case JobEnded(job, outcome, attempt):
                    if outcome.status is not Status.INTERRUPTED:
                        self._end(job, outcome, attempt)
                        self._require_file()
                case JobStarted(job, attempt):
                    self._start(job, attempt)
                case JobPaused(job):
                    self._pause(job)
                case JobRetried(job, outcome, attempt):
                    self._retry(job, outcome, attempt)
                case Progress(snapshot):
                    self._write_begun()
                    if time.monotonic() - self._noted >= _PROGRESS_EVERY:
                        self._note(snapshot)
                        self._require_file()
                case JobsAdded():
                    self._add(event)
                case CampaignStarted():
                    self._begin(event)
                case CampaignEnded(snapshot, stopped_by):
                    self._finish(snapshot, stopped_by)
        except OutcomeRefused:
            raise
        except sqlite3.Error as error:
            self._failed = True
            raise self._unwritable(error) from error
        except Exception:
            self._failed = True
            raise

    def _unwritable(self, error: sqlite3.Error) -> JournalError:
        return JournalError(
            f"{self.path}: cannot write the journal: {describe(error)}; all jobs that counted so "
            f"far are in it, and the same command goes on from there"
        )

    @contextmanager
    def _transaction(self, *, on_disk: bool = False) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        if on_disk is not self._on_disk:
            connection.execute(f"PRAGMA synchronous = {'FULL' if on_disk else 'NORMAL'}")
            self._on_disk = on_disk
        patiently(self.path, lambda: connection.execute("BEGIN IMMEDIATE"))
        self._entered.clear()
        try:
            self._write_starts(connection)
            yield connection
            patiently(self.path, lambda: connection.execute("COMMIT"))
            self._begun.clear()
            self._paused.clear()
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for key in self._entered:
                self._experiments.pop(key, None)
                self._unkept.pop(key, None)
            raise

    def _record(self, key: str, payload: bytes | Payload) -> int:
        large = len(payload) > _LARGE
        number = self._connection.execute(
            f"INSERT INTO records (key, checksum, payload) "
            f"VALUES (?, ?, {'zeroblob(?)' if large else '?'})",
            (key, checksum(key, payload), len(payload) if large else bytes(payload)),
        ).lastrowid
        assert number is not None
        if large:
            # SQLite copies what it is given twice; this way it copies a page at a time.
            with self._connection.blobopen("records", "payload", number) as blob:
                for piece in (payload,) if isinstance(payload, bytes) else payload:
                    for start in range(0, len(piece), _LARGE):
                        blob.write(piece[start : start + _LARGE])
        return number

    def _begin(self, event: CampaignStarted) -> None:
        assert self._settings is not None
        source = self._settings.source
        self._one_at_a_time = event.plan.n_processes == 1
        now = time.time()
        with self._transaction(on_disk=True) as connection:
            (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM runs").fetchone()
            self._run = last + 1
            facts = campaign_facts(event.plan, self._settings)
            record = self._record(f"{RUN}{self._run}", run_entry(facts))
            connection.execute(
                "INSERT INTO runs (number, started, updated, planned, known, pid, host, command, "
                "settings, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(self._run, now, now, len(event.jobs), event.known, os.getpid()),
                    *(column(platform.node()), json.dumps(sys.argv)),
                    *(None if source is None else column(source.path), record),
                ),
            )
            connection.execute("UPDATE jobs SET status = '' WHERE record IS NULL")
            self._enlist(event.jobs, connection)
        for line in resumption(event, self.outcomes, self._retry_failed):
            logger.info("%s", line)

    def _add(self, event: JobsAdded) -> None:
        with self._transaction() as connection:
            self._enlist(event.jobs, connection)
            connection.execute(
                "UPDATE runs SET planned = planned + ?, known = known + ? WHERE number = ?",
                (len(event.jobs), event.known, self._run),
            )

    def _enlist(self, jobs: Sequence[Job], connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO jobs (id, number, label, run) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET number = excluded.number, label = excluded.label, "
            "run = excluded.run",
            [(job.id, job.number, column(job.label), self._run) for job in jobs],
        )
        self._refresh_experiments(jobs, connection)

    def _refresh_experiments(self, jobs: Sequence[Job], connection: sqlite3.Connection) -> None:
        """Have jobs of earlier runs go with the parameters that their experiments have now.

        What changes no result, such as the text under ``desc``, may be another than it was.
        """
        before = dict(connection.execute("SELECT id, experiment FROM jobs WHERE record NOTNULL"))
        for job in jobs:
            if job.id in before and before[job.id] != (now := self._experiment(job)):
                connection.execute("UPDATE jobs SET experiment = ? WHERE id = ?", (now, job.id))

    def _experiment(self, job: Job) -> int:
        """Return the record of a job's parameters, or what stands for those that cannot be kept."""
        key = experiment_key(job)
        if key in self._unkept:
            return self._unkept[key][0]
        if key not in self._experiments:
            self._entered.append(key)
            try:
                record = self._record(key, experiment_entry(job))
            except Exception as error:
                if not _is_of_record(error):
                    raise
                text = one_line(f"{type(error).__name__}: {error}", LONGEST_MESSAGE)
                record = self._record(key, dumps(Tree(not_kept=text)))
                self._unkept[key] = record, text
                return record
            self._connection.execute("INSERT INTO experiments VALUES (?, ?)", (key, record))
            self._experiments[key] = record
        return self._experiments[key]

    def _start(self, job: Job, attempt: int) -> None:
        """Have the start of a job written with what is written next, which is a moment later.

        Not where a job is all that happens until it ends.
        """
        self._begun.append((job, attempt, time.time()))
        if self._one_at_a_time:
            self._write_begun()

    def _pause(self, job: Job) -> None:
        """Have it written likewise that a job waits."""
        self._begun = [one for one in self._begun if one[0].id != job.id]
        self._paused.append(job)

    def _write_begun(self) -> None:
        if self._begun or self._paused:
            # A transaction begins with what has begun.
            with self._transaction():
                pass

    def _write_starts(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "UPDATE jobs SET status = '' WHERE id = ? AND status = 'RUNNING'",
            [(job.id,) for job in self._paused],
        )
        connection.executemany(
            "UPDATE jobs SET status = 'RUNNING', attempts = ?, started = ?, duration = NULL, "
            "error = NULL, ended_in = NULL, record = NULL, experiment = ?, identity = ?, "
            "replication = ?, kind = ?, task = ? WHERE id = ?",
            [
                (
                    *(attempt, started, self._experiment(job), job.experiment),
                    *(job.task.replication, job.task.kind, task_entry(job), job.id),
                )
                for job, attempt, started in self._begun
            ],
        )

    def _end(self, job: Job, outcome: Outcome, attempt: int) -> None:
        """Keep how a job ended, or refuse to where that is no fault of the disk."""
        try:
            payload = outcome_entry(job, outcome, attempt, self._run)
            # All that its start would say is said by its end.
            self._begun = [one for one in self._begun if one[0].id != job.id]
            # What was not run to an end is decided anew by the next run.
            with self._transaction(on_disk=outcome.status not in RUN_AGAIN) as connection:
                record = self._record(f"{OUTCOME}{job.id}", payload)
                experiment = self._experiment(job)
                if outcome.status is Status.OK and experiment_key(job) in self._unkept:
                    text = self._unkept[experiment_key(job)][1]
                    raise OutcomeRefused(f"its parameters cannot be written down: {text}")
                connection.execute(
                    "UPDATE jobs SET status = ?, attempts = ?, started = ?, duration = ?, "
                    "error = ?, ended_in = ?, record = ?, experiment = ?, identity = ?, "
                    "replication = ?, kind = ?, task = ? WHERE id = ?",
                    (
                        *(str(outcome.status), attempt, outcome.started, outcome.duration),
                        *(column(outcome.error) or None, self._run, record, experiment),
                        *(job.experiment, job.task.replication, job.task.kind, task_entry(job)),
                        job.id,
                    ),
                )
        except OutcomeRefused:
            raise
        except Exception as error:
            if not _is_of_record(error):
                raise
            raise OutcomeRefused(f"{type(error).__name__}: {error}") from error

    def _retry(self, job: Job, outcome: Outcome, attempt: int) -> None:
        try:
            payload = outcome_entry(job, outcome, attempt, self._run)
        except Exception as error:
            if not _is_of_record(error):
                raise
            bare = Outcome(outcome.status, error=f"not kept: {type(error).__name__}: {error}")
            payload = outcome_entry(job, bare, attempt, self._run)
        with self._transaction() as connection:
            record = self._record(f"{ATTEMPT}{job.id}", payload)
            connection.execute("INSERT INTO attempts VALUES (?, ?, ?)", (job.id, attempt, record))

    def _note(self, snapshot: Snapshot) -> None:
        self._noted = time.monotonic()
        with self._transaction() as connection:
            connection.execute(
                "UPDATE runs SET updated = ?, elapsed = ?, requests = ?, eta = ? WHERE number = ?",
                (time.time(), snapshot.elapsed, snapshot.requests, snapshot.eta, self._run),
            )
            connection.execute("DELETE FROM running")
            connection.executemany(
                "INSERT INTO running VALUES (?, ?, ?, ?, ?)",
                [
                    (one.job.id, one.amount, one.job.task.unit, column(one.where), one.age)
                    for one in snapshot.running
                ],
            )

    def _finish(self, snapshot: Snapshot, stopped_by: int | None) -> None:
        self._note(snapshot)
        with self._transaction(on_disk=True) as connection:
            connection.execute("DELETE FROM running")
            connection.execute("UPDATE jobs SET status = 'INTERRUPTED' WHERE status = 'RUNNING'")
            connection.execute(
                "UPDATE runs SET ended = ?, how = ? WHERE number = ?",
                (
                    time.time(),
                    "finished" if stopped_by is None else f"stopped by signal {stopped_by}",
                    self._run,
                ),
            )
        self._require_file()

    def _require_file(self) -> None:
        """Put the journal back where somebody removed it, as with the folder, during the run."""
        if _identity(self.path) == self._file:
            return
        taken = self.path.exists()
        if not taken:
            # The lock's file is gone too, or the folder that it is in.
            self._make_folder()
            self._lock.release()
            self._lock = Lock(self.path)
        target = aside(self.path) if taken else self.path
        # The file itself is there for as long as it is open.
        with closing(create(target)) as copy:
            self._connection.backup(copy)
        if taken:
            raise JournalError(
                f"{self.path}: another file has taken the place of the journal while it was being "
                f"written; the journal is in {target} now"
            )
        self._connection.close()
        self._on_disk = None
        self._connection = open_existing(self.path, writable=True)
        unbounded(self._connection)
        self._lock.follow()
        self._file = _identity(self.path)
        logger.warning("%s: was removed during the run; nothing is lost, it is back", self.path)

    def close(self) -> None:
        """Let go of the journal, which is then one file."""
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def last_results(self) -> tuple[int, str | None, list[str]]:
        """Return the number of the last run, its settings module, and the jobs that have results.

        These are what the results file holds that was written from this journal.
        """
        row = self._connection.execute(
            "SELECT number, settings FROM runs ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return 0, None, []
        jobs = self._connection.execute(
            "SELECT id FROM jobs WHERE run = ? AND status = 'OK'", (row[0],)
        )
        return row[0], row[1], [job for (job,) in jobs]

    def made(self, results: Path) -> bool:
        """Return whether a results file is one that was written from this journal."""
        digest, replacing = results_file(self._connection)
        # A run that died while it replaced the file did so in one step, before or after.
        return replacing or (digest is not None and digest == digest_of(results))

    @contextmanager
    def writing(self, results: Path) -> Iterator[None]:
        """Take note of the results file that is written within the context."""
        self._set_results_file("replacing = 1")
        yield
        self._set_results_file("replacing = 0, digest = ?", digest_of(results))

    def _set_results_file(self, what: str, *values: str | None) -> None:
        try:
            with self._transaction(on_disk=True) as connection:
                connection.execute(f"UPDATE results_file SET {what}", values)
        except sqlite3.Error as error:
            raise self._unwritable(error) from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_of_record(error: Exception) -> bool:
    """Whether an error is the fault of what was to be kept, not of where it was to be kept."""
    if isinstance(error, sqlite3.Error):
        # Such as a value of more than 1 GB.
        return isinstance(error, sqlite3.DataError)
    return not isinstance(error, JournalError | OSError)
