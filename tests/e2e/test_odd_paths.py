"""Every path that a command takes, as odd as a path can be: one line each, and no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from icarus.results import ResultSet, write_results_pickle

LONG_NAME = "n" * 256
LONG_PATH = "/".join(["p" * 200] * 25)

SETTINGS = """
EXPERIMENT_QUEUE = [{
    "topology": {"name": "TREE", "k": 2, "h": 1},
    "workload": {"name": "STATIONARY", "n_contents": 5, "alpha": 1, "n_warmup": 0, "n_measured": 5},
    "content_placement": {"name": "UNIFORM"},
    "strategy": {"name": "NO_CACHE"},
    "cache_policy": {"name": "NULL"},
}]
ENGINE = "python"
LOG_LEVEL = "ERROR"
"""


def results(n: int = 2) -> ResultSet:
    made = ResultSet()
    for alpha in range(n):
        made.add({"workload": {"alpha": alpha}}, {"LATENCY": {"MEAN": 2.0 + alpha}})
    return made


@pytest.fixture
def folder(inside) -> Path:
    """A folder with one of each kind of thing that a path can lead to."""
    inside.write("small.py", SETTINGS)
    inside.write("file", "text\n")
    inside.write("trace.csv", "".join(f"{i},{i % 3}\n" for i in range(20)))
    write_results_pickle(results(), inside.folder / "ok.pickle")
    (inside.folder / "dir").mkdir()
    (inside.folder / "dangling").symlink_to("nowhere")
    (inside.folder / "loop").symlink_to("loop")
    os.mkfifo(inside.folder / "fifo")
    return inside.folder


READ = {
    "validate": ("validate", "{}"),
    "run": ("run", "{}", "-r", "out.pickle"),
    "status": ("status", "{}"),
    "watch": ("watch", "{}"),
    "log": ("log", "{}"),
    "replay": ("replay", "{}", "0"),
    "print": ("results", "print", "{}"),
    "show": ("results", "show", "{}"),
    "merge": ("results", "merge", "-o", "out.pickle", "{}"),
    "recover": ("results", "recover", "{}", "-o", "out.pickle"),
    "plot": ("plot", "{}", "-o", "pictures"),
    "trace info": ("trace", "info", "{}"),
    "trace convert": ("trace", "convert", "{}", "out.itrace"),
}
NOT_READABLE = {
    "empty": "",
    "folder": "dir",
    "here": ".",
    # Not the folder of all tests, whose files are of others.
    "above": "dir/..",
    "long name": LONG_NAME,
    "long path": LONG_PATH,
    "null": "a\0b",
    "below a file": "file/x",
    "dangling": "dangling",
    "loop": "loop",
    "null device": "/dev/null",
    "full device": "/dev/full",
    "unreadable": "/proc/self/mem",
    "two lines": "a\nb.pickle",
    "escapes": "\x1b[31mred.pickle",
}


def check_one_line(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("icarus: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("odd", NOT_READABLE)
@pytest.mark.parametrize("command", READ)
def test_what_cannot_be_read(inside, folder, command, odd):
    if (command, odd) in {("trace info", "full device"), ("trace convert", "full device")}:
        pytest.skip("an endless line of zeros, which is limited where traces are read")
    if odd == "null device" and command in {"validate", "run"}:
        expected = "EXPERIMENT_QUEUE: missing"
    else:
        expected = ""
    done = inside(*(NOT_READABLE[odd] if word == "{}" else word for word in READ[command]))
    check_one_line(done)
    assert expected in done.stderr
    assert not (folder / "out.pickle").exists()


WRITE = {
    "run": ("run", "small.py", "-r", "{}"),
    "run without journal": ("run", "small.py", "--no-journal", "-r", "{}"),
    "run over": ("run", "small.py", "--overwrite", "-r", "{}"),
    "log file": ("run", "small.py", "-r", "out.pickle", "--log-file", "{}"),
    "merge": ("results", "merge", "ok.pickle", "-o", "{}"),
    "plot": ("plot", "ok.pickle", "-o", "{}"),
}
NOT_WRITABLE = {
    **{odd: NOT_READABLE[odd] for odd in NOT_READABLE if odd not in ("two lines", "escapes")},
    "no room for suffixes": "n" * 250,
    "in proc": "/proc/out.pickle",
    "file": "file",
}
FINE = {
    ("log file", "dangling"),
    ("log file", "null device"),
    ("log file", "full device"),
    ("log file", "file"),
    ("log file", "no room for suffixes"),
    ("plot", "folder"),
    ("plot", "here"),
    ("plot", "above"),
    ("plot", "no room for suffixes"),
    ("run", "dangling"),
    ("run without journal", "dangling"),
    ("run over", "dangling"),
    ("run over", "file"),
    ("merge", "dangling"),
}


@pytest.mark.parametrize("odd", NOT_WRITABLE)
@pytest.mark.parametrize("command", WRITE)
def test_what_cannot_be_written(inside, folder, command, odd):
    if odd == "unreadable" and command == "log file":
        pytest.skip("writing to one's own memory")
    done = inside(*(NOT_WRITABLE[odd] if word == "{}" else word for word in WRITE[command]))
    if (command, odd) in FINE:
        assert done.returncode == 0, done.stderr
    else:
        check_one_line(done)
        assert not list(folder.glob(".*")), "nothing is left behind"


@pytest.mark.parametrize("odd", ["dir", LONG_NAME, LONG_PATH, "file/x", "loop", "/proc/x", "a\0b"])
def test_where_a_trace_cannot_be_converted_to(inside, folder, odd):
    (folder / "dir.itrace").mkdir()
    (folder / "loop.itrace").symlink_to("loop.itrace")
    check_one_line(inside("trace", "convert", "trace.csv", f"{odd}.itrace"))


def mounted(folder: Path, *options: str) -> bool:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    return done.returncode == 0


@contextmanager
def file_system(folder: Path, *options: str) -> Iterator[Path]:
    """A file system of its own, where mounting is allowed."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("mounting a file system takes root")
    folder.mkdir()
    if not mounted(folder, *options):
        pytest.skip("a file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


ALL = WRITE | {"trace convert": ("trace", "convert", "trace.csv", "{}")}


@pytest.mark.parametrize("command", ALL)
def test_a_folder_that_can_only_be_read(inside, folder, command):
    with file_system(folder / "ro", "-o", "ro"):
        done = inside(*("ro/out.itrace" if word == "{}" else word for word in ALL[command]))
        check_one_line(done)


@pytest.mark.parametrize("command", ALL)
@pytest.mark.parametrize("room", [4, 56])
def test_hardly_any_room_on_the_disk(inside, folder, command, room):
    with file_system(folder / "small", "-o", "size=512k"):
        filler = folder / "small" / "filler"
        with filler.open("wb") as file:
            file.write(bytes(1024 * (512 - room - 4)))
        done = inside(*("small/out.itrace" if word == "{}" else word for word in ALL[command]))
        assert done.returncode in (0, 2)
        assert "Traceback" not in done.stderr
        assert all(line.startswith(("icarus: ", "[")) for line in done.stderr.splitlines())
        left = {path.name for path in (folder / "small").rglob(".*")}
        assert not left, "no part of a file is left behind"


def test_results_that_cannot_be_written_anywhere_usual_are_written_elsewhere(
    inside, folder, monkeypatch
):
    from icarus.errors import ResultsError
    from icarus.orchestration import delivery
    from icarus.util import Settings

    class Orchestrator:
        settings = Settings()
        results = results()
        broken = False

    Orchestrator.settings["RESULTS_FORMAT"] = "PICKLE"
    (folder / "elsewhere").mkdir()
    places = [folder / "none", folder / "file", folder / "elsewhere"]
    monkeypatch.setattr(delivery, "_refuges", lambda: places)
    with pytest.raises(ResultsError, match=r"the results are in .*elsewhere") as caught:
        delivery.write_results(Orchestrator, folder / "file" / "out.pickle")
    assert "\n" not in str(caught.value)
    (made,) = (folder / "elsewhere").iterdir()
    assert (made / "out.pickle").is_file()
    monkeypatch.setattr(delivery, "_refuges", lambda: places[:2])
    with pytest.raises(ResultsError, match="nor could they be written to"):
        delivery.write_results(Orchestrator, folder / "file" / "out.pickle")
