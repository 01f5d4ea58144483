"""What is said of a journal that is not whole."""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
from contextlib import closing

import pytest
from test_damage import PAGE_SIZE, ended, killed, overwrite, pages  # noqa: F401 - fixtures

from icarus.errors import JournalError
from icarus.orchestration.journal.verify import verify_journal


@pytest.fixture
def journal(ended, tmp_path):  # noqa: F811
    shutil.copytree(ended, tmp_path / "x")
    return tmp_path / "x" / "r.pickle.journal"


def change(path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def test_a_sound_journal(journal, killed):  # noqa: F811
    before = journal.read_bytes()
    assert verify_journal(journal) == ([], [])
    assert journal.read_bytes() == before
    assert [entry.name for entry in sorted(journal.parent.iterdir())] == ["r.pickle", journal.name]
    assert verify_journal(killed / journal.name) == ([], [])


@pytest.mark.parametrize("with_zeros", [False, True])
def test_every_page_that_is_overwritten_is_found(journal, with_zeros):
    sound = journal.read_bytes()
    for page in range(pages(journal)):
        journal.write_bytes(sound)
        overwrite(journal, page, with_zeros)
        if journal.read_bytes() != sound:
            findings, _ = verify_journal(journal)
            assert findings, page
            assert all(one.startswith(f"{journal}: ") and "\n" not in one for one in findings)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE records SET checksum = zeroblob(16) WHERE number = 3", "entry 3 has a wrong che"),
        ("UPDATE records SET payload = payload || ' '", "and 2 more|entry 1 has a wrong checksum"),
        ("UPDATE jobs SET experiment = 9999", "6 jobs refer to an entry that is not there"),
        ("UPDATE runs SET record = 9999", "1 runs refer to an entry that is not there"),
        ("UPDATE jobs SET record = 1 WHERE number = 0", "what is kept of job .* cannot be read"),
        ("UPDATE jobs SET record = NULL, status = '' WHERE number < 2", "2 of 6 jobs have not"),
        ("UPDATE jobs SET attempts = x'00'", "jobs have a value that makes no sense"),
        ("UPDATE results_file SET digest = 'x'", "r.pickle is not the one that was written"),
        ("CREATE VIEW v AS SELECT 1", "its view 'v' is not as a journal has it"),
    ],
)
def test_what_is_wrong_is_said(journal, statement, finding):
    change(journal, statement)
    assert any(re.search(finding, one) for one in itertools.chain(*verify_journal(journal)))


def test_results_that_are_gone_are_told_of(journal):
    journal.with_name("r.pickle").unlink()
    ((), (finding,)) = map(tuple, verify_journal(journal))
    assert "is missing; the same command, run again, writes it" in finding


def test_what_is_not_there_or_no_journal(journal, tmp_path):
    with pytest.raises(JournalError, match="no such file"):
        verify_journal(tmp_path / "none.journal")
    with pytest.raises(JournalError, match="is a folder"):
        verify_journal(tmp_path)
    other = tmp_path / "other.journal"
    other.write_bytes(b"x" * PAGE_SIZE)
    ((finding,), ()) = map(tuple, verify_journal(other))
    assert "damaged: file is not a database" in finding
