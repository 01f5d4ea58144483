"""Journals of the first format, which knew simulations only: read as they are, and gone on from.

``format1`` has one that the code before the second format has written: of a campaign on three
processes that was killed, with a job of each kind of end, repeated attempts and two jobs under way.
"""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from icarus.orchestration import Status
from icarus.orchestration.journal.overview import campaign_status, job_rows
from icarus.orchestration.journal.reader import JournalReader
from icarus.orchestration.journal.recovery import recover
from icarus.orchestration.journal.schema import VERSION, version_of
from icarus.orchestration.journal.verify import verify_journal
from icarus.orchestration.journal.writer import Journal
from icarus.orchestration.replay import difference, prepare, recorded_job, replay
from icarus.planning import identity
from icarus.planning.loading import load_settings
from icarus.planning.plan import make_plan

HERE = Path(__file__).parent / "format1"


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(HERE / "campaign.py", tmp_path)
    path = tmp_path / "campaign.pickle.journal"
    path.write_bytes(gzip.decompress((HERE / "campaign.pickle.journal.gz").read_bytes()))
    return path


def format_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return version_of(connection)


def test_it_is_read_as_it_is(journal):
    before = journal.read_bytes()
    status = campaign_status(journal)
    assert status.counts == {"OK": 4, "FAILED": 2}
    assert [row.status for row in job_rows(journal)] == ["OK"] * 4 + ["FAILED"] * 2 + [
        "RUNNING"
    ] * 2
    results, lost = recover(journal)[0], verify_journal(journal)[0]
    assert not lost
    assert [tree["CACHE_HIT_RATIO"]["MEAN"] for _, tree in results] == [0.16, 0.16, 0.0, 0.0]
    facts = results.metadata[0]
    assert (facts["kind"], facts["engine"], facts["n_requests"]) == ("simulation", "python", 60)
    with JournalReader(journal) as reader:
        assert len(reader.attempts(results.failures[0][1]["job"])) == 1
    assert journal.read_bytes() == before


@pytest.mark.parametrize(("job", "status"), [("1", "OK"), ("4", "FAILED"), ("6", "INTERRUPTED")])
def test_its_jobs_are_replayed(journal, job, status):
    recorded = recorded_job(journal, job)
    assert recorded.status is Status(status)
    prepared = prepare(recorded)
    assert prepared.task.engine == "python"
    outcome = replay(prepared)
    differs = difference(recorded, prepared, outcome)
    assert differs == ("it was INTERRUPTED and is OK now" if job == "6" else None)


def test_a_campaign_goes_on_from_it_and_it_becomes_one_of_the_present_format(journal, monkeypatch):
    # The version that its jobs' ids were made with.
    monkeypatch.setattr(identity, "RESULTS_VERSION", 2)
    rows = {row.id: row for row in job_rows(journal)}
    plan = make_plan(load_settings("campaign.py"))
    with Journal(journal) as opened:
        assert not opened.notes
        known = opened.known()
    assert len(known) == 6
    asked_for = {f"{key[:16]}-{i}" for key in plan.keys for i in range(2)}
    # Ids of simulations are what they were; those of users' code differ between Pythons.
    assert {id_ for id_, outcome in known.items() if outcome.status is Status.OK} <= asked_for
    assert format_of(journal) == VERSION
    assert {row.id: row for row in job_rows(journal)} == rows
    assert verify_journal(journal)[0] == []
    # Once more, of which nothing is to be changed.
    before = journal.read_bytes()
    with Journal(journal) as opened:
        assert opened.known().keys() == known.keys()
    assert journal.read_bytes() == before


def test_a_damaged_one_is_salvaged_into_one_of_the_present_format(journal):
    with closing(sqlite3.connect(journal)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'jobs'"
        ).fetchone()
    content = bytearray(journal.read_bytes())
    # The tree of the table of jobs, or what points to it, makes no sense any more.
    content[(root - 1) * 4096 : (root - 1) * 4096 + 8] = b"\xff" * 8
    journal.write_bytes(content)
    with Journal(journal) as opened:
        (note,) = opened.notes
        assert "6 jobs recovered" in note
        assert sum(one.status is Status.OK for one in opened.outcomes.values()) == 4
    assert format_of(journal) == VERSION
