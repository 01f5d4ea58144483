"""Disks that are full, folders that go away, files that are damaged: each for real."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from icarus.results import read_results_pickle

SLOW = """
import time
from icarus.models import LeaveCopyEverywhere
from icarus.registry import register_strategy

@register_strategy("SLOW")
class Slow(LeaveCopyEverywhere):
    def __init__(self, view, controller, number):
        super().__init__(view, controller)
        time.sleep({seconds})

EXPERIMENT_QUEUE = [{{**EXPERIMENT_QUEUE[0], "strategy": {{"name": "SLOW", "number": i}}}}
                    for i in range({jobs})]
N_REPLICATIONS = 1
"""


@pytest.fixture
def cli(inside):
    """The command line, in an empty folder."""
    return inside


@pytest.fixture
def slow(cli, small):
    """Write a campaign of jobs that take their time; return its name."""

    def write(jobs: int, seconds: float) -> str:
        text = small.read_text() + SLOW.format(jobs=jobs, seconds=seconds)
        return cli.write("slow.py", text).name

    return write


@pytest.fixture
def disk(cli):
    """A small disk of its own, mounted at ``results``."""
    folder = cli.folder / "results"
    folder.mkdir()
    mounted = []

    def mount(*options: str) -> Path:
        done = subprocess.run(["mount", *options, folder], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("only root can mount a disk for the test")
        mounted.append(folder)
        return folder

    yield mount
    for _ in mounted:
        subprocess.run(["umount", folder], check=True)


def journal(cli) -> Path:
    return cli.folder / "results" / "slow.pickle.journal"


def ended(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            query = "SELECT count(*) FROM jobs WHERE record IS NOT NULL"
            return connection.execute(query).fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def only_lines(text: str, number: int) -> list[str]:
    """Return the lines of complaints; everything else is the log."""
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if line.startswith("icarus: ")]
    assert len(lines) == number, text
    return lines


def test_disk_full_while_the_journal_is_written(cli, slow, disk):
    name = slow(300, 0)
    folder = disk("-t", "tmpfs", "-o", "size=400k", "tmpfs")
    # What is too little for all jobs fills up in the middle.
    process = cli("run", name)
    assert process.returncode == 2
    lines = only_lines(process.stderr, 2)
    assert "slow.pickle.journal: cannot write the journal: the disk is full" in lines[0]
    assert "slow.pickle" in lines[1]
    had = ended(journal(cli))
    assert 0 < had < 300
    subprocess.run(["mount", "-o", "remount,size=40m", folder], check=True)
    again = cli("run", name)
    assert again.returncode == 0, again.stderr
    assert f"{had} of 300 jobs are done already; {300 - had} to run" in again.stderr
    assert len(read_results_pickle(folder / "slow.pickle")) == 300


def test_disk_full_while_the_results_are_written(cli, slow, disk):
    name = slow(60, 0)
    folder = disk("-t", "tmpfs", "-o", "size=40m", "tmpfs")
    assert cli("run", name).returncode == 0
    complete = list(read_results_pickle(folder / "slow.pickle"))
    (folder / "slow.pickle").unlink()
    with (folder / "filler").open("wb") as file:
        # Room for what the journal notes when a run begins, but not for the results.
        free = shutil.disk_usage(folder).free - 120_000
        file.write(b"x" * free)
        file.flush()
    full = cli("run", name)
    assert full.returncode == 2
    (line,) = only_lines(full.stderr, 1)
    assert "slow.pickle: cannot write: No space left on device; nothing is lost" in line
    assert not (folder / "slow.pickle").exists()
    elsewhere = cli("results", "recover", folder / "slow.pickle.journal", "-o", "r.pickle")
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert list(read_results_pickle(cli.folder / "r.pickle")) == complete
    (folder / "filler").unlink()
    again = cli("run", name)
    assert again.returncode == 0
    assert "60 of 60 jobs are done already" in again.stderr
    assert list(read_results_pickle(folder / "slow.pickle")) == complete


def test_folder_that_cannot_be_written_to(cli, slow, disk):
    name = slow(5, 0)
    folder = disk("-t", "tmpfs", "-o", "size=4m", "tmpfs")
    assert cli("run", name).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    refused = cli("run", name)
    assert refused.returncode == 2
    (line,) = only_lines(refused.stderr, 1)
    assert "results/slow.pickle.journal: the journal cannot be written: Read-only file" in line
    # Looking works all the same.
    assert "5 OK" in cli("status").stdout
    assert len(cli("log", name).stdout.splitlines()) == 5
    assert cli("results", "recover", name, "-o", "r.pickle").returncode == 0


def test_results_folder_deleted_during_the_run(cli, slow):
    name = slow(40, 0.1)
    process = cli.start("run", name)
    wait_until(lambda: ended(journal(cli)) > 5)
    shutil.rmtree(cli.folder / "results")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors.count("was removed during the run; nothing is lost, it is back") == 1
    assert len(read_results_pickle(cli.folder / "results" / "slow.pickle")) == 40
    assert ended(journal(cli)) == 40
    assert "40 of 40 jobs are done already; 0 to run" in cli("run", name).stderr


@pytest.fixture
def killed(cli, slow):
    """A campaign of 120 jobs, killed in the middle; returns its name and how many jobs ended."""
    name = slow(120, 0.01)
    process = cli.start("run", name)
    wait_until(lambda: ended(journal(cli)) >= 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    had = ended(journal(cli))
    assert 60 <= had < 120
    return name, had


def whole(path: Path) -> bytearray:
    """Bring what is in the log of writes into the file itself, and return its content."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return bytearray(path.read_bytes())


