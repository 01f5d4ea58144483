"""A campaign at a glance, from its journal, from outside and while it runs.

Only the standard library is needed, so that it answers at once.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icarus.core.suffixes import folder_of_cases, is_settings
from icarus.errors import JournalError
from icarus.orchestration.journal.guard import require_types, rows
from icarus.orchestration.journal.lock import is_held
from icarus.orchestration.journal.schema import (
    RUNNING_COLUMNS,
    SUFFIX,
    column,
    damaged,
    journal_of,
    open_existing,
    version_of,
)
from icarus.plaintext import one_line

__all__ = ["CampaignStatus", "JobRow", "campaign_status", "find_journal", "job_row", "job_rows"]

_SILENT_AFTER = 30.0
"""Seconds without a note after which a run on another machine, with no lock to ask, is gone."""


@dataclass(frozen=True)
class JobRow:
    """One job, as the journal's list of jobs has it."""

    id: str
    number: int
    label: str
    status: str
    """A status, ``RUNNING``, or nothing for a job that has not started."""
    attempts: int
    started: float | None
    """In seconds since the epoch."""
    duration: float | None
    """In seconds."""
    error: str | None
    amount: int | None = None
    """How much was done so far, of a job that is running."""
    unit: str | None = None
    """What that is counted in, such as requests."""
    phase: str | None = None
    """The phase that a running job is in, such as ``3/5 simulate``; empty where it has none."""
    age: float | None = None
    """Seconds that it has been running for, when that was noted last."""


@dataclass(frozen=True)
class CampaignStatus:
    """The last run of a campaign."""

    journal: Path
    state: str
    """``running``, ``finished``, ``stopped by signal N``, or that its process is gone."""
    alive: bool
    planned: int
    counts: dict[str, int]
    """Jobs by status; those waiting or running are not in it."""
    known: int
    """Jobs that ended in earlier runs."""
    running: list[JobRow]
    failures: list[JobRow]
    """The first jobs that gave no result."""
    elapsed: float
    """Seconds that the run has taken."""
    requests: int
    eta: float | None
    """Seconds that are left."""
    settings: str | None
    pid: int
    host: str
    started: float
    updated: float
    """When anything was noted last, in seconds since the epoch."""

    @property
    def ended(self) -> int:
        """Number of jobs that ended."""
        return sum(self.counts.values())

    @property
    def rate(self) -> float:
        """Requests per second of this run."""
        return self.requests / self.elapsed if self.elapsed > 0 else 0.0


def find_journal(named: Path | None) -> Path:
    """Return the journal that a user means.

    Parameters
    ----------
    named : Path, optional
        A journal, a results file, or a settings module or sweep file whose results are in the
        default place; by default the newest journal under ``results``.

    Raises
    ------
    JournalError
        If there is none.
    """
    if named is None:
        found = [path for path in Path("results").rglob(f"*{SUFFIX}") if path.is_file()]
        if not found:
            raise JournalError("results: no journal there; name results, a journal or settings")
        return max(found, key=_last_change)
    cases = folder_of_cases(named)
    if cases is not None:
        candidate = journal_of(Path("results") / f"{cases.resolve().name}.pickle")
        if candidate.is_file():
            return candidate
        what = "is a folder" if named.is_dir() else f"has no journal: there is no {candidate}"
        raise JournalError(f"{named}: {what}; name results, a journal or settings")
    if SUFFIX in named.suffixes:
        return named
    if not named.name:
        raise JournalError(f"{named}: is a folder; name results, a journal or settings")
    candidates = [journal_of(named)]
    if is_settings(named) or not named.suffix:
        candidates += [
            journal_of(Path("results") / f"{named.stem}.pickle"),
            journal_of(named.with_suffix(".pickle")),
        ]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise JournalError(f"{named}: has no journal: there is no {candidates[-1]}")


