"""The journal as a subscriber, its lock, and file systems that lack what it likes to have."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import sqlite3

import pytest

from icarus.errors import JournalError
from icarus.orchestration import JobRetried, Orchestrator, Outcome, Status
from icarus.orchestration.jobs import jobs_of
from icarus.orchestration.journal import schema
from icarus.orchestration.journal.lock import Lock, is_held
from icarus.orchestration.journal.overview import campaign_status, find_journal, job_row, job_rows
from icarus.orchestration.journal.reader import JournalReader
from icarus.orchestration.journal.writer import Journal
from icarus.util import Settings, Tree


def settings(numbers=(1, 2, 3), replications: int = 1) -> Settings:
    made = Settings()
    made.EXPERIMENT_QUEUE = []
    for number in numbers:
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 2}
        experiment["workload"] = {
            "name": "STATIONARY", "n_contents": 20, "alpha": number / 10, "n_warmup": 5,
            "n_measured": 20,
        }  # fmt: skip
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.5}
        experiment["strategy"] = {"name": "LCE"}
        experiment["cache_policy"] = {"name": "LRU"}
        made.EXPERIMENT_QUEUE.append(experiment)
    made.N_REPLICATIONS = replications
    made.ENGINE = "python"
    return made


@pytest.fixture
def path(tmp_path):
    return tmp_path / "r.pickle.journal"


def campaign(path, known=True, **options) -> Orchestrator:
    made = settings(**options)
    with Journal(path) as journal:
        orchestrator = Orchestrator(made, known=journal.known() if known else None)
        orchestrator.subscribe(journal.attach(made), essential=True)
        orchestrator.run()
    return orchestrator


def test_what_was_kept_is_what_came_out(path):
    first = campaign(path)
    with JournalReader(path) as reader:
        rebuilt, lost = reader.result_set()
    assert lost == 0
    assert list(rebuilt) == list(first.results)
    assert rebuilt.metadata == first.results.metadata
    again = campaign(path)
    assert list(again.results) == list(first.results)
    assert again.results.metadata == first.results.metadata


def test_an_experiment_that_is_asked_for_twice_is_run_once(path):
    first = campaign(path, numbers=(1, 2, 1, 1), replications=2)
    assert len(first.results) == first.n_exp == first.counts.total() == 4
    assert campaign_status(path).planned == 4
    (warning,) = first.plan.warnings
    assert "2 experiments are in it already and run once only" in warning
    assert "[2] is [0], [3] is [0]" in warning
    with JournalReader(path) as reader:
        assert len(reader.result_set()[0]) == 4


def test_ids_are_the_same_in_every_process():
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        elsewhere = pool.apply(_ids)
    assert elsewhere == _ids()
    assert len(set(elsewhere)) == 6


def _ids() -> list[str]:
    return [job.id for job in jobs_of(Orchestrator(settings(replications=2)).plan)]


def test_a_journal_that_fails_ends_the_campaign(path, monkeypatch):
    made = settings()
    with Journal(path) as journal:
        orchestrator = Orchestrator(made)
        orchestrator.subscribe(journal.attach(made), essential=True)

        def fail(*_: object) -> None:
            error = sqlite3.OperationalError("disk I/O error")
            raise error

        monkeypatch.setattr(journal, "_end", fail)
        with pytest.raises(JournalError, match="cannot write the journal: disk I/O error"):
            orchestrator.run()
    assert orchestrator.n_success == 0
    assert len(orchestrator.results.failures) == 3


def test_attempts_that_were_followed_by_another_are_kept(path):
    made = settings()
    with Journal(path) as journal:
        orchestrator = Orchestrator(made)
        orchestrator.subscribe(journal.attach(made), essential=True)
        orchestrator.run()
        job = jobs_of(orchestrator.plan)[1]
        journal(JobRetried(job, Outcome(Status.LOST, error="its worker died"), 1))
    with JournalReader(path) as reader:
        ((number, outcome),) = reader.attempts(job.id)
    assert (number, outcome.status, outcome.error) == (1, Status.LOST, "its worker died")


def test_jobs_by_number_and_by_the_beginning_of_their_id(path):
    campaign(path, replications=2)
    rows = job_rows(path)
    assert [row.number for row in rows] == list(range(6))
    assert job_row(path, "4") == rows[4]
    assert job_row(path, rows[4].id) == rows[4]
    assert job_row(path, rows[5].id[:17] + "1") == rows[5]
    for unknown in ("6", "x", ""):
        with pytest.raises(JournalError, match="no job"):
            job_row(path, unknown)
    with pytest.raises(JournalError, match="2 jobs begin with"):
        job_row(path, rows[0].id[:16])


def test_which_journal_is_meant(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    old, new = (tmp_path / "results" / f"{name}.pickle.journal" for name in ("old", "new"))
    campaign(old)
    campaign(new)
    os.utime(old, (1, 1))
    assert find_journal(None).resolve() == new
    assert find_journal(old.with_name("old.pickle")) == old
    assert find_journal(tmp_path / "config" / "old.py").resolve() == old
    assert find_journal(old) == old


def test_one_process_does_not_write_a_journal_twice(path):
    with Journal(path), pytest.raises(JournalError, match="another campaign of this process"):
        Journal(path)
    with Journal(path):
        assert is_held(path)
    assert not is_held(path)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def _hold(path, ready, leave) -> None:
    lock = Lock(path)
    ready.set()
    leave.wait(30)
    lock.release()


def test_the_lock_is_let_go_of_when_its_holder_is_killed(path):
    context = multiprocessing.get_context("spawn")
    ready, leave = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(path, ready, leave))
    holder.start()
    assert ready.wait(30)
    assert is_held(path)
    with pytest.raises(JournalError, match=rf"another run is writing it \(pid {holder.pid} on "):
        Lock(path)
    holder.kill()
    holder.join()
    assert is_held(path) is False
    Lock(path).release()


def test_a_child_that_outlives_its_parent_does_not_hold_the_lock(path):
    """As a worker may that was forked from a campaign which is killed."""
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        Lock(path)
        if os.fork() == 0:
            os.read(reading, 1)
            os._exit(0)
        os._exit(0)
    os.waitpid(parent, 0)
    try:
        Lock(path).release()
    finally:
        os.write(writing, b"x")
        os.close(reading)
        os.close(writing)


def test_file_systems_without_locks_are_told_of(path, monkeypatch):
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", none)
    with pytest.raises(JournalError, match=r"offers no locks.*--no-journal"):
        Journal(path)


def test_file_systems_without_shared_memory_have_the_older_kind_of_journal(path, monkeypatch):
    real = schema.sqlite3.connect

    def without(target: str, **options: object) -> sqlite3.Connection:
        # This way of SQLite to use files has no shared memory either.
        return real(f"{target}&vfs=unix-dotfile", **options)

    monkeypatch.setattr(schema.sqlite3, "connect", without)
    first = campaign(path)
    with Journal(path) as journal:
        assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
        assert len(journal.known()) == 3
    assert campaign_status(path).counts == {"OK": 3}
    assert list(campaign(path).results) == list(first.results)
