"""Journals that anybody may have made: little memory, little time, and a line that says so."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import sqlite3
import struct
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from bounded import run_bounded
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_damage import PAGE_SIZE, ended  # noqa: F401 - a fixture

from icarus.cli import main
from icarus.errors import JournalError
from icarus.orchestration.journal.schema import checksum
from icarus.orchestration.journal.verify import verify_journal
from icarus.orchestration.journal.writer import Journal

# A thousand examples take longer than a test may.
pytestmark = pytest.mark.timeout(1800)

FUZZ = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NONSENSE = st.one_of(
    st.none(),
    st.sampled_from([-1, 0, 1, 2**31, 2**53, 2**63 - 1, -(2**63), 1e308, float("inf"), -1.5]),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
COLUMNS = {
    "records": ["key", "checksum", "payload", "number"],
    "jobs": [
        *("id", "number", "label", "run", "status", "attempts", "started", "duration", "error"),
        *("ended_in", "record", "experiment", "identity", "replication", "engine"),
    ],
    "runs": [
        *("number", "started", "updated", "ended", "how", "planned", "known", "pid", "host"),
        *("command", "settings", "record", "elapsed", "requests", "eta"),
    ],
    "experiments": ["key", "record"],
    "attempts": ["job", "attempt", "record"],
    "running": ["job", "requests", "age"],
    "results_file": ["digest", "replacing"],
}


def look(path: Path, job: str) -> None:
    """Run all commands that read a journal, and open it as ``icarus run`` does."""
    for arguments in (
        ("status", path), ("status", "--json", path), ("log", path), ("log", path, "0"),
        ("log", path, job), ("results", "recover", path, "-o", path.with_name("out.pickle")),
    ):  # fmt: skip
        done = CliRunner().invoke(main, [*map(str, arguments)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code in (0, 2), done.output
        assert "Traceback" not in done.stderr
        if done.exit_code == 2:
            assert len(done.stderr.splitlines()) <= 2
    with contextlib.suppress(JournalError):
        assert all("\n" not in finding for finding in itertools.chain(*verify_journal(path)))
    with contextlib.suppress(JournalError), Journal(path) as journal:
        journal.known()
        journal.made(path.with_name("r.pickle"))


@pytest.fixture
def job(ended) -> str:  # noqa: F811
    with closing(sqlite3.connect(ended / "r.pickle.journal")) as connection:
        return connection.execute("SELECT id FROM jobs WHERE number = 1").fetchone()[0]


@contextlib.contextmanager
def copied(folder: Path):
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "r.pickle.journal"
        shutil.copy2(folder / path.name, path)
        yield path


@pytest.mark.fuzz
@FUZZ
@given(data=st.data())
def test_any_bytes_are_changed(ended, job, data):  # noqa: F811
    with copied(ended) as path:
        raw = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            page = data.draw(st.integers(0, len(raw) // PAGE_SIZE)) * PAGE_SIZE
            match data.draw(st.sampled_from(["bytes", "head", "copy", "cut"])):
                case "bytes":
                    start = page + data.draw(st.integers(0, PAGE_SIZE - 1))
                    raw[start : start + 9] = data.draw(st.binary(min_size=1, max_size=9))
                case "head":
                    start = page + (100 if page == 0 else 0) + data.draw(st.integers(0, 30))
                    raw[start : start + 1] = data.draw(st.binary(min_size=1, max_size=1))
                case "copy":
                    other = data.draw(st.integers(0, len(raw) // PAGE_SIZE)) * PAGE_SIZE
                    raw[page : page + PAGE_SIZE] = raw[other : other + PAGE_SIZE]
                case "cut":
                    del raw[page + data.draw(st.integers(0, PAGE_SIZE)) :]
        path.write_bytes(raw)
        look(path, job)


@pytest.mark.fuzz
@FUZZ
@given(data=st.data())
def test_any_column_holds_nonsense(ended, job, data):  # noqa: F811
    with copied(ended) as path:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("INSERT INTO running VALUES (?, 1, '', '', 1)", (job,))
            connection.execute("UPDATE runs SET ended = NULL, how = NULL")
            for _ in range(data.draw(st.integers(1, 4))):
                table = data.draw(st.sampled_from(sorted(COLUMNS)))
                column = data.draw(st.sampled_from(COLUMNS[table]))
                where = data.draw(st.sampled_from(["", " WHERE rowid = 2"]))
                with contextlib.suppress(sqlite3.Error):
                    statement = f"UPDATE {table} SET {column} = ?{where}"
                    connection.execute(statement, (data.draw(NONSENSE),))
        look(path, job)


def test_a_job_has_no_name_and_its_record_no_job(ended, job):  # noqa: F811
    with copied(ended) as path:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE records SET checksum = ''")
            connection.execute("UPDATE jobs SET id = NULL")
        look(path, job)


@pytest.mark.fuzz
@FUZZ
@given(data=st.data())
def test_entries_with_right_checksums_say_anything(ended, job, data):  # noqa: F811
    with copied(ended) as path:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            entries = connection.execute("SELECT number, key, payload FROM records").fetchall()
            for _ in range(data.draw(st.integers(1, 3))):
                number, key, payload = data.draw(st.sampled_from(entries))
                replace(connection, number, key, changed(json.loads(payload), data))
        look(path, job)


@pytest.mark.parametrize("name", ["seed", "replication", "number", "attempt", "run"])
def test_numbers_with_right_checksums_are_negative(ended, job, name):  # noqa: F811
    with copied(ended) as path:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            changed = 0
            for number, key, payload in connection.execute(
                "SELECT number, key, payload FROM records"
            ).fetchall():
                entry = json.loads(payload)
                if isinstance(entry, dict) and name in entry:
                    replace(connection, number, key, entry | {name: -1})
                    changed += 1
        assert changed
        look(path, job)


def replace(connection, number, key, entry):
    """Put another entry, with its checksum, in the place of one."""
    raw = json.dumps(entry).encode()
    connection.execute(
        "UPDATE records SET payload = ?, checksum = ? WHERE number = ?",
        (raw, checksum(key, raw), number),
    )


def changed(value, data):
    """Return JSON material with one thing in it replaced by another."""
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 5)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(value, dict) and not data.draw(st.integers(0, 5)):
            del value[key]
        else:
            value[key] = changed(value[key], data)
        return value
    return data.draw(JSON)


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT "
SCHEMAS = {
    "jobs is a view over an endless query": (
        "DROP TABLE jobs",
        f"CREATE VIEW jobs AS {ENDLESS} x AS id, x AS number, 'a' AS label, 1 AS run, 'OK' AS "
        "status, 1 AS attempts, 1 AS started, 1 AS duration, '' AS error, 1 AS ended_in, 1 AS "
        "record, 1 AS experiment, '' AS identity, 1 AS replication, '' AS engine FROM n",
    ),
    "runs is a view over one row that never comes": (
        "DROP TABLE runs",
        f"CREATE VIEW runs AS {ENDLESS} x AS number, x AS record FROM n WHERE x < 0",
    ),
    "running is a view over texts that grow": (
        "DROP TABLE running",
        "CREATE VIEW running AS SELECT hex(zeroblob(400000000)) AS job, 1 AS requests, 1 AS age",
    ),
    "a trigger that fills the disk": (
        f"CREATE TRIGGER t AFTER INSERT ON runs BEGIN INSERT INTO attempts SELECT x, x, x FROM ("
        f"{ENDLESS} x FROM n); END",
    ),
    "an index over an expression": ("CREATE INDEX i ON jobs (abs(number))",),
    "a column that is computed": (
        "ALTER TABLE jobs ADD COLUMN big AS (hex(zeroblob(400000000)))",
    ),
    "a thousand tables": tuple(f"CREATE TABLE t{i} (x)" for i in range(1000)),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_sqlite_would_execute_is_not(ended, job, name):  # noqa: F811
    with copied(ended) as path:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in SCHEMAS[name]:
                connection.execute(statement)
        done = CliRunner().invoke(main, ["status", str(path)])
        assert done.exit_code == 2
        (line,) = done.stderr.splitlines()
        assert "the journal is damaged (its " in line
        assert "is not as a journal has it" in line
        with Journal(path) as journal:
            # What has its right checksum is had all the same.
            assert len(journal.outcomes) == 6
            assert "6 jobs recovered" in journal.notes[0]


def braid(path: Path, table: str, depth: int) -> None:
    """Have a table's tree lead to its one leaf over and over: exponentially many rows."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
    raw = bytearray(path.read_bytes())
    leaf = raw[(root - 1) * PAGE_SIZE : root * PAGE_SIZE]
    child = len(raw) // PAGE_SIZE + 1
    raw += leaf
    for level in range(depth):
        cells = 300
        page = bytearray(PAGE_SIZE)
        content = PAGE_SIZE - 5
        page[:12] = struct.pack(">BHHHBI", 5, 0, cells, content, 0, child)
        page[content:] = struct.pack(">IB", child, 1)
        page[12 : 12 + 2 * cells] = struct.pack(">H", content) * cells
        if level == depth - 1:
            raw[(root - 1) * PAGE_SIZE : root * PAGE_SIZE] = page
        else:
            raw += page
            child = len(raw) // PAGE_SIZE
    raw[28:32] = struct.pack(">I", len(raw) // PAGE_SIZE)
    path.write_bytes(raw)


@pytest.mark.parametrize("table", ["jobs", "runs", "records", "running"])
def test_a_tree_that_leads_to_the_same_page_again_and_again(ended, job, table):  # noqa: F811
    with copied(ended) as path:
        braid(path, table, 8)
        look(path, job)


def test_hostile_journals_take_little_memory_and_time(ended):  # noqa: F811
    with copied(ended) as path:
        braid(path, "jobs", 8)
        for arguments in (("status",), ("log",), ("results", "recover")):
            done = run_bounded(
                "-m", "icarus", *arguments, path, memory=3 * 2**30, seconds=60, cwd=path.parent
            )
            assert done.returncode in (0, 2)
            assert "Traceback" not in done.stderr