def _last_change(path: Path) -> float:
    times = [path.stat().st_mtime]
    with suppress(OSError):
        times.append(path.with_name(f"{path.name}-wal").stat().st_mtime)
    return max(times)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(open_existing(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise damaged(path, error) from error


_NUMBER, _MAYBE = (int, float), (int, float, type(None))
_JOB_TYPES = (
    *((str,), (int,), (str,), (str,), (int,), _MAYBE, _MAYBE, (str, type(None))),
    *((int, type(None)), (str, type(None)), (str, type(None)), _MAYBE),
)
_RUN_TYPES = {
    **dict.fromkeys(("number", "planned", "known", "pid", "requests"), (int,)),
    **dict.fromkeys(("started", "updated", "elapsed"), _NUMBER),
    **dict.fromkeys(("ended", "eta"), _MAYBE),
    **dict.fromkeys(("how", "settings"), (str, type(None))),
    "host": (str,),
}
_LATEST = 253_402_300_799
"""The last second that has a date, in the year 9999."""


def _job(row: Sequence[Any]) -> JobRow:
    require_types(row, _JOB_TYPES, "jobs")
    job = JobRow(*row)
    if not 0 <= (job.started or 0) <= _LATEST:
        raise sqlite3.DatabaseError("a job started at no time that there is")
    return job


_JOBS = (
    "SELECT jobs.id, jobs.number, label, status, attempts, jobs.started, duration, error, {}, age "
    "FROM jobs LEFT JOIN running ON running.job = jobs.id"
)
_LAST = "run = (SELECT max(number) FROM runs)"


def _jobs(connection: sqlite3.Connection, path: Path, which: str, *arguments: Any) -> list[JobRow]:
    query = f"{_JOBS.format(RUNNING_COLUMNS[version_of(connection)])} {which}"
    return [_job(row) for row in rows(connection, path, query, arguments)]


def campaign_status(path: Path, most_failures: int = 5) -> CampaignStatus:
    """Return how far a campaign is.

    Raises
    ------
    JournalError
        If the journal cannot be read.
    """
    with _opened(path) as connection:
        connection.execute("BEGIN")
        cursor = connection.execute("SELECT * FROM runs ORDER BY number DESC LIMIT 1")
        names = [described[0] for described in cursor.description]
        row = cursor.fetchone()
        if row is None:
            raise JournalError(f"{path}: no run has begun yet")
        run = dict(zip(names, row, strict=True))
        require_types([run[name] for name in _RUN_TYPES], list(_RUN_TYPES.values()), "runs")
        counts: dict[str, int] = {}
        for status, number in rows(
            connection, path, f"SELECT status, count(*) FROM jobs WHERE {_LAST} GROUP BY status"
        ):
            require_types([status], [(str,)], "jobs")
            counts[status] = number
        counts.pop("", None)
        under_way = counts.pop("RUNNING", 0)
        running = _jobs(connection, path, "WHERE status = 'RUNNING'")
        failures = _jobs(
            connection,
            path,
            f"WHERE {_LAST} AND status NOT IN ('', 'OK', 'RUNNING', 'INTERRUPTED') "
            "ORDER BY jobs.number LIMIT ?",
            most_failures,
        )
    alive = run["ended"] is None and _is_alive(path, run)
    now = time.time()
    return CampaignStatus(
        journal=path,
        state=_state(run, alive, under_way),
        alive=alive,
        planned=run["planned"],
        counts=counts,
        known=run["known"],
        running=running if alive else [],
        failures=failures,
        elapsed=run["elapsed"] + (max(now - run["updated"], 0.0) if alive else 0.0),
        requests=run["requests"],
        eta=run["eta"] if alive else None,
        settings=run["settings"],
        **{name: run[name] for name in ("pid", "host", "started", "updated")},
    )


def _is_alive(path: Path, run: dict[str, Any]) -> bool:
    held = is_held(path)
    if held is not None:
        return held
    if run["host"] == column(platform.node()):
        try:
            os.kill(run["pid"], 0)
        except (ProcessLookupError, OverflowError):
            return False
        except OSError:
            return True
        return True
    return bool(time.time() - run["updated"] < _SILENT_AFTER)


def _state(run: dict[str, Any], alive: bool, under_way: int) -> str:
    if run["ended"] is not None or run["how"]:
        return str(run["how"])
    if alive:
        return "running"
    jobs = f" with {under_way} under way" if under_way else ""
    return f"its process is gone{jobs}; the same command goes on from there"


def job_rows(path: Path) -> list[JobRow]:
    """Return all jobs of the last run, in the order of the queue."""
    with _opened(path) as connection:
        return _jobs(connection, path, f"WHERE {_LAST} ORDER BY jobs.number")


def job_row(path: Path, wanted: str) -> JobRow:
    """Return one job, named by its number, its id, or what its id alone begins with.

    Raises
    ------
    JournalError
        If there is no such job, or there are several.
    """
    with _opened(path) as connection:
        found: list[JobRow] = []
        if wanted.isdecimal() and wanted.isascii() and len(wanted) < 16:
            found = _jobs(connection, path, f"WHERE {_LAST} AND jobs.number = ?", int(wanted))
        # What no text of SQLite can be begins no id.
        if not found and wanted.isprintable():
            found = _jobs(
                connection,
                path,
                "WHERE substr(jobs.id, 1, ?) = ? ORDER BY jobs.id != ?, jobs.number",
                *(len(wanted), wanted, wanted),
            )
        (jobs,) = connection.execute(f"SELECT count(*) FROM jobs WHERE {_LAST}").fetchone()
    if not found or not wanted:
        raise JournalError(f"{path}: no job {wanted!r}; it has {jobs} jobs, numbered from 0")
    if len(found) > 1 and found[0].id != wanted:
        ids = ", ".join(one_line(row.id, 50) for row in found[:4])
        raise JournalError(f"{path}: {len(found)} jobs begin with {wanted!r}, such as {ids}")
    return found[0]
