"""Other programs at work on a journal, other names of it, and what is found beside it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from icarus.errors import JournalError
from icarus.orchestration import Orchestrator, Status
from icarus.orchestration.journal import schema, waiting
from icarus.orchestration.journal.lock import Lock, is_held
from icarus.orchestration.journal.overview import campaign_status, job_rows
from icarus.orchestration.journal.writer import Journal
from icarus.results.readwrite import read_results_pickle, write_results_pickle
from icarus.results.resultset import ResultSet
from icarus.util import Settings, Tree

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("locked", flush=True)
sys.stdin.read()
"""


def campaign_settings(*numbers: int) -> Settings:
    made = Settings()
    made.EXPERIMENT_QUEUE = []
    for number in numbers:
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 2}
        experiment["workload"] = {
            "name": "STATIONARY", "n_contents": 20, "alpha": 0.5, "n_warmup": 5,
            "n_measured": 20 + number,
        }  # fmt: skip
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.5}
        experiment["strategy"] = {"name": "LCE"}
        experiment["cache_policy"] = {"name": "LRU"}
        made.EXPERIMENT_QUEUE.append(experiment)
    made.ENGINE = "python"
    return made


def campaign(path: Path) -> Orchestrator:
    made = campaign_settings(1)
    with Journal(path) as journal:
        orchestrator = Orchestrator(made, known=journal.known())
        orchestrator.subscribe(journal.attach(made), essential=True)
        orchestrator.run()
    return orchestrator


@pytest.fixture
def path(tmp_path):
    return tmp_path / "r.pickle.journal"


@contextlib.contextmanager
def locked(path: Path, *statements: str):
    """Another process that has locked a journal; yields its number."""
    command = [sys.executable, "-c", HOLD, path, *statements]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        try:
            yield process.pid
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 1.0)


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_another_program_has_the_right_to_write(path, how, impatient, caplog):
    campaign(path)
    with locked(path, f"BEGIN {how}") as pid:
        with pytest.raises(JournalError) as info:
            campaign(path)
        text = str(info.value)
        assert text.startswith(f"{path}: process {pid} ({sys.executable} -c import sqlite3, sys")
        assert "has locked the journal, still after" in text
        assert "end that program" in text
        assert f"{path}: process {pid} (" in caplog.text
        assert "waiting for it, for up to 1 s" in caplog.text
        # Looking works all the same.
        assert campaign_status(path).counts == {"OK": 1}
    assert campaign(path).counts == {Status.OK: 1}


@pytest.mark.parametrize("mode", ["WAL", "TRUNCATE"])
def test_another_program_keeps_everybody_out(path, mode, impatient):
    campaign(path)
    claims = (f"PRAGMA journal_mode = {mode}", "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
    with locked(path, *claims, "UPDATE runs SET pid = pid") as pid:
        with pytest.raises(JournalError) as info:
            campaign(path)
        assert f"process {pid} (" in str(info.value)
        assert "has locked the journal" in str(info.value)
    assert campaign(path).counts == {Status.OK: 1}


def test_a_campaign_waits_for_another_program_and_goes_on(path):
    campaign(path)
    made = campaign_settings(1, 2)
    with Journal(path) as journal:
        orchestrator = Orchestrator(made, known=journal.known())
        orchestrator.subscribe(journal.attach(made), essential=True)
        with locked(path, "BEGIN IMMEDIATE") as pid:
            threading.Timer(1.0, os.kill, (pid, signal.SIGKILL)).start()
            orchestrator.run()
    assert campaign_status(path).counts["OK"] == 2


def link_hard(path: Path, other: Path) -> None:
    other.hardlink_to(path)


def link_softly(path: Path, other: Path) -> None:
    other.symlink_to(path)


@pytest.mark.parametrize("link", [link_hard, link_softly])
def test_all_names_of_a_journal_meet_the_same_lock(path, tmp_path, link):
    campaign(path)
    other = tmp_path / "elsewhere" / "s.pickle.journal"
    other.parent.mkdir()
    link(path, other)
    hold = "import sys; sys.stdin.read()"
    code = (
        "import sys; from pathlib import Path; from icarus.orchestration.journal.writer import "
        f"Journal; journal = Journal(Path(sys.argv[1])); print('held', flush=True); {hold}"
    )
    command = [sys.executable, "-c", code, path]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(JournalError, match="another run is writing it"):
            Journal(other)
        assert is_held(other)
        assert campaign_status(other).planned == 1
        holder.stdin.close()
    assert not is_held(other)
    with Journal(path), pytest.raises(JournalError, match="another campaign of this process"):
        Journal(other)
    assert campaign(other).counts == {Status.OK: 1}
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, "elsewhere"}
    assert [entry.name for entry in other.parent.iterdir()] == [other.name]


def test_the_lock_on_the_journal_itself_is_not_inherited(path, tmp_path):
    campaign(path)
    other = tmp_path / "s.pickle.journal"
    other.hardlink_to(path)
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
        Lock(other).release()
    finally:
        os.write(writing, b"x")
        os.close(reading)
        os.close(writing)


def test_results_named_by_a_link_have_the_journal_of_what_it_leads_to(tmp_path):
    link = tmp_path / "link.pickle"
    link.symlink_to(tmp_path / "real.pickle")
    assert schema.journal_of(link) == tmp_path / "real.pickle.journal"
    (tmp_path / "link.pickle.journal").touch()
    assert schema.journal_of(link) == tmp_path / "link.pickle.journal"