def cut_short(raw: bytearray) -> bytearray:
    return raw[: len(raw) * 2 // 3 + 123]


def page_overwritten(raw: bytearray) -> bytearray:
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 4096] = os.urandom(4096)
    return raw


def byte_changed(raw: bytearray) -> bytearray:
    """Change a digit in the middle of some result: the database itself stays sound."""
    at = raw.index(b"0.", raw.index(b'"PATH_STRETCH"', len(raw) // 3)) + 2
    raw[at] = ord("7") if raw[at] != ord("7") else ord("3")
    return raw


def header_gone(raw: bytearray) -> bytearray:
    raw[:4096] = bytes(4096)
    return raw


def emptied(raw: bytearray) -> bytearray:
    return raw[:0]


@pytest.mark.parametrize(
    "damage", [cut_short, page_overwritten, byte_changed, header_gone, emptied]
)
def test_a_damaged_journal_gives_what_is_sound_in_it(cli, killed, damage):
    name, had = killed
    path = journal(cli)
    path.write_bytes(damage(whole(path)))
    damaged = path.read_bytes()
    again = cli("run", name)
    assert again.returncode == 0, again.stderr
    (line,) = [line for line in again.stderr.splitlines() if "damaged" in line]
    recovered = int(line.partition(" recovered")[0].split()[-2])
    assert "the damaged file is kept as " in line
    assert "results/slow.pickle.journal.1" in line
    assert path.with_name("slow.pickle.journal.1").read_bytes() == damaged
    least = {cut_short: had // 3, page_overwritten: had - 6, byte_changed: had - 1}
    assert least.get(damage, 0) <= recovered <= had
    if damage is header_gone:
        assert recovered >= had - 3
    if damage is byte_changed:
        assert recovered == had - 1
        assert ", 1 lost and run again" in line
    if recovered:
        assert f"{recovered} of 120 jobs are done already; {120 - recovered} to run" in again.stderr
    assert len(read_results_pickle(cli.folder / "results" / "slow.pickle")) == 120
    assert "damaged" not in cli("run", name).stderr


def test_damage_in_the_log_of_writes(cli, killed):
    name, _ = killed
    log = journal(cli).with_name("slow.pickle.journal-wal")
    raw = bytearray(log.read_bytes())
    assert len(raw) > 40_000
    log.write_bytes(raw[: len(raw) // 2])
    again = cli("run", name)
    assert again.returncode == 0, again.stderr
    assert "Traceback" not in again.stderr
    results = read_results_pickle(cli.folder / "results" / "slow.pickle")
    assert [params["strategy"]["number"] for params, _ in results] == list(range(120))


def test_recover_needs_neither_settings_nor_a_sound_journal(cli, killed):
    name, had = killed
    (cli.folder / name).unlink()
    sound = cli("results", "recover", "results/slow.pickle.journal")
    assert sound.returncode == 0, sound.stderr
    assert f"{had} results" in sound.stdout
    assert f"{120 - had} jobs of the campaign have not ended" in sound.stdout
    before = list(read_results_pickle(cli.folder / "results" / "slow.pickle"))
    path = journal(cli)
    path.write_bytes(page_overwritten(whole(path)))
    damaged = cli("results", "recover", path, "-o", "part.pickle")
    assert damaged.returncode == 0, damaged.stderr
    assert "damaged" in damaged.stderr
    part = list(read_results_pickle(cli.folder / "part.pickle"))
    assert len(before) - 6 <= len(part) <= len(before)
    assert all(pair in before for pair in part)


def test_results_cut_short_are_written_again(cli, slow):
    name = slow(10, 0)
    assert cli("run", name).returncode == 0
    file = cli.folder / "results" / "slow.pickle"
    complete = list(read_results_pickle(file))
    file.write_bytes(file.read_bytes()[:-200])
    again = cli("run", name)
    assert again.returncode == 0
    assert "it is cut short" in again.stderr
    assert "slow.pickle.1, and written again from the journal" in again.stderr
    assert list(read_results_pickle(file)) == complete


@pytest.mark.parametrize("text", ["every entry", "another file"])
def test_results_of_which_nothing_can_be_read_are_kept_and_written_again(cli, slow, text):
    name = slow(4, 0)
    assert cli("run", name).returncode == 0
    file = cli.folder / "results" / "slow.pickle"
    complete = file.read_bytes()
    damaged = bytearray(complete)
    # From behind the head on, at a distance at which each entry is met.
    damaged[100::100] = bytes(byte ^ 255 for byte in damaged[100::100])
    file.write_bytes(damaged if text == "every entry" else b"my notes")
    left = file.read_bytes()
    again = cli("run", name)
    assert again.returncode == 0, again.stderr
    assert "slow.pickle.1, and written again from the journal" in again.stderr
    assert file.read_bytes() == complete
    assert file.with_name("slow.pickle.1").read_bytes() == left


def test_the_clock_is_set_back_between_runs(cli, slow):
    """Of two runs the second is the later one, whatever the clock says."""
    name = slow(6, 0)
    back = cli.write(
        "back.py",
        """
        import sys, time
        real = time.time
        time.time = lambda: real() - 10**7
        from icarus.main import main
        sys.argv[0] = "icarus"
        main()
        """,
    )
    assert cli("run", name, "-c", "N_REPLICATIONS=1").returncode == 0
    whole_text = (cli.folder / name).read_text()
    cli.write(name, whole_text.replace("range(6)", "range(8)"))
    command = [sys.executable, str(back), "run", name]
    done = subprocess.run(
        command, cwd=cli.folder, env=cli.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "6 of 8 jobs are done already; 2 to run" in done.stderr
    assert "8 of 8 ended" in cli("status").stdout
    assert cli("results", "recover", name, "-o", "r.pickle").returncode == 0
    results = read_results_pickle(cli.folder / "r.pickle")
    assert [params["strategy"]["number"] for params, _ in results] == list(range(8))


def test_what_is_no_journal_or_a_later_one_is_refused(cli, slow):
    name = slow(2, 0)
    assert cli("run", name).returncode == 0
    with closing(sqlite3.connect(journal(cli))) as connection:
        connection.execute("PRAGMA user_version = 99")
    for command in (("run", name), ("status",), ("log", name)):
        done = cli(*command)
        assert done.returncode == 2
        (line,) = only_lines(done.stderr, 1)
        assert "written by a later version of Icarus (journal format 99" in line
    other = cli.folder / "other.pickle.journal"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
        connection.commit()
    done = cli("run", name, "-r", "other.pickle")
    assert done.returncode == 2
    assert "not a journal of Icarus but another database" in only_lines(done.stderr, 1)[0]


def test_nothing_is_recovered_from_what_is_no_journal(cli):
    cli.write("notes.journal", "not a journal at all")
    done = cli("results", "recover", "notes.journal", "-o", "back.pickle")
    assert done.returncode == 2
    assert "notes.journal: nothing in it can be recovered; is it a journal?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (cli.folder / "back.pickle").exists()