def super_journal(page: int, pages: int, named: Path) -> bytes:
    """Return a rollback journal of a transaction over several databases, which `named` lists."""
    head = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    head += struct.pack(">IIIII", 0, 7, pages, 512, page)
    name = os.fsencode(named)
    tail = struct.pack(">I", 0x40000000 // page + 1) + name + struct.pack(">I", len(name))
    tail += struct.pack(">I", sum(name)) + b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    return head.ljust(512, b"\0") + tail


def test_a_planted_rollback_journal_has_nothing_removed(path, tmp_path):
    campaign(path)
    victim = tmp_path / "precious"
    victim.write_bytes(os.fsencode(tmp_path / "no-such-journal") + b"\0")
    planted = path.with_name(f"{path.name}-journal")
    planted.write_bytes(super_journal(4096, path.stat().st_size // 4096, victim))
    with pytest.raises(JournalError, match=r"-journal: names another file to be removed.*move it"):
        Journal(path)
    assert campaign_status(path).counts == {"OK": 1}
    Journal(path, fresh=True).close()
    assert victim.exists()
    # SQLite by itself would have: this is what it is about.
    moved = path.with_name(f"{path.name}.1")
    with contextlib.closing(sqlite3.connect(moved)) as connection:
        connection.execute("SELECT count(*) FROM jobs").fetchone()
    assert not victim.exists()


@pytest.mark.parametrize(
    "content", [b"notes of a user", b"\x01" * 600, super_journal(1024, 9, "x")]
)
def test_what_is_no_rollback_journal_of_ours_stays(path, content):
    campaign(path)
    planted = path.with_name(f"{path.name}-journal")
    planted.write_bytes(content)
    with pytest.raises(JournalError, match=r"-journal: is .*no run of Icarus left it"):
        Journal(path)
    assert planted.read_bytes() == content
    assert campaign_status(path).counts == {"OK": 1}


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal", "-lock"])
def test_links_beside_a_journal_are_not_followed(path, tmp_path, end):
    campaign(path)
    victim = tmp_path / "precious"
    victim.write_text("mine")
    path.with_name(path.name + end).symlink_to(victim)
    with pytest.raises(JournalError, match=f"{end}: is .*look where it comes from"):
        Journal(path)
    if end != "-lock":
        with pytest.raises(JournalError, match=f"{end}: is a symbolic link"):
            campaign_status(path)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("end", ["-wal", "-shm", "-lock"])
def test_files_of_others_beside_a_journal_are_not_overwritten(path, tmp_path, end):
    campaign(path)
    victim = tmp_path / "precious"
    victim.write_text("mine, and of some length" * 500)
    path.with_name(path.name + end).hardlink_to(victim)
    with contextlib.suppress(JournalError):
        campaign(path)
    assert victim.read_text() == "mine, and of some length" * 500


def test_a_transaction_that_was_killed_in_the_older_way_is_rolled_back(path):
    """Where the file system has no shared memory, a rollback journal of our own may be there."""
    campaign(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = TRUNCATE")
    code = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size = 1')\n"
        "connection.execute('PRAGMA cache_spill = 1')\n"
        "connection.execute('BEGIN')\n"
        "connection.execute(\"UPDATE jobs SET label = 'half'\")\n"
        "connection.execute('INSERT INTO records (key, checksum, payload) VALUES "
        "(1, 1, zeroblob(100000))')\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False)
    left = path.with_name(f"{path.name}-journal")
    assert left.read_bytes()[:1] == b"\xd9"
    assert campaign(path).counts == {Status.OK: 1}
    assert not left.exists() or not left.read_bytes().strip(b"\0")
    assert job_rows(path)[0].label != "half"


def test_what_killed_runs_left_is_removed(path):
    folder = path.parent
    results = folder / "r.pickle"
    dead = [f".{path.name}.123.{kind}" for kind in ("new", "new-journal", "partial-wal", "partial")]
    dead.append(".r.pickle.123.partial")
    foreign = [".s.pickle.journal.123.new", ".r.pickle.x.partial", "r.pickle.123.partial"]
    for name in (*dead, *foreign):
        (folder / name).write_text("left")
    (folder / ".r.pickle.124.partial").symlink_to(foreign[0])
    campaign(path)
    write_results_pickle(ResultSet(), results)
    there = {entry.name for entry in folder.iterdir()}
    assert there == {*foreign, ".r.pickle.124.partial", path.name, results.name}


def test_what_a_living_process_writes_is_not_removed(path):
    results = path.with_name("r.pickle")
    code = (
        "import sys; from pathlib import Path; from icarus.core.partial import replaced\n"
        "with replaced(Path(sys.argv[1])) as file:\n"
        "    print('writes', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, results], stdin=-1, stdout=-1) as process:
        process.stdout.readline()
        write_results_pickle(ResultSet(), results)
        assert len(read_results_pickle(results)) == 0
        (partial,) = results.parent.glob(".r.pickle.*")
        assert str(process.pid) in partial.name
        process.kill()
    write_results_pickle(ResultSet(), results)
    assert [entry.name for entry in results.parent.iterdir()] == ["r.pickle"]
